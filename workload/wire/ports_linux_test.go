package wire

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
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
	part := portRange{low: system.low + system.size/2, size: 2 * portWindow}
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

// Ports come in turn, so that each rests as long as possible before it is used again; all Clients
// that share the turns take part, and a port that is taken is passed over.
func TestPortsInTurn(t *testing.T) {
	needWindows(t)
	inNamespace(t, nil, func(t *testing.T) {
		system := systemPorts()
		taken, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(system.low+20))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		turns := NewTurns()
		turns.ports.Store(uint32(system.size) - 11) // the next is the tenth from the end
		system.turns = turns
		one, two := &dialer{ports: system}, &dialer{ports: system}
		ports := append(localPorts(t, one, "127.0.0.1", 15), localPorts(t, two, "127.0.0.1", 35)...)
		others := 0
		for i, p := range ports {
			if p != system.low+(system.size-10+i)%system.size {
				others++
			}
		}
		// The system may have given one of these ports to either of the two servers.
		if others < 1 || others > 3 || slices.Contains(ports, system.low+20) {
			t.Errorf("%v: %d are out of turn, want one", ports, others)
		}
		if n := outside(system, ports); n > 0 {
			t.Errorf("%d of %v are outside the range", n, ports)
		}
	})
}

func TestAWindowWithoutAFreePortIsWidened(t *testing.T) {
	system := needWindows(t)
	needFiles(t, 2*3*portWindow+100)
	part := portRange{low: system.low, size: 2 * portWindow}
	ports := localPorts(t, &dialer{ports: part}, "127.0.0.1", 3*portWindow)
	if n := outside(part, ports); n < portWindow {
		t.Errorf("%d of %d connections have ports outside a range of %d, want at least %d", n, len(ports), part.size, portWindow)
	}
}

// Where nobody listens any more, a socket whose own port that is would be its own server.
func TestNoSocketIsConnectedToItself(t *testing.T) {
	needWindows(t)
	inNamespace(t, nil, func(t *testing.T) {
		for name, turns := range map[string]*Turns{"in turn": NewTurns(), "windows": nil} {
			ports := portRange{low: 40_000, size: 2 * portWindow, turns: turns}
			client := NewClient(NewClock(), nil, Policy{}, nil)
			t.Cleanup(client.Close)
			d := &dialer{ports: ports}
			for i := range 20 * ports.size {
				to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(ports.low+i/ports.size*6))
				s := &sock{clock: client.clock, watch: client.watch}
				if err := d.dial(s, address{ip: to, text: to.String()}, false); !errors.Is(err, unix.ECONNREFUSED) {
					t.Fatalf("%s: %v, connecting to %s", name, err, to)
				}
			}
		}
	})
}

func TestWithoutAKnownRangeConnectingIsLeftToTheSystem(t *testing.T) {
	if ports := localPorts(t, &dialer{}, "127.0.0.1", 2); ports[0] == ports[1] {
		t.Errorf("ports %v", ports)
	}
}
