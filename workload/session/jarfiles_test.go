package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// jarWithAll returns a jar with every kind of cookie.
func jarWithAll(t *testing.T) *Jar {
	t.Helper()
	j := jarOf(t, "http://a.example.test/x/y", "sid=abc; Path=/; HttpOnly; SameSite=Lax",
		"wide=1; Domain=example.test; Secure; Expires=Sun, 06 Nov 2094 08:49:37 GMT", "raw=\xff\"", "empty=")
	setAll(t, j, Cookie{Name: "free", Value: "2"})
	return j
}

func TestJarJSON(t *testing.T) {
	j := jarWithAll(t)
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"cookies":[` +
		`{"name":"sid","value":"abc","domain":"a.example.test","host_only":true,"path":"/","http_only":true,"same_site":"Lax"},` +
		`{"name":"wide","value":"1","domain":"example.test","path":"/x","expires":"2094-11-06T08:49:37Z","secure":true},` +
		`{"name":"cmF3","value":"/yI=","domain":"a.example.test","host_only":true,"path":"L3g=","base64":true},` +
		`{"name":"empty","value":"","domain":"a.example.test","host_only":true,"path":"/x"},` +
		`{"name":"free","value":"2","path":"/"}]}`
	if string(text) != want {
		t.Errorf("the jar is\n%s\nwant\n%s", text, want)
	}
	again := jarOf(t, "http://h.test/", "gone=1")
	if err := json.Unmarshal(text, again); err != nil || !slices.Equal(again.All(), j.All()) {
		t.Errorf("came back as %+v: %v", again.All(), err)
	}
	for in, why := range map[string]string{
		`{"cookies":[{"name":"a","value":"hunter2;"}]}`:                        `cookie 1: invalid argument: cookie "a": its value`,
		`{"cookies":[{"name":"a","value":"1"},{"name":"","value":"hunter2"}]}`: "cookie 2: invalid argument: cookie: no name",
		`{"cookies":[{"name":"a","value":"1","expiry":"x"}]}`:                  `unknown field "expiry"`,
		`{"cookies":[{"name":"a","value":"hunter2","base64":true}]}`:           "is not encoded so",
		`{"cookies":[{"name":"a","value":"1","expires":"tomorrow"}]}`:          "tomorrow",
		`{"cookie":[]}`: `unknown field "cookie"`,
		`[]`:            "array",
	} {
		if err := json.Unmarshal([]byte(in), again); err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", in, err, why)
		}
	}
	if err := again.UnmarshalJSON([]byte(`{} {}`)); err == nil {
		t.Error("two values are taken for one")
	}
	if again.Len() != j.Len() {
		t.Error("an error changed the jar")
	}
	if err := json.Unmarshal([]byte(`{"cookies":[{"name":"old","value":"1","expires":"2001-01-01T00:00:00Z"}]}`), again); err != nil || again.Len() != 0 {
		t.Errorf("an expired cookie: %v, %d stored", err, again.Len())
	}
}

func TestNetscape(t *testing.T) {
	j := jarWithAll(t)
	var file bytes.Buffer
	if err := j.WriteNetscape(&file); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"# Netscape HTTP Cookie File",
		"#HttpOnly_a.example.test\tFALSE\t/\tFALSE\t0\tsid\tabc",
		".example.test\tTRUE\t/x\tTRUE\t3939871777\twide\t1",
		"a.example.test\tFALSE\t/x\tFALSE\t0\traw\t\xff\"",
		"a.example.test\tFALSE\t/x\tFALSE\t0\tempty\t",
		"unknown\tFALSE\t/\tFALSE\t0\tfree\t2",
		"",
	}, "\n")
	if file.String() != want {
		t.Errorf("the file is\n%s\nwant\n%s", file.String(), want)
	}
	again := new(Jar)
	if err := again.ReadNetscape(strings.NewReader(strings.ReplaceAll(want, "\n", "\r\n"))); err != nil || !slices.Equal(again.All(), inNetscape(j.All())) {
		t.Errorf("came back as %+v: %v", again.All(), err)
	}
	broken := errors.New("broken")
	if err := j.WriteNetscape(brokenWriter{broken}); !errors.Is(err, broken) {
		t.Errorf("writing to a broken file: %v", err)
	}
	if err := again.ReadNetscape(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("reading a broken file: %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestReadNetscape(t *testing.T) {
	const ok = "h.test\tFALSE\t/\tFALSE\t0\tok\t1\n"
	for _, c := range []struct{ text, want string }{ // want: names of the cookies, or the error
		{"", ""},
		{"# comment\n\n  \n#HttpOnly\n" + ok, "ok"},
		{ok + "h.test\tfalse\t/\ttrue\t4000000000\tb\tx\ty\n", "ok b"},
		{ok + "h.test\tFALSE\t/\tFALSE\t0\tb", "ok b"},
		{ok + "\tFALSE\t/\tFALSE\t\tb\t1\n", "ok b"},
		{ok + "h.test\tFALSE\t/\tFALSE\t1\tok\t1\n", ""},
		{ok + "h.test\tFALSE\t/\tFALSE\t-1\tok\t1\n", ""},
		{ok + "h.test\tFALSE\t/\tFALSE\t9223372036854775807\tlong\t1\n", "ok long"},
		{ok + "Set-Cookie: a=hunter2\n", "line 2: 1 fields, not the 7 of a cookie; they are separated by tabs"},
		{ok + "\nh.test FALSE / FALSE 0 a hunter2\n", "line 3: 1 fields, not the 7 of a cookie; they are separated by tabs"},
		{ok + "h.test\tx\t/\tFALSE\t0\ta\thunter2\n", "line 2: the second field, whether sub-domains count, is neither TRUE nor FALSE"},
		{ok + "h.test\tFALSE\t/\tx\t0\ta\thunter2\n", "line 2: the fourth field, whether https is needed, is neither TRUE nor FALSE"},
		{ok + "h.test\tFALSE\t/\tFALSE\tx\ta\thunter2\n", "line 2: the fifth field, the time of expiry, is no whole number of seconds"},
		{ok + ".\tTRUE\t/\tFALSE\t0\ta\thunter2\n", `line 2: invalid argument: cookie "a": its domain is no host name`},
		{ok + "h.test\tFALSE\tx\tFALSE\t0\ta\thunter2\n", `line 2: invalid argument: cookie "a": its path does not begin with a slash, or has a control character in it`},
		{ok + "h.test\tFALSE\t/\tFALSE\t0\t\thunter2\n", "line 2: invalid argument: cookie: no name"},
		{ok + strings.Repeat("x", maxNetscapeLine+1), "line 2: bufio.Scanner: token too long"},
	} {
		j := new(Jar)
		var names []string
		err := j.ReadNetscape(strings.NewReader(c.text))
		for _, cookie := range j.All() {
			names = append(names, cookie.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got += err.Error()
		}
		if got != c.want {
			t.Errorf("%.80q gives %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzReadNetscape(f *testing.F) {
	f.Add("# Netscape HTTP Cookie File\n#HttpOnly_.example.test\tTRUE\t/\tTRUE\t4000000000\ta\tx\ty\n")
	f.Add("unknown\tFALSE\t/\tFALSE\t0\ta\n.unknown\tTRUE\t/\tFALSE\t0\ta\t1\r\n")
	f.Add("[::1]\tTRUE\t/\xff\tFALSE\t0\t#a\t\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		j := new(Jar)
		if err := j.ReadNetscape(strings.NewReader(text)); err != nil {
			if j.Len() != 0 {
				t.Error("an error left cookies behind")
			}
			return
		}
		checkSaving(t, j)
	})
}

func FuzzJarJSON(f *testing.F) {
	f.Add(`{"cookies":[{"name":"a","value":"1","domain":".Example.test","expires":"2100-01-01T00:00:00+02:00"},{"name":"a","value":"2"}]}`)
	f.Add(`{"cookies":[{"name":"/w==","value":"","path":"Lw==","base64":true},{"name":"b","value":"\u00ff","domain":"[::1]","host_only":true}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		j := new(Jar)
		if err := j.UnmarshalJSON([]byte(text)); err == nil {
			checkSaving(t, j)
		}
	})
}

// checkSaving checks that both formats give back what a jar holds.
func checkSaving(t *testing.T, j *Jar) {
	t.Helper()
	list := j.All()
	for _, c := range list {
		if !c.Expires.IsZero() && time.Until(c.Expires) < time.Minute {
			t.Skip() // may end while it is looked at
		}
	}
	text, err := j.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	again := new(Jar)
	if err := again.UnmarshalJSON(text); err != nil || !slices.Equal(again.All(), list) {
		t.Errorf("%+v came back as %+v from %s: %v", list, again.All(), text, err)
	}
	var file bytes.Buffer
	if err := j.WriteNetscape(&file); err != nil {
		t.Fatal(err)
	}
	again.Clear()
	if err := again.ReadNetscape(&file); err != nil || !slices.Equal(again.All(), inNetscape(list)) {
		t.Errorf("%+v came back as %+v from a cookies.txt: %v", list, again.All(), err)
	}
}

// inNetscape returns what a cookies.txt keeps of cookies.
func inNetscape(list []Cookie) []Cookie {
	kept := slices.Clone(list)
	for i := range kept {
		c := &kept[i]
		c.SameSite = ""
		c.Expires = c.Expires.Truncate(time.Second)
		c.HostOnly = c.HostOnly && c.Domain != undomained
	}
	return kept
}

func TestParseCookies(t *testing.T) {
	for list, want := range map[string]string{
		" a=1; b=x=y ;;c=":    `{"a":"1","b":"x=y","c":""}`,
		"":                    `{}`,
		`a="q" ; b = é`:       `{"a":"\"q\"","b":"é"}`,
		"z=1; a=2; z=3":       `{"z":"3","a":"2"}`,
		"hunter2":             "cookie 1 has no name and value; write name=value, several separated by semicolons",
		"a=1; =hunter2":       "cookie 2 has no name and value; write name=value, several separated by semicolons",
		"a=1; b=hunter2\r\nx": "cookie b: value of header Cookie has a line break",
		"a=1; b=hunter2\x00x": "cookie b: value of header Cookie has a control character",
	} {
		cookies, err := ParseCookies(list)
		text, _ := json.Marshal(cookies)
		got := string(text)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q gives %s, want %s", list, got, want)
		}
	}
}

func TestCookiesJSON(t *testing.T) {
	cookies := Cookies{
		{Name: "z", Value: "1"}, {Name: "a", Value: "2", Domain: "h.test", Path: "/p", Secure: true},
		{Name: "z", Value: "3", Path: "/"}, {Name: "raw", Value: "\xff"},
	}
	text, err := json.Marshal(cookies)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"z":["1",{"value":"3","path":"/"}],"a":{"value":"2","domain":"h.test","path":"/p","secure":true},"raw":{"value":"/w==","base64":true}}`
	if string(text) != want {
		t.Errorf("the cookies are %s, want %s", text, want)
	}
	var again Cookies
	cookies = Cookies{cookies[0], cookies[2], cookies[1], cookies[3]} // those of a name stand together
	if err := json.Unmarshal(text, &again); err != nil || !slices.Equal(again, cookies) {
		t.Errorf("came back as %+v: %v", again, err)
	}
	if _, err := json.Marshal(Cookies{{Name: "\xff"}}); err == nil {
		t.Error("a name that is no UTF-8 was written")
	}
	for in, why := range map[string]string{
		`[]`:                                     "cookies are an object",
		`{"a":1}`:                                `cookie "a": write "value"`,
		`{"a":null}`:                             `cookie "a": write "value"`,
		`{"a":[["hunter2"]]}`:                    `cookie "a": write "value"`,
		`{"a":{"value":"hunter2","name":"b"}}`:   "before the colon",
		`{"a":{"value":"hunter2","domian":"x"}}`: `unknown field "domian"`,
		`{"a":"hunter2;"}`:                       "semicolon",
		`{"":"hunter2"}`:                         "no name",
	} {
		if err := json.Unmarshal([]byte(in), &again); err == nil || !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", in, err, why)
		}
	}
	if err := json.Unmarshal([]byte("null"), &again); err != nil || !slices.Equal(again, cookies) {
		t.Errorf("null or an error changed the cookies to %+v (%v)", again, err)
	}
}

func FuzzCookiesJSON(f *testing.F) {
	f.Add(`{"a":"1","b":{"value":"2","domain":"x.test","path":"/p","secure":true},"c":["1",{"value":"2","path":"/"}]}`)
	f.Add(`{"a":{"value":"/w==","base64":true},"a":"2","b":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var first, second, third Cookies
		if json.Unmarshal([]byte(text), &first) != nil {
			return
		}
		// Writing puts those of one name together, so the order stands from the second time on.
		for _, step := range []struct{ from, to *Cookies }{{&first, &second}, {&second, &third}} {
			out, err := json.Marshal(*step.from)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(out, step.to); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
		}
		same := func(a, b Cookie) bool {
			at := a.Expires.Equal(b.Expires)
			a.Expires, b.Expires = time.Time{}, time.Time{}
			return at && a == b
		}
		if len(first) != len(second) || !slices.EqualFunc(second, third, same) {
			t.Errorf("%+v became %+v and %+v", first, second, third)
		}
	})
}
