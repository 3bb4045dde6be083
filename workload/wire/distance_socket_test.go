package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Over real sockets only least times are sure.
func TestDistanceOverSockets(t *testing.T) {
	srv, cli := identity(t)
	config := func(v uint16) *tls.Config {
		c := cli.Clone()
		c.MinVersion, c.MaxVersion = v, v
		return c
	}
	const rtt = 10 * time.Millisecond
	for name, tc := range map[string]struct {
		srv, cli *tls.Config
		tls      time.Duration
	}{
		"plain":   {},
		"TLS 1.3": {srv, config(tls.VersionTLS13), 1},
		"TLS 1.2": {srv, config(tls.VersionTLS12), 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.srv, answer(bodyText(100_000)))
			c := newClient(t, &Options{TLS: tc.cli, Distance: &Distance{RTT: rtt}}, Policy{})
			req := newRequest(t, "POST", s.url, strings.Repeat("u", 100_000))
			fresh, warm := call(t, c, req), call(t, c, req)
			for _, r := range []result{fresh, warm} {
				if r.Err != nil || len(r.resp.Body) != 100_000 {
					t.Fatalf("%d bytes, %v", len(r.resp.Body), r.Err)
				}
			}
			// A phase begins when we have come to know of the end of the one before, so what is late at
			// one end of it is missing there.
			if p := fresh.Phases; p.Connect < rtt || p.TLS < tc.tls*rtt || p.Send+p.Wait < 3*rtt || fresh.Finished-fresh.Started < (6+tc.tls)*rtt {
				t.Errorf("fresh: %+v, less than the round trips it takes", p)
			}
			if p := warm.Phases; p.Send+p.Wait < rtt {
				t.Errorf("warm: %+v, less than a round trip", p)
			}
			if !warm.Reused || c.Counts().Opened != 1 || s.accepted.Load() != 1 {
				t.Errorf("%+v, %d accepted", c.Counts(), s.accepted.Load())
			}
		})
	}
}

// A connection that the server reset while it was idle is not used again.
func TestDistanceOfAReset(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		p.request()
		p.say(okText)
		if p.n == 1 {
			reset(t, p.Conn)
		}
	})
	c := newClient(t, &Options{Distance: &Distance{RTT: time.Millisecond}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	cn := kept(t, c)
	for limit := time.Now().Add(10 * time.Second); cn.unused() != peerClosed; {
		if time.Now().After(limit) {
			t.Fatal("the reset never came")
		}
		<-time.After(time.Millisecond)
	}
	cn.idleSince -= idleUnchecked // long enough to be looked at
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	if n := c.Counts(); n.Opened != 2 || n.ClosedByPeer != 1 || n.Resent != 0 {
		t.Errorf("%+v", n)
	}
}

// The socket beneath can be asked, and an unconnected one is given up in time.
func TestDistanceKeepsTheSocket(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Distance: &Distance{RTT: time.Millisecond}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	control, err := kept(t, c).sock.raw.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	if err := control.Control(func(fd uintptr) { asked = fd > 2 }); err != nil || !asked {
		t.Errorf("no descriptor, %v", err)
	}
	here, _ := net.Pipe()
	if _, err := (&Distance{RTT: 1}).over(here, NewClock()).(syscall.Conn).SyscallConn(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe: %v", err)
	}
}

// A run that is interrupted does not wait for what is on its way.
func TestDistanceInterrupted(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Distance: &Distance{RTT: 10 * time.Second}}, Policy{})
	for _, wait := range []time.Duration{0, time.Millisecond} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(wait, cancel)
		wantClass(t, callWith(t, ctx, c, get(t, s.url)), ClassCanceled)
	}
}

// A reader of a real socket that waits for what is on its way is woken by a deadline and by closing.
func TestDistantReadOfASocketIsInterrupted(t *testing.T) {
	s := serve(t, nil, func(p *peer) { p.say("hello"); p.await() })
	raw, err := net.Dial("tcp", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	far := (&Distance{RTT: time.Hour}).over(raw, NewClock()).(*distant)
	far.begin()
	for _, tc := range []struct {
		end  func() error
		want error
	}{
		{func() error { return far.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		{far.Close, net.ErrClosed},
	} {
		if err := far.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error)
		go func() {
			_, err := far.Read(make([]byte, 1))
			failed <- err
		}()
		for limit := time.Now().Add(10 * time.Second); ; { // until the greeting is on its way
			far.mu.Lock()
			came := far.down.data.Len() > 0
			far.mu.Unlock()
			if came || time.Now().After(limit) {
				break
			}
			runtime.Gosched()
		}
		if err := tc.end(); err != nil {
			t.Error(err)
		}
		if err := <-failed; !errors.Is(err, tc.want) {
			t.Errorf("ended with %v, want %v", err, tc.want)
		}
	}
}

// BenchmarkDistance shows how late answers are beyond the distance.
func BenchmarkDistance(b *testing.B) {
	for _, rtt := range []time.Duration{5 * time.Millisecond, 40 * time.Millisecond} {
		b.Run(rtt.String(), func(b *testing.B) {
			s := serve(b, nil, answer(okText))
			c := newClient(b, &Options{Distance: &Distance{RTT: rtt}}, Policy{})
			req := get(b, s.url)
			call(b, c, req)
			var late []time.Duration
			for b.Loop() {
				late = append(late, call(b, c, req).Phases.Wait-rtt)
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2].Microseconds()), "µs-late-p50")
			b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "µs-late-p99")
		})
	}
}
