package workload

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func durationOf(d time.Duration) *Duration { return new(Duration(d)) }

// pauses are n drawn pauses in seconds, in order.
func pauses(t *Think, n int) []float64 {
	r := rand.New(rand.NewPCG(3, 4))
	list := make([]float64, n)
	for i := range list {
		list[i] = t.draw(r).Seconds()
	}
	slices.Sort(list)
	return list
}

// The greatest distance between what is drawn and the distribution stays below what comes by chance once in a thousand times
// (Kolmogorov and Smirnov).
func TestPausesHaveTheirDistribution(t *testing.T) {
	const n = 20_000
	phi := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	for name, test := range map[string]struct {
		think Think
		below func(x float64) float64 // the distribution function, where it does not jump
	}{
		"uniform":     {Think{Uniform: &[2]Duration{Duration(time.Second), Duration(3 * time.Second)}}, func(x float64) float64 { return (x - 1) / 2 }},
		"normal":      {Think{Normal: &NormalThink{Duration(10 * time.Second), Duration(time.Second)}}, func(x float64) float64 { return phi(x - 10) }},
		"exponential": {Think{Exponential: durationOf(2 * time.Second)}, func(x float64) float64 { return 1 - math.Exp(-x/2) }},
		"lognormal":   {Think{LogNormal: &LogNormThink{Duration(time.Second), 0.5}}, func(x float64) float64 { return phi(math.Log(x) / 0.5) }},
	} {
		most := 0.0
		for i, x := range pauses(&test.think, n) {
			most = max(most, math.Abs(test.below(x)-float64(i)/n), math.Abs(test.below(x)-float64(i+1)/n))
		}
		if d := most * math.Sqrt(n); d > 1.95 {
			t.Errorf("%s: off by %.2f", name, d)
		}
	}
}

func TestPausesAreCut(t *testing.T) {
	const n = 10_000
	for name, test := range map[string]struct {
		think         Think
		at, low, high float64 // of which values, and how many of n there are
	}{
		"constant":           {Think{Constant: durationOf(time.Second)}, 1, n, n},
		"constant, cut":      {Think{Constant: durationOf(time.Second), Max: Duration(time.Millisecond)}, 0.001, n, n},
		"normal below 0":     {Think{Normal: &NormalThink{0, Duration(time.Second)}}, 0, n/2 - 200, n/2 + 200},
		"no deviation":       {Think{Normal: &NormalThink{Duration(time.Second), 0}}, 1, n, n},
		"exponential, cut":   {Think{Exponential: durationOf(time.Second), Max: Duration(time.Second)}, 1, n/math.E - 200, n/math.E + 200},
		"exponential of 0":   {Think{Exponential: durationOf(0)}, 0, n, n},
		"lognormal, long":    {Think{LogNormal: &LogNormThink{Duration(longestThink), 10}}, longestThink.Seconds(), n/2 - 200, n/2 + 200},
		"uniform, one value": {Think{Uniform: &[2]Duration{5e9, 5e9}}, 5, n, n},
	} {
		count := 0.0
		for _, x := range pauses(&test.think, n) {
			if x == test.at {
				count++
			}
		}
		if count < test.low || count > test.high {
			t.Errorf("%s: %v of %d pauses are %v s, want %.0f to %.0f", name, count, n, test.at, test.low, test.high)
		}
	}
}

// What is drawn after a pause does not depend on how long that was.
func TestAPauseTakesOneRandomValue(t *testing.T) {
	for _, think := range []Think{
		{Uniform: &[2]Duration{0, 9}}, {Normal: &NormalThink{1, 1}}, {Exponential: durationOf(9)}, {LogNormal: &LogNormThink{9, 1}},
	} {
		r, want := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
		for range 1000 {
			think.draw(r)
			want.Uint64()
		}
		if got := r.Uint64(); got != want.Uint64() {
			t.Errorf("%+v takes more or less than one value", think)
		}
	}
}

func TestImpossiblePauses(t *testing.T) {
	for _, test := range []struct {
		think *Think
		want  string
	}{
		{&Think{}, "mix[0].think has 0 kinds of pause; give one of constant, uniform, normal, exponential and lognormal"},
		{&Think{Constant: durationOf(1), Exponential: durationOf(1)}, "mix[0].think has 2 kinds of pause; give one of constant, uniform, normal, exponential and lognormal"},
		{&Think{Constant: durationOf(-time.Second)}, "mix[0].think.constant is -1s; it must be from 0 to 24h0m0s"},
		{&Think{Constant: durationOf(1), Max: -1}, "mix[0].think.max is -1ns; it must be from 0 to 24h0m0s"},
		{&Think{Uniform: &[2]Duration{2e9, 1e9}}, "mix[0].think.uniform is from 2s to 1s; write the shorter time first"},
		{&Think{Uniform: &[2]Duration{2e9, 9e18}}, "mix[0].think.uniform[1] is 2500000h0m0s; it must be from 0 to 24h0m0s"},
		{&Think{Normal: &NormalThink{-1, 0}}, "mix[0].think.normal.mean is -1ns; it must be from 0 to 24h0m0s"},
		{&Think{Normal: &NormalThink{0, -1}}, "mix[0].think.normal.deviation is -1ns; it must be from 0 to 24h0m0s"},
		{&Think{Exponential: durationOf(25 * time.Hour)}, "mix[0].think.exponential is 25h0m0s; it must be from 0 to 24h0m0s"},
		{&Think{LogNormal: &LogNormThink{-1, 1}}, "mix[0].think.lognormal.median is -1ns; it must be from 0 to 24h0m0s"},
		{&Think{LogNormal: &LogNormThink{1, math.NaN()}}, "mix[0].think.lognormal.sigma is NaN; it must be from 0 to 10"},
		{&Think{LogNormal: &LogNormThink{1, 11}}, "mix[0].think.lognormal.sigma is 11; it must be from 0 to 10"},
	} {
		err := test.think.validate("mix[0].think")
		if e, ok := errors.AsType[*KeyError](err); !ok || e.Error() != test.want {
			t.Errorf("%v\nwant %s", err, test.want)
		}
	}
	for _, think := range []*Think{nil, {Constant: durationOf(0)}, {LogNormal: &LogNormThink{0, 0}, Max: 5}} {
		if err := think.validate("think"); err != nil {
			t.Errorf("%+v: %v", think, err)
		}
	}
}
