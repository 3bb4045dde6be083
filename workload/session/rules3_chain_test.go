package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func TestRule_3_8_WhatWouldFollowCanBeSent(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/form": moved(302, "/home#top", "Set-Cookie: sid=1; Path=/", "Set-Cookie: old=; Max-Age=0; Path=/"),
		"/home": moved(307, "/end"),
	}))
	s := testSession(t)
	for _, c := range []Cookie{{Name: "old", Value: "1", Path: "/", Domain: "127.0.0.1"}, {Name: "kept", Value: "1"}} {
		if err := s.Jar.Set(c); err != nil {
			t.Fatal(err)
		}
	}
	first := mustDo(t, s, &Request{Method: "POST", URL: server.url + "/form", Body: Form(Pairs("a", "b")), Follow: FollowNever,
		Headers: Pairs("X-Own", "1"), Cookies: []Cookie{{Name: "once", Value: "1"}}, Auth: Basic{"me", "secret"}})
	if first.Status != 302 || len(first.History) != 0 || first.Next == nil {
		t.Fatalf("%+v", first)
	}
	if p := first.Next; p.Method() != "GET" || p.URL().String() != server.url+"/home#top" {
		t.Errorf("next: %s %s", p.Method(), p.URL())
	}
	requireTargets(t, server, "POST /form")
	second, err := s.Send(t.Context(), first.Next)
	if err != nil {
		t.Fatal(err)
	}
	got := server.last(t)
	if got.Target != "/home" || got.get("X-Own") != "1" || got.get("Authorization") != (Basic{"me", "secret"}).authorization() ||
		got.has("Content-Type") || got.has("Content-Length") {
		t.Errorf("%+v", got)
	}
	cookies := strings.Split(got.get("Cookie"), "; ")
	slices.Sort(cookies)
	if want := []string{"kept=1", "once=1", "sid=1"}; !slices.Equal(cookies, want) {
		t.Errorf("cookies %q, want %q", cookies, want)
	}
	// It does not follow either: a chain can be gone by hand.
	if second.Status != 307 || second.Next == nil {
		t.Fatalf("%+v", second)
	}
	third, err := s.Send(t.Context(), second.Next)
	if err != nil || third.Status != 200 || third.Next != nil || third.URL.String() != server.url+"/end#top" {
		t.Errorf("%+v, %v", third, err)
	}
}

// 13.11: a response that is streamed is left as it is.
func TestRule_3_8_TheBodyIsLeft(t *testing.T) {
	server := record(t, routed(map[string]string{"/": reply(302, "moved", "Location: /next")}))
	resp := mustDo(t, testSession(t), &Request{URL: server.url, Follow: FollowNever, Stream: true})
	if resp.loaded || resp.begun {
		t.Error("the body was read")
	}
	if text, err := resp.Text(); text != "moved" || err != nil || resp.Next == nil {
		t.Errorf("%q, %v, next %v", text, err, resp.Next)
	}
}

func TestRule_3_8_LocationsThatLeadNowhere(t *testing.T) {
	for _, location := range []string{"http://[::1/", "http://127.0.0.1:99999/"} {
		server := record(t, routed(map[string]string{"/": moved(302, location)}))
		if resp := mustDo(t, testSession(t), &Request{URL: server.url, Follow: FollowNever}); resp.Status != 302 || resp.Next != nil {
			t.Errorf("%s: %+v", location, resp)
		}
	}
	server := record(t, routed(map[string]string{"/": moved(302, "mailto:me@a.test")}))
	s := testSession(t)
	resp := mustDo(t, s, &Request{URL: server.url, Follow: FollowNever})
	if resp.Next == nil {
		t.Fatal("there is no next request")
	}
	_, err := s.Send(t.Context(), resp.Next)
	requireKind(t, err, ErrInvalidScheme)
}

func TestRule_3_9_HeadersOfTheNextHop(t *testing.T) {
	server := record(t, redirectsTo(302))
	for name, c := range map[string]struct {
		target string
		host   bool
	}{
		"relative":                 {"/there", true},
		"absolute, the same host":  {server.at("a.test", "/there"), false},
		"absolute, another host":   {server.at("b.test", "/there"), false},
		"without a scheme":         {strings.TrimPrefix(server.at("b.test", "/there"), "http:"), false},
		"the scheme and no host":   {"http:there", true},
		"another host's subdomain": {server.at("sub.a.test", "/there"), false},
	} {
		s := testSession(t)
		s.Headers = s.Headers.With(Set("X-Session", "1"))
		mustDo(t, s, &Request{URL: server.at("a.test", "/go") + to(c.target), Headers: Pairs(
			"X-Api-Key", "key", "Host", "virtual.test", "Cookie", "a=b", "Proxy-Authorization", "Basic eA==")})
		got := server.last(t)
		if got.Target != "/there" || got.get("X-Api-Key") != "key" || got.get("X-Session") != "1" || got.get("User-Agent") != userAgent {
			t.Errorf("%s: %+v", name, got)
		}
		if (got.get("Host") == "virtual.test") != c.host {
			t.Errorf("%s: Host %q", name, got.get("Host"))
		}
		for _, gone := range []string{"Referer", "Cookie", "Proxy-Authorization"} {
			if got.has(gone) {
				t.Errorf("%s: there is a %s", name, gone)
			}
		}
	}
}

func TestRule_3_10_HistoryOfEachResponse(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/0": reply(301, "zero", "Location: /1", "Set-Cookie: zero=0"), "/1": reply(302, "one", "Location: /2"),
		"/2": reply(307, "two", "Location: /3"), "/3": reply(404, "three", "Set-Cookie: three=3")}))
	for _, stream := range []bool{false, true} {
		last := mustDo(t, testSession(t), &Request{URL: server.url + "/0", Stream: stream})
		chain := append(slices.Clone(last.History), last)
		if got := statuses(chain, nil); !slices.Equal(got, []int{301, 302, 307, 404}) {
			t.Fatalf("statuses %v", got)
		}
		for i, r := range chain {
			if !slices.Equal(r.History, chain[:i]) {
				t.Errorf("the history of hop %d is %v", i, statuses(r.History, nil))
			}
			if want := fmt.Sprint(server.url, "/", i); r.URL.String() != want || r.Sent.URL.String() != want {
				t.Errorf("hop %d is of %s, %s sent", i, r.URL, r.Sent.URL)
			}
			if text, err := r.Text(); text != []string{"zero", "one", "two", "three"}[i] || err != nil {
				t.Errorf("hop %d: %q, %v", i, text, err)
			}
			if len(r.Attempts) != 1 || r.Elapsed != r.Attempts[0].Headed-r.Attempts[0].Started || r.Elapsed <= 0 {
				t.Errorf("hop %d: elapsed %v of %+v", i, r.Elapsed, r.Attempts)
			}
			if i > 0 && r.Attempts[0].Started < chain[i-1].Attempts[0].Finished {
				t.Errorf("hop %d began before the one before it ended", i)
			}
		}
		if len(last.Cookies) != 1 || last.Cookies[0].Name != "three" || len(chain[1].Cookies) != 0 {
			t.Errorf("cookies %v", last.Cookies)
		}
	}
}

// portsSession is a session for which port 80 and 8080 of all names are plain, and 443 and 8443 are secure.
func portsSession(t *testing.T, plain, secure *recorder) *Session {
	t.Helper()
	s := testSession(t)
	s.TLS = &TLS{CAPEM: secure.caPEM}
	var options AdapterOptions
	for port, server := range map[string]*recorder{"80": plain, "8080": plain, "443": secure, "8443": secure} {
		host, real, _ := strings.Cut(server.host, ":")
		options.Wire.ConnectTo = append(options.Wire.ConnectTo, wire.Redirection{FromPort: port, ToHost: host, ToPort: real})
	}
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, NewAdapter(options)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// A headerAuth is an Auth that is asked for every hop.
type headerAuth string

func (a headerAuth) Authenticate(h *Hop) error {
	h.SetHeader("Authorization", string(a))
	return nil
}

func TestRule_3_11_CredentialsOnTheWire(t *testing.T) {
	plain, secure := record(t, redirectsTo(307)), recordTLS(t, redirectsTo(307))
	for _, row := range []struct {
		from, to string
		kept     bool
	}{
		{"http://h.test:8080/go", "http://h.test:8080/x", true},
		{"http://h.test:8080/go", "/x", true},
		{"http://h.test:8080/go", "http://h.test/x", false},
		{"http://h.test/go", "https://h.test/x", true},
		{"http://h.test:80/go", "https://h.test:443/x", true},
		{"http://h.test:80/go", "http://h.test/x", true},
		{"https://h.test/go", "https://H.TEST:443/x", true},
		{"https://h.test/go", "http://h.test/x", false},
		{"http://h.test:8080/go", "https://h.test:8443/x", false},
		{"http://h.test:8080/go", "https://h.test/x", false},
		{"http://h.test/go", "https://h.test:8443/x", false},
		{"http://example.test/go", "http://sub.example.test/x", false},
		{"http://sub.example.test/go", "http://example.test/x", false},
		{"http://h.test/go", "http://other.test/x", false},
	} {
		for name, r := range map[string]*Request{
			"auth":      {Auth: Basic{"me", "secret"}},
			"bearer":    {Auth: Bearer("token")},
			"custom":    {Auth: headerAuth("Own 1")},
			"header":    {Headers: Pairs("authorization", "Own 2")},
			"in URL":    {URL: "me:secret@"},
			"of a body": {Method: "POST", Body: Text("x"), Auth: Basic{"me", "secret"}},
		} {
			r := *r
			r.URL = strings.Replace(row.from, "://", "://"+r.URL, 1) + to(row.to)
			s := portsSession(t, plain, secure)
			resp := mustDo(t, s, &r)
			first, second := resp.History[0].Sent, resp.Sent
			if !has(first.Headers, "Authorization") || second.URL.Path != "/x" || has(second.Headers, "Authorization") != row.kept {
				t.Errorf("%s, %s to %s: first %v, then %v", name, row.from, row.to, first.Headers, second.Headers)
			}
			server := plain
			if second.URL.Scheme == "https" {
				server = secure
			}
			if server.last(t).Target != "/x" || server.last(t).has("Authorization") != row.kept {
				t.Errorf("%s, %s to %s: the server got %+v", name, row.from, row.to, server.last(t))
			}
			s.Close() // all of them together have connections by the hundred
		}
	}
}

func TestRule_3_11_DroppedCredentialsStayDropped(t *testing.T) {
	server := record(t, redirectsTo(302))
	home := server.at("a.test", "/home")
	away := server.at("b.test", "/go") + to(home)
	for name, auth := range map[string]Auth{"fixed": Basic{"me", "secret"}, "custom": headerAuth("Own 1"), "digest": Digest{"me", "secret"}} {
		s := testSession(t)
		s.Auth = auth
		resp := mustGet(t, s, server.at("a.test", "/go")+to(away))
		for i, r := range append(slices.Clone(resp.History), resp) {
			if want := i == 0 && name != "digest"; has(r.Sent.Headers, "Authorization") != want {
				t.Errorf("%s: hop %d sent %v", name, i, r.Sent.Headers)
			}
		}
		mustGet(t, s, home)
		if server.last(t).has("Authorization") != (name != "digest") {
			t.Errorf("%s: the next call sent %v", name, server.last(t).Lines)
		}
	}
}

func TestRule_3_12_CredentialsInALocationAreNotSent(t *testing.T) {
	server := record(t, redirectsTo(302))
	stranger := func(host string) string {
		return strings.Replace(server.at(host, "/there"), "://", "://eve:evil@", 1)
	}
	for _, host := range []string{"a.test", "b.test"} {
		for _, auth := range []Auth{nil, Basic{"me", "secret"}, NoAuth{}} {
			want := ""
			if basic, ok := auth.(Basic); ok && host == "a.test" {
				want = basic.authorization()
			}
			resp := mustDo(t, testSession(t), &Request{URL: server.at("a.test", "/go") + to(stranger(host)), Auth: auth})
			if got := server.last(t); got.Target != "/there" || got.get("Authorization") != want || resp.URL.User != nil {
				t.Errorf("%s with %v: %+v, URL %s", host, auth, got, resp.URL)
			}
		}
	}
}

func TestRule_3_13_FailuresAfterHopsThatWereMade(t *testing.T) {
	for location, want := range map[string]Kind{
		"ftp://a.test/x":          ErrInvalidScheme,
		"mailto:me@a.test":        ErrInvalidScheme,
		"http://127.0.0.1:99999/": ErrInvalidURL,
		"http://127.0.0.1:port/":  ErrInvalidURL,
		"http://[::1/":            ErrInvalidURL,
		"https://":                ErrInvalidURL,
		"http://no.test/":         ErrConnection,
	} {
		t.Run(location, func(t *testing.T) {
			server := record(t, routed(map[string]string{"/0": moved(302, "/1"), "/1": moved(302, location), "/ok": reply(200, "ok")}))
			s := measuredSession(t)
			_, err := s.Get(t.Context(), server.url+"/0")
			e := requireKind(t, err, want)
			requireTargets(t, server, "GET /0", "GET /1")
			// A Location that cannot be read fails in the hop that it came with, others in the next one.
			if got := statuses(e.History, e.Response); !slices.Equal(got, []int{302, 302}) {
				t.Errorf("the error tells of %v", got)
			}
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: server.url + "/0"}), &call)
			if !errors.Is(call.Err, want) || call.Class == "" || call.Finished < call.Started {
				t.Errorf("%+v", call)
			}
			if mustGet(t, s, server.url+"/ok").Status != 200 || server.connections() != 1 {
				t.Errorf("afterwards there are %d connections", server.connections())
			}
		})
	}
}

func TestRule_3_16_AdaptersByHop(t *testing.T) {
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/0":
			return moved(302, "/wire/1")
		case "/wire/1":
			return moved(302, "/net/2")
		case "/net/2":
			return moved(302, "/retried/3")
		case "/retried/3":
			return reply(503, "")
		}
		return reply(200, "")
	})
	s := testSession(t)
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	retries := Retries(2)
	retries.Statuses, retries.ReturnLast = []int{503}, true
	for prefix, adapter := range map[string]Adapter{
		"/wire/":    NewAdapter(AdapterOptions{}),
		"/net/":     {Transport: RoundTripper(transport)},
		"/retried/": NewAdapter(AdapterOptions{Retries: retries}),
	} {
		if err := s.Mount(server.url+prefix, adapter); err != nil {
			t.Fatal(err)
		}
	}
	for call := range 2 {
		resp := mustGet(t, s, server.url+"/0")
		attempts := []int{}
		for _, r := range append(slices.Clone(resp.History), resp) {
			attempts = append(attempts, len(r.Attempts))
		}
		if resp.Status != 503 || !slices.Equal(attempts, []int{1, 1, 1, 3}) {
			t.Errorf("call %d: %d with attempts %v", call, resp.Status, attempts)
		}
	}
	if server.connections() != 4 {
		t.Errorf("%d connections, want one for each adapter", server.connections())
	}
	for i, r := range server.all() {
		want := []string{"/0", "/wire/1", "/net/2", "/retried/3", "/retried/3", "/retried/3"}[i%6]
		if conn := slices.Index([]string{"/0", "/wire/1", "/net/2", "/retried/3"}, want) + 1; r.Target != want || r.Conn != conn {
			t.Errorf("request %d: %s on connection %d, want %s on %d", i, r.Target, r.Conn, want, conn)
		}
	}
}
