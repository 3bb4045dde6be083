package wire

import (
	"crypto/tls"
	"errors"
	"hash/maphash"
	"time"
)

// An opener opens connections for one Client.
type opener struct {
	opts   *Options
	policy *Policy
	// yields: other goroutines run before a response is read. Where there is one processor for all of
	// them it comes meanwhile, most often, and the read finds it: that saves one that finds nothing, and the way through
	// the poller. With more processors it would wake idle ones for nothing.
	yields  bool
	clock   Clock
	counts  *Counts
	ledger  ledger
	spare   *Buffers
	route   route // of the server; with a proxy that is given its address, as seen from here
	queue   queue
	names   dnsCache
	dialer  dialer
	address string              // the last one tried
	places  int                 // that connections were opened to
	first   *place              // of them
	others  map[uint64]struct{} // hashes of the others, with seed
	seed    maphash.Seed

	proxy *proxyRoute // nil: no proxy was dialed

	handshakes handshakes

	sessions *sessionStore // nil: every handshake is a full one
	config   *madeConfig   // nil: none was made

	quic quicOpener
}

// A madeConfig is what was made of some TLS settings for a server.
type madeConfig struct {
	*tls.Config
	server   string
	settings *tls.Config
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
	cn := &conn{endpoint: e, place: at, ledger: &o.ledger, policy: o.policy}
	cn.sock.clock, cn.sock.watch, cn.sock.call = o.clock, w, call
	cn.sock.distance = o.opts.Distance
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

// placesCounted is how many places are told apart. Redirects and targets made of data may lead to ever new ones, and
// a hash of each is kept.
const placesCounted = 4096

// visit counts a place when it is new. Nearly always there is but one.
func (o *opener) visit(at *place) {
	if o.places == 0 {
		o.places, o.first = 1, at
	}
	if o.first == at || *o.first == *at || o.places == placesCounted {
		return
	}
	if o.others == nil {
		o.others, o.seed = make(map[uint64]struct{}), maphash.MakeSeed()
	}
	o.others[maphash.Comparable(o.seed, *at)] = struct{}{}
	o.places = 1 + len(o.others)
}

func (o *opener) establish(cn *conn, proxy *Proxy, sp *span) error {
	if o.policy.HTTP == HTTP3 {
		return o.establishQUIC(cn, proxy, sp)
	}
	if why := o.unfitForHTTP2(cn); why != "" {
		return &fault{ClassProtocol, opConnect, cn.endpoint.String(), why}
	}
	if proxy == nil {
		if !o.route.fixed || o.route.endpoint != cn.endpoint {
			host, port := o.opts.redirect(cn.endpoint)
			if err := o.lead(cn, &o.route, host, port, sp); err != nil {
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
	if cn.endpoint.TLS {
		err := o.handshake(cn)
		sp.lap(&sp.ex.Phases.TLS)
		if err != nil {
			cn.abandon(err)
			return err
		}
	}
	if o.policy.HTTP.Multiplexed() {
		o.openHTTP2(cn)
	}
	return nil
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
