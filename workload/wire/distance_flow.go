package wire

import (
	"math/bits"
	"time"
)

const (
	// farWindow is the largest congestion window of a direction without a bandwidth: half of the 6 MiB that
	// Linux, as it comes, allows a receiver to buffer (tcp_rmem), the other half being overhead.
	farWindow = 3 << 20

	// vastWindow bounds that of a direction with a bandwidth, and so the memory of a connection.
	vastWindow = 16 << 20

	// leastVariance is what Linux adds to the round-trip time, at the least, to get its retransmission timeout.
	leastVariance = 200 * time.Millisecond
)

// A flow is one direction of a distant connection: it says when which bytes leave their sender, by the
// rules of TCP's slow start at the precision of bytes. What has left is acknowledged a round trip later. Each
// acknowledged byte lets the window grow by one (RFC 5681, section 3.1, with neither delayed
// acknowledgements nor loss, so slow start never ends), up to twice what was in flight at most in
// the last round: a window that is not made use of does not grow (RFC 7661; Linux, tcp_is_cwnd_limited).
//
// After idling for longer than the retransmission timeout the window is halved for each such
// timeout, down to the initial one (RFC 2861; Linux with tcp_slow_start_after_idle, which is its default).
//
// A flow does not wait: acknowledgements are known beforehand, so what leaves when is too.
type flow struct {
	rtt   time.Duration
	rate  int64 // bits per second; 0: no limit
	first int64 // windows, in bytes
	most  int64

	window int64
	flight int64         // sent and not acknowledged
	acks   bursts        // of these, with when they are acknowledged
	last   time.Duration // when the last byte left

	sent, acked int64 // in all
	peak        int64 // most in flight in the round
	round       int64 // that ends when so many are acknowledged
}

// A burst is a number of bytes for which something happens at one instant.
type burst struct {
	at time.Duration
	n  int64
}

// newFlow returns the flow of a new connection, whose initial window is in segments.
func newFlow(rtt time.Duration, rate int64, window int) flow {
	f := flow{rtt: rtt, rate: rate, first: int64(window) * segmentBytes, most: farWindow}
	if rate > 0 {
		// Twice what fills the path, that the bandwidth is made full use of.
		f.most = min(2*(bytesIn(rtt, rate)+segmentBytes), vastWindow)
	}
	f.most = max(f.most, f.first)
	f.window = f.first
	return f
}

// bytesIn returns how much a rate of bits per second comes to in d.
func bytesIn(d time.Duration, rate int64) int64 {
	hi, lo := bits.Mul64(uint64(d), uint64(rate))
	const perByte = 8 * uint64(time.Second)
	if hi >= perByte {
		return vastWindow
	}
	n, _ := bits.Div64(hi, lo, perByte)
	return int64(min(n, vastWindow))
}

// timeFor returns how long n bytes take, rounded up. n is at most a segment.
func (f *flow) timeFor(n int64) time.Duration {
	if f.rate == 0 {
		return 0
	}
	return time.Duration((n*8*int64(time.Second) + f.rate - 1) / f.rate)
}

// send takes some of n bytes that the sender has had since now, and returns how many leave
// together, and when the last of them has left. Calls go on from each other: what is taken later leaves later.
func (f *flow) send(now time.Duration, n int64) (took int64, at time.Duration) {
	start := max(now, f.last)
	f.settle(start)
	f.decay(start)
	if f.flight >= f.window {
		start = f.acks.front().at
		f.settle(start)
	}
	took = min(n, f.window-f.flight)
	if f.rate > 0 {
		took = min(took, segmentBytes)
	}
	at = start + f.timeFor(took)
	f.last = at
	f.flight += took
	f.sent += took
	if f.acked >= f.round || f.flight > f.peak {
		f.peak, f.round = f.flight, f.sent
	}
	f.acks.add(burst{at + f.rtt, took})
	return took, at
}

// settle enters the acknowledgements that have come by an instant.
func (f *flow) settle(now time.Duration) {
	for !f.acks.empty() && f.acks.front().at <= now {
		n := f.acks.pop().n
		f.flight -= n
		f.acked += n
		f.window = min(f.window+n, max(f.window, 2*f.peak), f.most)
	}
}

// decay takes back the window of a flow that has been idle. What it sent last is acknowledged by then.
func (f *flow) decay(now time.Duration) {
	timeout := f.rtt + leastVariance
	for idle := now - f.last; idle > timeout && f.window > f.first; idle -= timeout {
		f.window = max(f.window/2, f.first)
	}
}

// bursts is a queue. The zero value is empty.
type bursts struct {
	items []burst
	head  int // what is before it was taken out
}

func (q *bursts) empty() bool   { return q.head == len(q.items) }
func (q *bursts) front() *burst { return &q.items[q.head] }

// add appends b, whose instant is not before the last one's.
func (q *bursts) add(b burst) {
	if last := len(q.items) - 1; last >= q.head && q.items[last].at == b.at {
		q.items[last].n += b.n
		return
	}
	if q.head > len(q.items)/2 {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.items = append(q.items, b)
}

func (q *bursts) pop() burst {
	b := q.items[q.head]
	q.head++
	return b
}
