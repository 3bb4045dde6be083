package wire

import "context"

// A ProbeInfo is what opening one connection shows. What was not reached is empty.
type ProbeInfo struct {
	Addresses []string // found for the endpoint or the proxy, "ip:port", or "unix:PATH", in the order in which they were found
	Address   string   // connected to, or tried last
	Phases    Phases   // DNS, Connect and TLS

	// With TLS, names as package crypto/tls gives them.
	TLSVersion, CipherSuite, Curve string
	// Handshake says the same and more; the zero value without TLS.
	Handshake Handshake

	Counts Counts // of this one connection
}

// Probe opens a connection to e, TLS handshake included, and closes it. No request is sent over it.
// Opening is bounded by opts' ConnectTimeout and Timeout and by ctx; ClassOf tells
// the class of the error.
func Probe(ctx context.Context, e Endpoint, opts *Options) (ProbeInfo, error) {
	return ProbeVia(ctx, e, nil, opts)
}

// ProbeVia is Probe through a proxy, or without one for nil. What the proxy takes, its own TLS
// included, is in Phases.Connect. An http endpoint behind an http or https proxy is not reached, for
// nothing is sent: only the proxy is.
func ProbeVia(ctx context.Context, e Endpoint, proxy *Proxy, opts *Options) (ProbeInfo, error) {
	return ProbeAs(ctx, e, proxy, Policy{}, opts)
}

// ProbeAs is ProbeVia with the version of HTTP and the TLS settings of a policy, which does not share a pool. With H2C
// it also waits for the server's SETTINGS, at most for opts' ConnectTimeout or ReadTimeout: there is no handshake that
// would tell whether the server speaks it.
func ProbeAs(ctx context.Context, e Endpoint, proxy *Proxy, policy Policy, opts *Options) (ProbeInfo, error) {
	if err := proxy.Validate(); err != nil {
		return ProbeInfo{}, err
	}
	if opts == nil {
		opts = new(Options)
	}
	clock := NewClock()
	c := clientFrom(clock, opts, policy, nil, 0) // opts' Turns are for Clients that offer load
	defer c.Close()
	c.follow(ctx)
	var ex Exchange
	sp := span{ex: &ex, clock: clock, mark: clock.Now()}
	at := place{endpoint: e}
	end := until(&c.opts.Limits, sp.mark)
	cn, err := c.opener.open(c.watch, &at, e, proxy, &c.opts.Limits, end, &sp)
	info := ProbeInfo{Address: c.opener.address, Phases: ex.Phases}
	for _, a := range c.opener.dialed(proxy) {
		info.Addresses = append(info.Addresses, a.text)
	}
	if err == nil {
		if e.TLS {
			shaken := c.opener.handshakes.latest()
			info.Handshake = shaken
			info.TLSVersion, info.CipherSuite, info.Curve = shaken.Version, shaken.Cipher, shaken.Curve
		}
		how := retired
		if policy.HTTP == H2C {
			if err = cn.mux.(*h2conn).greet(c.watch, end, &c.opts.Limits); err != nil {
				how = endingOf(err)
			}
		}
		cn.close(how)
	}
	info.Counts = c.Counts()
	return info, err
}
