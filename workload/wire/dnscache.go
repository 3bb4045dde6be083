package wire

import "time"

// dnsNames is of how many names the addresses are kept.
const dnsNames = 1024

// A dnsCache keeps what names were resolved to, for one Client. Failures are not kept.
type dnsCache map[string]dnsEntry

type dnsEntry struct {
	hosts []string
	until time.Duration // on the Client's Clock; negative: for ever
}

// get returns the addresses of a name that are still good at now.
func (c dnsCache) get(name string, now time.Duration) (hosts []string, ok bool) {
	e, ok := c[name]
	return e.hosts, ok && (e.until < 0 || now < e.until)
}

// put keeps the addresses of a name for a lifetime that began now; negative: for ever.
func (c *dnsCache) put(name string, hosts []string, now, lifetime time.Duration) {
	switch {
	case *c == nil:
		*c = make(dnsCache)
	case len(*c) >= dnsNames: // far more than a mix has; which ones are dropped makes no difference
		clear(*c)
	}
	until := time.Duration(-1)
	if lifetime > 0 {
		until = now + lifetime
	}
	(*c)[name] = dnsEntry{hosts, until}
}

// lookup returns the addresses of a name, for a connection of s, and whether a resolver was asked for them. The
// error is a *fault.
func (o *opener) lookup(s *sock, host string) (hosts []string, asked bool, err error) {
	lifetime := o.policy.DNSLifetime
	if lifetime != 0 {
		if hosts, ok := o.names.get(host, o.clock.Now()); ok {
			return hosts, false, nil
		}
	}
	o.counts.Lookups++
	ctx, cancel := s.context()
	defer cancel()
	hosts, err = o.opts.lookup(ctx, host)
	if err != nil {
		return nil, true, s.expired(ctx, opResolve, host, lookupFault(host, err))
	}
	if len(hosts) > 0 && lifetime != 0 {
		o.names.put(host, hosts, o.clock.Now(), lifetime)
	}
	return hosts, true, nil
}
