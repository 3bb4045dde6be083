package wire

import (
	"context"
	"strings"
	"testing"
)

func TestRule_8_4_SOCKS(t *testing.T) {
	srv, cli := identity(t)
	secure, secureAsked := serveTarget(t, srv)
	plain, plainAsked := serveTarget(t, nil)
	s := serveSOCKS(t, "")
	lookup := func(_ context.Context, host string) ([]string, error) { return []string{"::1", "127.0.0.7"}, nil }
	for kind, host := range map[ProxyKind]string{
		ProxySOCKS4: "127.0.0.7", ProxySOCKS4A: "one.test", ProxySOCKS5: "[::1]", ProxySOCKS5H: "one.test",
	} {
		for _, target := range []string{plain.url, secure.url} {
			e := endpoint(t, target)
			t.Run(string(kind)+"/"+target[:5], func(t *testing.T) {
				opts := &Options{TLS: cli, LookupHost: lookup}
				remote := host == "one.test"
				if remote {
					opts.LookupHost = noLookup(t)
				}
				c := newClient(t, opts, Policy{})
				scheme, _, _ := strings.Cut(target, ":")
				url := scheme + "://one.test:" + port(e)
				p := s.proxy(t, kind)
				first := call(t, c, via(t, p, url+"/a", Header{"Proxy-Authorization", "mine"}))
				wantOK(t, first, 200, "ok")
				wantOK(t, call(t, c, via(t, p, url+"/2")), 200, "ok")
				if n := c.Counts(); n.Opened != 1 || n.Reused != 1 || n.TLSFull != map[bool]int64{true: 1}[e.TLS] {
					t.Errorf("%+v", n)
				}
				if got, want := <-s.asked, string(kind[5])+"  "+host+":"+port(e); got != want {
					t.Errorf("asked %q, want %q", got, want)
				}
				asked := plainAsked
				if e.TLS {
					asked = secureAsked
				}
				if got, want := <-asked, "GET /a HTTP/1.1\r\nHost: one.test:"+port(e)+"\r\n\r\n"; got != want {
					t.Errorf("inside %q, want %q", got, want)
				}
				<-asked
				if (first.Phases.DNS > 0) == remote || (first.Phases.TLS > 0) != e.TLS {
					t.Errorf("%+v", first.Phases)
				}
				if first.BytesOut < int64(len(via(t, p, url+"/a").Raw))+8 {
					t.Errorf("%d bytes out", first.BytesOut)
				}
			})
		}
	}
}

func TestRule_8_4_ConnectToAppliesToWhatASOCKSProxyIsAskedFor(t *testing.T) {
	target, inside := serveTarget(t, nil)
	s := serveSOCKS(t, "")
	at := port(endpoint(t, target.url))
	for kind, want := range map[ProxyKind]string{
		ProxySOCKS4: "4  127.0.0.8:" + at, ProxySOCKS4A: "4  two.test:" + at,
		ProxySOCKS5: "5  127.0.0.8:" + at, ProxySOCKS5H: "5  two.test:" + at,
	} {
		opts := &Options{
			LookupHost: noLookup(t),
			ConnectTo:  []Redirection{{"", "", "two.test", at}},
			Resolve:    map[string][]string{"two.test:" + at: {"127.0.0.8"}},
		}
		c := newClient(t, opts, Policy{RequestsPerConnection: 1})
		for range 2 {
			wantOK(t, call(t, c, via(t, s.proxy(t, kind), "http://one.test/")), 200, "ok")
			if got := <-s.asked; got != want {
				t.Errorf("%s: asked %q, want %q", kind, got, want)
			}
			<-inside
		}
	}
}

func TestRule_8_5_SOCKSCredentials(t *testing.T) {
	target, inside := serveTarget(t, nil)
	at := endpoint(t, target.url).String()
	s := serveSOCKS(t, "päss:word")
	for kind, want := range map[ProxyKind]string{
		ProxySOCKS4: "4 us er " + at, ProxySOCKS5: "5 us er:päss:word " + at,
	} {
		c := newClient(t, nil, Policy{})
		wantOK(t, call(t, c, via(t, withLogin(s.proxy(t, kind)), target.url)), 200, "ok")
		if got := <-s.asked; got != want {
			t.Errorf("asked %q, want %q", got, want)
		}
		if got := <-inside; strings.Contains(got, "Proxy") {
			t.Errorf("the server sees %q", got)
		}
	}
	wrong := withLogin(s.proxy(t, ProxySOCKS5))
	wrong.Password = "hunter2"
	for _, p := range []*Proxy{wrong, s.proxy(t, ProxySOCKS5)} {
		c := newClient(t, nil, Policy{})
		r := call(t, c, via(t, p, target.url))
		wantClass(t, r, ClassProxy)
		wantProxyText(t, r.Err, s.addr())
		if strings.Contains(r.Err.Error(), "hunter2") {
			t.Errorf("%q tells secrets", r.Err)
		}
	}
}

func TestRule_8_4_WhatSOCKSCannotReach(t *testing.T) {
	s := serveSOCKS(t, "")
	for name, tc := range map[string]struct {
		kind   ProxyKind
		target string
		opts   Options
	}{
		"IPv6 by SOCKS4":    {ProxySOCKS4, "http://[::1]:8080", Options{}},
		"no address":        {ProxySOCKS5, "http://one.test", Options{Resolve: map[string][]string{"one.test:80": {}}}},
		"too long a name":   {ProxySOCKS5H, "http://" + strings.Repeat("a", 256), Options{}},
		"ConnectTo no port": {ProxySOCKS5H, "http://one.test", Options{ConnectTo: []Redirection{{ToPort: "x"}}}},
	} {
		c := newClient(t, &tc.opts, Policy{})
		r := call(t, c, via(t, s.proxy(t, tc.kind), tc.target))
		wantClass(t, r, ClassDNS)
		if ViaProxy(r.Err) {
			t.Errorf("%s: %v is blamed on the proxy", name, r.Err)
		}
		wantCounts(t, c, Counts{OpenFailures: 1})
	}
}
