package wire

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
)

// handshake puts TLS onto an established connection, or onto the proxy's TLS on it.
func (o *opener) handshake(cn *conn) error {
	var under net.Conn = &cn.sock
	if cn.tls != nil {
		under = cn.tls
	}
	config := o.tlsConfig(cn.endpoint.Host, cn.place.tls)
	cn.tls = tls.Client(under, config)
	cn.sock.yields = o.yields
	err := cn.tls.Handshake()
	cn.sock.yields = false
	if err != nil {
		return handshakeFault(cn.sock.addr, err)
	}
	cn.rw = cn.tls
	state := cn.tls.ConnectionState()
	o.negotiated(state)
	if state.DidResume {
		o.counts.TLSResumed++
	} else {
		o.counts.TLSFull++
	}
	if err := spoken(o.policy.HTTP, state.NegotiatedProtocol); err != nil {
		return &fault{ClassProtocol, opHandshake, cn.sock.addr, err}
	}
	return nil
}

// negotiated enters what a handshake came to. Counts.TLSFull and TLSResumed are its caller's.
func (o *opener) negotiated(state tls.ConnectionState) { o.handshakes.enter(&state) }

// tlsConfig returns the configuration for a server, made of settings, or of Options.TLS where they
// are nil. It is kept, for requests go to the same server nearly always.
func (o *opener) tlsConfig(host string, settings *tls.Config) *tls.Config {
	if made := o.config; made != nil && made.server == host && made.settings == settings {
		return made.Config
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
	// A list that is there and empty offers nothing.
	if config.NextProtos == nil {
		config.NextProtos = []string{alpnOf(o.policy.HTTP)}
	}
	o.policy.TLS.apply(config)
	config.ClientSessionCache = o.sessions.of(settings, o.policy.TicketLifetime, o.clock)
	o.config = &madeConfig{config, host, settings}
	return config
}

// apply lets what p bounds take the place of config's.
func (p *TLSPolicy) apply(config *tls.Config) {
	config.MinVersion = cmp.Or(p.MinVersion, config.MinVersion)
	config.MaxVersion = cmp.Or(p.MaxVersion, config.MaxVersion)
	if len(p.Curves) > 0 {
		config.CurvePreferences = p.Curves
	}
}

// The names of protocols in ALPN, by RFC 7301, 9113 and 9114.
const (
	alpnHTTP1 = "http/1.1"
	alpnHTTP2 = "h2"
	alpnHTTP3 = "h3"
)

// alpnOf returns the name under which a protocol is negotiated.
func alpnOf(p Protocol) string {
	switch p {
	case HTTP2, H2C:
		return alpnHTTP2
	case HTTP3:
		return alpnHTTP3
	}
	return alpnHTTP1
}

// spoken returns an error where a server chose a protocol that is not p. HTTP/1.1 is also what a
// server without a choice speaks; HTTP/2 takes the server's word (RFC 9113, section 3.2).
func spoken(p Protocol, chosen string) error {
	switch want := alpnOf(p); {
	case chosen == want, chosen == "" && want == alpnHTTP1:
		return nil
	case chosen == "":
		return malformed(fmt.Sprintf("the server negotiated no protocol by ALPN, and the connection is for %s", want))
	default:
		return malformed(fmt.Sprintf("the server chose %q by ALPN, and the connection is for %s", chosen, want))
	}
}
