package script_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/workload/script"
)

// A text without expressions is known as such, and one whose expressions are constant texts too.
func TestStatic(t *testing.T) {
	n, _ := newWorld(t, feedText, responseText)
	for text, want := range map[string]string{
		"": "", "/a": "/a", `{"a":{"b":1}}`: `{"a":{"b":1}}`, `{{"{{"}}x}}`: "{{x}}", `a{{ 'b' }}{{"c"}}`: "abc",
	} {
		template, err := n.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := template.Static()
		if !ok || got != want {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
	template, err := n.Template("a{{worker}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := template.Static(); ok {
		t.Error("a text with an expression is static")
	}
	if script.HasTemplate(`{"a":{"b":1}}`) || !script.HasTemplate("a{{worker}}") {
		t.Error("templates are not told from other texts")
	}
}

// The end of an expression is found whatever is in it.
func TestBraces(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for text, want := range map[string]string{
		`{{ {"a": {"b": id}} }}`:            `{"a":{"b":17}}`,
		`{{ {"a": {"b": {}}}.a.b }}{{id}}`:  `{}17`,
		"{{ \"}}\" }}{{ '}}' }}{{ `}}` }}.": "}}}}}}.",
		`{{ "\"}}" }}.`:                     `"}}.`,
		"{{ `a``b` }}":                      "a`b",
		`{"id":"{{id}}"}}`:                  `{"id":"17"}}`,
		"é{{id}}ü":                          "é17ü",
	} {
		if got, err := render(n, s, text); got != want || err != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// One expression and nothing else keeps its type; anything more is a text.
func TestValue(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for text, want := range map[string]any{
		"static":               "static",
		"{{id}}":               int64(17),
		"{{ id }}":             int64(17),
		"{{id}} ":              "17 ",
		"{{worker}}":           3,
		"{{iteration}}":        12,
		"{{users.name}}":       "alice",
		"{{code}}":             "0042",
		"{{int(code)}}":        42,
		"{{id > 3}}":           true,
		"{{id / 2}}":           8.5,
		"{{cart}}":             map[string]any{"lines": []any{map[string]any{"sku": "a-1"}}},
		"{{[id, nil]}}":        []any{int64(17), nil},
		"{{nil}}":              nil,
		"{{1500ms}}":           1500 * time.Millisecond,
		"{{-3}}":               -3,
		"{{voucher ?? false}}": false,
	} {
		template, err := n.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := template.Value(s); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("%s: %T %v, %v; want %T %v", text, got, got, err, want, want)
		}
	}
	for text, want := range map[string]string{
		"{{voucher}}":  "variable voucher is not set; no response has given it a value in this session",
		"a{{voucher}}": "variable voucher is not set; no response has given it a value in this session",
		"{{1/0}}":      "the expression has no value: it is not a finite number",
	} {
		template, err := n.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := template.Value(s); v != nil || err == nil || err.Error() != want {
			t.Errorf("%s: %v, error %v", text, v, err)
		}
	}
}

// Numbers are written exactly, and as a person would.
func TestNumbers(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for written, want := range map[string]string{
		"17": "17", "-4": "-4", "9223372036854775807": "9223372036854775807", "18446744073709551615": "18446744073709551615",
		"2.0": "2", "1e3": "1000", "1e21": "1000000000000000000000", "0.1": "0.1", "1e-7": "0.0000001", "-0.5": "-0.5",
		"true": "true", `"1e3"`: "1e3", `"é\n"`: "é\n", `{"b":[1.0,"<"],"a":{}}`: `{"a":{},"b":[1,"<"]}`,
	} {
		set(t, n, s, "x", script.Extraction{JSON: "v"}, `{"v":`+written+`}`)
		if got, err := render(n, s, "{{x}}"); got != want || err != nil {
			t.Errorf("%s: %q, %v", written, got, err)
		}
		if got, err := render(n, s, "{{ string(x) }}"); got != want || err != nil {
			t.Errorf("%s by string(): %q, %v", written, got, err)
		}
	}
}

// A feed that has ended says so, in plain references, expressions and checks.
func TestFeedEnds(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	s.Feeds = ended{}
	for _, text := range []string{"{{users.name}}", "a{{ upper(users.name) }}"} {
		if _, err := render(n, s, text); !errors.Is(err, script.ErrEnded) {
			t.Errorf("%s: %v", text, err)
		}
	}
	template, err := n.Template("{{users.name}}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Value(s); !errors.Is(err, script.ErrEnded) {
		t.Errorf("value: %v", err)
	}
	if _, err := judge(n, s, "json.name == users.name"); !errors.Is(err, script.ErrEnded) {
		t.Errorf("check: %v", err)
	}
}

// The same random source gives the same values, another one others; they are what they should be.
func TestRandom(t *testing.T) {
	const text = `{{randint(1, 6)}} {{rand()}} {{choice("a", "b", "c")}} {{choice([1, 2])}}`
	drawn := func(seed uint64) []string {
		n, s := newWorld(t, feedText, responseText)
		s.Random = rand.New(rand.NewPCG(seed, 0))
		template, err := n.Template(text)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for range 200 {
			line, err := template.Append(nil, s)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(line))
		}
		return all
	}
	first := drawn(1)
	if !slices.Equal(first, drawn(1)) || slices.Equal(first, drawn(2)) {
		t.Error("the seed does not decide")
	}
	form := regexp.MustCompile(`^([1-6]) 0\.[0-9]+ ([abc]) ([12])$`)
	seen := map[string]bool{}
	for _, line := range first {
		m := form.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%q", line)
		}
		for _, v := range m[1:] {
			seen[v] = true
		}
	}
	if len(seen) != 6+3 { // 1 and 2 are drawn by both
		t.Errorf("%d different values", len(seen))
	}
}

// Whatever the seed, no UUID comes twice.
func TestUUIDsAreUnique(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 2 { // arms
		n, s := newWorld(t, feedText, responseText)
		s.Random = rand.New(rand.NewPCG(1, 0))
		template, err := n.Template("{{uuid()}}")
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			id, err := template.Append(nil, s)
			if err != nil || !form.Match(id) || seen[string(id)] {
				t.Fatalf("%q, error %v, seen before: %v", id, err, seen[string(id)])
			}
			seen[string(id)] = true
		}
	}
}

// The bounds of randint can be as far apart as numbers can be.
func TestRandomBounds(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	for text, want := range map[string]string{
		"{{randint(9223372036854775807, 9223372036854775807)}}": "9223372036854775807",
		"{{randint(-3, -3)}}": "-3",
		"{{randint(id, 17)}}": "17",
		"{{type(randint(-9223372036854775807 - 1, 9223372036854775807))}}":                     "int",
		"{{map(1..50, randint(-1, 1)) | uniq() | sort() | join(',')}}":                         "-1,0,1",
		"{{all(1..50, randint(-9223372036854775807, -9223372036854775806) < -9007199254740)}}": "true",
	} {
		if got, err := render(n, s, text); got != want || err != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// Reset forgets what was extracted; Each shows it.
func TestScope(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	var names []string
	s.Each(func(name string, _ any) { names = append(names, name) })
	if want := []string{"id", "code", "cart"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	s.Reset()
	s.Each(func(name string, _ any) { t.Errorf("%s is set", name) })
	if _, err := render(n, s, "{{id}}"); err == nil {
		t.Error("a variable outlives its session")
	}
}

// No expression runs for ever or takes all memory.
func TestLimits(t *testing.T) {
	n, s := newWorld(t, feedText, responseText)
	const long = "the expression puts a text together that is longer than 1048576 bytes"
	const memory = "the expression needs too much memory"
	const lists = "the expression has lists of more than 1000000 elements"
	doubled := "[1]"
	for range 40 {
		doubled += " | map([#, #])"
	}
	for text, want := range map[string]string{
		"len(1..1000000000)":                                       memory,
		"len(1..9223372036854775807)":                              memory,
		"count(1..990, count(1..1200, # > 0) > 0)":                 memory,
		"count(1..900000, count([1, 2], # > 0) > 0)":               "the expression has loops of more than 1000000 rounds",
		"reduce(1..100, #acc + #acc, 'x')":                         long,
		"len(repeat('x', 1000000000000))":                          long,
		"len(repeat(repeat('x', 1000000), 1000000))":               long,
		"len(repeat('xx', 9223372036854775807))":                   long,
		"len(join(map(1..1000, repeat('x', 10000)), ','))":         long,
		"len(replace(repeat('x', 100000), 'x', repeat('y', 100)))": long,
		"len(uniq(1..20000))":                                      "uniq has a list of more than 10000 elements",
		doubled + " | toJSON() | len()":                            lists,
		doubled + " | string() | len()":                            lists,
		doubled + " | flatten() | len()":                           lists,
		doubled + " | max()":                                       lists,
		doubled + " | mean()":                                      lists,
		doubled:                                                    lists,
	} {
		if _, err := render(n, s, "{{ "+text+" }}"); err == nil || err.Error() != want {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"len(1..900000)": "900000", "count(1..900000, # % 2 == 0)": "450000", "len(repeat('x', 1000000))": "1000000",
		"len(repeat('', 9999999))": "0", "flatten([[1, [2]], 3]) | join('')": "123", "max([1, 5], 3)": "5", "min(4, 2)": "2",
		"mean(1, 2)": "1.5", "median([3, 1, 2])": "2", "uniq([1, 1, 2]) | len()": "2", "replace('aaa', 'a', 'b', 2)": "bba", "replace('aaa', 'a', 'b', -1)": "bbb",
	} {
		if got, err := render(n, s, "{{ "+text+" }}"); got != want || err != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// Workers share what is compiled, each with its own scope.
func TestSharedByWorkers(t *testing.T) {
	n, _ := newWorld(t, feedText, responseText)
	template, err := n.Template("{{users.name}} {{ worker * 2 }} {{ [1, 2] | map(# + worker) | join('-') }}")
	if err != nil {
		t.Fatal(err)
	}
	check, err := n.Check(`json.id == 17 && body matches "price" && any(json.items, .id == worker)`)
	if err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	for worker := 1; worker <= 4; worker++ {
		workers.Go(func() {
			_, s := newWorld(t, feedText, responseText)
			s.Worker = worker
			want := fmt.Sprintf("alice %d %d-%d", 2*worker, 1+worker, 2+worker)
			for range 100 {
				got, err := template.Append(nil, s)
				if string(got) != want || err != nil {
					t.Errorf("%q, %v; want %q", got, err, want)
				}
				if holds, err := check.Holds(s); holds != (worker <= 2) || err != nil {
					t.Errorf("worker %d: %v, %v", worker, holds, err)
				}
			}
		})
	}
	workers.Wait()
}

// A column's name alone is enough where it is plain whose it is; a variable of the name comes first.
func TestColumnsByTheirNamesAlone(t *testing.T) {
	n := new(script.Names)
	for feed, columns := range map[string][]string{"users": {"name", "page", "id"}, "words": {"name", "word"}} {
		if err := n.AddFeed(feed, columns); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.AddVariable("id"); err != nil {
		t.Fatal(err)
	}
	s := n.NewScope()
	s.Feeds = onlyRow("x")
	for text, want := range map[string]string{
		"{{page}}":                  "x",
		"{{word + page}}":           "xx",
		"{{word + words.word}}":     "xx",
		"{{ id ?? 'unset' }}":       "unset",
		"{{ upper(page) }}{{word}}": "Xx",
	} {
		template, err := n.Template(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got, err := template.Append(nil, s); err != nil || string(got) != want {
			t.Errorf("%s gives %q, error %v; want %q", text, got, err, want)
		}
	}
	const want = "refers to name, which several feeds have; write "
	if _, err := n.Template("{{name}}"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

// An onlyRow has the same text in all columns.
type onlyRow string

func (r onlyRow) Value(int, int) (string, error) { return string(r), nil }
