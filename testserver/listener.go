package testserver

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// A listener accepts connections and does their TLS handshakes before net/http gets
// them, so that each handshake is counted once it is known how it ended.
type listener struct {
	net.Listener
	tls    *tls.Config // nil: plain
	counts *counts

	ready      chan net.Conn
	ctx        context.Context // ends with the listener
	cancel     context.CancelFunc
	goroutines sync.WaitGroup
	close      func() error
}

func newListener(inner net.Listener, config *tls.Config, counts *counts) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{Listener: inner, tls: config, counts: counts, ready: make(chan net.Conn), ctx: ctx, cancel: cancel}
	l.close = sync.OnceValue(l.shutDown)
	l.goroutines.Go(l.acceptAll)
	return l
}

// Accept returns the next connection that is ready for requests: a *tap, or a
// *tls.Conn where HTTP/2 was negotiated, which net/http needs to see.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close ends accepting and the handshakes under way, and waits for them. net/http
// calls it as well.
func (l *listener) Close() error { return l.close() }

func (l *listener) shutDown() error {
	l.cancel()
	err := l.Listener.Close()
	l.goroutines.Wait()
	return err
}

func (l *listener) acceptAll() {
	for {
		raw, err := l.Listener.Accept()
		if l.ctx.Err() != nil {
			if err == nil {
				raw.Close()
			}
			return
		}
		if err != nil { // no file descriptor left, most likely
			l.pause(5 * time.Millisecond)
			continue
		}
		c := l.counts.opened(raw)
		if l.tls == nil {
			c.tap = &tap{Conn: c, conn: c}
			l.hand(c.tap)
			continue
		}
		l.goroutines.Go(func() { l.handshake(c) })
	}
}

func (l *listener) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.ctx.Done():
	}
}

func (l *listener) handshake(c *conn) {
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Server(c, l.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		l.counts.shook(c, failed)
		secure.Close()
		return
	}
	state := secure.ConnectionState()
	c.tls.Store(&state)
	if state.DidResume {
		l.counts.shook(c, resumed)
	} else {
		l.counts.shook(c, full)
	}
	if state.NegotiatedProtocol == "h2" {
		l.hand(secure)
		return
	}
	c.tap = &tap{Conn: secure, conn: c}
	l.hand(c.tap)
}

// hand gives a connection to Accept.
func (l *listener) hand(c net.Conn) {
	select {
	case l.ready <- c:
	case <-l.ctx.Done():
		c.Close()
	}
}
