package session

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestRule_2_7_JarExpiry(t *testing.T) {
	for _, c := range []struct {
		attributes string
		life       time.Duration // 0 ends at once, -1 with the session
	}{
		{"Max-Age=10", 10 * time.Second},
		{"max-age = 10 ", 10 * time.Second},
		{"Max-Age=010", 10 * time.Second},
		{"Max-Age=10; Expires=Sat, 01 Jan 2000 00:00:05 GMT", 10 * time.Second},
		{"Expires=Sat, 01 Jan 2000 00:00:05 GMT; Max-Age=10", 10 * time.Second},
		{"Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=10", 10 * time.Second},
		{"Max-Age=10; Max-Age=20", 20 * time.Second},
		{"Max-Age=0", 0},
		{"Max-Age=-5", 0},
		{"Max-Age=0; Expires=Sat, 01 Jan 2000 00:00:05 GMT", 0},
		{"Max-Age=99999999999999999999999", -2},
		{"Max-Age=9223372036854775807", -2},
		{"Expires=Sat, 01 Jan 2000 00:00:05 GMT", 5 * time.Second},
		{"Expires=\"Sat, 01 Jan 2000 00:00:05 GMT\"", 5 * time.Second},
		{"Expires=Sat, 01-Jan-2000 00:00:05 GMT", 5 * time.Second},
		{"Expires=Saturday, 01-Jan-00 00:00:05 GMT", 5 * time.Second},
		{"Expires=Sat Jan  1 00:00:05 2000", 5 * time.Second},
		{"Expires=Fri, 31-Dec-99 23:59:59 GMT", 0},
		{"Expires=Sun, 06 Nov 1994 08:49:37 GMT", 0},
		{"Expires=soon", -1},
		{"Expires=", -1},
		{"Expires=0", -1},
		{"Expires", -1},
		{"Max-Age=", -1},
		{"Max-Age=-", -1},
		{"Max-Age=+10", -1},
		{"Max-Age=1.5", -1},
	} {
		t.Run(c.attributes, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // begins at 2000-01-01
				j := jarOf(t, "http://h.test/", "keep=1", "a=old", "a=1; "+c.attributes)
				if c.life == 0 {
					wantSent(t, j, "http://h.test/", "keep=1")
					return
				}
				wantSent(t, j, "http://h.test/", "keep=1; a=1")
				if c.life < 0 {
					time.Sleep(100 * 365 * 24 * time.Hour)
					wantSent(t, j, "http://h.test/", "keep=1; a=1")
					if j.ClearSession(); (j.Len() == 1) != (c.life == -2) {
						t.Errorf("%d cookies do not end with the session", j.Len())
					}
					return
				}
				time.Sleep(c.life - time.Nanosecond)
				wantSent(t, j, "http://h.test/", "keep=1; a=1")
				time.Sleep(time.Nanosecond)
				wantSent(t, j, "http://h.test/", "keep=1")
			})
		})
	}
}

func TestRule_2_7_JarDeletionHitsItsIdentityOnly(t *testing.T) {
	const gone = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
	lines := []string{"a=1", "a=2; Path=/p", "a=3; Domain=example.test", "A=4", "b=5"}
	for _, c := range []struct{ line, want string }{
		{"a=x" + gone, "a=2; a=3; A=4; b=5"},
		{"a=x; Path=/p" + gone, "a=1; a=3; A=4; b=5"},
		{"a=x; Domain=example.test" + gone, "a=2; a=1; A=4; b=5"},
		{"a=x; Max-Age=0; Domain=a.example.test", "a=2; a=3; A=4; b=5"},
		{"a=x; Path=/other" + gone, "a=2; a=1; a=3; A=4; b=5"},
		{"c=x" + gone, "a=2; a=1; a=3; A=4; b=5"},
	} {
		wantSent(t, jarOf(t, "http://a.example.test/", append(slices.Clip(lines), c.line)...), "http://a.example.test/p", c.want)
	}
}

func TestRule_13_7_JarBadMaxAgeIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := jarOf(t, "http://h.test/", `a=1; Max-Age="10"`, "b=2; Max-Age=ten; Expires=Sat, 01 Jan 2000 00:00:05 GMT", "c=3; Max-Age=7; Max-Age=x")
		wantSent(t, j, "http://h.test/", "a=1; b=2; c=3")
		time.Sleep(5 * time.Second)
		wantSent(t, j, "http://h.test/", "a=1; c=3")
		time.Sleep(2 * time.Second)
		wantSent(t, j, "http://h.test/", "a=1")
	})
}
