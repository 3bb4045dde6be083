package wire

import (
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// portWindow is how many local ports a connection chooses from.
const portWindow = 64

// A portRange spreads connections over the system's range of local ports.
//
// Linux looks for a free port among the even ones first and then among the odd ones, one by
// one. When we are the ones who close, a closed connection keeps its port for a minute, and
// once half of the range is used up (14,000 connections) every further connect passes over
// all those. That is 50 µs of our CPU at the mean, in which nothing happens on the network
// and which a client at a lower rate would not see; while the CPU is at it, the other
// workers wait. So each connection is given a small window of the range to choose from, at
// random (IP_LOCAL_PORT_RANGE, Linux 6.3; older ones search as ever).
type portRange struct {
	low, size int // size 0: not known, or no use
}

// narrow gives the socket a window, if that is possible.
func (r *portRange) narrow(fd int) {
	if r.size < 2*portWindow {
		return
	}
	low := r.low + rand.IntN(r.size-portWindow+1)
	if !setPorts(fd, low, low+portWindow-1) {
		r.size = 0
	}
}

// widen gives the socket the whole range again, and reports whether it had less.
func (r *portRange) widen(fd int) bool { return r.size > 0 && setPorts(fd, 0, 0) }

func setPorts(fd, low, high int) bool {
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_LOCAL_PORT_RANGE, high<<16|low) == nil
}

// systemPorts reads the system's range. It holds for IPv6 too.
func systemPorts() portRange {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return portRange{}
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil || high < low {
		return portRange{}
	}
	return portRange{low, high - low + 1}
}
