package wire

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"sessbench/internal/programs"
)

var login = "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("us er:päss:word")) + "\r\n"

// eachHTTPProxy runs f with an http and an https proxy.
func eachHTTPProxy(t *testing.T, f func(t *testing.T, s *proxyServer, p *Proxy)) {
	t.Run("http", func(t *testing.T) {
		s := serveHTTPProxy(t, nil)
		f(t, s, s.proxy(t, ProxyHTTP))
	})
	t.Run("https", func(t *testing.T) {
		srv, cli := identity(t)
		s := serveHTTPProxy(t, srv)
		p := s.proxy(t, ProxyHTTPS)
		p.TLS = cli
		f(t, s, p)
	})
}

func TestRule_8_2_PlainRequestsGoToTheProxyInAbsoluteForm(t *testing.T) {
	eachHTTPProxy(t, func(t *testing.T, s *proxyServer, p *Proxy) {
		c := newClient(t, &Options{LookupHost: noLookup(t)}, Policy{})
		for target, want := range map[string]string{
			"http://u:p@One.test/a?b=%20#frag": "GET http://one.test/a?b=%20 HTTP/1.1\r\nHost: one.test\r\n\r\n",
			"http://one.test:8080":             "GET http://one.test:8080/ HTTP/1.1\r\nHost: one.test:8080\r\n\r\n",
			"http://[::1%25lo]:80/x?":          "GET http://[::1]/x? HTTP/1.1\r\nHost: [::1]\r\n\r\n",
		} {
			r := call(t, c, via(t, p, target))
			wantOK(t, r, 200, "ok")
			if got := <-s.asked; got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
			if r.Phases.TLS != 0 || c.Counts().TLSFull != 0 {
				t.Errorf("the proxy's TLS is taken for the server's: %+v, %+v", r.Phases, c.Counts())
			}
		}
	})
}

func TestRule_8_2_OwnHostAndOptions(t *testing.T) {
	s := serveHTTPProxy(t, nil)
	c := newClient(t, nil, Policy{})
	p := s.proxy(t, ProxyHTTP)
	wantOK(t, call(t, c, via(t, p, "http://one.test/", Header{"Host", "two.test"})), 200, "ok")
	if got, want := <-s.asked, "GET http://one.test/ HTTP/1.1\r\nHost: two.test\r\n\r\n"; got != want {
		t.Errorf("asked %q", got)
	}
	u := &url.URL{Scheme: "http", Host: "one.test:81", Path: "*"}
	req, err := NewRequest(RequestSpec{Method: "OPTIONS", URL: u, Proxy: p})
	if err != nil || !strings.HasPrefix(string(req.Raw), "OPTIONS http://one.test:81 HTTP/1.1\r\n") {
		t.Errorf("%v, %q", err, req.Raw)
	}
}

func TestRule_8_3_TLSGoesThroughATunnel(t *testing.T) {
	srv, cli := identity(t)
	target, inside := serveTarget(t, srv)
	at := port(endpoint(t, target.url))
	eachHTTPProxy(t, func(t *testing.T, s *proxyServer, p *Proxy) {
		c := newClient(t, &Options{TLS: cli, LookupHost: noLookup(t)}, Policy{})
		headers := []Header{{"Authorization", "secret"}, {"Cookie", "a=b"}, {"proxy-authorization", "mine"}}
		first := call(t, c, via(t, p, "https://one.test:"+at+"/a?b#c", headers...))
		wantOK(t, first, 200, "ok")
		wantOK(t, call(t, c, via(t, p, "https://one.test:"+at+"/2")), 200, "ok")
		wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1, TLSFull: 1})

		authority := "one.test:" + at
		if got, want := <-s.asked, "CONNECT "+authority+" HTTP/1.1\r\nHost: "+authority+"\r\n\r\n"; got != want {
			t.Errorf("asked %q, want %q", got, want)
		}
		if got, want := <-inside, "GET /a?b HTTP/1.1\r\nHost: "+authority+"\r\nAuthorization: secret\r\nCookie: a=b\r\n\r\n"; got != want {
			t.Errorf("inside %q, want %q", got, want)
		}
		if got := <-inside; !strings.HasPrefix(got, "GET /2 HTTP/1.1\r\n") {
			t.Errorf("inside %q", got)
		}
		if len(s.asked) != 0 {
			t.Errorf("asked again: %q", <-s.asked)
		}
		if first.Phases.Connect <= 0 || first.Phases.TLS <= 0 || first.Phases.DNS != 0 || first.BytesIn < 1000 || first.BytesOut < 400 {
			t.Errorf("not accounted for: %+v", first.Exchange)
		}
	})
}

func TestRule_8_3_FreshTunnelsAreResumedInsideOnly(t *testing.T) {
	srv, cli := identity(t)
	target, inside := serveTarget(t, srv)
	resumed := make(chan bool, 8)
	outer, trust := identity(t)
	outer.VerifyConnection = func(state tls.ConnectionState) error {
		resumed <- state.DidResume
		return nil
	}
	s := serveHTTPProxy(t, outer)
	p := s.proxy(t, ProxyHTTPS)
	p.TLS = trust
	c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1, ResumeTLS: true})
	for range 3 {
		wantOK(t, call(t, c, via(t, p, target.url)), 200, "ok")
		<-inside
		if <-resumed {
			t.Error("the handshake with the proxy was resumed")
		}
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 3, TLSFull: 1, TLSResumed: 2})
}

func TestRule_8_3_IPv6Authority(t *testing.T) {
	if got := (Endpoint{Host: "fe80::1%eth0", Port: 443}).authority(); got != "[fe80::1]:443" {
		t.Errorf("%q", got)
	}
}

func TestRule_8_5_Credentials(t *testing.T) {
	srv, cli := identity(t)
	target, inside := serveTarget(t, srv)
	eachHTTPProxy(t, func(t *testing.T, s *proxyServer, p *Proxy) {
		mine := Header{"PROXY-Authorization", "mine"}
		c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1})
		wantOK(t, call(t, c, via(t, withLogin(p), "http://one.test/", mine, Header{"A", "b"})), 200, "ok")
		if got, want := <-s.asked, "GET http://one.test/ HTTP/1.1\r\nHost: one.test\r\nA: b\r\n"+login+"\r\n"; got != want {
			t.Errorf("asked %q, want %q", got, want)
		}
		wantOK(t, call(t, c, via(t, p, "http://one.test/", mine)), 200, "ok")
		if got := <-s.asked; !strings.Contains(got, "\r\nPROXY-Authorization: mine\r\n") {
			t.Errorf("asked %q", got)
		}
		wantOK(t, call(t, c, via(t, withLogin(p), target.url, mine)), 200, "ok")
		if got := <-s.asked; !strings.HasSuffix(got, "\r\n"+login+"\r\n") || strings.Count(got, "\r\n") != 4 {
			t.Errorf("asked %q", got)
		}
		if got := <-inside; strings.Contains(strings.ToLower(got), "proxy-auth") {
			t.Errorf("the server sees %q", got)
		}
	})
}

func TestWhereProxiesAreFound(t *testing.T) {
	s := serveHTTPProxy(t, nil)
	at := s.proxy(t, ProxyHTTP).Port
	p := port(endpoint(t, s.url))
	for name, tc := range map[string]struct {
		host string
		opts Options
	}{
		"Resolve":   {"proxy.test", Options{LookupHost: noLookup(t), Resolve: map[string][]string{"proxy.test:" + p: {"127.0.0.1"}}}},
		"ConnectTo": {"proxy.test", Options{LookupHost: noLookup(t), ConnectTo: []Redirection{{"one.test", "", "127.0.0.9", ""}, {"proxy.test", "", "127.0.0.1", ""}}}},
		"lookup":    {"proxy.test", Options{LookupHost: func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &tc.opts, Policy{RequestsPerConnection: 1})
			for range 2 {
				r := call(t, c, via(t, &Proxy{Kind: ProxyHTTP, Host: tc.host, Port: at}, "http://one.test/"))
				wantOK(t, r, 200, "ok")
				if looked := r.Phases.DNS > 0; looked != (name == "lookup") {
					t.Errorf("%+v", r.Phases)
				}
			}
		})
	}
}

func TestInvalidProxiesAreRefused(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, p := range map[string]Proxy{
		"kind":            {Kind: "ftp", Host: "h", Port: 1},
		"no kind":         {Host: "h", Port: 1},
		"no host":         {Kind: ProxyHTTP, Port: 1},
		"bad host":        {Kind: ProxyHTTP, Host: "a b", Port: 1},
		"no port":         {Kind: ProxyHTTP, Host: "h"},
		"SOCKS5 no user":  {Kind: ProxySOCKS5, Host: "h", Port: 1, HasUser: true},
		"SOCKS5 user":     {Kind: ProxySOCKS5H, Host: "h", Port: 1, HasUser: true, User: long},
		"SOCKS5 password": {Kind: ProxySOCKS5H, Host: "h", Port: 1, HasUser: true, User: "u", Password: long},
		"SOCKS4 user":     {Kind: ProxySOCKS4, Host: "h", Port: 1, HasUser: true, User: "u\x00"},
	} {
		if _, err := NewRequest(RequestSpec{URL: &url.URL{Scheme: "http", Host: "a.test"}, Proxy: &p}); err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), long) {
			t.Errorf("%s: %v tells secrets", name, err)
		}
		if _, err := ProbeVia(t.Context(), Endpoint{}, &p, nil); err == nil {
			t.Errorf("%s: probed", name)
		}
	}
}

func TestProbeOfANameThatIsNotFoundForAProxy(t *testing.T) {
	opts := &Options{LookupHost: func(context.Context, string) ([]string, error) { return nil, errNoAddress }}
	p := &Proxy{Kind: ProxySOCKS5, Host: "127.0.0.1", Port: 1}
	info, err := ProbeVia(t.Context(), Endpoint{Host: "a.test", Port: 80}, p, opts)
	if ClassOf(err) != ClassDNS || len(info.Addresses) != 0 {
		t.Errorf("%v, %+v", err, info)
	}
}

func TestProbeViaAProxy(t *testing.T) {
	srv, cli := identity(t)
	target, inside := serveTarget(t, srv)
	eachHTTPProxy(t, func(t *testing.T, s *proxyServer, p *Proxy) {
		info, err := ProbeVia(t.Context(), endpoint(t, target.url), p, &Options{TLS: cli})
		if err != nil || info.Address != s.addr() || len(info.Addresses) != 1 || info.Addresses[0] != s.addr() || info.TLSVersion != "TLS 1.3" {
			t.Errorf("%v, %+v", err, info)
		}
		if want := (Counts{Opened: 1, Retired: 1, TLSFull: 1}); withoutTimeWait(info.Counts) != want {
			t.Errorf("counts %+v", info.Counts)
		}
		info, err = ProbeVia(t.Context(), endpoint(t, "http://one.test"), p, nil)
		if err != nil || info.TLSVersion != "" || info.Counts.TLSFull != 0 || info.Phases.TLS != 0 {
			t.Errorf("%v, %+v", err, info)
		}
	})
	if len(inside) != 0 {
		t.Errorf("sent %q", <-inside)
	}
}

func TestPooledGetThroughAProxyAllocatesNothing(t *testing.T) {
	e := endpoint(t, cannedServer(t, canned))
	c := newClient(t, nil, Policy{})
	req := via(t, withLogin(&Proxy{Kind: ProxyHTTP, Host: e.Host, Port: e.Port}), "http://one.test/")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var resp Response
	var ex Exchange
	n := programs.Allocs(500, func() {
		if c.Do(ctx, req, &resp, &ex); ex.Err != nil {
			t.Fatal(ex.Err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
