package session

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/internal/programs"
)

// The number changes with the header's answers, by time too, and else stays.
func TestJarCurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := new(Jar)
		u := jarURL(t, "http://h.test/")
		last := j.current()
		step := func(what string, changes bool, do func()) {
			t.Helper()
			do()
			if now := j.current(); (now != last) != changes {
				t.Errorf("%s: the number went from %d to %d, want a change: %v", what, last, now, changes)
			}
			last = j.current()
		}
		receive := func(line string) func() { return func() { j.receive(u, "", []byte(line)) } }
		step("nothing", false, func() {})
		step("new", true, receive("a=1; Max-Age=10"))
		step("the same", false, receive("a=1; Max-Age=10"))
		step("another value", true, receive("a=2; Max-Age=10"))
		step("other ways of no consequence", false, receive("a=2; Max-Age=20; HttpOnly; SameSite=Lax"))
		step("secure", true, receive("a=2; Max-Age=20; Secure"))
		step("for sub-domains", true, receive("a=2; Max-Age=20; Secure; Domain=h.test"))
		step("no cookie", false, receive("nonsense"))
		step("foreign", false, receive("b=1; Domain=other.test"))
		step("deletion of nothing", false, receive("b=1; Max-Age=0"))
		step("the first life that was renewed", false, func() { time.Sleep(10 * time.Second) })
		step("the end of its life", true, func() { time.Sleep(10 * time.Second) })
		step("time alone", false, func() { time.Sleep(time.Hour) })
		step("by the client", true, func() { setAll(t, j, Cookie{Name: "c", Value: "1"}) })
		step("deletion", true, receive("d=1"))
		step("deletion", true, receive("d=1; Max-Age=0"))
		step("filling", true, func() {
			if err := j.UnmarshalJSON([]byte(`{"cookies":[]}`)); err != nil {
				t.Error(err)
			}
		})
		step("clearing nothing", false, j.Clear)
	})
}

func TestJarLimits(t *testing.T) {
	j := new(Jar)
	setAll(t, j, Cookie{Name: "mine", Value: "1", Domain: "h.test"})
	for i := range maxDomainCookies + 2 {
		j.receive(jarURL(t, "http://h.test/"), "", fmt.Appendf(nil, "c%d=%d", i, i))
	}
	list := j.All()
	if len(list) != maxDomainCookies+1 || list[0].Name != "mine" || list[1].Name != "c2" {
		t.Errorf("%d cookies, beginning with %s, %s", len(list), list[0].Name, list[1].Name)
	}
	for i := range maxCookies {
		j.receive(jarURL(t, fmt.Sprintf("http://h%d.test/", i)), "", []byte("a=1"))
	}
	list = j.All()
	if len(list) != maxCookies+1 || list[0].Name != "mine" || list[1].Domain != "h0.test" {
		t.Errorf("%d cookies, beginning with %s, %s", len(list), list[0].Name, list[1].Domain)
	}

	fits, long := strings.Repeat("x", maxCookieBytes-1), strings.Repeat("/x", maxAttributeBytes)
	j = jarOf(t, "http://h.test/", "a="+fits, "b="+fits+"x", "c=1; Path="+long)
	if list := j.All(); len(list) != 2 || list[0].Name != "a" || list[1].Name != "c" || list[1].Path != "/" {
		t.Errorf("stored %d cookies", len(list))
	}
}

// Room is made by what has expired before anything that lives goes.
func TestJarDropsExpiredCookiesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := jarOf(t, "http://h.test/", "old=1", "short=1; Max-Age=5")
		for i := range maxDomainCookies - 2 {
			j.receive(jarURL(t, "http://h.test/"), "", fmt.Appendf(nil, "c%d=1", i))
		}
		time.Sleep(5 * time.Second)
		j.receive(jarURL(t, "http://h.test/"), "", []byte("new=1"))
		if list := j.All(); len(list) != maxDomainCookies || list[0].Name != "old" {
			t.Errorf("%d cookies, the first is %s", len(list), list[0].Name)
		}
	})
}

// What a server sets again with every response costs no memory.
func TestJarAllocations(t *testing.T) {
	u := jarURL(t, "https://api.example.test/v1/items?page=2")
	line := []byte("session=0123456789abcdef0123456789abcdef0123456789; Domain=example.test; Path=/; Max-Age=3600; Secure; SameSite=Lax")
	j := jarOf(t, "https://api.example.test/", string(line))
	setAll(t, j, Cookie{Name: "lang", Value: "en"})
	once, err := prepareCookies([]Cookie{{Name: "lang", Value: "de"}})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		do   func()
		want float64
	}{
		"current": {func() { j.current() }, 0},
		"receive": {func() { j.receive(u, "", line) }, 0},
		"header":  {func() { j.header(u, "", once, false) }, 1},
		"nothing": {func() { j.header(u, "127.0.0.1:80", nil, true) }, 0},
	} {
		if got := programs.Allocs(100, c.do); got != c.want {
			t.Errorf("%s allocates %v times, want %v", what, got, c.want)
		}
	}
}
