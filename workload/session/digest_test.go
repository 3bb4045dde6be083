package session

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"strings"
	"testing"

	digestlib "github.com/icholy/digest"

	"sessbench/workload/wire"
)

// askedDigest returns a digest's own state for a session that has been sent to an address.
func askedDigest(t testing.TB, d Digest, address string) *digestSession {
	t.Helper()
	s := d.Session().(*digestSession)
	if got := authenticate(t, s, authHop(t, "GET", address)); got != "" {
		t.Fatalf("the first request has %q", got)
	}
	return s
}

// digestAnswer returns the Authorization header that answers challenges to a GET.
func digestAnswer(t testing.TB, s Answerer, address string, challenges ...string) *digestlib.Credentials {
	t.Helper()
	h := authHop(t, "GET", address)
	if !s.Answer(h, 401, challenges) {
		t.Fatalf("no answer to %q", challenges)
	}
	return digestCredentials(t, authenticate(t, s, h))
}

// digestUpFront returns the Authorization header that a GET has from the start.
func digestUpFront(t testing.TB, s Auth, address string) *digestlib.Credentials {
	t.Helper()
	return digestCredentials(t, authenticate(t, s, authHop(t, "GET", address)))
}

func digestCredentials(t testing.TB, header string) *digestlib.Credentials {
	t.Helper()
	c, err := digestlib.ParseCredentials(header)
	if err != nil {
		t.Fatalf("%q: %v", header, err)
	}
	return c
}

func requireUnanswered(t *testing.T, s Answerer, address string, status int, challenges ...string) {
	t.Helper()
	h := authHop(t, "GET", address)
	if s.Answer(h, status, challenges) || len(h.Headers) != 0 {
		t.Errorf("%d with %q was answered: %q", status, challenges, h.Headers)
	}
}

const digestPage = "http://host.test/dir/page?q=1"

// The examples of RFC 7616 section 3.9.1 and of RFC 2617 section 3.5.
func TestRule_4_9_Examples(t *testing.T) {
	const (
		nonce  = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
		opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
		fields = `realm="http-auth@example.org", qop="auth, auth-int", nonce="` + nonce + `", opaque="` + opaque + `"`
		sent   = `username="Mufasa", realm="http-auth@example.org", nonce="` + nonce + `", uri="/dir/index.html", `
	)
	for name, test := range map[string]struct {
		d         Digest
		cnonce    string
		challenge string
		want      string
	}{
		"RFC 7616 SHA-256": {
			Digest{"Mufasa", "Circle of Life"}, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"Digest " + fields + ", algorithm=SHA-256",
			"Digest " + sent + `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", opaque="` + opaque +
				`", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"`,
		},
		"RFC 7616 MD5": {
			Digest{"Mufasa", "Circle of Life"}, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
			"Digest " + fields + ", algorithm=MD5",
			"Digest " + sent + `response="8ca523f5e9506fed4657c9700eebdbec", opaque="` + opaque +
				`", algorithm=MD5, qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"`,
		},
		"RFC 2617": {
			Digest{"Mufasa", "Circle Of Life"}, "0a4f113b",
			`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			`Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", ` +
				`response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41", qop=auth, nc=00000001, cnonce="0a4f113b"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			const address = "http://www.example.org/dir/index.html"
			s := askedDigest(t, test.d, address)
			s.newCnonce = func() string { return test.cnonce }
			h := authHop(t, "GET", address)
			if !s.Answer(h, 401, []string{test.challenge}) {
				t.Fatal("no answer")
			}
			if got := authenticate(t, s, h); got != test.want {
				t.Errorf("\n got %s\nwant %s", got, test.want)
			}
		})
	}
}

// expectedDigest is what a server computes, by the formulas of RFC 7616 section 3.4.1 to 3.4.3.
func expectedDigest(d Digest, method string, c *digestlib.Credentials) string {
	sum := func(text string) string {
		name := strings.TrimSuffix(strings.ToUpper(c.Algorithm), "-SESS")
		switch data := []byte(text); name {
		case "SHA":
			return fmt.Sprintf("%x", sha1.Sum(data))
		case "SHA-256":
			return fmt.Sprintf("%x", sha256.Sum256(data))
		case "SHA-512":
			return fmt.Sprintf("%x", sha512.Sum512(data))
		case "SHA-512-256":
			return fmt.Sprintf("%x", sha512.Sum512_256(data))
		default:
			return fmt.Sprintf("%x", md5.Sum(data))
		}
	}
	a1 := sum(fmt.Sprintf("%s:%s:%s", d.User, c.Realm, d.Password))
	if strings.HasSuffix(strings.ToUpper(c.Algorithm), "-SESS") {
		a1 = sum(fmt.Sprintf("%s:%s:%s", a1, c.Nonce, c.Cnonce))
	}
	a2 := sum(method + ":" + c.URI)
	if c.QOP == "" {
		return sum(fmt.Sprintf("%s:%s:%s", a1, c.Nonce, a2))
	}
	return sum(fmt.Sprintf("%s:%s:%08x:%s:%s:%s", a1, c.Nonce, c.Nc, c.Cnonce, c.QOP, a2))
}

func TestRule_4_9_Algorithms(t *testing.T) {
	algorithms := []string{
		"", "MD5", "md5", "MD5-sess", "SHA", "SHA-sess", "SHA-256", "sha-256", "SHA-256-sess",
		"SHA-512-256", "SHA-512-256-sess", "SHA-512", "SHA-512-SESS",
	}
	for _, algorithm := range algorithms {
		for qop, want := range map[string]string{"": "", `, qop="auth"`: "auth", `, qop=auth`: "auth", `, qop="auth-int, auth"`: "auth", `, qop=" auth,auth-int"`: "auth", `, qop=""`: ""} {
			t.Run(algorithm+qop, func(t *testing.T) {
				d := Digest{`jürgen "j" \`, "pass:wörd"}
				field := `Digest realm="a \"realm\", with comma", nonce="N/="` + qop
				if algorithm != "" {
					field += ", algorithm=" + algorithm
				}
				s := askedDigest(t, d, digestPage)
				first := digestAnswer(t, s, digestPage, field)
				second := digestUpFront(t, s, "http://host.test/other")
				for i, c := range []*digestlib.Credentials{first, second} {
					if c.Username != d.User || c.Realm != `a "realm", with comma` || c.Nonce != "N/=" || c.Opaque != "" || c.Algorithm != algorithm || c.QOP != want {
						t.Errorf("answer %d: %+v", i, c)
					}
					if want != "" && c.Nc != i+1 || want == "" && c.Nc != 0 {
						t.Errorf("answer %d: nc %d", i, c.Nc)
					}
					sess := strings.HasSuffix(strings.ToLower(algorithm), "-sess")
					if (c.Cnonce == "") != (want == "" && !sess) {
						t.Errorf("answer %d: cnonce %q", i, c.Cnonce)
					}
					if expected := expectedDigest(d, "GET", c); c.Response != expected {
						t.Errorf("answer %d: response %s, want %s", i, c.Response, expected)
					}
				}
				if first.URI != "/dir/page?q=1" || second.URI != "/other" {
					t.Errorf("uri %q and %q", first.URI, second.URI)
				}
			})
		}
	}
}

func TestRule_4_9_NoAnswerCanBeBuilt(t *testing.T) {
	for _, field := range []string{
		"", "Basic realm=x", `Basic realm="Digest nonce=x"`, "Negotiate", "Bearer realm=x, error=invalid_token",
		`Digest realm=x`, "Digest", `Digest realm=x, nonce=n, algorithm=SHA-3`, `Digest realm=x, nonce=n, algorithm=-sess`,
		`Digest realm=x, nonce=n, algorithm=token`, `Digest realm=x, nonce="n`, `Digestive realm=x, nonce=n`,
		"Digest realm=\"a\x01b\", nonce=n", "Digest realm=x, nonce=\"n\r\nX: y\"",
	} {
		s := askedDigest(t, Digest{"u", "p"}, digestPage)
		requireUnanswered(t, s, digestPage, 401, field)
		if got := authenticate(t, s, authHop(t, "GET", digestPage)); got != "" {
			t.Errorf("after %q: %q up front", field, got)
		}
	}
}

// 13.20: a request is not repeated in vain.
func TestRule_4_9_AuthIntOnlyIsLeft(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, digestPage)
	requireUnanswered(t, s, digestPage, 401, `Digest realm=x, nonce=n, qop=auth-int`)
	requireUnanswered(t, s, digestPage, 401, `Digest realm=x, nonce=n, qop="auth-int,token"`)
}

func TestDigestTakesTheStrongestChallenge(t *testing.T) {
	const md5Field, sha = `Digest realm=r, nonce=weak, algorithm=MD5, qop=auth`, `Digest realm=r, nonce=strong, algorithm=SHA-256, qop=auth`
	for name, challenges := range map[string][]string{
		"fields":                 {md5Field, sha},
		"fields, strong first":   {sha, md5Field},
		"one field":              {md5Field + ", " + sha},
		"one field without end":  {md5Field + "," + sha + " ,, "},
		"mixed":                  {`Basic realm="a, Digest nonce=b"`, `Negotiate YWJj==, ` + sha + `, NTLM, ` + md5Field + `, Basic realm="x"`},
		"an unknown one":         {`Digest realm=r, nonce=unknown, algorithm=SHA-3-512, qop=auth`, md5Field, sha},
		"auth-int only":          {`Digest realm=r, nonce=int, algorithm=SHA-512, qop=auth-int`, sha},
		"legacy form":            {`Digest realm=r, nonce=old, algorithm=SHA-256`, sha},
		"the first of equals":    {sha, strings.Replace(sha, "strong", "later", 1)},
		"a broken one behind it": {sha + `, Digest nonce="broken`},
		"odd spelling":           {"\tdIgEsT \t REALM = r ,Nonce=\"st\\rong\" , ALGORITHM = \"sha-256\" QOP=\"AUTH\""},
	} {
		t.Run(name, func(t *testing.T) {
			s := askedDigest(t, Digest{"u", "p"}, digestPage)
			if c := digestAnswer(t, s, digestPage, challenges...); c.Nonce != "strong" || !strings.EqualFold(c.Algorithm, "SHA-256") || c.QOP != "auth" {
				t.Errorf("answered %+v", c)
			}
		})
	}
	for stronger, weaker := range map[string]string{"SHA-512": "SHA-512-256", "SHA-512-256": "SHA-256-sess", "SHA-256": "SHA", "SHA": "MD5-sess"} {
		s := askedDigest(t, Digest{"u", "p"}, digestPage)
		if c := digestAnswer(t, s, digestPage, "Digest nonce=n, qop=auth, algorithm="+weaker, "Digest nonce=n, algorithm="+stronger); c.Algorithm != stronger {
			t.Errorf("%s was taken before %s", c.Algorithm, stronger)
		}
	}
}

func TestRule_4_7_CountsUpAsLongAsTheNonceLasts(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, digestPage)
	cnonce := ""
	for _, nonce := range []string{"one", "two", "three"} {
		field := `Digest realm=r, qop=auth, opaque="", stale=true, nonce=` + nonce
		first := digestAnswer(t, s, digestPage, field)
		if first.Nc != 1 || first.Nonce != nonce || first.Cnonce == cnonce {
			t.Errorf("first answer to %s: %+v", nonce, first)
		}
		cnonce = first.Cnonce
		for want := 2; want <= 17; want++ {
			h := authHop(t, "POST", "http://host.test:80/another")
			header := authenticate(t, s, h)
			if c := digestCredentials(t, header); c.Nc != want || c.Nonce != nonce || c.Response != expectedDigest(s.Digest, "POST", c) {
				t.Errorf("request %d with %s: %+v", want, nonce, c)
			}
			if !strings.Contains(header, fmt.Sprintf("nc=%08x,", want)) || !strings.Contains(header, `opaque="",`) {
				t.Errorf("request %d: %s", want, header)
			}
		}
	}
}

func TestRule_4_8_AnyClientErrorIsAnswered(t *testing.T) {
	const field = "Digest realm=r, nonce=n, qop=auth"
	for _, status := range []int{400, 401, 403, 407, 499} {
		s := askedDigest(t, Digest{"u", "p"}, digestPage)
		h := authHop(t, "GET", digestPage)
		if !s.Answer(h, status, []string{field}) {
			t.Errorf("no answer to %d", status)
		}
	}
	for _, status := range []int{200, 302, 399, 500, 503} {
		requireUnanswered(t, askedDigest(t, Digest{"u", "p"}, digestPage), digestPage, status, field)
	}
}

// A server that does not change its nonce sees its count go on.
func TestRule_4_8_OnlyANewNonceRestartsTheCount(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, digestPage)
	for i, nonce := range []string{"a", "a", "a", "b", "b", "a"} {
		want := []int{1, 2, 3, 1, 2, 1}[i]
		if c := digestAnswer(t, s, digestPage, "Digest realm=r, qop=auth, nonce="+nonce); c.Nc != want || c.Nonce != nonce {
			t.Errorf("answer %d: %+v, want nc %d", i, c, want)
		}
	}
}

// The answer takes the place of the one that was refused; other headers stay.
func TestRule_4_8_TheAnswerReplacesTheHeader(t *testing.T) {
	s := askedDigest(t, Digest{"u", "p"}, digestPage)
	h := authHop(t, "GET", digestPage, wire.Header{Name: "authorization", Value: "old"}, wire.Header{Name: "Cookie", Value: "a=b"})
	if !s.Answer(h, 401, []string{"Digest realm=r, nonce=n"}) {
		t.Fatal("no answer")
	}
	authenticate(t, s, h)
	if len(h.Headers) != 2 || h.Headers[0].Name != "Authorization" || h.Headers[0].Value == "old" || h.Header("Cookie") != "a=b" {
		t.Errorf("headers %q", h.Headers)
	}
}

// 13.18: nobody but those whom a call was to authenticate at gets an answer.
func TestRule_4_11_ForeignOriginsAreNotAnswered(t *testing.T) {
	const field = "Digest realm=r, nonce=n, qop=auth"
	s := askedDigest(t, Digest{"u", "p"}, "http://host.test/")
	for _, foreign := range []string{"http://other.test/", "https://host.test/", "http://host.test:8080/", "http://sub.host.test/"} {
		requireUnanswered(t, s, foreign, 401, field)
	}
	digestAnswer(t, s, "http://HOST.test:80/", field)
	if got := authenticate(t, s, authHop(t, "GET", "https://host.test/")); got != "" {
		t.Errorf("another origin is sent %q", got)
	}
	// Now that it was asked for, it has a state of its own.
	if c := digestAnswer(t, s, "https://host.test:443/", field); c.Nc != 1 {
		t.Errorf("%+v", c)
	}
	if c := digestUpFront(t, s, "http://host.test/"); c.Nc != 2 {
		t.Errorf("%+v", c)
	}
}

func TestRule_4_11_StateIsTheSessionsOwn(t *testing.T) {
	d := Digest{"u", "p"}
	first := askedDigest(t, d, digestPage)
	digestAnswer(t, first, digestPage, "Digest realm=r, nonce=n, qop=auth")
	askedDigest(t, d, digestPage) // fails if it knows of the nonce
	if c := digestUpFront(t, first, digestPage); c.Nc != 2 {
		t.Errorf("%+v", c)
	}
}

// The example of RFC 7616 section 3.9.2, with the values of its erratum 4897: those in the text itself
// are of SHA-512 cut off, not of SHA-512/256.
func TestDigestUserhashExample(t *testing.T) {
	s := askedDigest(t, Digest{"J\u00e4s\u00f8n Doe", "Secret, or not?"}, "http://api.example.org/doe.json")
	s.newCnonce = func() string { return "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v" }
	c := digestAnswer(t, s, "http://api.example.org/doe.json", `Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, `+
		`nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true`)
	if c.Username != "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b" {
		t.Errorf("user name %s", c.Username)
	}
	if c.Response != "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5" {
		t.Errorf("response %s", c.Response)
	}
}

// RFC 7616 section 3.4.4.
func TestDigestUserhash(t *testing.T) {
	s := askedDigest(t, Digest{"jürgen", "p"}, digestPage)
	c := digestAnswer(t, s, digestPage, "Digest realm=r, nonce=n, qop=auth, algorithm=SHA-256, charset=UTF-8, userhash=true")
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte("jürgen:r"))); c.Username != want || !c.Userhash {
		t.Errorf("%+v, want user name %s", c, want)
	}
	if want := expectedDigest(s.Digest, "GET", c); c.Response != want {
		t.Errorf("response %s, want %s", c.Response, want)
	}
}

func TestDigestWithAnInvalidUser(t *testing.T) {
	err := Digest{"evil\r\nX: y", "p"}.Session().Authenticate(authHop(t, "GET", digestPage))
	if !errors.Is(err, ErrInvalidHeader) || strings.Contains(err.Error(), "evil") {
		t.Errorf("%v", err)
	}
}

func TestDigestCnoncesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		c := digestAnswer(t, askedDigest(t, Digest{"u", "p"}, digestPage), digestPage, "Digest realm=r, nonce=n, qop=auth")
		if len(c.Cnonce) != 32 || seen[c.Cnonce] {
			t.Fatalf("cnonce %q", c.Cnonce)
		}
		seen[c.Cnonce] = true
	}
}
