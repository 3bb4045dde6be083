// Package house holds the rules of the tree as a test.
package house

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "sessbench"

// rules says, for every room, which of our rooms and which modules its
// non-test files may import. It is policy: a build that breaks it is mended in
// the room, not here. The reasons are in docs/decisions.
var rules = map[string]struct{ ours, modules []string }{
	"stats":             {nil, []string{"github.com/HdrHistogram/hdrhistogram-go"}},
	"result":            {[]string{"stats"}, nil},
	"workload/wire":     {nil, []string{"github.com/quic-go/quic-go", "github.com/quic-go/qpack", "github.com/valyala/fasthttp", "golang.org/x/net", "golang.org/x/sys"}},
	"workload/session":  {[]string{"workload/wire", "internal/nearest"}, []string{"github.com/andybalholm/brotli", "github.com/klauspost/compress", "golang.org/x/net", "golang.org/x/text"}},
	"workload/script":   {[]string{"internal/nearest"}, []string{"github.com/expr-lang/expr", "github.com/tidwall/gjson", "golang.org/x/net"}},
	"workload/feed":     {nil, nil},
	"workload/arrivals": {nil, nil},
	"workload/planfile": {[]string{"workload", "workload/session", "workload/script", "internal/nearest"}, []string{"go.yaml.in/yaml/v4"}},
	"workload": {
		[]string{"stats", "result", "workload/arrivals", "workload/feed", "workload/script", "workload/session", "workload/wire", "internal/precise", "internal/nearest"},
		[]string{"golang.org/x/sync"},
	},
	"report":            {[]string{"stats", "result"}, []string{"github.com/olekukonko/tablewriter"}},
	"testserver":        {[]string{"internal/precise", "internal/cputime"}, []string{"github.com/mccutchen/go-httpbin", "github.com/quic-go/quic-go"}},
	"internal/host":     {[]string{"result", "internal/precise"}, []string{"golang.org/x/sys"}},
	"internal/cputime":  {nil, []string{"golang.org/x/sys"}},
	"internal/precise":  {nil, []string{"golang.org/x/sys"}},
	"internal/nearest":  {nil, nil},
	"internal/importer": {[]string{"internal/nearest"}, []string{"github.com/getkin/kin-openapi", "github.com/spf13/pflag", "github.com/tsenart/vegeta", "go.yaml.in/yaml/v4", "mvdan.cc/sh"}},
	"internal/programs": {nil, []string{"golang.org/x/sys"}}, // for tests
	"cmd/sessbench": {
		[]string{"stats", "result", "report", "testserver", "workload", "workload/planfile", "workload/session", "workload/wire", "internal/host", "internal/importer", "internal/precise", "internal/cputime"},
		[]string{"github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/schollz/progressbar", "golang.org/x/term"},
	},
}

// TestImports holds every room to its doors.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	walkGo(t, func(file, room string) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(room, "bench") {
			return
		}
		rule, ok := rules[room]
		if !ok {
			t.Errorf("%s: room %q has no rule; say what it is for and what it may import", file, room)
			return
		}
		seen[room] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			checkImport(t, file, name, rule.ours, rule.modules)
		}
	})
	for room := range rules {
		if !seen[room] {
			t.Errorf("room %q has a rule but no files", room)
		}
	}
}

func checkImport(t *testing.T, file, name string, ours, modules []string) {
	t.Helper()
	if room, ok := strings.CutPrefix(name, module+"/"); ok {
		if !slices.Contains(ours, room) {
			t.Errorf("%s imports %s, which its room may not", file, name)
		}
		return
	}
	first, _, _ := strings.Cut(name, "/")
	if !strings.Contains(first, ".") {
		return // the standard library
	}
	if !slices.ContainsFunc(modules, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") }) {
		t.Errorf("%s imports %s, a module that its room has no door to", file, name)
	}
}

// TestOnlyMainExits keeps the program callable: everything but main returns.
func TestOnlyMainExits(t *testing.T) {
	walkGo(t, func(file, room string) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(room, "bench") || file == "cmd/sessbench/main.go" {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range exits(parsed) {
			t.Errorf("%s calls %s; return an error instead", file, call)
		}
	})
}

func walkGo(t *testing.T, visit func(file, room string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if d.IsDir() && (strings.HasPrefix(path.Base(name), ".") && name != "." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".go") && path.Dir(name) != "." {
			visit(name, path.Dir(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
