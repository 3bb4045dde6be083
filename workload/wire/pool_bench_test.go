package wire

import "testing"

// BenchmarkPoolRoundTrip is what the pool itself costs for a request: a connection is got and put back.
func BenchmarkPoolRoundTrip(b *testing.B) {
	c := newClient(b, nil, Policy{})
	t := tripTo(b, c, cannedServer(b, canned))
	cn, err := c.acquire(t)
	if err != nil {
		b.Fatal(err)
	}
	c.pool.put(cn)
	b.ReportAllocs()
	for b.Loop() {
		_, err := c.pool.get(&c.waiter, c.watch, c.clock, &t.place, 0)
		if err != nil || c.waiter.grant.cn != cn {
			b.Fatal("another connection", err)
		}
		c.pool.put(cn)
	}
}
