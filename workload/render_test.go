package workload

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

func TestRenderingFillsEveryPlace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "part.txt")
	if err := os.WriteFile(file, []byte("{{f.a}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := newRawServer(t, nil)
	host, port, _ := net.SplitHostPort(server.addr)
	for _, c := range []struct {
		way, name string
		o         Operation
		want      string
	}{
		{"fixed", "nothing", Operation{URL: "items?q=1#x"}, "GET /api/items?q=1"},
		{"fixed", "braces", Operation{URL: "/x", Headers: session.Pairs("X-A", `{{"{{"}}`)}, "GET /x | X-A: {{"},
		{"fixed", "a file's content", Operation{Method: "POST", URL: "/x", BodyFile: file, Body: []byte("{{f.a}}")}, "POST /x |  | {{f.a}}"},
		{"varied", "path", Operation{URL: "/items/{{f.a}}/x"}, "GET /items/a1/x"},
		{"varied", "relative path", Operation{URL: "items/{{f.a}}"}, "GET /api/items/a1"},
		{"varied", "escaped in path", Operation{URL: "/i {{f.b}}/{{f.c}}/{{f.d}}.json"}, "GET /i%20b%202/c%2F3/d%224.json"},
		{"fixed", "escapes beside what is not escaped", Operation{URL: "s/a%2Fb%3f ü|?x=%2F y"}, "GET /api/s/a%2Fb%3f%20%C3%BC%7C?x=%2F%20y"},
		{"varied", "escapes beside what is not escaped", Operation{URL: "/s/a%2Fb ü/{{f.c}}"}, "GET /s/a%2Fb%20%C3%BC/c%2F3"},
		{"varied", "query", Operation{URL: "/x?a={{f.b}}&{{f.c}}={{f.d}}"}, "GET /x?a=b+2&c%2F3=d%224"},
		{"varied", "behind #", Operation{URL: "/x?a={{f.a}}#{{f.b}}{{unset}}"}, "GET /x?a=a1"},
		{"varied", "a question mark and # in an expression", Operation{URL: `/x/{{f.a == "?#" ? "no" : "yes"}}/{{f.c}}`}, "GET /x/yes/c%2F3"},
		{"varied", "percent signs", Operation{URL: "/x?a=100%&b={{f.c}}"}, "GET /x?a=100%25&b=c%2F3"},
		{"filled", "percent signs", Operation{URL: "/x?a=100%&b={{f.c}}", Cookies: Cookies{{Name: "c", Value: "{{f.a}}"}}}, "GET /x?a=100%25&b=c%2F3 | Cookie: c=a1"},
		{"varied", "nothing in a path", Operation{URL: `/{{f.a == "" ? "x" : ""}}/x`}, "GET //x"},
		{"filled", "nothing in a path", Operation{URL: `/{{f.a == "" ? "x" : ""}}/x`, Cookies: Cookies{{Name: "c", Value: "{{f.a}}"}}}, "GET //x | Cookie: c=a1"},
		{"varied", "params", Operation{URL: "/x?z={{f.a}}", Params: Fields{session.Set("b", "{{f.b}}", "1"), session.Set("a", "{{f.c}}{{f.d}}")}}, "GET /x?z=a1&b=b+2&b=1&a=c%2F3d%224"},
		{"varied", "headers", Operation{URL: "/x", Headers: session.Pairs("X-B", "1{{f.b}}", "X-A", "{{f.c}}", "Host", "{{f.a}}.test")}, "GET /x | Host: a1.test | X-B: 1b 2 | X-A: c/3"},
		{"varied", "a header over the session's", Operation{URL: "/x", Headers: session.Pairs("accept", "{{f.a}}")}, "GET /x | accept: a1"},
		{"varied", "bearer", Operation{URL: "/x", Auth: &Auth{Bearer: "{{v}}"}}, "GET /x | Authorization: Bearer <v&1>"},
		{"varied", "body", Operation{Method: "POST", URL: "/x", Body: []byte(`<a>{{v}}</a>{{f.d}}`)}, `POST /x |  | <a><v&1></a>d"4`},
		{"varied", "form", Operation{Method: "POST", URL: "/x", Form: session.Pairs("u", "{{f.b}}", "p", "x{{f.c}}&{{f.d}}")}, "POST /x | Content-Type: application/x-www-form-urlencoded |  | u=b+2&p=xc%2F3%26d%224"},
		{"varied", "json", Operation{Method: "POST", URL: "/x", JSON: []byte(`{"a": ["{{f.d}}", "x{{f.d}}{{v}}"], "b" : 1, "n": "{{n.deep}}", "i": "{{iteration}}", "t": "{{f.a == 'a1'}}", "s": "\u00e4\n{{n.deep[1]}}"}`)},
			`POST /x | Content-Type: application/json |  | {"a":["d\"4","xd\"4<v&1>"],"b":1,"n":[1,2.5,true,null,"x"],"i":0,"t":true,"s":"ä\n2.5"}`},
		{"varied", "all of a json", Operation{Method: "POST", URL: "/x", JSON: []byte(`"{{n}}"`)}, `POST /x | Content-Type: application/json |  | {"deep":[1,2.5,true,null,"x"]}`},
		{"filled", "all of the URL", Operation{URL: "{{v_url}}"}, "GET /a/b?c=d"},
		{"filled", "the URL's beginning", Operation{URL: "{{v_base}}/i/{{f.c}}?q={{f.b}}"}, "GET /i/c%2F3?q=b+2"},
		{"filled", "host", Operation{URL: "http://{{host}}:{{port}}/i/{{f.c}}"}, "GET /i/c%2F3"},
		{"filled", "cookies", Operation{URL: "/x", Cookies: Cookies{{Name: "a", Value: "{{f.a}}"}, {Name: "b", Value: "1"}}}, "GET /x | Cookie: a=a1; b=1"},
		{"filled", "basic", Operation{URL: "/x", Auth: &Auth{Basic: &BasicAuth{"{{f.a}}", "{{f.b}}"}}}, "GET /x | Authorization: Basic YTE6YiAy"},
		{"filled", "all at once", Operation{Method: "POST", URL: "/{{f.c}}?{{f.b}}", Params: session.Pairs("p", "{{f.c}}"), Headers: session.Pairs("X-A", "{{f.a}}"), Cookies: Cookies{{Name: "c", Value: "{{f.a}}"}}, Form: session.Pairs("u", "{{f.b}}")},
			"POST /c%2F3?b+2&p=c%2F3 | X-A: a1 | Cookie: c=a1 | Content-Type: application/x-www-form-urlencoded |  | u=b+2"},
		{"filled", "json with a cookie", Operation{Method: "POST", URL: "/x", Cookies: Cookies{{Name: "c", Value: "{{f.a}}"}}, JSON: []byte(`{"a": "{{n.deep[0]}}", "b": "{{f.d}}!"}`)},
			`POST /x | Cookie: c=a1 | Content-Type: application/json |  | {"a":1,"b":"d\"4!"}`},
	} {
		b := newRenderBench(t, server.url+"/api/v1")
		url := c.o.URL
		url = strings.NewReplacer("{{v_url}}", "{{"+`"`+server.url+`/a/b?c=d" + (f.a == "" ? "" : "")`+"}}", "{{v_base}}", `{{f.a == "a1" ? "`+server.url+`" : ""}}`,
			"{{host}}", `{{f.a == "a1" ? "`+host+`" : ""}}`, "{{port}}", `{{f.a == "a1" ? `+port+` : 0}}`).Replace(url)
		c.o.URL = url
		g, err := b.send(t, &c.o, false)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := server.last(t); got != c.want || g.way() != c.way {
			t.Errorf("%s, %s\n got %s\nwant %s, %s", c.name, g.way(), got, c.want, c.way)
		}
		if err := b.sendAgain(t, g); err != nil || server.last(t) != c.want {
			t.Errorf("%s, again: %s, %v", c.name, server.last(t), err)
		}
	}
}

func TestRenderingFillsMultipart(t *testing.T) {
	type form struct{ value, name, content, file string }
	got := make(chan form, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var f form
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			f.value = err.Error()
		} else {
			read := func(key string) (name, content string) {
				part := r.MultipartForm.File[key][0]
				in, err := part.Open()
				if err != nil {
					return part.Filename, err.Error()
				}
				defer in.Close()
				data, _ := io.ReadAll(in)
				return part.Filename, string(data)
			}
			f.value = r.MultipartForm.Value["v"][0]
			f.name, f.content = read("c")
			_, f.file = read("f")
		}
		got <- f
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "f.txt")
	if err := os.WriteFile(path, []byte("{{f.a}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	content := "<{{f.c}}>"
	b := newRenderBench(t, server.URL)
	_, err := b.send(t, &Operation{Method: "POST", URL: "/", Multipart: &Multipart{
		Fields: session.Pairs("v", "{{v}}"),
		Files:  []FilePart{{Field: "c", Name: "{{f.a}}.txt", Content: &content}, {Field: "f", Path: path}},
	}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if f := <-got; f != (form{"<v&1>", "a1.txt", "<c/3>", "{{f.a}}"}) {
		t.Errorf("%+v", f)
	}
}

// Values come anew with each call, and no call has any of another's.
func TestRenderingIsAnewForEachCall(t *testing.T) {
	server := newRawServer(t, nil)
	for way, o := range map[string]Operation{
		"varied": {Method: "POST", URL: "/{{f.a}}", Headers: session.Pairs("X-A", "{{f.b}}"), Body: []byte("{{f.c}}")},
		"filled": {Method: "POST", URL: "/{{f.a}}", Headers: session.Pairs("X-A", "{{f.b}}"), Body: []byte("{{f.c}}"), Cookies: Cookies{{Name: "a", Value: "{{f.a}}"}}},
	} {
		b := newRenderBench(t, server.url)
		g, err := b.send(t, &o, false)
		if err != nil || g.way() != way {
			t.Fatal(err, g.way())
		}
		other := renderSession(t)
		first := b.session
		for i := range 4 {
			b.row[0], b.row[1], b.row[2] = fmt.Sprint("p", i), strings.Repeat("h", 1+i%2), strings.Repeat("b", 3-i)
			b.session = []*session.Session{first, other}[i%2]
			if err := b.sendAgain(t, g); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("POST /p%d | X-A: %s", i, b.row[1])
			if way == "filled" {
				want += " | Cookie: a=" + b.row[0]
			}
			if b.row[2] != "" {
				want += " |  | " + b.row[2]
			}
			if got := server.last(t); got != want {
				t.Errorf("%s: %s, want %s", way, got, want)
			}
		}
	}
	if server.conns > 4 {
		t.Errorf("%d connections", server.conns)
	}
}

// What cannot be sent is an error before the call begins, which names the key and has no value in it.
func TestRenderingRefusesWhatCannotBeSent(t *testing.T) {
	server := newRawServer(t, nil)
	cookie := Cookies{{Name: "c", Value: "{{f.a}}"}}
	for _, c := range []struct {
		name  string
		value string
		o     Operation
		want  string
	}{
		{"unset", "", Operation{URL: "/{{unset}}"}, "mix[2].url: variable unset is not set; no response has given it a value in this session"},
		{"unset in json", "", Operation{URL: "/", JSON: []byte(`{"a":"{{unset}}"}`)}, "mix[2].json: variable unset is not set; no response has given it a value in this session"},
		{"unset in a filled one", "", Operation{URL: "/", Cookies: cookie, Form: session.Pairs("a", "{{unset}}")}, "mix[2].form: variable unset is not set; no response has given it a value in this session"},
		{"line break", "zq\r\nX-B: 1", Operation{URL: "/", Headers: session.Pairs("X-A", "{{f.a}}")}, "mix[2] cannot be sent: invalid header: value of header X-A has a line break"},
		{"NUL", "zq\x00", Operation{URL: "/", Headers: session.Pairs("X-A", "{{f.a}}")}, "mix[2] cannot be sent: invalid header: value of header X-A has a control character"},
		{"line break in a token", "zq\n", Operation{URL: "/", Auth: &Auth{Bearer: "{{f.a}}"}}, "mix[2] cannot be sent: invalid header: value of header Authorization has a line break"},
		{"no token", "", Operation{URL: "/", Auth: &Auth{Bearer: "{{f.a}}"}}, "mix[2] cannot be sent: invalid header: the bearer token is empty"},
		{"line break in a cookie", "zq\r\n", Operation{URL: "/", Cookies: cookie}, `mix[2] cannot be sent: invalid argument: cookie "c": its value has a semicolon or a control character in it`},
		{"line break in a filled one", "zq\n", Operation{URL: "/", Cookies: Cookies{{Name: "d", Value: "{{v}}"}}, Headers: session.Pairs("X-A", "{{f.a}}")}, "mix[2] cannot be sent: invalid header: value of header X-A has a line break"},
		{"no URL", "http://zq zq/", Operation{URL: "{{f.a}}"}, "mix[2].url is no URL with what its templates came to"},
		{"no host", "zq%ff", Operation{URL: "http://{{f.a}}/"}, "mix[2] cannot be sent: invalid URL: the host is no valid international name"},
	} {
		b := newRenderBench(t, server.url)
		b.row[0] = c.value
		if _, err := b.send(t, &c.o, false); err == nil || err.Error() != c.want || strings.Contains(err.Error(), "zq") {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
	for name, o := range map[string]Operation{"varied": {URL: "/{{f.a}}"}, "filled": {URL: "/", Cookies: cookie}} {
		b := newRenderBench(t, server.url)
		b.row[0] = "END"
		if _, err := b.send(t, &o, false); err != script.ErrEnded {
			t.Errorf("%s at the feed's end: %v", name, err)
		}
	}
	if len(server.requests) != 0 {
		t.Errorf("sent: %q", server.requests)
	}
}

func TestRenderingRefusesTemplates(t *testing.T) {
	content := "{{nope}}"
	for _, c := range []struct {
		o    Operation
		want string // beginning
	}{
		{Operation{URL: "/{{unse}}"}, "mix[2].url refers to unse, which is not known here; did you mean unset? (in {{unse}})"},
		{Operation{URL: "/", Params: session.Pairs("a", "secret{{nope}}secret")}, "mix[2].params refers to nope"},
		{Operation{URL: "/", Headers: session.Pairs("a", "{{f.a")}, "mix[2].headers has {{ without }}"},
		{Operation{URL: "/", JSON: []byte(`{"a":"{{1 +}}"}`)}, "mix[2].json "},
		{Operation{URL: "/", JSON: []byte(`{"{{f.a}}" : 1}`)}, "mix[2].json has a template in the name of a member"},
		{Operation{URL: "/", Multipart: &Multipart{Files: []FilePart{{Field: "f", Content: &content}}}}, "mix[2].multipart refers to nope"},
		{Operation{URL: "/", Multipart: &Multipart{Files: []FilePart{{Field: "f", Path: "{{f.a}}"}}}}, "mix[2].multipart.files[0] has a template in its path"},
		{Operation{URL: "/", Form: session.Pairs("{{f.a}}", "1")}, "mix[2].form has a template in a name"},
		{Operation{URL: "/", Cookies: Cookies{{Name: "{{f.a}}"}}}, "mix[2].cookies has a template in a name"},
		{Operation{URL: "/", Auth: &Auth{Digest: &BasicAuth{User: "{{f.a}}"}}}, "mix[2].auth.digest has a template"},
		{Operation{URL: "/x", TLS: &TLSPlan{CA: "nope.pem"}, Body: []byte("{{f.a}}")}, "mix[2].tls.ca cannot be used"},
		{Operation{URL: "/{{f.a}}/x", Headers: session.Pairs("Transfer-Encoding", "gzip"), Body: []byte("x")}, "mix[2] cannot be sent: http://127.0.0.1:1/{{...}}/x: invalid header"},
	} {
		b := newRenderBench(t, "http://127.0.0.1:1")
		_, err := b.send(t, &c.o, false)
		if _, ok := errors.AsType[*KeyError](err); !ok || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// Requests of all ways share the connections of a session, also over TLS.
func TestRenderingsShareConnections(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }))
	defer server.Close()
	b := newRenderBench(t, server.URL)
	for _, s := range []*session.Session{b.with, b.session} {
		s.TLS = &session.TLS{Insecure: true}
	}
	addresses := map[string]bool{}
	for way, o := range map[string]Operation{
		"fixed": {URL: "/"}, "varied": {URL: "/{{f.a}}"}, "filled": {URL: "/", Auth: &Auth{Basic: &BasicAuth{"{{f.a}}", ""}}},
	} {
		g, err := b.send(t, &o, true)
		if err != nil || g.way() != way {
			t.Fatal(err)
		}
		body, err := b.session.Last().Body()
		if err != nil {
			t.Fatal(err)
		}
		addresses[string(body)] = true
	}
	if len(addresses) != 1 {
		t.Errorf("%d connections: %v", len(addresses), addresses)
	}
}

// The body is kept for requests of all ways, after redirects too.
func TestRenderingsKeepBodies(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, "unpacked")
	w.Close()
	server := newRawServer(t, func(request string) string {
		if strings.HasPrefix(request, "GET /from") {
			return "HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n"
		}
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String())
	})
	follow := true
	for way, o := range map[string]Operation{
		"fixed": {URL: "/from"}, "varied": {URL: "/from/{{f.a}}"}, "filled": {URL: "/from", Cookies: Cookies{{Name: "c", Value: "{{f.a}}"}}},
	} {
		o.Follow = &follow
		b := newRenderBench(t, server.url)
		g, err := b.send(t, &o, true)
		if err != nil || g.way() != way {
			t.Fatal(err)
		}
		if body, err := b.session.Last().Body(); string(body) != "unpacked" || err != nil || b.session.Last().Status() != 200 {
			t.Errorf("%s: %q, %v", way, body, err)
		}
	}
}

// However a request is made, it is the same: an operation that can be varied comes to what it would when filled in and prepared.
func FuzzRenderingWaysAgree(f *testing.F) {
	for _, c := range [][4]string{
		{"/items/{{f.a}}?q={{f.b}}", "x{{f.a}}", `{"a":"{{f.a}}","b":"x{{f.b}}"}`, "a b/c?d#e%2F"},
		{"items/{{f.a}}/../x", "{{f.a}}{{f.b}}", `["{{f.a}}"]`, ".."},
		{"/{{f.a}}/{{f.b}}", "", `"{{f.a}}"`, ""},
		{"?{{f.a}}", "é", `{"a":{"b":[1,"\u00e9{{f.a}}"]}}`, "\"\\\n\x00\xff<é\u2028"},
		{"/x?100%&{{f.a}}=1#{{f.b}}", "a", `{}`, "%41"},
		{"http://other.test/%7e/{{f.a}}", "a", ` { "a" : "{{ f.a }}" } `, "."},
	} {
		f.Add(c[0], c[1], c[2], c[3], "b"+c[3])
	}
	f.Fuzz(func(t *testing.T, address, header, body, a, b string) {
		o := &Operation{Method: "POST", URL: address, Headers: session.Pairs("X-A", header), Params: session.Pairs("p", header), JSON: []byte(body)}
		r := newRenderBench(t, "http://a.test/api/v1")
		r.row[0], r.row[1] = a, b
		g, err := newRendering(o, r.with, r.target, r.names, false, "mix[0]")
		if err != nil || g.varied == nil {
			t.Skip()
		}
		c := &renderCompiler{names: r.names, key: "mix[0]", marks: newMarks()}
		marked, err := o.mapTexts(c.text)
		if err != nil {
			t.Fatal(err)
		}
		filled, err := newFilledRequest(marked, g.varied.base, c, r.target, false)
		if err != nil {
			t.Fatal(err)
		}
		got, gotErr := g.varied.request(r.session, r.scope)
		want, wantErr := filled.request(renderSession(t), r.scope)
		if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("varied: %v\nfilled: %v", gotErr, wantErr)
		}
		if gotErr != nil {
			return
		}
		if got, want := textsOf(got), textsOf(want); got != want {
			t.Errorf("varied\n%s\nfilled\n%s", got, want)
		}
	})
}

func textsOf(p *session.Prepared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", p.Method(), p.URL())
	p.Texts(func(at session.Place, text string) { fmt.Fprintf(&b, "%v %q\n", at, text) })
	return b.String()
}
