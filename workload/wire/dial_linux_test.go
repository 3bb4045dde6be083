package wire

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fullListener returns a listening socket whose queue is full, so that connecting to it hangs, and
// its address. accept takes one connection out of the queue.
func fullListener(t *testing.T) (addr string, accept func()) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr = "127.0.0.1:" + strconv.Itoa(name.(*unix.SockaddrInet4).Port)
	queued, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queued.Close() })
	return addr, func() {
		c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = unix.Close(c) })
	}
}

// onceConnecting runs f when c has a socket that connects.
func onceConnecting(c *Client, f func()) {
	watched := c.watch
	go func() {
		for watched.cur.Load() == nil {
			runtime.Gosched()
		}
		f()
	}()
}

func TestConnectTimeoutOnARealSocket(t *testing.T) {
	addr, _ := fullListener(t)
	for name, tc := range map[string]struct {
		opts  Options
		class Class
	}{
		"connecting": {Options{Limits: Limits{ConnectTimeout: 20 * time.Millisecond, Timeout: time.Minute}}, ClassConnectTimeout},
		"whole call": {Options{Limits: Limits{ConnectTimeout: time.Minute, Timeout: 20 * time.Millisecond}}, ClassTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &tc.opts, Policy{})
			r := call(t, c, get(t, "http://"+addr))
			wantClass(t, r, tc.class)
			if r.Phases.Connect <= 0 || r.Finished-r.Started < 20*time.Millisecond {
				t.Errorf("%+v", r.Exchange)
			}
			wantCounts(t, c, Counts{OpenFailures: 1})
		})
	}
}

func TestEndOfTheContextEndsConnecting(t *testing.T) {
	addr, _ := fullListener(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newClient(t, &Options{Limits: Limits{ConnectTimeout: time.Minute}}, Policy{})
	c.follow(ctx)
	onceConnecting(c, cancel)
	wantClass(t, callWith(t, ctx, c, get(t, "http://"+addr)), ClassCanceled)
	wantCounts(t, c, Counts{OpenFailures: 1})
}

func TestConnectionThatIsSlowToComeIsWaitedFor(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the system's first retransmission, about a second")
	}
	addr, accept := fullListener(t)
	c := newClient(t, &Options{Limits: Limits{ConnectTimeout: time.Minute, Timeout: time.Minute}}, Policy{})
	onceConnecting(c, accept)
	cn, err := c.acquire(tripTo(t, c, "http://"+addr))
	if err != nil {
		t.Fatal(err)
	}
	cn.close(retired)
	wantCounts(t, c, Counts{Opened: 1, Retired: 1})
}
