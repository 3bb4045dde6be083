package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sessbench/workload/planfile"
)

// sourceFiles writes a small source of each format and returns its importer's arguments.
func sourceFiles(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return map[string][]string{
		"curl":    {"curl https://h.example/a -d b=c -u me:geheim"},
		"har":     {write("a.har", `{"log":{"entries":[{"request":{"method":"GET","url":"https://h.example/a?token=geheim"},"response":{"status":200}}]}}`)},
		"openapi": {write("a.yaml", "openapi: 3.0.0\ninfo: {title: a, version: '1'}\nservers: [{url: 'https://h.example'}]\nsecurity: [{t: []}]\npaths: {/a: {get: {responses: {'200': {description: a}}}}}\ncomponents: {securitySchemes: {t: {type: http, scheme: bearer}}}\n")},
		"vegeta":  {write("a.txt", "GET https://h.example/a\nAuthorization: Bearer geheim\n")},
	}
}

func TestEveryFormatIsImported(t *testing.T) {
	for format, args := range sourceFiles(t) {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, append([]string{"import", format}, args...)...); code != exitDone {
			t.Errorf("%s: exit code %d: %s", format, code, c.err.String())
			continue
		}
		if !strings.HasPrefix(c.err.String(), "sessbench: ") || strings.Contains(c.out.String()+c.err.String(), "geheim") {
			t.Errorf("%s: stderr %q, plan\n%s", format, c.err.String(), c.out.String())
		}
		_, names, _ := strings.Cut(strings.TrimSpace(c.err.String()), "set in the environment: ")
		for name := range strings.SplitSeq(names, ", ") {
			t.Setenv(name, "x")
		}
		if _, err := planfile.Parse("plan.yaml", c.out.Bytes()); err != nil {
			t.Errorf("%s: %v\n%s", format, err, c.out.String())
		}
	}
}

func TestCommandsOfCurlAreTakenInThreeWays(t *testing.T) {
	for _, test := range []struct {
		args  []string
		stdin string
	}{
		{[]string{"curl -s http://h.example/a"}, ""},
		{[]string{"--", "curl", "-s", "http://h.example/a"}, ""},
		{[]string{"--", "curl -s http://h.example/a"}, ""},
		{[]string{"-"}, "curl -s \\\n  http://h.example/a\n"},
	} {
		c := newConsole(nil, nil)
		c.stdin = strings.NewReader(test.stdin)
		code := c.sessbench(t, append([]string{"import", "curl"}, test.args...)...)
		if code != exitDone || !strings.Contains(c.out.String(), "target: http://h.example\nmix:\n  - get: /a\n") {
			t.Errorf("%q: exit code %d, %s%s", test.args, code, c.out.String(), c.err.String())
		}
	}
}

func TestImportsCommandLineIsChecked(t *testing.T) {
	source := sourceFiles(t)["vegeta"][0]
	dir := t.TempDir()
	there := filepath.Join(dir, "there.yaml")
	if err := os.WriteFile(there, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"harr", "x"}, "import has no format of that name; use curl, har, openapi or vegeta; did you mean import har?"},
		{[]string{"curl", "a", "b"}, "import curl takes one argument, or one command behind --"},
		{[]string{"curl"}, "import curl takes one argument"},
		{[]string{"har"}, "import har takes one file, or - for standard input"},
		{[]string{"har", source, "--think", "some"}, `--think is "some"; use keep or none`},
		{[]string{"har", source, "--cookies", "all"}, `--cookies is "all"; use keep or drop`},
		{[]string{"har", source, "--host", "[a"}, `--host is "[a", which is no pattern`},
		{[]string{"openapi", source, "--exclude", "a["}, `--exclude is "a[", which is no pattern`},
		{[]string{"vegeta", filepath.Join(dir, "none")}, "none cannot be read: no such file or directory"},
		{[]string{"vegeta", source, "--out", ""}, "--out is empty"},
		{[]string{"vegeta", source, "--out", "-"}, "--out is -; leave it out"},
		{[]string{"vegeta", source, "--force"}, "--force has no meaning without --out"},
		{[]string{"vegeta", source, "--out", there}, "there.yaml exists; name another file, or write over it with --force"},
		{[]string{"vegeta", source, "--out", dir, "--force"}, "is a directory; name a file in it"},
		{[]string{"vegeta", source, "--out", filepath.Join(dir, "a", "b")}, "create it first"},
		{[]string{"vegeta", there}, "there.yaml:1: is no target"},
	} {
		if runtime.GOOS == "windows" && strings.Contains(test.says, "no such file") {
			continue // it says it otherwise
		}
		c := newConsole(nil, nil)
		if code := c.sessbench(t, append([]string{"import"}, test.args...)...); code != exitUsage || !strings.Contains(c.err.String(), test.says) || c.out.Len() > 0 {
			t.Errorf("%q: exit code %d, stderr %q, want %q", test.args, code, c.err.String(), test.says)
		}
	}
	if data, err := os.ReadFile(there); err != nil || string(data) != "mine" {
		t.Errorf("the file that was there has %q, %v", data, err)
	}
	if names := namesIn(t, dir); len(names) != 1 {
		t.Errorf("left in the directory: %q", names)
	}
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAnImportedPlanIsWrittenWholeAndByWishOverAnother(t *testing.T) {
	source := sourceFiles(t)["vegeta"][0]
	dir := t.TempDir()
	out := filepath.Join(dir, "plan.yaml")
	for _, more := range [][]string{nil, {"--force"}, {"--force", "--show-secrets"}} {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, append([]string{"import", "vegeta", source, "--out", out}, more...)...); code != exitDone || c.out.Len() > 0 {
			t.Fatalf("%q: exit code %d, %s%s", more, code, c.out.String(), c.err.String())
		}
		data, err := os.ReadFile(out)
		if err != nil || !strings.HasPrefix(string(data), "# Imported from a.txt") || !strings.HasSuffix(string(data), "\n") {
			t.Errorf("%q: %v\n%s", more, err, data)
		}
	}
	if names := namesIn(t, dir); len(names) != 1 {
		t.Errorf("left in the directory: %q", names)
	}
	info, err := os.Stat(out)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != fs.FileMode(0o600) {
		t.Errorf("a plan with secrets has the permissions %v", info.Mode().Perm())
	}
}

// The examples of the formats are no less held to be command lines than those of commands.
func TestExamplesOfImportersAreCommandLines(t *testing.T) {
	for _, cmd := range newImportCommand(&newConsole(nil, nil).process).Commands() {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, "import", cmd.Name(), "--help"); code != exitDone || !strings.Contains(c.out.String(), "  sessbench import "+cmd.Name()) {
			t.Errorf("%s: exit code %d, %q", cmd.Name(), code, c.out.String())
		}
		for line := range strings.Lines(cmd.Example) {
			if err := parses(shellWords(strings.TrimSpace(line))[1:]); err != nil {
				t.Errorf("example %q: %v", line, err)
			}
		}
		for line := range strings.Lines(c.out.String()) {
			if len(line) > 104 {
				t.Errorf("%s: %d columns in %q", cmd.Name(), len(line), line)
			}
		}
	}
}
