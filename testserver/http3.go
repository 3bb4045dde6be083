package testserver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const (
	// quicIdle is when a connection that is silent, also below HTTP, is given up: it is most likely dead.
	// Config.IdleTimeout is about requests.
	quicIdle = 10 * time.Minute

	// portTries is how many free TCP ports are looked at for one that is free for UDP too.
	portTries = 16

	codeNoError       = quic.ApplicationErrorCode(http3.ErrCodeNoError)
	codeInternalError = quic.ApplicationErrorCode(http3.ErrCodeInternalError)
)

// An http3Listener accepts QUIC connections, so that each is counted, and has them served. It owns its socket and
// its goroutines, which end with close.
type http3Listener struct {
	server    *Server
	socket    *net.UDPConn
	transport *quic.Transport
	listener  *quic.EarlyListener
	accepting sync.WaitGroup
	conns     sync.WaitGroup // what goes on for each connection
}

// listenHTTP3 listens at the address of a TCP listener.
func (s *Server) listenHTTP3(at net.Addr, config *tls.Config) error {
	addr := at.(*net.TCPAddr)
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: addr.IP, Port: addr.Port, Zone: addr.Zone})
	if err != nil {
		return err
	}
	l := &http3Listener{server: s, socket: socket}
	l.transport = &quic.Transport{Conn: &quietSocket{UDPConn: socket}, ConnContext: l.opened}
	s.quicTLS = http3.ConfigureTLSConfig(config)
	l.listener, err = l.transport.ListenEarly(s.quicTLS, &quic.Config{
		HandshakeIdleTimeout: handshakeTimeout,
		MaxIdleTimeout:       quicIdle,
		Allow0RTT:            !s.cfg.Disable0RTT,
	})
	if err != nil {
		l.transport.Close()
		socket.Close()
		return err
	}
	s.http3 = l
	l.accepting.Go(l.acceptAll)
	return nil
}

// A quietSocket keeps QUIC from writing to standard error what it thinks of the sizes of the socket's buffers, by
// being one that cannot be looked into before they are set.
type quietSocket struct {
	*net.UDPConn
	sized int
}

func (s *quietSocket) SetReadBuffer(n int) error {
	s.sized++
	s.UDPConn.SetReadBuffer(n) // as much as there can be of it
	return nil
}

func (s *quietSocket) SetWriteBuffer(n int) error {
	s.sized++
	s.UDPConn.SetWriteBuffer(n)
	return nil
}

func (s *quietSocket) SyscallConn() (syscall.RawConn, error) {
	if s.sized < 2 {
		return nil, errors.ErrUnsupported
	}
	return s.UDPConn.SyscallConn()
}

// opened counts a connection when its first packet has come, and sees to its end being counted.
func (l *http3Listener) opened(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	c := l.server.counts.opened(&quicConn{goroutines: &l.conns})
	l.conns.Add(1)
	context.AfterFunc(ctx, func() {
		defer l.conns.Done()
		c.shakeEnded()
		c.Close()
	})
	return context.WithValue(ctx, connKey{}, c), nil
}

func (l *http3Listener) acceptAll() {
	for {
		conn, err := l.listener.Accept(context.Background())
		if err != nil {
			return
		}
		c := connIn(conn.Context())
		c.quic.accepted(conn, l.server.newHTTP3Server())
		l.conns.Go(func() { c.awaitHandshake(conn) })
		l.conns.Go(func() { _ = c.quic.server.ServeQUICConn(conn) }) // that it ends is counted
	}
}

// newHTTP3Server returns the server of one connection, which can say GOAWAY for itself.
func (s *Server) newHTTP3Server() *http3.Server {
	return &http3.Server{
		Handler:        http.HandlerFunc(s.serve),
		MaxHeaderBytes: maxHeaderBytes,
		IdleTimeout:    s.cfg.IdleTimeout,
	}
}

// close ends accepting, closes the connections, and waits for what goes on for them.
func (l *http3Listener) close() error {
	err := l.listener.Close()
	l.accepting.Wait()
	l.server.counts.closeAll()
	err = errors.Join(err, l.transport.Close(), l.socket.Close())
	l.conns.Wait()
	return err
}

// A quicConn is what a conn has below it for QUIC.
type quicConn struct {
	net.Conn // nil: streams are read and written, not the connection

	mu      sync.Mutex
	conn    *quic.Conn // nil while the handshake has not come far enough
	server  *http3.Server
	in, out int64 // bytes at the last reset
	leaving sync.Once

	goroutines *sync.WaitGroup // the listener's
}

func (q *quicConn) accepted(conn *quic.Conn, server *http3.Server) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.conn, q.server = conn, server
}

// get returns the connection, or nil.
func (q *quicConn) get() *quic.Conn {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.conn
}

// bytes returns the payload of UDP packets since the last reset.
func (q *quicConn) bytes() (in, out int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.conn == nil {
		return 0, 0
	}
	stats := q.conn.ConnectionStats()
	return int64(stats.BytesReceived) - q.in, int64(stats.BytesSent) - q.out
}

func (q *quicConn) resetBytes() {
	in, out := q.bytes()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.in, q.out = q.in+in, q.out+out
}

// Close closes the connection without an error.
func (q *quicConn) Close() error { return q.end(codeNoError) }

func (q *quicConn) end(code quic.ApplicationErrorCode) error {
	if conn := q.get(); conn != nil {
		return conn.CloseWithError(code, "")
	}
	return nil
}

// goAway says that no further requests are taken. Requests under way are still answered; the client closes.
func (q *quicConn) goAway() {
	q.leaving.Do(func() {
		q.goroutines.Go(func() { _ = q.server.Shutdown(context.Background()) }) // waits for the connection's end
	})
}

// early reports whether the handshake is not yet complete, so that what came, came in 0-RTT.
func (q *quicConn) early() bool {
	select {
	case <-q.get().HandshakeComplete():
		return false
	default:
		return true
	}
}

// awaitHandshake counts the handshake when it is complete.
func (c *conn) awaitHandshake(conn *quic.Conn) {
	select {
	case <-conn.HandshakeComplete():
		c.shakeComplete(conn)
	case <-conn.Context().Done(): // shakeEnded looks how far it came
	}
}

// shakeEnded counts the handshake of a connection that has ended, unless it is counted. A client that closes as
// soon as its own side is complete says so together with the end of the handshake.
func (c *conn) shakeEnded() {
	if conn := c.quic.get(); conn != nil && !c.quic.early() {
		c.shakeComplete(conn)
		return
	}
	c.shake(failed)
}

func (c *conn) shakeComplete(conn *quic.Conn) {
	if conn.ConnectionState().TLS.DidResume {
		c.shake(resumed)
		return
	}
	c.shake(full)
}

// shake counts how the handshake ended, once.
func (c *conn) shake(how handshake) { c.shaken.Do(func() { c.counts.shook(c, how) }) }

// ForgetSessions makes the server forget the TLS sessions that its tickets stand for: none of those
// given out so far is resumed, and 0-RTT with them is rejected.
func (s *Server) ForgetSessions() {
	var keys [1][32]byte
	fillRandom(keys[0][:])
	for _, config := range []*tls.Config{s.http.TLSConfig, s.quicTLS} {
		if config != nil {
			config.SetSessionTicketKeys(keys[:])
		}
	}
}
