package wire

import "time"

// Kernel is what the system knows about a number of connections: TCP_INFO on Linux, QUIC's own books for HTTP/3.
// Other systems say nothing. Sums are over connections; each connection was asked when it ended, or
// last when it was looked at. What happens after it was asked is in none of them: the closing itself, and
// segments of a response that had to be sent again but were not waited for.
type Kernel struct {
	Connections   int64         // that were asked
	RTT           time.Duration // sum of the smoothed round-trip times
	MinRTT        time.Duration // least of all; 0: not known
	MaxRTT        time.Duration // greatest smoothed one
	RTTVar        time.Duration // sum of the mean deviations
	Retransmits   int64         // segments (packets) of ours sent again, SYN included; not those that the peer says it had
	Window        int64         // sum of the congestion windows, in segments (packets)
	MinWindow     int64         // least of all; 0: not known
	SegmentsOut   int64         // SYN and acknowledgements included
	SegmentsIn    int64
	BytesAcked    int64 // of ours, by the peer, below TLS; SYN is none
	BytesReceived int64 // in order, below TLS, read or not; FIN is none
}

// Add adds o to k. The least and the greatest become those of both.
func (k *Kernel) Add(o Kernel) {
	k.Connections += o.Connections
	k.RTT += o.RTT
	k.MinRTT = leastKnown(k.MinRTT, o.MinRTT)
	k.MaxRTT = max(k.MaxRTT, o.MaxRTT)
	k.RTTVar += o.RTTVar
	k.Retransmits += o.Retransmits
	k.Window += o.Window
	k.MinWindow = leastKnown(k.MinWindow, o.MinWindow)
	k.SegmentsOut += o.SegmentsOut
	k.SegmentsIn += o.SegmentsIn
	k.BytesAcked += o.BytesAcked
	k.BytesReceived += o.BytesReceived
}

// leastKnown is the lesser of two values of which 0 says nothing.
func leastKnown[T time.Duration | int64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// socketFacts are what the system says about a connection's socket at one moment.
type socketFacts struct {
	kernel Kernel // with Connections 1, or nothing
	state  socketState
}

// A socketState is what closing a TCP socket comes to.
type socketState int

const (
	socketUnknown socketState = iota // no TCP socket, or a system that does not say
	socketOpen                       // the peer has not ended the connection: our FIN goes first
	socketUnread                     // so too, but closing it means RST, for there is input that nobody read
	socketEnded                      // the peer's FIN or RST was first
)

// A kernelSayer is a mux that is not over TCP, and knows the same figures itself (QUIC).
type kernelSayer interface{ kernel() Kernel }

// facts asks the system about the connection, which is to end like that.
func (cn *conn) facts(how ending) socketFacts {
	if sayer, ok := cn.mux.(kernelSayer); ok {
		return socketFacts{kernel: sayer.kernel()}
	}
	if cn.sock.raw == nil {
		return socketFacts{}
	}
	return askSocket(cn.sock.raw, cn.mux == nil, how)
}

// Kernel returns what the system says now about the idle connections. It changes nothing: asked again it
// says the same where nothing happened in between. Those that have ended are in their Clients' Kernel.
func (p *Pool) Kernel() Kernel {
	var k Kernel
	p.mu.Lock()
	defer p.mu.Unlock() // so that nobody takes one out and closes it meanwhile
	for cn := range p.resting {
		k.Add(cn.facts(retired).kernel)
	}
	return k
}
