package wire

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sessbench/internal/programs"
)

// A countedConn counts its bytes, below TLS.
type countedConn struct {
	net.Conn
	in, out *atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.out.Add(int64(len(p))) // before, for then the other side has them; all are taken in the end
	return c.Conn.Write(p)
}

func TestTheKernelsBytesAreTheServers(t *testing.T) {
	srv, cli := identity(t)
	for name, tc := range map[string]struct {
		policy Policy
		text   string
		closes bool
	}{
		"kept":                {Policy{}, okText, false},
		"fresh":               {Policy{RequestsPerConnection: 1, NoCloseNotify: true}, okText, false},
		"reset":               {Policy{RequestsPerConnection: 1, Close: CloseByReset}, okText, false},
		"ended with the body": {Policy{}, "HTTP/1.1 200 OK\r\n\r\nok", true},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				var in, out atomic.Int64
				s := serve(t, nil, func(p *peer) {
					p.Conn = &countedConn{p.Conn, &in, &out}
					if scheme == "https" {
						p.Conn = tls.Server(p.Conn, srv)
					}
					p.in.Reset(p.Conn)
					for p.request() != "" {
						p.say(tc.text)
						if tc.closes {
							return
						}
					}
				})
				c := newClient(t, &Options{TLS: cli}, tc.policy)
				const n = 5
				for range n {
					wantOK(t, call(t, c, newRequest(t, "POST", scheme+"://"+s.addr(), strings.Repeat("x", 1000))), 200, "ok")
				}
				k := c.Kernel()
				if again := c.Kernel(); again.BytesAcked != k.BytesAcked || again.Connections != k.Connections || again.RTT != k.RTT {
					t.Errorf("asked again: %+v after %+v", again, k)
				}
				counts := c.Counts()
				if k.Connections != counts.Opened {
					t.Errorf("%d connections asked, %d opened", k.Connections, counts.Opened)
				}
				if k.BytesAcked != in.Load() || k.BytesReceived != out.Load() {
					t.Errorf("%d bytes acked and %d received, the server read %d and wrote %d", k.BytesAcked, k.BytesReceived, in.Load(), out.Load())
				}
				if k.RTT < k.MaxRTT || k.MaxRTT < k.MinRTT || k.MinRTT <= 0 || k.MinWindow <= 0 || k.Window < k.MinWindow*k.Connections {
					t.Errorf("%+v", k)
				}
			})
		}
	}
}

func TestFactsGoToTheClientThatOpened(t *testing.T) {
	s := serve(t, nil, answer(okText))
	pool := NewPool(PoolOptions{})
	clock := NewClock()
	one := NewClient(clock, nil, Policy{SharedPool: true}, pool)
	two := NewClient(clock, nil, Policy{SharedPool: true, RequestsPerConnection: 2}, pool)
	wantOK(t, call(t, one, get(t, s.url)), 200, "ok")
	if k := one.Kernel(); k != (Kernel{}) {
		t.Errorf("before its end: %+v", k)
	}
	if k := pool.Kernel(); k.Connections != 1 || k != pool.Kernel() {
		t.Errorf("of the pool: %+v", k)
	}
	wantOK(t, call(t, two, get(t, s.url)), 200, "ok") // and it closes the connection
	if k := one.Kernel(); k.Connections != 1 || k.BytesReceived != 2*int64(len(okText)) {
		t.Errorf("of the Client that opened: %+v", k)
	}
	if k := two.Kernel(); k != (Kernel{}) {
		t.Errorf("of the Client that closed: %+v", k)
	}
	if k := pool.Kernel(); k != (Kernel{}) {
		t.Errorf("of the empty pool: %+v", k)
	}
}

func TestAskingAllocatesNothing(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	cn := kept(t, c)
	if n := programs.Allocs(100, func() {
		if cn.facts(retired).state != socketOpen {
			t.Fatal("no facts")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok") // the socket waits in the poller as before
}

// A connection of the caller's own making is asked through its syscall.RawConn.
func TestADialedConnectionIsAskedAndReset(t *testing.T) {
	end := make(chan error, 1)
	s := serve(t, nil, func(p *peer) {
		p.request()
		p.say(okText)
		_, err := p.in.ReadByte()
		end <- err
	})
	opts := &Options{Dial: func(ctx context.Context, addr string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", addr)
	}}
	c := newClient(t, opts, Policy{RequestsPerConnection: 1, Close: CloseByReset})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	if err := <-end; !isReset(err) {
		t.Errorf("the server saw %v", err)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1, Reset: 1})
	if k := c.Kernel(); k.Connections != 1 {
		t.Errorf("%+v", k)
	}
}

func BenchmarkAsk(b *testing.B) {
	s := serve(b, nil, answer(okText))
	c := newClient(b, &Options{Limits: Limits{ReadTimeout: time.Minute}}, Policy{})
	wantOK(b, call(b, c, get(b, s.url)), 200, "ok")
	cn := kept(b, c)
	b.ReportAllocs()
	for b.Loop() {
		cn.facts(retired)
	}
}

// What a peer had twice was not lost: a probe that was sent because its acknowledgement came late.
func TestProbesAreNoRetransmits(t *testing.T) {
	for _, c := range []struct {
		sent, had uint32
		want      int64
	}{{0, 0, 0}, {3, 0, 3}, {3, 1, 2}, {1, 1, 0}, {0, 1, 0}} {
		if k := kernelOf(&unix.TCPInfo{Total_retrans: c.sent, Dsack_dups: c.had}); k.Retransmits != c.want {
			t.Errorf("%d sent again, of which the peer had %d: %d retransmits, want %d", c.sent, c.had, k.Retransmits, c.want)
		}
	}
}
