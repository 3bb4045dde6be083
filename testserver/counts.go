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
	n.open[c] = struct{}{}
	n.accepted++
	return c
}

// shook counts a handshake.
func (n *counts) shook(c *conn, how handshake) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.handshake = how
	n.handshakes[how]++
}

// begin counts a request and returns its number on its connection.
func (n *counts) begin(c *conn) int64 {
	if c.role.Load() != worker {
		n.employ(c)
	}
	n.requests.Add(1)
	c.requests.Add(1)
	return c.total.Add(1)
}

// end counts how long a request was served.
func (n *counts) end(d time.Duration) { n.serviceTime.record(d) }

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
	}
	n.requests.Store(0)
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
		stats.BytesIn += c.bytesIn.Load()
		stats.BytesOut += c.bytesOut.Load()
		if requests := c.requests.Load(); requests > 0 {
			perConnection[requests]++
		}
	}
	stats.RequestsPerConnection = newRequestsPerConnection(perConnection)
	return stats
}
