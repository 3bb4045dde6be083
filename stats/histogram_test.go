package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// durations returns n durations over the whole range of the histogram, with zeros
// and sub-microsecond values among them.
func durations(random *rand.Rand, n int) []time.Duration {
	values := make([]time.Duration, n)
	for i := range values {
		if random.IntN(10) == 0 {
			continue
		}
		values[i] = time.Duration(math.Exp(random.Float64() * math.Log(float64(time.Hour))))
	}
	return values
}

func frozen(values ...time.Duration) Distribution {
	h := histogram{digits: fineDigits}
	for _, v := range values {
		h.record(v)
	}
	return h.freeze()
}

func TestHistogramKeepsCountSumAndExtremesExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		values := durations(random, 1+random.IntN(200))
		d := frozen(values...)
		var sum time.Duration
		var squares float64
		for _, v := range values {
			sum += v
			squares += v.Seconds() * v.Seconds()
		}
		if d.Count != int64(len(values)) || d.Sum != sum || d.Min != slices.Min(values) || d.Max != slices.Max(values) {
			t.Fatalf("got %d values, sum %v, %v..%v; want %d, %v, %v..%v", d.Count, d.Sum, d.Min, d.Max,
				len(values), sum, slices.Min(values), slices.Max(values))
		}
		if math.Abs(d.SumSquares-squares) > 1e-12*squares {
			t.Fatalf("sum of squares %v, want %v", d.SumSquares, squares)
		}
		checkShape(t, d)
	}
}

// checkShape checks what holds for every distribution.
func checkShape(t *testing.T, d Distribution) {
	t.Helper()
	var total int64
	last := time.Duration(-1)
	for _, b := range d.Buckets {
		if b.Count <= 0 || b.Value <= last {
			t.Fatalf("bucket %v after %v", b, last)
		}
		last = b.Value
		total += b.Count
	}
	if total != d.Count {
		t.Fatalf("buckets hold %d values of %d", total, d.Count)
	}
	for q, previous := 0.0, d.Min; q <= 1; q += 1.0 / 64 {
		v := d.Quantile(q)
		if v < previous || v > d.Max {
			t.Fatalf("quantile %v is %v after %v, max %v", q, v, previous, d.Max)
		}
		previous = v
	}
}

func TestHistogramKeepsTheSpreadOfANarrowDistributionFarFromZero(t *testing.T) {
	h := histogram{digits: fineDigits}
	for i := range 200_000 {
		h.record(10*time.Second + time.Duration(i%2)*2*time.Microsecond)
	}
	if got := h.freeze().Stddev(); math.Abs(got-1e-6) > 1e-7 {
		t.Errorf("standard deviation %v s, want 1e-6", got)
	}
}

func TestHistogramMovesValuesBeyondItsRangeToItsEndAndCountsThem(t *testing.T) {
	d := frozen(2*time.Hour, -time.Second, time.Hour, 0, math.MaxInt64, math.MinInt64)
	if d.Count != 6 || d.Clamped != 4 {
		t.Errorf("count %d, clamped %d; want 6 and 4", d.Count, d.Clamped)
	}
	if d.Min != 0 || d.Max != time.Hour || d.Sum != 3*time.Hour {
		t.Errorf("%v..%v sum %v; want 0s..1h sum 3h", d.Min, d.Max, d.Sum)
	}
	checkShape(t, d)
}

func TestHistogramOfZerosAloneTakesNoMemory(t *testing.T) {
	h := histogram{digits: fineDigits}
	for range 3 {
		h.record(0)
	}
	if h.few != nil || h.counts != nil {
		t.Error("counts were allocated")
	}
	want := Distribution{Count: 3, Buckets: []Bucket{{0, 3}}}
	if got := h.freeze(); !equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func equal(a, b Distribution) bool {
	same := slices.Equal(a.Buckets, b.Buckets)
	a.Buckets, b.Buckets = nil, nil
	tolerance := 1e-12 * math.Max(a.SumSquares, b.SumSquares)
	same = same && math.Abs(a.SumSquares-b.SumSquares) <= tolerance
	a.SumSquares, b.SumSquares = 0, 0
	return same && a.Count == b.Count && a.Clamped == b.Clamped && a.Sum == b.Sum && a.Min == b.Min && a.Max == b.Max
}

func TestHistogramIsEmptyAfterResetAndFrozenOnesAreNotTouched(t *testing.T) {
	h := histogram{digits: fineDigits}
	h.record(time.Millisecond)
	h.record(2 * time.Hour)
	before := h.freeze()
	kept := frozen(time.Millisecond, 2*time.Hour)
	h.reset()
	if got := h.freeze(); got.Count != 0 || got.Sum != 0 || got.Max != 0 || got.Clamped != 0 || len(got.Buckets) != 0 {
		t.Errorf("after reset: %+v", got)
	}
	h.record(time.Second)
	if !equal(before, kept) {
		t.Errorf("frozen changed to %+v", before)
	}
	if got := h.freeze(); !equal(got, frozen(time.Second)) {
		t.Errorf("after reuse: %+v", got)
	}
}

// libraryBuckets is what the library's own walk through a histogram gives.
func libraryBuckets(counts *hdrhistogram.Histogram) []Bucket {
	var buckets []Bucket
	for _, bar := range counts.Distribution() {
		switch {
		case bar.Count == 0:
		case bar.From == 0:
			buckets = append(buckets, Bucket{0, bar.Count})
		default:
			buckets = append(buckets, Bucket{time.Duration(bar.From + (bar.To-bar.From+1)/2), bar.Count})
		}
	}
	return buckets
}

func TestBucketsAreThoseOfTheLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for _, digits := range []int{fineDigits, coarseDigits} {
		for _, n := range []int{0, 1, 2, 300, 5000} {
			counts := newCounts(digits)
			for _, d := range append([]time.Duration{0, 511, 512, 1<<20 - 1, 1 << 20, time.Hour}, durations(random, n)...)[:n] {
				if err := counts.RecordValues(int64(d), 1+random.Int64N(1000)); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := bucketsOf(counts), libraryBuckets(counts); !slices.Equal(got, want) {
				t.Errorf("%d digits, %d values: got %v\nwant %v", digits, n, got, want)
			}
		}
	}
}

func TestBucketWidthIsThatOfTheHistogram(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	for _, d := range append(durations(random, 500), 0, 511, 512, 1<<20-1, 1<<20, time.Hour) {
		counts := newCounts(fineDigits)
		if err := counts.RecordValue(int64(d)); err != nil {
			t.Fatal(err)
		}
		bars := counts.Distribution()
		last := bars[len(bars)-1]
		if want := time.Duration(last.To - last.From + 1); bucketWidth(d) != want {
			t.Errorf("width at %v is %v, want %v", d, bucketWidth(d), want)
		}
	}
}
