package wire

import (
	"math/rand/v2"
	"sync/atomic"
)

// Turns is what the Clients that share it take in turn, together: local ports (Linux), so that each is used
// again as late as possible and connecting need not search for a free one; and where each Client begins
// with the addresses that it uses in turn itself, the servers' (InTurn) and its own
// (SocketOptions.Source), so that many Clients with few connections each spread evenly too. It is safe for
// concurrent use.
type Turns struct {
	clients atomic.Uint32
	ports   atomic.Uint32
}

// NewTurns returns Turns that begin with any port, for those that an earlier run used last may still be in
// TIME_WAIT.
func NewTurns() *Turns {
	t := new(Turns)
	t.ports.Store(rand.Uint32())
	return t
}

// begin returns where a Client begins; without Turns at random.
func (t *Turns) begin() uint32 {
	if t == nil {
		return rand.Uint32()
	}
	return t.clients.Add(1) - 1
}

// A queue puts a name's addresses into the order in which a connection tries them.
type queue struct {
	start  uint32              // the Client's
	turns  map[Endpoint]uint32 // how many connections went to each, with InTurn
	sorted []address           // the last order made
}

// order returns the addresses of r in that order. They are valid until the next call.
func (q *queue) order(r *route, opts *Options) []address {
	n := len(r.addresses)
	if n < 2 {
		return r.addresses
	}
	first := 0
	switch opts.Addresses {
	case InTurn:
		if q.turns == nil {
			q.turns = make(map[Endpoint]uint32)
		}
		first = int((q.start + q.turns[r.endpoint]) % uint32(n))
		q.turns[r.endpoint]++
	case Random:
		first = rand.IntN(n)
	default:
		if opts.HappyEyeballs <= 0 {
			return r.addresses
		}
	}
	q.sorted = append(append(q.sorted[:0], r.addresses[first:]...), r.addresses[:first]...)
	if opts.HappyEyeballs > 0 {
		interleave(q.sorted)
	}
	return q.sorted
}

// interleave makes the families of addresses alternate, beginning with that of the first, as far as
// there are some of both (RFC 8305, section 4). Within a family the order stays.
func interleave(all []address) {
	wantFour := all[0].ip.Addr().Is4()
	for i := range all {
		for j := i; j < len(all); j++ {
			if a := all[j]; a.ip.Addr().Is4() == wantFour {
				copy(all[i+1:j+1], all[i:j])
				all[i] = a
				break
			}
		}
		wantFour = !all[i].ip.Addr().Is4()
	}
}
