package workload

import (
	"context"
	"fmt"
	"slices"

	"sessbench/workload/wire"
)

// A found is what was found out of the targets before the first trial: what the first connection to the plan's target tells, with the
// connections of all.
type found struct {
	wire.ProbeInfo
	here bool // one of the targets is on this machine
}

// probe looks whether the targets answer, once for each version of HTTP that their arms speak. The first arm's is the plan's.
func (r *Runner) probe(ctx context.Context) (found, error) {
	type probed struct {
		http   wire.Protocol
		target *setup
	}
	var all found
	var seen []probed
	for _, a := range r.arms {
		p := probed{a.policy.HTTP, a.setup}
		if slices.Contains(seen, p) {
			continue
		}
		proxy := p.target.request.Proxy()
		policy := wire.Policy{HTTP: p.http, TLS: a.policy.TLS}
		info, err := wire.ProbeAs(ctx, p.target.endpoint, proxy, policy, &p.target.wire)
		if err != nil {
			return all, fmt.Errorf("%s cannot be reached%s: %w; %s", maskURL(p.target.url), byProtocol(policy.HTTP), err, unreachableHint(err, proxy, policy.HTTP, &p.target.wire))
		}
		all.here = all.here || onThisHost(info.Address)
		if seen = append(seen, p); len(seen) == 1 {
			all.ProbeInfo = info
		} else {
			all.Counts.Add(info.Counts)
		}
	}
	return all, nil
}

// byProtocol names what is not everybody's version of HTTP.
func byProtocol(p wire.Protocol) string {
	switch p {
	case wire.HTTP2:
		return " by HTTP/2"
	case wire.H2C:
		return " by HTTP/2 without TLS"
	case wire.HTTP3:
		return " by HTTP/3"
	}
	return ""
}
