package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// closeHeader is what tells a server to close.
var closeHeader = Header{"Connection", "close"}

// keeping answers every request, and leaves the closing to the client.
func keeping(p *peer) {
	answer(okText)(p)
	p.await()
}

// A recorded connection keeps what came.
type recorded struct {
	net.Conn
	got []byte
}

func (r *recorded) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.got = append(r.got, p[:n]...)
	return n, err
}

// alerted reports whether the last TLS record that came is an alert (RFC 5246, section 6.2.1).
func (r *recorded) alerted() bool {
	const header, alert = 5, 21
	kind := 0
	for rest := r.got; len(rest) >= header; {
		kind = int(rest[0])
		rest = rest[min(len(rest), header+(int(rest[3])<<8|int(rest[4]))):]
	}
	return kind == alert
}

func TestWhatTheServerSeesOfAClosing(t *testing.T) {
	srv, cli := identity(t)
	srv.MaxVersion = tls.VersionTLS12 // shows which records are alerts
	for name, tc := range map[string]struct {
		policy Policy
		want   error
		alert  bool // with TLS
		count  Counts
	}{
		"by the client":                {Policy{RequestsPerConnection: 1}, io.EOF, true, Counts{}},
		"without closing alert":        {Policy{RequestsPerConnection: 1, NoCloseNotify: true}, io.EOF, false, Counts{}},
		"by reset":                     {Policy{RequestsPerConnection: 1, Close: CloseByReset}, errnoReset, false, Counts{Reset: 1}},
		"by a server that nobody told": {Policy{RequestsPerConnection: 1, Close: CloseByServer}, io.EOF, true, Counts{}},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				ends, alerts := make(chan error, 1), make(chan bool, 1)
				s := serve(t, nil, func(p *peer) {
					under := &recorded{Conn: p.Conn}
					if scheme == "https" {
						p.Conn = tls.Server(under, srv)
						p.in.Reset(p.Conn)
					}
					p.request()
					p.say(okText)
					_, err := p.in.ReadByte()
					ends <- err
					alerts <- under.alerted()
				})
				c := newClient(t, &Options{TLS: cli}, tc.policy)
				wantOK(t, call(t, c, get(t, scheme+"://"+s.addr())), 200, "ok")
				if err := <-ends; !errors.Is(err, tc.want) {
					t.Errorf("the server saw %v, want %v", err, tc.want)
				}
				count, alert := tc.count, false
				if scheme == "https" {
					alert, count.TLSFull = tc.alert, 1
				}
				if got := <-alerts; got != alert {
					t.Errorf("closing alert %t, want %t", got, alert)
				}
				count.Opened, count.Attempts, count.Retired = 1, 1, 1
				wantCounts(t, c, count)
			})
		}
	}
}

func TestClosingsByOthersThanThePolicyAreResetToo(t *testing.T) {
	ends := make(chan error, 9)
	s := serve(t, nil, func(p *peer) {
		for p.request() != "" {
			p.say(okText)
		}
		_, err := p.in.ReadByte() // repeats the error with which request ended
		ends <- err
	})
	c := newClient(t, nil, Policy{Close: CloseByReset})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	c.Close()
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1, Reset: 1})
	<-ends
}

func TestTheServersEndIsWaitedFor(t *testing.T) {
	srv, cli := identity(t)
	for name, tc := range map[string]struct {
		config *tls.Config
		text   string
		header []Header
		policy Policy
	}{
		"told":                 {nil, okText, []Header{closeHeader}, Policy{Close: CloseByServer}},
		"told, fresh":          {nil, okText, []Header{closeHeader}, Policy{Close: CloseByServer, RequestsPerConnection: 1}},
		"told, TLS":            {srv, okText, []Header{closeHeader}, Policy{Close: CloseByServer}},
		"announced":            {nil, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", nil, Policy{Close: CloseByServer}},
		"body to the end, too": {nil, "HTTP/1.1 200 OK\r\n\r\nok", []Header{closeHeader}, Policy{Close: CloseByServer}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.config, func(p *peer) {
				p.request()
				p.say(tc.text)
			})
			c := newClient(t, &Options{TLS: cli}, tc.policy)
			for range 3 {
				r := call(t, c, get(t, s.url, tc.header...))
				wantOK(t, r, 200, "ok")
				if c.Open() != 0 || r.Reused {
					t.Errorf("%d open, reused %t", c.Open(), r.Reused)
				}
			}
			want := Counts{Opened: 3, Attempts: 3, ClosedByPeer: 3}
			if tc.config != nil {
				want.TLSFull = 3
			}
			wantCounts(t, c, want)
		})
	}
}

func TestTheServersEndIsWaitedForBehindAStream(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		p.request()
		p.say(okText)
	})
	c := newClient(t, nil, Policy{Close: CloseByServer})
	req := get(t, s.url, closeHeader)
	req.Spec.Stream = true
	r := call(t, c, req)
	if body, err := io.ReadAll(r.resp.Stream); err != nil || string(body) != "ok" {
		t.Errorf("%q, %v", body, err)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1})
}

func TestAServerThatKeepsTheConnectionIsWaitedForASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newClient(t, &Options{Dial: piped(keeping)}, Policy{Close: CloseByServer})
		for i := range 2 {
			r := call(t, c, get(t, "http://127.0.0.1", closeHeader))
			wantOK(t, r, 200, "ok")
			if r.Finished != r.Started || r.Phases.Acquire != 0 {
				t.Errorf("finished %v after it started, acquire %v", r.Finished-r.Started, r.Phases.Acquire)
			}
			if now := c.clock.Now(); now != time.Duration(i+1)*time.Second {
				t.Errorf("the call %d came back at %v", i, now)
			}
		}
		wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Retired: 2, KeptByServer: 2})
	})
}

// The server's end is on its way for a round trip too, so over a long path a second would be too little.
func TestTheServersEndIsWaitedForOverADistance(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rtt = 2 * time.Second
		obedient := func(p *peer) {
			p.request()
			p.say(okText)
			_ = p.Close()
		}
		c := newClient(t, &Options{Dial: piped(obedient), Distance: &Distance{RTT: rtt}}, Policy{Close: CloseByServer, RequestsPerConnection: 1})
		wantOK(t, call(t, c, get(t, "http://127.0.0.1", closeHeader)), 200, "ok")
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1})

		c = newClient(t, &Options{Dial: piped(keeping), Distance: &Distance{RTT: rtt}}, Policy{Close: CloseByServer})
		r := call(t, c, get(t, "http://127.0.0.1", closeHeader))
		wantOK(t, r, 200, "ok")
		if waited := c.clock.Now() - r.Finished; waited != time.Second+4*rtt {
			t.Errorf("waited for %v", waited)
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1, KeptByServer: 1})
	})
}

func TestAServerThatDripsIsWaitedForASecond(t *testing.T) {
	bubble(t, func(t *testing.T) {
		script := func(p *peer) {
			p.request()
			p.say(okText)
			for {
				time.Sleep(300 * time.Millisecond)
				if _, err := p.Write([]byte("x")); err != nil {
					return
				}
			}
		}
		c := newClient(t, &Options{Dial: piped(script)}, Policy{Close: CloseByServer})
		wantOK(t, call(t, c, get(t, "http://127.0.0.1", closeHeader)), 200, "ok")
		if now := c.clock.Now(); now != time.Second {
			t.Errorf("came back at %v", now)
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1, KeptByServer: 1})
	})
}

func TestAnInterruptEndsTheWaitForTheServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		c := newClient(t, &Options{Dial: piped(keeping)}, Policy{Close: CloseByServer})
		wantOK(t, callWith(t, ctx, c, get(t, "http://127.0.0.1", closeHeader)), 200, "ok")
		if now := c.clock.Now(); now != 300*time.Millisecond {
			t.Errorf("came back at %v", now)
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1})
	})
}

// The connection is there for as long as it is waited for, so that others who need its place in a pool
// wait too, which is their Acquire.
func TestOthersAtThePoolWaitForTheServersEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		pool := NewPool(PoolOptions{Max: 1})
		clock := NewClock()
		opts := &Options{Dial: piped(keeping)}
		var mu sync.Mutex
		var waited []time.Duration
		var wg sync.WaitGroup
		for range 2 {
			c := NewClient(clock, opts, Policy{Close: CloseByServer, SharedPool: true}, pool)
			wg.Go(func() {
				defer c.Close()
				r := call(t, c, get(t, "http://127.0.0.1", closeHeader))
				if r.Err != nil || r.Finished-r.Started != r.Phases.Acquire {
					t.Errorf("%v, %v with phases %+v", r.Err, r.Finished-r.Started, r.Phases)
				}
				mu.Lock()
				waited = append(waited, r.Phases.Acquire)
				mu.Unlock()
			})
		}
		wg.Wait()
		pool.Close()
		if len(waited) != 2 || min(waited[0], waited[1]) != 0 || max(waited[0], waited[1]) != time.Second {
			t.Errorf("acquired after %v", waited)
		}
	})
}

// What is no TCP socket cannot be reset, and that is not claimed.
func TestAPipeIsClosedInstead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		end := make(chan error, 1)
		script := func(p *peer) {
			p.request()
			p.say(okText)
			_, err := p.in.ReadByte()
			end <- err
		}
		c := newClient(t, &Options{Dial: piped(script)}, Policy{RequestsPerConnection: 1, Close: CloseByReset})
		wantOK(t, call(t, c, get(t, "http://127.0.0.1")), 200, "ok")
		if err := <-end; err != io.EOF {
			t.Errorf("the server saw %v", err)
		}
		if got, want := c.Counts(), (Counts{Opened: 1, Attempts: 1, Retired: 1}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if k := c.Kernel(); k != (Kernel{}) {
			t.Errorf("of a pipe the system says %+v", k)
		}
	})
}

func TestOnlyARequestThatSaysSoIsClosedByTheServer(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		for {
			text := p.request()
			if text == "" {
				return
			}
			p.say(okText)
			if strings.Contains(text, "Connection: close") {
				return
			}
		}
	})
	c := newClient(t, nil, Policy{Close: CloseByServer})
	for range 2 {
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		wantOK(t, call(t, c, get(t, s.url, closeHeader)), 200, "ok")
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 6, Reused: 4, ClosedByPeer: 2})
}
