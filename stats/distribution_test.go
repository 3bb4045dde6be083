package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestQuantileIsTheSmallestValueWithThatShareAtOrBelow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	for range 100 {
		values := durations(random, 1+random.IntN(300))
		d := frozen(values...)
		slices.Sort(values)
		for _, q := range []float64{0.001, 0.07, 0.25, 0.5, 0.9, 0.99, 0.999} {
			i := slices.IndexFunc(values, func(v time.Duration) bool {
				atOrBelow, _ := slices.BinarySearch(values, v+1)
				return float64(atOrBelow) >= q*float64(len(values))*(1-1e-12)
			})
			want := values[i]
			if got := d.Quantile(q); (got - want).Abs() > bucketWidth(want) {
				t.Errorf("quantile %v of %d values: %v, want %v", q, len(values), got, want)
			}
		}
	}
}

func TestQuantileEndsAreExactAndOddSharesAreTakenForThem(t *testing.T) {
	d := frozen(1234567, 7654321)
	for q, want := range map[float64]time.Duration{0: 1234567, -1: 1234567, 1: 7654321, 2: 7654321, math.Inf(1): 7654321} {
		if got := d.Quantile(q); got != want {
			t.Errorf("quantile %v: %d, want %d", q, got, want)
		}
	}
	if got := d.Quantile(math.NaN()); got != d.Min {
		t.Errorf("quantile NaN: %v", got)
	}
	if got := (Distribution{}).Quantile(0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestQuantileRankIsNotRaisedByRounding(t *testing.T) {
	for _, c := range []struct {
		q     float64
		count int64
		want  int64
	}{{0.07, 100, 7}, {0.99, 100, 99}, {0.999, 1000, 999}, {0.5, 3, 2}, {0.99, 60, 60}, {1e-9, 5, 1}, {0.29, 100, 29}} {
		if got := rankOf(c.q, c.count); got != c.want {
			t.Errorf("rank of %v in %d: %d, want %d", c.q, c.count, got, c.want)
		}
	}
}

func TestQuantileOfMostlyReusedConnectionsIsZero(t *testing.T) {
	if got := frozen(0, 0, 300, 0, 900_000).Quantile(0.5); got != 0 {
		t.Errorf("median %v, want 0", got)
	}
}

func TestMergeIsWhatRecordingTogetherGives(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for range 25 {
		a, b := durations(random, random.IntN(100)), durations(random, random.IntN(100))
		if got, want := frozen(a...).Merge(frozen(b...)), frozen(slices.Concat(a, b)...); !equal(got, want) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestMergeIsCommutativeAndAssociativeAndLeavesItsOperandsAlone(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	for range 25 {
		a := frozen(durations(random, random.IntN(60))...)
		b := frozen(durations(random, random.IntN(60))...)
		c := frozen(append(durations(random, random.IntN(60)), 2*time.Hour)...)
		before := slices.Clone(a.Buckets)
		if !equal(a.Merge(b), b.Merge(a)) {
			t.Fatal("not commutative")
		}
		if !equal(a.Merge(b).Merge(c), a.Merge(b.Merge(c))) {
			t.Fatal("not associative")
		}
		if !slices.Equal(a.Buckets, before) {
			t.Fatal("operand changed")
		}
		checkShape(t, a.Merge(b).Merge(c))
	}
}

func TestMeanAndStddevOfKnownValues(t *testing.T) {
	d := frozen(2*time.Second, 4*time.Second, 4*time.Second, 4*time.Second, 5*time.Second, 5*time.Second, 7*time.Second, 9*time.Second)
	if d.Mean() != 5 || math.Abs(d.Stddev()-2) > 1e-12 {
		t.Errorf("mean %v, standard deviation %v; want 5 and 2", d.Mean(), d.Stddev())
	}
	if empty := (Distribution{}); empty.Mean() != 0 || empty.Stddev() != 0 {
		t.Error("nothing has a mean")
	}
}

func TestStddevIsNeverMoreThanHalfTheRange(t *testing.T) {
	for n := range 20 {
		d := frozen(time.Hour-1, time.Hour-time.Duration(n))
		if got := d.Stddev(); got > 10e-9 {
			t.Errorf("standard deviation %v of values %d ns apart", got, n-1)
		}
	}
}
