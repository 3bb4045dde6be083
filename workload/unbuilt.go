package workload

import "fmt"

// refuseUnbuilt names a part of the plan that a run does not carry out, as a *KeyError:
// what a run would leave out must not look as if it had been measured.
func (p *Plan) refuseUnbuilt() error {
	for _, a := range p.Session.Adapters {
		if a.PoolConnections != nil || a.PoolMaxsize != nil || a.PoolBlock {
			return &KeyError{"session.adapters", fmt.Sprintf("has a pool for %q, which in a run is for the arms to say; leave it out", a.Prefix)}
		}
	}
	return nil
}
