package testserver

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"sessbench/internal/cputime"
)

// A handshake is how a TLS handshake ended.
type handshake int

const (
	none handshake = iota
	full
	resumed
	failed
	numHandshakes
)

// counts are the server's tallies since the last reset. A request touches atomics
// only; what happens once per connection takes the lock.
//
// Asking for statistics must not change them. So a connection is counted when it is
// accepted, taken out of the counts when its first request turns out to be for /stats,
// and put back should it ever carry another one.
type counts struct {
	requests    atomic.Int64
	protocols   [4]atomic.Int64 // requests, by the major version of HTTP
	earlyData   atomic.Int64    // requests that came in 0-RTT
	streamsPeak atomic.Int64    // most requests under way on one connection of HTTP/2 or 3
	serviceTime histogram

	mu                sync.Mutex
	since             time.Time
	cpu               time.Duration // of the process, at the last reset
	lastID            int64
	open              map[*conn]struct{}
	accepted          int64
	handshakes        [numHandshakes]int64
	perConnection     map[int64]int64 // requests to closed connections
	bytesIn, bytesOut int64           // of closed connections
}

func newCounts() *counts {
	return &counts{
		since:         time.Now(),
		cpu:           cputime.Used(),
		open:          make(map[*conn]struct{}),
		perConnection: make(map[int64]int64),
	}
}

// opened counts a connection that was accepted.
func (n *counts) opened(raw net.Conn) *conn {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastID++
	c := &conn{Conn: raw, counts: n, id: n.lastID, accepted: true}
	c.quic, _ = raw.(*quicConn)
	n.open[c] = struct{}{}
	n.accepted++
	return c
}

// shook counts a handshake.
func (n *counts) shook(c *conn, how handshake) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.handshake = how
	if c.role.Load() != observer { // with 0-RTT a request may come before
		n.handshakes[how]++
	}
}

// begin counts a request, of that major version of HTTP, and returns its number on its connection.
func (n *counts) begin(c *conn, version int) int64 {
	if c.role.Load() != worker {
		n.employ(c)
	}
	if c.quic != nil {
		n.beginQUIC(c)
	}
	active := c.active.Add(1)
	if version > 1 {
		raise(&n.streamsPeak, active)
	}
	n.protocols[min(version, len(n.protocols)-1)].Add(1)
	n.requests.Add(1)
	c.requests.Add(1)
	return c.total.Add(1)
}

// beginQUIC counts a request in 0-RTT as such, and with any other one the handshake, so that who has a
// response finds both counted.
func (n *counts) beginQUIC(c *conn) {
	if c.quic.early() {
		n.earlyData.Add(1)
		c.shake(resumed) // or it could not be read; a client in a hurry may close before its side is complete
		return
	}
	c.shakeComplete(c.quic.get())
}

// raise makes v at least n.
func raise(v *atomic.Int64, n int64) {
	for {
		old := v.Load()
		if n <= old || v.CompareAndSwap(old, n) {
			return
		}
	}
}

// end counts how long a request was served.
func (n *counts) end(c *conn, d time.Duration) {
	c.active.Add(-1)
	n.serviceTime.record(d)
}

// employ makes a connection one that is counted for good.
func (n *counts) employ(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.role.Swap(worker) == observer {
		n.addConn(c, +1)
	}
}

// observed notes a request for statistics.
func (n *counts) observed(c *conn) {
	if c.role.Load() != unused {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.role.CompareAndSwap(unused, observer) {
		n.addConn(c, -1)
	}
}

// addConn adds times what the connection itself has added to the counts.
func (n *counts) addConn(c *conn, times int64) {
	if c.accepted {
		n.accepted += times
	}
	n.handshakes[c.handshake] += times
}

// closed counts the end of a connection.
func (n *counts) closed(c *conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, c)
	if c.role.Load() == observer {
		return
	}
	c.count()
	if requests := c.requests.Load(); requests > 0 {
		n.perConnection[requests]++
	}
	n.bytesIn += c.bytesIn.Load()
	n.bytesOut += c.bytesOut.Load()
}

// closeAll closes every connection that is open.
func (n *counts) closeAll() {
	n.mu.Lock()
	open := make([]*conn, 0, len(n.open))
	for c := range n.open {
		open = append(open, c)
	}
	n.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
}

// reset begins anew. Connections stay open, and count as open; they are no longer
// among the accepted ones.
func (n *counts) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.since, n.cpu = time.Now(), cputime.Used()
	n.accepted, n.bytesIn, n.bytesOut = 0, 0, 0
	clear(n.handshakes[:])
	clear(n.perConnection)
	for c := range n.open {
		c.accepted, c.handshake = false, none
		c.requests.Store(0)
		c.bytesIn.Store(0)
		c.bytesOut.Store(0)
		if c.quic != nil {
			c.quic.resetBytes()
		}
	}
	n.requests.Store(0)
	for i := range n.protocols {
		n.protocols[i].Store(0)
	}
	n.earlyData.Store(0)
	n.streamsPeak.Store(0)
	n.serviceTime.reset()
}

func (n *counts) snapshot() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	stats := Stats{
		Seconds:     time.Since(n.since).Seconds(),
		Connections: Connections{Accepted: n.accepted},
		Handshakes:  Handshakes{Full: n.handshakes[full], Resumed: n.handshakes[resumed], Failed: n.handshakes[failed]},
		Requests:    n.requests.Load(),
		Protocols:   Protocols{HTTP1: n.protocols[1].Load(), HTTP2: n.protocols[2].Load(), HTTP3: n.protocols[3].Load()},
		StreamsPeak: n.streamsPeak.Load(),
		EarlyData:   n.earlyData.Load(),
		BytesIn:     n.bytesIn,
		BytesOut:    n.bytesOut,
		ServiceTime: n.serviceTime.snapshot(),
		CPUSeconds:  (cputime.Used() - n.cpu).Seconds(),
	}
	perConnection := make(map[int64]int64, len(n.perConnection))
	for requests, connections := range n.perConnection {
		perConnection[requests] = connections
	}
	for c := range n.open {
		if c.role.Load() == observer {
			continue
		}
		stats.Connections.Open++
		c.count()
		stats.BytesIn += c.bytesIn.Load()
		stats.BytesOut += c.bytesOut.Load()
		if requests := c.requests.Load(); requests > 0 {
			perConnection[requests]++
		}
	}
	stats.RequestsPerConnection = newRequestsPerConnection(perConnection)
	return stats
}
