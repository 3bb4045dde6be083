package session

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// cookieServer sets what the target's query lists, in parts between "&", and answers with the status that is the
// last segment of the path, or 200.
func cookieServer(t testing.TB) *recorder { return record(t, setCookies) }

func setCookies(r *received) string {
	path, query, _ := strings.Cut(r.Target, "?")
	var headers []string
	for part := range strings.SplitSeq(query, "&") {
		if part != "" {
			headers = append(headers, "Set-Cookie: "+strings.ReplaceAll(part, "%20", " "))
		}
	}
	status := 200
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "404":
		status = 404
	case "500":
		status = 500
	case "302":
		status = 302 // without a Location: nobody follows it
	}
	return reply(status, "", headers...)
}

// cookies returns the Cookie header that the server gets with a GET of url.
func cookies(t testing.TB, s *Session, server *recorder, url string) string {
	t.Helper()
	must(t, s, &Request{URL: url})
	return server.last(t).get("Cookie")
}

func TestRule_2_1_EveryResponseFeedsTheJar(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	for _, path := range []string{"/200?a=1&b=2&c=3", "/404?d=4", "/500?e=5", "/302?f=6"} {
		must(t, s, &Request{URL: server.url + path})
	}
	must(t, s, &Request{Method: "HEAD", URL: server.url + "/?g=7"})
	equal(t, "Cookie", cookies(t, s, server, server.url), "a=1; b=2; c=3; d=4; e=5; f=6; g=7")
}

func TestRule_2_1_EveryResponseThatIsMeasuredFeedsTheJar(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	var call Call
	for _, path := range []string{"/200?a=1&b=2", "/404?c=3", "/"} {
		p, err := s.Prepare(&Request{URL: server.url + path})
		if err != nil {
			t.Fatal(err)
		}
		if s.Measure(t.Context(), p, &call); call.Err != nil {
			t.Fatal(call.Err)
		}
	}
	equal(t, "Cookie", server.last(t).get("Cookie"), "a=1; b=2; c=3")
}

func TestRule_2_1_ChallengesAndStreamsFeedTheJar(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.get("Authorization") == "" {
			return reply(401, "", `WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"`, "Set-Cookie: seen=1")
		}
		return reply(200, "body", "Set-Cookie: done=1")
	})
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.url, Auth: &Digest{User: "u", Password: "p"}, Stream: true})
	equal(t, "with the answer", server.last(t).get("Cookie"), "seen=1")
	if s.Jar.Len() != 2 {
		t.Errorf("before the body is read the jar has %v", s.Jar.All())
	}
	if err := resp.Close(); err != nil {
		t.Error(err)
	}
}

func TestRule_2_2_CookiesOfACall(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target == "/move" {
			return reply(302, "", "Location: /end")
		}
		return setCookies(r)
	})
	s := testSession(t)
	must(t, s, &Request{URL: server.url + "/?server=jar&kept=1"})
	if err := s.Jar.Set(Cookie{Name: "client", Value: "jar"}); err != nil {
		t.Fatal(err)
	}
	must(t, s, &Request{URL: server.url + "/move", Cookies: []Cookie{{Name: "server", Value: "call"}, {Name: "client", Value: "call"}, {Name: "new", Value: "call"}}})
	for _, got := range server.all()[1:] {
		equal(t, "Cookie of "+got.Target, got.get("Cookie"), "kept=1; server=call; client=call; new=call")
	}
	equal(t, "the next call", cookies(t, s, server, server.url), "server=jar; kept=1; client=jar")
	must(t, s, &Request{URL: server.url + "/?server=changed", Cookies: []Cookie{{Name: "server", Value: "call"}}})
	equal(t, "what the server set meanwhile", cookies(t, s, server, server.url), "server=changed; kept=1; client=jar")
}

func TestRule_2_3_Domains(t *testing.T) {
	server := cookieServer(t)
	for _, c := range []struct {
		host, set string
		sent, not []string
	}{
		{"a.example.test", "c=1", []string{"a.example.test"}, []string{"sub.a.example.test", "example.test", "b.example.test"}},
		{"a.example.test", "c=1; Domain=example.test", []string{"example.test", "b.example.test", "x.y.example.test"}, []string{"notexample.test", "other.test"}},
		{"a.example.test", "c=1; domain=.EXAMPLE.test", []string{"example.test", "b.example.test"}, []string{"notexample.test"}},
		{"a.example.test", "c=1; Domain=other.test", nil, []string{"other.test", "a.example.test"}},
		{"a.example.test", "c=1; Domain=b.example.test", nil, []string{"b.example.test", "a.example.test"}},
		{"a.example.test", "c=1; Domain=sub.a.example.test", nil, []string{"sub.a.example.test", "a.example.test"}},
		{"a.example.test", "c=1; Domain=test", nil, []string{"a.example.test", "other.test"}},
		{"a.co.test", "c=1; Domain=co.test", []string{"co.test", "b.co.test"}, []string{"other.test"}},
		{"127.0.0.1", "c=1; Domain=127.0.0.1", []string{"127.0.0.1"}, []string{"localhost"}},
		{"127.0.0.1", "c=1; Domain=0.0.1", nil, []string{"127.0.0.1"}},
		{"localhost", "c=1", []string{"localhost"}, []string{"127.0.0.1"}},
	} {
		t.Run(c.host+" "+c.set, func(t *testing.T) {
			s := testSession(t)
			must(t, s, &Request{URL: server.at(c.host, "/?"+strings.ReplaceAll(c.set, " ", "%20"))})
			for _, host := range c.sent {
				equal(t, "sent to "+host, cookies(t, s, server, server.at(host, "/")), "c=1")
			}
			for _, host := range c.not {
				equal(t, "sent to "+host, cookies(t, s, server, server.at(host, "/")), "")
			}
		})
	}
}

func TestRule_2_4_Paths(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	must(t, s, &Request{URL: server.url + "/a/b/set?default=1&own=1;Path=/x&dir=1;Path=/dir/"})
	for path, want := range map[string]string{
		"/a/b": "default=1", "/a/b/": "default=1", "/a/b/c": "default=1", "/a/bb": "", "/A/b": "", "/": "",
		"/x/y": "own=1", "/dir/": "dir=1", "/dir/a": "dir=1", "/dir": "",
	} {
		equal(t, path, cookies(t, s, server, server.url+path), want)
	}
}

func TestRule_2_5_PortsDoNotSeparate(t *testing.T) {
	one, other := cookieServer(t), cookieServer(t)
	s := testSession(t)
	must(t, s, &Request{URL: one.url + "/?c=1"})
	equal(t, "at the other port", cookies(t, s, other, other.url), "c=1")
	must(t, s, &Request{URL: other.url + "/?c=2"})
	equal(t, "at the first port", cookies(t, s, one, one.url), "c=2")
	secure := recordTLS(t, setCookies)
	s.TLS = &TLS{CAPEM: secure.caPEM}
	equal(t, "over https", cookies(t, s, secure, secure.url), "c=2")
}

func TestRule_2_6_SecureIsForHTTPS(t *testing.T) {
	plain, secure := cookieServer(t), recordTLS(t, setCookies)
	for _, host := range []string{"127.0.0.1", "localhost", "example.test"} {
		s := testSession(t)
		s.TLS = &TLS{CAPEM: secure.caPEM}
		must(t, s, &Request{URL: plain.at(host, "/?plain=1;Secure&__Host-x=1;Secure;Path=/p")})
		must(t, s, &Request{URL: secure.at(host, "/?tls=1;Secure")})
		equal(t, "http to "+host, cookies(t, s, plain, plain.at(host, "/p")), "")
		equal(t, "https to "+host, cookies(t, s, secure, secure.at(host, "/p")), "__Host-x=1; plain=1; tls=1")
	}
}

func TestRule_2_7_ExpiryOnTheWire(t *testing.T) {
	const set = "/?a=1&b=1&c=1;Path=/x&d=1"
	for _, c := range []struct{ name, set, want string }{
		{"Max-Age 0", "a=;Max-Age=0", "b=1; d=1"},
		{"negative Max-Age", "a=;Max-Age=-1", "b=1; d=1"},
		{"past Expires", "a=;Expires=Thu,%2001-Jan-1970%2000:00:01%20GMT", "b=1; d=1"},
		{"quoted past Expires with two digits", `a=;Expires="Thu,%2001-Jan-70%2000:00:01%20GMT"`, "b=1; d=1"},
		{"Max-Age before Expires", "a=2;Max-Age=60;Expires=Thu,%2001%20Jan%201970%2000:00:01%20GMT", "a=2; b=1; d=1"},
		{"Expires before Max-Age", "a=2;Expires=Thu,%2001%20Jan%201970%2000:00:01%20GMT;Max-Age=60", "a=2; b=1; d=1"},
		{"unreadable Expires", "a=2;Expires=soon", "a=2; b=1; d=1"},
		{"unreadable Max-Age", "a=2;Max-Age=x", "a=2; b=1; d=1"},
		{"quoted Max-Age", `a=2;Max-Age="60"`, "a=2; b=1; d=1"},
		{"another path", "c=;Max-Age=0", "a=1; b=1; d=1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := cookieServer(t)
			s := testSession(t)
			must(t, s, &Request{URL: server.url + set})
			must(t, s, &Request{URL: server.url + "/?" + c.set})
			equal(t, "Cookie", cookies(t, s, server, server.url), c.want)
		})
	}
}

func TestRule_2_8_IdentityAndOrderOnTheWire(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	must(t, s, &Request{URL: server.at("h.example.test", "/?a=1&b=2&A=3&a=4;Path=/p/q&c=5;PATH=/p")})
	equal(t, "longest path first", cookies(t, s, server, server.at("h.example.test", "/p/q")), "a=4; c=5; a=1; b=2; A=3")
	must(t, s, &Request{URL: server.at("h.example.test", "/?a=6;Domain=h.example.test")})
	equal(t, "host and Domain are the same", cookies(t, s, server, server.at("h.example.test", "/")), "a=6; b=2; A=3")
}

func TestRule_2_9_ValuesOnTheWire(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target != "/set" {
			return reply(200, "")
		}
		return reply(200, "", "Set-Cookie: a=b=c==", "Set-Cookie: empty=", `Set-Cookie: q="x y"`, "Set-Cookie:  t = v ; HttpOnly; SameSite=Strict; Odd=1",
			"Set-Cookie: u=é\\\"")
	})
	s := testSession(t)
	must(t, s, &Request{URL: server.url + "/set"})
	equal(t, "Cookie", cookies(t, s, server, server.url), `a=b=c==; empty=; q="x y"; t=v; u=é\"`)
}

func TestRule_2_10_RedirectsAndCookies(t *testing.T) {
	other := cookieServer(t)
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/login":
			return reply(302, "", "Location: /deep/check", "Set-Cookie: sid=1; Path=/", "Set-Cookie: deep=1; Path=/deep", "Set-Cookie: old=; Path=/; Max-Age=0")
		case "/deep/check":
			return reply(302, "", "Location: "+other.at("other.test", "/")+"", "Set-Cookie: sid=2; Path=/")
		}
		return setCookies(r)
	})
	s := testSession(t)
	must(t, s, &Request{URL: server.url + "/?old=1"})
	if err := s.Jar.Set(Cookie{Name: "client", Value: "1"}); err != nil {
		t.Fatal(err)
	}
	resp := must(t, s, &Request{URL: server.url + "/login", Cookies: []Cookie{{Name: "call", Value: "1"}}})
	equal(t, "first hop", server.all()[1].get("Cookie"), "old=1; client=1; call=1")
	equal(t, "second hop", server.all()[2].get("Cookie"), "deep=1; client=1; sid=1; call=1")
	equal(t, "foreign hop", other.last(t).get("Cookie"), "")
	if len(resp.Cookies) != 0 || len(resp.History) != 2 || len(resp.History[0].Cookies) != 3 || len(resp.History[1].Cookies) != 1 {
		t.Errorf("cookies of the last response %v, and of %d before", resp.Cookies, len(resp.History))
	}
	equal(t, "the next call", cookies(t, s, server, server.url), "client=1; sid=2")
}

func TestRule_2_11_CookieHeaderInPlaceOfTheJar(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.Target == "/move" {
			return reply(302, "", "Location: /end", "Set-Cookie: moved=1; Path=/")
		}
		return reply(200, "")
	})
	for _, by := range []string{"call", "session"} {
		t.Run(by, func(t *testing.T) {
			s := testSession(t)
			if err := s.Jar.Set(Cookie{Name: "jar", Value: "1"}); err != nil {
				t.Fatal(err)
			}
			r := &Request{URL: server.url + "/move"}
			if own := Set("cookie", "own=1"); by == "call" {
				r.Headers = Fields{own}
			} else {
				s.Headers = s.Headers.With(own)
			}
			must(t, s, r)
			hops := server.all()[len(server.all())-2:]
			equal(t, "first hop", hops[0].get("Cookie"), "own=1")
			equal(t, "second hop", hops[1].get("Cookie"), "jar=1; moved=1")
			if _, stored, err := s.Jar.Get("own"); stored || err != nil {
				t.Error("the header's cookie was stored")
			}
		})
	}
}

// The repeat itself is the same request again, by rule 6.14.
func TestRule_2_12_CookiesOfRetriedResponsesAreStored(t *testing.T) {
	for _, measured := range []bool{false, true} {
		busy := true
		server := record(t, func(*received) string {
			if busy {
				busy = false
				return reply(503, "busy", "Set-Cookie: affinity=1")
			}
			return reply(200, "")
		})
		s := testSession(t)
		retries := Retries(3)
		retries.Statuses = []int{503}
		if err := s.Mount("http://", NewAdapter(AdapterOptions{Retries: retries})); err != nil {
			t.Fatal(err)
		}
		p, err := s.Prepare(&Request{URL: server.url})
		if err != nil {
			t.Fatal(err)
		}
		if measured {
			var call Call
			if s.Measure(t.Context(), p, &call); call.Err != nil {
				t.Fatal(call.Err)
			}
		} else if _, err := s.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		if len(server.all()) != 2 {
			t.Errorf("measured %t: %d attempts", measured, len(server.all()))
		}
		equal(t, "with the repeat", server.last(t).get("Cookie"), "")
		equal(t, "the next call", cookies(t, s, server, server.url), "affinity=1")
	}
}

func TestRule_2_13_CookiesOfTheClientOnTheWire(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	for _, c := range []Cookie{
		{Name: "all", Value: "1"},
		{Name: "domain", Value: "1", Domain: ".example.test"},
		{Name: "path", Value: "1", Path: "/p"},
		{Name: "all", Value: "2", Path: "/p"},
	} {
		if err := s.Jar.Set(c); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "any host", cookies(t, s, server, server.url), "all=1")
	equal(t, "under the path", cookies(t, s, server, server.url+"/p/x"), "path=1; all=2; all=1")
	equal(t, "in the domain", cookies(t, s, server, server.at("a.example.test", "/")), "all=1; domain=1")
	if _, _, err := s.Jar.Get("all"); !errors.Is(err, ErrAmbiguousCookie) {
		t.Errorf("a name that is held twice: %v", err)
	}
	s.Jar.Clear()
	equal(t, "cleared", cookies(t, s, server, server.url+"/p"), "")
}

func TestRule_2_14_HostHeaderDecidesAboutCookies(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	virtual := Pairs("Host", "shop.example.test:81")
	must(t, s, &Request{URL: server.url + "/?own=1&all=1;Domain=example.test&foreign=1;Domain=127.0.0.1", Headers: virtual})
	must(t, s, &Request{URL: server.url, Headers: virtual})
	equal(t, "with that Host", server.last(t).get("Cookie"), "own=1; all=1")
	equal(t, "without it", cookies(t, s, server, server.url), "")
	equal(t, "at that host", cookies(t, s, server, server.at("shop.example.test", "/")), "own=1; all=1")
	equal(t, "in its domain", cookies(t, s, server, server.at("example.test", "/")), "all=1")
}

func TestSessionWithoutAJar(t *testing.T) {
	server := cookieServer(t)
	s := testSession(t)
	s.Jar = nil
	must(t, s, &Request{URL: server.url + "/?a=1"})
	resp := must(t, s, &Request{URL: server.url, Cookies: []Cookie{{Name: "call", Value: "1"}}})
	equal(t, "Cookie of a call's own", server.last(t).get("Cookie"), "call=1")
	equal(t, "the same as it was noted", resp.Sent.Headers.Get("cookie"), "call=1")
	p, err := s.Prepare(&Request{URL: server.url + "/?b=1"})
	if err != nil {
		t.Fatal(err)
	}
	var call Call
	if s.Measure(t.Context(), p, &call); call.Err != nil {
		t.Error(call.Err)
	}
	equal(t, "the next call", cookies(t, s, server, server.url), "")
}

func TestCookiesWithHTTPBin(t *testing.T) {
	server := httptest.NewServer(httpbin.New())
	defer server.Close()
	s := testSession(t)
	resp := must(t, s, &Request{URL: server.URL + "/cookies/set", Params: Pairs("k1", "v1", "k2", "v2")})
	held := map[string]string{}
	want := func(list ...string) {
		t.Helper()
		var got []string
		for name, value := range held {
			got = append(got, name+"="+value)
		}
		slices.Sort(got)
		equalLists(t, "cookies", got, list...)
	}
	read := func() {
		t.Helper()
		var answer struct{ Cookies map[string]string }
		if err := resp.JSON(&answer); err != nil {
			t.Fatal(err)
		}
		held = answer.Cookies
	}
	read()
	want("k1=v1", "k2=v2")
	if len(resp.History) != 1 || resp.History[0].Status != http.StatusFound || !strings.HasSuffix(resp.URL.Path, "/cookies") {
		t.Errorf("%d redirects to %s", len(resp.History), resp.URL)
	}
	resp = must(t, s, &Request{URL: server.URL + "/cookies/delete", Params: Pairs("k1", "")})
	read()
	want("k2=v2")
	resp = must(t, s, &Request{URL: server.URL + "/cookies", Cookies: []Cookie{{Name: "k2", Value: "call"}, {Name: "k3", Value: "v3", Expires: time.Now().Add(time.Hour)}}})
	read()
	want("k2=call", "k3=v3")
}
