package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
)

func benchHTTP2(b testing.TB) (url string, opts *Options) {
	srv, cli := identity(b)
	url, _ = serveHTTP2(b, srv, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"ok": true}`))
	})
	return url, &Options{TLS: cli, Limits: Limits{ReadTimeout: 5 * time.Second, Timeout: time.Minute}}
}

// allocations returns how many a pooled GET makes, the server's included.
func allocations(t *testing.T, url string, opts *Options, policy Policy) float64 {
	t.Helper()
	opts.Limits = Limits{ReadTimeout: time.Minute, Timeout: time.Hour}
	c := newClient(t, opts, policy)
	req := get(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var resp Response
	var ex Exchange
	n := programs.Allocs(500, func() {
		if c.Do(ctx, req, &resp, &ex); ex.Err != nil {
			t.Fatal(ex.Err)
		}
	})
	if string(resp.Body) != "{\"ok\": true}" {
		t.Errorf("body %q", resp.Body)
	}
	return n
}

func TestPooledHTTP2GetAllocatesNothing(t *testing.T) {
	if n := allocations(t, serve(t, nil, cannedHTTP2).url, new(Options), Policy{HTTP: H2C}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// crypto/tls allocates for each record that is read, here and at the server: no more is allocated than
// for the same exchange over HTTP/1.1.
func TestPooledHTTP2GetAllocatesNoMoreOverTLS(t *testing.T) {
	srv, cli := identity(t)
	one := allocations(t, serve(t, srv, func(p *peer) { canned(p.Conn) }).url, &Options{TLS: cli}, Policy{})
	srv.NextProtos = []string{"h2"}
	two := allocations(t, serve(t, srv, cannedHTTP2).url, &Options{TLS: cli}, Policy{HTTP: HTTP2})
	if two > one {
		t.Errorf("%v allocations, %v over HTTP/1.1", two, one)
	}
}

func BenchmarkHTTP2OneStream(b *testing.B) {
	url, opts := benchHTTP2(b)
	benchmark(b, url, opts, Policy{HTTP: HTTP2})
}

const benchStreams = 32

func BenchmarkHTTP2ManyStreams(b *testing.B) {
	url, opts := benchHTTP2(b)
	req := get(b, url)
	req.KeepBody = false
	work := make(chan struct{}, benchStreams)
	b.ReportAllocs()
	go func() {
		defer close(work)
		for b.Loop() {
			work <- struct{}{}
		}
	}()
	together(b, opts, Policy{HTTP: HTTP2}, url, benchStreams, func(c *Client, cn *conn) {
		var resp Response
		var ex Exchange
		for range work {
			if err := on(context.Background(), c, cn, req, &resp, &ex); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// What the library's own client costs.
func BenchmarkHTTP2Library(b *testing.B) {
	for name, streams := range map[string]int{"one": 1, "many": benchStreams} {
		b.Run(name, func(b *testing.B) {
			url, opts := benchHTTP2(b)
			transport := &http.Transport{TLSClientConfig: opts.TLS, Protocols: new(http.Protocols)}
			transport.Protocols.SetHTTP2(true)
			client := &http.Client{Transport: transport}
			work := make(chan struct{}, streams)
			b.ReportAllocs()
			go func() {
				defer close(work)
				for b.Loop() {
					work <- struct{}{}
				}
			}()
			var wg sync.WaitGroup
			for range streams {
				wg.Go(func() {
					for range work {
						resp, err := client.Get(url)
						if err != nil {
							b.Error(err)
							return
						}
						_, _ = resp.Body.Read(make([]byte, 64))
						_ = resp.Body.Close()
					}
				})
			}
			wg.Wait()
		})
	}
}

// What uploads took of memory is given back when the connection is idle.
func TestHTTP2GivesItsBuffersBackAfterUploads(t *testing.T) {
	srv, cli := identity(t)
	for policy, config := range map[Protocol]*tls.Config{H2C: nil, HTTP2: srv} {
		url, _ := serveHTTP2(t, config, func(w http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(io.Discard, r.Body); n != 3<<20 {
				t.Errorf("%d bytes came, %v", n, err)
			}
		})
		c := newClient(t, &Options{TLS: cli}, Policy{HTTP: policy})
		body := strings.Repeat("b", 3<<20)
		for _, req := range []*Request{newRequest(t, "POST", url, body), uploading(t, url, body, -1)} {
			wantOK(t, call(t, c, req), 200, "")
			s := &kept(t, c).mux.(*h2conn).send
			for name, b := range map[string][]byte{"frames": s.frames, "out": s.out, "plain": s.plain, "crypt": s.crypt} {
				if cap(b) > sendKept {
					t.Errorf("HTTP/%s: %s has %d bytes", policy, name, cap(b))
				}
			}
			// The server takes frames of 1 MiB.
			for _, b := range c.opener.spare.large {
				if cap(b) > largeBuffer {
					t.Errorf("HTTP/%s: a buffer of %d bytes was needed", policy, cap(b))
				}
			}
		}
	}
}

func BenchmarkHTTP2Upload(b *testing.B) {
	url, _ := serveHTTP2(b, nil, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	c := newClient(b, new(Options), Policy{HTTP: H2C})
	req := newRequest(b, "POST", url, strings.Repeat("b", 256<<10))
	var resp Response
	var ex Exchange
	b.ReportAllocs()
	for b.Loop() {
		if c.Do(context.Background(), req, &resp, &ex); ex.Err != nil {
			b.Fatal(ex.Err)
		}
	}
}
