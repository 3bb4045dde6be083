package script_test

import (
	"errors"
	"strings"
	"testing"

	"sessbench/workload/script"
)

// What is wrong with a text is said exactly, and where; ^ is in front of the place.
func TestCompileErrors(t *testing.T) {
	const conversion = "; int(x) makes a number of a text, string(x) a text of a number"
	for _, c := range []struct{ kind, text, want string }{
		{"template", "a ^{{id", `has {{ without }}; end the expression, or write {{"{{"}} for the braces themselves`},
		{"template", `^{{ "}}`, `has {{ without }}; end the expression, or write {{"{{"}} for the braces themselves`},
		{"template", "{{^}}", "has nothing between {{ and }}; write a name or an expression"},
		{"template", "/é/{{^usres.name}}", "refers to usres, which is not known here; did you mean users?"},
		{"template", "{{ ^zzz }}", "refers to zzz, which is not known here; there are cart, code, id, iteration, session, users, voucher, worker, x"},
		{"template", "{{users.^nmae}}", "refers to users.nmae, which the feed users does not have; did you mean users.name?"},
		{"template", "{{users.^zzz}}", `refers to users.zzz, which the feed users does not have; there are users.name, users.password, users["e-mail"]`},
		{"template", "{{users.^e-mail}}", `refers to users.e, which the feed users does not have; there are users.name, users.password, users["e-mail"]`},
		{"template", "{{ ^users }}", `refers to users, which is a feed; name one of its columns: users.name, users.password, users["e-mail"]`},
		{"template", "{{ users[^id] }}", "has a column of users that is no plain name; write users.column"},
		{"template", "{{ ^status }}", "refers to status, which is there in checks only"},
		{"template", `{{ ^header("x") }}`, "calls header, which is there in checks only"},
		{"template", "{{ ^uuid }}", "refers to uuid, which is a function; call it: uuid()"},
		{"template", "{{ ^len }}", "refers to len, which is a function; call it: len()"},
		{"template", "{{ ^uid() }}", "calls uid, which is no function; did you mean uuid?"},
		{"template", "{{ ^zzzzzz(id) }}", "calls zzzzzz, which is no function; beside those of the expression language, there are base64, choice, json, now, rand, randint, seq, urlquery, uuid"},
		{"template", "{{ ^id() }}", "calls id, which is no function; beside those of the expression language, there are base64, choice, json, now, rand, randint, seq, urlquery, uuid"},
		{"template", "{{ id.^x() }}", "calls what is no function"},
		{"template", "{{ ^randint(1) }}", "calls randint with not enough arguments"},
		{"template", "{{ ^seq(1) }}", "calls seq with too many arguments"},
		{"template", `{{ randint(^"a", 2) }}`, "calls randint with a text where a number belongs" + conversion},
		{"template", "{{ let ^y = 1; y }}", "has let; expressions have no variables of their own"},
		{"template", "{{ ^$env }}", "has a $ in an expression; use names without it"},
		{"template", "{{ id ^/* why */ }}", "has a comment; write it outside of the expression"},
		{"template", "{{ 1 +^}}", "ends too early; something is missing at its end"},
		{"template", `{{ 1 ^"s3cret" }}`, "has a text where none can be; an operator is missing before it"},
		{"template", "{{ id ^5 }}", "has a number where none can be; an operator is missing before it"},
		{"template", "{{ id ^= 5 }}", "has = where it cannot be; == compares"},
		{"template", "{{ 9999999999999999999^ }}", "has a number that is too large"},
		{"template", "{{ 1 ^.. 1e9 }}", "applies .. to a number and a number, which have to be whole"},
		{"template", "{{ 5 ^% 0 }}", "divides by 0"},
		{"check", "^", "is empty; write an expression such as status == 200"},
		{"check", "^status", "is a number, not true or false; compare it with something, such as status == 200"},
		{"check", "status ^== '200'", "applies == to a number and a text" + conversion},
		{"check", "duration ^< 5", "applies < to a duration and a number; a duration has a unit, such as 500ms"},
		{"check", "duration < 5^xs", "has a number that cannot be read; durations are written as 500ms or 1.5s"},
		{"check", "duration < 5µs && ^stats == 1", "refers to stats, which is not known here; did you mean status?"},
		{"check", "^not 5", "applies not to a number"},
		{"check", "body == 'a^\n'", "has a text without its closing quote"},
		{"check", "^" + strings.Repeat("(", 20000), "has an expression of 20000 bytes; it can have at most 10000"},
	} {
		n, _ := newWorld(t, feedText, responseText)
		at, text := strings.Index(c.text, "^"), strings.Replace(c.text, "^", "", 1)
		var err error
		if c.kind == "template" {
			_, err = n.Template(text)
		} else {
			_, err = n.Check(text)
		}
		wrong, ok := errors.AsType[*script.Error](err)
		switch {
		case !ok:
			t.Errorf("%q: error %v", text, err)
		case wrong.Error() != c.want || wrong.Text != text || wrong.Offset != at:
			t.Errorf("%q: at %d %s\nwant at %d %s", text, wrong.Offset, wrong, at, c.want)
		}
	}
}

// Why a value cannot be had is said exactly, and never with a value.
func TestEvaluationErrors(t *testing.T) {
	for _, c := range []struct{ kind, text, want string }{
		{"template", "{{ voucher + 1 }}", "variable voucher is not set; no response has given it a value in this session"},
		{"template", "{{ 1 / 0 }}", "the expression has no value: it is not a finite number"},
		{"template", "{{ cart.nothing }}", "the expression has no value: what it looks for is not there"},
		{"template", "{{ cart.nothing.deeper }}", "the expression looks for a member or an element in nothing"},
		{"template", "{{ cart.lines[5] }}", "the expression looks for an element that the list does not have"},
		{"template", "{{ int(users.password) }}", "the expression makes a number of a value that is none"},
		{"template", "{{ date(users.password) }}", "the expression cannot be evaluated with the values that it has"},
		{"template", "{{ id + code }}", "the expression cannot apply + to a number and a text; int(x) makes a number of a text, string(x) a text of a number"},
		{"template", "{{ upper(id) }}", "the expression has a number where a text belongs"},
		{"template", "{{ id % worker - 17 % (worker - 3) }}", "the expression divides by 0"},
		{"template", "{{ randint(6, 1) }}", "randint has no number to draw: the first bound is above the second"},
		{"template", "{{ randint(code, 1) }}", "randint needs whole numbers; int(x) makes one of a text"},
		{"template", "{{ choice([]) }}", "choice has an empty list to draw from"},
		{"template", "{{ repeat('x', -1) }}", "repeat needs a number that is not below 0"},
		{"check", "json.id", "the check is a number, not true or false"},
		{"check", "json.note", "the check is nothing, not true or false"},
	} {
		n, s := newWorld(t, feedText, responseText)
		var err error
		if c.kind == "template" {
			_, err = render(n, s, c.text)
		} else {
			_, err = judge(n, s, c.text)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v\nwant %s", c.text, err, c.want)
		}
	}
}

// A name that cannot be one, or is taken, is refused.
func TestNames(t *testing.T) {
	type add = func(n *script.Names) error
	feed := func(name string, columns ...string) add {
		return func(n *script.Names) error { return n.AddFeed(name, columns) }
	}
	variable := func(name string) add { return func(n *script.Names) error { return n.AddVariable(name) } }
	const builtIn = "has the name of something built in; choose another"
	for _, c := range []struct {
		before, add add
		want        string
	}{
		{variable("id"), variable("id"), ""},
		{variable("id"), variable("count"), ""},
		{variable("max"), variable("type"), ""},
		{feed("a", "x"), feed("b", "x"), ""},
		{feed("a", "x"), feed("a", "y"), "has the name of another feed; choose another"},
		{feed("a", "x"), variable("a"), "has the name of a feed; choose another"},
		{variable("a"), feed("a", "x"), "has the name of a variable that an extraction sets; choose another"},
		{variable("a"), variable("status"), builtIn},
		{variable("a"), variable("uuid"), builtIn},
		{variable("a"), feed("now", "x"), builtIn},
		{variable("a"), variable("not"), "has the name of a word of the expression language; choose another"},
		{variable("a"), variable("1a"), "has a name that expressions cannot have; use letters, digits and _, not a digit first"},
		{variable("a"), variable(""), "has a name that expressions cannot have; use letters, digits and _, not a digit first"},
		{variable("a"), feed("a-b", "x"), "has a name that expressions cannot have; use letters, digits and _, not a digit first"},
		{variable("a"), feed("f", "x", "y", "x"), `has two columns named "x"; rename one`},
		{variable("a"), feed("f", "x", ""), "has no name for column 2; give it one"},
	} {
		n := &script.Names{}
		if err := c.before(n); err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := c.add(n); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("error %q, want %q", got, c.want)
		}
	}
}

// A variable can have the name of one of the library's functions, beside that function.
func TestVariableNamedAsAFunction(t *testing.T) {
	n := &script.Names{}
	for _, name := range []string{"count", "max"} {
		if err := n.AddVariable(name); err != nil {
			t.Fatal(err)
		}
	}
	s := n.NewScope()
	set(t, n, s, "count", script.Extraction{JSON: "n"}, `{"n":3}`)
	set(t, n, s, "max", script.Extraction{JSON: "n"}, `{"n":4}`)
	if got, err := render(n, s, "{{count}} {{ count(1..9, # > 3) + count }} {{ max(max, 2) }}"); got != "3 9 4" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
