package workload

import (
	"math"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

func arrivalsOf(s *schedule) []time.Duration {
	var all []time.Duration
	for {
		at, ok := s.next()
		if !ok {
			return all
		}
		all = append(all, at)
	}
}

func TestConstantArrivalsAreEvenlySpaced(t *testing.T) {
	all := arrivalsOf(newSchedule(Load{Rate: 1000, Arrivals: Constant}, time.Second, 0, 0))
	if len(all) != 1000 {
		t.Fatalf("%d arrivals in a second at 1,000 per second", len(all))
	}
	for i, at := range all {
		if want := time.Duration(i) * time.Millisecond; at != want {
			t.Fatalf("arrival %d at %v, want %v", i, at, want)
		}
	}
}

// A long schedule must not drift: the millionth arrival is where it belongs.
func TestConstantArrivalsDoNotDrift(t *testing.T) {
	s := newSchedule(Load{Rate: 3}, 0, 1_000_000, 0)
	all := arrivalsOf(s)
	if got, want := all[999_999], time.Duration(999_999.0/3*1e9); got != want {
		t.Fatalf("last arrival at %v, want %v", got, want)
	}
}

func TestScheduleEndsByItsCount(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Poisson} {
		if n := len(arrivalsOf(newSchedule(Load{Rate: 50, Arrivals: arrivals}, 0, 137, 2))); n != 137 {
			t.Errorf("%s: %d arrivals, want 137", arrivals, n)
		}
	}
}

// In a Poisson process the number of arrivals in equal windows has a variance
// equal to its mean, and the gaps have a standard deviation equal to theirs.
func TestPoissonArrivalsHaveTheRateAndDispersion(t *testing.T) {
	const rate, seconds = 500.0, 2000
	all := arrivalsOf(newSchedule(Load{Rate: rate, Arrivals: Poisson, Seed: 7}, seconds*time.Second, 0, 0))
	if got := float64(len(all)) / seconds; math.Abs(got-rate) > 4*math.Sqrt(rate/seconds) {
		t.Errorf("rate %.2f, want %.0f", got, rate)
	}
	counts := make([]float64, seconds)
	for _, at := range all {
		counts[int(at.Seconds())]++
	}
	var mean, variance float64
	for _, n := range counts {
		mean += n / seconds
	}
	for _, n := range counts {
		variance += (n - mean) * (n - mean) / (seconds - 1)
	}
	// The index of dispersion of n windows has a standard error of sqrt(2/(n-1)).
	if index := variance / mean; math.Abs(index-1) > 4*math.Sqrt(2.0/(seconds-1)) {
		t.Errorf("index of dispersion %.3f, want 1", index)
	}
}

func TestEqualSeedsGiveEqualArrivals(t *testing.T) {
	same := func(seed uint64, block uint8) bool {
		load := Load{Rate: 100, Arrivals: Poisson, Seed: seed}
		a := arrivalsOf(newSchedule(load, time.Second, 0, int(block)))
		b := arrivalsOf(newSchedule(load, time.Second, 0, int(block)))
		other := arrivalsOf(newSchedule(load, time.Second, 0, int(block)+1))
		if len(a) != len(b) || len(a) == 0 {
			return false
		}
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return len(other) == 0 || other[0] != a[0]
	}
	if err := quick.Check(same, nil); err != nil {
		t.Error(err)
	}
}

func TestArrivalsAscendAndStayInTheWindow(t *testing.T) {
	check := func(seed uint64, rate uint16, poisson bool) bool {
		load := Load{Rate: float64(rate%5000) + 0.5, Seed: seed, Arrivals: Constant}
		if poisson {
			load.Arrivals = Poisson
		}
		last := time.Duration(-1)
		for _, at := range arrivalsOf(newSchedule(load, time.Second, 0, 3)) {
			if at < last || at < 0 || at >= time.Second {
				return false
			}
			last = at
		}
		return true
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// However few arrivals fall into a block, all blocks together have as many as the rate
// says, where one long trial would have had them.
func TestConstantArrivalsRunOnFromBlockToBlock(t *testing.T) {
	check := func(rate uint16, parts, milliseconds uint8) bool {
		load := Load{Rate: float64(rate)/97 + 0.01, Arrivals: Constant}
		window := time.Duration(milliseconds)*time.Millisecond + 7
		var all []time.Duration
		for block := range int(parts) {
			for _, at := range arrivalsOf(newSchedule(load, window, 0, block)) {
				if at < 0 || at >= window {
					return false
				}
				all = append(all, time.Duration(block)*window+at)
			}
		}
		return slices.Equal(all, arrivalsOf(newSchedule(load, time.Duration(parts)*window, 0, 0)))
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestHardlyAnyArrivalsAreNotEndless(t *testing.T) {
	for _, arrivals := range []Arrivals{Constant, Poisson} {
		s := newSchedule(Load{Rate: 1e-300, Arrivals: arrivals}, time.Second, 0, 1)
		if at, ok := s.next(); ok {
			t.Errorf("%s: an arrival at %v", arrivals, at)
		}
	}
}
