package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload"
	"sessbench/workload/planfile"
)

// A row is one row of a table, without the ` around words.
type row []string

// rowsUnder returns the rows of the table under a heading, which is given without its
// number signs and backticks.
func rowsUnder(t *testing.T, document, heading string) []row {
	t.Helper()
	var rows []row
	under := false
	for line := range strings.Lines(readDocument(t, filepath.Join(repository, filepath.FromSlash(document)))) {
		line = strings.ReplaceAll(strings.TrimSpace(line), "`", "")
		switch {
		case strings.HasPrefix(line, "#"):
			under = strings.TrimSpace(strings.TrimLeft(line, "#")) == heading
		case under && strings.HasPrefix(line, "|"):
			var cells row
			for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
				cells = append(cells, strings.TrimSpace(cell))
			}
			rows = append(rows, cells)
		}
	}
	if len(rows) < 3 {
		t.Fatalf("%s: no table under %q", document, heading)
	}
	return rows[2:] // without the head and its line
}

func firstCells(rows []row) []string {
	var cells []string
	for _, r := range rows {
		cells = append(cells, r[0])
	}
	return cells
}

func TestEveryFieldOfAResultIsDocumented(t *testing.T) {
	headings := map[reflect.Type]string{
		reflect.TypeFor[result.Result]():       "The result",
		reflect.TypeFor[result.Tool]():         "tool",
		reflect.TypeFor[result.Host]():         "host",
		reflect.TypeFor[result.Target]():       "target",
		reflect.TypeFor[result.Preflight]():    "preflight",
		reflect.TypeFor[result.Emulation]():    "emulation",
		reflect.TypeFor[result.Ports]():        "ports",
		reflect.TypeFor[result.ArmPorts]():     "ports.arms[]",
		reflect.TypeFor[result.Handshake]():    "arms[].handshakes[]",
		reflect.TypeFor[result.Kernel]():       "arms[].kernel",
		reflect.TypeFor[result.Arm]():          "arms[]",
		reflect.TypeFor[result.Policy]():       "arms[].policy",
		reflect.TypeFor[result.Numbers]():      "Numbers",
		reflect.TypeFor[stats.Summary]():       "Distributions",
		reflect.TypeFor[result.PhaseSummary](): "Phases",
		reflect.TypeFor[result.Connections]():  "arms[].connections",
		reflect.TypeFor[result.Generator]():    "arms[].generator",
		reflect.TypeFor[result.Operation]():    "arms[].operations[]",
		reflect.TypeFor[result.Check]():        "arms[].operations[].checks[]",
		reflect.TypeFor[result.Scenario]():     "arms[].scenarios[]",
		reflect.TypeFor[result.Stage]():        "arms[].stages[]",
		reflect.TypeFor[result.Sessions]():     "arms[].sessions",
		reflect.TypeFor[result.Threshold]():    "thresholds[]",
		reflect.TypeFor[result.Second]():       "arms[].series[]",
		reflect.TypeFor[result.Trial]():        "arms[].trials[]",
		reflect.TypeFor[stats.Comparison]():    "comparisons[]",
		reflect.TypeFor[stats.Estimate]():      "Estimates",
		reflect.TypeFor[result.Warning]():      "warnings[]",
	}
	reached := map[reflect.Type]bool{}
	reach(reflect.TypeFor[result.Result](), reached)
	for typ := range reached {
		heading, ok := headings[typ]
		if !ok {
			t.Errorf("docs/result.md has no section for %v", typ)
			continue
		}
		rows := rowsUnder(t, "docs/result.md", heading)
		if want, got := fieldNames(typ), firstCells(rows); !slices.Equal(want, got) {
			t.Errorf("docs/result.md, %s: fields\n%v, and %v has\n%v", heading, got, typ, want)
		}
		for _, r := range rows {
			if len(r) != 3 || r[1] == "" || r[2] == "" {
				t.Errorf("docs/result.md, %s: %v lacks its unit or meaning", heading, r)
			}
		}
	}
	if len(reached) != len(headings) {
		t.Errorf("%d types are in a result, %d in the list above", len(reached), len(headings))
	}
}

// reach collects the structs that a value of type typ is made of.
func reach(typ reflect.Type, seen map[reflect.Type]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		reach(typ.Elem(), seen)
	case reflect.Struct:
		if seen[typ] || typ == reflect.TypeFor[time.Time]() {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			reach(typ.Field(i).Type, seen)
		}
	}
}

// fieldNames are a struct's names in JSON; those that it has from another are not its own.
func fieldNames(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		if f := typ.Field(i); !f.Anonymous {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

// The plan that is shown first is one.
func TestThePlanInTheREADMEIsAPlan(t *testing.T) {
	t.Setenv("API_PASSWORD", "secret")
	_, example, _ := strings.Cut(readDocument(t, filepath.Join(repository, "README.md")), "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	p, err := planfile.Parse(filepath.Join(t.TempDir(), "plan.yaml"), []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestEveryFieldOfATraceIsDocumented(t *testing.T) {
	for typ, heading := range map[reflect.Type]string{
		reflect.TypeFor[result.Trace]():           "The trace",
		reflect.TypeFor[result.TracedOperation](): "operations[]",
		reflect.TypeFor[result.TracedCheck]():     "checks[]",
		reflect.TypeFor[result.TracedValue]():     "extracted[]",
		reflect.TypeFor[result.TracedRow]():       "feeds[]",
		reflect.TypeFor[result.TracedError]():     "error",
		reflect.TypeFor[result.TracedExchange]():  "exchanges[]",
		reflect.TypeFor[result.TracedRequest]():   "request",
		reflect.TypeFor[result.TracedHeader]():    "Headers",
		reflect.TypeFor[result.TracedBody]():      "Bodies",
		reflect.TypeFor[result.TracedAttempt]():   "attempts[]",
		reflect.TypeFor[result.TracedResponse]():  "response",
		reflect.TypeFor[result.TracedCookie]():    "Cookies",
	} {
		rows := rowsUnder(t, "docs/trace.md", heading)
		if want, got := fieldNames(typ), firstCells(rows); !slices.Equal(want, got) {
			t.Errorf("docs/trace.md, %s: fields\n%v, and %v has\n%v", heading, got, typ, want)
		}
	}
}

// warningsInSource finds the codes that the engine gives warnings, and whether they
// make the result invalid.
func warningsInSource(t *testing.T) map[string]bool {
	t.Helper()
	invalid := map[string]bool{}
	for _, file := range sources(t, "workload") {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name, ok := n.Fun.(*ast.SelectorExpr)
				if ok && len(n.Args) > 0 && slices.Contains([]string{"invalid", "fault", "doubt"}, name.Sel.Name) {
					if code := text(n.Args[0]); code != "" {
						invalid[code] = name.Sel.Name != "doubt"
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					if code := text(n.Value); code != "" {
						invalid[code] = false
					}
				}
			}
			return true
		})
	}
	return invalid
}

func sources(t *testing.T, room string) []*ast.File {
	t.Helper()
	dir := filepath.Join(repository, room)
	var files []*ast.File
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		files = append(files, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// text is a string literal's value, or "".
func text(e ast.Expr) string {
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return s
}

func TestEveryWarningIsDocumented(t *testing.T) {
	source := warningsInSource(t)
	if len(source) < 10 {
		t.Fatalf("only %v were found in the source", source)
	}
	rows := rowsUnder(t, "docs/how-to/warnings.md", "All codes")
	for _, r := range rows {
		makesInvalid, ok := source[r[0]]
		if !ok {
			t.Errorf("docs/how-to/warnings.md has the code %s, which nothing emits", r[0])
		} else if (r[1] == "invalid") != makesInvalid {
			t.Errorf("docs/how-to/warnings.md says %q of %s", r[1], r[0])
		}
	}
	for code := range source {
		if !slices.Contains(firstCells(rows), code) {
			t.Errorf("docs/how-to/warnings.md lacks the code %s", code)
		}
	}
}

func TestEveryErrorClassIsDocumented(t *testing.T) {
	classes := slices.Concat(wireClasses(t), sessionClasses(t), workloadClasses(t))
	if len(classes) < 20 {
		t.Fatalf("only %v were found in the source", classes)
	}
	documented := firstCells(rowsUnder(t, "docs/terms.md", "Error classes"))
	slices.Sort(classes)
	slices.Sort(documented)
	if classes = slices.Compact(classes); !slices.Equal(classes, documented) {
		t.Errorf("docs/terms.md has\n%v, and the source\n%v", documented, classes)
	}
	for _, class := range append(documented, "chek") {
		_, err := planfile.Parse("plan.yaml", []byte("{mix: [{get: /}], fail_if: pooled.error_classes."+class+" > 0}"))
		if (err == nil) != (class != "chek") {
			t.Errorf("a condition about the class %s: %v", class, err)
		}
	}
}

// wireClasses are those of failed exchanges.
func wireClasses(t *testing.T) (classes []string) {
	for _, file := range sources(t, "workload/wire") {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Class") {
				if class := text(spec.Values[0]); class != "canceled" { // ends a run, and is in no result
					classes = append(classes, class)
				}
			}
			return true
		})
	}
	return classes
}

// workloadClasses are those of calls whose exchange did not fail, and of those that were not made.
func workloadClasses(t *testing.T) (classes []string) {
	for _, file := range sources(t, "workload") {
		if file.Name.Name != "workload" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "class") {
				if class := text(spec.Values[0]); class != "abandoned" { // is no call's: a scenario's iteration
					classes = append(classes, class)
				}
			}
			return true
		})
	}
	return classes
}

// sessionClasses are those that sessions add: what Kind.Class returns as it stands.
func sessionClasses(t *testing.T) (classes []string) {
	for _, file := range sources(t, "workload/session") {
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Name.Name != "Class" {
				continue
			}
			ast.Inspect(method, func(n ast.Node) bool {
				if ret, ok := n.(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
					if class := text(ret.Results[0]); class != "" {
						classes = append(classes, class)
					}
				}
				return true
			})
		}
	}
	return classes
}

func TestEveryRouteOfTheTestServerIsDocumented(t *testing.T) {
	var routes []string
	for _, file := range sources(t, "testserver") {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "newMux" {
				return true
			}
			for _, element := range call.Args[0].(*ast.CompositeLit).Elts {
				routes = append(routes, strings.TrimSuffix(text(element.(*ast.KeyValueExpr).Key), "{$}"))
			}
			return true
		})
	}
	if documented := firstCells(rowsUnder(t, "docs/test-server.md", "Routes")); !slices.Equal(routes, documented) {
		t.Errorf("docs/test-server.md has\n%q, and the server\n%q", documented, routes)
	}
}

func TestEveryExitCodeIsInTheREADME(t *testing.T) {
	var codes []string
	for _, code := range []int{exitDone, exitFailed, exitUsage, exitHeld, exitInvalid, exitInterrupted} {
		codes = append(codes, strconv.Itoa(code))
	}
	if got := firstCells(rowsUnder(t, "README.md", "Exit codes")); !slices.Equal(got, codes) {
		t.Errorf("README.md has exit codes %v, want %v", got, codes)
	}
}

// Commands that are not carried out are command lines all the same.
func TestEveryCommandInTheDocumentationIsACommandLine(t *testing.T) {
	for _, name := range documents(t) {
		fenced := ""
		document := strings.ReplaceAll(readDocument(t, filepath.Join(repository, filepath.FromSlash(name))), "\\\n", " ")
		for line := range strings.Lines(document) {
			line = strings.TrimSpace(line)
			if kind, ok := strings.CutPrefix(line, "```"); ok {
				fenced = kind
				continue
			}
			if fenced != "sh" && fenced != "yaml" {
				continue
			}
			if args := sessbenchIn(line); args != nil {
				if err := parses(args); err != nil {
					t.Errorf("%s: %s: %v", name, line, err)
				}
			}
		}
	}
}

// sessbenchIn returns the arguments of the sessbench that a line of shell starts, or
// nil.
func sessbenchIn(line string) []string {
	line, _, _ = strings.Cut(line, " # ")
	words := shellWords(line)
	start := slices.IndexFunc(words, func(w string) bool { return w == "sessbench" || w == "./cmd/sessbench" })
	if start < 0 || slices.Contains(words[:start], "build") || slices.Contains(words[:start], "test") || slices.Contains(words[:start], "install") {
		return nil
	}
	args := words[start+1:]
	if end := slices.IndexFunc(args, func(w string) bool { return strings.ContainsAny(w[:1], "|><&;") && len(w) < 3 }); end >= 0 {
		args = args[:end]
	}
	return args
}

func parses(args []string) error {
	cmd, rest, err := newRootCommand(&newConsole(nil, nil).process).Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil || cmd.Flags().Lookup("fail-if") == nil {
		return err
	}
	texts, err := cmd.Flags().GetStringArray("fail-if")
	if err != nil {
		return err
	}
	conditions, err := parseConditions(texts)
	if err != nil {
		return err
	}
	arms := []string{"pooled", "fresh-resumed", "fresh"}
	if cmd.Name() == "run" {
		arms = arms[:1]
	}
	return checkConditions(conditions, arms)
}

func TestLinksLeadToFiles(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(readDocument(t, filepath.Join(repository, filepath.FromSlash(name))), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(repository, filepath.Dir(filepath.FromSlash(name)), filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
}

func TestDocumentsNameNoMachinesDirectories(t *testing.T) {
	private := regexp.MustCompile(`(?:^|[\s"'(=])/(?:tmp|home|root|Users|work)/`)
	files := documents(t)
	saved, err := filepath.Glob(filepath.Join(repository, "examples", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range saved {
		files = append(files, "examples/"+filepath.Base(file))
	}
	for _, name := range files {
		if m := private.FindString(readDocument(t, filepath.Join(repository, filepath.FromSlash(name)))); m != "" {
			t.Errorf("%s names %q", name, m)
		}
	}
}

func TestEveryModifierOfAPolicyIsDocumented(t *testing.T) {
	var want []string
	for _, m := range workload.Modifiers() {
		want = append(want, fmt.Sprint([]string{m.Word + m.Value, m.Key, m.Meaning}))
	}
	var got []string
	for _, r := range rowsUnder(t, "docs/plan.md", "Arms") {
		got = append(got, fmt.Sprint(r))
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/plan.md has the modifiers\n%s\nand --arms\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
