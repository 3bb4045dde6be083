package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"sessbench/internal/programs"
)

// A call that is interrupted ends by itself; the others on the connection go on, whoever reads.
func TestHTTP2CancelEndsOneStream(t *testing.T) {
	const clients = 4
	release, resets := make(chan struct{}), make(chan uint32, clients)
	ctx, cancel := context.WithCancel(t.Context())
	s := servePeer(t, nil, nil, func(p *h2peer) {
		p.head(p.request(), true, ":status", "204")
		var ids []uint32
		for range clients {
			ids = append(ids, p.request())
		}
		cancel() // now that all are on their way
		f, ok := p.await(http2.FrameRSTStream).(*http2.RSTStreamFrame)
		if !ok || f.ErrCode != http2.ErrCodeCancel {
			t.Errorf("%v", f)
			return
		}
		resets <- f.StreamID
		<-release
		for _, id := range ids {
			if id != f.StreamID {
				p.head(id, true, ":status", "204")
			}
		}
		p.rest()
	})
	var n, canceled, fine atomic.Int64
	together(t, nil, Policy{HTTP: H2C}, s.url, clients, func(c *Client, cn *conn) {
		with := t.Context()
		first := n.Add(1) == 1
		if first {
			with = ctx
		}
		var resp Response
		var ex Exchange
		err := on(with, c, cn, get(t, s.url), &resp, &ex)
		switch {
		case first && ClassOf(err) == ClassCanceled:
			canceled.Add(1)
			close(release)
		case !first && err == nil:
			fine.Add(1)
		default:
			t.Error(err)
		}
	})
	if canceled.Load() != 1 || fine.Load() != clients-1 || len(resets) != 1 {
		t.Errorf("%d canceled, %d fine, %d resets", canceled.Load(), fine.Load(), len(resets))
	}
}

// Limits end the stream with their class, and the connection goes on.
func TestHTTP2Limits(t *testing.T) {
	for name, tc := range map[string]struct {
		limits Limits
		class  Class
		req    func(url string) *Request
		script func(p *h2peer, id uint32)
	}{
		"silence": {Limits{ReadTimeout: 20 * time.Millisecond}, ClassReadTimeout, nil, func(*h2peer, uint32) {}},
		"silence in the body": {Limits{ReadTimeout: 20 * time.Millisecond}, ClassReadTimeout, nil, func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "200")
		}},
		"call": {Limits{Timeout: 200 * time.Millisecond, ReadTimeout: time.Hour}, ClassTimeout, nil, func(*h2peer, uint32) {}},
		"no window": {Limits{WriteTimeout: 20 * time.Millisecond, ReadTimeout: time.Hour}, ClassSend, func(url string) *Request {
			return newRequest(t, "POST", url, strings.Repeat("x", 100_000))
		}, func(*h2peer, uint32) {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := servePeer(t, nil, nil, func(p *h2peer) {
				p.head(p.request(), true, ":status", "204")
				tc.script(p, p.request())
				if p.await(http2.FrameRSTStream) == nil {
					t.Error("no reset")
				}
				p.head(p.request(), true, ":status", "204")
				p.rest()
			})
			c := newClient(t, nil, Policy{HTTP: H2C})
			wantOK(t, call(t, c, get(t, s.url)), 204, "") // the limits hold on an open connection, however long opening it took
			req := get(t, s.url)
			if tc.req != nil {
				req = tc.req(s.url)
			}
			req.Spec.Limits = &tc.limits
			r := call(t, c, req)
			wantClass(t, r, tc.class)
			if !IsTimeout(r.Err) {
				t.Error(r.Err)
			}
			wantOK(t, call(t, c, get(t, s.url)), 204, "")
			if n := c.Counts(); n.Opened != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// As many streams are open as the server allows; the others wait.
func TestHTTP2WaitsForAStream(t *testing.T) {
	var open, peak atomic.Int64
	settings := []http2.Setting{{ID: http2.SettingMaxConcurrentStreams, Val: 1}}
	s := servePeer(t, nil, settings, func(p *h2peer) {
		for id := p.request(); id != 0; id = p.request() {
			peak.Store(max(peak.Load(), open.Add(1)))
			open.Add(-1)
			p.head(id, true, ":status", "204")
		}
	})
	all := together(t, nil, Policy{HTTP: H2C}, s.url, 8, func(c *Client, cn *conn) {
		var resp Response
		var ex Exchange
		for range 20 {
			if err := on(t.Context(), c, cn, get(t, s.url), &resp, &ex); err != nil {
				t.Error(err)
			}
		}
		if room := cn.mux.room(); room != 1 {
			t.Errorf("room for %d", room)
		}
	})
	for _, c := range all {
		if c.counts.StreamsPeak > 1 {
			t.Errorf("%d streams at a time", c.counts.StreamsPeak)
		}
	}
}

func TestHTTP2StreamsResponses(t *testing.T) {
	const size = 9 << 20 // more than the window
	text := strings.Repeat("0123456789abcdef", size/16)
	handler := func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, text) }
	eachHTTP2(t, handler, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		c := newClient(t, opts, policy)
		b := begin(t, t.Context(), c, streamed(t, "GET", url))
		if got := b.rest(t); got != text {
			t.Errorf("%d bytes", len(got))
		}
		early := begin(t, t.Context(), c, streamed(t, "GET", url))
		if _, err := io.ReadFull(early.resp.Stream, make([]byte, 100)); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := early.resp.Stream.Close(); err != nil || early.ex.Err != nil {
				t.Error(err, early.ex.Err)
			}
		}
		early.sums(t)
		if _, err := early.resp.Stream.Read(make([]byte, 1)); ClassOf(err) != ClassCanceled {
			t.Error(err)
		}
		if got := begin(t, t.Context(), c, streamed(t, "HEAD", url)).rest(t); got != "" {
			t.Errorf("%d bytes", len(got))
		}
		ctx, cancel := context.WithCancel(t.Context())
		last := begin(t, ctx, c, streamed(t, "GET", url))
		cancel()
		if _, err := io.Copy(io.Discard, last.resp.Stream); ClassOf(err) != ClassCanceled || last.ex.Class != ClassCanceled {
			t.Error(err, last.ex.Class)
		}
		wantOK(t, call(t, c, get(t, url)), 200, text)
		if n := c.Counts(); connections.Load() != 1 || n.Opened != 1 || n.Streams != 5 {
			t.Errorf("%d connections, %+v", connections.Load(), n)
		}
	})
}

func TestHTTP2Uploads(t *testing.T) {
	eachHTTP2(t, echoHTTP2, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		c := newClient(t, opts, policy)
		for _, size := range []int{0, 1, uploadPiece, 3_000_000} {
			for _, length := range []int64{int64(size), -1} {
				r := call(t, c, uploading(t, url, strings.Repeat("u", size), length))
				if r.Err != nil || !strings.HasSuffix(string(r.resp.Body), fmt.Sprintf(" %d <nil>", size)) {
					t.Errorf("%v %s", r.Err, r.resp.Body)
				}
			}
		}
		r := call(t, c, uploading(t, url, "short", 9))
		if wantClass(t, r, ClassSend); !IsUpload(r.Err) || !errors.Is(r.Err, errBodyShort) {
			t.Error(r.Err)
		}
		wantClass(t, call(t, c, uploading(t, url, "longer", 3)), ClassSend)
		if connections.Load() != 1 {
			t.Errorf("%d connections", connections.Load())
		}
	})
}

// An answer that comes before the request is complete ends its sending.
func TestHTTP2EarlyAnswers(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no", http.StatusRequestEntityTooLarge)
	}
	eachHTTP2(t, handler, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		c := newClient(t, opts, policy)
		body := strings.Repeat("u", 20<<20)
		wantOK(t, call(t, c, uploading(t, url, body, -1)), 413, "no\n")
		wantOK(t, call(t, c, newRequest(t, "POST", url, body)), 413, "no\n")
		wantOK(t, call(t, c, get(t, url)), 413, "no\n")
		if connections.Load() != 1 {
			t.Errorf("%d connections", connections.Load())
		}
	})
}

// Of a redirect's body no more is read than a new connection would cost.
func TestHTTP2BriefRedirects(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/x")
		w.WriteHeader(302)
		for range 100 {
			if _, err := w.Write(make([]byte, 100<<10)); err != nil {
				return
			}
		}
	}
	eachHTTP2(t, handler, func(t *testing.T, url string, opts *Options, policy Policy, connections *atomic.Int64) {
		c := newClient(t, opts, policy)
		for range 2 {
			r := call(t, c, specified(t, url, RequestSpec{BriefRedirects: true}))
			if r.Err != nil || r.Status != 302 || r.BytesIn > 5<<20 {
				t.Errorf("%+v", r.Exchange)
			}
		}
		if connections.Load() != 1 {
			t.Errorf("%d connections", connections.Load())
		}
	})
}

// nginx logs the connections and requests that we count.
func TestHTTP2CountsEqualNginxLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	address := programs.Nginx(t, "http2", "access_log "+log+"; keepalive_requests 10; location / { return 200 hello; }")
	c := newClient(t, nil, Policy{HTTP: H2C, Resend: true})
	const requests = 37
	attempts := int64(0)
	for range requests {
		r := call(t, c, get(t, "http://"+address+"/"))
		wantOK(t, r, 200, "hello")
		attempts += int64(r.Attempts)
	}
	var text []byte
	for deadline := time.Now().Add(20 * time.Second); strings.Count(string(text), "HTTP/2.0\" 200") < requests; {
		if time.Now().After(deadline) {
			t.Fatalf("logged %s", text)
		}
		<-time.After(5 * time.Millisecond)
		text, _ = os.ReadFile(log)
	}
	n := c.Counts()
	if n.Opened != 4 || n.ClosedByPeer != 3 || n.Streams != attempts {
		t.Errorf("%+v", n)
	}
}

// A server that takes no bytes ends the connection when somebody has waited too long, and an interrupted call at once.
func TestHTTP2ServerThatTakesNothing(t *testing.T) {
	srv, cli := identity(t)
	srv.NextProtos = []string{"h2"}
	for name, policy := range map[string]Policy{"TLS": {HTTP: HTTP2}, "h2c": {HTTP: H2C}} {
		t.Run(name, func(t *testing.T) {
			stuck, release := make(chan struct{}, 9), make(chan struct{})
			config := srv
			if policy.HTTP == H2C {
				config = nil
			}
			s := servePeer(t, config, []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1}}, func(p *h2peer) {
				_ = p.WriteWindowUpdate(0, 1<<30)
				p.request()
				stuck <- struct{}{}
				<-release
			})
			defer close(release)
			body := strings.Repeat("x", 32<<20)
			c := newClient(t, &Options{TLS: cli, Limits: Limits{WriteTimeout: 50 * time.Millisecond}}, policy)
			wantClass(t, call(t, c, newRequest(t, "POST", s.url, body)), ClassSend)
			if n := c.Counts(); n.Discarded != 1 {
				t.Errorf("%+v", n)
			}
			<-stuck
			ctx, cancel := context.WithCancel(t.Context())
			go func() { <-stuck; cancel() }()
			c = newClient(t, &Options{TLS: cli}, policy)
			wantClass(t, callWith(t, ctx, c, newRequest(t, "POST", s.url, body)), ClassCanceled)
		})
	}
}
