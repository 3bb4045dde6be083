package session

import (
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// An attribute of a Set-Cookie line, untrimmed, or its name and value.
type lineAttribute struct{ name, value string }

// differences are where the jar and net/http read a line that both accept differently on purpose. What they
// send differs in one thing more: net/http sends Secure cookies to loopback addresses over http.
var differences = []struct {
	why    string
	differ func(pair lineAttribute, attributes []lineAttribute, c *http.Cookie) bool
}{
	{"RFC 6265 drops blanks around every equals sign; net/http keeps those behind it, and does not know a name with one before it",
		func(pair lineAttribute, attributes []lineAttribute, _ *http.Cookie) bool {
			return slices.ContainsFunc(append(attributes, lineAttribute{"", pair.value}), func(a lineAttribute) bool {
				return strings.HasSuffix(a.name, " ") || strings.HasSuffix(a.name, "\t") || strings.HasPrefix(a.value, " ") || strings.HasPrefix(a.value, "\t")
			})
		}},
	{"net/http ignores an attribute with a quote, a backslash, or what is not printable ASCII",
		func(_ lineAttribute, attributes []lineAttribute, _ *http.Cookie) bool {
			return slices.ContainsFunc(attributes, func(a lineAttribute) bool {
				return strings.ContainsFunc(a.value, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' })
			})
		}},
	{"of repeated attributes the last one counts for net/http, whatever it says; here the last usable one",
		func(_ lineAttribute, attributes []lineAttribute, _ *http.Cookie) bool {
			seen := map[string]bool{}
			return slices.ContainsFunc(attributes, func(a lineAttribute) bool {
				name := strings.ToLower(a.name)
				was := seen[name]
				seen[name] = true
				return was
			})
		}},
	{"net/http does not take a Max-Age with a leading zero, or too large for it, but one with a plus sign",
		func(_ lineAttribute, attributes []lineAttribute, _ *http.Cookie) bool {
			return slices.ContainsFunc(attributes, func(a lineAttribute) bool {
				if !strings.EqualFold(a.name, "max-age") {
					return false
				}
				n, err := strconv.Atoi(a.value)
				return strings.HasPrefix(a.value, "+") || strings.HasPrefix(a.value, "0") && n != 0 || n > 1e9 || err != nil && a.value != ""
			})
		}},
	{"net/http reads few forms of dates, but zones, and years before 1601",
		func(_ lineAttribute, _ []lineAttribute, c *http.Cookie) bool {
			return c.RawExpires != "" && (c.Expires.IsZero() || c.Expires.Year() < 1601 || !strings.HasSuffix(c.RawExpires, " GMT"))
		}},
	{"attributes of more than 1024 bytes do not count here",
		func(_ lineAttribute, attributes []lineAttribute, _ *http.Cookie) bool {
			return slices.ContainsFunc(attributes, func(a lineAttribute) bool { return len(a.value) > maxAttributeBytes })
		}},
	{"RFC 6265 takes a Domain of a dot for none, and the dot before an address away; net/http drops the cookie",
		func(_ lineAttribute, _ []lineAttribute, c *http.Cookie) bool {
			return c.Domain == "." || c.Domain == ".127.0.0.1"
		}},
}

// onlyTheirs reports lines that net/http takes and the jar does not.
func onlyTheirs(line string, pair lineAttribute) bool {
	// A control character anywhere, or more than 8 KiB.
	return controlIn(line) || len(pair.name)+len(pair.value) > maxCookieBytes
}

func splitLine(line string) (pair lineAttribute, attributes []lineAttribute) {
	for i, part := range strings.Split(line, ";") {
		name, value, _ := strings.Cut(strings.Trim(part, " \t\r\n"), "=")
		if i == 0 {
			pair = lineAttribute{name, value}
		} else if name != "" || value != "" {
			attributes = append(attributes, lineAttribute{name, value})
		}
	}
	return pair, attributes
}

// lastLabel are public suffixes that make net/http refuse domains without an inner dot.
type lastLabel struct{}

func (lastLabel) PublicSuffix(domain string) string {
	return domain[strings.LastIndexByte(domain, '.')+1:]
}
func (lastLabel) String() string { return "last label" }

func FuzzSetCookieAgainstNetHTTP(f *testing.F) {
	for _, line := range []string{
		"a=1", "c=x=y", `q="x y"`, "b=; Path=/p/", "a=1; Path=/; Secure; HttpOnly; SameSite=Lax",
		"a=1; Domain=example.test; Max-Age=60", "a=1; Domain=.EXAMPLE.test", "a=1; Domain=test", "a=1; Domain=127.0.0.1", "a=1; Domain=other.test",
		"a=2; Path=/p; Max-Age=0", "b=1; Max-Age=-1; Domain=a.example.test", "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
		"a=1; Expires=Sun, 06 Nov 2094 08:49:37 GMT; Path=/p/q", "a=1; expires=Sun, 06-Nov-2094 08:49:37 GMT; Max-Age=7", "a=1; Max-Age=007",
		"a=1; ;;=; Path=x; Domain", "a = 1; Path = /p", "n=\xff", "nothing",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		now := time.Now()
		theirs, err := http.ParseSetCookie(line)
		ours, ok := parseSetCookie([]byte(line), now)
		if err != nil {
			return // they take less
		}
		pair, attributes := splitLine(line)
		if ok == onlyTheirs(line, pair) {
			t.Fatalf("%q is a cookie for net/http, here %v", line, ok)
		}
		if !ok {
			return
		}
		for _, d := range differences {
			if d.differ(pair, slices.Clone(attributes), theirs) {
				return
			}
		}
		compareCookie(t, line, ours, theirs, now)
		for _, from := range []string{"https://a.example.test/p/q", "http://127.0.0.1/p"} {
			compareJars(t, from, line, theirs)
		}
	})
}

func compareCookie(t *testing.T, line string, ours Cookie, theirs *http.Cookie, now time.Time) {
	t.Helper()
	value := theirs.Value
	if theirs.Quoted {
		value = `"` + value + `"`
	}
	want := Cookie{
		Name: theirs.Name, Value: value, Secure: theirs.Secure, HTTPOnly: theirs.HttpOnly, SameSite: ours.SameSite,
		Domain: strings.TrimPrefix(strings.ToLower(theirs.Domain), "."), Expires: theirs.Expires.Truncate(time.Second),
	}
	want.HostOnly = want.Domain == ""
	if strings.HasPrefix(theirs.Path, "/") {
		want.Path = theirs.Path
	}
	switch {
	case theirs.MaxAge > 0:
		want.Expires = now.Add(time.Duration(theirs.MaxAge) * time.Second).UTC().Round(0)
	case theirs.MaxAge < 0:
		want.Expires = time.Unix(0, 0).UTC()
	}
	if ours != want {
		t.Errorf("%q is %+v, for net/http %+v", line, ours, want)
	}
}

// compareJars checks what is sent after a line that replaces, deletes or joins others.
func compareJars(t *testing.T, from, line string, c *http.Cookie) {
	t.Helper()
	u := jarURL(t, from)
	theirs, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: lastLabel{}})
	if err != nil {
		t.Fatal(err)
	}
	ours := new(Jar)
	for _, first := range []*http.Cookie{{Name: "a", Value: "0", Path: "/p"}, {Name: "b", Value: "0", Path: "/"}} {
		theirs.SetCookies(u, []*http.Cookie{first})
		ours.receive(u, "", []byte(first.String()))
	}
	theirs.SetCookies(u, []*http.Cookie{c})
	ours.receive(u, "", []byte(line))
	for _, to := range []string{
		from, "https://a.example.test/", "https://example.test/p/q/r", "http://a.example.test/p", "https://x.a.example.test/p",
		"https://notexample.test/", "http://127.0.0.1/p/q", "https://127.0.0.1/pq", "http://1.127.0.0.1/p",
	} {
		if c.Secure && strings.HasPrefix(to, "http://127.") {
			continue // net/http takes loopback for safe
		}
		var want []string
		for _, sent := range theirs.Cookies(jarURL(t, to)) {
			value := sent.Value
			if sent.Quoted {
				value = `"` + value + `"`
			}
			want = append(want, sent.Name+"="+value)
		}
		if got := ours.header(jarURL(t, to), "", nil, false); got != strings.Join(want, "; ") {
			t.Errorf("after %q from %s goes %q to %s, with net/http %q", line, from, got, to, want)
		}
	}
}

// Whatever servers send, it can be saved and loaded, and sent as a header.
func FuzzJarRoundTrips(f *testing.F) {
	f.Add("a=1; Path=/p; Max-Age=600; HttpOnly", "http://a.example.test/x/y")
	f.Add("a=\xff\"\\\t; Path=/\xe9; SameSite=\xee", "http://unknown/")
	f.Add("#HttpOnly_=; Domain=example.test; Secure; Expires=Fri, 31 Dec 9999 23:59:59 GMT", "http://[::1]/a;b/c")
	f.Add("a b=x y", "http://bücher.test./%20")
	f.Fuzz(func(t *testing.T, line, from string) {
		u, err := http.NewRequest("GET", from, nil)
		if err != nil {
			t.Skip()
		}
		j := new(Jar)
		j.receive(u.URL, "", []byte(line))
		if sent := j.header(u.URL, "", nil, false); controlIn(sent) {
			t.Errorf("%q makes the header %q", line, sent)
		}
		checkSaving(t, j)
	})
}
