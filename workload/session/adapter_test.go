package session

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/wire"
)

// A namedTransport is told from others by its name, and carries nothing.
type namedTransport struct {
	name   string
	closed int
}

func (*namedTransport) Do(context.Context, *wire.Request, *wire.Response, *wire.Exchange) {}

func (n *namedTransport) Close() { n.closed++ }

// mounted returns mounts with transports that are named after their prefixes.
func mounted(t testing.TB, prefixes ...string) *mounts {
	t.Helper()
	m := new(mounts)
	for _, p := range prefixes {
		if err := m.set(p, Adapter{Transport: &namedTransport{name: p}}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// foundFor returns the name of what is found for a URL, or "".
func foundFor(t testing.TB, m *mounts, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if a := m.find(u); a != nil {
		return a.Transport.(*namedTransport).name
	}
	return ""
}

func TestRule_5_1_TheLongestPrefixCountsInAnyOrder(t *testing.T) {
	prefixes := []string{
		"http://", "https://", "http://example.test", "http://example.test/", "http://example.test/api", "http://example.test/api/v1",
		"http://example.test/api/", "https://example.test", "http://other.test/a-very-long-path-on-another-host",
	}
	want := map[string]string{
		"http://example.test":            "http://example.test/",
		"http://example.test?q":          "http://example.test/",
		"http://example.test/x":          "http://example.test/",
		"http://example.test/api":        "http://example.test/api",
		"http://example.test/api?q=/v1":  "http://example.test/api",
		"http://example.test/api/":       "http://example.test/api/",
		"http://example.test/api/v2":     "http://example.test/api/",
		"http://example.test/api/v1":     "http://example.test/api/v1",
		"http://example.test/api/v1/x":   "http://example.test/api/v1",
		"http://example.test/api/v10":    "http://example.test/api/",
		"http://example.test/apis":       "http://example.test/",
		"https://example.test/api":       "https://example.test",
		"https://other.test/":            "https://",
		"http://other.test/":             "http://",
		"http://sub.example.test/api/v1": "http://",
	}
	forward, backward := mounted(t, prefixes...), new(mounts)
	for _, p := range slices.Backward(prefixes) {
		if err := backward.set(p, Adapter{Transport: &namedTransport{name: p}}); err != nil {
			t.Fatal(err)
		}
	}
	for raw, prefix := range want {
		for order, m := range map[string]*mounts{"forward": forward, "backward": backward} {
			if got := foundFor(t, m, raw); got != prefix {
				t.Errorf("%s, %s: %q, want %q", order, raw, got, prefix)
			}
		}
	}
}

func TestRule_5_1_CaseDoesNotMatter(t *testing.T) {
	m := mounted(t, "HTTP://Example.TEST/Api/%7Euser")
	for _, raw := range []string{"http://example.test/api/~user", "Http://EXAMPLE.test/API/~USER/x", "http://example.test/api/%7euser"} {
		if foundFor(t, m, raw) == "" {
			t.Errorf("%s: nothing found", raw)
		}
	}
	u := &url.URL{Scheme: "HTTP", Host: "EXAMPLE.TEST:080", Path: "/api/~user"}
	if m.find(u) == nil {
		t.Errorf("%s: nothing found", u)
	}
}

func TestRule_5_1_SamePrefixReplaces(t *testing.T) {
	for _, other := range []string{"http://h.test/a", "HTTP://H.test:80/A", "http://h.test/%61"} {
		m := mounted(t, "http://h.test/a")
		if err := m.set(other, Adapter{Transport: &namedTransport{name: "new"}}); err != nil {
			t.Fatal(err)
		}
		if got := foundFor(t, m, "http://h.test/a"); got != "new" || len(m.list) != 1 {
			t.Errorf("%s: %q of %d", other, got, len(m.list))
		}
	}
}

func TestRule_13_21_PrefixesEndAtBoundaries(t *testing.T) {
	for _, c := range []struct {
		prefix, url string
		holds       bool
	}{
		{"http://example.test", "http://example.test.evil.test/", false},
		{"http://example.test", "http://example.testing/", false},
		{"http://example.test", "http://example.test@evil.test/", false},
		{"http://example.test", "http://user:pw@example.test/", true},
		{"http://example.test", "http://example.test:81/", false},
		{"http://example.test", "http://example.test:80/", true},
		{"http://example.test:80", "http://example.test/", true},
		{"https://example.test", "https://example.test:443/", true},
		{"https://example.test:80", "https://example.test/", false},
		{"http://example.test:8", "http://example.test:80/", false},
		{"http://example.test:8080/", "http://example.test:8080/x", true},
		{"http://example.test", "https://example.test/", false},
		{"http://", "https://example.test/", false},
		{"http://[::1]:81/a", "http://[::1]:81/a/b", true},
		{"http://[::1]", "http://[::1]:81/", false},
		{"http://[::1]", "http://[::1]/", true},
		{"http://h.test/a", "http://h.test/a", true},
		{"http://h.test/a", "http://h.test/a/", true},
		{"http://h.test/a", "http://h.test/ab", false},
		{"http://h.test/a", "http://h.test/a%2Fb", true},
		{"http://h.test/a/", "http://h.test/a", false},
		{"http://h.test/a/", "http://h.test/a/b", true},
		{"http://h.test/a/b", "http://h.test/a", false},
		{"http://h.test/", "http://h.test", true},
		{"http://h.test", "http://h.test", true},
	} {
		if got := foundFor(t, mounted(t, c.prefix), c.url) != ""; got != c.holds {
			t.Errorf("%s for %s: %v", c.prefix, c.url, got)
		}
	}
}

func TestRule_12_11_NoAdapter(t *testing.T) {
	m := mounted(t, "https://", "http://h.test")
	for raw, want := range map[string]Kind{
		"example.test/x":             ErrMissingScheme,
		"/path":                      ErrMissingScheme,
		"//h.test/path":              ErrMissingScheme,
		"ftp://h.test/":              ErrInvalidScheme,
		"mailto:user@h.test":         ErrInvalidScheme,
		"http://o.test/":             ErrInvalidScheme,
		"ftp://u:secret@h/?t=secret": ErrInvalidScheme,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		a, err := m.lookup(u)
		if e, ok := errors.AsType[*Error](err); a != nil || !ok || e.Kind != want || !errors.Is(err, ErrInvalidURL) {
			t.Errorf("%s: %v, want %v", raw, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error has a secret: %v", raw, err)
		}
	}
	u, _ := url.Parse("https://any.test")
	if a, err := m.lookup(u); a == nil || err != nil {
		t.Errorf("%v, %v", a, err)
	}
}

func TestMountsRefuseWhatIsNoPrefix(t *testing.T) {
	for _, text := range []string{
		"", "http", "http:", "http:/", "//", "://", "all://", "ftp://h.test", "h.test", "/path", "http:///path", "http:h.test",
		"http://user:secret@h.test", "http://secret%zz", "http://h.test/?secret", "http://h.test?", "http://h.test/#secret", "http://h.test:99999",
		"http://h.test:0", "http://bücher.test", "http:// h", " http://h.test", "https://?", "https://#",
	} {
		m := new(mounts)
		err := m.set(text, Adapter{Transport: new(namedTransport)})
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != ErrInvalidArgument || len(m.list) != 0 {
			t.Errorf("%q: %v", text, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error has a secret: %v", text, err)
		}
		if _, err := m.remove(text); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("remove %q: %v", text, err)
		}
	}
}

func TestMountsRefuseUnusableAdapters(t *testing.T) {
	var m mounts
	for want, a := range map[string]Adapter{
		"transport": {},
		"total":     {Transport: new(namedTransport), Retries: Retries(-1)},
	} {
		if err := m.set("http://", a); !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want one about %s", err, want)
		}
	}
}

func TestUnmount(t *testing.T) {
	m := mounted(t, "http://", "http://h.test/a", "http://h.test/a/b")
	if removed, err := m.remove("HTTP://H.TEST:80/a"); !removed || err != nil {
		t.Fatalf("%v, %v", removed, err)
	}
	if removed, err := m.remove("http://h.test/a"); removed || err != nil {
		t.Fatalf("again: %v, %v", removed, err)
	}
	if got := foundFor(t, m, "http://h.test/a/x"); got != "http://" {
		t.Errorf("found %q", got)
	}
	if got := foundFor(t, m, "http://h.test/a/b"); got != "http://h.test/a/b" {
		t.Errorf("found %q", got)
	}
}

func TestMountsCloseEveryTransport(t *testing.T) {
	a, b := new(namedTransport), new(namedTransport)
	var m mounts
	for prefix, transport := range map[string]*namedTransport{"http://": a, "https://": b} {
		if err := m.set(prefix, Adapter{Transport: transport}); err != nil {
			t.Fatal(err)
		}
	}
	m.close()
	if a.closed != 1 || b.closed != 1 {
		t.Errorf("closed %d and %d times", a.closed, b.closed)
	}
}

// A prefix that is accepted holds for itself and for what follows at a boundary, and never for another host.
func FuzzMountPrefix(f *testing.F) {
	for _, seed := range []string{
		"http://", "https://", "http://h.test", "HTTPS://H.test:443/A%20b/", "http://[::1]:80/x", "http://h/%ff", "http://h/a//b", "http://h/..",
		"http://user@h", "http://h?", "all://", "http://h:", "http://h/%2F",
	} {
		f.Add(seed, "/x")
	}
	f.Fuzz(func(t *testing.T, text, more string) {
		var m mounts
		if err := m.set(text, Adapter{Transport: new(namedTransport)}); err != nil {
			if !errors.Is(err, ErrInvalidArgument) || len(m.list) != 0 {
				t.Fatalf("%q: %v, %d mounted", text, err, len(m.list))
			}
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q: mounted, but %v", text, err)
		}
		if m.find(u) == nil {
			t.Errorf("%q does not hold for itself", text)
		}
		if u.Host == "" {
			return
		}
		inside := *u
		inside.Path += "/" + more
		inside.RawPath = ""
		if m.find(&inside) == nil {
			t.Errorf("%q does not hold for %q", text, inside.Path)
		}
		foreign := *u
		foreign.Host = "x" + strings.TrimPrefix(foreign.Host, "[")
		if m.find(&foreign) != nil {
			t.Errorf("%q holds for host %q", text, foreign.Host)
		}
		if removed, err := m.remove(text); !removed || err != nil {
			t.Errorf("%q cannot be removed: %v", text, err)
		}
	})
}

func BenchmarkMountsFind(b *testing.B) {
	m := mounted(b, "https://", "http://", "https://a.test/", "https://b.test/api", "https://b.test/api/v1/")
	u, err := url.Parse("https://b.test/api/v1/items?page=1")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if m.find(u) == nil {
			b.Fatal("nothing found")
		}
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	m := mounted(t, "https://", "http://", "https://b.test:8443/api/v1/")
	u, err := url.Parse("https://B.test:8443/API/v1/items%20%2F")
	if err != nil {
		t.Fatal(err)
	}
	if n := programs.Allocs(100, func() { m.find(u) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
