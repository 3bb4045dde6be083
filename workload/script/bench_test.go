package script_test

import (
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/script"
)

// templates of requests, and how many allocations each may make.
var templates = []struct {
	name, text  string
	allocations float64
}{
	{"static", "/items?page=1", 0},
	{"variable", "/items/{{id}}", 0},
	{"columns", "{{users.name}}:{{users.password}}:{{users.name}}", 0},
	{"counters", "{{worker}}-{{session}}-{{iteration}}", 0},
	{"expression", "/page/{{ iteration % 10 + 1 }}", 0},
	{"concatenation", "{{ upper(users.name) + '!' }}", 6},
	{"uuid", "{{uuid()}}", 3},
	{"sequence", "{{seq()}}", 2},
}

var checks = []struct {
	name, text  string
	allocations float64
}{
	{"status", "status == 200", 0},
	{"statusAndDuration", "status == 200 && duration < 1s", 1},
	{"json", "status == 200 && json.id == id", 3},
	{"bodyContains", `body contains "price"`, 3},
	{"all", "all(json.items, .price > 2)", 18},
}

var extractions = []struct {
	name        string
	x           script.Extraction
	allocations float64
}{
	{"json", script.Extraction{JSON: "items.1.id"}, 1},
	{"regexp", script.Extraction{Regexp: `"price": ([0-9.]+)`}, 12},
	{"header", script.Extraction{Header: "Location"}, 2},
	{"cookie", script.Extraction{Cookie: "sid"}, 2},
	{"form", script.Extraction{Form: "csrf"}, 200},
}

// steady is a response whose body is not copied when it is asked for.
type steady struct {
	response
	bytes []byte
}

func (r *steady) Body() ([]byte, error) { return r.bytes, nil }

func steadyScope(t testing.TB) (*script.Names, *script.Scope) {
	n, s := newWorld(t, feedText, responseText)
	r := s.Looked().(*response)
	body := r.body
	s.Look(&steady{*r, []byte(body)})
	return n, s
}

func formScope(s *script.Scope) {
	page := "<html><body>" + strings.Repeat("<p class=x>text</p>", 50) + `<form><input type="hidden" name="csrf" value="token"></form>`
	s.Look(&steady{bytes: []byte(page)})
}

// Plain names, and checks of the status, cost no memory; the rest as much as it is known to.
func TestAllocations(t *testing.T) {
	n, s := steadyScope(t)
	within := func(name string, most float64, f func() error) {
		t.Helper()
		got := programs.Allocs(200, func() {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%s: %v allocations, more than %v", name, got, most)
		}
	}
	dst := make([]byte, 0, 200)
	for _, c := range templates {
		template, err := n.Template(c.text)
		if err != nil {
			t.Fatal(err)
		}
		within(c.name, c.allocations, func() error { _, err := template.Append(dst, s); return err })
	}
	for _, c := range checks {
		check, err := n.Check(c.text)
		if err != nil {
			t.Fatal(err)
		}
		within(c.name, c.allocations, func() error { _, err := check.Holds(s); return err })
	}
	for _, c := range extractions {
		e, err := n.Extractor("x", c.x)
		if err != nil {
			t.Fatal(err)
		}
		if c.x.Form != "" {
			formScope(s)
		}
		within(c.name, c.allocations, func() error { return e.Take(s) })
	}
}

func BenchmarkTemplate(b *testing.B) {
	for _, c := range templates {
		b.Run(c.name, func(b *testing.B) {
			n, s := steadyScope(b)
			template, err := n.Template(c.text)
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, 200)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := template.Append(dst, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, c := range checks {
		b.Run(c.name, func(b *testing.B) {
			n, s := steadyScope(b)
			check, err := n.Check(c.text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := check.Holds(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, c := range extractions {
		b.Run(c.name, func(b *testing.B) {
			n, s := steadyScope(b)
			if c.x.Form != "" {
				formScope(s)
			}
			e, err := n.Extractor("x", c.x)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Take(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompile is what an operation costs when a plan is read.
func BenchmarkCompile(b *testing.B) {
	for name, compile := range map[string]func(n *script.Names) error{
		"plain": func(n *script.Names) error { _, err := n.Template("/items/{{id}}"); return err },
		"check": func(n *script.Names) error { _, err := n.Check("status == 200 && json.id == id"); return err },
	} {
		b.Run(name, func(b *testing.B) {
			n, _ := newWorld(b, feedText, responseText)
			b.ReportAllocs()
			for b.Loop() {
				if err := compile(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
