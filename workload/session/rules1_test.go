package session

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ok answers every request with an empty 200.
func ok(*received) string { return reply(200, "") }

// must makes a call that has to succeed.
func must(t testing.TB, s *Session, r *Request) *Response {
	t.Helper()
	resp, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return resp
}

// names returns the names of a request's header lines, in their order and spelling.
func (r *received) names() []string {
	var list []string
	for _, line := range r.Lines {
		list = append(list, line.Name)
	}
	return list
}

func equalLists(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func equal(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func TestRule_1_1_SettingsAreReadWhenACallBegins(t *testing.T) {
	server := record(t, func(r *received) string {
		if strings.HasPrefix(r.Target, "/move") {
			return reply(302, "", "Location: /end")
		}
		return reply(200, "")
	})
	s := testSession(t)
	prepared, err := s.Prepare(&Request{URL: server.url + "/prepared"})
	if err != nil {
		t.Fatal(err)
	}
	s.Headers = s.Headers.With(Set("X-Team", "blue"))
	s.Params = Pairs("locale", "en")
	s.Auth = Basic{User: "me", Password: "pw"}
	must(t, s, &Request{URL: server.url + "/one"})
	got := server.last(t)
	equal(t, "X-Team", got.get("X-Team"), "blue")
	equal(t, "target", got.Target, "/one?locale=en")
	equal(t, "Authorization", got.get("Authorization"), "Basic bWU6cHc=")

	s.Headers = s.Headers.With(Set("X-Team", "red"))
	s.Params, s.Auth, s.MaxRedirects = nil, nil, 0
	must(t, s, &Request{URL: server.url + "/two"})
	got = server.last(t)
	equal(t, "X-Team", got.get("X-Team"), "red")
	equal(t, "target", got.Target, "/two")
	if got.has("Authorization") {
		t.Error("credentials of the settings before were sent")
	}
	if _, err := s.Get(t.Context(), server.url+"/move"); !errors.Is(err, ErrTooManyRedirects) {
		t.Errorf("MaxRedirects 0: %v", err)
	}
	s.MaxRedirects = 1
	must(t, s, &Request{URL: server.url + "/move"})

	// What was prepared stays as it was.
	if _, err := s.Send(t.Context(), prepared); err != nil {
		t.Fatal(err)
	}
	if got := server.last(t); got.Target != "/prepared" || got.has("X-Team") || got.has("Authorization") {
		t.Errorf("the prepared request was sent as %+v", got)
	}
}

func TestRule_1_2_HeadersOnTheWire(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	s.Auth = Basic{User: "me"}
	s.Headers = s.Headers.With(Set("X-One", "1"), Set("X-Two", "2"))
	if err := s.Jar.Set(Cookie{Name: "a", Value: "1"}); err != nil {
		t.Fatal(err)
	}
	must(t, s, &Request{
		Method:  "POST",
		URL:     server.url,
		Headers: Pairs("X-New", "3", "x-one", "changed", "ACCEPT", "text/plain"),
		Body:    JSON(1),
	})
	got := server.last(t)
	equalLists(t, "order and spelling", got.names(), "Host", "User-Agent", "Accept-Encoding", "ACCEPT", "Connection",
		"x-one", "X-Two", "X-New", "Cookie", "Content-Length", "Content-Type", "Authorization")
	equal(t, "the replaced line", got.get("X-One"), "changed")
	equal(t, "Accept", got.get("Accept"), "text/plain")

	must(t, testSession(t), &Request{URL: server.url})
	got = server.last(t)
	equalLists(t, "a fresh session", got.names(), "Host", "User-Agent", "Accept-Encoding", "Accept", "Connection")
	equal(t, "Accept", got.get("Accept"), "*/*")
	equal(t, "Connection", got.get("Connection"), "keep-alive")
	if !strings.HasPrefix(got.get("Accept-Encoding"), "gzip, deflate") {
		t.Errorf("Accept-Encoding: %s", got.get("Accept-Encoding"))
	}
}

func TestRule_1_2_TheLengthComesAfterAllOfTheCallersHeaders(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	s.Headers = Pairs("Authorization", "Bearer t", "X-One", "1", "Content-Type", "text/csv")
	request := &Request{Method: "POST", URL: server.url, Headers: Pairs("X-New", "2"), Body: Form(Pairs("a", "b"))}
	must(t, s, request)
	equalLists(t, "a form", server.last(t).names(),
		"Host", "Authorization", "X-One", "Content-Type", "X-New", "Content-Length")

	request.Body = Stream(io.LimitReader(strings.NewReader("streamed"), 8))
	must(t, s, request)
	equalLists(t, "a stream", server.last(t).names(),
		"Host", "Authorization", "X-One", "Content-Type", "X-New", "Transfer-Encoding")

	request.Body, request.Cookies = JSON(1), []Cookie{{Name: "a", Value: "1"}}
	s.Headers = s.Headers.With(Remove("Content-Type"))
	s.Hooks.Before = []func(*Hop) error{func(h *Hop) error { h.SetHeader("X-Hook", "3"); return nil }}
	must(t, s, request)
	equalLists(t, "with a hook", server.last(t).names(),
		"Host", "Authorization", "X-One", "X-New", "Cookie", "Content-Length", "Content-Type", "X-Hook")
}

func TestRule_1_3_RemovedHeadersAreAbsent(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	s.Headers = s.Headers.With(Set("X-Team", "blue"), Remove("Accept"))
	must(t, s, &Request{URL: server.url, Headers: Fields{
		Remove("user-agent"), Remove("ACCEPT-ENCODING"), Remove("x-team"), Remove("Connection"), Remove("X-Never"),
	}})
	equalLists(t, "what is left", server.last(t).names(), "Host")
	must(t, s, &Request{URL: server.url})
	equalLists(t, "the next call", server.last(t).names(), "Host", "User-Agent", "Accept-Encoding", "Connection", "X-Team")
}

func TestRule_1_4_ParamsOnTheWire(t *testing.T) {
	server := record(t, ok)
	session := Pairs("a", "1", "b", "2")
	for _, c := range []struct {
		name          string
		session, call Fields
		path, want    string
	}{
		{"merged", session, Fields{Set("b", "3"), Set("c", "4", "5")}, "/p?z=0", "/p?z=0&a=1&b=3&c=4&c=5"},
		{"removed", session, Fields{Remove("a"), Set("l", "1", "2"), Set("B", "x")}, "/p", "/p?b=2&l=1&l=2&B=x"},
		{"encoded", nil, Pairs("q", "a b&c=d", "u", "é", "s", "/~"), "/p", "/p?q=a+b%26c%3Dd&u=%C3%A9&s=%2F~"},
		{"pairs of one name", session, Fields{Set("c", "1"), Set("d", "2"), Set("c", "3")}, "/p", "/p?a=1&b=2&c=1&d=2&c=3"},
		{"none", nil, nil, "/p?x=1&x=%2f", "/p?x=1&x=%2f"},
		{"all removed", session, Fields{Remove("a"), Remove("b")}, "/p", "/p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSession(t)
			s.Params = c.session
			must(t, s, &Request{URL: server.url + c.path, Params: c.call})
			equal(t, "target", server.last(t).Target, c.want)
		})
	}
}

func TestRule_1_5_URLsOnTheWire(t *testing.T) {
	server := record(t, ok)
	s := testSession(t)
	for _, c := range []struct{ url, target, reported, host string }{
		{server.url + "/a b/%7Eu/./x/../y?k=a b#frag", "/a%20b/~u/y?k=a%20b", server.url + "/a%20b/~u/y?k=a%20b#frag", server.host},
		{" \t" + server.url, "/", server.url + "/", server.host},
		{strings.Replace(server.url, "http", "HTTP", 1) + "?q", "/?q", server.url + "/?q", server.host},
		{server.at("EXAMPLE.test", "/%2f/é"), "/%2f/%C3%A9", server.at("example.test", "/%2f/%C3%A9"), hostIn(server.at("example.test", ""))},
		{server.at("bücher.test", "/"), "/", server.at("xn--bcher-kva.test", "/"), hostIn(server.at("xn--bcher-kva.test", ""))},
	} {
		resp := must(t, s, &Request{URL: c.url})
		got := server.last(t)
		equal(t, "target of "+c.url, got.Target, c.target)
		equal(t, "Host of "+c.url, got.get("Host"), c.host)
		equal(t, "reported URL of "+c.url, resp.URL.String(), c.reported)
	}
}

func hostIn(raw string) string {
	_, host, _ := strings.Cut(raw, "://")
	return host
}

func TestRule_1_6_WhichCredentialsAreSent(t *testing.T) {
	server := record(t, ok)
	netrc := filepath.Join(t.TempDir(), "netrc")
	if err := os.WriteFile(netrc, []byte("machine 127.0.0.1 login net password rc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NETRC", netrc)
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"} {
		t.Setenv(name, "")
	}
	basic := func(user, password string) string { return Basic{user, password}.authorization() }
	inURL := strings.Replace(server.url, "://", "://url:pw@", 1)
	explicit := Pairs("authorization", "Token 1")
	for _, c := range []struct {
		name          string
		session, call Auth
		headers       Fields
		url           string
		trust         bool
		want          string
	}{
		{"call", Basic{"s", "1"}, Basic{"c", "2"}, explicit, inURL, true, basic("c", "2")},
		{"session", Basic{"s", "1"}, nil, explicit, inURL, true, basic("s", "1")},
		{"header", nil, nil, explicit, inURL, true, "Token 1"},
		{"URL", nil, nil, nil, inURL, true, basic("url", "pw")},
		{"netrc", nil, nil, nil, server.url, true, basic("net", "rc")},
		{"no netrc without trust", nil, nil, nil, server.url, false, ""},
		{"none instead of the session's", Basic{"s", "1"}, NoAuth{}, nil, inURL, true, ""},
		{"none instead of URL and netrc", nil, NoAuth{}, nil, inURL, true, ""},
		{"none leaves a header", Basic{"s", "1"}, NoAuth{}, explicit, inURL, true, "Token 1"},
		{"bearer", nil, Bearer("t"), explicit, inURL, true, "Bearer t"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSession(t)
			s.TrustEnv, s.Auth = c.trust, c.session
			resp := must(t, s, &Request{URL: c.url, Auth: c.call, Headers: c.headers})
			equal(t, "Authorization", server.last(t).get("Authorization"), c.want)
			if resp.URL.User != nil || strings.Contains(server.last(t).get("Host"), "@") {
				t.Errorf("credentials in URL %s or Host %s", resp.URL.Redacted(), server.last(t).get("Host"))
			}
		})
	}
}

func TestRule_1_7_ProxiesAreOverlaidByKey(t *testing.T) {
	direct, first, second := record(t, ok), record(t, ok), record(t, ok)
	s := testSession(t)
	s.Proxies = Proxies{{For: "http", URL: first.url}, {For: "http://other.test", URL: second.url}}
	for _, c := range []struct {
		name string
		url  string
		call Proxies
		want *recorder
	}{
		{"session's", direct.url, nil, first},
		{"call's under the same key", direct.url, Proxies{{For: "HTTP", URL: second.url}}, second},
		{"call's under another key", direct.at("other.test", "/"), Proxies{{For: "https", URL: first.url}}, second},
		{"removed", direct.url, Proxies{{For: "http", Remove: true}}, direct},
		{"disabled", direct.url, Proxies{{For: "http"}}, direct},
		{"removed, a broader one is left", direct.at("other.test", "/"), Proxies{{For: "http://other.test", Remove: true}}, first},
		{"disabled, though a broader one is left", direct.at("other.test", "/"), Proxies{{For: "http://other.test"}}, direct},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(c.want.all())
			must(t, s, &Request{URL: c.url, Proxies: c.call})
			if len(c.want.all()) != before+1 {
				t.Errorf("direct %q, first %q, second %q", direct.targets(), first.targets(), second.targets())
			}
		})
	}
}

func TestRule_1_8_CallsOwnVerificationAndStreaming(t *testing.T) {
	server := recordTLS(t, func(*received) string { return reply(200, "body") })
	s := testSession(t)
	s.TLS = &TLS{CAPEM: server.caPEM}
	must(t, s, &Request{URL: server.url})
	if _, err := s.Do(t.Context(), &Request{URL: server.url, TLS: &TLS{}}); !errors.Is(err, ErrTLS) {
		t.Errorf("the call asks for the system's authorities: %v", err)
	}
	s.TLS = &TLS{}
	if _, err := s.Get(t.Context(), server.url); !errors.Is(err, ErrTLS) {
		t.Errorf("the session asks for the system's authorities: %v", err)
	}
	must(t, s, &Request{URL: server.url, TLS: &TLS{CAPEM: server.caPEM}})

	streamed := must(t, s, &Request{URL: server.url, TLS: &TLS{CAPEM: server.caPEM}, Stream: true})
	if streamed.loaded || streamed.Attempts[0].BytesIn == 0 {
		t.Error("the call's Stream did not count")
	}
	if data, err := io.ReadAll(streamed.Body); string(data) != "body" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	s.Stream = true
	if resp := must(t, s, &Request{URL: server.url, TLS: &TLS{CAPEM: server.caPEM}}); resp.loaded {
		t.Error("the session's Stream did not count")
	} else if err := resp.Close(); err != nil {
		t.Error(err)
	}
}
