package main

import (
	"net/url"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	for arg, want := range map[string]target{
		"http://h":                    {base: "http://h", path: "/"},
		"http://h:8080/x?y=z":         {base: "http://h:8080", path: "/x?y=z"},
		"https://h/#frag":             {base: "https://h", path: "/"},
		"localhost:8080/x":            {base: "http://localhost:8080", path: "/x", assumed: true},
		"example.com":                 {base: "http://example.com", path: "/", assumed: true},
		"example.com/a?to=http://b/c": {base: "http://example.com", path: "/a?to=http://b/c", assumed: true},
		"http://[::1]:80/a%20b":       {base: "http://[::1]:80", path: "/a%20b"},
		"http://h/a b?c d":            {base: "http://h", path: "/a%20b?c%20d"},
		"http://h//x":                 {base: "http://h", path: "http://h//x"},
		"http://h?":                   {base: "http://h", path: "/?"},
		"127.0.0.1:1":                 {base: "http://127.0.0.1:1", path: "/", assumed: true},
	} {
		got, err := parseTarget(arg)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", arg, got, err, want)
		}
	}
}

func FuzzTargetIsAURLThatHoldsNoPassword(f *testing.F) {
	for _, seed := range []string{"http://a:sssssecret@h/", "a:sssssecret@h", "h:80", "//x", "http:", "http://h//x?y#z", "http://[::1%25eth0]/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		got, err := parseTarget(arg)
		if err != nil {
			if before, _, ok := strings.Cut(arg, "@"); ok && len(before) > 10 && strings.Contains(err.Error(), before[len(before)-10:]) {
				t.Errorf("%q: userinfo in %q", arg, err)
			}
			return
		}
		base, err := url.Parse(got.base)
		if err != nil || base.User != nil || base.Hostname() == "" {
			t.Fatalf("%q: base %q: %v", arg, got.base, err)
		}
		full, err := base.Parse(got.path)
		if err != nil || full.Host != base.Host || full.Fragment != "" {
			t.Errorf("%q: %q from %q is %v, %v", arg, got.path, got.base, full, err)
		}
	})
}
