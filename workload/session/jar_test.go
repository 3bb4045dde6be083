package session

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func jarURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// jarOf returns a jar that got Set-Cookie lines from a URL.
func jarOf(t testing.TB, from string, lines ...string) *Jar {
	t.Helper()
	j := new(Jar)
	for _, line := range lines {
		j.receive(jarURL(t, from), "", []byte(line))
	}
	return j
}

func setAll(t testing.TB, j *Jar, cookies ...Cookie) {
	t.Helper()
	for _, c := range cookies {
		if err := j.Set(c); err != nil {
			t.Fatal(err)
		}
	}
}

// wantSent checks the Cookie header of the first hop of a call.
func wantSent(t testing.TB, j *Jar, to, want string) {
	t.Helper()
	if got := j.header(jarURL(t, to), "", nil, false); got != want {
		t.Errorf("to %s goes %q, want %q", to, got, want)
	}
}

func TestRule_2_1_JarTakesEveryLineOfAResponse(t *testing.T) {
	j := jarOf(t, "http://h.test/", "a=1", "b=2; Path=/", "no cookie", "c=3")
	wantSent(t, j, "http://h.test/", "a=1; b=2; c=3")
}

func TestRule_2_3_JarDomain(t *testing.T) {
	for _, c := range []struct {
		host, domain   string
		sent, withheld string // hosts, in words
	}{
		{"a.example.test", "", "a.example.test A.Example.Test a.example.test.", "sub.a.example.test example.test b.example.test"},
		{"a.example.test", "example.test", "example.test a.example.test b.example.test x.y.example.test", "notexample.test test example.test.other.test"},
		{"a.example.test", ".EXAMPLE.test", "example.test a.example.test b.example.test x.y.example.test", "notexample.test test"},
		{"a.example.test", "a.example.test", "a.example.test sub.a.example.test", "example.test"},
		{"a.example.test", "other.test", "", "a.example.test other.test"},
		{"a.example.test", "b.example.test", "", "a.example.test b.example.test"},
		{"a.example.test", "sub.a.example.test", "", "a.example.test sub.a.example.test"},
		{"a.example.test", "test", "", "a.example.test test"},
		{"a.example.test", ".test", "", "a.example.test test"},
		{"a.example.test", "example.test.", "", "a.example.test example.test"},
		{"a.example.test", "..example.test", "", "a.example.test example.test"},
		{"a..example.test", "..example.test", "", "a..example.test"},
		{"a.example.test", "ample.test", "", "a.example.test ample.test"},
		{"a.co.test", "co.test", "a.co.test co.test b.co.test", "test"},
		{"127.0.0.1", "", "127.0.0.1", "localhost 1.127.0.0.1 127.0.0.2"},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1", "1.127.0.0.1"},
		{"127.0.0.1", "0.0.1", "", "127.0.0.1 1.0.0.1"},
		{"127.0.0.1", "127.0.0.2", "", "127.0.0.1 127.0.0.2"},
		{"[::1]", "", "[::1] [0:0::1]", "[::2] localhost"},
		{"[::1]", "[::1]", "[::1]", "[::2]"},
		{"[::1]", "::1", "[::1]", "[::2]"},
		{"[fe80::1]", ":1", "", "[fe80::1]"},
		{"localhost", "", "localhost LOCALHOST", "127.0.0.1 a.localhost"},
		{"localhost", "localhost", "localhost a.localhost", "127.0.0.1"},
		{"a.xn--bcher-kva.test", "Bücher.test", "bücher.test xn--bcher-kva.test b.bücher.test", "buecher.test"},
		{"a.bücher.test", "xn--bcher-kva.test", "bücher.test xn--bcher-kva.test", "buecher.test"},
	} {
		t.Run(c.host+" sets "+c.domain, func(t *testing.T) {
			line := "a=1"
			if c.domain != "" {
				line += "; Domain=" + c.domain
			}
			j := jarOf(t, "http://"+c.host+"/", line)
			if stored := c.sent != ""; (j.Len() == 1) != stored {
				t.Fatalf("%d cookies are stored, want stored: %v", j.Len(), stored)
			}
			for host := range strings.FieldsSeq(c.sent) {
				wantSent(t, j, "http://"+host+"/", "a=1")
			}
			for host := range strings.FieldsSeq(c.withheld) {
				wantSent(t, j, "http://"+host+"/", "")
			}
		})
	}
	t.Run("of several the last that says something", func(t *testing.T) {
		j := jarOf(t, "http://a.example.test/", "a=1; Domain=other.test; domain = .example.test ; Domain=")
		wantSent(t, j, "http://example.test/", "a=1")
	})
}

func TestRule_13_5_JarHostOnlyAndAddresses(t *testing.T) {
	j := jarOf(t, "http://a.example.test/", "a=1")
	wantSent(t, j, "http://sub.a.example.test/", "")
	if got := j.All(); !got[0].HostOnly || got[0].Domain != "a.example.test" {
		t.Errorf("stored as %+v", got[0])
	}
	j = jarOf(t, "http://127.0.0.1/", "a=1; Domain=0.0.1", "b=1; Domain=127.0.0.1")
	if got := j.All(); len(got) != 1 || got[0].Name != "b" || !got[0].HostOnly {
		t.Errorf("stored %+v", got)
	}
}

func TestRule_13_6_JarPublicSuffixes(t *testing.T) {
	for _, c := range []struct {
		url, line string
		check     bool
		want      string // domain, "" not stored
	}{
		{"http://a.example.co.uk/", "a=1; Domain=co.uk", false, "co.uk"},
		{"http://a.example.co.uk/", "a=1; Domain=co.uk", true, ""},
		{"http://a.example.co.uk/", "a=1; Domain=example.co.uk", true, "example.co.uk"},
		{"http://co.uk/", "a=1; Domain=co.uk", true, "co.uk only"},
		{"http://localhost/", "a=1; Domain=localhost", true, "localhost only"},
	} {
		j := &Jar{PublicSuffixes: c.check}
		j.receive(jarURL(t, c.url), "", []byte(c.line))
		got := ""
		for _, stored := range j.All() {
			if got += stored.Domain; stored.HostOnly {
				got += " only"
			}
		}
		if got != c.want {
			t.Errorf("%s from %s with the check %v is stored for %q, want %q", c.line, c.url, c.check, got, c.want)
		}
	}
}

func TestRule_2_4_JarPath(t *testing.T) {
	for _, c := range []struct{ set, attribute, want string }{
		{"/a/b/set", "", "/a/b"},
		{"/set", "", "/"},
		{"", "", "/"},
		{"/a/b/", "", "/a/b"},
		{"/a%2Fb/c", "", "/a%2Fb"},
		{"/a/b/set", "; Path=/elsewhere", "/elsewhere"},
		{"/a/b/set", "; Path=/dir/", "/dir/"},
		{"/a/b/set", "; path = /x ", "/x"},
		{"/a/b/set", "; Path=relative", "/a/b"},
		{"/a/b/set", "; Path=", "/a/b"},
		{"/a/b/set", "; Path=\"/x\"", "/a/b"},
		{"/a/b/set", "; Path=/x; Path=/y", "/y"},
		{"/a/b/set", "; Path=/x; Path", "/a/b"},
		{"/a/b/set?q=/x/y", "", "/a/b"},
	} {
		j := jarOf(t, "http://h.test"+c.set, "a=1"+c.attribute)
		if got := j.All(); len(got) != 1 || got[0].Path != c.want {
			t.Errorf("%s with %q is stored as %+v, want path %q", c.set, c.attribute, got, c.want)
		}
	}
	for _, c := range []struct{ path, sent, withheld string }{
		{"/a/b", "/a/b /a/b/ /a/b/c /a/b?q /a/b/%20", "/a/bb /a /A/b / /a%2Fb"},
		{"/dir/", "/dir/ /dir/x", "/dir /dirx /"},
		{"/", "/ /x /x/y", ""},
	} {
		j := jarOf(t, "http://h.test/", "a=1; Path="+c.path)
		for path := range strings.FieldsSeq(c.sent) {
			wantSent(t, j, "http://h.test"+path, "a=1")
		}
		for path := range strings.FieldsSeq(c.withheld) {
			wantSent(t, j, "http://h.test"+path, "")
		}
	}
	wantSent(t, jarOf(t, "http://h.test", "a=1"), "http://h.test", "a=1")
}

func TestRule_2_5_JarPortsAndSchemes(t *testing.T) {
	j := jarOf(t, "https://h.test:8443/", "a=1")
	for _, to := range []string{"https://h.test/", "http://h.test/", "http://h.test:81/", "HTTP://H.TEST:81/"} {
		wantSent(t, j, to, "a=1")
	}
}

func TestRule_2_6_JarSecure(t *testing.T) {
	for _, host := range []string{"h.test", "localhost", "a.localhost", "127.0.0.1", "[::1]"} {
		j := jarOf(t, "http://"+host+"/", "a=1; SECURE=whatever", "__Host-b=2; Path=/x", "__Secure-c=3")
		wantSent(t, j, "http://"+host+"/x", "__Host-b=2; __Secure-c=3")
		wantSent(t, j, "https://"+host+"/x", "__Host-b=2; a=1; __Secure-c=3")
	}
}

func TestRule_2_8_JarIdentityAndOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"replaced in place", []string{"a=1", "b=2", "a=3"}, "a=3; b=2"},
		{"names have a case, attributes have none", []string{"a=1", "A=2", "a=3; PATH=/", "A=4; pAtH=/p"}, "A=4; a=3; A=2"},
		{"longest path first, else as inserted", []string{"a=1", "b=2; Path=/p", "c=3", "d=4; Path=/p/q", "a=5; Path=/p"}, "d=4; b=2; a=5; a=1; c=3"},
		{"host-only and Domain are the same", []string{"a=1", "b=2", "a=3; Domain=a.example.test"}, "a=3; b=2"},
		{"Domain and host-only are the same", []string{"a=1; Domain=a.example.test", "b=2", "a=3"}, "a=3; b=2"},
		{"another domain is another cookie", []string{"a=1", "a=2; Domain=example.test"}, "a=1; a=2"},
		{"deleted and set again comes last", []string{"a=1", "b=2", "a=x; Max-Age=0", "a=3"}, "b=2; a=3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantSent(t, jarOf(t, "http://a.example.test/", c.lines...), "http://a.example.test/p/q", c.want)
		})
	}
	j := jarOf(t, "http://a.example.test/", "a=1; Domain=a.example.test", "a=2")
	wantSent(t, j, "http://sub.a.example.test/", "")

	j = new(Jar)
	var deep, shallow []string
	for i := range 50 { // enough for an order by length alone to be mixed up
		j.receive(jarURL(t, "http://h.test/"), "", fmt.Appendf(nil, "s%d=1", i))
		j.receive(jarURL(t, "http://h.test/p/"), "", fmt.Appendf(nil, "d%d=1", i))
		shallow, deep = append(shallow, fmt.Sprintf("s%d=1", i)), append(deep, fmt.Sprintf("d%d=1", i))
	}
	wantSent(t, j, "http://h.test/p", strings.Join(append(deep, shallow...), "; "))
}

func TestRule_2_9_JarValuesAreVerbatim(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"a=", "a="},
		{"a=x=y==", "a=x=y=="},
		{"  a \t=\t x y ", "a=x y"},
		{`a="quoted"`, `a="quoted"`},
		{`a="`, `a="`},
		{`a=in"ner"`, `a=in"ner"`},
		{`a=back\slash`, `a=back\slash`},
		{"a=\xe9\xff", "a=\xe9\xff"},
		{"a=é", "a=é"},
		{"a=x,y z", "a=x,y z"},
		{"a=x\ty", "a=x\ty"},
		{`a="x;y"`, `a="x`},
		{"a b@=1", "a b@=1"},
		{"a=1; HttpOnly; SameSite=Strict; Partitioned; Priority=High; =x; ;;", "a=1"},
		{"a", ""},
		{"=1", ""},
		{" =1", ""},
		{"", ""},
		{";a=1", ""},
		{"a=x\x00y", ""},
		{"a=x\r\nSet: y", ""},
		{"a=1; Path=/\x7f", ""},
		{"a\tb=1", ""},
	} {
		wantSent(t, jarOf(t, "http://h.test/", c.line), "http://h.test/", c.want)
	}
}

func TestParseSetCookie(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for line, want := range map[string]Cookie{
		"a=1": {Name: "a", Value: "1", HostOnly: true},
		`sid="x"; Domain=.Example.TEST; Path=/p; Secure; HttpOnly; SameSite=laX; Max-Age=5`: {
			Name: "sid", Value: `"x"`, Domain: "example.test", Path: "/p", Secure: true, HTTPOnly: true, SameSite: "laX", Expires: now.Add(5 * time.Second)},
		"a=1; Max-Age=0": {Name: "a", Value: "1", HostOnly: true, Expires: time.Unix(0, 0).UTC()},
	} {
		if got, ok := parseSetCookie([]byte(line), now); !ok || got != want {
			t.Errorf("%s is %+v (%v), want %+v", line, got, ok, want)
		}
	}
	if _, ok := parseSetCookie([]byte("none"), now); ok {
		t.Error("a line without a name is a cookie")
	}
}
