package wire

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// A lossyPath is a network device of a namespace of its own: what goes to there comes back as if a second
// host had sent it to here, so that a listener at here is reached through the device in both directions.
type lossyPath struct {
	here, there string
	file        *os.File
	lose        atomic.Int64 // so many segments of ours with a payload are lost, from now on
	lost        atomic.Int64
}

// newLossyPath leaves the calling goroutine, which is that of a test, in the namespace, on a thread that ends with it.
func newLossyPath(t *testing.T) *lossyPath {
	t.Helper()
	runtime.LockOSThread() // never unlocked
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("no network namespace: %v", err)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no network device: %v", err)
	}
	request, err := unix.NewIfreq("lossy0")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		_ = unix.Close(fd)
		t.Skipf("no network device: %v", err)
	}
	l := &lossyPath{here: "10.77.0.1", there: "10.77.0.2", file: os.NewFile(uintptr(fd), "tun")}
	for _, args := range []string{"link set lo up", "addr add 10.77.0.1/24 dev lossy0", "link set lossy0 up"} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v %s", args, err, out)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.relay()
	}()
	t.Cleanup(func() { _ = l.file.Close(); <-done })
	return l
}

// relay sends packets back with their addresses exchanged, which leaves the checksums as they are.
func (l *lossyPath) relay() {
	buf := make([]byte, 1<<16)
	for {
		n, err := l.file.Read(buf)
		if err != nil {
			return
		}
		packet := buf[:n]
		if n < 40 || packet[0]>>4 != 4 || packet[9] != unix.IPPROTO_TCP {
			continue
		}
		if l.drops(packet) {
			l.lost.Add(1)
			continue
		}
		var from [4]byte
		copy(from[:], packet[12:16])
		copy(packet[12:16], packet[16:20])
		copy(packet[16:20], from[:])
		_, _ = l.file.Write(packet)
	}
}

// drops decides on a segment. Ours are those that begin with a method.
func (l *lossyPath) drops(packet []byte) bool {
	header := int(packet[0]&15) * 4
	header += int(packet[header+12]>>4) * 4
	end := int(binary.BigEndian.Uint16(packet[2:]))
	if header >= end || end > len(packet) || !strings.HasPrefix(string(packet[header:end]), "GET ") {
		return false
	}
	return l.lose.Add(-1) >= 0
}

func TestRetransmitsAreSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the system waits before it sends again")
	}
	l := newLossyPath(t)
	ln, err := net.Listen("tcp", net.JoinHostPort(l.here, "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{ln: ln}
	s.run(ln, answer(okText))
	t.Cleanup(func() { _ = ln.Close(); s.wg.Wait() })
	target := "http://" + netip.AddrPortFrom(netip.MustParseAddr(l.there), portOf(t, ln.Addr())).String()
	c := newClient(t, nil, Policy{})
	for i, lose := range []int64{0, 1, 2, 0} {
		before := c.Kernel().Retransmits
		l.lose.Store(lose)
		wantOK(t, call(t, c, get(t, target)), 200, "ok")
		if got := c.Kernel().Retransmits - before; got != lose {
			t.Errorf("call %d: %d segments sent again, %d lost", i, got, lose)
		}
	}
	c.Close()
	if k := c.Kernel(); k.Connections != 1 || k.Retransmits != 3 || l.lost.Load() != 3 {
		t.Errorf("%+v, %d lost", k, l.lost.Load())
	}
}
