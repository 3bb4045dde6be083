package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRule_2_2_JarCookiesOfACall(t *testing.T) {
	j := jarOf(t, "https://a.example.test/", "sid=server; Domain=example.test", "other=1", "deep=server; Path=/d")
	setAll(t, j, Cookie{Name: "lang", Value: "client"})
	for _, c := range []struct {
		name, url string
		once      []Cookie
		foreign   bool
		want      string
	}{
		{"replaces a server's", "https://a.example.test/", []Cookie{{Name: "sid", Value: "once"}}, false, "other=1; lang=client; sid=once"},
		{"replaces a client's", "https://a.example.test/", []Cookie{{Name: "lang", Value: "once"}}, false, "sid=server; other=1; lang=once"},
		{"replaces those of other paths", "https://a.example.test/d", []Cookie{{Name: "deep", Value: "once"}}, false, "sid=server; other=1; lang=client; deep=once"},
		{"names have a case", "https://a.example.test/", []Cookie{{Name: "SID", Value: "once"}}, false, "sid=server; other=1; lang=client; SID=once"},
		{"without domain not at foreign hosts", "https://b.example.test/", []Cookie{{Name: "sid", Value: "once"}}, true, "sid=server"},
		{"with domain at foreign hosts", "https://b.example.test/", []Cookie{{Name: "sid", Value: "once", Domain: ".Example.test"}}, true, "sid=once"},
		{"of another domain replaces nothing", "https://a.example.test/", []Cookie{{Name: "sid", Value: "once", Domain: "b.example.test"}}, false, "sid=server; other=1; lang=client"},
		{"of one host only", "https://a.example.test/", []Cookie{{Name: "x", Value: "1", Domain: "example.test", HostOnly: true}}, false, "sid=server; other=1; lang=client"},
		{"of another path replaces nothing", "https://a.example.test/", []Cookie{{Name: "sid", Value: "once", Path: "/d"}}, false, "sid=server; other=1; lang=client"},
		{"secure", "http://a.example.test/", []Cookie{{Name: "sid", Value: "once", Secure: true}}, false, "sid=server; other=1; lang=client"},
		{"two paths of one name", "https://a.example.test/d/e", []Cookie{{Name: "sid", Value: "1"}, {Name: "sid", Value: "2", Path: "/d"}}, false, "deep=server; sid=2; other=1; lang=client; sid=1"},
		{"the last of one identity", "https://a.example.test/", []Cookie{{Name: "sid", Value: "1"}, {Name: "x", Value: "x"}, {Name: "sid", Value: "2"}}, false, "other=1; lang=client; sid=2; x=x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			once, err := prepareCookies(c.once)
			if err != nil {
				t.Fatal(err)
			}
			before := j.current()
			if got := j.header(jarURL(t, c.url), "", once, c.foreign); got != c.want {
				t.Errorf("sent %q, want %q", got, c.want)
			}
			if j.current() != before || j.Len() != 4 {
				t.Error("a call's own cookies were stored")
			}
		})
	}
	var failed *Error
	if _, err := prepareCookies([]Cookie{{Name: "a", Value: "hunter2\r\n"}}); !errors.As(err, &failed) || failed.Kind != ErrInvalidArgument {
		t.Errorf("a line break gave %v", err)
	} else if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%q repeats the value", err)
	}
}

func TestRule_2_10_13_9_JarBindsCookiesWithoutDomain(t *testing.T) {
	j := jarOf(t, "http://a.test/", "server=1")
	setAll(t, j, Cookie{Name: "free", Value: "2"}, Cookie{Name: "bound", Value: "3", Domain: "b.test"})
	once, err := prepareCookies([]Cookie{{Name: "once", Value: "4"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url     string
		foreign bool
		want    string
	}{
		{"http://a.test/", false, "server=1; free=2; once=4"},
		{"http://b.test/", true, "bound=3"},
		{"http://a.test/", true, "server=1"},
		{"http://b.test/", false, "free=2; bound=3; once=4"},
	} {
		if got := j.header(jarURL(t, c.url), "", once, c.foreign); got != c.want {
			t.Errorf("to %s, foreign %v, goes %q, want %q", c.url, c.foreign, got, c.want)
		}
	}
}

func TestRule_13_8_JarSendsANameOfTheCallOnce(t *testing.T) {
	j := jarOf(t, "http://h.test/p/q", "sid=1; Path=/", "sid=2; Path=/p", "sid=3; Path=/p/q")
	if got := j.header(jarURL(t, "http://h.test/p/q"), "", []Cookie{{Name: "sid", Value: "mine", Path: "/"}}, false); got != "sid=mine" {
		t.Errorf("sent %q", got)
	}
}

func TestRule_2_13_JarCookiesOfTheClient(t *testing.T) {
	j := new(Jar)
	setAll(t, j,
		Cookie{Name: "all", Value: "1"},
		Cookie{Name: "dom", Value: "2", Domain: ".Example.test"},
		Cookie{Name: "host", Value: "3", Domain: "example.test", HostOnly: true},
		Cookie{Name: "path", Value: "4", Path: "/p"},
		Cookie{Name: "ip", Value: "5", Domain: "127.0.0.1"},
		Cookie{Name: "part", Value: "x", Domain: "0.0.1"},
		Cookie{Name: "safe", Value: "6", Secure: true})
	for to, want := range map[string]string{
		"http://other.test/":       "all=1",
		"http://a.example.test/p":  "path=4; all=1; dom=2",
		"http://example.test/":     "all=1; dom=2; host=3",
		"http://127.0.0.1/":        "all=1; ip=5",
		"http://1.127.0.0.1/":      "all=1; part=x",
		"https://other.test:8443/": "all=1; safe=6",
	} {
		wantSent(t, j, to, want)
	}
	setAll(t, j, Cookie{Name: "all", Value: "new"}, Cookie{Name: "dom", Domain: "example.test", Expires: time.Unix(1, 0)})
	wantSent(t, j, "http://example.test/", "all=new; host=3")
}

func TestRule_2_13_JarIsListedFilteredCleared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := jarOf(t, "http://a.test/", "x=1; Path=/p", "y=2; Max-Age=10", "short=0; Max-Age=1")
		setAll(t, j, Cookie{Name: "x", Value: "3", Domain: "b.test"}, Cookie{Name: "z", Value: "4"})
		time.Sleep(time.Second)
		names := func(list []Cookie) string {
			var b strings.Builder
			for _, c := range list {
				fmt.Fprintf(&b, "%s=%s ", c.Name, c.Value)
			}
			return strings.TrimSpace(b.String())
		}
		for what, c := range map[string]struct {
			list []Cookie
			want string
		}{
			"all":             {j.All(), "x=1 y=2 x=3 z=4"},
			"domain":          {j.Filter("A.test", ""), "x=1 y=2"},
			"path":            {j.Filter("", "/"), "y=2 x=3 z=4"},
			"domain and path": {j.Filter("a.test", "/p"), "x=1"},
			"nothing":         {j.Filter("c.test", ""), ""},
			"that are sent":   {j.Cookies(jarURL(t, "http://a.test/p")), "x=1 y=2 z=4"},
			"without a host":  {j.Cookies(jarURL(t, "/p")), ""},
		} {
			if got := names(c.list); got != c.want {
				t.Errorf("%s: %q, want %q", what, got, c.want)
			}
		}
		if value, ok, err := j.Get("y"); value != "2" || !ok || err != nil {
			t.Errorf("Get y: %q, %v, %v", value, ok, err)
		}
		if value, ok, err := j.Get("short"); value != "" || ok || err != nil {
			t.Errorf("Get short: %q, %v, %v", value, ok, err)
		}
		if _, ok, err := j.Get("x"); ok || !errors.Is(err, ErrAmbiguousCookie) {
			t.Errorf("Get x: %v, %v", ok, err)
		}
		clone := j.Clone()
		if n := j.Delete("x", ".b.test", ""); n != 1 {
			t.Errorf("deleted %d", n)
		}
		if value, _, err := j.Get("x"); value != "1" || err != nil {
			t.Errorf("x is %q (%v) after its other one was deleted", value, err)
		}
		if n := j.ClearSession(); n != 2 || names(j.All()) != "y=2" {
			t.Errorf("ClearSession removed %d and left %q", n, names(j.All()))
		}
		if j.Clear(); j.Len() != 0 || clone.Len() != 4 {
			t.Errorf("after Clear the jar holds %d, its clone %d", j.Len(), clone.Len())
		}
	})
}

func TestRule_2_14_JarFollowsTheHostHeader(t *testing.T) {
	j := new(Jar)
	u := jarURL(t, "http://127.0.0.1:8080/")
	j.receive(u, "Virtual.example.test:81", []byte("a=1"))
	j.receive(u, "virtual.example.test", []byte("b=2; Domain=example.test"))
	j.receive(u, "virtual.example.test", []byte("c=3; Domain=127.0.0.1"))
	j.receive(u, "", []byte("d=4"))
	for host, want := range map[string]string{
		"":                        "d=4",
		"virtual.example.test":    "a=1; b=2",
		"virtual.example.test:99": "a=1; b=2",
		"example.test":            "b=2",
		"[::1]:80":                "",
	} {
		if got := j.header(u, host, nil, false); got != want {
			t.Errorf("with Host %q goes %q, want %q", host, got, want)
		}
	}
}

func TestCookieValid(t *testing.T) {
	for _, c := range []Cookie{
		{Name: "a"}, {Name: "a b", Value: `"x y"=\é`}, {Name: "a", Value: "\xff\t\xff"}, {Name: "a", Domain: ".x.test", Path: "/"},
		{Name: "a", Domain: "[::1]"}, {Name: "a", Domain: "bücher.test", HostOnly: true},
	} {
		if err := c.Valid(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	const secret = "hunter2"
	for _, c := range []Cookie{
		{}, {Value: secret}, {Name: "a=b", Value: secret}, {Name: "a;b"}, {Name: "a\r"}, {Name: " a"}, {Name: "a\tb"},
		{Name: "a", Value: secret + ";"}, {Name: "a", Value: secret + "\n"}, {Name: "a", Value: " " + secret},
		{Name: "a", Value: secret, Path: "x"}, {Name: "a", Path: "/\x00"}, {Name: "a", Path: "/\t"},
		{Name: "a", HostOnly: true}, {Name: "a", Domain: "."}, {Name: "a", Domain: "x y"}, {Name: "a", Domain: "http://x"},
		{Name: "a", Domain: "x:80"}, {Name: "a", Domain: "..x"}, {Name: "a", SameSite: "\n"},
	} {
		err := c.Valid()
		if !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%+v: %v", c, err)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%q repeats the value", err)
		}
		if new(Jar).Set(c) == nil {
			t.Errorf("%+v was stored", c)
		}
	}
}
