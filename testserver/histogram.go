package testserver

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram counts durations in buckets whose width grows with the value: 32 in
// each power of two of nanoseconds, so a bucket is at most 1/32 of its value wide.
type histogram struct {
	buckets [(64 - subBits) << subBits]atomic.Int64
	sum     atomic.Int64
	max     atomic.Int64
}

const subBits = 5

// bucketOf returns the bucket of v nanoseconds. The first 64 buckets hold one
// nanosecond each.
func bucketOf(v uint64) int {
	shift := max(0, bits.Len64(v)-subBits-1)
	return shift<<subBits + int(v>>shift)
}

// bucketMax returns the largest value in a bucket.
func bucketMax(bucket int) uint64 {
	shift := max(0, bucket>>subBits-1)
	return (uint64(bucket-shift<<subBits)+1)<<shift - 1
}

func (h *histogram) record(d time.Duration) {
	d = max(d, 0)
	h.buckets[bucketOf(uint64(d))].Add(1)
	h.sum.Add(int64(d))
	for {
		old := h.max.Load()
		if int64(d) <= old || h.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

func (h *histogram) reset() {
	for i := range h.buckets {
		h.buckets[i].Store(0)
	}
	h.sum.Store(0)
	h.max.Store(0)
}

func (h *histogram) snapshot() ServiceTime {
	t := ServiceTime{Max: seconds(h.max.Load()), Buckets: []Bucket{}}
	for i := range h.buckets {
		if count := h.buckets[i].Load(); count > 0 {
			t.Buckets = append(t.Buckets, Bucket{seconds(int64(bucketMax(i))), count})
			t.Count += count
		}
	}
	if t.Count == 0 {
		return t
	}
	t.Mean = seconds(h.sum.Load()) / float64(t.Count)
	t.P50, t.P90, t.P99 = t.quantile(0.5), t.quantile(0.9), t.quantile(0.99)
	return t
}

// quantile returns the middle of the bucket that holds the value below which a share
// q of all values lie, but no more than the maximum.
func (t *ServiceTime) quantile(q float64) float64 {
	rank := int64(q*float64(t.Count-1)) + 1
	for _, b := range t.Buckets {
		if rank -= b.Count; rank <= 0 {
			return min(b.UpTo*(1-1.0/(4<<subBits)), t.Max)
		}
	}
	return t.Max
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }
