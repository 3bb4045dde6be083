package wire

import (
	"fmt"
	"math/rand/v2"
	"os"

	"golang.org/x/sys/unix"
)

// portWindow is from how many local ports a connection chooses one that is free.
const portWindow = 64

// A portRange spreads connections over the system's range of local ports.
//
// Linux looks for a free port among the even ones first and then among the odd ones, one by
// one. When we are the ones who close, a closed connection keeps its port for a minute, and
// once half of the range is used up (14,000 connections) every further connect passes over
// all those. That is 50 µs of our CPU at the mean, in which nothing happens on the network
// and which a client at a lower rate would not see; while the CPU is at it, the other
// workers wait. So each connection is given a small part of the range (IP_LOCAL_PORT_RANGE, Linux 6.3; older
// ones search as ever): the one port that all Clients together have not used for longest, or
// without Turns a window at random. Where nothing is free in there, it is given a window, and then all.
//
// Part and window leave out the port that is connected to. A socket whose own port it is connects to itself
// where that is on this machine and nobody listens, instead of being refused.
type portRange struct {
	low, size int // size 0: not known, or no use
	turns     *Turns
}

// narrow gives the socket, which is to be connected to a port, a part of the range, if that is possible.
func (r *portRange) narrow(fd, to int) {
	switch {
	case r.size < 2*portWindow:
	case r.turns == nil:
		r.window(fd, to)
	default:
		port := r.turn()
		if port == to {
			port = r.turn()
		}
		r.set(fd, port, port)
	}
}

// turn returns the port whose turn it is.
func (r *portRange) turn() int { return r.low + int(r.turns.ports.Add(1)%uint32(r.size)) }

// widen gives the socket more of the range after it has tried to connect so many times, and reports whether
// there was more.
func (r *portRange) widen(fd, to, tried int) bool {
	switch {
	case r.size < 2*portWindow:
		return false
	case tried == 1 && r.turns != nil:
		return r.window(fd, to)
	case tried == 1 || tried == 2 && r.turns != nil:
		return r.set(fd, 0, 0)
	}
	return false
}

// window gives the socket a part of the range at random.
func (r *portRange) window(fd, to int) bool {
	low := r.low + rand.IntN(r.size-portWindow+1)
	if low <= to && to < low+portWindow {
		if low = to + 1; low+portWindow > r.low+r.size {
			low = to - portWindow
		}
	}
	return r.set(fd, low, low+portWindow-1)
}

// set makes do without where the system cannot.
func (r *portRange) set(fd, low, high int) bool {
	ok := setPorts(fd, low, high)
	if !ok {
		r.size = 0
	}
	return ok
}

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
	return portRange{low: low, size: high - low + 1}
}
