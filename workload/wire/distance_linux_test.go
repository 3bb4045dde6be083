package wire

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The rounds of a short plain request are not held back for the server's acknowledgements, which it may delay.
func TestDistanceSendsAtOnce(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Distance: &Distance{RTT: time.Millisecond}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	control, err := kept(t, c).sock.raw.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var noDelay int
	if cerr := control.Control(func(fd uintptr) {
		noDelay, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY)
	}); cerr != nil || err != nil || noDelay == 0 {
		t.Errorf("TCP_NODELAY is %d, %v, %v", noDelay, cerr, err)
	}
}

// Every emulated connection has one timer file, which is closed with it.
func TestDistanceClosesItsTimer(t *testing.T) {
	timers := func() (n int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(to, "timerfd") {
				n++
			}
		}
		return n
	}
	before := timers()
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Distance: &Distance{RTT: time.Millisecond}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	if got := timers() - before; got != 1 || (&Distance{}).Files() != 1+got {
		t.Errorf("%d timers for one connection", got)
	}
	c.Close()
	if got := timers() - before; got != 0 {
		t.Errorf("%d timers for no connection", got)
	}
}
