package wire

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/testserver"
)

func TestLaneTellsWhenAPacketArrives(t *testing.T) {
	const ms = time.Millisecond
	for name, tc := range map[string]struct {
		lane lane
		sent []time.Duration
		size int
		want []time.Duration
	}{
		"delay only":      {lane{delay: 40 * ms}, []time.Duration{0, 0, 5 * ms}, 1000, []time.Duration{40 * ms, 40 * ms, 45 * ms}},
		"bandwidth only":  {lane{rate: 1_000_000}, []time.Duration{0, 0, 20 * ms}, 1250, []time.Duration{10 * ms, 20 * ms, 30 * ms}},
		"the line rests":  {lane{rate: 1_000_000}, []time.Duration{0, 50 * ms}, 1250, []time.Duration{10 * ms, 60 * ms}},
		"delay behind it": {lane{delay: 40 * ms, rate: 1_000_000}, []time.Duration{0, 0}, 1250, []time.Duration{50 * ms, 60 * ms}},
	} {
		for i, at := range tc.sent {
			if got := tc.lane.due(at, tc.size); got != tc.want[i] {
				t.Errorf("%s: packet %d arrives at %v, want %v", name, i, got, tc.want[i])
			}
		}
	}
}

// pipePackets is a packet socket in memory: what is put into in is read, and out gets what is written.
type pipePackets struct {
	net.PacketConn // nil
	in, out        chan []byte
	closed         chan struct{}
}

func (p *pipePackets) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case packet := <-p.in:
		return copy(b, packet), &net.UDPAddr{Port: 1}, nil
	case <-p.closed:
		return 0, nil, net.ErrClosed
	}
}

func (p *pipePackets) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.out <- append([]byte(nil), b...)
	return len(b), nil
}

func (p *pipePackets) Close() error { close(p.closed); return nil }

func newPipe() *pipePackets {
	return &pipePackets{in: make(chan []byte, 10), out: make(chan []byte, 10), closed: make(chan struct{})}
}

func TestDistantPacketsAreDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := newPipe()
		p := newDistantPackets(under, &Distance{RTT: 40 * time.Millisecond, Down: 1_000_000, Up: 500_000})
		defer p.Close()
		start := time.Now()
		for i := range 3 {
			under.in <- append([]byte{byte(i)}, make([]byte, 1249)...)
		}
		buf := make([]byte, 2000)
		for i := range 3 {
			n, addr, err := p.ReadFrom(buf)
			want := 40*time.Millisecond + time.Duration(i+1)*10*time.Millisecond
			if at := time.Since(start); at != want || n != 1250 || buf[0] != byte(i) || addr == nil || err != nil {
				t.Errorf("packet %d: number %d, %d bytes after %v, want %v; %v", i, buf[0], n, at, want, err)
			}
		}
		start = time.Now()
		for range 2 {
			if n, err := p.WriteTo(make([]byte, 1250), nil); n != 1250 || err != nil || time.Since(start) != 0 {
				t.Errorf("%d, %v after %v", n, err, time.Since(start))
			}
		}
		for i := range 2 {
			<-under.out
			if at, want := time.Since(start), time.Duration(i+1)*20*time.Millisecond; at != want {
				t.Errorf("packet %d left after %v, want %v", i, at, want)
			}
		}
	})
}

func TestDistantPacketsHeedTheDeadlineAndTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under := newPipe()
		p := newDistantPackets(under, &Distance{RTT: 40 * time.Millisecond, Up: 1_000_000})
		start := time.Now()
		under.in <- []byte("x")
		_ = p.SetReadDeadline(start.Add(10 * time.Millisecond))
		if _, _, err := p.ReadFrom(make([]byte, 9)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 10*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		_ = p.SetReadDeadline(time.Time{})
		if n, _, err := p.ReadFrom(make([]byte, 9)); n != 1 || err != nil || time.Since(start) != 40*time.Millisecond {
			t.Errorf("%d, %v after %v", n, err, time.Since(start))
		}
		moved := make(chan error)
		go func() { _, _, err := p.ReadFrom(make([]byte, 9)); moved <- err }()
		synctest.Wait()
		_ = p.SetReadDeadline(time.Now())
		if err := <-moved; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v", err)
		}
		_ = p.SetReadDeadline(time.Time{})
		go func() { _, _, err := p.ReadFrom(make([]byte, 9)); moved <- err }()
		_, _ = p.WriteTo([]byte("last"), nil)
		_ = p.Close() // what was to be sent goes first
		if err := <-moved; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if got := string(<-under.out); got != "last" {
			t.Errorf("%q", got)
		}
	})
}

// A handshake costs one round trip and a request another; a resumed connection with 0-RTT saves the first.
func TestHTTP3OverADistanceCostsItsRoundTrips(t *testing.T) {
	const rtt = 60 * time.Millisecond
	s, opts := serve3(t, testserver.Config{})
	opts.Distance = &Distance{RTT: rtt}
	for name, tc := range map[string]struct {
		policy Policy
		trips  []time.Duration // that each request takes at least
	}{
		"fresh":  {Policy{HTTP: HTTP3, RequestsPerConnection: 1}, []time.Duration{2 * rtt, 2 * rtt}},
		"pooled": {Policy{HTTP: HTTP3}, []time.Duration{2 * rtt, rtt}},
		"0-RTT":  {Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true, EarlyData: true}, []time.Duration{2 * rtt, rtt}},
	} {
		c := newClient(t, opts, tc.policy)
		for i, least := range tc.trips {
			r := call(t, c, get(t, s.URL()+"/"))
			wantOK(t, r, 200, rootBody)
			if took := r.Finished - r.Started; took < least {
				t.Errorf("%s: request %d took %v, less than its round trips", name, i, took)
			}
			if handshake := r.Phases.TLS; (handshake >= rtt) != (least == 2*rtt) && i == 0 {
				t.Errorf("%s: request %d: handshake %v", name, i, handshake)
			}
		}
	}
}
