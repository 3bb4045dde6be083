package wire

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A path is how connecting to an address goes: after a time, it is established or fails.
type path struct {
	after time.Duration
	err   error
}

// A field is where addresses lie; it notes who was dialed when, and which connections were closed.
type field struct {
	paths   map[string]path
	begun   time.Time
	mu      sync.Mutex
	dialing atomic.Int64
	dialed  []string
	closed  []string
}

func (f *field) dial(ctx context.Context, addr string) (net.Conn, error) {
	f.dialing.Add(1)
	defer f.dialing.Add(-1)
	host, _, _ := net.SplitHostPort(addr)
	f.mu.Lock()
	f.dialed = append(f.dialed, host+" "+time.Since(f.begun).String())
	f.mu.Unlock()
	select {
	case <-time.After(f.paths[host].after):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := f.paths[host].err; err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	_ = theirs.Close()
	return &closing{Conn: ours, closed: func() { f.closed = append(f.closed, host) }}, nil
}

type closing struct {
	net.Conn
	closed func()
}

func (c *closing) Close() error { c.closed(); return c.Conn.Close() }

func TestHappyEyeballs(t *testing.T) {
	const ms = time.Millisecond
	down := errors.New("host is down")
	for name, tc := range map[string]struct {
		paths   map[string]path
		limits  Limits
		dialed  []string
		connect time.Duration
		class   Class // of what follows; the peer is silent
		lost    int64
		to      string
	}{
		"first in time": {map[string]path{"::1": {after: 200 * ms}}, Limits{}, []string{"::1 0s"}, 200 * ms, ClassClosedEarly, 0, "::1"},
		"second": {map[string]path{"::1": {after: time.Hour}, "1.1.1.1": {after: 10 * ms}}, Limits{},
			[]string{"::1 0s", "1.1.1.1 250ms"}, 260 * ms, ClassClosedEarly, 1, "1.1.1.1"},
		"first, after the second was begun": {map[string]path{"::1": {after: 300 * ms}, "1.1.1.1": {after: time.Hour}}, Limits{},
			[]string{"::1 0s", "1.1.1.1 250ms"}, 300 * ms, ClassClosedEarly, 1, "::1"},
		"failure brings the next": {map[string]path{"::1": {after: 20 * ms, err: down}, "1.1.1.1": {after: 10 * ms}}, Limits{},
			[]string{"::1 0s", "1.1.1.1 20ms"}, 30 * ms, ClassClosedEarly, 0, "1.1.1.1"},
		"families in turn": {map[string]path{"::1": {after: time.Hour}, "1.1.1.1": {after: time.Hour}, "::2": {after: 10 * ms}}, Limits{},
			[]string{"::1 0s", "1.1.1.1 250ms", "::2 500ms"}, 510 * ms, ClassClosedEarly, 2, "::2"},
		"all fail": {map[string]path{"::1": {after: 400 * ms, err: down}, "1.1.1.1": {after: 10 * ms, err: down}, "::2": {after: 10 * ms, err: down}}, Limits{},
			[]string{"::1 0s", "1.1.1.1 250ms", "::2 260ms"}, 400 * ms, ClassConnect, 0, "::2"},
		"no answer": {map[string]path{"::1": {after: time.Hour}, "1.1.1.1": {after: time.Hour}, "::2": {after: time.Hour}}, Limits{ConnectTimeout: time.Second},
			[]string{"::1 0s", "1.1.1.1 250ms", "::2 500ms"}, time.Second, ClassConnectTimeout, 0, "::2"},
		"call too long": {map[string]path{"::1": {after: time.Hour}, "1.1.1.1": {after: time.Hour}}, Limits{Timeout: 300 * ms},
			[]string{"::1 0s", "1.1.1.1 250ms"}, 300 * ms, ClassTimeout, 0, "1.1.1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &field{paths: tc.paths, begun: time.Now()}
				c := NewClient(NewClock(), &Options{Limits: tc.limits, Dial: f.dial, HappyEyeballs: 250 * ms,
					Resolve: map[string][]string{"a.test:80": {"::1", "::2", "1.1.1.1"}}}, Policy{}, nil)
				r := call(t, c, get(t, "http://a.test"))
				if n := f.dialing.Load(); n != 0 {
					t.Errorf("%d connections are still being dialed", n)
				}
				wantClass(t, r, tc.class)
				if !slices.Equal(f.dialed, tc.dialed) || r.Phases.Connect != tc.connect {
					t.Errorf("%q, %v; want %q, %v", f.dialed, r.Phases.Connect, tc.dialed, tc.connect)
				}
				if n := c.Counts(); n.EyeballsLost != tc.lost || (n.Opened == 1) != (tc.class == ClassClosedEarly) || n.Opened+n.OpenFailures != 1 {
					t.Errorf("%+v", n)
				}
				if !strings.HasPrefix(c.opener.address, tc.to) && !strings.HasPrefix(c.opener.address, "["+tc.to+"]") {
					t.Errorf("connected to %s, want %s", c.opener.address, tc.to)
				}
			})
		})
	}
}

// Two connections that are established at the same moment: one is used, the other closed.
func TestALoserThatWasEstablishedIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &field{begun: time.Now(), paths: map[string]path{"::1": {after: time.Second}, "1.1.1.1": {after: 750 * time.Millisecond}}}
		deaf := func(_ context.Context, addr string) (net.Conn, error) { return f.dial(context.Background(), addr) }
		c := NewClient(NewClock(), &Options{Dial: deaf, HappyEyeballs: 250 * time.Millisecond,
			Resolve: map[string][]string{"a.test:80": {"::1", "1.1.1.1"}}}, Policy{}, nil)
		cn, err := c.acquire(tripTo(t, c, "http://a.test"))
		if err != nil {
			t.Fatal(err)
		}
		if n := c.Counts(); n.Opened != 1 || n.EyeballsLost != 1 || len(f.closed) != 1 || f.closed[0] == cn.sock.addr {
			t.Errorf("%+v, closed %q, used %q", n, f.closed, cn.sock.addr)
		}
		cn.close(retired)
		if len(f.closed) != 2 {
			t.Errorf("closed %q", f.closed)
		}
	})
}

func TestEndOfTheContextEndsARace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &field{begun: time.Now(), paths: map[string]path{"::1": {after: time.Hour}, "1.1.1.1": {after: time.Hour}}}
		c := NewClient(NewClock(), &Options{Dial: f.dial, HappyEyeballs: 250 * time.Millisecond,
			Resolve: map[string][]string{"a.test:80": {"::1", "1.1.1.1"}}}, Policy{}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := callWith(t, ctx, c, get(t, "http://a.test"))
		wantClass(t, r, ClassCanceled)
		if n := c.Counts(); r.Phases.Connect != time.Second || n != (Counts{OpenFailures: 1}) {
			t.Errorf("%v, %+v", r.Phases, n)
		}
	})
}
