package workload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// validateArms looks at what arms say by themselves, whatever the plan around them. Of those that could not be read as a whole, which was
// told, it looks at name and policy only.
func validateArms(arms []Arm, unread map[int]bool) error {
	if len(arms) == 0 {
		return &KeyError{"arms", "is empty; name at least one of " + PolicyNames}
	}
	var problems []error
	seen := map[string]bool{}
	for i := range arms {
		a := &arms[i]
		if problem := a.wrongName(seen); problem != "" && !(unread[i] && !validArmName(a.Name)) { // it may be made of what was told
			problems = append(problems, &KeyError{armKey(i), problem})
		}
		seen[a.Name] = true
		policy, err := policyOf(a.Policy)
		if e, ok := errors.AsType[*KeyError](err); ok {
			problems = append(problems, &KeyError{armKey(i), e.Problem})
		}
		if unread[i] {
			continue
		}
		wrong, good := a.wrongValues()
		for _, w := range wrong {
			problems = append(problems, a.errorOf(i, "."+w.key, w.problem))
		}
		if err != nil { // what contradicts it is not known
			continue
		}
		for _, problem := range good.againstPolicy(&policy) {
			problems = append(problems, a.error(i, problem))
		}
	}
	return errors.Join(problems...)
}

// wrongName says what an arm cannot be called, beside those that were seen.
func (a *Arm) wrongName(seen map[string]bool) string {
	switch {
	case !validArmName(a.Name):
		return fmt.Sprintf("has the name %q; use letters, digits, - and _", a.Name)
	case a.Name == "gain":
		return `has the name "gain", which conditions use for the ratio between arms; choose another`
	case seen[a.Name]:
		return fmt.Sprintf("has %q twice; give one of them another name, as in a=%s,b=%s", a.Name, a.Policy, a.Policy)
	}
	return ""
}

// wronglyNamed reports whether it is not known what the arms are called, which was told.
func wronglyNamed(arms []Arm) bool {
	seen := map[string]bool{}
	for i := range arms {
		if arms[i].wrongName(seen) != "" {
			return true
		}
		seen[arms[i].Name] = true
	}
	return len(arms) == 0
}

func armKey(i int) string { return fmt.Sprintf("arms[%d]", i) }

func (a *Arm) error(i int, problem string) error { return a.errorOf(i, "", problem) }

// errorOf is error for what is behind the arm's key.
func (a *Arm) errorOf(i int, behind, problem string) error {
	return &KeyError{armKey(i) + behind, fmt.Sprintf("has %q, which %s", a.Name, problem)}
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

// A wrongValue is a key of an arm, and what is wrong with its value.
type wrongValue struct{ key, problem string }

// wrongValues says what no arm can have. good is the arm with something in its place that contradicts nothing else.
func (a *Arm) wrongValues() (wrong []wrongValue, good Arm) {
	good = *a
	add := func(key, format string, args ...any) {
		wrong = append(wrong, wrongValue{key, fmt.Sprintf(format, args...)})
	}
	for _, choice := range []struct {
		key     string
		value   *string
		of      []string
		instead string
	}{
		{"http", &good.HTTP, protocols, ""},
		{"pool", &good.Pool, []string{poolWorker, poolShared}, poolShared},
		{"pool_order", &good.PoolOrder, []string{string(wire.LIFO), string(wire.FIFO)}, ""},
		{"close", &good.Close, []string{string(wire.CloseByClient), string(wire.CloseByServer), string(wire.CloseByReset)}, ""},
		{"tls_min", &good.TLSMin, tlsVersions(), ""},
		{"tls_max", &good.TLSMax, tlsVersions(), ""},
	} {
		if *choice.value != "" && !slices.Contains(choice.of, *choice.value) {
			last := len(choice.of) - 1
			add(choice.key, "has %s %q; use %s or %s", choice.key, *choice.value, strings.Join(choice.of[:last], ", "), choice.of[last])
			*choice.value = choice.instead
		}
	}
	for _, count := range []struct {
		key string
		n   int
	}{{"requests_per_connection", a.RequestsPerConnection}, {"pool_size", a.PoolSize}, {"streams", a.Streams}} {
		if most := mostOf(count.key); count.n < 0 || count.n > most {
			add(count.key, "has %s %d; it must be from 1 to %d", count.key, count.n, most)
		}
	}
	for _, limit := range []struct {
		key string
		d   Duration
	}{{"idle_timeout", a.IdleTimeout}, {"max_age", a.MaxAge}, {"ticket_lifetime", a.TicketLifetime}} {
		if d := time.Duration(limit.d); d < 0 || d > longestTime {
			add(limit.key, "has %s %v; use a positive time up to %v", limit.key, d, longestTime)
		}
	}
	if life := a.DNSLifetime; life != nil && time.Duration(*life) > longestTime {
		add("dns_lifetime", "has dns_lifetime %v; use a time up to %v, or forever", life, longestTime)
	}
	good.Curves = nil
	for _, name := range a.Curves {
		if _, known := curveNamed(name); known {
			good.Curves = append(good.Curves, name)
		} else {
			add("curves", "has the curve %q; choose from %s", name, CurveNames())
		}
	}
	return wrong, good
}

// mostOf is the most that a count of an arm can be: a pool has no more connections than there are workers at most.
func mostOf(key string) int {
	if key == "pool_size" {
		return maxWorkers
	}
	return mostCount
}

// A faults is a list of what is wrong.
type faults []string

// when adds a problem where it is one.
func (f *faults) when(wrong bool, problem string) {
	if wrong {
		*f = append(*f, problem)
	}
}

// againstPolicy says what contradicts the built-in policy that the arm was made from, or another of its keys.
func (a *Arm) againstPolicy(p *wire.Policy) (all faults) {
	requests := p.RequestsPerConnection
	switch {
	case requests != 0 && a.RequestsPerConnection != 0:
		all.when(true, fmt.Sprintf("has requests_per_connection %d with the policy %s, which has %d; use the policy pooled", a.RequestsPerConnection, a.Policy, requests))
	case a.RequestsPerConnection != 0:
		requests = a.RequestsPerConnection
	}
	all.when(p.SharedPool && a.Pool == poolWorker, "has pool worker with the policy shared-pool; use the policy pooled")
	shared := p.SharedPool || a.Pool == poolShared
	ages := a.IdleTimeout > 0 || a.MaxAge > 0
	switch { // each lacks the same
	case shared:
	case a.PoolSize > 0:
		all.when(true, "has pool_size without a shared pool; a worker makes one request at a time and needs one connection, so use shared-pool or leave it out")
	case a.PoolOrder != "":
		all.when(true, "has pool_order without a shared pool; a worker's own has one connection, so use shared-pool or leave it out")
	case a.Streams > 1:
		all.when(true, "has streams without a shared pool; a worker makes one request at a time, so use shared-pool or leave it out")
	}
	all.when(a.PoolOverflow && a.PoolSize == 0, "has pool_overflow without pool_size; say beyond how many connections it overflows")
	all.when(ages && requests == 1, "has idle_timeout or max_age, but closes each connection after one request; leave it out, or use pooled")
	all.when(a.Close == string(wire.CloseByServer) && requests != 1, "has close server, but keeps connections, which that ends after one request; use fresh or fresh-resumed")
	all.when(a.Close == string(wire.CloseByReset) && a.NoCloseNotify, "has close reset and close_notify; a reset comes without the closing alert, so leave close_notify out")
	all.when(a.TicketLifetime > 0 && !p.ResumeTLS && !a.TLSResumption && !a.EarlyData, "has ticket_lifetime, but resumes no TLS session; use fresh-resumed, or add tls_resumption (+resume)")
	all.when(a.EarlyData && requests == 0 && !ages, "has early_data, but keeps its connections, so there is no handshake to send it in; use fresh-resumed or reuse-N")
	all.when(a.TLSMin != "" && a.TLSMax != "" && tlsVersion(a.TLSMin) > tlsVersion(a.TLSMax), fmt.Sprintf("has tls_min %s above tls_max %s; exchange them", a.TLSMin, a.TLSMax))
	return all
}
