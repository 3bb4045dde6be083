package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestAloneItHelpsWithTheTwoMainExamples(t *testing.T) {
	c := newConsole(nil, nil)
	if code := c.sessbench(t); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"  sessbench compare\n", "  sessbench compare https://api.example.com/", "Exit codes:"} {
		if !strings.Contains(c.out.String(), want) {
			t.Errorf("no %q in %q", want, c.out.String())
		}
	}
}

func TestHelpGoesToStandardOutputWithExamplesAndFitsATerminal(t *testing.T) {
	for _, cmd := range newRootCommand(&newConsole(nil, nil).process).Commands() {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, cmd.Name(), "--help"); code != exitDone || c.err.Len() > 0 {
			t.Errorf("%s: exit code %d, stderr %q", cmd.Name(), code, c.err.String())
		}
		help := c.out.String()
		if cmd.Name() != "version" && !strings.Contains(help, "  sessbench "+cmd.Name()) {
			t.Errorf("%s: no example in %q", cmd.Name(), help)
		}
		if strings.Contains(help, "announce") {
			t.Errorf("%s: help shows a hidden flag", cmd.Name())
		}
		for line := range strings.Lines(help) {
			if len(line) > 104 {
				t.Errorf("%s: %d columns in %q", cmd.Name(), len(line), line)
			}
		}
	}
}

// Help must not promise what the parser refuses.
func TestEveryExampleIsACommandLine(t *testing.T) {
	root := newRootCommand(&newConsole(nil, nil).process)
	for _, cmd := range append(root.Commands(), root) {
		for line := range strings.Lines(cmd.Example) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			words := shellWords(strings.TrimSpace(line))
			found, rest, err := newRootCommand(&newConsole(nil, nil).process).Find(words[1:])
			if err == nil {
				err = found.ParseFlags(rest)
			}
			if err == nil {
				err = found.ValidateArgs(found.Flags().Args())
			}
			if words[0] != "sessbench" || err != nil {
				t.Errorf("example %q: %v", line, err)
			}
		}
	}
}

// shellWords splits a line as a shell does, as far as examples go: single quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		c := newConsole(nil, nil)
		if code := c.sessbench(t, arg); code != exitDone || c.out.String() != versionLine() {
			t.Errorf("%s: exit code %d, %q", arg, code, c.out.String())
		}
	}
}

func TestManualPagesAreWrittenForEveryCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "man1")
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "man", dir); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	for _, page := range []string{"sessbench.1", "sessbench-compare.1", "sessbench-run.1", "sessbench-report.1", "sessbench-serve.1", "sessbench-doctor.1"} {
		if data, err := os.ReadFile(filepath.Join(dir, page)); err != nil || len(data) == 0 {
			t.Errorf("%s: %d bytes, %v", page, len(data), err)
		}
	}
	c = newConsole(nil, nil)
	if code := c.sessbench(t, "man", filepath.Join(dir, "sessbench.1")); code != exitFailed {
		t.Errorf("into a file: exit code %d, want %d", code, exitFailed)
	}
}

func TestShellsCompleteCommandsAndValues(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"com", "compare"},
		{"compare --format=", "json"},
		{"run --arms=", "shared-pool"},
		{"run --rat", "--rate"},
	} {
		c := newConsole(nil, nil)
		args := append([]string{cobra.ShellCompRequestCmd}, strings.Fields(test.line)...)
		if code := c.sessbench(t, args...); code != exitDone || !strings.Contains(c.out.String(), test.want) {
			t.Errorf("%q: exit code %d, %q", test.line, code, c.out.String())
		}
	}
	c := newConsole(nil, nil)
	if code := c.sessbench(t, "completion", "bash"); code != exitDone || c.out.Len() == 0 {
		t.Errorf("completion: exit code %d, %d bytes", code, c.out.Len())
	}
}
