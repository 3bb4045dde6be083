package testserver

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEveryValueIsInItsBucket(t *testing.T) {
	values := []uint64{0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 1e6, 1e9, 1e12, math.MaxInt64}
	for range 10_000 {
		values = append(values, rand.Uint64()>>(1+rand.UintN(63)))
	}
	for _, v := range values {
		b := bucketOf(v)
		if v > bucketMax(b) || b > 0 && v <= bucketMax(b-1) {
			t.Fatalf("%d is in bucket %d, from above %d to %d", v, b, bucketMax(b-1), bucketMax(b))
		}
	}
	var h histogram
	if last := bucketOf(math.MaxInt64); last != len(h.buckets)-1 {
		t.Errorf("the longest duration is in bucket %d of %d", last, len(h.buckets))
	}
}

func TestQuantilesAreWithinTwoPercent(t *testing.T) {
	var h histogram
	var all []float64
	var sum float64
	for range 20_000 {
		d := time.Duration(math.Exp(rand.NormFloat64()*1.5+13)) + time.Nanosecond
		h.record(d)
		all = append(all, d.Seconds())
		sum += d.Seconds()
	}
	slices.Sort(all)
	got := h.snapshot()
	for q, value := range map[float64]float64{0.5: got.P50, 0.9: got.P90, 0.99: got.P99} {
		if want := all[int(q*float64(len(all)-1))]; math.Abs(value/want-1) > 0.02 {
			t.Errorf("quantile %v is %v, want %v", q, value, want)
		}
	}
	if got.Max != all[len(all)-1] || math.Abs(got.Mean/(sum/20_000)-1) > 1e-9 || got.Count != 20_000 {
		t.Errorf("max %v, mean %v, count %d", got.Max, got.Mean, got.Count)
	}
}

func TestOneValueIsEveryQuantile(t *testing.T) {
	var h histogram
	h.record(-time.Second) // a clock that went back
	if got := h.snapshot(); got.P50 != 0 || got.Max != 0 || got.Count != 1 {
		t.Errorf("%+v", got)
	}
}
