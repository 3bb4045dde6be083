package workload

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"sessbench/workload/wire"
)

// validateArmsHere looks at arms in their plan: the protocol that is the default, the target, and TLS.
func (p *Plan) validateArmsHere() error {
	var problems []error
	unknown := p.HTTP != "" && !slices.Contains(protocols, p.HTTP)
	if unknown {
		problems = append(problems, &KeyError{"http", fmt.Sprintf("is %q; use 1.1, 2, h2c or 3", p.HTTP)})
	}
	told := map[string]bool{} // of the plan's own version of HTTP, and of settings that are every arm's
	for i := range p.Arms {
		a := &p.Arms[i]
		add := func(list ...string) {
			for _, problem := range list {
				if problem != "" {
					problems = append(problems, a.error(i, problem))
				}
			}
		}
		add(p.againstOwnTarget(i))
		_, good := a.wrongValues()
		policy, err := p.policyFor(&good)
		if err != nil || unknown && a.HTTP == "" || good.HTTP != a.HTTP { // said already; what it can do is not known
			continue
		}
		for _, problem := range append(p.againstVersion(&good, &policy), p.againstTarget(&policy)) {
			if a.HTTP != "" || !told[problem] {
				add(problem)
			}
			told[problem] = a.HTTP == "" || told[problem]
		}
		if policy.HTTP == wire.HTTP3 {
			for _, problem := range p.againstQUIC() {
				if !told[problem] {
					add(problem)
				}
				told[problem] = true
			}
		}
		add(p.againstProtocol(&good, &policy)...)
		add(p.againstUnixSocket(&good)...)
		add(p.againstTLS(&good))
	}
	return errors.Join(append(problems, p.withoutTCP())...)
}

// withoutTCP says which settings of TCP mean nothing because all arms do without it.
func (p *Plan) withoutTCP() error {
	for i := range p.Arms {
		if cmp.Or(p.Arms[i].HTTP, p.HTTP) != string(wire.HTTP3) {
			return nil
		}
	}
	var problems []error
	c := &p.Connection
	for _, setting := range []struct {
		given bool
		key   string
	}{
		{c.FastOpen, "connection.fast_open"},
		{c.NoDelay != nil, "connection.no_delay"},
		{c.KeepAlive != (KeepAlivePlan{}), "connection.keep_alive.idle"},
	} {
		if setting.given {
			problems = append(problems, &KeyError{setting.key, "is TCP's, and every arm speaks HTTP/3; leave it out"})
		}
	}
	return errors.Join(problems...)
}

// secure says whether the measured requests go over TLS, as far as the plan tells.
func (p *Plan) secure() bool {
	if len(p.Mix) > 0 {
		if u, err := url.Parse(p.Mix[0].URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			return u.Scheme == "https"
		}
	}
	return p.Target == "" || strings.HasPrefix(strings.ToLower(p.Target), "https:")
}

// againstOwnTarget says why an arm cannot have the target that it has. That it has the plan's scheme makes all else that
// is said of the plan's target true of it.
func (p *Plan) againstOwnTarget(i int) string {
	a := &p.Arms[i]
	switch {
	case a.Target == "":
		return ""
	case p.Target == "" || i == 0:
		return "has a target of its own; name the first arm's as the plan's target, which is that of all arms that have none"
	}
	if e, ok := errors.AsType[*KeyError](validateTarget(a.Target)); ok {
		return "has a target that " + e.Problem
	}
	scheme := func(target string) string { return strings.ToLower(target[:strings.Index(target, ":")]) }
	switch {
	case scheme(a.Target) != scheme(p.Target):
		return fmt.Sprintf("has a target with the scheme %s, and the plan's has %s; use the same one, or the comparison is of TLS", scheme(a.Target), scheme(p.Target))
	case p.absolute():
		return "has a target, but all URLs of the mix name their hosts; write them without, as in get: /items"
	}
	return ""
}

// absolute says whether no URL of the mix is relative to the target.
func (p *Plan) absolute() bool {
	relative := false
	p.eachOperation(func(o *Operation, key string) {
		relative = relative || strings.HasPrefix(key, "mix") && !strings.Contains(o.URL, "://")
	})
	return !relative
}

// againstTarget says which version of HTTP needs a target with TLS, or one without.
func (p *Plan) againstTarget(policy *wire.Policy) string {
	secure := p.secure()
	switch {
	case secure && policy.HTTP == wire.H2C:
		return "speaks h2c, but the target is https; use http 2 for HTTP/2 over TLS"
	case secure:
		return ""
	case policy.HTTP == wire.HTTP2:
		return "speaks HTTP/2 over TLS, but the target is http; use h2c, or name an https URL"
	case policy.HTTP == wire.HTTP3:
		return "speaks HTTP/3, but the target is http and HTTP/3 is always encrypted; name an https URL"
	}
	return ""
}

// againstProtocol says which of the arm's own keys mean nothing with a version of HTTP, or without TLS.
func (p *Plan) againstProtocol(a *Arm, policy *wire.Policy) (all faults) {
	quic := policy.HTTP == wire.HTTP3
	all.when(a.Streams > 0 && !policy.HTTP.Multiplexed(), "has streams, but HTTP/1.1 carries one request at a time; add http 2, h2c or 3 (+http2, +h2c, +http3)")
	all.when(policy.EarlyData && !quic, "has early_data, but that is sent over HTTP/3 only; add http 3 (+http3)")
	all.when(policy.Close == wire.CloseByServer && policy.HTTP.Multiplexed(), "has close server, but only HTTP/1.1 has Connection: close; use http 1.1, or close client")
	all.when(quic && policy.Close == wire.CloseByReset, "has close reset, but HTTP/3 has no TCP connection to reset; use close client")
	all.when(quic && policy.NoCloseNotify, "has close_notify, but HTTP/3 ends connections in its own way; leave it out")
	plain := !p.secure() && (policy.HTTP == wire.HTTP1 || policy.HTTP == wire.H2C)
	all.when(plain && (a.TLSMin != "" || a.TLSMax != "" || len(a.Curves) > 0), "has settings of TLS, but the target is http; leave them out, or name an https URL")
	all.when(plain && a.NoCloseNotify, "has close_notify, but the target is http and that is TLS's; leave it out, or name an https URL")
	all.when(quic && policy.EarlyData && !p.repeatable(), "has early_data, but no request of the mix is by a method that may go in 0-RTT, where it can be replayed; use GET or another idempotent method, or leave early_data (+0rtt) out")
	return all
}

// againstVersion says what of the versions of TLS, and of what the session offers, a version of HTTP cannot do.
func (p *Plan) againstVersion(a *Arm, policy *wire.Policy) (all faults) {
	least, most := policy.TLS.MinVersion, policy.TLS.MaxVersion
	if least == 0 {
		least = tlsVersion(p.Session.TLS.Min)
	}
	if most == 0 {
		most = tlsVersion(p.Session.TLS.Max)
	}
	switch own := a.TLSMin != "" || a.TLSMax != ""; {
	case most == 0:
	case least > most && own && (a.TLSMin == "" || a.TLSMax == ""): // both were compared with each other
		all.when(true, fmt.Sprintf("takes TLS from %s to %s, and there is none; set tls_min and tls_max in the arm", tlsName(least), tlsName(most)))
	case policy.HTTP == wire.HTTP3 && most < tls.VersionTLS13:
		all.when(true, "speaks HTTP/3, but allows TLS "+tlsName(most)+" at most; HTTP/3 takes 1.3, so raise tls_max or session.tls.max")
	case policy.HTTP == wire.HTTP2 && most < tls.VersionTLS12:
		all.when(true, "speaks HTTP/2, but allows TLS "+tlsName(most)+" at most; HTTP/2 takes 1.2, so raise tls_max or session.tls.max")
	}
	all.when(policy.HTTP == wire.HTTP2 && !p.offersHTTP2(), "speaks HTTP/2, but session.tls.alpn does not offer that; add h2 to it, or leave it out")
	return all
}

// offersHTTP2 reports whether a server can choose HTTP/2 from what the session has for ALPN.
func (p *Plan) offersHTTP2() bool {
	return len(p.Session.TLS.ALPN) == 0 || slices.Contains(p.Session.TLS.ALPN, "h2")
}

// againstTLS says what an arm's settings of TLS and the session's do not come to together. Cipher suites that the session
// has for other arms do not stand against one that takes TLS 1.3 only.
func (p *Plan) againstTLS(a *Arm) string {
	if a.TLSMin == "" && a.TLSMax == "" && len(a.Curves) == 0 {
		return ""
	}
	session := &p.Session.TLS
	both := TLSPlan{Min: cmp.Or(a.TLSMin, session.Min), Max: cmp.Or(a.TLSMax, session.Max), Curves: a.Curves}
	if least, most := tlsVersion(both.Min), tlsVersion(both.Max); most != 0 && least > most {
		return "" // said already
	}
	if session.validateNames("") != nil { // said of the session
		return ""
	}
	if len(both.Curves) == 0 {
		both.Curves = session.Curves
	}
	if tlsVersion(both.Min) < tls.VersionTLS13 {
		both.Ciphers = session.Ciphers
	}
	if err := both.usable(); err != nil {
		return fmt.Sprintf("has, with session.tls, settings of TLS that cannot be used: %v", err)
	}
	return ""
}

// againstQUIC says what of the plan is TCP's, or another version's of HTTP.
func (p *Plan) againstQUIC() (all faults) {
	c := &p.Connection
	all.when(c.UnixSocket != "", "speaks HTTP/3, but that does not go over Unix sockets; leave connection.unix_socket out")
	all.when(c.ProxyProtocol != 0, "speaks HTTP/3, but that has no PROXY protocol header; leave connection.proxy_protocol out")
	all.when(c.HappyEyeballs != 0, "speaks HTTP/3, but happy eyeballs are for TCP connections; leave connection.happy_eyeballs out")
	all.when(len(p.Session.TLS.ALPN) > 0, "speaks HTTP/3, but that is offered by ALPN as h3 and nothing else; leave session.tls.alpn out")
	return all
}

// againstUnixSocket says what of an arm takes an address and a TCP connection.
func (p *Plan) againstUnixSocket(a *Arm) (all faults) {
	unix := p.Connection.UnixSocket != ""
	all.when(unix && a.Close == string(wire.CloseByReset), "has close reset, but a Unix socket is not TCP and knows no reset; use close client, or leave connection.unix_socket out")
	all.when(unix && a.DNSLifetime != nil, "has dns_lifetime, but no name is looked up for a Unix socket; leave it (+dns-TIME) or connection.unix_socket out")
	return all
}

// repeatable reports whether a request of the mix is by an idempotent method, so that it may be replayed.
func (p *Plan) repeatable() bool {
	return len(p.Mix) == 0 || slices.ContainsFunc(p.Mix, func(o Operation) bool { return wire.Idempotent(strings.ToUpper(cmp.Or(o.Method, "GET"))) })
}

// tlsName is a version as plans write it.
func tlsName(version uint16) string { return strings.TrimPrefix(tls.VersionName(version), "TLS ") }
