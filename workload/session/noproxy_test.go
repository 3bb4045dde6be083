package session

import (
	"net/url"
	"strings"
	"testing"
)

func TestRule_8_9_NoProxyEntries(t *testing.T) {
	for _, tc := range []struct {
		list, target string
		want         bool
	}{
		{"one.test", "http://one.test/", true},
		{"one.test", "http://sub.one.test:8080/", true},
		{"one.test", "http://a.b.one.test", true},
		{"one.test", "http://notone.test", false},
		{"one.test", "http://one.test.two.test", false},
		{"one.test", "http://test", false},
		{".one.test", "http://one.test", true},
		{".one.test", "http://sub.one.test", true},
		{".one.test", "http://notone.test", false},
		{"ONE.test", "http://One.TEST", true},
		{"one.test.", "http://one.test", true},
		{"one.test", "http://one.test./", true},
		{" two.test ,, one . test ", "http://one.test", true},
		{"three.test:8080", "http://three.test:8080", true},
		{"three.test:8080", "http://sub.three.test:8080", true},
		{"three.test:8080", "http://three.test", false},
		{"three.test:8080", "http://three.test:8081", false},
		{"three.test:443", "https://three.test", true},
		{"three.test:443", "http://three.test", false},
		{"127.0.0.1", "http://127.0.0.1:8080", true},
		{"127.0.0.1", "http://127.0.0.2", false},
		{"127.0.0.1:8080", "http://127.0.0.1:8080", true},
		{"127.0.0.1:8080", "http://127.0.0.1", false},
		{"127.0.0.1", "http://localhost", false},
		{"localhost", "http://127.0.0.1", false},
		{"0.0.1", "http://127.0.0.1", false},
		{"10.0.0.0/8", "http://10.200.3.4", true},
		{"10.1.2.3/8", "http://10.200.3.4", true},
		{"10.0.0.0/8", "http://11.0.0.1", false},
		{"10.0.0.0/8", "http://ten.test", false},
		{"10.0.0.0/33", "http://10.0.0.1", false},
		{"::1", "http://[::1]:8080", true},
		{"[::1]", "http://[::1]", true},
		{"[::1]:8080", "http://[::1]:8080", true},
		{"[::1]:8080", "http://[::1]", false},
		{"0:0::1", "http://[::1]", true},
		{"fd00::/8", "http://[fd12:3456::1]", true},
		{"fd00::/8", "http://[fe80::1]", false},
		{"fe80::1", "http://[fe80::1%25eth0]", true},
		{"127.0.0.0/8", "http://[::ffff:127.0.0.1]", true},
		{"*", "http://one.test", true},
		{"one.test, *", "https://127.0.0.1", true},
		{"*.one.test", "http://sub.one.test", false},
		{"", "http://one.test", false},
		{",.,:,[],[]:80,:80", "http://one.test", false},
	} {
		if got := bypasses(mustURL(t, tc.target), tc.list); got != tc.want {
			t.Errorf("no_proxy %q, %s: %v", tc.list, tc.target, got)
		}
	}
}

// However a list is spelled, an entry made of the URL's own host covers it, and nothing panics.
func FuzzNoProxy(f *testing.F) {
	f.Add("one.test:80,10.0.0.0/8,[::1]:1", "http://one.test:80")
	f.Add("*", "https://[fe80::1%25a]")
	f.Add(" , .,[", "http://127.0.0.1")
	f.Add("a", "//0.0..")
	f.Add("b", "//0.10.0.0.")
	f.Fuzz(func(t *testing.T, list, target string) {
		u, err := url.Parse(target)
		if err != nil || u.Hostname() == "" {
			return
		}
		covered := bypasses(u, list)
		if spaced := strings.ReplaceAll(list, ",", " ,, "); bypasses(u, spaced) != covered {
			t.Errorf("%q and %q differ for %s", list, spaced, target)
		}
		if !bypasses(u, list+",*") {
			t.Errorf("* does not cover %s", target)
		}
		host := u.Hostname()
		if strings.ContainsAny(host, ", :/[]%") || strings.Trim(host, ".") == "" || strings.ToLower(host) != host || strings.TrimSpace(host) != host {
			return
		}
		if !bypasses(u, list+","+host) {
			t.Errorf("%q does not cover %s", host, target)
		}
	})
}
