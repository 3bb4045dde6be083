package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPooledKeepsOneConnection(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	for i := range 5 {
		r := call(t, c, get(t, s.url))
		wantOK(t, r, 200, "ok")
		if r.Reused != (i > 0) || r.Attempts != 1 {
			t.Errorf("call %d: reused %t, attempts %d", i, r.Reused, r.Attempts)
		}
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 5, Reused: 4})
	if c.Open() != 1 {
		t.Errorf("%d open", c.Open())
	}
}

func TestFreshOpensAndClosesAConnectionForEveryRequest(t *testing.T) {
	for name, text := range map[string]string{
		"server keeps":          okText,
		"server insists":        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: max=99\r\nContent-Length: 2\r\n\r\nok",
		"server closes as well": "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	} {
		t.Run(name, func(t *testing.T) {
			requests := make(chan string, 9)
			s := serve(t, nil, func(p *peer) {
				requests <- p.request()
				p.say(text)
				p.await() // returns only when the client has closed
			})
			c := newClient(t, nil, Policy{RequestsPerConnection: 1})
			for range 3 {
				r := call(t, c, get(t, s.url))
				wantOK(t, r, 200, "ok")
				if r.Reused {
					t.Error("reused")
				}
				if got := <-requests; strings.Contains(got, "Connection") {
					t.Errorf("request has a Connection header: %q", got)
				}
				if c.Open() != 0 {
					t.Error("left open")
				}
			}
			wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 3})
		})
	}
}

func TestConnectionIsRetiredAfterItsRequests(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{RequestsPerConnection: 3})
	var reused []bool
	for range 7 {
		r := call(t, c, get(t, s.url))
		wantOK(t, r, 200, "ok")
		reused = append(reused, r.Reused)
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 7, Reused: 4, Retired: 2})
	if want := []bool{false, true, true, false, true, true, false}; !equal(reused, want) {
		t.Errorf("reused %v, want %v", reused, want)
	}
}

func equal(a, b []bool) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

func TestRequestWithConnectionCloseClosesOnOurSide(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	req := get(t, s.url, Header{"connection", "foo, Close"})
	for range 2 {
		wantOK(t, call(t, c, req), 200, "ok")
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Retired: 2})
}

func TestAConnectionToEachEndpointIsKept(t *testing.T) {
	one, two := serve(t, nil, answer(okText)), serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	for _, s := range []*server{one, one, two, one, two} {
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 5, Reused: 3})
	if c.Open() != 2 {
		t.Errorf("%d open", c.Open())
	}
}

// waitFor waits until a kept connection shows that state.
func waitFor(t *testing.T, c *Client, state peerState) {
	t.Helper()
	cn := kept(t, c)
	for end := time.Now().Add(10 * time.Second); cn.unused() != state; {
		if time.Now().After(end) {
			t.Fatal("the connection never came to that state")
		}
	}
	cn.idleSince -= idleUnchecked
}

func TestRule_5_8_ConnectionEndedWhileIdleIsReplacedUnnoticed(t *testing.T) {
	srv, cli := identity(t)
	for name, tc := range map[string]struct {
		tls  bool
		last string // what the server says before it closes
		end  func(*peer)
		want Counts
	}{
		"plain, closed":      {false, "", func(p *peer) {}, Counts{ClosedByPeer: 1}},
		"plain, reset":       {false, "", func(p *peer) { reset(t, p.Conn) }, Counts{ClosedByPeer: 1}},
		"plain, 408 and end": {false, "HTTP/1.1 408 Timeout\r\nConnection: close\r\n\r\n", func(p *peer) {}, Counts{ClosedByPeer: 1}},
		"plain, unasked":     {false, okText, func(p *peer) { p.await() }, Counts{Discarded: 1}},
		"TLS, closed":        {true, "", func(p *peer) {}, Counts{ClosedByPeer: 1, TLSFull: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan struct{})
			script := func(p *peer) {
				if p.n > 1 {
					answer(okText)(p)
					return
				}
				p.request()
				p.say(okText)
				<-answered
				p.say(tc.last)
				tc.end(p)
			}
			config := srv
			if !tc.tls {
				config = nil
			}
			s := serve(t, config, script)
			c := newClient(t, &Options{TLS: cli}, Policy{}) // no Resend
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			close(answered)
			if tc.want.Discarded > 0 {
				waitFor(t, c, peerSpoke)
			} else {
				waitFor(t, c, peerClosed)
			}
			r := call(t, c, newRequest(t, "POST", s.url, "x"))
			wantOK(t, r, 200, "ok")
			if r.Attempts != 1 || r.Reused {
				t.Errorf("attempts %d, reused %t", r.Attempts, r.Reused)
			}
			tc.want.Opened, tc.want.Attempts = 2, 2
			wantCounts(t, c, tc.want)
		})
	}
}

func TestSessionTicketsWhileIdleDoNotCostTheConnection(t *testing.T) {
	srv, cli := identity(t)
	s := serve(t, srv, answer(okText))
	c := newClient(t, &Options{TLS: cli}, Policy{})
	for range 3 {
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		kept(t, c).idleSince -= idleUnchecked
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 3, Reused: 2, TLSFull: 1})
}

// dyingServer answers the first request of its first connection and ends it upon the second.
func dyingServer(t *testing.T, end func(*peer)) *server {
	return serve(t, nil, func(p *peer) {
		p.request()
		p.say(okText)
		if p.n == 1 {
			p.request()
			end(p)
			return
		}
		answer(okText)(p)
	})
}

func TestIdempotentRequestIsSentAgainOnceAfterAReusedConnectionDied(t *testing.T) {
	for name, end := range map[string]func(*peer){
		"closed": func(*peer) {},
		"reset":  func(p *peer) { reset(t, p.Conn) },
	} {
		t.Run(name, func(t *testing.T) {
			s := dyingServer(t, end)
			c := newClient(t, nil, Policy{Resend: true})
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			r := call(t, c, get(t, s.url))
			wantOK(t, r, 200, "ok")
			if r.Attempts != 2 || r.Reused {
				t.Errorf("attempts %d, reused %t", r.Attempts, r.Reused)
			}
			if want := int64(2 * len(get(t, s.url).Raw)); r.BytesOut != want {
				t.Errorf("%d bytes out, want %d", r.BytesOut, want)
			}
			wantCounts(t, c, Counts{Opened: 2, Attempts: 3, Reused: 1, ClosedByPeer: 1, Resent: 1})
		})
	}
}

func TestRequestIsNotSentAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		policy Policy
		end    func(*peer)
		class  Class
	}{
		"without the policy":        {"GET", Policy{}, func(*peer) {}, ClassClosedEarly},
		"reset, without the policy": {"GET", Policy{}, func(p *peer) { reset(t, p.Conn) }, ClassReset},
		"POST":                      {"POST", Policy{Resend: true}, func(*peer) {}, ClassClosedEarly},
		"after a byte":              {"GET", Policy{Resend: true}, func(p *peer) { p.say("H") }, ClassClosedEarly},
		"after garbage":             {"GET", Policy{Resend: true}, func(p *peer) { p.say("garbage") }, ClassProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			s := dyingServer(t, tc.end)
			c := newClient(t, nil, tc.policy)
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			r := call(t, c, newRequest(t, tc.method, s.url, ""))
			wantClass(t, r, tc.class)
			if r.Attempts != 1 || !r.Reused || r.Status != 0 {
				t.Errorf("attempts %d, reused %t, status %d", r.Attempts, r.Reused, r.Status)
			}
		})
	}
	t.Run("more than once", func(t *testing.T) {
		s := serve(t, nil, func(p *peer) {
			p.request()
			if p.n == 1 {
				p.say(okText)
				p.request()
			}
		})
		c := newClient(t, nil, Policy{Resend: true})
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		r := call(t, c, get(t, s.url))
		wantClass(t, r, ClassClosedEarly)
		if r.Attempts != 2 {
			t.Errorf("%d attempts", r.Attempts)
		}
		wantCounts(t, c, Counts{Opened: 2, Attempts: 3, Reused: 1, ClosedByPeer: 2, Resent: 1})
	})
}

// A brokenConn takes no more bytes but still has some to give.
type brokenConn struct {
	net.Conn
	text io.Reader
}

func (b *brokenConn) Read(p []byte) (int, error)  { return b.text.Read(p) }
func (b *brokenConn) Write(p []byte) (int, error) { return len(p) / 2, errnoPipe }
func (b *brokenConn) SetDeadline(time.Time) error { return nil }
func (b *brokenConn) Close() error                { return nil }

func TestAnswerToARequestNotFullyTakenIsRead(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		class Class
	}{
		"answer":         {"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig", ""},
		"nothing":        {"", ClassReset},
		"part of a head": {"HTTP/1.1 413", ClassReset},
	} {
		t.Run(name, func(t *testing.T) {
			dial := func(context.Context, string) (net.Conn, error) {
				return &brokenConn{text: strings.NewReader(tc.text)}, nil
			}
			c := newClient(t, &Options{Dial: dial}, Policy{Resend: true})
			r := call(t, c, newRequest(t, "PUT", "http://127.0.0.1", "body"))
			wantClass(t, r, tc.class)
			if tc.class == "" {
				wantOK(t, r, 413, "big")
			}
			wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1})
		})
	}
}

func TestRequestThatFillsTheSocketIsSentWhole(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		for {
			text := p.request()
			if text == "" {
				return
			}
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + fmt.Sprintf("%08d", strings.Count(text, "x")))
		}
	})
	c := newClient(t, nil, Policy{})
	const size = 9 << 20
	for range 2 {
		r := call(t, c, newRequest(t, "POST", s.url, strings.Repeat("x", size)))
		wantOK(t, r, 200, fmt.Sprintf("%08d", size))
		if r.BytesOut <= size {
			t.Errorf("%d bytes out", r.BytesOut)
		}
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
}

func TestInterruptedWorkersLeaveNothingOpen(t *testing.T) {
	srv, cli := identity(t)
	for name, tc := range map[string]struct {
		config *tls.Config
		policy Policy
	}{
		"pooled":    {nil, Policy{}},
		"fresh":     {nil, Policy{RequestsPerConnection: 1}},
		"reuse":     {nil, Policy{RequestsPerConnection: 3, Resend: true}},
		"fresh TLS": {srv, Policy{RequestsPerConnection: 1, ResumeTLS: true}},
		"shared":    {nil, Policy{SharedPool: true}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var served atomic.Int64
			s := serve(t, tc.config, func(p *peer) {
				for p.request() != "" {
					if served.Add(1) == 200 {
						cancel()
					}
					p.say(okText)
				}
			})
			var pool *Pool
			if tc.policy.SharedPool {
				pool = NewPool(PoolOptions{Max: 3})
			}
			clock := NewClock()
			var wg sync.WaitGroup
			clients := make([]*Client, 8)
			for i := range clients {
				c := NewClient(clock, &Options{TLS: cli, Limits: Limits{ReadTimeout: time.Minute}}, tc.policy, pool)
				clients[i] = c
				wg.Go(func() {
					for {
						r := callWith(t, ctx, c, get(t, s.url))
						if r.Class == ClassCanceled {
							break
						}
						wantOK2(t, r)
					}
					c.Close()
				})
			}
			wg.Wait()
			if pool != nil {
				pool.Close()
			}
			for _, c := range clients {
				checkLedger(t, c)
				if c.Open() != 0 {
					t.Errorf("%d open", c.Open())
				}
			}
		})
	}
}
