package workload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// An Arm is one connection policy under test: a built-in one, and what is said over it. What is zero or nil was
// not said.
type Arm struct {
	Name   string // how results call it
	Policy string // built-in policy it was made from

	Target                string   // base URL of its own, of the same scheme as the plan's; "": the plan's
	HTTP                  string   // "1.1", "2", "h2c" or "3"; "": the plan's
	RequestsPerConnection int      // after which a connection is closed
	Pool                  string   // "worker" or "shared"; "": the policy's
	PoolSize              int      // connections in a shared pool
	PoolOverflow          bool     // beyond PoolSize more are opened, and closed when they are returned
	PoolOrder             string   // "lifo" or "fifo"; "": lifo
	IdleTimeout           Duration // longest time that a connection may have been idle to be used again
	MaxAge                Duration // longest time since it was opened
	Streams               int      // exchanges at a time on a connection of HTTP/2 or 3
	Close                 string   // who closes: "client", "server" or "reset"; "": client
	NoCloseNotify         bool     // TLS connections are closed without the closing alert
	TLSResumption         bool     // TLS sessions are resumed
	TicketLifetime        Duration // for how long they are offered
	EarlyData             bool     // requests go in 0-RTT, which makes sessions be resumed
	TLSMin, TLSMax        string   // "1.0" to "1.3"; "": the session's
	Curves                []string // as CurveNames lists them, whatever their order; nil: the session's
	DNSLifetime           *Lifetime
	// NoResend: a request that died on a reused connection has failed, where the
	// policy would send it again.
	NoResend bool
}

// MarshalJSON writes the policy's name alone where there is nothing else to say.
func (a Arm) MarshalJSON() ([]byte, error) {
	said := a.said()
	if a.Name == a.Policy && len(said) == 0 {
		return json.Marshal(a.Name)
	}
	return append(orderedObject{{"name", a.Name}, {"policy", a.Policy}}, said...).MarshalJSON()
}

// Plain reports whether the arm says nothing beside its name and policy.
func (a *Arm) Plain() bool { return len(a.said()) == 0 }

// said is what the plan file has of the arm beside its name and policy.
func (a *Arm) said() orderedObject {
	var object orderedObject
	for _, m := range []struct {
		said bool
		member
	}{
		{a.Target != "", member{"target", a.Target}},
		{a.HTTP != "", member{"http", a.HTTP}},
		{a.RequestsPerConnection != 0, member{"requests_per_connection", a.RequestsPerConnection}},
		{a.Pool != "", member{"pool", a.Pool}},
		{a.PoolSize != 0, member{"pool_size", a.PoolSize}},
		{a.PoolOverflow, member{"pool_overflow", true}},
		{a.PoolOrder != "", member{"pool_order", a.PoolOrder}},
		{a.IdleTimeout != 0, member{"idle_timeout", a.IdleTimeout}},
		{a.MaxAge != 0, member{"max_age", a.MaxAge}},
		{a.Streams != 0, member{"streams", a.Streams}},
		{a.Close != "", member{"close", a.Close}},
		{a.NoCloseNotify, member{"close_notify", false}},
		{a.TLSResumption, member{"tls_resumption", true}},
		{a.TicketLifetime != 0, member{"ticket_lifetime", a.TicketLifetime}},
		{a.EarlyData, member{"early_data", true}},
		{a.TLSMin != "", member{"tls_min", a.TLSMin}},
		{a.TLSMax != "", member{"tls_max", a.TLSMax}},
		{len(a.Curves) > 0, member{"curves", a.Curves}},
		{a.DNSLifetime != nil, member{"dns_lifetime", a.DNSLifetime}},
		{a.NoResend, member{"resend", false}},
	} {
		if m.said {
			object = append(object, m.member)
		}
	}
	return object
}

// policyFor returns what an arm does with connections under the plan's own settings.
func (p *Plan) policyFor(a *Arm) (wire.Policy, error) {
	policy, err := policyOf(a.Policy)
	if err != nil {
		return policy, err
	}
	if policy.HTTP = wire.Protocol(p.HTTP); a.HTTP != "" {
		policy.HTTP = wire.Protocol(a.HTTP)
	}
	if policy.HTTP == "" {
		policy.HTTP = wire.HTTP1
	}
	if a.RequestsPerConnection != 0 {
		policy.RequestsPerConnection = a.RequestsPerConnection
	}
	policy.SharedPool = policy.SharedPool || a.Pool == poolShared
	policy.ResumeTLS = policy.ResumeTLS || a.TLSResumption || a.EarlyData
	policy.TicketLifetime = time.Duration(a.TicketLifetime)
	policy.EarlyData = a.EarlyData
	policy.Resend = policy.Resend && !a.NoResend
	if policy.Close = wire.Closing(a.Close); a.Close == "" {
		policy.Close = wire.CloseByClient
	}
	policy.NoCloseNotify = a.NoCloseNotify
	policy.TLS = wire.TLSPolicy{MinVersion: tlsVersion(a.TLSMin), MaxVersion: tlsVersion(a.TLSMax), Curves: curveIDs(a.Curves)}
	policy.DNSLifetime = p.Connection.DNSLifetime.wire()
	if a.DNSLifetime != nil {
		policy.DNSLifetime = a.DNSLifetime.wire()
	}
	return policy, nil
}

// What Arm.Pool can be.
const (
	poolWorker = "worker"
	poolShared = "shared"
)

// sharedStreams is how many exchanges a connection of a shared pool carries at a time unless the arm says: what
// most servers allow.
const sharedStreams = 100

// ownPlaces is for how many servers a worker keeps a connection.
const ownPlaces = 16

// poolFor returns the pool that an arm's connections come from: the one that is shared, or each worker's own.
func (a *Arm) poolFor(p *wire.Policy, workers int) wire.PoolOptions {
	options := wire.PoolOptions{
		Streams:     1,
		Order:       wire.Order(a.PoolOrder),
		IdleTimeout: time.Duration(a.IdleTimeout),
		MaxAge:      time.Duration(a.MaxAge),
	}
	if options.Order == "" {
		options.Order = wire.LIFO
	}
	if !p.SharedPool {
		options.PerHost, options.Hosts = 1, ownPlaces
		return options
	}
	if p.HTTP.Multiplexed() {
		options.Streams = sharedStreams
	}
	if a.Streams > 0 {
		options.Streams = a.Streams
	}
	size := a.PoolSize
	if size == 0 {
		each := options.Streams // workers that a connection serves at a time
		if p.RequestsPerConnection > 0 {
			each = min(each, p.RequestsPerConnection)
		}
		size = (workers + each - 1) / each
	}
	if a.PoolOverflow {
		options.PerHost = size
	} else {
		options.Max = size
	}
	return options
}

// Speaks reports whether a version of HTTP, such as "2", is that of the plan or of one of its arms.
func (p *Plan) Speaks(http string) bool {
	return p.HTTP == http || slices.ContainsFunc(p.Arms, func(a Arm) bool { return a.HTTP == http })
}

// Connections is how many connections the arm has open at most, with this many workers, as long as all go to
// one server.
func (p *Plan) Connections(a *Arm, workers int) (int, error) {
	policy, err := p.policyFor(a)
	if err != nil {
		return 0, err
	}
	if pool := a.poolFor(&policy, workers); pool.Max > 0 {
		return min(pool.Max, workers), nil // one is opened where none is idle, and a worker makes one request at a time
	}
	return workers, nil
}

// Files is how many files the arm's connections are at most, with this many workers: one each, and one more where a
// path is emulated over TCP on a system that has precise timers.
func (p *Plan) Files(a *Arm, workers int) (int, error) {
	connections, err := p.Connections(a, workers)
	if err != nil {
		return 0, err
	}
	policy, err := p.policyFor(a)
	if policy.HTTP == wire.HTTP3 {
		return connections, err
	}
	return connections * p.Emulate.distance().Files(), err
}

// PolicyNames lists the built-in policies for messages.
const PolicyNames = "pooled, fresh, fresh-resumed, reuse-N (N requests on each connection), shared-pool"

// DefaultArms are those of a comparison that names none. Over TLS the cost of a full
// handshake is told from that of a new connection.
func DefaultArms(secure bool) []Arm {
	names := []string{"pooled", "fresh"}
	if secure {
		names = []string{"pooled", "fresh-resumed", "fresh"}
	}
	var arms []Arm
	for _, name := range names {
		arms = append(arms, Arm{Name: name, Policy: name})
	}
	return arms
}

// policyOf returns what a built-in policy's name stands for.
func policyOf(name string) (wire.Policy, error) {
	pooled := wire.Policy{Resend: true}
	switch name {
	case "pooled":
		return pooled, nil
	case "shared-pool":
		pooled.SharedPool = true
		return pooled, nil
	case "fresh":
		return wire.Policy{RequestsPerConnection: 1, Resend: true}, nil
	case "fresh-resumed":
		return wire.Policy{RequestsPerConnection: 1, ResumeTLS: true, Resend: true}, nil
	}
	if count, ok := strings.CutPrefix(name, "reuse-"); ok {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 || n > mostCount {
			return wire.Policy{}, &KeyError{"arms", fmt.Sprintf("has the policy %q; write a whole number from 1 to %d, as in reuse-10", name, mostCount)}
		}
		pooled.RequestsPerConnection = n
		return pooled, nil
	}
	return wire.Policy{}, &KeyError{"arms", fmt.Sprintf("has the unknown policy %q; choose from %s", name, PolicyNames)}
}
