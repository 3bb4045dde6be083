package session

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

// targetOf returns what is sent of u in the request line.
func targetOf(t testing.TB, u *url.URL) string {
	t.Helper()
	req, err := wire.NewRequest(wire.RequestSpec{URL: u})
	if err != nil {
		t.Fatalf("%s: %v", u, err)
	}
	line, _, _ := strings.Cut(string(req.Raw), "\r\n")
	return strings.TrimSuffix(strings.TrimPrefix(line, "GET "), " HTTP/1.1")
}

func prepared(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := prepareURL(raw)
	if err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	return u
}

func TestRule_1_5_URLsArePrepared(t *testing.T) {
	for _, tc := range []struct{ raw, reported, target string }{
		{"http://h/a b/%7Eu/./x/../y?k=a b#frag", "http://h/a%20b/~u/y?k=a%20b#frag", "/a%20b/~u/y?k=a%20b"},
		// Blanks, scheme, host, port.
		{" \t\n\u00a0http://h/", "http://h/", "/"},
		{"HTTP://Example.TEST/Path?Query", "http://example.test/Path?Query", "/Path?Query"},
		{"hTTps://H:0443/", "https://h:443/", "/"},
		{"http://h:/x", "http://h/x", "/x"},
		{"http://h.:80", "http://h.:80/", "/"},
		{"http://under_score.test", "http://under_score.test/", "/"},
		{"http://[FE80::1%25Eth0]:81/", "http://[fe80::1%25Eth0]:81/", "/"},
		{"http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/", "/"},
		{"http://[::ffff:1.2.3.4]/", "http://[::ffff:1.2.3.4]/", "/"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/", "/"},
		// International names: UTS 46 maps, and keeps ß.
		{"http://É.test/", "http://xn--9ca.test/", "/"},
		{"http://faß.test:81/", "http://xn--fa-hia.test:81/", "/"},
		{"http://a。test/", "http://a.test/", "/"},
		{"http://%C3%A9.test/", "http://xn--9ca.test/", "/"},
		{"http://XN--9CA.test/", "http://xn--9ca.test/", "/"},
		{"http://ex%41mple.test/", "http://example.test/", "/"},
		// Paths.
		{"http://h", "http://h/", "/"},
		{"http://h?q", "http://h/?q", "/?q"},
		{"http://h#f", "http://h/#f", "/"},
		{"http://h/a/./b/../c", "http://h/a/c", "/a/c"},
		{"http://h/../../x", "http://h/x", "/x"},
		{"http://h/a/b/..", "http://h/a/", "/a/"},
		{"http://h/a/.", "http://h/a/", "/a/"},
		{"http://h/..", "http://h/", "/"},
		{"http://h/.a/..b/...", "http://h/.a/..b/...", "/.a/..b/..."},
		{"http://h/a/%2e%2E/b", "http://h/b", "/b"},
		{"http://h//a//b", "http://h//a//b", "//a//b"},
		{"http://h/..//x", "http://h//x", "//x"},
		{`http://h\x/y`, "http://h/%5Cx/y", "/%5Cx/y"},
		{"http://h/trailing ", "http://h/trailing%20", "/trailing%20"},
		{"http://h/*", "http://h/*", "/*"},
		// Escapes.
		{"http://h/%7e%41%5f?%7e=%2d", "http://h/~A_?~=-", "/~A_?~=-"},
		{"http://h/%2F%2f%3F?%26%3d", "http://h/%2F%2f%3F?%26%3d", "/%2F%2f%3F?%26%3d"},
		{"http://h/é?é#é", "http://h/%C3%A9?%C3%A9#%C3%A9", "/%C3%A9?%C3%A9"},
		{"http://h/\xff?\xff", "http://h/%FF?%FF", "/%FF?%FF"},
		{"http://h/a\nb?c\r\nd", "http://h/a%0Ab?c%0D%0Ad", "/a%0Ab?c%0D%0Ad"},
		{"http://h/\"<>^`{|}[]", "http://h/%22%3C%3E%5E%60%7B%7C%7D%5B%5D", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"},
		{"http://h/!$&'()*+,;=:@?!$&'()*+,;=:@/?", "http://h/!$&'()*+,;=:@?!$&'()*+,;=:@/?", "/!$&'()*+,;=:@?!$&'()*+,;=:@/?"},
		{"http://h/100%?50%", "http://h/100%25?50%25", "/100%25?50%25"},
		{"http://h/%zz%41?%41", "http://h/%25zz%2541?A", "/%25zz%2541?A"},
		{"http://h/a%20b?x=100%&y=%41#f%", "http://h/a%20b?x=100%25&y=%2541#f%25", "/a%20b?x=100%25&y=%2541"},
		{"http://h/+?a+b", "http://h/+?a+b", "/+?a+b"},
		// What is empty is left out; the fragment is never sent.
		{"http://h/?", "http://h/", "/"},
		{"http://h/#", "http://h/", "/"},
		{"http://h/x?a#b?c#d", "http://h/x?a#b?c%23d", "/x?a"},
		// User information stays in the URL, and out of the target.
		{"http://u:p@h/", "http://u:p@h/", "/"},
		{"http://u:p%40%3A@h/", "http://u:p%40%3A@h/", "/"},
		{"http://a@b@h/", "http://a%40b@h/", "/"},
		{"http://u@h/", "http://u@h/", "/"},
		{"http://u:@h/", "http://u:@h/", "/"},
		{"http://@h/", "http://h/", "/"},
		{`http://h\@evil.test/`, "http://h/%5C@evil.test/", "/%5C@evil.test/"},
		{"http://h/#@evil.test/", "http://h/#@evil.test/", "/"},
		{"http://h/?@evil.test/", "http://h/?@evil.test/", "/?@evil.test/"},
	} {
		u := prepared(t, tc.raw)
		if got := u.String(); got != tc.reported {
			t.Errorf("%q is reported as %q, want %q", tc.raw, got, tc.reported)
		}
		if got := targetOf(t, u); got != tc.target {
			t.Errorf("%q is sent as %q, want %q", tc.raw, got, tc.target)
		}
	}
}

func TestRule_1_5_OtherSchemesAreNotTouched(t *testing.T) {
	for _, raw := range []string{
		"ftp://U:p@A/b c/./%7e?x y", "mailto:joe@example.test", "localhost:8080/x", "example.test:80", "data:,a b", "http+unix://%2Fsock/x", "ftp://[bad/", "x:",
	} {
		u := prepared(t, raw)
		if got := u.String(); got != raw {
			t.Errorf("%q became %q", raw, got)
		}
		if got := withParams(u, Pairs("a", "1")); got != u {
			t.Errorf("%q got parameters: %q", raw, got)
		}
	}
}

func TestRule_12_10_InvalidURLs(t *testing.T) {
	for name, raw := range map[string]string{
		"no host":                     "http://",
		"no host, with path":          "http:///path",
		"no host, with query":         "https://?q",
		"no host, with port":          "http://:80/",
		"no host, with user":          "http://s3cret@/",
		"no slashes":                  "http:h",
		"one slash":                   "http:/h/x",
		"star":                        "http://*/",
		"label with a star":           "http://*.example.test/",
		"inner label with a star":     "http://a.*b.test/",
		"dot":                         "http://.example.test/",
		"only a dot":                  "http://./",
		"empty label":                 "http://a..b/",
		"international empty label":   "http://é。。b/",
		"label too long":              "http://" + strings.Repeat("a", 64) + ".test/",
		"port of letters":             "http://h:http/",
		"port too high":               "http://h:65536/",
		"port 0":                      "http://h:0/",
		"negative port":               "http://h:-1/",
		"signed port":                 "http://h:+80/",
		"two ports":                   "http://h:80:80/",
		"IPv6 not closed":             "http://[::1/",
		"IPv6 not opened":             "http://::1]/",
		"IPv6 without brackets":       "http://fe80::1/",
		"IPv6 broken":                 "http://[::1::]/",
		"IPv6 empty":                  "http://[]/",
		"IPv6 with more":              "http://[::1]x/",
		"IPv6 with a bad port":        "http://[::1]:x/",
		"IPv6 zone empty":             "http://[fe80::1%25]/",
		"IPv6 zone with a blank":      "http://[fe80::1%25a b]/",
		"IPv4 in brackets":            "http://[127.0.0.1]/",
		"IPvFuture":                   "http://[v1.x]/",
		"name in brackets":            "http://[h]/",
		"blank in host":               "http://exa mple.test/",
		"line break in host":          "http://a\r\nb/",
		"control character in host":   "http://a\x00b/",
		"brace in host":               "http://a{b/",
		"escaped slash in host":       "http://a%2Fb/",
		"lone percent in host":        "http://a%b/",
		"no international name":       "http://é_.test/",
		"IDNA: hyphens":               "http://-é.test/",
		"IDNA: broken ACE":            "http://xn--zzzzé.test/",
		"IDNA: not UTF-8":             "http://\xff.test/",
		"IDNA: right-to-left mixed":   "http://a\u05d0.test/",
		"IDNA: maps to nothing":       "http://\u00ad/",
		"secret before a bad port":    "http://user:s3cret@h:x/?q=s3cret",
		"secret with a slash":         "http://user:s3cret/s3cret@h:x/",
		"secret with question mark":   "http://user:s3cret?x@h/",
		"secret with a number sign":   "http://user:s3cret#x@h/",
		"secret in query, bad IPv6":   "http://[/?token=s3cret",
		"secret in fragment, no host": "http://#s3cret",
	} {
		t.Run(name, func(t *testing.T) {
			u, err := prepareURL(raw)
			var typed *Error
			if !errors.Is(err, ErrInvalidURL) || errors.Is(err, ErrMissingScheme) || !errors.As(err, &typed) {
				t.Fatalf("%v, %v", u, err)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%q has the secret", err)
			}
		})
	}
}

func TestRule_12_11_URLsWithoutAScheme(t *testing.T) {
	for _, raw := range []string{
		"example.test/x", "/path", "//h/x", "", " ", "?q=s3cret", "#s3cret", "h", "127.0.0.1:80/x", "é.test", ":80", "://h/",
		"//u:s3cret@h/x?s3cret", "é:s3cret@h/", "/u:s3cret@h", "h/?a=s3cret@x",
	} {
		u, err := prepareURL(raw)
		var typed *Error
		if !errors.Is(err, ErrMissingScheme) || !errors.Is(err, ErrInvalidURL) || !errors.As(err, &typed) {
			t.Errorf("%q: %v, %v", raw, u, err)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q has the secret", err)
		}
	}
	if _, err := prepareURL("example.test/x?q"); err == nil || !strings.HasPrefix(err.Error(), "example.test/x: URL without a scheme") {
		t.Errorf("%v does not say what is meant", err)
	}
}

func TestRule_1_4_ParamsAreAppendedToTheQuery(t *testing.T) {
	session := Pairs("a", "1", "b", "2")
	for _, tc := range []struct {
		url           string
		session, over Fields
		target        string
	}{
		{"http://h/p?z=0", session, Fields{Set("b", "3"), Set("c", "4", "5")}, "/p?z=0&a=1&b=3&c=4&c=5"},
		{"http://h/p", session, Fields{Remove("a"), Set("l", "1", "2"), Set("B", "x")}, "/p?b=2&l=1&l=2&B=x"},
		{"http://h/p", nil, Pairs("q", "a b&c=d", "u", "é", "s", "/~"), "/p?q=a+b%26c%3Dd&u=%C3%A9&s=%2F~"},
		{"http://h/p?z=0&", nil, Pairs("a", "1"), "/p?z=0&&a=1"},
		{"http://h/p?%26=+&=#f", nil, Pairs("a", "1"), "/p?%26=+&=&a=1"},
		{"http://h/p?", nil, Pairs("a", "1"), "/p?a=1"},
		{"http://h", nil, Pairs("a", ""), "/?a="},
		{"http://h/p?z", nil, nil, "/p?z"},
		{"http://h/p?z", nil, Fields{Remove("a")}, "/p?z"},
	} {
		u := prepared(t, tc.url)
		before := *u
		with := withParams(u, mergeParams(tc.session, tc.over))
		if got := targetOf(t, with); got != tc.target {
			t.Errorf("%s: target %q, want %q", tc.url, got, tc.target)
		}
		if *u != before {
			t.Errorf("%s was changed to %v", tc.url, u)
		}
		if with.Fragment != u.Fragment {
			t.Errorf("%s: the fragment is %q", tc.url, with.Fragment)
		}
	}
}

func TestPublicURLHasNoSecrets(t *testing.T) {
	for raw, want := range map[string]string{
		"https://u:s3cret@h:1/a%2Fb c?k=s3cret#s3cret": "https://h:1/a%2Fb%20c",
		"http://[fe80::1%25x]/":                        "http://[fe80::1%25x]/",
		"ftp://u:s3cret@h/x":                           "ftp://h/x",
		"user:s3cret@h/x":                              "user:",
	} {
		if got := publicURL(prepared(t, raw)); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	if got := publicURL(nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}

// checkPrepared holds what every prepared http or https URL has in common.
func checkPrepared(t *testing.T, raw string, u *url.URL) {
	t.Helper()
	target := targetOf(t, u)
	if target[0] != '/' {
		t.Errorf("%q: target %q", raw, target)
	}
	for i := 0; i < len(target); i++ {
		if target[i] <= ' ' || target[i] >= 0x7f {
			t.Errorf("%q: byte %#x in target %q", raw, target[i], target)
		}
	}
	reported := u.String()
	parsed, err := url.Parse(reported)
	if err != nil {
		t.Fatalf("%q: what is reported is no URL: %v", raw, err)
	}
	if parsed.String() != reported || parsed.Host != u.Host {
		t.Errorf("%q: reported %q, reads as %q", raw, reported, parsed)
	}
	if i := strings.IndexByte(reported, '#'); i >= 0 {
		reported = reported[:i]
	}
	if !strings.HasSuffix(reported, target) {
		t.Errorf("%q: reported %q, target %q", raw, reported, target)
	}
}

func FuzzPrepareURL(f *testing.F) {
	for _, seed := range []string{
		"http://h/a b/%7Eu/./x/../y?k=a b#frag", "HTTPS://u:p@É.test:0443/%zz?%#%", "http://[FE80::1%25e]:1/..//.", "http://h\\x?\xff#\xff",
		" http://a%40b@h//%2e/", "ftp://a b/", "x", "http://%C3%A9。b/", "http://h/%252e?'", "http://:@h/%%41", "http://h/%5c/..%2f",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := prepareURL(raw)
		if err != nil {
			var typed *Error
			if !errors.As(err, &typed) || !typed.Kind.Is(ErrInvalidURL) {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		again, err := prepareURL(u.String())
		if err != nil {
			t.Fatalf("%q was prepared as %q, which is refused: %v", raw, u, err)
		}
		if again.String() != u.String() {
			t.Errorf("%q was prepared as %q, and that as %q", raw, u, again)
		}
		if isWeb(u.Scheme) {
			checkPrepared(t, raw, u)
		}
	})
}

func BenchmarkPrepareURL(b *testing.B) {
	for name, raw := range map[string]string{
		"plain":   "https://api.example.test:8443/v1/items/17?page=2",
		"escapes": "https://api.example.test/a b/%7Eu/./x/../y?k=é#frag",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := prepareURL(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWithParams(b *testing.B) {
	u, params := prepared(b, "https://api.example.test/v1/items?page=2"), Pairs("locale", "en", "q", "a b", "sort", "name")
	b.ReportAllocs()
	for b.Loop() {
		withParams(u, params)
	}
}
