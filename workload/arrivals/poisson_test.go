package arrivals

import (
	"math"
	"slices"
	"testing"
	"time"
)

// In a Poisson process the number of arrivals in equal windows has a variance equal to its mean.
func TestPoissonArrivalsHaveTheRateAndDispersion(t *testing.T) {
	const rate, seconds = 500.0, 2000
	for name, s := range map[string]Settings{
		"one item":    {},
		"three items": {Rates: []float64{100, 150, 250}},
	} {
		s.Rate, s.Poisson, s.Seed = flat(rate, seconds*time.Second), true, 7
		list := all(New(s).Source(0, 0, 0))
		if got := float64(len(list)) / seconds; math.Abs(got-rate) > 4*math.Sqrt(rate/seconds) {
			t.Errorf("%s: rate %.2f, want %.0f", name, got, rate)
		}
		counts := make([]float64, seconds)
		for _, a := range list {
			counts[int(a.At.Seconds())]++
		}
		if index := dispersion(counts); math.Abs(index-1) > 4*math.Sqrt(2.0/(seconds-1)) {
			t.Errorf("%s: index of dispersion %.3f, want 1", name, index)
		}
	}
}

// dispersion is the variance of counts by their mean. For Poisson counts it is 1 with a standard error of sqrt(2/(n-1)).
func dispersion(counts []float64) float64 {
	n := float64(len(counts))
	mean, squares := sum(counts)/n, 0.0
	for _, c := range counts {
		squares += (c - mean) * (c - mean)
	}
	return squares / (n - 1) / mean
}

// kolmogorov is the greatest distance between the distribution of values and f, times the root of their number; above 1.95 it would come
// by chance once in a thousand times.
func kolmogorov(values []float64, f func(float64) float64) float64 {
	slices.Sort(values)
	n, most := float64(len(values)), 0.0
	for i, v := range values {
		most = max(most, math.Abs(f(v)-float64(i)/n), math.Abs(f(v)-float64(i+1)/n))
	}
	return most * math.Sqrt(n)
}

func TestPoissonGapsAreExponential(t *testing.T) {
	const rate = 80.0
	list := all(New(Settings{Rate: flat(rate, 1000*time.Second), Poisson: true, Seed: 11}).Source(4, 0, 0))
	var gaps []float64
	var last time.Duration
	for _, a := range list {
		gaps = append(gaps, (a.At - last).Seconds())
		last = a.At
	}
	if d := kolmogorov(gaps, func(x float64) float64 { return 1 - math.Exp(-rate*x) }); d > 1.95 {
		t.Errorf("gaps of %d arrivals are off by %.2f", len(gaps), d)
	}
}

// By the time-rescaling theorem gaps of the rate's integral are exponential with mean 1, however the rate changes. The integral is taken by small steps here.
func TestPoissonArrivalsFollowTheProfile(t *testing.T) {
	const step = 100 * time.Microsecond
	integral := []float64{0}
	for at := step / 2; at < shop.Length(); at += step {
		i := NewTimeline(shop).Segment(at)
		begin := Profile(shop[:i]).Length()
		integral = append(integral, integral[len(integral)-1]+shop[i].at(at-begin)*step.Seconds())
	}
	process := New(Settings{Rate: shop, Poisson: true, Seed: 5})
	var gaps []float64
	counts := make([]float64, 400)
	for block := range counts {
		last := 0.0
		for _, a := range all(process.Source(block, 0, 0)) {
			i := int(a.At / step)
			x := integral[i] + (integral[i+1]-integral[i])*float64(a.At%step)/float64(step)
			gaps = append(gaps, x-last)
			last = x
			counts[block]++
		}
	}
	if d := kolmogorov(gaps, func(x float64) float64 { return 1 - math.Exp(-x) }); d > 1.95 {
		t.Errorf("gaps of %d arrivals are off by %.2f", len(gaps), d)
	}
	blocks := float64(len(counts))
	if mean, want := sum(counts)/blocks, shop.Integral(); math.Abs(mean-want) > 4*math.Sqrt(want/blocks) {
		t.Errorf("%.1f arrivals in a block, want %.1f", mean, want)
	}
	if index := dispersion(counts); math.Abs(index-1) > 4*math.Sqrt(2/(blocks-1)) {
		t.Errorf("index of dispersion %.3f, want 1", index)
	}
}
