package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// An opener opens connections for one Client.
type opener struct {
	opts    *Options
	clock   Clock
	counts  *Counts
	ledger  ledger
	route   route // of the server; with a proxy that is given its address, as seen from here
	dialer  dialer
	address string // the last one tried
	places  int    // that connections were opened to
	first   *place // of them
	others  map[place]struct{}

	proxy *proxyRoute // nil: no proxy was dialed

	sessions  *sessionStore // nil: every handshake is a full one
	config    *tls.Config   // for the server configFor, made of configOf
	configFor string
	configOf  *tls.Config
}

// A proxyRoute is the addresses of a proxy.
type proxyRoute struct {
	route
	proxy Proxy // that it was found for
}

// A span is where the time and bytes of an exchange are entered as it goes on. Its phases have
// no gaps: each lap ends where the next one begins.
type span struct {
	ex    *Exchange
	clock Clock
	mark  time.Duration // up to here the time is accounted for
}

func (sp *span) lap(phase *time.Duration) { sp.lapTo(phase, sp.clock.Now()) }

// lapTo is lap for a moment already known.
func (sp *span) lapTo(phase *time.Duration, now time.Duration) {
	if now > sp.mark {
		*phase += now - sp.mark
		sp.mark = now
	}
}

func (sp *span) takeBytes(s *sock) {
	sp.ex.BytesIn += s.in
	sp.ex.BytesOut += s.out
	s.in, s.out = 0, 0
}

// open opens a connection to at for requests to e, through proxy unless it is nil, TLS included. It keeps at, which
// is not changed. call is the limit of the whole call, or 0. The error has a *fault in it.
func (o *opener) open(w *watch, at *place, e Endpoint, proxy *Proxy, lim *Limits, call time.Duration, sp *span) (*conn, error) {
	cn := &conn{endpoint: e, place: *at, ledger: &o.ledger}
	cn.sock.clock, cn.sock.watch, cn.sock.call = o.clock, w, call
	if lim.ConnectTimeout > 0 {
		cn.sock.connect = sp.mark + lim.ConnectTimeout
	}
	err := o.establish(cn, proxy, sp)
	sp.takeBytes(&cn.sock)
	if err != nil {
		o.counts.OpenFailures++
		return nil, err
	}
	cn.sock.connect = 0
	cn.sock.bound(lim)
	o.visit(at)
	return cn, nil
}

// visit counts a place when it is new. Nearly always there is but one.
func (o *opener) visit(at *place) {
	switch _, known := o.others[*at]; {
	case o.places == 0:
		o.first = at
	case known || *o.first == *at:
		return
	case o.others == nil:
		o.others = map[place]struct{}{*at: {}}
	default:
		o.others[*at] = struct{}{}
	}
	o.places++
}

func (o *opener) establish(cn *conn, proxy *Proxy, sp *span) error {
	if proxy == nil {
		if !o.route.fixed || o.route.endpoint != cn.endpoint {
			host, port := o.opts.redirect(cn.endpoint)
			if err := o.find(cn, &o.route, host, port, sp); err != nil {
				return err
			}
			o.route.endpoint = cn.endpoint
		}
		if err := o.connect(cn, &o.route, cn.endpoint.TLS, sp); err != nil {
			return err
		}
	} else if err := o.reach(cn, proxy, sp); err != nil {
		return err
	}
	if !cn.endpoint.TLS {
		return nil
	}
	err := o.handshake(cn)
	sp.lap(&sp.ex.Phases.TLS)
	if err != nil {
		cn.abandon(err)
	}
	return err
}

// abandon closes a connection whose opening failed with err.
func (cn *conn) abandon(err error) {
	how := discarded
	if peerEnded(err) || errors.Is(err, errHungUp) {
		how = endedByPeer
	}
	cn.close(how)
}

// dialed returns the addresses that connections through proxy go to, if any were found.
func (o *opener) dialed(proxy *Proxy) []address {
	switch {
	case proxy == nil:
		return o.route.addresses
	case o.proxy == nil:
		return nil
	}
	return o.proxy.addresses
}

// find fills r with the addresses of a host, within the connection's limits.
func (o *opener) find(cn *conn, r *route, host, port string, sp *span) error {
	ctx, cancel := cn.sock.context()
	defer cancel()
	err := r.find(ctx, o.opts, host, port)
	if err != nil {
		err = cn.sock.expired(ctx, opResolve, host, err)
	}
	if err != nil || !r.fixed {
		sp.lap(&sp.ex.Phases.DNS)
	}
	return err
}

// connect tries the addresses of r in turn. Where time is limited each gets an equal share of what is
// left, so that one that does not answer leaves some to the others (as net.Dialer does).
func (o *opener) connect(cn *conn, r *route, noDelay bool, sp *span) error {
	var err error
	limit := cn.sock.connect
	for i, a := range r.addresses {
		if more := len(r.addresses) - i; more > 1 && limit != 0 {
			now := o.clock.Now()
			cn.sock.connect = now + (limit-now)/time.Duration(more)
		} else {
			cn.sock.connect = limit
		}
		cn.sock.addr, o.address = a.text, a.text
		if err = o.connectTo(cn, a, noDelay); err == nil {
			break
		}
		if class := ClassOf(err); class == ClassCanceled || class == ClassTimeout {
			break
		}
	}
	cn.sock.connect = limit
	sp.lap(&sp.ex.Phases.Connect)
	if err != nil {
		return err
	}
	o.ledger.opened()
	cn.rw = &cn.sock
	return nil
}

func (o *opener) connectTo(cn *conn, a address, noDelay bool) error {
	var err error
	if o.opts.Dial != nil {
		err = dialWith(&cn.sock, a.text, o.opts.Dial)
	} else {
		err = o.dialer.dial(&cn.sock, a, noDelay)
	}
	if err != nil {
		return dialFault(a.text, err)
	}
	return nil
}

// handshake puts TLS onto an established connection, or onto the proxy's TLS on it.
func (o *opener) handshake(cn *conn) error {
	var under net.Conn = &cn.sock
	if cn.tls != nil {
		under = cn.tls
	}
	cn.tls = tls.Client(under, o.tlsConfig(cn.endpoint.Host, cn.place.tls))
	if err := cn.tls.Handshake(); err != nil {
		return handshakeFault(cn.sock.addr, err)
	}
	cn.rw = cn.tls
	if cn.tls.ConnectionState().DidResume {
		o.counts.TLSResumed++
	} else {
		o.counts.TLSFull++
	}
	return nil
}

// tlsConfig returns the configuration for a server, made of settings, or of Options.TLS where they
// are nil. It is kept, for requests go to the same server nearly always.
func (o *opener) tlsConfig(host string, settings *tls.Config) *tls.Config {
	if o.config != nil && o.configFor == host && o.configOf == settings {
		return o.config
	}
	config := new(tls.Config)
	switch {
	case settings != nil:
		config = settings.Clone()
	case o.opts.TLS != nil:
		config = o.opts.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.ClientSessionCache = o.sessions.of(settings)
	config.NextProtos = []string{"http/1.1"}
	o.config, o.configFor, o.configOf = config, host, settings
	return config
}
