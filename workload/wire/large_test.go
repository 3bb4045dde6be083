package wire

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// noise is a body in which no piece can be taken for another.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

func posting(t testing.TB, target string, body []byte, headers ...Header) *Request {
	t.Helper()
	return specified(t, target, RequestSpec{Method: "POST", Headers: headers, KeepBody: true, Body: body})
}

// fingerprint answers with what came.
func fingerprint(w http.ResponseWriter, r *http.Request) {
	sum := sha256.New()
	n, err := io.Copy(sum, r.Body)
	_, _ = fmt.Fprintf(w, "%d of %d, %x, %v", n, r.ContentLength, sum.Sum(nil), err)
}

func TestBodiesOfAllSizesComeWholeInEveryProtocol(t *testing.T) {
	srv, cli := identity(t)
	plain, _ := serveHTTP2(t, nil, fingerprint)
	secure, _ := serveHTTP2(t, srv, fingerprint)
	third := script3(t, fingerprint)
	one := httptest.NewServer(http.HandlerFunc(fingerprint))
	defer one.Close()
	oneTLS := httptest.NewUnstartedServer(http.HandlerFunc(fingerprint))
	oneTLS.TLS = srv.Clone()
	oneTLS.StartTLS()
	defer oneTLS.Close()
	for _, carrier := range []struct {
		name, url string
		opts      *Options
		policy    Policy
	}{
		{"HTTP/1.1", one.URL, &Options{}, Policy{}},
		{"HTTP/1.1 TLS", oneTLS.URL, &Options{TLS: cli}, Policy{}},
		{"h2c", plain, &Options{}, Policy{HTTP: H2C}},
		{"HTTP/2", secure, &Options{TLS: cli}, Policy{HTTP: HTTP2}},
		{"HTTP/3", third.url, third.opts, Policy{HTTP: HTTP3}},
	} {
		t.Run(carrier.name, func(t *testing.T) {
			c := newClient(t, carrier.opts, carrier.policy)
			for _, size := range []int{1, uploadPiece, copiedBody - 1, copiedBody, copiedBody + 1, sendStep + 1, 3_000_000} {
				body := noise(size)
				want := fmt.Sprintf("%d of %d, %x, <nil>", size, size, sha256.Sum256(body))
				req := posting(t, carrier.url, body)
				for range 2 {
					r := call(t, c, req)
					wantOK(t, r, 200, want)
					if r.BytesOut < int64(size) {
						t.Errorf("%d bytes: %d were sent", size, r.BytesOut)
					}
				}
			}
			if n := c.Counts(); n.Opened != 1 {
				t.Errorf("%d connections", n.Opened)
			}
		})
	}
}

func TestRequestsShareALargeBodyAndCopyAShortOne(t *testing.T) {
	large, short := noise(copiedBody+1), noise(copiedBody)
	for _, cookie := range []string{"a=1", "a=2"} {
		req := posting(t, "http://a.test/", large, Header{"Cookie", cookie})
		if &req.apart[0] != &large[0] || len(req.apart) != len(large) {
			t.Error("the large body is a copy")
		}
		if cap(req.Raw) > 1<<10 || !bytes.HasSuffix(req.Raw, []byte("\r\n\r\n")) {
			t.Errorf("a head of %d bytes: %q", cap(req.Raw), req.Raw[max(0, len(req.Raw)-20):])
		}
	}
	req := posting(t, "http://a.test/", short)
	if req.apart != nil || !bytes.HasSuffix(req.Raw, short) {
		t.Error("the short body is not behind its head")
	}
	// What a Request had before is forgotten.
	again := posting(t, "http://a.test/", large)
	if err := AppendRequest(again, RequestSpec{URL: req.Spec.URL}); err != nil || again.apart != nil {
		t.Errorf("%d bytes are left of the body before, %v", len(again.apart), err)
	}
}

// A connection that died while it was idle is noticed with the head or in the middle of the body.
func TestALargeBodyIsSentAgainFromItsBeginning(t *testing.T) {
	body := noise(2_000_000)
	got := make(chan string, 2)
	s := serve(t, nil, func(p *peer) {
		if text := p.request(); p.n == 1 {
			p.say(okText)
			return // the connection ends as the next request comes
		} else if text != "" {
			got <- text
			p.say(okText)
		}
	})
	c := newClient(t, &Options{}, Policy{Resend: true})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	req := specified(t, s.url, RequestSpec{Method: "PUT", Body: body, KeepBody: true})
	wantOK(t, call(t, c, req), 200, "ok")
	if text := <-got; !strings.HasSuffix(text, string(body)) || !strings.HasPrefix(text, "PUT ") {
		t.Errorf("%d bytes came of %d and a head", len(text), len(body))
	}
}

func BenchmarkLargeBody(b *testing.B) {
	for name, config := range map[string]func() (*tls.Config, *tls.Config){
		"plain": func() (*tls.Config, *tls.Config) { return nil, nil },
		"TLS":   func() (*tls.Config, *tls.Config) { return identity(b) },
	} {
		b.Run(name, func(b *testing.B) {
			srv, cli := config()
			s := serve(b, srv, func(p *peer) {
				for {
					r, err := http.ReadRequest(p.in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					p.say(okText)
				}
			})
			c := newClient(b, &Options{TLS: cli}, Policy{})
			req := posting(b, s.url, noise(1<<20))
			b.SetBytes(1 << 20)
			b.ReportAllocs()
			for b.Loop() {
				call(b, c, req)
			}
		})
	}
}
