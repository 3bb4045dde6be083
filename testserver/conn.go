package testserver

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// A conn is a transport connection as the counts know it, below TLS.
type conn struct {
	net.Conn
	counts *counts
	id     int64     // 1, 2, ... in the order of acceptance
	tap    *tap      // nil for HTTP/2 over TLS, and HTTP/3
	quic   *quicConn // nil but for HTTP/3
	shaken sync.Once // with QUIC: the handshake is counted

	tls     atomic.Pointer[tls.ConnectionState] // nil without TLS
	serving atomic.Bool                         // one of net/http's goroutines has it
	closed  sync.Once
	role    atomic.Int32 // a role; changes under counts.mu
	total   atomic.Int64 // requests since it was accepted

	active            atomic.Int64 // requests being handled
	requests          atomic.Int64 // since the last reset
	bytesIn, bytesOut atomic.Int64 // since the last reset
	accepted          bool         // since the last reset; under counts.mu
	handshake         handshake    // since the last reset; under counts.mu
}

// A role says whether a connection is one of those counted.
type role = int32

const (
	unused   role = iota // no request so far; counted
	observer             // has asked for statistics only; not counted
	worker               // has carried another request; counted
)

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytesIn.Add(int64(n))
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	// Counted before, so that who has read them finds them counted.
	c.bytesOut.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.bytesOut.Add(int64(n - len(p)))
	return n, err
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() { c.counts.closed(c) })
	return err
}

// reset ends the connection by RST, or the error of QUIC that is like it.
func (c *conn) reset() {
	if c.quic != nil {
		c.quic.end(codeInternalError)
	}
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// count brings the counts of bytes up to date where they are kept elsewhere.
func (c *conn) count() {
	if c.quic == nil {
		return
	}
	in, out := c.quic.bytes()
	c.bytesIn.Store(in)
	c.bytesOut.Store(out)
}

// sayClose tells the client that the connection ends with this response.
func sayClose(w http.ResponseWriter, r *http.Request) {
	if c := connIn(r.Context()); c.quic != nil {
		c.quic.goAway()
		return
	}
	w.Header().Set("Connection", "close")
}

// A tap is a connection as net/http sees it, above TLS. It remembers what was read, so
// that /echo can tell the order of headers, and takes back what was read too much.
type tap struct {
	net.Conn
	conn *conn

	mu      sync.Mutex // net/http reads in the background while a handler runs
	unread  []byte     // to be read again, before anything else
	since   []byte     // read since the current request began to be handled
	current []byte     // read before that, with the current request's head at or near the end
}

// Heads longer than this are not remembered.
const tapLimit = 32 << 10

func (t *tap) Read(p []byte) (int, error) {
	if n := t.readAgain(p); n > 0 {
		return n, nil
	}
	n, err := t.Conn.Read(p)
	t.remember(p[:n])
	return n, err
}

func (t *tap) readAgain(p []byte) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := copy(p, t.unread)
	t.unread = t.unread[n:]
	t.since = append(t.since, p[:n]...)
	return n
}

func (t *tap) remember(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since = append(t.since, p...)
	if surplus := len(t.since) - tapLimit; surplus > tapLimit {
		t.since = append(t.since[:0], t.since[surplus:]...)
	}
}

// take begins a request: what was read so far holds its head.
func (t *tap) take() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.since = t.since, t.current[:0]
}

// putBack makes p what is read next.
func (t *tap) putBack(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unread = slices.Concat(p, t.unread)
}

// connOf finds the conn under what net/http was handed.
func connOf(c net.Conn) *conn {
	switch c := c.(type) {
	case *tap:
		return c.conn
	case interface{ NetConn() net.Conn }:
		return connOf(c.NetConn())
	}
	return c.(*conn)
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, connOf(c))
}

// connIn returns the connection that a request came on.
func connIn(ctx context.Context) *conn { return ctx.Value(connKey{}).(*conn) }

// ownBytes takes the connection from net/http, for a route that writes its response
// itself. Where that cannot be done it answers the request and returns nil.
func ownBytes(w http.ResponseWriter, r *http.Request) *ownConn {
	if r.ProtoMajor != 1 {
		http.Error(w, "this route writes its bytes itself and needs HTTP/1.1", http.StatusNotImplemented)
		return nil
	}
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return nil
	}
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	return &ownConn{tap: c.(*tap), early: early}
}

// An ownConn is a connection taken from net/http. It ends with Close or Server.giveBack.
type ownConn struct {
	*tap
	early []byte // came after the request
}

// giveBack lets net/http go on with a connection: it is accepted once more.
func (s *Server) giveBack(c *ownConn) {
	c.tap.putBack(c.early)
	s.listener.hand(c.tap)
}
