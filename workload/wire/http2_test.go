package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// serveHTTP2 starts net/http's server, with TLS or for prior knowledge, and counts its connections.
func serveHTTP2(t testing.TB, config *tls.Config, h http.HandlerFunc) (url string, connections *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	connections = new(atomic.Int64)
	s := &http.Server{Handler: h, Protocols: new(http.Protocols), ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}}
	url = "http://" + ln.Addr().String()
	s.Protocols.SetUnencryptedHTTP2(true)
	serve := func() error { return s.Serve(ln) }
	if config != nil {
		s.Protocols.SetHTTP2(true)
		s.TLSConfig = config.Clone()
		url = "https://" + ln.Addr().String()
		serve = func() error { return s.ServeTLS(ln, "", "") }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = serve()
	}()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return url, connections
}

// eachHTTP2 runs a test over TLS and over plain TCP.
func eachHTTP2(t *testing.T, h http.HandlerFunc, f func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64)) {
	srv, cli := identity(t)
	t.Run("TLS", func(t *testing.T) {
		url, n := serveHTTP2(t, srv, h)
		f(t, url, &Options{TLS: cli}, Policy{HTTP: HTTP2}, n)
	})
	t.Run("h2c", func(t *testing.T) {
		url, n := serveHTTP2(t, nil, h)
		f(t, url, &Options{}, Policy{HTTP: H2C}, n)
	})
}

// echoHTTP2 answers with what the server understood of the request.
func echoHTTP2(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.Header().Set("Trailer", "X-Sum")
	w.Header().Add("Set-Cookie", "a=b")
	w.Header().Add("Set-Cookie", "c=d")
	w.Header().Set("X-Agent", r.Header.Get("User-Agent"))
	_, _ = fmt.Fprintf(w, "%s %s %s %s %d %v", r.Proto, r.Method, r.Host, r.RequestURI, len(body), err)
	w.Header().Set("X-Sum", "1")
}

func TestHTTP2Exchange(t *testing.T) {
	eachHTTP2(t, echoHTTP2, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		c := newClient(t, opts, policy)
		host := url[strings.LastIndex(url, "/")+1:]
		for i := range 5 {
			r := call(t, c, get(t, url+"/a?b=c", Header{"User-Agent", "x y"}, Header{"Connection", "x"}, Header{"TE", "gzip"}))
			wantOK(t, r, 200, "HTTP/2.0 GET "+host+" /a?b=c 0 <nil>")
			if r.resp.Proto() != "HTTP/2.0" || string(r.resp.Header("X-Agent")) != "x y" || !r.resp.HasSetCookie() {
				t.Errorf("%s %q", r.resp.Proto(), r.resp.raw)
			}
			var cookies []string
			r.resp.EachSetCookie(func(v []byte) { cookies = append(cookies, string(v)) })
			if fmt.Sprint(cookies) != "[a=b c=d]" || r.Reused != (i > 0) || r.Headed == 0 || r.BytesIn == 0 || r.BytesOut == 0 {
				t.Errorf("%v %+v", cookies, r.Exchange)
			}
		}
		wantOK(t, call(t, c, newRequest(t, "POST", url+"/p", strings.Repeat("x", 300_000))), 200, "HTTP/2.0 POST "+host+" /p 300000 <nil>")
		wantOK(t, call(t, c, newRequest(t, "HEAD", url+"/p", "")), 200, "")
		if n := c.Counts(); connections.Load() != 1 || n.Opened != 1 || n.Streams != 7 || n.StreamsPeak != 1 || n.Reused != 6 {
			t.Errorf("%d connections, %+v", connections.Load(), n)
		}
	})
}

// together runs calls of several clients on one connection.
func together(t testing.TB, opts *Options, policy Policy, url string, clients int, use func(c *Client, cn *conn)) []*Client {
	t.Helper()
	first := NewClient(NewClock(), opts, policy, nil)
	r := call(t, first, get(t, url))
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	cn := kept(t, first)
	all := []*Client{first}
	for range clients - 1 {
		all = append(all, NewClient(first.clock, opts, policy, nil))
	}
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { use(c, cn) })
	}
	wg.Wait()
	t.Cleanup(first.Close)
	return all
}

// on carries out a call on a connection.
func on(ctx context.Context, c *Client, cn *conn, req *Request, resp *Response, ex *Exchange) error {
	c.follow(ctx)
	now := c.clock.Now()
	*ex = Exchange{Started: now}
	resp.reset()
	t := &c.trip
	*t = trip{req: req, resp: resp, place: placeOf(req, c.opts), limits: &c.opts.Limits, nth: 2}
	t.until = until(t.limits, now)
	t.span = span{ex: ex, clock: c.clock, mark: now}
	if err := c.openBody(t); err != nil {
		return err
	}
	ex.Err = cn.mux.do(c, t, func(error) {})
	ex.Class, ex.Status, ex.Finished = ClassOf(ex.Err), resp.Status, t.mark
	return ex.Err
}

func TestHTTP2ManyStreamsOnOneConnection(t *testing.T) {
	const clients, each = 32, 60
	eachHTTP2(t, echoHTTP2, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		var requests atomic.Int64
		opts.Limits = Limits{ReadTimeout: time.Minute, Timeout: time.Minute}
		all := together(t, opts, policy, url, clients, func(c *Client, cn *conn) {
			var resp Response
			var ex Exchange
			for i := range each {
				body := strings.Repeat("y", i*97)
				if err := on(t.Context(), c, cn, newRequest(t, "POST", url, body), &resp, &ex); err != nil {
					t.Error(err)
					return
				}
				p := ex.Phases
				if sum := p.Send + p.Wait + p.Receive; sum != ex.Finished-ex.Started {
					t.Errorf("phases add up to %v of %v", sum, ex.Finished-ex.Started)
				}
				if want := fmt.Sprintf(" / %d <nil>", len(body)); !strings.HasSuffix(string(resp.Body), want) {
					t.Errorf("%q, want %q", resp.Body, want)
				}
				requests.Add(1)
			}
		})
		peak := int64(0)
		for _, c := range all {
			peak = max(peak, c.counts.StreamsPeak)
		}
		if requests.Load() != clients*each || connections.Load() != 1 || peak < 2 || peak > clients {
			t.Errorf("%d requests on %d connections, at most %d at a time", requests.Load(), connections.Load(), peak)
		}
	})
}
