package script_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"sessbench/workload/script"
)

// blocks returns the fenced texts of a kind.
func blocks(page, kind string) []string {
	var found []string
	for _, m := range regexp.MustCompile("(?s)```"+kind+"\n(.*?)```").FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	return found
}

// Every example of the page is evaluated, about the feed's row and the response that the page has.
func TestDocumentedExamples(t *testing.T) {
	data, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	feed, reply := blocks(page, "csv")[0], blocks(page, "http")[0]
	evaluate := map[string]func(n *script.Names, s *script.Scope, text string) (string, error){
		"template": render,
		"check": func(n *script.Names, s *script.Scope, text string) (string, error) {
			holds, err := judge(n, s, text)
			return fmt.Sprint(holds), err
		},
		"extract": func(n *script.Names, s *script.Scope, text string) (string, error) {
			var x script.Extraction
			if err := yaml.Unmarshal([]byte(text), &x); err != nil {
				return "", err
			}
			e, err := n.Extractor("x", x)
			if err != nil {
				return "", err
			}
			if err := e.Take(s); err != nil {
				return "", err
			}
			return render(n, s, "{{x}}")
		},
	}
	for kind, f := range evaluate {
		count := 0
		for _, block := range blocks(page, kind) {
			for line := range strings.Lines(block) {
				text, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " → ")
				if !ok {
					t.Fatalf("no result: %q", line)
				}
				count++
				n, s := newWorld(t, feed, reply)
				got, err := f(n, s, strings.TrimRight(text, " "))
				if err != nil {
					got = "error: " + err.Error()
				}
				if got != want {
					t.Errorf("%s %s\n gives %q\n not   %q", kind, text, got, want)
				}
			}
		}
		if count < 10 {
			t.Errorf("%d examples of %s", count, kind)
		}
	}
}

// The page's tables have everything that is built in.
func TestDocumentedNames(t *testing.T) {
	data, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range script.BuiltInNames() {
		if !strings.Contains(string(data), "\n| `"+name+"` |") {
			t.Errorf("the table of names lacks %s", name)
		}
	}
	for _, name := range script.FunctionNames() {
		if !strings.Contains(string(data), "\n| `"+name+"(") {
			t.Errorf("the table of functions lacks %s", name)
		}
	}
}
