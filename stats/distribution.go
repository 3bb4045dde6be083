package stats

import (
	"math"
	"time"
)

// Merge returns the distribution of d's and other's values together. It is
// commutative and associative, up to rounding in SumSquares, and changes neither.
func (d Distribution) Merge(other Distribution) Distribution {
	switch {
	case other.Count == 0:
		return d
	case d.Count == 0:
		return other
	}
	return Distribution{
		Count:      d.Count + other.Count,
		Clamped:    d.Clamped + other.Clamped,
		Sum:        d.Sum + other.Sum,
		SumSquares: d.SumSquares + other.SumSquares,
		Min:        min(d.Min, other.Min),
		Max:        max(d.Max, other.Max),
		Buckets:    mergeBuckets(d.Buckets, other.Buckets),
	}
}

func mergeBuckets(a, b []Bucket) []Bucket {
	switch {
	case len(b) == 0:
		return a
	case len(a) == 0:
		return b
	}
	merged := make([]Bucket, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Value < b[0].Value:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].Value > b[0].Value:
			merged, b = append(merged, b[0]), b[1:]
		default:
			merged = append(merged, Bucket{Value: a[0].Value, Count: a[0].Count + b[0].Count})
			a, b = a[1:], b[1:]
		}
	}
	merged = append(merged, a...)
	return append(merged, b...)
}

// Quantile returns the smallest recorded value at or below which at least the
// share q of all values lie, for q in 0..1. The value is the middle of its bucket,
// so it is at most half a bucket off (256 ns, or 0.05 % of values above 1 ms); it
// never leaves Min..Max, which are exact, as are Quantile(0) and Quantile(1). An
// empty distribution returns 0.
//
// hdrhistogram's ValueAtQuantile differs in three ways: it takes percents,
// rounds the rank to the nearest where this rounds it up, and answers with the
// bucket's upper end.
func (d Distribution) Quantile(q float64) time.Duration {
	switch {
	case d.Count == 0:
		return 0
	case !(q > 0):
		return d.Min
	case q >= 1:
		return d.Max
	}
	rank := rankOf(q, d.Count)
	var below int64
	for _, b := range d.Buckets {
		below += b.Count
		if below >= rank {
			return min(max(b.Value, d.Min), d.Max)
		}
	}
	return d.Max
}

// rankOf returns which of count sorted values, counted from 1, is the q-quantile.
// A q such as 0.07 may be stored a little above its decimal value; taking the next
// smaller float keeps 0.07 of 100 values at rank 7, not 8.
func rankOf(q float64, count int64) int64 {
	rank := int64(math.Ceil(math.Nextafter(q, 0) * float64(count)))
	return min(max(rank, 1), count)
}

// Mean returns the exact arithmetic mean in seconds, 0 when empty.
func (d Distribution) Mean() float64 {
	if d.Count == 0 {
		return 0
	}
	return float64(d.Sum) / float64(time.Second) / float64(d.Count)
}

// Stddev returns the standard deviation of the values themselves (the population
// formula, as HdrHistogram has it) in seconds, 0 when empty. It is the difference of
// two sums, so where it is less than a hundred-millionth of the mean it is rounding;
// it is held to the most it can be, half the range (Popoviciu's inequality).
func (d Distribution) Stddev() float64 {
	if d.Count == 0 {
		return 0
	}
	mean := d.Mean()
	variance := max(0, d.SumSquares/float64(d.Count)-mean*mean)
	return min(math.Sqrt(variance), (d.Max-d.Min).Seconds()/2)
}
