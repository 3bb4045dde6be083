package session

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func fine(*received) string { return reply(200, "fine") }

func TestRule_5_1_TheSessionTakesTheAdapterOfTheLongestPrefix(t *testing.T) {
	server := record(t, func(*received) string { return reply(503, "") })
	s := testSession(t)
	mount := func(prefix string, retries int) {
		t.Helper()
		options := AdapterOptions{Retries: &Retry{Total: &retries, Statuses: []int{503}}}
		options.Wire.LookupHost = lookupTest
		if err := s.Mount(prefix, NewAdapter(options)); err != nil {
			t.Fatal(err)
		}
	}
	attempts := func(url string) int {
		before := len(server.all())
		_, _ = s.Get(t.Context(), url)
		return len(server.all()) - before
	}
	mount(server.at("EXAMPLE.test", "/api/v1"), 3)
	mount(server.at("example.test", ""), 1)
	mount(server.at("example.test", "/api"), 2)
	for path, want := range map[string]int{"/": 2, "/apis": 2, "/api": 3, "/API/x": 3, "/api/v1/x": 4} {
		if n := attempts(server.at("example.test", path)); n != want {
			t.Errorf("%s: %d attempts, want %d", path, n, want)
		}
	}
	if n := attempts(server.at("example.test.evil.test", "/api")); n != 1 {
		t.Errorf("another host that begins alike: %d attempts", n)
	}
	mount(server.at("example.test", "/"), 4) // longer than the one without a slash
	mount(server.at("example.test", "/api"), 0)
	opened := server.connections()
	if n := attempts(server.at("example.test", "/api")); n != 1 || server.connections() != opened+1 {
		t.Errorf("replaced: %d attempts, %d new connections", n, server.connections()-opened)
	}
	if n := attempts(server.at("example.test", "/x")); n != 5 {
		t.Errorf("with a slash: %d attempts", n)
	}
}

func TestRule_5_1_NoAdapterIsAnInvalidScheme(t *testing.T) {
	for name, s := range map[string]*Session{"other scheme": testSession(t), "nothing mounted": NewWith(Settings{})} {
		url := "ftp://example.test/x"
		if name == "nothing mounted" {
			url = "http://example.test/x"
		}
		_, err := s.Get(t.Context(), url)
		wantKind(t, err, ErrInvalidScheme, ErrInvalidURL, "", ErrConnection)
		if call := measure(t, s, &Request{URL: url}); call.Class != "invalid_url" || call.Attempts != 0 {
			t.Errorf("%s: %+v", name, call)
		}
	}
	s := testSession(t)
	if removed, err := s.Unmount("http://"); !removed || err != nil {
		t.Fatal(removed, err)
	}
	_, err := s.Get(t.Context(), "http://example.test/")
	wantKind(t, err, ErrInvalidScheme)
}

func TestRule_5_2_APoolIsForASchemeAHostAndAPort(t *testing.T) {
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/204":
			return "HTTP/1.1 204 No Content\r\n\r\n"
		case "/304":
			return "HTTP/1.1 304 Not Modified\r\n\r\n"
		case "/404":
			return reply(404, "not here")
		case "/500":
			return reply(500, "broken")
		}
		if r.Method == "HEAD" {
			return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		}
		return reply(200, "fine")
	})
	s := testSession(t)
	for _, path := range []string{"/", "/204", "/304", "/404", "/500", "/"} {
		if _, err := s.Get(t.Context(), server.at("one.test", path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, method := range []string{"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"} {
		if _, err := s.Do(t.Context(), &Request{Method: method, URL: server.at("ONE.Test", "/")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.connections(); n != 1 {
		t.Errorf("%d connections for one host", n)
	}
	got(t, s, server.at("two.test", "/"), "fine")
	if got(t, s, server.at("one.test", "/"), "fine"); server.connections() != 2 {
		t.Errorf("%d connections for two hosts", server.connections())
	}
}

func TestRule_5_2_DefaultPortsAreEqual(t *testing.T) {
	server := record(t, fine)
	options := AdapterOptions{}
	options.Wire.ConnectTo = []wire.Redirection{{ToHost: "127.0.0.1", ToPort: server.at("x", "")[len("http://x:"):]}}
	s := sessionWith(t, options)
	for _, url := range []string{"http://one.test/", "http://one.test:80/", "HTTP://ONE.test:80"} {
		got(t, s, url, "fine")
	}
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestRule_5_2_TLSSettingsHaveConnectionsOfTheirOwn(t *testing.T) {
	server := recordTLS(t, fine)
	s := testSession(t)
	s.Logger = slog.New(slog.DiscardHandler)
	for i, settings := range []TLS{{CAPEM: server.caPEM}, {Insecure: true}, {CAPEM: server.caPEM}, {Insecure: true}} {
		resp, err := s.Do(t.Context(), &Request{URL: server.url, TLS: &settings})
		if err != nil {
			t.Fatal(err)
		}
		if resp.Reused() != (i > 1) {
			t.Errorf("request %d: reused %t", i, resp.Reused())
		}
	}
	if want := []int{1, 2, 1, 2}; !slices.Equal(server.conns(), want) {
		t.Errorf("connections %v, want %v", server.conns(), want)
	}
}

func TestRule_5_2_PlainRequestsShareTheProxysPool(t *testing.T) {
	proxy, direct := record(t, fine), record(t, fine)
	s := testSession(t)
	s.Proxies = Proxies{{For: "http", URL: proxy.url}}
	for _, url := range []string{"http://one.test/a", "http://two.test:81/b?c", "http://one.test/d"} {
		got(t, s, url, "fine")
	}
	want := []string{"GET http://one.test/a", "GET http://two.test:81/b?c", "GET http://one.test/d"}
	if !slices.Equal(proxy.targets(), want) || proxy.connections() != 1 {
		t.Errorf("the proxy got %q over %d connections, want %q", proxy.targets(), proxy.connections(), want)
	}
	for i, host := range []string{"one.test", "two.test:81", "one.test"} {
		if h := proxy.all()[i].get("Host"); h != host {
			t.Errorf("Host %q, want %q", h, host)
		}
	}
	// The same host without the proxy is another place.
	if _, err := s.Do(t.Context(), &Request{URL: direct.url, Proxies: Proxies{{For: "http"}}}); err != nil {
		t.Fatal(err)
	}
	if proxy.connections() != 1 || direct.connections() != 1 {
		t.Errorf("%d connections to the proxy, %d to the server", proxy.connections(), direct.connections())
	}
}

func TestRule_5_3_TheHostUsedLongestAgoIsEvicted(t *testing.T) {
	server := record(t, fine)
	options := AdapterOptions{PoolConnections: 2}
	s := sessionWith(t, options)
	for _, host := range []string{"one", "two", "one", "three", "one", "two", "three"} {
		got(t, s, server.at(host+".test", "/"), "fine")
	}
	if want := []int{1, 2, 1, 3, 1, 4, 5}; !slices.Equal(server.conns(), want) {
		t.Errorf("connections %v, want %v", server.conns(), want)
	}
}

func TestRule_5_3_EvictionClosesAndLeavesStreamsReadable(t *testing.T) {
	closed := make(chan int, 3)
	url := listen(t, func(f *farEnd) {
		for f.request() != nil {
			f.say(reply(200, strings.Repeat("x", 100_000)))
		}
		closed <- f.number
	})
	at := func(name string) string { return strings.Replace(url, "127.0.0.1", name+".test", 1) }
	s := sessionWith(t, AdapterOptions{PoolConnections: 1})
	open := streamed(t, s, at("one"))
	got(t, s, at("two"), strings.Repeat("x", 100_000)) // one.test is evicted, its stream is not
	got(t, s, at("three"), strings.Repeat("x", 100_000))
	if n := <-closed; n != 2 {
		t.Errorf("connection %d was closed by eviction, want the idle one, 2", n)
	}
	if data, err := open.Bytes(); len(data) != 100_000 || err != nil {
		t.Errorf("the stream gave %d bytes, error %v", len(data), err)
	}
	if n := <-closed; n != 1 {
		t.Errorf("connection %d was closed, want the evicted one, 1", n)
	}
}

// Where requests has 0 we have a negative number.
func TestRule_5_3_NoHostIsKept(t *testing.T) {
	server := record(t, fine)
	s := sessionWith(t, AdapterOptions{PoolConnections: -1})
	for range 3 {
		got(t, s, server.url, "fine")
	}
	if server.connections() != 3 {
		t.Errorf("%d connections for 3 requests", server.connections())
	}
}

func TestRule_5_7_WhatIsNotReused(t *testing.T) {
	const text = "Content-Length: 4\r\n\r\nfine"
	for name, tc := range map[string]struct {
		answer  string
		headers Fields
		kept    bool
	}{
		"plain":                         {"HTTP/1.1 200 OK\r\n" + text, nil, true},
		"Connection: close":             {"HTTP/1.1 200 OK\r\nConnection: close\r\n" + text, nil, false},
		"close among others":            {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\n" + text, nil, false},
		"HTTP/1.0":                      {"HTTP/1.0 200 OK\r\n" + text, nil, false},
		"HTTP/1.0 that goes on":         {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + text, nil, true},
		"body up to the end":            {"HTTP/1.1 200 OK\r\n\r\nfine" + hangUp, nil, false},
		"Keep-Alive is nothing to obey": {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0, max=0\r\n" + text, nil, true},
		"asked for by us":               {"HTTP/1.1 200 OK\r\n" + text, Pairs("Connection", "close"), false},
	} {
		t.Run(name, func(t *testing.T) {
			server := record(t, func(*received) string { return tc.answer })
			s := testSession(t)
			for range 2 {
				resp, err := s.Do(t.Context(), &Request{URL: server.url, Headers: tc.headers})
				if err != nil {
					t.Fatal(err)
				}
				if text, _ := resp.Text(); text != "fine" {
					t.Errorf("body %q", text)
				}
			}
			call := measure(t, s, &Request{URL: server.url, Headers: tc.headers})
			want := map[bool]int{true: 1, false: 3}[tc.kept]
			if call.Err != nil || call.Reused != tc.kept || server.connections() != want {
				t.Errorf("%d connections, want %d; %+v", server.connections(), want, call)
			}
		})
	}
}

// losing answers every request but the second, fourth, ... of all, whose connection it ends.
func losing() func(*received) string {
	n := 0
	return func(*received) string {
		if n++; n%2 == 0 {
			return hangUp
		}
		return reply(200, "fine")
	}
}

func TestRule_5_9_ARequestThatGotLostIsAnError(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		server := record(t, losing())
		s := testSession(t)
		got(t, s, server.url, "fine")
		_, err := s.Do(t.Context(), &Request{Method: method, URL: server.url})
		wantKind(t, err, ErrConnection, "", ErrTimeout, ErrBrokenBody)
		if e, ok := errors.AsType[*Error](err); !ok || len(e.Attempts) != 1 || e.Attempts[0].Attempts != 1 || !e.Attempts[0].Reused {
			t.Errorf("%s: %+v", method, err)
		}
		if n := len(server.all()); n != 2 {
			t.Errorf("%s: the server got %d requests", method, n)
		}
		got(t, s, server.url, "fine") // over a new connection
		call := measure(t, s, &Request{Method: method, URL: server.url})
		if call.Class != "closed_early" || call.Attempts != 1 || call.Retries != 0 || len(server.all()) != 4 {
			t.Errorf("%s: %+v", method, call)
		}
		wantKind(t, call.Err, ErrConnection)
	}
}

// An arm may say that idempotent requests are sent again, once, when a connection has ended under them.
func TestRule_5_9_AnArmMayResend(t *testing.T) {
	for _, tc := range []struct {
		method string
		resent int
	}{{"GET", 1}, {"PUT", 1}, {"POST", 0}} {
		server := record(t, losing())
		s := NewWith(Settings{})
		client := wire.NewClient(s.Clock, nil, wire.Policy{Resend: true}, nil)
		t.Cleanup(client.Close)
		if err := s.Mount("http://", Adapter{Transport: client}); err != nil {
			t.Fatal(err)
		}
		measure(t, s, &Request{URL: server.url})
		call := measure(t, s, &Request{Method: tc.method, URL: server.url, Body: Text("same")})
		if call.Retries != tc.resent || call.Attempts != 1+tc.resent || (call.Err == nil) != (tc.resent > 0) {
			t.Errorf("%s: %+v", tc.method, call)
		}
		if all := server.all(); len(all) != 2+tc.resent || string(all[len(all)-1].Body) != "same" {
			t.Errorf("%s: the server got %d requests", tc.method, len(all))
		}
	}
}
