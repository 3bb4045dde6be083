package workload

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// validateArms looks at what arms say by themselves, whatever the plan around them.
func validateArms(arms []Arm) error {
	if len(arms) == 0 {
		return &KeyError{"arms", "is empty; name at least one of " + PolicyNames}
	}
	seen := map[string]bool{}
	for i, a := range arms {
		key := armKey(i)
		switch {
		case !validArmName(a.Name):
			return &KeyError{key, fmt.Sprintf("has the name %q; use letters, digits, - and _", a.Name)}
		case a.Name == "gain":
			return &KeyError{key, `has the name "gain", which conditions use for the ratio between arms; choose another`}
		case seen[a.Name]:
			return &KeyError{key, fmt.Sprintf("has %q twice; give one of them another name, as in a=%s,b=%s", a.Name, a.Policy, a.Policy)}
		}
		policy, err := policyOf(a.Policy)
		if e, ok := errors.AsType[*KeyError](err); ok {
			return &KeyError{key, e.Problem}
		}
		problem := a.wrongValue()
		if problem == "" {
			problem = a.againstPolicy(&policy)
		}
		if problem != "" {
			return a.error(i, problem)
		}
		seen[a.Name] = true
	}
	return nil
}

func armKey(i int) string { return fmt.Sprintf("arms[%d]", i) }

func (a *Arm) error(i int, problem string) error {
	return &KeyError{armKey(i), fmt.Sprintf("has %q, which %s", a.Name, problem)}
}

func validArmName(name string) bool {
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return name != ""
}

// protocols are what Arm.HTTP and Plan.HTTP can be.
var protocols = []string{string(wire.HTTP1), string(wire.HTTP2), string(wire.H2C), string(wire.HTTP3)}

// wrongValue says what no arm can have.
func (a *Arm) wrongValue() string {
	for _, choice := range []struct {
		key, value string
		of         []string
	}{
		{"http", a.HTTP, protocols},
		{"pool", a.Pool, []string{poolWorker, poolShared}},
		{"pool_order", a.PoolOrder, []string{string(wire.LIFO), string(wire.FIFO)}},
		{"close", a.Close, []string{string(wire.CloseByClient), string(wire.CloseByServer), string(wire.CloseByReset)}},
		{"tls_min", a.TLSMin, tlsVersions()},
		{"tls_max", a.TLSMax, tlsVersions()},
	} {
		if choice.value != "" && !slices.Contains(choice.of, choice.value) {
			last := len(choice.of) - 1
			return fmt.Sprintf("has %s %q; use %s or %s", choice.key, choice.value, strings.Join(choice.of[:last], ", "), choice.of[last])
		}
	}
	for _, count := range []struct {
		key string
		n   int
	}{{"requests_per_connection", a.RequestsPerConnection}, {"pool_size", a.PoolSize}, {"streams", a.Streams}} {
		if count.n < 0 {
			return fmt.Sprintf("has %s %d; it must be at least 1", count.key, count.n)
		}
	}
	for _, limit := range []struct {
		key string
		d   Duration
	}{{"idle_timeout", a.IdleTimeout}, {"max_age", a.MaxAge}, {"ticket_lifetime", a.TicketLifetime}} {
		if limit.d < 0 {
			return fmt.Sprintf("has %s %v; use a positive time", limit.key, time.Duration(limit.d))
		}
	}
	for _, name := range a.Curves {
		if _, known := curveNamed(name); !known {
			return fmt.Sprintf("has the curve %q; choose from %s", name, CurveNames())
		}
	}
	return ""
}

// againstPolicy says what contradicts the built-in policy that the arm was made from, or another of its keys.
func (a *Arm) againstPolicy(p *wire.Policy) string {
	requests := p.RequestsPerConnection
	switch {
	case requests != 0 && a.RequestsPerConnection != 0:
		return fmt.Sprintf("has requests_per_connection %d with the policy %s, which has %d; use the policy pooled", a.RequestsPerConnection, a.Policy, requests)
	case p.SharedPool && a.Pool == poolWorker:
		return "has pool worker with the policy shared-pool; use the policy pooled"
	case a.RequestsPerConnection != 0:
		requests = a.RequestsPerConnection
	}
	shared := p.SharedPool || a.Pool == poolShared
	ages := a.IdleTimeout > 0 || a.MaxAge > 0
	switch {
	case a.PoolSize > 0 && !shared:
		return "has pool_size without a shared pool; a worker makes one request at a time and needs one connection, so use shared-pool or leave it out"
	case a.PoolOverflow && a.PoolSize == 0:
		return "has pool_overflow without pool_size; say beyond how many connections it overflows"
	case a.PoolOrder != "" && !shared:
		return "has pool_order without a shared pool; a worker's own has one connection, so use shared-pool or leave it out"
	case a.Streams > 1 && !shared:
		return "has streams without a shared pool; a worker makes one request at a time, so use shared-pool or leave it out"
	case ages && requests == 1:
		return "has idle_timeout or max_age, but closes each connection after one request; leave it out, or use pooled"
	case a.Close == string(wire.CloseByServer) && requests != 1:
		return "has close server, but keeps connections, which that ends after one request; use fresh or fresh-resumed"
	case a.Close == string(wire.CloseByReset) && a.NoCloseNotify:
		return "has close reset and close_notify; a reset comes without the closing alert, so leave close_notify out"
	case a.TicketLifetime > 0 && !p.ResumeTLS && !a.TLSResumption && !a.EarlyData:
		return "has ticket_lifetime, but resumes no TLS session; use fresh-resumed, or add tls_resumption (+resume)"
	case a.EarlyData && requests == 0 && !ages:
		return "has early_data, but keeps its connections, so there is no handshake to send it in; use fresh-resumed or reuse-N"
	case a.TLSMin != "" && a.TLSMax != "" && tlsVersion(a.TLSMin) > tlsVersion(a.TLSMax):
		return fmt.Sprintf("has tls_min %s above tls_max %s; exchange them", a.TLSMin, a.TLSMax)
	}
	return ""
}

// validateArmsHere looks at arms in their plan: the protocol that is the default, the target, and TLS.
func (p *Plan) validateArmsHere() error {
	if p.HTTP != "" && !slices.Contains(protocols, p.HTTP) {
		return &KeyError{"http", fmt.Sprintf("is %q; use 1.1, 2, h2c or 3", p.HTTP)}
	}
	for i := range p.Arms {
		a := &p.Arms[i]
		policy, err := p.policyFor(a)
		if err != nil {
			return nil // said already
		}
		problem := p.againstOwnTarget(a)
		if problem == "" {
			problem = p.againstTarget(a, &policy)
		}
		if problem == "" {
			problem = p.againstProtocol(a, &policy)
		}
		if problem == "" {
			problem = p.againstUnixSocket(a)
		}
		if problem == "" {
			problem = p.againstTLS(a)
		}
		if problem != "" {
			return a.error(i, problem)
		}
	}
	return p.withoutTCP()
}

// withoutTCP says which settings of TCP mean nothing because all arms do without it.
func (p *Plan) withoutTCP() error {
	for i := range p.Arms {
		if cmp.Or(p.Arms[i].HTTP, p.HTTP) != string(wire.HTTP3) {
			return nil
		}
	}
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
			return &KeyError{setting.key, "is TCP's, and every arm speaks HTTP/3; leave it out"}
		}
	}
	return nil
}

// secure says whether the measured requests go over TLS, as far as the plan tells.
func (p *Plan) secure() bool {
	if len(p.Mix) > 0 {
		if u, err := url.Parse(p.Mix[0].URL); err == nil && u.Scheme != "" {
			return u.Scheme == "https"
		}
	}
	return p.Target == "" || strings.HasPrefix(strings.ToLower(p.Target), "https:")
}

// againstOwnTarget says why an arm cannot have the target that it has. That it has the plan's scheme makes all else that
// is said of the plan's target true of it.
func (p *Plan) againstOwnTarget(a *Arm) string {
	switch {
	case a.Target == "":
		return ""
	case p.Target == "" || a == &p.Arms[0]:
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

// againstTarget says what needs a target with TLS, or one without.
func (p *Plan) againstTarget(a *Arm, policy *wire.Policy) string {
	if p.secure() {
		if policy.HTTP == wire.H2C {
			return "speaks h2c, but the target is https; use http 2 for HTTP/2 over TLS"
		}
		return ""
	}
	switch {
	case policy.HTTP == wire.HTTP2:
		return "speaks HTTP/2 over TLS, but the target is http; use h2c, or name an https URL"
	case policy.HTTP == wire.HTTP3:
		return "speaks HTTP/3, but the target is http and HTTP/3 is always encrypted; name an https URL"
	case a.TLSMin != "" || a.TLSMax != "" || len(a.Curves) > 0:
		return "has settings of TLS, but the target is http; leave them out, or name an https URL"
	case a.NoCloseNotify:
		return "has close_notify, but the target is http and that is TLS's; leave it out, or name an https URL"
	}
	return ""
}

// againstProtocol says what a version of HTTP cannot do.
func (p *Plan) againstProtocol(a *Arm, policy *wire.Policy) string {
	least, most := policy.TLS.MinVersion, policy.TLS.MaxVersion
	if least == 0 {
		least = tlsVersion(p.Session.TLS.Min)
	}
	if most == 0 {
		most = tlsVersion(p.Session.TLS.Max)
	}
	quic := policy.HTTP == wire.HTTP3
	switch {
	case a.Streams > 0 && !policy.HTTP.Multiplexed():
		return "has streams, but HTTP/1.1 carries one request at a time; add http 2, h2c or 3 (+http2, +h2c, +http3)"
	case policy.EarlyData && !quic:
		return "has early_data, but that is sent over HTTP/3 only; add http 3 (+http3)"
	case policy.Close == wire.CloseByServer && policy.HTTP.Multiplexed():
		return "has close server, but only HTTP/1.1 has Connection: close; use http 1.1, or close client"
	case quic && policy.Close == wire.CloseByReset:
		return "has close reset, but HTTP/3 has no TCP connection to reset; use close client"
	case quic && policy.NoCloseNotify:
		return "has close_notify, but HTTP/3 ends connections in its own way; leave it out"
	case most != 0 && least > most && (a.TLSMin != "" || a.TLSMax != ""):
		return fmt.Sprintf("takes TLS from %s to %s, and there is none; set tls_min and tls_max in the arm", tlsName(least), tlsName(most))
	case quic && most != 0 && most < tls.VersionTLS13:
		return "speaks HTTP/3, but allows TLS " + tlsName(most) + " at most; HTTP/3 takes 1.3, so raise tls_max or session.tls.max"
	case policy.HTTP == wire.HTTP2 && most != 0 && most < tls.VersionTLS12:
		return "speaks HTTP/2, but allows TLS " + tlsName(most) + " at most; HTTP/2 takes 1.2, so raise tls_max or session.tls.max"
	case policy.HTTP == wire.HTTP2 && !p.offersHTTP2():
		return "speaks HTTP/2, but session.tls.alpn does not offer that; add h2 to it, or leave it out"
	case policy.EarlyData && !p.repeatable():
		return "has early_data, but no request of the mix is by a method that may go in 0-RTT, where it can be replayed; use GET or another idempotent method, or leave early_data (+0rtt) out"
	case quic:
		return p.againstQUIC()
	}
	return ""
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
func (p *Plan) againstQUIC() string {
	switch c := &p.Connection; {
	case c.UnixSocket != "":
		return "speaks HTTP/3, but that does not go over Unix sockets; leave connection.unix_socket out"
	case c.ProxyProtocol != 0:
		return "speaks HTTP/3, but that has no PROXY protocol header; leave connection.proxy_protocol out"
	case c.HappyEyeballs != 0:
		return "speaks HTTP/3, but happy eyeballs are for TCP connections; leave connection.happy_eyeballs out"
	case len(p.Session.TLS.ALPN) > 0:
		return "speaks HTTP/3, but that is offered by ALPN as h3 and nothing else; leave session.tls.alpn out"
	}
	return ""
}

// againstUnixSocket says what of an arm takes an address and a TCP connection.
func (p *Plan) againstUnixSocket(a *Arm) string {
	switch {
	case p.Connection.UnixSocket == "":
		return ""
	case a.Close == string(wire.CloseByReset):
		return "has close reset, but a Unix socket is not TCP and knows no reset; use close client, or leave connection.unix_socket out"
	case a.DNSLifetime != nil:
		return "has dns_lifetime, but no name is looked up for a Unix socket; leave it (+dns-TIME) or connection.unix_socket out"
	}
	return ""
}

// repeatable reports whether a request of the mix is by an idempotent method, so that it may be replayed.
func (p *Plan) repeatable() bool {
	return len(p.Mix) == 0 || slices.ContainsFunc(p.Mix, func(o Operation) bool { return wire.Idempotent(strings.ToUpper(cmp.Or(o.Method, "GET"))) })
}

// tlsName is a version as plans write it.
func tlsName(version uint16) string { return strings.TrimPrefix(tls.VersionName(version), "TLS ") }
