package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A resampler draws blocks with replacement: for each resample, how often each
// block of the baseline and of the arm is in it. In a paired comparison both arms
// have the same draw, so what made a block slow for both cancels out.
type resampler struct {
	random        *rand.Rand
	paired        bool
	baseline, arm []int64
}

func newResampler(baseline, arm int, o CompareOptions) *resampler {
	r := &resampler{
		random:   rand.New(rand.NewPCG(o.Seed, 0)),
		paired:   o.Paired,
		baseline: make([]int64, baseline),
	}
	if o.Paired {
		r.arm = r.baseline
	} else {
		r.arm = make([]int64, arm)
	}
	return r
}

// next draws the next resample into baseline and arm.
func (r *resampler) next() {
	r.draw(r.baseline)
	if !r.paired {
		r.draw(r.arm)
	}
}

func (r *resampler) draw(weights []int64) {
	clear(weights)
	for range weights {
		weights[r.random.IntN(len(weights))]++
	}
}

// expandedTail returns the share of the resamples to leave out at each end for an
// interval of the given confidence from n blocks.
//
// The plain bootstrap percentile interval is too short for few blocks: it has the
// spread of a plug-in estimate (divisor n, not n−1) and normal instead of t tails.
// This is the expanded percentile interval, which makes up for both:
// Φ(−√(n/(n−1))·t), with t the 1−α/2 quantile of Student's distribution with n−1
// degrees of freedom.
//
// Hesterberg, T. C. (2015): What Teachers Should Know About the Bootstrap:
// Resampling in the Undergraduate Statistics Curriculum. The American Statistician
// 69, 371–386.
func expandedTail(n int, confidence float64) float64 {
	t := studentQuantile((1+confidence)/2, n-1)
	return normalCDF(-math.Sqrt(float64(n)/float64(n-1)) * t)
}

// interval returns the interval of an estimate whose bootstrap replicates are given;
// it sorts them. It is the wider of two at each end: the expanded percentile interval,
// and value ± t·√(n/(n−1))·s, with s the standard deviation of the replicates
// (Hesterberg's t interval with bootstrap standard error). ok is false if an end is not
// finite.
//
// Percentiles follow a skewed distribution, but cannot lie beyond the most extreme
// block, and all of 4 blocks lie on the same side of the truth by chance once in 8: in
// simulations of lognormal block effects they alone missed the true ratio of means in
// 14 % of runs with 4 blocks, 8 % with 5 and 7 % with 6. The wider of both missed it in
// 4 to 5 % with 4 to 15 blocks.
func interval(value float64, replicates []float64, n int, confidence float64) (lo, hi float64, ok bool) {
	slices.Sort(replicates)
	tail := expandedTail(n, confidence)
	t := studentQuantile((1+confidence)/2, n-1)
	reach := t * math.Sqrt(float64(n)/float64(n-1)) * spread(replicates)
	lo = min(value-reach, percentile(replicates, tail))
	hi = max(value+reach, percentile(replicates, 1-tail))
	return lo, hi, finite(lo) && finite(hi)
}

// percentile interpolates between sorted values so that each of B of them has 1/(B+1)
// of the probability below the next (type 6 of Hyndman and Fan 1996).
func percentile(sorted []float64, p float64) float64 {
	at := p*float64(len(sorted)+1) - 1
	i := int(math.Floor(at))
	switch {
	case i < 0:
		return sorted[0]
	case i >= len(sorted)-1:
		return sorted[len(sorted)-1]
	case sorted[i] == sorted[i+1]:
		return sorted[i] // also where both are infinite
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// spread returns the standard deviation. It works with distances from the first
// value, so that equal values have none.
func spread(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v - values[0]
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		distance := v - values[0] - mean
		squares += distance * distance
	}
	return math.Sqrt(squares / float64(len(values)))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
