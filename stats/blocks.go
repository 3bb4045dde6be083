package stats

import (
	"slices"
	"sort"
	"time"
)

// blocks are one arm's trials, one for each block, laid out so that any
// combination of them can be measured fast. A combination is a slice of weights:
// how often each block is in it. All ones is the arm as it was measured; the
// bootstrap draws others.
type blocks struct {
	requests, errors, seconds []float64

	// Response times of successful calls.
	count    []int64
	sum      []float64 // seconds
	min, max []time.Duration
	values   []time.Duration // every bucket that any block has, ascending
	below    []int64         // below[v*blocks+b]: calls of block b with a time of at most values[v]

	total Tally // of all blocks together
	paced bool  // the load model, not the server, set the rate
}

// usable returns the trials that have a successful call, or any call in a time that
// is not zero.
func usable(trials []Trial, ofResponses bool) []Trial {
	var kept []Trial
	for _, trial := range trials {
		var requests, responses int64
		for _, t := range trial.Operations {
			requests += t.Requests
			responses += t.Response.Count
		}
		if ofResponses && responses > 0 || !ofResponses && requests > 0 && trial.Elapsed > 0 {
			kept = append(kept, trial)
		}
	}
	return kept
}

func newBlocks(trials []Trial) *blocks {
	b := &blocks{}
	totals := make([]Tally, len(trials))
	for i, trial := range trials {
		total := trial.Total()
		totals[i] = total
		b.paced = b.paced || trial.Offered > 0 && trial.Window > 0
		b.requests = append(b.requests, float64(total.Requests))
		b.errors = append(b.errors, float64(total.Errors))
		b.seconds = append(b.seconds, trial.Elapsed.Seconds())
		b.count = append(b.count, total.Response.Count)
		b.sum = append(b.sum, float64(total.Response.Sum)/float64(time.Second))
		b.min = append(b.min, total.Response.Min)
		b.max = append(b.max, total.Response.Max)
	}
	b.total = MergeTallies(totals...)
	b.accumulate(totals)
	return b
}

// accumulate fills values and below.
func (b *blocks) accumulate(totals []Tally) {
	for _, t := range totals {
		for _, bucket := range t.Response.Buckets {
			b.values = append(b.values, bucket.Value)
		}
	}
	slices.Sort(b.values)
	b.values = slices.Compact(b.values)
	n := len(totals)
	b.below = make([]int64, n*len(b.values))
	for i, t := range totals {
		var sum int64
		rest := t.Response.Buckets
		for v, value := range b.values {
			if len(rest) > 0 && rest[0].Value == value {
				sum += rest[0].Count
				rest = rest[1:]
			}
			b.below[v*n+i] = sum
		}
	}
}

func (b *blocks) len() int { return len(b.count) }

// all returns the weights of the arm as it was measured, alone those of one block.
func (b *blocks) all() []int64 {
	return slices.Repeat([]int64{1}, b.len())
}

func (b *blocks) alone(block int) []int64 {
	weights := make([]int64, b.len())
	weights[block] = 1
	return weights
}

// each returns the metric of every block on its own.
func (b *blocks) each(m Metric) []float64 {
	values := make([]float64, b.len())
	for i := range values {
		values[i] = m.measure(b, b.alone(i))
	}
	return values
}

// quantile returns what Distribution.Quantile, for 0 < q < 1, returns for the merged
// blocks: by binary search, because the bootstrap asks for it thousands of times.
func (b *blocks) quantile(q float64, weights []int64) time.Duration {
	n := len(weights)
	var count int64
	var low, high time.Duration
	for i, w := range weights {
		if w == 0 || b.count[i] == 0 {
			continue
		}
		if count == 0 {
			low, high = b.min[i], b.max[i]
		}
		low, high = min(low, b.min[i]), max(high, b.max[i])
		count += w * b.count[i]
	}
	if count == 0 {
		return 0
	}
	rank := rankOf(q, count)
	at := sort.Search(len(b.values), func(v int) bool {
		var below int64
		row := b.below[v*n : v*n+n]
		for i, w := range weights {
			below += w * row[i]
		}
		return below >= rank
	})
	if at == len(b.values) {
		return high
	}
	return min(max(b.values[at], low), high)
}

// mean returns the mean response time in seconds, 0 when there is none.
func (b *blocks) mean(weights []int64) float64 {
	var count int64
	for i, w := range weights {
		count += w * b.count[i]
	}
	return quotient(weighted(b.sum, weights), float64(count))
}

func weighted(values []float64, weights []int64) float64 {
	var sum float64
	for i, w := range weights {
		sum += float64(w) * values[i]
	}
	return sum
}

// quotient is a/b, and 0 where there is nothing to divide by.
func quotient(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
