package wire

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// socketsTo returns the states of the sockets that are connected, or connecting, to an IPv4 address.
func socketsTo(t *testing.T, addr string) (states []string) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddrPort(addr)
	ip := a.Addr().As4()
	want := strings.ToUpper(hexBytes(ip[3], ip[2], ip[1], ip[0]) + ":" + hexBytes(byte(a.Port()>>8), byte(a.Port())))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == want {
			states = append(states, f[3])
		}
	}
	return states
}

const synSent = "02"

// An address that does not answer is overtaken; the system has seen the attempt, and that it was given up.
func TestHappyEyeballsOnRealSockets(t *testing.T) {
	inNamespace(t, nil, func(t *testing.T) {
		full, _ := fullListener(t)
		number := port(endpoint(t, "http://"+full))
		ln, err := net.Listen("tcp", "127.0.0.2:"+number)
		if err != nil {
			t.Fatal(err)
		}
		s := serveOn(t, ln, nil, answer(okText))
		c := newClient(t, &Options{HappyEyeballs: 10 * time.Millisecond, Limits: Limits{ConnectTimeout: time.Minute},
			Resolve: map[string][]string{"a.test:" + number: {"127.0.0.1", "127.0.0.2"}}}, Policy{})
		for n := range 2 {
			wantOK(t, call(t, c, get(t, "http://a.test:"+number)), 200, "ok")
			wantCounts(t, c, Counts{Opened: 1, Attempts: int64(n) + 1, Reused: int64(n), EyeballsLost: 1})
		}
		if got := netstat(t, "ListenOverflows"); got != "1" {
			t.Errorf("%s connections were begun to the first address, want 1", got)
		}
		if slices.Contains(socketsTo(t, full), synSent) {
			t.Error("the connection that lost is still being tried")
		}
		if s.accepted.Load() != 1 || kept(t, c).sock.addr != "127.0.0.2:"+number {
			t.Errorf("%d accepted, connected to %s", s.accepted.Load(), kept(t, c).sock.addr)
		}
	})
}

func TestHappyEyeballsWithoutAnAnswer(t *testing.T) {
	full, _ := fullListener(t)
	number := port(endpoint(t, "http://"+full))
	refused := "127.0.0.3" // nobody listens there
	opts := &Options{HappyEyeballs: time.Millisecond, Limits: Limits{ConnectTimeout: 30 * time.Millisecond},
		Resolve: map[string][]string{"a.test:" + number: {"127.0.0.1", refused}}}
	c := newClient(t, opts, Policy{})
	r := call(t, c, get(t, "http://a.test:"+number))
	wantClass(t, r, ClassConnectTimeout)
	wantCounts(t, c, Counts{OpenFailures: 1})

	ctx, cancel := context.WithCancel(t.Context())
	opts.Limits = Limits{}
	c = newClient(t, opts, Policy{})
	done := make(chan struct{})
	go func() { // as soon as the system has the connection
		defer close(done)
		for !slices.Contains(socketsTo(t, full), synSent) {
			runtime.Gosched()
		}
		cancel()
	}()
	wantClass(t, callWith(t, ctx, c, get(t, "http://a.test:"+number)), ClassCanceled)
	<-done
	wantCounts(t, c, Counts{OpenFailures: 1})
}

// Refused connections and established ones need no waiting and no goroutines.
func TestHappyEyeballsAtOnce(t *testing.T) {
	s := serve(t, nil, answer(okText))
	number := port(endpoint(t, s.url))
	c := newClient(t, &Options{HappyEyeballs: time.Hour, Resolve: map[string][]string{"a.test:" + number: {"127.0.0.3", "127.0.0.1", "127.0.0.2"}}}, Policy{RequestsPerConnection: 1})
	for range 3 {
		wantOK(t, call(t, c, get(t, "http://a.test:"+number)), 200, "ok")
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 3})
}
