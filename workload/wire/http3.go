package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	// http3Idle is how long a silent connection is kept from our side. The lesser of both sides' limits holds
	// (RFC 9000, section 10.1), so that in practice it is the server's.
	http3Idle = 10 * time.Minute

	// handshakeSilence is how long a server may be silent in the handshake where no limit is set.
	handshakeSilence = 30 * time.Second

	// peerStreams is how many unidirectional streams a server may open: HTTP/3 has three (RFC 9114, section
	// 6.2), and a server may add reserved ones.
	peerStreams = 16

	// tokensKept is how many address validation tokens are kept for a server.
	tokensKept = 4
)

const (
	errHTTP3Plain  reason = "HTTP/3 needs https"
	errHTTP3Proxy  reason = "HTTP/3 does not go through a proxy"
	errHTTP3Socket reason = "HTTP/3 does not go through a Unix socket"
	errHTTP3Dial   reason = "HTTP/3 does not go through a stream transport"
)

// quicOpener is what an opener keeps for HTTP/3.
type quicOpener struct {
	tls    *tls.Config // made of base
	base   *tls.Config
	source int // index of the local address that is next
}

// addressTokens keep what servers gave us to prove our address with the next time, which saves a round trip
// with those that ask for it (RFC 9000, section 8.1.3). They are safe for concurrent use; the zero value has none.
type addressTokens struct {
	once  sync.Once
	store quic.TokenStore
}

func (t *addressTokens) tokens() quic.TokenStore {
	t.once.Do(func() { t.store = quic.NewLRUTokenStore(sessionsKept, tokensKept) })
	return t.store
}

// establishQUIC is establish for HTTP/3. What QUIC's handshake takes is Phases.TLS; Connect is 0. With
// Policy.EarlyData and a session that allows it, it returns when requests can be sent in 0-RTT, before the
// handshake is complete.
func (o *opener) establishQUIC(cn *conn, proxy *Proxy, sp *span) error {
	if err := o.refuseHTTP3(cn, proxy); err != "" {
		return &fault{ClassProtocol, opConnect, cn.endpoint.String(), err}
	}
	if !o.route.fixed || o.route.endpoint != cn.endpoint {
		host, port := o.opts.redirect(cn.endpoint)
		if err := o.find(cn, &o.route, host, port, sp); err != nil {
			return err
		}
		o.route.endpoint = cn.endpoint
	}
	h, err := o.connectQUIC(cn)
	sp.lap(&sp.ex.Phases.TLS)
	if err != nil {
		return err
	}
	o.ledger.opened()
	cn.mux = h
	if !h.early {
		h.enter()
	}
	err = h.begin()
	if errors.Is(err, quic.Err0RTTRejected) {
		err = cn.sock.waiting(h.rejoin)
		sp.lap(&sp.ex.Phases.TLS)
	}
	if err != nil {
		cn.close(discarded)
		return quicFault(opConnect, cn.sock.addr, err)
	}
	return nil
}

// waiting runs what takes a context instead of a deadline, within the sock's limits.
func (s *sock) waiting(f func(context.Context) error) error {
	ctx, cancel := s.context()
	defer cancel()
	if err := f(ctx); err != nil {
		return s.expired(ctx, s.op(), s.addr, err)
	}
	return nil
}

// refuseHTTP3 returns why HTTP/3 cannot be used, or "".
func (o *opener) refuseHTTP3(cn *conn, proxy *Proxy) reason {
	switch {
	case proxy != nil:
		return errHTTP3Proxy
	case !cn.endpoint.TLS:
		return errHTTP3Plain
	case o.opts.Socket.UnixSocket != "":
		return errHTTP3Socket
	case o.opts.Dial != nil:
		return errHTTP3Dial
	}
	return ""
}

// connectQUIC tries the addresses of the route in turn, with the same shares of the time as connect.
func (o *opener) connectQUIC(cn *conn) (h *http3Conn, err error) {
	limit := cn.sock.connect
	defer func() { cn.sock.connect = limit }()
	order := o.queue.order(&o.route, o.opts)
	for i, a := range order {
		cn.sock.connect = limit
		if more := len(order) - i; more > 1 && limit != 0 {
			now := o.clock.Now()
			cn.sock.connect = now + (limit-now)/time.Duration(more)
		}
		cn.sock.addr, o.address = a.text, a.text
		if h, err = o.dialQUIC(cn, a.ip); err == nil {
			return h, nil
		}
		if class := ClassOf(err); class == ClassCanceled || class == ClassTimeout {
			break
		}
	}
	return nil, err
}

// dialQUIC does the handshake with one address, on a socket of its own.
func (o *opener) dialQUIC(cn *conn, to netip.AddrPort) (*http3Conn, error) {
	udp, err := dialUDP(o.nextSource(to), to, &o.opts.Socket)
	if err != nil {
		return nil, dialFault(cn.sock.addr, err)
	}
	h := &http3Conn{opener: o, addr: cn.sock.addr, packets: udp}
	ctx, cancel := cn.sock.context()
	defer cancel()
	err = h.dial(ctx, o.quicTLS(cn), o.quicConfig(cn), to)
	cn.sock.in, cn.sock.out = udp.take()
	if err == nil {
		return h, nil
	}
	h.release()
	return nil, cn.sock.expired(ctx, opConnect, cn.sock.addr, openingFault(cn.sock.addr, err))
}

// nextSource returns the local address to open from, or none. Of those given, the ones of the server's family
// are taken in turn.
func (o *opener) nextSource(to netip.AddrPort) netip.Addr {
	source := o.opts.Socket.Source
	for range source {
		from := source[o.quic.source%len(source)].Unmap()
		o.quic.source++
		if from.Is4() == to.Addr().Unmap().Is4() {
			return from
		}
	}
	return netip.Addr{}
}

// quicTLS returns the configuration for a server. It is kept as long as that for TCP is.
func (o *opener) quicTLS(cn *conn) *tls.Config {
	base := o.tlsConfig(cn.endpoint.Host, cn.place.tls)
	if o.quic.base == base {
		return o.quic.tls
	}
	config := base.Clone()
	config.NextProtos = []string{"h3"}
	config.MinVersion = tls.VersionTLS13 // RFC 9001, section 4.2
	if kept := config.ClientSessionCache; kept != nil {
		config.ClientSessionCache = sessionCopies{kept}
	}
	o.quic.base, o.quic.tls = base, config
	return config
}

// quicConfig returns what is asked of QUIC for a connection.
func (o *opener) quicConfig(cn *conn) *quic.Config {
	config := &quic.Config{
		HandshakeIdleTimeout:  handshakeSilence,
		MaxIdleTimeout:        http3Idle,
		MaxIncomingStreams:    -1, // RFC 9114, section 6.1
		MaxIncomingUniStreams: peerStreams,
	}
	if at := cn.sock.connect; at != 0 { // our own limit comes first, and says what it is
		config.HandshakeIdleTimeout = max(at-o.clock.Now(), 0) + time.Second
	}
	if o.sessions != nil {
		config.TokenStore = o.sessions.tokens()
	}
	return config
}

// openingFault classes an error that kept a QUIC connection from being opened.
func openingFault(addr string, err error) error {
	if errors.Is(err, errnoRefused) {
		return dialFault(addr, errnoRefused) // in the words of TCP, without QUIC's
	}
	f := quicFault(opConnect, addr, err)
	switch f.class {
	case ClassTLS:
		f.op = opHandshake
	case ClassReset:
		if !isReset(err) && !isA[*quic.TransportError](err) && !isA[*quic.StatelessResetError](err) {
			f.class = dialFault(addr, err).class
		}
	}
	return f
}

// handshakeDone tells without waiting whether the handshake is complete.
func handshakeDone(q *quic.Conn) bool {
	select {
	case <-q.HandshakeComplete():
		return true
	default:
		return false
	}
}

// awaitQUIC waits for a channel to be closed, the end of the connection or that of ctx.
func awaitQUIC(ctx context.Context, q *quic.Conn, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-q.Context().Done():
		return context.Cause(q.Context())
	case <-ctx.Done():
		return ctx.Err()
	}
}
