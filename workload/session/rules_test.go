package session

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// ruleCounts is how many numbered rules each section on a session's behaviour has.
var ruleCounts = map[int]int{1: 15, 2: 14, 3: 18, 4: 11, 5: 9, 6: 15, 7: 9, 8: 11, 9: 6, 10: 3, 11: 3, 12: 15, 14: 4}

// TestEveryRuleHasATest holds that each rule has a test named after it.
func TestEveryRuleHasATest(t *testing.T) {
	names := testNames(t, ".", "../wire")
	for section, count := range ruleCounts {
		for number := range count {
			prefix := fmt.Sprintf("TestRule_%d_%d_", section, number+1)
			found := false
			for _, name := range names {
				found = found || strings.HasPrefix(name, prefix)
			}
			if !found {
				t.Errorf("rule %d.%d has no test: there is no %s...", section, number+1, prefix)
			}
		}
	}
}

func testNames(t *testing.T, dirs ...string) []string {
	var names []string
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	return names
}
