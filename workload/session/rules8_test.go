package session

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
)

func TestRule_8_1_TheFirstKeyThatFitsDecides(t *testing.T) {
	first, second := record(t, proxyScript), record(t, proxyScript)
	_, address, _ := strings.Cut(first.url, "://")
	s := testSession(t)
	s.Proxies = Proxies{{For: "all", URL: second.url}, {For: "http://one.test", URL: address}}
	wantGet(t, s, "http://ONE.test:81/a", "by the proxy")
	wantGet(t, s, "http://two.test/b", "by the proxy")
	if !slices.Equal(first.targets(), []string{"GET http://one.test:81/a"}) || !slices.Equal(second.targets(), []string{"GET http://two.test/b"}) {
		t.Errorf("%q and %q", first.targets(), second.targets())
	}
}

func TestRule_8_2_PlainHTTPInAbsoluteForm(t *testing.T) {
	proxy := record(t, proxyScript)
	s := testSession(t)
	s.Proxies = rules("http", proxy.url)
	s.Params = Pairs("a", "1")
	resp := wantGet(t, s, "http://us%20er:pass@One.test:8080/p?b=2#frag", "by the proxy")
	got := proxy.last(t)
	if got.Target != "http://one.test:8080/p?b=2&a=1" || got.get("Host") != "one.test:8080" {
		t.Errorf("target %s, host %s", got.Target, got.get("Host"))
	}
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("us er:pass")); got.get("Authorization") != want || got.has("Proxy-Authorization") {
		t.Errorf("lines %v", got.Lines)
	}
	if resp.URL.Fragment != "frag" || resp.Sent.Proxy.String() != proxy.url {
		t.Errorf("URL %s, sent through %v", resp.URL, resp.Sent.Proxy)
	}
}

func TestRule_8_3_HTTPSThroughATunnel(t *testing.T) {
	target, proxy := recordTLS(t, hello), record(t, proxyScript)
	s := testSession(t)
	s.TLS = &TLS{CAPEM: target.caPEM}
	s.Proxies = rules("https", proxy.url)
	s.Headers = s.Headers.With(Set("X-Api-Key", "k"))
	s.Auth = Basic{"us", "er"}
	wantDo(t, s, &Request{URL: target.at("one.test", "/p?q#f"), Cookies: []Cookie{{Name: "a", Value: "1"}}}, "hello")
	connects, others := proxy.connects()
	if len(connects) != 1 || len(others) != 0 {
		t.Fatalf("the proxy got %q", proxy.targets())
	}
	_, port, _ := net.SplitHostPort(target.host)
	if connects[0].Target != "one.test:"+port {
		t.Errorf("tunnel to %s", connects[0].Target)
	}
	wantLines(t, connects[0], "Host")
	got := target.last(t)
	if got.Target != "/p?q" || got.get("Cookie") != "a=1" || got.get("X-Api-Key") != "k" || !got.has("Authorization") {
		t.Errorf("%s with %v", got.Target, got.Lines)
	}
}

// httpsPair returns a target and a proxy with certificates of different authorities.
func httpsPair(t *testing.T) (target, proxy *recorder) {
	t.Helper()
	return recordTLS(t, hello), recordTLS(t, proxyScript)
}

func TestRule_8_4_ProxiesOverHTTPSAreVerified(t *testing.T) {
	target, proxy := httpsPair(t)
	both := target.caPEM + proxy.caPEM
	for name, tc := range map[string]struct {
		tls  *TLS
		good bool
	}{
		"both trusted":       {&TLS{CAPEM: both}, true},
		"neither looked at":  {&TLS{Insecure: true}, true},
		"the target's only":  {&TLS{CAPEM: target.caPEM}, false},
		"the system's":       {nil, false},
		"the system's, said": {&TLS{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(proxy.all())
			s := testSession(t)
			s.Proxies, s.TLS, s.Logger = rules("all", proxy.url), tc.tls, slog.New(slog.DiscardHandler)
			for _, url := range []string{"http://plain.test/", target.at("one.test", "/")} {
				resp, err := s.Get(t.Context(), url)
				if tc.good {
					if err != nil || resp.Status != 200 {
						t.Errorf("%s: %v", url, err)
					}
				} else if !errors.Is(err, ErrProxy) || !errors.Is(err, ErrConnection) || !strings.Contains(err.Error(), "certificate") {
					t.Errorf("%s: %v", url, err)
				}
			}
			if asked := len(proxy.all()) - before; !tc.good && asked != 0 {
				t.Errorf("%d requests came to a proxy that is not trusted", asked)
			}
		})
	}
	// The proxy alone is not enough for the target.
	s := testSession(t)
	s.Proxies, s.TLS = rules("all", proxy.url), &TLS{CAPEM: proxy.caPEM}
	if _, err := s.Get(t.Context(), target.at("one.test", "/")); !errors.Is(err, ErrTLS) {
		t.Error(err)
	}
}

func TestRule_8_4_ConnectionsToProxiesOverHTTPSAreReused(t *testing.T) {
	target, proxy := httpsPair(t)
	s := testSession(t)
	s.Proxies = rules("all", proxy.url)
	for range 3 { // equal settings, however often they are said
		trusted := &TLS{CAPEM: target.caPEM + proxy.caPEM}
		wantDo(t, s, &Request{URL: "http://one.test/", TLS: trusted}, "by the proxy")
		wantDo(t, s, &Request{URL: "http://two.test/", TLS: trusted}, "by the proxy")
		wantDo(t, s, &Request{URL: target.at("one.test", "/"), TLS: trusted}, "hello")
	}
	if proxy.connections() != 2 || target.connections() != 1 {
		t.Errorf("%d connections to the proxy, %d to the target", proxy.connections(), target.connections())
	}
	// A connection that nobody looked at is not for those who do.
	s.Logger = slog.New(slog.DiscardHandler)
	unlooked := &TLS{Insecure: true}
	wantDo(t, s, &Request{URL: "http://one.test/", TLS: unlooked}, "by the proxy")
	if proxy.connections() != 3 {
		t.Errorf("%d connections to the proxy", proxy.connections())
	}
	if _, err := s.Do(t.Context(), &Request{URL: "http://one.test/", TLS: &TLS{CAPEM: target.caPEM}}); !errors.Is(err, ErrProxy) {
		t.Error(err)
	}
}

func TestRule_8_5_Credentials(t *testing.T) {
	target, proxy := recordTLS(t, hello), record(t, proxyScript)
	s := testSession(t)
	s.TLS = &TLS{CAPEM: target.caPEM}
	s.Proxies = rules("all", proxy.as("us%20er:p%40ss%C3%A9"))
	for range 2 {
		wantGet(t, s, "http://one.test/", "by the proxy")
		wantGet(t, s, target.at("one.test", "/"), "hello")
	}
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("us er:p@ssé"))
	connects, others := proxy.connects()
	if len(connects) != 1 || len(others) != 2 {
		t.Fatalf("the proxy got %q", proxy.targets())
	}
	for _, got := range proxy.all() {
		if got.get("Proxy-Authorization") != want {
			t.Errorf("%s %s with %v", got.Method, got.Target, got.Lines)
		}
	}
	wantLines(t, connects[0], "Host", "Proxy-Authorization")
	for _, got := range target.all() {
		if got.has("Proxy-Authorization") {
			t.Errorf("the target was told the proxy's credentials: %v", got.Lines)
		}
	}
}

func TestRule_8_6_PlainTargetsShareTheProxysPoolAndTunnelsHaveTheirOwn(t *testing.T) {
	target, proxy := recordTLS(t, hello), record(t, proxyScript)
	s := testSession(t)
	s.TLS = &TLS{CAPEM: target.caPEM}
	s.Proxies = rules("all", proxy.url)
	for _, url := range []string{"http://one.test/", "http://two.test:81/", "http://one.test/"} {
		wantGet(t, s, url, "by the proxy")
	}
	if proxy.connections() != 1 {
		t.Errorf("plain http took %d connections", proxy.connections())
	}
	for _, host := range []string{"one.test", "two.test", "one.test", "two.test"} {
		wantGet(t, s, target.at(host, "/"), "hello")
	}
	connects, _ := proxy.connects()
	if len(connects) != 2 || proxy.connections() != 3 || target.connections() != 2 {
		t.Errorf("%d tunnels, %d connections to the proxy, %d to the target", len(connects), proxy.connections(), target.connections())
	}
	// Other credentials are another client.
	s.Proxies = rules("all", proxy.as("us:er"))
	wantGet(t, s, "http://one.test/", "by the proxy")
	if proxy.connections() != 4 {
		t.Errorf("%d connections to the proxy", proxy.connections())
	}
}

func TestRule_8_7_WhatTheProxyItselfAnswersToPlainHTTPIsAResponse(t *testing.T) {
	for _, status := range []int{407, 502} {
		proxy := record(t, func(*received) string { return reply(status, "no", "Proxy-Authenticate: Basic realm=x") })
		s := testSession(t)
		s.Proxies = rules("all", proxy.url)
		resp, err := s.Get(t.Context(), "http://one.test/")
		if err != nil || resp.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := s.Get(t.Context(), "https://one.test/"); !errors.Is(err, ErrProxy) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestRule_8_7_UnusableProxyURLs(t *testing.T) {
	for raw, kind := range map[string]Kind{
		"http://":             ErrInvalidProxyURL,
		"http://us:hunter2@":  ErrInvalidProxyURL,
		"http://h:hunter2":    ErrInvalidProxyURL,
		"ftp://us:hunter2@h/": ErrInvalidURL,
	} {
		s := testSession(t)
		s.Proxies = rules("all", raw)
		_, err := s.Get(t.Context(), "http://one.test/")
		if KindOf(err) != kind || !errors.Is(err, ErrInvalidURL) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestRule_8_7_AnUnreachableProxyIsAConnectErrorForRetries(t *testing.T) {
	refusing := record(t, func(*received) string { return reply(502, "no") })
	one, none := 1, 0
	for name, tc := range map[string]struct {
		proxy, url string
		retries    Retry
		attempts   int
	}{
		"unreachable":               {"http://" + programs.Refusing(t), "http://one.test/", Retry{Connect: &one, Read: &none, Other: &none}, 2},
		"unreachable, https":        {"http://" + programs.Refusing(t), "https://one.test/", Retry{Connect: &one, Read: &none, Other: &none}, 2},
		"unreachable, none allowed": {"http://" + programs.Refusing(t), "http://one.test/", Retry{Connect: &none, Read: &one, Other: &one}, 1},
		"refusing":                  {refusing.url, "https://one.test/", Retry{Connect: &none, Read: &none, Other: &one}, 2},
		"refusing, none allowed":    {refusing.url, "https://one.test/", Retry{Connect: &one, Read: &one, Other: &none}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSession(t)
			for _, prefix := range []string{"http://", "https://"} {
				if err := s.Mount(prefix, NewAdapter(AdapterOptions{Retries: &tc.retries})); err != nil {
					t.Fatal(err)
				}
			}
			s.Proxies = rules("all", tc.proxy)
			_, err := s.Do(t.Context(), &Request{Method: "POST", URL: tc.url})
			e, _ := errors.AsType[*Error](err)
			if !errors.Is(err, ErrProxy) || e == nil || len(e.Attempts) != tc.attempts {
				t.Errorf("%v, %+v", err, e)
			}
		})
	}
}

func TestRule_12_5_ProxyErrors(t *testing.T) {
	garbling := record(t, func(*received) string { return "what?\r\n\r\n" + hangUp })
	silent := record(t, func(*received) string { return hangUp })
	forbidding := record(t, func(*received) string { return reply(403, "no") })
	for name, tc := range map[string]struct{ proxy, says string }{
		"unreachable": {"http://us:hunter2@" + programs.Refusing(t), "refused"},
		"unknown":     {"http://us:hunter2@no.test:1", "no such host"},
		"garbling":    {garbling.as("us:hunter2"), "malformed"},
		"silent":      {silent.as("us:hunter2"), "without a whole answer"},
		"forbidding":  {forbidding.as("us:hunter2"), "403"},
		"socks":       {"socks5://us:hunter2@" + plainText(t), "protocol version"},
		"no TLS":      {"https://us:hunter2@" + plainText(t), "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSession(t)
			s.Proxies = rules("all", tc.proxy)
			s.Timeout = &Timeout{Total: 20 * time.Second}
			_, err := s.Get(t.Context(), "https://one.test/")
			if KindOf(err) != ErrProxy || !errors.Is(err, ErrConnection) || errors.Is(err, ErrTimeout) {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
			// The session is as usable as before.
			s.Proxies = nil
			wantGet(t, s, record(t, hello).url, "hello")
		})
	}
}

// plainText is the address of a server that answers whatever comes with 400, without TLS.
func plainText(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1<<14))
			_, _ = conn.Write([]byte(reply(400, "plain HTTP")))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}
