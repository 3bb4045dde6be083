package session

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

// authHop is a hop to an address, with some headers.
func authHop(t testing.TB, method, address string, headers ...wire.Header) *Hop {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &Hop{Context: context.Background(), Method: method, URL: u, Headers: headers}
}

func authenticate(t testing.TB, a Auth, h *Hop) string {
	t.Helper()
	if err := a.Authenticate(h); err != nil {
		t.Fatal(err)
	}
	return h.Header("Authorization")
}

func TestRule_4_1_BasicIsUTF8(t *testing.T) {
	for _, b := range []Basic{
		{"user", "password"}, {"", ""}, {"user", ""}, {"", "p"}, {"u", "with:colon and blank"},
		{"jürgen", "пароль"}, {"漢字", "€"}, {"line\nbreak", "\x00\xff"},
	} {
		h := authHop(t, "GET", "http://host.test/")
		got := authenticate(t, b, h)
		oracle, _ := http.NewRequest("GET", "http://host.test/", nil)
		oracle.SetBasicAuth(b.User, b.Password)
		if want := oracle.Header.Get("Authorization"); got != want {
			t.Errorf("%q: %q, net/http has %q", b, got, want)
		}
		if static, ok := staticAuthorization(b); !ok || static != got {
			t.Errorf("%q: static %q %v, want %q", b, static, ok, got)
		}
	}
	// RFC 7617 section 2.1: UTF-8.
	if got := authenticate(t, Basic{"test", "123£"}, authHop(t, "GET", "http://host.test/")); got != "Basic dGVzdDoxMjPCow==" {
		t.Errorf("%q", got)
	}
}

func TestRule_1_6_AuthOverwritesAuthorization(t *testing.T) {
	for name, test := range map[string]struct {
		auth Auth
		want string
	}{
		"basic":  {Basic{"user", "password"}, "Basic dXNlcjpwYXNzd29yZA=="},
		"bearer": {Bearer("token"), "Bearer token"},
		"none":   {NoAuth{}, "explicit"},
		"digest": {Digest{"user", "password"}.Session(), ""}, // it has nothing to say yet
	} {
		t.Run(name, func(t *testing.T) {
			h := authHop(t, "GET", "http://host.test/", wire.Header{Name: "authorization", Value: "explicit"}, wire.Header{Name: "X", Value: "y"})
			if got := authenticate(t, test.auth, h); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
			lines := 0
			for _, line := range h.Headers {
				if strings.EqualFold(line.Name, "Authorization") {
					lines++
				}
			}
			if lines > 1 || h.Header("X") != "y" {
				t.Errorf("headers %q", h.Headers)
			}
		})
	}
}

func TestRule_4_2_BearerToken(t *testing.T) {
	const good = "mF_9.B5f-4.1JqM~+/=="
	h := authHop(t, "GET", "http://host.test/")
	if got := authenticate(t, Bearer(good), h); got != "Bearer "+good {
		t.Errorf("%q", got)
	}
	if got, ok := staticAuthorization(Bearer(good)); !ok || got != "Bearer "+good {
		t.Errorf("%q %v", got, ok)
	}
	for _, bad := range []Bearer{"", "secret\r\nX: y", "secret\n", "\rsecret", "sec\x00ret", "sec\x7fret"} {
		h := authHop(t, "GET", "http://host.test/")
		err := bad.Authenticate(h)
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, ErrInvalidHeader) {
			t.Fatalf("%q: error %v, want one of kind %q", bad, err, ErrInvalidHeader)
		}
		if strings.Contains(err.Error(), "sec") {
			t.Errorf("the error tells the token: %v", err)
		}
		if len(h.Headers) != 0 {
			t.Errorf("%q: headers %q", bad, h.Headers)
		}
		if _, ok := staticAuthorization(bad); ok {
			t.Errorf("%q is said to have a static header", bad)
		}
	}
}

func TestStaticAuthorizationIsOfBasicAndBearerOnly(t *testing.T) {
	for _, a := range []Auth{nil, NoAuth{}, Digest{"u", "p"}, Digest{"u", "p"}.Session()} {
		if header, ok := staticAuthorization(a); ok {
			t.Errorf("%T: %q", a, header)
		}
	}
}

func TestRule_4_4_CredentialsInTheURL(t *testing.T) {
	for address, want := range map[string]Basic{
		"http://user:password@host.test/":           {"user", "password"},
		"http://u%40x:p%3A%2F%C3%BC%25@host.test/":  {"u@x", "p:/ü%"},
		"http://user:@host.test/":                   {"user", ""},
		"http://user@host.test/":                    {"user", ""}, // 13.14
		"http://:password@host.test/":               {"", "password"},
		"https://us%0Aer:pass:word@[::1]:8443/path": {"us\ner", "pass:word"},
		"http://host.test/":                         {},
		"http://@host.test/":                        {},
		"http://:@host.test/":                       {},
		"http://host.test/user:password@":           {},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := urlAuth(u); got != want || ok != (want != Basic{}) {
			t.Errorf("%s: %q %v, want %q", address, got, ok, want)
		}
	}
}

func BenchmarkBasic(b *testing.B) {
	auth := Basic{"user", "a password of some length"}
	h := authHop(b, "GET", "http://host.test/", wire.Header{Name: "User-Agent", Value: "test"}, wire.Header{Name: "Accept", Value: "*/*"})
	b.ReportAllocs()
	for b.Loop() {
		if err := auth.Authenticate(h); err != nil {
			b.Fatal(err)
		}
	}
}
