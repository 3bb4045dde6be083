package session

import (
	"sessbench/workload/wire"
)

const (
	// DefaultPoolConnections is how many hosts' connections an adapter keeps.
	DefaultPoolConnections = 10
	// DefaultPoolMaxSize is how many connections to one host an adapter keeps.
	DefaultPoolMaxSize = 10
)

// AdapterOptions are what requests.adapters.HTTPAdapter is made with. The zero value is what
// a session has by default.
type AdapterOptions struct {
	// PoolConnections is to how many hosts (scheme, host, port and TLS settings together) idle
	// connections are kept; those of the host used longest ago are closed first.
	// 0: DefaultPoolConnections. Negative: nothing is kept, which is requests' 0.
	PoolConnections int
	// PoolMaxSize is how many idle connections are kept to one host. 0: DefaultPoolMaxSize.
	// Negative: any number, which is requests' 0.
	PoolMaxSize int
	// PoolBlock: at most PoolMaxSize connections to one host are open at a time, and a call waits
	// for one; else there are as many as are needed. A session makes one call at a
	// time, but streamed responses hold connections until they are read or closed.
	PoolBlock bool
	// Clock is what instants are on: the Clock of the session whose calls are measured. The
	// zero value: one that begins when the adapter is made. Durations are right on any.
	Clock wire.Clock
	// Retries say what is tried again; nil: nothing.
	Retries *Retry
	// Policy says which version of HTTP is spoken, and what else a connection is like. Reuse is the pool's affair, and
	// sending again that of Retries: RequestsPerConnection, SharedPool and Resend mean nothing.
	Policy wire.Policy
	// Wire says how connections are opened and read. What a session, or a request, says of TLS,
	// time limits and proxies counts before it.
	Wire wire.Options
}

// NewAdapter returns an adapter whose transport is a *wire.Client with a pool of its own, for
// one session. Its connections are opened when they are needed, and closed by Session.Close.
func NewAdapter(opts AdapterOptions) Adapter {
	return Adapter{Transport: newWireTransport(opts), Retries: opts.Retries}
}

// newWireTransport returns a client that never sends a request twice of its own accord: that is for
// Retries to say.
func newWireTransport(opts AdapterOptions) Transport {
	pool := wire.PoolOptions{
		Hosts:   orDefault(opts.PoolConnections, DefaultPoolConnections),
		PerHost: max(orDefault(opts.PoolMaxSize, DefaultPoolMaxSize), 0),
		Block:   opts.PoolBlock,
	}
	if opts.Clock == (wire.Clock{}) {
		opts.Clock = wire.NewClock()
	}
	policy := opts.Policy
	policy.RequestsPerConnection, policy.SharedPool, policy.Resend = 0, false, false
	return wire.NewClient(opts.Clock, &opts.Wire, policy, wire.NewPool(pool))
}

func orDefault(given, standard int) int {
	if given == 0 {
		return standard
	}
	return given
}
