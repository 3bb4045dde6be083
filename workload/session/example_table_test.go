package session

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryExampleIsInTheDocumentation holds that the examples that docs/session.md names are there, and
// that it names all of them.
func TestEveryExampleIsInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/session.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Example\\w*)`").FindAllStringSubmatch(string(text), -1)
	var documented []string
	for _, m := range named {
		documented = append(documented, m[1])
	}
	var examples []string
	for _, name := range testNames(t, ".") {
		if strings.HasPrefix(name, "Example") {
			examples = append(examples, name)
		}
	}
	if len(examples) < 25 {
		t.Fatalf("only %q are examples", examples)
	}
	for _, name := range documented {
		if !slices.Contains(examples, name) {
			t.Errorf("docs/session.md names %s, which is not there", name)
		}
	}
	for _, name := range examples {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/session.md lacks %s", name)
		}
	}
}

// TestTheDocumentationsCodeCompiles holds that every piece of Go in the documentation of sessions means
// something. Pieces that are no declarations are taken for the body of a function.
func TestTheDocumentationsCodeCompiles(t *testing.T) {
	fset := token.NewFileSet()
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", compiled(t))}
	for _, name := range []string{"../../README.md", "../../docs/session.md", "../../docs/how-to/use-the-session.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pieces := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		if len(pieces) == 0 {
			t.Errorf("%s has no Go", name)
		}
		for _, piece := range pieces {
			file, err := parser.ParseFile(fset, "piece.go", program(piece[1]), 0)
			if err == nil {
				_, err = config.Check("piece", fset, []*ast.File{file}, nil)
			}
			if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, piece[1])
			}
		}
	}
}

// compiled returns what finds the compiled form of this package and of all that it is made of.
func compiled(t *testing.T) importer.Lookup {
	t.Helper()
	list, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		t.Skipf("no go command to ask: %v", err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(list)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }
}

// program makes a file of a piece of code: with the imports that it names, and with what
// the text around it says that there is.
func program(piece string) string {
	var b strings.Builder
	b.WriteString("package piece\n")
	given := "var _ = func(ctx context.Context, s *session.Session, file *os.File, password, token string) error {\n"
	if !strings.HasPrefix(piece, "type ") {
		piece = given + "\t{\n" + piece + "_ = use\n\t}\n\treturn nil\n}\n\nfunc use(...any) {}\n"
		for _, name := range []string{"resp", "client", "err"} {
			if regexp.MustCompile(`\b` + name + `\b.*:= `).MatchString(piece) {
				piece = strings.Replace(piece, "_ = use\n", "_ = use\nuse("+name+")\n", 1)
			}
		}
	}
	for _, path := range []string{
		"context", "crypto/hmac", "crypto/sha256", "encoding/hex", "errors", "fmt", "io", "net/http", "os", "time",
		"sessbench/workload/session",
	} {
		if strings.Contains(piece, path[strings.LastIndexByte(path, '/')+1:]+".") {
			b.WriteString("import " + strconv.Quote(path) + "\n")
		}
	}
	return b.String() + piece
}

// TestEveryKindIsInTheDocumentation holds the table of exceptions and kinds against the constants.
func TestEveryKindIsInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/session.md")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Err") {
			return true
		}
		found++
		if name := spec.Names[0].Name; !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/session.md lacks the kind %s", name)
		}
		return true
	})
	if found < 25 {
		t.Errorf("only %d kinds were found", found)
	}
}
