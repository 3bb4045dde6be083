package script_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"sessbench/workload/script"
)

// expressions are where fuzzing begins.
var expressions = []string{
	"status == 200", "json.items[0].price > 2.5 && json.id == id", "all(json.items, {.price < 3; true})", `headers["x"] matches "^a"`, "duration < 1m30s",
	"voucher ?? users.name", `users["e-mail"]`, "if id > 1 { 2 } else { 3 }", "reduce(1..10, #acc + #, 0)", `{"a": {b: [1, 2][0]}}`, "id | string() | upper()",
	"1..1e9", "`a``b`", `b"x"`, "::len('x')", "a?.b?.[0]", "not (x in [1, 'a'])", "$env", "-5ms", "0x1F + 1_000", "sortBy(json.items, .price, 'desc')[0:1]",
	"now('unix') - 5", "choice([1], 2)", "let a = 1; a", "status == 200 //", "((((", "'\\u{1F600}'", "id ? 1 : 2", "x.y.z()", "#", "groupBy(1..5, # % 2)", "duration('5s') < 6s",
}

func wrong(t *testing.T, text string, err error) {
	t.Helper()
	e, ok := errors.AsType[*script.Error](err)
	if !ok || e.Text != text || e.Offset < 0 || e.Offset > len(text) || e.Problem == "" {
		t.Fatalf("%q: %#v", text, err)
	}
	if utf8.ValidString(text) && e.Offset < len(text) && !utf8.RuneStart(text[e.Offset]) {
		t.Fatalf("%q: %d is within a character", text, e.Offset)
	}
}

// No text makes the compiler or the evaluation panic, or hang.
func FuzzTemplate(f *testing.F) {
	for _, e := range expressions {
		f.Add("a{{" + e + "}}b{{id}}")
	}
	f.Add("{{")
	f.Add(`{{ "}}" }} }} {{ {} }}`)
	f.Fuzz(func(t *testing.T, text string) {
		n, s := newWorld(t, feedText, responseText)
		s.Look(nil)
		template, err := n.Template(text)
		if err != nil {
			wrong(t, text, err)
			return
		}
		if static, ok := template.Static(); ok && !script.HasTemplate(text) && static != text {
			t.Fatalf("%q became %q", text, static)
		}
		out, err := template.Append([]byte("before"), s)
		if err == nil && string(out[:6]) != "before" {
			t.Fatalf("%q overwrites what was there", text)
		}
		_, _ = template.Value(s)
	})
}

func FuzzCheck(f *testing.F) {
	for _, e := range expressions {
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, s := newWorld(t, feedText, responseText)
		check, err := n.Check(text)
		if err != nil {
			wrong(t, text, err)
			return
		}
		if holds, err := check.Holds(s); err != nil && holds {
			t.Fatalf("%q holds with the error %v", text, err)
		}
	})
}

// No body makes an extraction panic, or hang; what it takes is a value that templates can write.
func FuzzExtract(f *testing.F) {
	for _, body := range []string{
		`{"id":17,"items":[{"id":1,"price":2.5}]}`, `[1,"a",null,{}]`, `{"a":`, `"\ud800"`, "1e999", "-0", "[[[[", "", "<input name=id value=1>", `<select name=id><option>a<option selected>b</select>`,
		"<textarea name=id>\n&lt;</textarea>", "<!--<input name=id value=1>", "id=5;",
	} {
		for _, path := range []string{"id", "items.#.id", "items.#(price>2).id", "@this", "..id", `items.0|@pretty`, "*.0"} {
			f.Add([]byte(body), path)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		if path == "" {
			return
		}
		n, s := newWorld(t, feedText, responseText)
		s.Look(&response{status: 200, body: string(body)})
		for _, x := range []script.Extraction{{JSON: path}, {Regexp: path}, {Regexp: "id=(.)"}, {Form: path}, {Form: "id"}} {
			e, err := n.Extractor("x", x)
			if err != nil {
				wrong(t, path, err)
				continue
			}
			if err := e.Take(s); err != nil {
				continue
			}
			if _, err := render(n, s, "{{x}}{{json(x)}}"); err != nil {
				t.Fatalf("%+v of %q: %v", x, body, err)
			}
		}
	})
}
