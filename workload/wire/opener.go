package wire

import (
	"crypto/tls"
	"time"
)

// sessionsKept is how many servers' TLS sessions are kept for resumption.
const sessionsKept = 16

// An opener opens connections for one Client.
type opener struct {
	opts    *Options
	clock   Clock
	counts  *Counts
	ledger  ledger
	route   route
	dialer  dialer
	address string // the last one tried

	sessions  tls.ClientSessionCache // nil: every handshake is a full one
	config    *tls.Config            // for the server configFor
	configFor string
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

// open opens a connection to e, TLS included. call is the limit of the whole call, or 0. The error
// is a *fault.
func (o *opener) open(w *watch, e Endpoint, call time.Duration, sp *span) (*conn, error) {
	cn := &conn{endpoint: e, ledger: &o.ledger}
	cn.sock.clock, cn.sock.watch, cn.sock.call = o.clock, w, call
	if o.opts.ConnectTimeout > 0 {
		cn.sock.connect = sp.mark + o.opts.ConnectTimeout
	}
	err := o.establish(cn, sp)
	sp.takeBytes(&cn.sock)
	if err != nil {
		o.counts.OpenFailures++
		return nil, err
	}
	cn.sock.connect, cn.sock.gap = 0, o.opts.ReadTimeout
	return cn, nil
}

func (o *opener) establish(cn *conn, sp *span) error {
	if !o.route.fixed || o.route.endpoint != cn.endpoint {
		err := o.find(cn)
		if err != nil || !o.route.fixed {
			sp.lap(&sp.ex.Phases.DNS)
		}
		if err != nil {
			return err
		}
	}
	err := o.connect(cn)
	sp.lap(&sp.ex.Phases.Connect)
	if err != nil {
		return err
	}
	o.ledger.opened()
	cn.rw = &cn.sock
	if !cn.endpoint.TLS {
		return nil
	}
	err = o.handshake(cn)
	sp.lap(&sp.ex.Phases.TLS)
	if err != nil {
		how := discarded
		if peerEnded(err) {
			how = endedByPeer
		}
		cn.close(how)
	}
	return err
}

// find looks up the addresses, within the connection's limits.
func (o *opener) find(cn *conn) error {
	ctx, cancel := cn.sock.context()
	defer cancel()
	err := o.route.find(ctx, o.opts, cn.endpoint)
	if err == nil {
		return nil
	}
	return cn.sock.expired(ctx, opResolve, cn.endpoint.Host, err)
}

// connect tries the addresses in turn. Where time is limited each gets an equal share of what is
// left, so that one that does not answer leaves some to the others (as net.Dialer does).
func (o *opener) connect(cn *conn) error {
	var err error
	limit := cn.sock.connect
	for i, a := range o.route.addresses {
		if more := len(o.route.addresses) - i; more > 1 && limit != 0 {
			now := o.clock.Now()
			cn.sock.connect = now + (limit-now)/time.Duration(more)
		} else {
			cn.sock.connect = limit
		}
		cn.sock.addr, o.address = a.text, a.text
		if err = o.connectTo(cn, a); err == nil {
			break
		}
		if class := ClassOf(err); class == ClassCanceled || class == ClassTimeout {
			break
		}
	}
	cn.sock.connect = limit
	return err
}

func (o *opener) connectTo(cn *conn, a address) error {
	var err error
	if o.opts.Dial != nil {
		err = dialWith(&cn.sock, a.text, o.opts.Dial)
	} else {
		err = o.dialer.dial(&cn.sock, a, cn.endpoint.TLS)
	}
	if err != nil {
		return dialFault(a.text, err)
	}
	return nil
}

// handshake puts TLS onto an established connection.
func (o *opener) handshake(cn *conn) error {
	cn.tls = tls.Client(&cn.sock, o.tlsConfig(cn.endpoint.Host))
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

// tlsConfig returns the configuration for a server. It is kept, for requests go to the same
// server nearly always.
func (o *opener) tlsConfig(host string) *tls.Config {
	if o.config != nil && o.configFor == host {
		return o.config
	}
	config := new(tls.Config)
	if o.opts.TLS != nil {
		config = o.opts.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	config.ClientSessionCache = o.sessions
	config.NextProtos = []string{"http/1.1"}
	o.config, o.configFor = config, host
	return config
}
