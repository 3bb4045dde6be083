package wire

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// needWindows skips a test where the system has no windows of local ports.
func needWindows(t *testing.T) portRange {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ports := systemPorts()
	if ports.size < 4*portWindow || !setPorts(fd, ports.low, ports.low+1) {
		t.Skip("no IP_LOCAL_PORT_RANGE here, or too few ports")
	}
	return ports
}

// localPorts opens n connections to a listener on host, keeps them open until the test ends,
// and returns their local ports.
func localPorts(t *testing.T, d *dialer, host string, n int) []int {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	to := address{ip: ln.Addr().(*net.TCPAddr).AddrPort(), text: ln.Addr().String()}
	client := NewClient(NewClock(), nil, Policy{}, nil)
	t.Cleanup(client.Close)
	var ports []int
	for range n {
		s := &sock{clock: client.clock, watch: client.watch}
		if err := d.dial(s, to, false); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.raw.Close() })
		peer, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = peer.Close() })
		ports = append(ports, int(netip.MustParseAddrPort(peer.RemoteAddr().String()).Port()))
	}
	return ports
}

func outside(r portRange, ports []int) int {
	n := 0
	for _, p := range ports {
		if p < r.low || p >= r.low+r.size {
			n++
		}
	}
	return n
}

func TestLocalPortsComeFromTheRangeGiven(t *testing.T) {
	system := needWindows(t)
	part := portRange{system.low + system.size/2, 2 * portWindow}
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(host, func(t *testing.T) {
			// Few enough that a window never fills up.
			ports := localPorts(t, &dialer{ports: part}, host, portWindow/4)
			if n := outside(part, ports); n > 0 {
				t.Errorf("%d of %v are outside %d to %d", n, ports, part.low, part.low+part.size-1)
			}
		})
	}
}

func TestAWindowWithoutAFreePortIsWidened(t *testing.T) {
	system := needWindows(t)
	part := portRange{system.low, 2 * portWindow}
	ports := localPorts(t, &dialer{ports: part}, "127.0.0.1", 3*portWindow)
	if n := outside(part, ports); n < portWindow {
		t.Errorf("%d of %d connections have ports outside a range of %d, want at least %d", n, len(ports), part.size, portWindow)
	}
}

func TestWithoutAKnownRangeConnectingIsLeftToTheSystem(t *testing.T) {
	if ports := localPorts(t, &dialer{}, "127.0.0.1", 2); ports[0] == ports[1] {
		t.Errorf("ports %v", ports)
	}
}
