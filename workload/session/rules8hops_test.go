package session

import (
	"slices"
	"testing"
)

// chainTo answers with redirects to what stands behind a target, and with hello where there is nothing; it opens
// tunnels.
func chainTo(next map[string]string) func(*received) string {
	return func(r *received) string {
		if r.Method == "CONNECT" {
			return tunnel
		}
		if to := next[r.Target]; to != "" {
			return reply(302, "on", "Location: "+to)
		}
		return reply(200, "hello")
	}
}

// bothWays makes a call by Do, and by Measure three times, and checks that each of them ended well.
func bothWays(t *testing.T, s *Session, r *Request) {
	t.Helper()
	wantDo(t, s, r, "hello")
	p, err := s.Prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var call Call
		if s.Measure(t.Context(), p, &call); call.Err != nil || call.Status != 200 {
			t.Errorf("%+v", call)
		}
	}
}

// wantTimes checks that exactly these requests came, all of them this often.
func wantTimes(t *testing.T, who string, r *recorder, times int, targets ...string) {
	t.Helper()
	var want []string
	for range times {
		want = append(want, targets...)
	}
	if !slices.Equal(r.targets(), want) {
		t.Errorf("%s got %q, want %q", who, r.targets(), want)
	}
}

func TestRule_8_11_EnvironmentPerHop(t *testing.T) {
	noEnvironment(t)
	next := map[string]string{}
	server, proxy := record(t, chainTo(next)), record(t, chainTo(next))
	t.Setenv("http_proxy", proxy.url)
	t.Setenv("no_proxy", "free.test")
	next["/1"] = server.at("one.test", "/2")
	next[server.at("one.test", "/2")] = server.at("free.test", "/3")
	next["/3"] = server.at("one.test", "/4")
	s := testSession(t)
	s.TrustEnv = true
	bothWays(t, s, &Request{URL: server.at("free.test", "/1")})
	wantTimes(t, "the server", server, 4, "GET /1", "GET /3")
	wantTimes(t, "the proxy", proxy, 4, "GET "+server.at("one.test", "/2"), "GET "+server.at("one.test", "/4"))

	// The same with the exceptions of the request.
	t.Setenv("no_proxy", "")
	bothWays(t, s, &Request{URL: server.at("free.test", "/1"), Proxies: rules("no_proxy", "free.test")})
	wantTimes(t, "the server", server, 8, "GET /1", "GET /3")
}

func TestRule_8_11_RemovedRulesStayRemovedOnEveryHop(t *testing.T) {
	noEnvironment(t)
	next := map[string]string{}
	server, proxy := record(t, chainTo(next)), record(t, chainTo(next))
	next["/1"], next["/2"] = "/2", server.at("two.test", "/3")
	t.Setenv("http_proxy", proxy.url)
	off := Proxies{{For: "http", Remove: true}}
	for _, ofSession := range []Proxies{nil, rules("http", proxy.url)} {
		s := testSession(t)
		s.TrustEnv, s.Proxies = true, ofSession
		bothWays(t, s, &Request{URL: server.at("one.test", "/1"), Proxies: off})
	}
	wantTimes(t, "the server", server, 8, "GET /1", "GET /2", "GET /3")
	wantTimes(t, "the proxy", proxy, 0)
}

func TestRule_8_11_RulesForAHostCountForItsHopsOnly(t *testing.T) {
	next := map[string]string{}
	server, proxy := record(t, chainTo(next)), record(t, chainTo(next))
	next["/1"] = server.at("two.test", "/2")
	next[server.at("two.test", "/2")] = server.at("three.test", "/3")
	s := testSession(t)
	s.Proxies = rules("http://two.test", proxy.url)
	bothWays(t, s, &Request{URL: server.at("one.test", "/1")})
	wantTimes(t, "the server", server, 4, "GET /1", "GET /3")
	wantTimes(t, "the proxy", proxy, 4, "GET "+server.at("two.test", "/2"))
}

// What is sent by hand goes the way that the chain would have gone.
func TestRule_8_11_AHopThatIsSentByHand(t *testing.T) {
	next := map[string]string{}
	server, proxy := record(t, chainTo(next)), record(t, chainTo(next))
	next["/1"] = server.at("two.test", "/2")
	s := testSession(t)
	s.Proxies, s.Follow = rules("http://two.test", proxy.url), FollowNever
	resp, err := s.Get(t.Context(), server.at("one.test", "/1"))
	if err != nil || resp.Next == nil {
		t.Fatalf("%+v, %v", resp, err)
	}
	if resp.Next.Proxy().String() != proxy.url {
		t.Errorf("the next hop is to go through %v", resp.Next.Proxy())
	}
	if resp, err = s.Send(t.Context(), resp.Next); err != nil || resp.Status != 200 {
		t.Errorf("%v", err)
	}
	wantTimes(t, "the proxy", proxy, 1, "GET "+server.at("two.test", "/2"))
}

// A hook that turns a request elsewhere has its way decided anew, too.
func TestRule_8_11_AHookThatChangesTheURL(t *testing.T) {
	server, proxy := record(t, hello), record(t, proxyScript)
	s := testSession(t)
	s.Proxies = rules("http://two.test", proxy.url)
	s.Hooks.Before = append(s.Hooks.Before, func(h *Hop) error {
		h.URL = mustURL(t, server.at("two.test", "/b"))
		return nil
	})
	wantGet(t, s, server.at("one.test", "/a"), "by the proxy")
	wantTimes(t, "the proxy", proxy, 1, "GET "+server.at("two.test", "/b"))
}

func TestRule_3_17_ProxyAuthorizationIsRebuiltForEveryHop(t *testing.T) {
	noEnvironment(t)
	next := map[string]string{}
	server, proxy := record(t, chainTo(next)), record(t, chainTo(next))
	secure := recordTLS(t, chainTo(next))
	next["http://one.test/1"] = secure.at("two.test", "/2")
	next["/2"] = server.at("free.test", "/3")
	next["/3"] = "http://one.test/4"
	t.Setenv("all_proxy", proxy.as("us:er"))
	t.Setenv("no_proxy", "free.test")
	s := testSession(t)
	s.TrustEnv, s.TLS = true, &TLS{CAPEM: secure.caPEM}
	bothWays(t, s, &Request{URL: "http://one.test/1"})

	connects, others := proxy.connects()
	if len(connects) != 1 || len(others) != 8 || len(secure.all()) != 4 || len(server.all()) != 4 {
		t.Fatalf("the proxy got %q, the servers %q and %q", proxy.targets(), secure.targets(), server.targets())
	}
	for _, got := range proxy.all() {
		if got.get("Proxy-Authorization") != "Basic dXM6ZXI=" {
			t.Errorf("%s %s with %v", got.Method, got.Target, got.Lines)
		}
	}
	for _, got := range slices.Concat(secure.all(), server.all()) {
		if got.has("Proxy-Authorization") {
			t.Errorf("%s %s with %v", got.Method, got.Target, got.Lines)
		}
	}
}

// One that the caller wrote goes to a proxy or server of plain http, for one hop, and in no tunnel.
func TestRule_3_17_ProxyAuthorizationOfTheCaller(t *testing.T) {
	next := map[string]string{"/1": "/2", "http://one.test/1": "/2"}
	proxy, secure := record(t, chainTo(next)), recordTLS(t, chainTo(next))
	written := Pairs("Proxy-Authorization", "Basic written")
	s := testSession(t)
	s.TLS = &TLS{CAPEM: secure.caPEM}
	for _, tc := range []struct{ proxy, first string }{
		{proxy.url, "Basic written"},
		{proxy.as("us:er"), "Basic dXM6ZXI="},
	} {
		s.Proxies = rules("all", tc.proxy)
		wantDo(t, s, &Request{URL: "http://one.test/1", Headers: written}, "hello")
		_, hops := proxy.connects()
		hops = hops[len(hops)-2:]
		if got := hops[0].get("Proxy-Authorization"); got != tc.first {
			t.Errorf("the first hop has %q", got)
		}
		if got := hops[1].get("Proxy-Authorization"); got == "Basic written" {
			t.Errorf("the second hop has %q", got)
		}
		wantDo(t, s, &Request{URL: secure.at("one.test", "/1"), Headers: written}, "hello")
	}
	connects, _ := proxy.connects()
	for _, got := range slices.Concat(connects, secure.all()) {
		if got.get("Proxy-Authorization") == "Basic written" {
			t.Errorf("%s %s with %v", got.Method, got.Target, got.Lines)
		}
	}
}
