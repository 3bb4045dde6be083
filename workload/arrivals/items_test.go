package arrivals

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// chiSquare compares counts with what weights let expect. With k items it has a mean of k-1 and a variance of twice that.
func chiSquare(counts []int, weights []int) float64 {
	var n, total float64
	for i := range counts {
		n += float64(counts[i])
		total += float64(weights[i])
	}
	var x float64
	for i, c := range counts {
		want := n * float64(weights[i]) / total
		x += (float64(c) - want) * (float64(c) - want) / want
	}
	return x
}

func TestItemsAreDrawnByTheirWeights(t *testing.T) {
	many := make([]int, 10_000)
	for i := range many {
		many[i] = i%7 + 1
	}
	for name, weights := range map[string][]int{"few": {7, 2, 1}, "extremes": {1_000_000, 1000, 999_000}, "many": many} {
		counts := make([]int, len(weights))
		for _, a := range all(New(Settings{Rate: flat(1, time.Second), Weights: weights, Seed: 1}).Source(0, 0, 400_000)) {
			counts[a.Item]++
		}
		k := float64(len(weights) - 1)
		if x := chiSquare(counts, weights); x > k+4.5*math.Sqrt(2*k) {
			t.Errorf("%s: chi-square %.1f with %v degrees of freedom", name, x, k)
		}
	}
}

func TestAChoiceReachesBothEndsOfAWeight(t *testing.T) {
	c, r := NewChoice([]int{1, 1}), rand.New(rand.NewPCG(1, 1))
	var seen [2]bool
	for range 100 {
		seen[c.Draw(r)] = true
	}
	if seen != [2]bool{true, true} {
		t.Errorf("drawn: %v", seen)
	}
	if NewChoice([]int{5}) != nil || NewChoice(nil).Draw(nil) != 0 {
		t.Error("there is a choice between one item")
	}
}

// With a rate of its own an item has as many arrivals as that says, whatever the others do, and as evenly spread as if it were alone.
func TestItemsHaveRatesOfTheirOwn(t *testing.T) {
	rates := []float64{100, 1, 2.5, 1, 40}
	list := all(New(Settings{Rate: flat(144.5, 20*time.Second), Rates: rates, Seed: 2}).Source(0, 0, 0))
	if !slices.IsSortedFunc(list, func(a, b Arrival) int {
		if a.before(&b) {
			return -1
		}
		return 1
	}) {
		t.Error("arrivals are not in the order of their instants")
	}
	var last [5]time.Duration
	var counts [5]int
	for _, a := range list {
		gap := time.Duration(1e9 / rates[a.Item])
		if counts[a.Item] > 0 && (a.At-last[a.Item]-gap).Abs() > 2 {
			t.Fatalf("item %d at %v comes %v after the one before, want %v", a.Item, a.At, a.At-last[a.Item], gap)
		}
		counts[a.Item]++
		last[a.Item] = a.At
	}
	if counts != [5]int{2000, 20, 50, 20, 800} {
		t.Errorf("counts %v, want 20 seconds' worth of %v", counts, rates)
	}
}

func TestItemsOfOneRateComeInTurn(t *testing.T) {
	rates := make([]float64, 10)
	for i := range rates {
		rates[i] = 1
	}
	list := all(New(Settings{Rate: flat(10, 2*time.Second), Rates: rates}).Source(0, 0, 0))
	if len(list) != 20 {
		t.Fatalf("%d arrivals, want 20", len(list))
	}
	for i, a := range list {
		if want := (Arrival{At: time.Duration(i) * 100 * time.Millisecond, Item: i % 10}); a != want {
			t.Errorf("arrival %d is %+v, want %+v", i, a, want)
		}
	}
}

// Rates that are multiples of each other do not have every arrival of the one with one of the other.
func TestItemsOfDifferentRatesDoNotKeepFallingDueTogether(t *testing.T) {
	for seed := range uint64(20) {
		list := all(New(Settings{Rate: flat(113, 10*time.Second), Rates: []float64{100, 10, 1, 2}, Seed: seed}).Source(0, 0, 0))
		together := 0
		for i := range list[1:] {
			if list[i].At == list[i+1].At {
				together++
			}
		}
		if together > 0 {
			t.Errorf("seed %d: %d arrivals fall due with another", seed, together)
		}
	}
}

func TestProfilesOfItemsWithRatesOfTheirOwn(t *testing.T) {
	counts := make([]float64, 2)
	for _, a := range all(New(Settings{Rate: shop, Rates: []float64{3, 1}}).Source(0, 0, 0)) {
		counts[a.Item]++
	}
	for item, part := range []float64{0.75, 0.25} {
		if want := part * shop.Integral(); math.Abs(counts[item]-want) > 1 {
			t.Errorf("item %d has %v arrivals, want %v", item, counts[item], want)
		}
	}
}
