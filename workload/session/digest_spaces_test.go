package session

import (
	"fmt"
	"testing"
)

// Two realms on one server are each answered up front once both are known.
func TestDigestProtectionSpaces(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, "http://host.test/a/1")
	digestAnswer(t, s, "http://host.test/a/1", "Digest realm=A, nonce=a1, qop=auth")
	digestAnswer(t, s, "http://host.test/b/1", "Digest realm=B, nonce=b1, qop=auth")
	check := func(path, realm, nonce string, nc int) {
		t.Helper()
		if c := digestUpFront(t, s, "http://host.test"+path); c.Realm != realm || c.Nonce != nonce || c.Nc != nc {
			t.Errorf("%s: %+v, want realm %s, nonce %s, nc %d", path, c, realm, nonce, nc)
		}
	}
	check("/a/2", "A", "a1", 2)
	check("/b/2", "B", "b1", 2)
	check("/b/deeper/3", "B", "b1", 3)
	check("/c", "A", "a1", 3)
	digestAnswer(t, s, "http://host.test/b/deeper/4", "Digest realm=A, nonce=a1, qop=auth")
	check("/b/deeper/5", "A", "a1", 5)
	check("/b/6", "B", "b1", 4)
	// A new nonce counts wherever the realm was seen.
	digestAnswer(t, s, "http://host.test/b/", "Digest realm=A, nonce=a2, qop=auth")
	check("/b/deeper/7", "A", "a2", 2)
	check("/b/8", "A", "a2", 3)
	check("/", "A", "a2", 4)
}

func TestDigestForgetsRealmsWithoutEnd(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, digestPage)
	for i := range 3 * maxDigestDirectories {
		address := fmt.Sprintf("http://host.test/%d/", i)
		digestAnswer(t, s, address, fmt.Sprintf("Digest realm=r%d, nonce=n, qop=auth", i))
		if c := digestUpFront(t, s, address); c.Realm != fmt.Sprintf("r%d", i) || c.Nc != 2 {
			t.Fatalf("%s: %+v", address, c)
		}
	}
	if n := len(s.origins[authOriginOf(authHop(t, "GET", digestPage).URL)].directories); n > maxDigestDirectories {
		t.Errorf("%d directories are remembered", n)
	}
}
