package session

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func TestRule_8_4_ProxyURLs(t *testing.T) {
	for raw, want := range map[string]wire.Proxy{
		"proxy.test":                         {Kind: wire.ProxyHTTP, Host: "proxy.test", Port: 80},
		"Proxy.Test:3128":                    {Kind: wire.ProxyHTTP, Host: "proxy.test", Port: 3128},
		" http://proxy.test/ ":               {Kind: wire.ProxyHTTP, Host: "proxy.test", Port: 80},
		"//proxy.test:1":                     {Kind: wire.ProxyHTTP, Host: "proxy.test", Port: 1},
		"HTTPS://proxy.test?x#y":             {Kind: wire.ProxyHTTPS, Host: "proxy.test", Port: 443},
		"socks4://127.0.0.1":                 {Kind: wire.ProxySOCKS4, Host: "127.0.0.1", Port: 1080},
		"socks4a://user@h:":                  {Kind: wire.ProxySOCKS4A, Host: "h", Port: 1080, User: "user", HasUser: true},
		"socks5://[::1]":                     {Kind: wire.ProxySOCKS5, Host: "::1", Port: 1080},
		"socks5h://u:p@[FE80::1%25eth0]:9/a": {Kind: wire.ProxySOCKS5H, Host: "fe80::1%eth0", Port: 9, User: "u", Password: "p", HasUser: true},
		"u%40s%3Aer:p%2Fw:x@y@h:1":           {Kind: wire.ProxyHTTP, Host: "h", Port: 1, User: "u@s:er", Password: "p/w:x@y", HasUser: true},
		"us%zzer:@h":                         {Kind: wire.ProxyHTTP, Host: "h", Port: 80, User: "us%zzer", HasUser: true},
		":p@h":                               {Kind: wire.ProxyHTTP, Host: "h", Port: 80, Password: "p", HasUser: true},
		"@h":                                 {Kind: wire.ProxyHTTP, Host: "h", Port: 80},
	} {
		p, err := ParseProxy(raw)
		if err != nil || *p != want {
			t.Errorf("%q: %v, %+v, want %+v", raw, err, p, want)
		}
	}
}

func TestRule_8_7_InvalidProxyURLs(t *testing.T) {
	for raw, kind := range map[string]Kind{
		"":                            ErrInvalidProxyURL,
		"http://":                     ErrInvalidProxyURL,
		"http://hunter2:hunter2@":     ErrInvalidProxyURL,
		"http://hunter2:hunter2@/x":   ErrInvalidProxyURL,
		"http://:3128":                ErrInvalidProxyURL,
		"hunter2:hunter2/x@h":         ErrInvalidProxyURL,
		"http://u:hunter2@h:0":        ErrInvalidProxyURL,
		"http://u:hunter2@h:65536":    ErrInvalidProxyURL,
		"http://u:hunter2@h:1:2":      ErrInvalidProxyURL,
		"http://u:hunter2@[h]:1":      ErrInvalidProxyURL,
		"http://u:hunter2@[::1":       ErrInvalidProxyURL,
		"http://u:hunter2@[::1]1":     ErrInvalidProxyURL,
		"http://u:hunter2@a b":        ErrInvalidProxyURL,
		"http://u:hunter2@h\r\nA: b":  ErrInvalidProxyURL,
		"http://u:hunter2@é.test":     ErrInvalidProxyURL,
		"socks5://:hunter2@h":         ErrInvalidProxyURL,
		"ftp://u:hunter2@h":           ErrInvalidURL,
		"socks://u:hunter2@h":         ErrInvalidURL,
		"hunter2:hunter2://hunter2@h": ErrInvalidURL,
	} {
		for _, f := range []func() error{
			func() error { _, err := ParseProxy(raw); return err },
			func() error { return rules("http", raw).Validate() },
			func() error {
				_, err := proxyFor(mustURL(t, "http://a.test"), rules("http", raw), nil, nil)
				return err
			},
		} {
			err := f()
			if raw == "" && err == nil {
				continue // a rule that switches off
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != kind || !errors.Is(err, ErrInvalidURL) {
				t.Errorf("%q: %v", raw, err)
				continue
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v tells secrets", raw, err)
			}
		}
	}
}

func TestEqualSettingsGiveEqualProxies(t *testing.T) {
	a, errA := ParseProxy("u:p%41@Proxy.test:80")
	b, errB := ParseProxy("http://u:pA@proxy.test")
	if errA != nil || errB != nil || *a != *b {
		t.Errorf("%v, %v: %+v, %+v", errA, errB, a, b)
	}
}

// What is accepted can be used, and says the same when it is written out again.
func FuzzParseProxy(f *testing.F) {
	for _, raw := range []string{"h", "http://u:p@h:1/x", "socks5h://u@[::1%25a]:2", "https://%41:%zz@h", "//h", "a:b@c@d:0", "[", "http://[::1]x"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := ParseProxy(raw)
		if err != nil {
			if !errors.Is(err, ErrInvalidURL) {
				t.Errorf("%v", err)
			}
			return
		}
		if err := p.Validate(); err != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		text := p.String()
		if p.HasUser {
			text = strings.Replace(text, "://", "://"+url.UserPassword(p.User, p.Password).String()+"@", 1)
		}
		again, err := ParseProxy(text)
		if err != nil || *again != *p {
			t.Errorf("%q: %+v; %q: %+v, %v", raw, p, text, again, err)
		}
	})
}
