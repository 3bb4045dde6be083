package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
)

// startTinyproxy starts tinyproxy; login is "user password", or "" for none.
func startTinyproxy(t *testing.T, login string) *Proxy {
	t.Helper()
	e := endpoint(t, "http://"+programs.Tinyproxy(t, login))
	return &Proxy{Kind: ProxyHTTP, Host: e.Host, Port: e.Port}
}

func startMicrosocks(t *testing.T, args ...string) *Proxy {
	t.Helper()
	e := endpoint(t, "http://"+programs.Microsocks(t, args...))
	return &Proxy{Kind: ProxySOCKS5, Host: e.Host, Port: e.Port}
}

// wantBothSchemes makes two calls to an http and an https server each, and returns the requests that
// the servers got.
func wantBothSchemes(t *testing.T, p *Proxy) string {
	t.Helper()
	srv, cli := identity(t)
	plain, plainAsked := serveTarget(t, nil)
	secure, secureAsked := serveTarget(t, srv)
	var texts strings.Builder
	for _, target := range []string{plain.url, secure.url} {
		// tinyproxy ends connections after a plain request without saying so before.
		c := newClient(t, &Options{TLS: cli, Limits: Limits{Timeout: 20 * time.Second}}, Policy{Resend: true})
		for range 2 {
			wantOK(t, call(t, c, via(t, p, target+"/a?b", Header{"User-Agent", "x"})), 200, "ok")
		}
		if n := c.Counts(); n.Attempts-n.Resent != 2 || target == secure.url && (n.Opened != 1 || n.TLSFull != 1) {
			t.Errorf("%+v", n)
		}
	}
	for range 2 {
		texts.WriteString(<-plainAsked)
		texts.WriteString(<-secureAsked)
	}
	if n := strings.Count(texts.String(), "GET /a?b HTTP/1."); n != 4 {
		t.Errorf("%d requests in origin form: %q", n, texts.String())
	}
	return texts.String()
}

func TestRule_8_3_Tinyproxy(t *testing.T) {
	p := startTinyproxy(t, "")
	wantBothSchemes(t, p)

	// tinyproxy answers for a server that it cannot reach.
	nowhere := programs.Refusing(t)
	c := newClient(t, nil, Policy{})
	wantOK(t, call(t, c, newStatusOnly(via(t, p, "http://"+nowhere))), 500, "")
	r := call(t, c, via(t, p, "https://"+nowhere))
	wantClass(t, r, ClassProxy)
	if e, ok := errors.AsType[*ProxyStatusError](r.Err); !ok || e.Status != 500 {
		t.Errorf("%v", r.Err)
	}
}

// newStatusOnly is req without its response's body.
func newStatusOnly(req *Request) *Request {
	req.KeepBody = false
	return req
}

func TestRule_8_5_TinyproxyWithCredentials(t *testing.T) {
	p := startTinyproxy(t, "us3r s3cret")
	if texts := wantBothSchemes(t, loggedIn(p, "us3r", "s3cret")); strings.Contains(texts, "Proxy-Auth") {
		t.Errorf("credentials were passed on: %q", texts)
	}
	for _, p := range []*Proxy{p, loggedIn(p, "us3r", "wrong")} {
		c := newClient(t, nil, Policy{})
		wantOK(t, call(t, c, newStatusOnly(via(t, p, "http://127.0.0.1:1/"))), refusedStatus(p), "")
		r := call(t, c, via(t, p, "https://127.0.0.1:1/"))
		wantClass(t, r, ClassProxy)
		if e, ok := errors.AsType[*ProxyStatusError](r.Err); !ok || e.Status != refusedStatus(p) || strings.Contains(r.Err.Error(), "wrong") {
			t.Errorf("%v", r.Err)
		}
	}
}

// refusedStatus is what tinyproxy says to missing and to wrong credentials.
func refusedStatus(p *Proxy) int {
	if p.HasUser {
		return 401
	}
	return 407
}

func TestRule_8_4_Microsocks(t *testing.T) {
	p := startMicrosocks(t)
	for _, kind := range []ProxyKind{ProxySOCKS5, ProxySOCKS5H} {
		p.Kind = kind
		wantBothSchemes(t, p)
	}
	c := newClient(t, nil, Policy{})
	r := call(t, c, via(t, p, "http://"+programs.Refusing(t)))
	wantClass(t, r, ClassProxy)
	if !ViaProxy(r.Err) || !strings.HasSuffix(r.Err.Error(), "connection refused") || strings.Contains(r.Err.Error(), "unknown") {
		t.Errorf("%v", r.Err)
	}
}

func TestRule_8_5_MicrosocksWithCredentials(t *testing.T) {
	p := startMicrosocks(t, "-u", "us3r", "-P", "s3cret")
	wantBothSchemes(t, loggedIn(p, "us3r", "s3cret"))
	for _, p := range []*Proxy{p, loggedIn(p, "us3r", "wrong")} {
		r := call(t, newClient(t, nil, Policy{}), via(t, p, "http://127.0.0.1:1/"))
		wantClass(t, r, ClassProxy)
		if !ViaProxy(r.Err) || strings.Contains(r.Err.Error(), "wrong") {
			t.Errorf("%v", r.Err)
		}
	}
}
