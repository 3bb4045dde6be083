package planfile

import (
	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

func (v value) arms() []workload.Arm {
	arms := []workload.Arm{}
	v.each(func(v value) {
		if v.node.Kind == yaml.ScalarNode {
			before := len(v.problems)
			list, err := workload.ParseArms(v.word())
			if err != nil { // one stands in for it, so that the others keep their numbers
				if len(v.problems) == before {
					v.keyErrors(err)
				}
				list = []workload.Arm{{Name: "unread-" + itoa(len(arms)), Policy: "pooled"}}
			}
			arms = append(arms, list...)
			return
		}
		arms = append(arms, v.arm(len(arms)))
	})
	return arms
}

// arm reads an arm that is a mapping, the one with a number. It is a pooled one where it does not say.
func (v value) arm(number int) workload.Arm {
	var a workload.Arm
	before := len(v.problems)
	v.keys("arm", []key{
		{"name", func(v value) { a.Name = orElse(v, "unread-"+itoa(number), value.word) }},
		{"policy", func(v value) { a.Policy = v.word() }},
		{"target", func(v value) { a.Target = v.url() }},
		{"http", func(v value) { a.HTTP = v.word() }},
		{"requests_per_connection", func(v value) { a.RequestsPerConnection = v.atLeastOne() }},
		{"pool", func(v value) { a.Pool = v.word() }},
		{"pool_size", func(v value) { a.PoolSize = v.atLeastOne() }},
		{"pool_overflow", func(v value) { a.PoolOverflow = v.bool() }},
		{"pool_order", func(v value) { a.PoolOrder = v.word() }},
		{"idle_timeout", func(v value) { a.IdleTimeout = v.longerThanZero() }},
		{"max_age", func(v value) { a.MaxAge = v.longerThanZero() }},
		{"streams", func(v value) { a.Streams = v.atLeastOne() }},
		{"close", func(v value) { a.Close = v.word() }},
		{"close_notify", func(v value) { a.NoCloseNotify = !v.bool() }},
		{"tls_resumption", func(v value) { v.resumption(&a) }},
		{"ticket_lifetime", func(v value) { a.TicketLifetime = v.longerThanZero() }},
		{"early_data", func(v value) { a.EarlyData = v.bool() }},
		{"tls_min", func(v value) { a.TLSMin = v.word() }},
		{"tls_max", func(v value) { a.TLSMax = v.word() }},
		{"curves", func(v value) { a.Curves = v.words() }},
		{"dns_lifetime", func(v value) { a.DNSLifetime = v.lifetime() }},
		{"resend", func(v value) { a.NoResend = !v.bool() }},
	})
	if a.Policy == "" {
		if len(v.problems) == before && a.Plain() {
			v.fail("has no policy and nothing else but a name; choose from %s", workload.PolicyNames)
		}
		a.Policy = "pooled"
	}
	if a.Name == "" {
		a.Name = a.DefaultName()
	}
	return a
}

// resumption reads whether TLS sessions are resumed. A policy that does so is not told otherwise.
func (v value) resumption(a *workload.Arm) {
	if a.TLSResumption = v.bool(); !a.TLSResumption && a.Policy == "fresh-resumed" {
		v.fail("is false with the policy fresh-resumed; use the policy fresh")
	}
}

// atLeastOne reads a count; that there is none is said by leaving the key out.
func (v value) atLeastOne() int {
	before := len(v.problems)
	n := v.int()
	if n < 1 && len(v.problems) == before {
		v.fail("is %d; it must be at least 1, or left out", n)
		return 0
	}
	return n
}

// longerThanZero reads a time; that there is none is said by leaving the key out.
func (v value) longerThanZero() workload.Duration {
	before := len(v.problems)
	d := v.duration()
	if d <= 0 && len(v.problems) == before {
		v.fail("is %v; it must be longer than 0, or left out", d)
		return 0
	}
	return workload.Duration(d)
}

// lifetime reads a time or "forever".
func (v value) lifetime() *workload.Lifetime {
	var life workload.Lifetime
	text, ok := v.scalar("!!str", "!!int", "!!float")
	if !ok || life.UnmarshalText([]byte(text)) != nil {
		v.fail("is neither a time nor forever; write a number with its unit, such as 60s, 0 for none, or forever")
		life = 0
	}
	return &life
}
