package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
)

func TestRule_8_7_RefusalsHaveAStatus(t *testing.T) {
	srv, _ := identity(t)
	for answer, want := range map[string]ProxyStatusError{
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 3\r\n\r\nno!": {407, "Proxy Authentication Required"},
		"HTTP/1.0 502 Bad\xff Gateway\r\n\r\nbody":                                   {502, "Bad? Gateway"},
		"HTTP/1.1 204\r\n\r\n":                              {204, ""},
		"HTTP/1.1 302 \r\nContent-Length: 99999999\r\n\r\n": {302, ""},
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 " + strings.Repeat("é", 400) + "\r\nTransfer-Encoding: chunked\r\n\r\n": {500, strings.Repeat("é", 50)},
		"HTTP/1.1 101 Switching Protocols\r\n\r\n": {101, "Switching Protocols"},
	} {
		for _, config := range []*tls.Config{nil, srv} {
			s := serveProxy(t, config, func(s *proxyServer, p *peer) {
				s.asked <- p.request()
				p.say(answer)
				p.await()
			})
			p := s.proxy(t, ProxyHTTP)
			if config != nil {
				p.Kind, p.TLS = ProxyHTTPS, &tls.Config{InsecureSkipVerify: true}
			}
			c := newClient(t, nil, Policy{})
			r := call(t, c, via(t, withLogin(p), "https://one.test/"))
			wantClass(t, r, ClassProxy)
			got, ok := errors.AsType[*ProxyStatusError](r.Err)
			if !ok || *got != want || !ViaProxy(r.Err) {
				t.Errorf("%v from %.60q", r.Err, answer)
			}
			wantProxyText(t, r.Err, s.addr())
			wantCounts(t, c, Counts{Opened: 1, OpenFailures: 1, Discarded: 1})
		}
	}
}

// wantProxyText checks that an error names the proxy and no credentials.
func wantProxyText(t *testing.T, err error, addr string) {
	t.Helper()
	text := err.Error()
	if !strings.HasPrefix(text, "proxy: ") || strings.Count(text, addr) != 1 {
		t.Errorf("%q does not name the proxy %s once", text, addr)
	}
	for _, secret := range []string{"us er", "päss", strings.TrimSpace(strings.TrimPrefix(login, "Proxy-Authorization: Basic "))} {
		if strings.Contains(text, secret) {
			t.Errorf("%q tells secrets", text)
		}
	}
}

func TestRule_8_7_NonsenseIsTheProxysFault(t *testing.T) {
	for name, tc := range map[string]struct {
		kind   ProxyKind
		answer string
		how    Counts
	}{
		"no HTTP":         {ProxyHTTP, "SSH-2.0-x\r\n", Counts{Discarded: 1}},
		"bare line feeds": {ProxyHTTP, "HTTP/1.1 200 OK\n\n", Counts{Discarded: 1}},
		"bytes behind":    {ProxyHTTP, "HTTP/1.1 200 OK\r\n\r\n!", Counts{Discarded: 1}},
		"endless head":    {ProxyHTTP, "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 70<<10), Counts{Discarded: 1}},
		"endless interim": {ProxyHTTP, strings.Repeat("HTTP/1.1 102 Wait\r\n\r\n", 4000), Counts{Discarded: 1}},
		"half a head":     {ProxyHTTP, "HTTP/1.1 200 OK\r\nA", Counts{ClosedByPeer: 1}},
		"nothing":         {ProxyHTTP, "", Counts{ClosedByPeer: 1}},
		"SOCKS5 nothing":  {ProxySOCKS5H, "", Counts{ClosedByPeer: 1}},
		"SOCKS5 half":     {ProxySOCKS5H, "\x05\x00\x05\x00\x00", Counts{ClosedByPeer: 1}},
		"SOCKS5 refusal":  {ProxySOCKS5H, "\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00", Counts{Discarded: 1}},
		"SOCKS5 no HTTP":  {ProxySOCKS5H, "HTTP/1.1 400 Bad Request\r\n\r\n", Counts{Discarded: 1}},
		"SOCKS5 no login": {ProxySOCKS5H, "\x05\xff", Counts{Discarded: 1}},
		"SOCKS4 nothing":  {ProxySOCKS4A, "", Counts{ClosedByPeer: 1}},
		"SOCKS4 refusal":  {ProxySOCKS4A, "\x00\x5b\x00\x00\x00\x00\x00\x00", Counts{Discarded: 1}},
		"SOCKS4 login":    {ProxySOCKS4A, "\x00\x5d\x00\x00\x00\x00\x00\x00", Counts{Discarded: 1}},
		"SOCKS4 no SOCKS": {ProxySOCKS4A, "HTTP/1.1 400", Counts{Discarded: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveProxy(t, nil, func(s *proxyServer, p *peer) {
				if _, err := p.in.ReadByte(); err != nil {
					return
				}
				p.say(tc.answer)
				if tc.how.ClosedByPeer > 0 {
					_ = p.Conn.(*net.TCPConn).CloseWrite()
				}
				p.await()
			})
			c := newClient(t, nil, Policy{})
			p := s.proxy(t, tc.kind)
			if !p.socks() {
				p = withLogin(p)
			}
			r := call(t, c, via(t, p, "https://one.test/"))
			wantClass(t, r, ClassProxy)
			if !ViaProxy(r.Err) || isA[*ProxyStatusError](r.Err) || r.Attempts != 0 {
				t.Errorf("%v, %d attempts", r.Err, r.Attempts)
			}
			wantProxyText(t, r.Err, s.addr())
			tc.how.Opened, tc.how.OpenFailures = 1, 1
			wantCounts(t, c, tc.how)
		})
	}
}

func TestRule_8_7_UnreachableProxies(t *testing.T) {
	nowhere := programs.Refusing(t)
	_, nowherePort, _ := net.SplitHostPort(nowhere)
	srv, _ := identity(t)
	strange := serveHTTPProxy(t, srv)
	silent := serve(t, nil, func(p *peer) { p.await() })
	failing := func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
	for _, kind := range []ProxyKind{ProxyHTTP, ProxyHTTPS, ProxySOCKS4, ProxySOCKS4A, ProxySOCKS5, ProxySOCKS5H} {
		for name, tc := range map[string]struct {
			addr  string
			class Class
			text  string
		}{
			"refused": {nowhere, ClassRefused, nowhere},
			"dns":     {"proxy.test:" + nowherePort, ClassDNS, "proxy.test"},
			"timeout": {silent.addr(), ClassConnectTimeout, silent.addr()},
			"tls":     {strange.addr(), ClassTLS, strange.addr()},
		} {
			if name == "tls" && kind != ProxyHTTPS {
				continue
			}
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				e := endpoint(t, "http://"+tc.addr)
				p := withLogin(&Proxy{Kind: kind, Host: e.Host, Port: e.Port})
				opts := &Options{LookupHost: failing}
				if name == "timeout" {
					opts.ConnectTimeout = 20 * time.Millisecond
				}
				c := newClient(t, opts, Policy{})
				r := call(t, c, via(t, p, "https://127.0.0.1:1/"))
				wantClass(t, r, tc.class)
				if !ViaProxy(r.Err) {
					t.Errorf("%v is not the proxy's", r.Err)
				}
				wantProxyText(t, r.Err, tc.text)
				if n := c.Counts(); n.OpenFailures != 1 || n.Attempts != 0 {
					t.Errorf("%+v", n)
				}
			})
		}
	}
}

func TestRule_8_7_AnAnswerToAPlainRequestIsAResponse(t *testing.T) {
	s := serve(t, nil, answer("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"))
	c := newClient(t, nil, Policy{})
	e := endpoint(t, s.url)
	wantOK(t, call(t, c, via(t, &Proxy{Kind: ProxyHTTP, Host: e.Host, Port: e.Port}, "http://one.test/")), 407, "")
}

// What goes wrong behind a proxy is not its fault.
func TestRule_8_7_TheServersOwnFailures(t *testing.T) {
	srv, _ := identity(t)
	strange, _ := serveTarget(t, srv)
	silent := serve(t, nil, func(p *peer) { p.await() })
	plain := serve(t, nil, func(p *peer) {
		_, _ = p.in.ReadByte()
		p.say(okText)
		p.await()
	})
	eachHTTPProxy(t, func(t *testing.T, s *proxyServer, p *Proxy) {
		for name, tc := range map[string]struct {
			addr  string
			opts  Options
			class Class
		}{
			"untrusted":        {strange.addr(), Options{}, ClassTLS},
			"no TLS":           {plain.addr(), Options{}, ClassTLS},
			"silent handshake": {silent.addr(), Options{Limits: Limits{ConnectTimeout: time.Second}}, ClassConnectTimeout}, // a slow machine comes that far in it
		} {
			c := newClient(t, &tc.opts, Policy{})
			r := call(t, c, via(t, p, "https://"+tc.addr))
			wantClass(t, r, tc.class)
			if ViaProxy(r.Err) || !strings.Contains(r.Err.Error(), tc.addr+" through proxy "+s.addr()) {
				t.Errorf("%s: %v", name, r.Err)
			}
		}
	})
}

func TestEndOfTheContextEndsATunnelsOpening(t *testing.T) {
	for _, kind := range []ProxyKind{ProxyHTTP, ProxyHTTPS, ProxySOCKS4A, ProxySOCKS5H} {
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(t, nil, func(p *peer) {
			if _, err := p.in.ReadByte(); err == nil {
				cancel()
				p.await()
			}
		})
		e := endpoint(t, s.url)
		c := newClient(t, nil, Policy{})
		r := callWith(t, ctx, c, via(t, &Proxy{Kind: kind, Host: e.Host, Port: e.Port}, "https://one.test/"))
		wantClass(t, r, ClassCanceled)
		if ViaProxy(r.Err) {
			t.Errorf("%v is blamed on the proxy", r.Err)
		}
		wantCounts(t, c, Counts{Opened: 1, Discarded: 1, OpenFailures: 1})
	}
}

// A refusal whose body does not come is reported all the same, with its status.
func TestRule_8_7_StalledRefusal(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nab")
		p.await()
	})
	e := endpoint(t, s.url)
	c := newClient(t, &Options{Limits: Limits{ConnectTimeout: time.Second}}, Policy{})
	r := call(t, c, via(t, &Proxy{Kind: ProxyHTTP, Host: e.Host, Port: e.Port}, "https://one.test/"))
	if got, ok := errors.AsType[*ProxyStatusError](r.Err); !ok || got.Status != 403 {
		t.Errorf("%v", r.Err)
	}
}
