package session

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func TestRule_3_2_WhatIsFollowed(t *testing.T) {
	follow := map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true}
	for status := 100; status < 600; status++ {
		if got := isRedirect(status, []byte("/x")); got != follow[status] {
			t.Errorf("%d: %v", status, got)
		}
		if isRedirect(status, nil) || isRedirect(status, []byte{}) {
			t.Errorf("%d is followed without a Location", status)
		}
	}
}

func TestRule_3_3_MethodAndBodyOfTheNextHop(t *testing.T) {
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X-OWN"}
	for _, tc := range []struct {
		status int
		want   []string // by method; with "+" where the body goes along
	}{
		{301, []string{"GET", "HEAD", "GET", "PUT+", "PATCH+", "DELETE+", "OPTIONS+", "X-OWN+"}},
		{302, []string{"GET", "HEAD", "GET", "GET", "GET", "GET", "GET", "GET"}},
		{303, []string{"GET", "HEAD", "GET", "GET", "GET", "GET", "GET", "GET"}},
		{307, []string{"GET+", "HEAD+", "POST+", "PUT+", "PATCH+", "DELETE+", "OPTIONS+", "X-OWN+"}},
		{308, []string{"GET+", "HEAD+", "POST+", "PUT+", "PATCH+", "DELETE+", "OPTIONS+", "X-OWN+"}},
	} {
		for i, method := range methods {
			next, body := redirectMethod(tc.status, method)
			if body {
				next += "+"
			}
			if next != tc.want[i] {
				t.Errorf("%d after %s: %s, want %s", tc.status, method, next, tc.want[i])
			}
		}
	}
}

func TestRule_3_3_HeadersThatGoWithTheBody(t *testing.T) {
	goes := []string{
		"Content-Length", "content-type", "TRANSFER-ENCODING", "Content-Encoding", "Content-Language", "Content-Location",
		"Content-MD5", "Content-Range", "Content-Disposition", "Content-Digest", "Digest", "Last-Modified", "Trailer", "Expect",
	}
	stays := []string{"Host", "X-Api-Key", "Accept", "Content", "Content-", "X-Content-Type", "Authorization", "TE", "Connection"}
	var headers, want []wire.Header
	for i := range max(len(goes), len(stays)) {
		if i < len(goes) {
			headers = append(headers, wire.Header{Name: goes[i], Value: "g"})
		}
		if i < len(stays) {
			headers = append(headers, wire.Header{Name: stays[i], Value: "s"})
			want = append(want, wire.Header{Name: stays[i], Value: "s"})
		}
	}
	before := slices.Clone(headers)
	if got := dropBodyHeaders(headers); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if !slices.Equal(headers, before) {
		t.Error("the headers of the earlier hop were changed")
	}
}

func TestRule_3_5_LocationsAreResolved(t *testing.T) {
	for _, tc := range []struct {
		current, location, reported, target string
		relative                            bool
	}{
		{"http://h/d/e/1?a=1", "two", "http://h/d/e/two", "/d/e/two", true},
		{"http://h/d/e/two", "../three", "http://h/d/three", "/d/three", true},
		{"http://h/d/three", "?q=4", "http://h/d/three?q=4", "/d/three?q=4", true},
		{"http://h/any", "/a b", "http://h/a%20b", "/a%20b", true},
		{"http://h/any", "/é?x=%2F&y= z", "http://h/%C3%A9?x=%2F&y=%20z", "/%C3%A9?x=%2F&y=%20z", true},
		{"http://h/any", "/\xc3\xa9/\xff", "http://h/%C3%A9/%FF", "/%C3%A9/%FF", true},
		{"https://h:1/a", "//other:2/x", "https://other:2/x", "/x", false},
		{"https://h:1/a", "//other", "https://other/", "/", false},
		{"https://h/a", "http://O.test/x/../y", "http://o.test/y", "/y", false},
		{"https://h/a", "HTTP://h", "http://h/", "/", false},
		{"http://h/a", "http://é.test:080/", "http://xn--9ca.test:80/", "/", false},
		{"http://h/a?s=1", "#f", "http://h/a?s=1#f", "/a?s=1", true},
		{"http://h/a?s=1", "?", "http://h/a", "/a", true},
		{"http://h/a%2Fb/c", "d", "http://h/a%2Fb/d", "/a%2Fb/d", true},
		{"http://h/a%20b/c", "100%", "http://h/a%20b/100%25", "/a%20b/100%25", true},
		{"http://h/a/b", "%2e%2E/c", "http://h/c", "/c", true},
		{"http://h/a/b/", "./.././../../c/.", "http://h/c/", "/c/", true},
		{"http://h/a", "x:y/../z", "x:y/../z", "", false},
		{"http://h/a", "./x:y", "http://h/x:y", "/x:y", true},
		{"http://h/a", "/x?u=http://o/", "http://h/x?u=http://o/", "/x?u=http://o/", true},
		{"http://h", "two", "http://h/two", "/two", true},
		{"http://h/a", "///x", "http://h/x", "/x", true},
		// A scheme without a host, which RFC 3986 calls a loophole to be read so.
		{"http://h/a/b", "http:two", "http://h/a/two", "/a/two", true},
		{"http://h/a/b", "http:///two", "http://h/two", "/two", true},
		{"http://[fe80::1%25x]:1/a", "b", "http://[fe80::1%25x]:1/b", "/b", true},
		{"http://[fe80::1%2525x]:1/a", "b", "http://[fe80::1%2525x]:1/b", "/b", true},
	} {
		next, relative, err := redirectURL(prepared(t, tc.current), []byte(tc.location))
		if err != nil {
			t.Errorf("%s, %q: %v", tc.current, tc.location, err)
			continue
		}
		if next.String() != tc.reported || relative != tc.relative {
			t.Errorf("%s, %q: %s, relative %v; want %s", tc.current, tc.location, next, relative, tc.reported)
		}
		if tc.target != "" && targetOf(t, next) != tc.target {
			t.Errorf("%s, %q: target %s, want %s", tc.current, tc.location, targetOf(t, next), tc.target)
		}
	}
}

func TestRule_3_5_ResolvingLeavesTheCurrentURLAlone(t *testing.T) {
	current := prepared(t, "http://u:p@h/a/b?c#d")
	before := *current
	for _, location := range []string{"", "x", "/y?z#f", "//o/", "http://o/", "http://[", "mailto:x"} {
		_, _, _ = redirectURL(current, []byte(location))
	}
	if *current != before {
		t.Errorf("changed to %v", current)
	}
}

func TestRule_3_6_FragmentsAreInherited(t *testing.T) {
	u := prepared(t, "http://h/1#é one")
	for _, step := range []struct{ location, fragment string }{
		{"2", "%C3%A9%20one"}, {"http://o/3", "%C3%A9%20one"}, {"/4#", "%C3%A9%20one"}, {"/5#two", "two"}, {"//p/6", "two"}, {"#a%2Fb", "a%2Fb"}, {"?7", "a%2Fb"},
	} {
		next, _, err := redirectURL(u, []byte(step.location))
		if err != nil {
			t.Fatal(err)
		}
		if got := next.EscapedFragment(); got != step.fragment || !strings.HasSuffix(next.String(), "#"+step.fragment) {
			t.Errorf("%s: fragment %q in %s, want %q", step.location, got, next, step.fragment)
		}
		if strings.Contains(targetOf(t, next), step.fragment) {
			t.Errorf("%s: the fragment is sent", step.location)
		}
		u = next
	}
}

func TestRule_3_11_WhereCredentialsGo(t *testing.T) {
	for _, tc := range []struct {
		from, to string
		kept     bool
	}{
		{"http://h:1/", "http://h:1/x", true},
		{"http://h:1/", "http://h:2/", false},
		{"http://h/", "https://h/", true},
		{"http://h:80/", "http://h/", true},
		{"https://h/", "http://h/", false},
		{"http://h:8080/", "https://h:8443/", false},
		{"http://h/", "http://sub.h/", false},

		{"http://h/", "http://h:80/", true},
		{"https://h:443/", "https://h/", true},
		{"https://h/", "https://h:443/", true},
		{"http://h:80/", "https://h:443/", true},
		{"http://h/", "https://h:443/", true},
		{"http://h:80/", "https://h/", true},
		{"http://h/", "https://h:80/", false},
		{"http://h:443/", "https://h/", false},
		{"http://h:443/", "https://h:443/", false},
		{"https://h:80/", "http://h/", false},
		{"https://h:443/", "http://h:80/", false},
		{"http://h/", "http://h:443/", false},
		{"https://h/", "https://h:80/", false},
		{"http://sub.h/", "http://h/", false},
		{"http://h/", "http://h.evil/", false},
		{"http://h/", "http://h./", false},
		{"http://h/", "https://sub.h/", false},
		{"http://[::1]:1/", "http://[::1]:1/x", true},
		{"http://[::1]/", "http://[::2]/", false},
		{"http://127.0.0.1/", "http://localhost/", false},
		{"http://h/", "ftp://h/", false},
		{"http://h/", "ftp://h:80/", false},
	} {
		if got := keepsCredentials(prepared(t, tc.from), prepared(t, tc.to)); got != tc.kept {
			t.Errorf("%s to %s: %v", tc.from, tc.to, got)
		}
	}
	// URLs that were not prepared.
	if !keepsCredentials(&url.URL{Scheme: "HTTP", Host: "H:80"}, &url.URL{Scheme: "http", Host: "h"}) {
		t.Error("the case of scheme and host decides")
	}
}

func TestRule_3_12_CredentialsInALocationAreDropped(t *testing.T) {
	current := prepared(t, "http://u:s3cret@h/a")
	for location, want := range map[string]string{
		"http://x:s3cret@o/b":     "http://o/b",
		"//x:s3cret@o/b":          "http://o/b",
		"//s3cret@o":              "http://o/",
		"b":                       "http://h/b", // nor does it inherit any
		"ftp://x:s3cret@o/b":      "ftp://o/b",
		"FTP://x:s3cret@a@o/b?c":  "ftp://o/b?c",
		"ftp://x:s3cret@[o/b c":   "ftp://[o/b c",
		"ftp://s3cret\x7f@o o/b?": "ftp://o o/b?",
	} {
		next, _, err := redirectURL(current, []byte(location))
		if err != nil {
			t.Errorf("%s: %v", location, err)
			continue
		}
		if got := next.String(); got != want || next.User != nil {
			t.Errorf("%s: %s, want %s", location, got, want)
		}
	}
}

func TestRule_3_13_LocationsThatCannotBeUsed(t *testing.T) {
	current := prepared(t, "http://u:s3cret@h/a?s3cret")
	for _, location := range []string{
		"http://h:port/", "http://h:65536/", "http://h:0/", "//h:99999/", "http://[::1/", "http://[::1]x/", "http://[127.0.0.1]/", "//[/",
		"https:///x", "https:x", "http://:80/", "http://a b/", "http://\xff/", "http://u:s3cret@h:x/?s3cret#s3cret", "http://u:s3cret?@h/",
	} {
		next, _, err := redirectURL(current, []byte(location))
		var typed *Error
		if !errors.Is(err, ErrInvalidURL) || !errors.As(err, &typed) {
			t.Errorf("%s: %v, %v", location, next, err)
			continue
		}
		if typed.URL != "http://h/a" || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error says %q", location, err)
		}
	}
	// The check of 1.5 is not repeated: what does not resolve fails when it is connected to. What
	// has another scheme fails for want of an adapter.
	for location, want := range map[string]string{
		"http://*.test/": "http://*.test/", "http://.test/": "http://.test/", "http://a..b/": "http://a..b/",
		"ftp://h/x y": "ftp://h/x y", "mailto:a@b": "mailto:a@b", "custom://[/": "custom://[/",
	} {
		next, relative, err := redirectURL(current, []byte(location))
		if err != nil || next.String() != want || relative {
			t.Errorf("%s: %v, %v", location, next, err)
		}
	}
}

// plainReference reports whether net/url and we should agree on what a Location means: it has
// nothing to encode or to decode, and no scheme or host that we read otherwise.
func plainReference(location string) bool {
	for i := 0; i < len(location); i++ {
		if b := location[i]; !isQueryByte(b) && b != '#' {
			return false
		}
	}
	u, err := url.Parse(location)
	return err == nil && location != "" && (u.Scheme == "" || isWeb(u.Scheme) && u.Host != "") && u.User == nil &&
		!u.ForceQuery && !strings.HasPrefix(location, "///") && u.Port() == "" && !strings.HasSuffix(u.Host, ":")
}

func FuzzRedirectURL(f *testing.F) {
	for _, seed := range []string{
		"two", "../three", "?q=4", "/a b", "/é?x=%2F&y= z", "//o:1/x", "http://u:p@o/#f", "ftp://u:p@[o/", "http:x", "http://[::1", "#f", "..//../x/.",
		"/..//x", "a:b", "//u:p@O", "\\x", "%zz", "x/%2e%2e/%7e", "HTTPS://O/..", "g;x=1/./y", "mailto:u@h",
	} {
		f.Add("/d/e/1?a=1#f", seed)
	}
	f.Fuzz(func(t *testing.T, path, location string) {
		if location == "" {
			t.Skip() // not followed
		}
		current, err := prepareURL("http://u:p@h/" + path)
		if err != nil {
			t.Fatal(err)
		}
		next, _, err := redirectURL(current, []byte(location))
		if err != nil {
			if !errors.Is(err, ErrInvalidURL) {
				t.Errorf("%q: %v", location, err)
			}
			return
		}
		if next.User != nil {
			t.Errorf("%q: %s has user information", location, next)
		}
		if isWeb(next.Scheme) {
			checkPrepared(t, location, next)
		}
		if !plainReference(location) || strings.Contains(current.EscapedPath(), "%") {
			return
		}
		// For /..//x RFC 3986 has //x, net/url /x.
		if strings.Contains(location, "..") && strings.Contains(current.EscapedPath()+"/"+location, "//") {
			return
		}
		ref, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		want := current.ResolveReference(ref)
		want.Host = strings.ToLower(want.Host)
		wantPath := want.EscapedPath()
		if wantPath == "" {
			wantPath = "/"
		}
		if next.Scheme != want.Scheme || next.Host != want.Host || next.EscapedPath() != wantPath || next.RawQuery != want.RawQuery {
			t.Errorf("%s and %q: %s, want %s", current, location, next, want)
		}
	})
}
