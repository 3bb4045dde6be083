package arrivals

import (
	"math"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

// flat is a profile of one level.
func flat(rate float64, length time.Duration) Profile {
	return Profile{{From: rate, To: rate, Length: length}}
}

// shop is a profile with all that there can be: a ramp from nothing, a level, a pause, a step and a fall.
var shop = Profile{
	{From: 0, To: 50, Length: 4 * time.Second},
	{From: 50, To: 50, Length: 2 * time.Second, Stage: 1},
	{From: 0, To: 0, Length: 3 * time.Second, Stage: 2},
	{From: 120, To: 120, Length: time.Second, Stage: 3},
	{From: 120, To: 7, Length: 5 * time.Second, Stage: 4},
}

func all(s Source) []Arrival {
	var list []Arrival
	for {
		a, ok := s.Next()
		if !ok {
			return list
		}
		list = append(list, a)
	}
}

func times(list []Arrival) []time.Duration {
	at := make([]time.Duration, len(list))
	for i, a := range list {
		at[i] = a.At
	}
	return at
}

func TestConstantArrivalsAreEvenlySpaced(t *testing.T) {
	list := all(New(Settings{Rate: flat(1000, time.Second)}).Source(0, 0, 0))
	if len(list) != 1000 {
		t.Fatalf("%d arrivals in a second at 1,000 per second", len(list))
	}
	for i, a := range list {
		if want := (Arrival{At: time.Duration(i) * time.Millisecond}); a != want {
			t.Fatalf("arrival %d is %+v, want %+v", i, a, want)
		}
	}
}

// Many arrivals must not drift: the millionth is where it belongs.
func TestConstantArrivalsDoNotDrift(t *testing.T) {
	list := all(New(Settings{Rate: flat(3, time.Second)}).Source(0, 0, 1_000_000))
	if got, want := list[999_999].At, 333_333*time.Second; got != want {
		t.Fatalf("last arrival at %v, want %v", got, want)
	}
}

func TestArrivalsEndByTheirCount(t *testing.T) {
	for name, s := range map[string]Settings{
		"constant":       {Rate: flat(50, time.Second)},
		"poisson":        {Rate: flat(50, time.Second), Poisson: true},
		"constant items": {Rate: flat(50, time.Second), Rates: []float64{30, 15, 5}},
		"poisson items":  {Rate: flat(50, time.Second), Rates: []float64{30, 15, 5}, Poisson: true},
	} {
		if n := len(all(New(s).Source(2, 137*2, 137))); n != 137 {
			t.Errorf("%s: %d arrivals, want 137", name, n)
		}
	}
}

// However few arrivals fall into a block, all blocks together have as many as the rate says, where one long trial would have had them.
func TestConstantArrivalsRunOnFromBlockToBlock(t *testing.T) {
	check := func(rate uint16, parts, milliseconds uint8, items bool) bool {
		s := Settings{Rate: flat(float64(rate)/97+0.01, time.Duration(milliseconds)*time.Millisecond+7)}
		if items {
			s.Rates = []float64{s.Rate[0].From / 2, s.Rate[0].From / 3, s.Rate[0].From / 6}
		}
		window := s.Rate.Length()
		one, blocks := s, New(s)
		one.Rate = flat(s.Rate[0].From, window*time.Duration(max(1, parts)))
		var got []Arrival
		for block := range int(max(1, parts)) {
			for _, a := range all(blocks.Source(block, 0, 0)) {
				if a.At < 0 || a.At >= window {
					t.Errorf("block %d: an arrival at %v of %v", block, a.At, window)
					return false
				}
				got = append(got, Arrival{time.Duration(block)*window + a.At, a.Item, a.Stage})
			}
		}
		// Rounding may move an arrival by a nanosecond, and by a hair's part of a gap where blocks meet.
		near := 2*time.Nanosecond + time.Duration(4*hair/one.Rate[0].From*1e9)
		want := all(New(one).Source(0, 0, 0))
		return len(got) == len(want) && slices.EqualFunc(times(got), times(want), func(a, b time.Duration) bool { return (a - b).Abs() <= near })
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

// Where blocks end by a count, they run on as well, and with arrivals of their own every item gets its part.
func TestCountedBlocksGiveEveryItemItsPart(t *testing.T) {
	p := New(Settings{Rate: flat(10, time.Second), Rates: []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}})
	counts := make([]int, 10)
	for block := range 20 {
		for _, a := range all(p.Source(block, int64(2*block), 2)) {
			counts[a.Item]++
		}
	}
	for item, n := range counts {
		if n != 4 {
			t.Errorf("item %d has %d of 40 arrivals, want 4", item, n)
		}
	}
}

func TestHardlyAnyArrivalsAreNotEndless(t *testing.T) {
	for _, poisson := range []bool{false, true} {
		if list := all(New(Settings{Rate: flat(1e-300, time.Second), Poisson: poisson}).Source(1, 0, 0)); len(list) != 0 {
			t.Errorf("poisson %v: arrivals %v", poisson, list)
		}
	}
	if list := all(New(Settings{Rate: flat(1e-300, time.Second)}).Source(0, 0, 0)); len(list) != 1 || list[0].At != 0 {
		t.Errorf("constant arrivals begin with %v, want one at 0", list)
	}
	if a, ok := New(Settings{Rate: flat(1e-300, time.Second)}).Source(1, 5, 3).Next(); !ok || a.At != 0 {
		t.Errorf("the first arrival of a count is %v %v", a, ok)
	}
	if list := all(New(Settings{}).Source(0, 0, 0)); len(list) != 0 {
		t.Errorf("no rate at all gives %v", list)
	}
}

// The arrivals up to any instant are as many as the integral of the rate, but for one.
func TestConstantArrivalsFollowTheIntegral(t *testing.T) {
	check := func(levels []uint8, cut bool) bool {
		var p Profile
		for i, l := range levels {
			from, to := float64(l%16)*5, float64(l/16)*5
			p = append(p, Segment{From: from, To: to, Length: time.Duration(i%3+1) * 700 * time.Millisecond, Stage: i})
		}
		if cut {
			p = p.Cut(5, 100*time.Millisecond)
		}
		counts := make([]float64, len(p))
		process, blocks := New(Settings{Rate: p}), 3
		for block := range blocks {
			list := all(process.Source(block, 0, 0))
			for i, a := range list {
				if i > 0 && a.At < list[i-1].At {
					t.Errorf("%v comes after %v", a, list[i-1])
					return false
				}
				if NewTimeline(p).Segment(a.At) != a.Stage {
					t.Errorf("%v is in segment %d", a, NewTimeline(p).Segment(a.At))
					return false
				}
				counts[a.Stage]++
			}
		}
		for i := range p {
			if want := float64(blocks) * p[i].area(); math.Abs(counts[i]-want) > float64(blocks)+hair {
				t.Errorf("segment %d %+v has %v arrivals in %d blocks, want %v", i, p[i], counts[i], blocks, want)
				return false
			}
		}
		return math.Abs(sum(counts)-float64(blocks)*p.Integral()) <= 1+hair
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func sum(list []float64) float64 {
	var s float64
	for _, x := range list {
		s += x
	}
	return s
}

// On a ramp from 0 to r in T the n-th arrival is at T·sqrt(n/N), N = r·T/2.
func TestConstantArrivalsOnARamp(t *testing.T) {
	list := all(New(Settings{Rate: Profile{{From: 0, To: 100, Length: 10 * time.Second}}}).Source(0, 0, 0))
	if len(list) != 500 {
		t.Fatalf("%d arrivals, want 500", len(list))
	}
	for i, a := range list {
		want := time.Duration(1e10 * math.Sqrt(float64(i)/500))
		if (a.At - want).Abs() > time.Nanosecond {
			t.Fatalf("arrival %d at %v, want %v", i, a.At, want)
		}
	}
}

func TestNothingFallsDueWhileTheRateIsZero(t *testing.T) {
	for _, poisson := range []bool{false, true} {
		for block := range 50 {
			for _, a := range all(New(Settings{Rate: shop, Poisson: poisson, Seed: 3}).Source(block, 0, 0)) {
				if a.At >= 6*time.Second && a.At < 9*time.Second {
					t.Fatalf("poisson %v, block %d: an arrival at %v", poisson, block, a.At)
				}
			}
		}
	}
}

func TestEqualSettingsGiveEqualArrivals(t *testing.T) {
	check := func(seed uint64, block uint8, poisson, items bool) bool {
		s := Settings{Rate: shop, Poisson: poisson, Seed: seed, Stream: 9 << 32, Weights: []int{5, 3, 2}}
		if items {
			s.Weights, s.Rates = nil, []float64{5, 3, 2}
		}
		a, b := all(New(s).Source(int(block), 0, 0)), all(New(s).Source(int(block), 0, 0))
		other := all(New(s).Source(int(block)+1, 0, 0))
		return len(a) > 100 && slices.Equal(a, b) && !slices.Equal(a, other)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}

func TestArrivalsAscendAndStayInTheWindow(t *testing.T) {
	check := func(seed uint64, rate uint16, poisson, items bool) bool {
		r := float64(rate%5000) + 0.5
		s := Settings{Rate: flat(r, time.Second), Seed: seed, Poisson: poisson}
		if items {
			s.Rates = []float64{r / 2, r / 4, r / 4}
		}
		list := all(New(s).Source(3, 0, 0))
		return slices.IsSorted(times(list)) && (len(list) == 0 || list[0].At >= 0 && list[len(list)-1].At < time.Second)
	}
	if err := quick.Check(check, nil); err != nil {
		t.Error(err)
	}
}
