package script_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"sessbench/workload/script"
)

// take compiles an extraction of x and takes it out of r; it returns the variable's value.
func take(t *testing.T, x script.Extraction, r script.Response) (any, error) {
	t.Helper()
	n := &script.Names{}
	if err := n.AddVariable("x"); err != nil {
		t.Fatal(err)
	}
	s := n.NewScope()
	s.Look(r)
	e, err := n.Extractor("x", x)
	if err != nil {
		t.Fatal(err)
	}
	err = e.Take(s)
	var value any
	s.Each(func(_ string, v any) { value = v })
	return value, err
}

// Values keep the type that they have in JSON; what is taken from elsewhere is a text.
func TestExtraction(t *testing.T) {
	r := &response{
		headers: [][2]string{{"Location", "/a"}, {"Location", "/b"}, {"Empty", ""}},
		cookies: map[string]string{"sid": "8f0a", "empty": ""},
		body:    `{"i":9007199254740993,"u":18446744073709551615,"f":2.5,"w":2.0,"big":1e999,"s":"a\u00e9","b":false,"l":[1,"a",null],"o":{"k":{"i":1}},"e":""}`,
	}
	for _, c := range []struct {
		x    script.Extraction
		want any
	}{
		{script.Extraction{JSON: "i"}, int64(9007199254740993)},
		{script.Extraction{JSON: "u"}, uint64(18446744073709551615)},
		{script.Extraction{JSON: "f"}, 2.5},
		{script.Extraction{JSON: "w"}, 2.0},
		{script.Extraction{JSON: "big"}, "1e999"},
		{script.Extraction{JSON: "s"}, "aé"},
		{script.Extraction{JSON: "e"}, ""},
		{script.Extraction{JSON: "b"}, false},
		{script.Extraction{JSON: "l"}, []any{int64(1), "a", nil}},
		{script.Extraction{JSON: "l.#"}, int64(3)},
		{script.Extraction{JSON: "o"}, map[string]any{"k": map[string]any{"i": int64(1)}}},
		{script.Extraction{JSON: "o.k.i"}, int64(1)},
		{script.Extraction{Regexp: `"f":([0-9.]+)`}, "2.5"},
		{script.Extraction{Regexp: `2\.\d`}, "2.5"},
		{script.Extraction{Regexp: `"(e)":"(.*?)"`}, "e"},
		{script.Extraction{Regexp: `"e":"(.*?)"`}, ""},
		{script.Extraction{Header: "location"}, "/a"},
		{script.Extraction{Header: "Empty"}, ""},
		{script.Extraction{Cookie: "sid"}, "8f0a"},
		{script.Extraction{Cookie: "empty"}, ""},
	} {
		if got, err := take(t, c.x, r); !reflect.DeepEqual(got, c.want) || err != nil {
			t.Errorf("%+v: %T %v, %v; want %T %v", c.x, got, got, err, c.want, c.want)
		}
	}
}

// Where there is no value there is the default, or an error that says what was looked for and nothing of the response.
func TestNothingToExtract(t *testing.T) {
	instead := "instead"
	secret := &response{headers: [][2]string{{"A", "s3cret"}}, cookies: map[string]string{"b": "s3cret"}, body: `{"id":null,"c":"s3cret"}`}
	page := &response{body: "<p>s3cret</p>"}
	for _, c := range []struct {
		x    script.Extraction
		r    *response
		want string
	}{
		{script.Extraction{JSON: "items.0.id"}, secret, "variable x has no value: the body has nothing at the JSON path items.0.id"},
		{script.Extraction{JSON: "id"}, secret, "variable x has no value: the body has nothing at the JSON path id"},
		{script.Extraction{JSON: "id"}, page, "variable x has no value: the body is not JSON"},
		{script.Extraction{JSON: "id"}, &response{}, "variable x has no value: the body is not JSON"},
		{script.Extraction{Regexp: "id=(.)"}, secret, "variable x has no value: the body does not match id=(.)"},
		{script.Extraction{Regexp: "(x)|s3cret"}, secret, "variable x has no value: the body does not match (x)|s3cret"},
		{script.Extraction{Header: "X-Id"}, secret, "variable x has no value: the response has no field X-Id"},
		{script.Extraction{Cookie: "sid"}, secret, "variable x has no value: the response sets no cookie sid"},
		{script.Extraction{Form: "csrf"}, page, "variable x has no value: the body has no form field csrf"},
	} {
		if got, err := take(t, c.x, c.r); got != nil || err == nil || err.Error() != c.want {
			t.Errorf("%+v: %v, error %v\nwant %s", c.x, got, err, c.want)
		}
		c.x.Default = &instead
		if got, err := take(t, c.x, c.r); got != instead || err != nil {
			t.Errorf("%+v with a default: %v, %v", c.x, got, err)
		}
		broken := errors.New("broken")
		wantBroken := c.x.Header == "" && c.x.Cookie == ""
		if _, err := take(t, c.x, &response{err: broken}); errors.Is(err, broken) != wantBroken {
			t.Errorf("%+v of a body that cannot be read: %v", c.x, err)
		}
	}
}

// A field's value is what a browser would send.
func TestForm(t *testing.T) {
	for page, want := range map[string]any{
		`<form><input type="hidden" name="csrf" value="a&amp;b"></form>`: "a&b",
		`<INPUT NAME=csrf VALUE=tok>`:                                    "tok",
		`<input name='csrf'/>`:                                           "",
		`<input name="other" value="1"><input value="2" name="csrf"><input name="csrf" value=3>`: "2",
		`<input name="csrf" value="1" disabled><input name="csrf" value="2">`:                    "2",
		`<input type=radio name=csrf value=1><input type=radio name=csrf value=2 checked>`:       "2",
		`<input type=checkbox name=csrf checked>`:                                                "on",
		`<input type=checkbox name=csrf value=1>`:                                                nil,
		`<input type=Submit name=csrf value=1>`:                                                  nil,
		`<button name=csrf value=1>`:                                                             nil,
		`<textarea name="csrf">` + "\r\n a &lt; <b>\r\n</textarea>":                              " a < <b>\n",
		`<textarea name="csrf"></textarea>`:                                                      "",
		`<select name=csrf><option value=1>one<option value=2 selected>two</select>`:             "2",
		`<select name=csrf><optgroup><option> one  more </option><option value=2></select>`:      "one more",
		`<select name=csrf><option><option value=2 selected></select><option value=3 selected>`:  "2",
		`<select name=csrf></select><input name=csrf value=1>`:                                   nil,
		`<select name=csrf><option value=1>`:                                                     "1",
		`<!-- <input name=csrf value=1> --><script>"<input name=csrf value=2>"</script>`:         nil,
		`<input name="csrf" value="unfinished`:                                                   nil,
		`<input name="csrf" name="other" value="1" value="2">`:                                   "1",
		`<input>` + strings.Repeat("<div>", 10_000) + `<input name=csrf value=deep>`:             "deep",
		`<meta name="csrf" content="1">`:                                                         nil,
	} {
		instead := "none"
		x := script.Extraction{Form: "csrf"}
		if want == nil {
			x.Default, want = &instead, instead
		}
		if got, err := take(t, x, &response{body: page}); got != want || err != nil {
			t.Errorf("%.120s: %q, %v; want %q", page, got, err, want)
		}
	}
}

// An extraction says in one way what it takes.
func TestWrongExtraction(t *testing.T) {
	n := &script.Names{}
	if err := n.AddVariable("x"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x    script.Extraction
		want script.Error
	}{
		{script.Extraction{}, script.Error{Problem: "does not say where the value is; give one of json, regexp, header, cookie and form"}},
		{script.Extraction{JSON: "a", Form: "b"}, script.Error{Text: "b", Problem: "has json and form; give one of them"}},
		{script.Extraction{Regexp: "a(b"}, script.Error{Text: "a(b", Problem: "is no regular expression (RE2): missing closing )"}},
		{script.Extraction{Regexp: "ab[z-a]"}, script.Error{Text: "ab[z-a]", Offset: 3, Problem: "is no regular expression (RE2): invalid character class range"}},
		{script.Extraction{Regexp: "a(?=b)"}, script.Error{Text: "a(?=b)", Offset: 1, Problem: "is no regular expression (RE2): invalid or unsupported Perl syntax"}},
	} {
		_, err := n.Extractor("x", c.x)
		if wrong, ok := errors.AsType[*script.Error](err); !ok || *wrong != c.want {
			t.Errorf("%+v: %#v", c.x, err)
		}
	}
	if _, err := n.Extractor("y", script.Extraction{JSON: "a"}); err == nil || err.Error() != "refers to a variable that was not added" {
		t.Errorf("an unknown variable: %v", err)
	}
}

// A body is kept for those that look at it.
func TestExtractorUsesBody(t *testing.T) {
	n := &script.Names{}
	if err := n.AddVariable("x"); err != nil {
		t.Fatal(err)
	}
	for x, want := range map[script.Extraction]bool{{JSON: "a"}: true, {Regexp: "a"}: true, {Form: "a"}: true, {Header: "a"}: false, {Cookie: "a"}: false} {
		e, err := n.Extractor("x", x)
		if err != nil {
			t.Fatal(err)
		}
		if e.UsesBody() != want {
			t.Errorf("%+v: %v", x, e.UsesBody())
		}
	}
}

// What was taken outlives the response's memory.
func TestExtractedValuesAreCopies(t *testing.T) {
	for _, x := range []script.Extraction{{JSON: "a"}, {JSON: "@this"}, {JSON: "l"}, {JSON: "a|@this"}, {Regexp: "v[a-z]+e"}, {Form: "a"}} {
		body := []byte(`{"a":"value","l":["value",{"value":"value"}],"h":"<input name=a value=value>"}`)
		n := &script.Names{}
		if err := n.AddVariable("x"); err != nil {
			t.Fatal(err)
		}
		s := n.NewScope()
		s.Look(&steady{bytes: body})
		e, err := n.Extractor("x", x)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Take(s); err != nil {
			t.Fatal(err)
		}
		before, err := render(n, s, "{{x}}")
		if err != nil {
			t.Fatal(err)
		}
		for i := range body {
			body[i] = '#'
		}
		if after, err := render(n, s, "{{x}}"); after != before || !strings.Contains(after, "value") || err != nil {
			t.Errorf("%+v: %q became %q, %v", x, before, after, err)
		}
	}
}
