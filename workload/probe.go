package workload

import (
	"context"
	"fmt"
	"slices"

	"sessbench/workload/wire"
)

// probe looks whether the target answers, once for each version of HTTP that arms speak. What it found out is that of
// the first, with the connections of all.
func (r *Runner) probe(ctx context.Context) (wire.ProbeInfo, error) {
	var first wire.ProbeInfo
	var seen []wire.Protocol
	proxy := r.setup.request.Proxy()
	for _, a := range r.arms {
		if slices.Contains(seen, a.policy.HTTP) {
			continue
		}
		policy := wire.Policy{HTTP: a.policy.HTTP, TLS: a.policy.TLS}
		info, err := wire.ProbeAs(ctx, r.setup.endpoint, proxy, policy, &r.setup.wire)
		if err != nil {
			return info, fmt.Errorf("%s cannot be reached%s: %w; %s", maskURL(r.setup.url), byProtocol(policy.HTTP), err, unreachableHint(err, proxy, policy.HTTP))
		}
		if seen = append(seen, a.policy.HTTP); len(seen) == 1 {
			first = info
		} else {
			first.Counts.Add(info.Counts)
		}
	}
	return first, nil
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
