package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A simulation makes runs whose truth is known: lognormal service times that are
// correlated from call to call and drift from block to block, as those of a real
// server do.
type simulation struct {
	blocks, calls int
	drift         float64 // standard deviation of a block's log level, both arms alike
	jitter        float64 // of a trial's own log level
	noise         float64 // of a call's
	correlation   float64 // of a call's with the one before
	slowdown      float64 // the arm's times, as a multiple of the baseline's
}

func (s simulation) run(random *rand.Rand) (baseline, arm []Trial) {
	for block := range s.blocks {
		level := random.NormFloat64() * s.drift
		baseline = append(baseline, s.trial(random, "base", block, level))
		arm = append(arm, s.trial(random, "arm", block, level+math.Log(s.slowdown)))
	}
	return baseline, arm
}

func (s simulation) trial(random *rand.Rand, arm string, block int, level float64) Trial {
	level += random.NormFloat64() * s.jitter
	values := make([]time.Duration, s.calls)
	state := random.NormFloat64()
	innovation := math.Sqrt(1 - s.correlation*s.correlation)
	for i := range values {
		state = s.correlation*state + innovation*random.NormFloat64()
		values[i] = time.Duration(2e6 * math.Exp(level+s.noise*state))
	}
	d := bucketed(values)
	return Trial{
		Arm: arm, Block: block, Elapsed: d.Sum,
		Operations: []Tally{{Name: "get", Requests: d.Count, Response: d, Service: d}},
	}
}

// bucketed returns the distribution of values, all above 1 µs. It is what a
// histogram gives, in a fraction of the time that clearing and scanning one takes.
func bucketed(values []time.Duration) Distribution {
	slices.Sort(values)
	d := Distribution{Count: int64(len(values)), Min: values[0], Max: values[len(values)-1]}
	for _, v := range values {
		d.Sum += v
		d.SumSquares += v.Seconds() * v.Seconds()
		width := bucketWidth(v)
		middle := v/width*width + width/2
		if n := len(d.Buckets); n > 0 && d.Buckets[n-1].Value == middle {
			d.Buckets[n-1].Count++
		} else {
			d.Buckets = append(d.Buckets, Bucket{middle, 1})
		}
	}
	return d
}

func TestSimulatedDistributionsAreThoseOfAHistogram(t *testing.T) {
	values := make([]time.Duration, 500)
	random := rand.New(rand.NewPCG(17, 17))
	for i := range values {
		values[i] = time.Duration(2e6 * math.Exp(2*random.NormFloat64()))
	}
	if got, want := bucketed(values), frozen(values...); !equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// An outcome counts, by metric, how often a verdict was given and how often the
// interval of the ratio missed the truth.
type outcome struct{ better, worse, missed map[string]int }

func (s simulation) outcome(runs int, opts CompareOptions) outcome {
	o := outcome{map[string]int{}, map[string]int{}, map[string]int{}}
	random := rand.New(rand.NewPCG(7, uint64(s.blocks)))
	opts.Resamples = 400
	for i := range runs {
		baseline, arm := s.run(random)
		opts.Seed = uint64(i)
		for _, c := range Compare(baseline, arm, opts) {
			truth := s.slowdown
			if c.Metric == "achieved_rate" {
				truth = 1 / truth
			}
			switch {
			case c.Verdict == Better:
				o.better[c.Metric]++
			case c.Verdict == Worse:
				o.worse[c.Metric]++
			}
			if c.Ratio != nil && (c.Ratio.Lo > truth || c.Ratio.Hi < truth) {
				o.missed[c.Metric]++
			}
		}
	}
	return o
}

// At a confidence of 0.95 one verdict in 20 about arms that are alike may be wrong,
// and one interval in 20 may miss the true ratio. The bounds leave room for the chance
// of so few runs.
func TestFewVerdictsAboutArmsThatAreAlikeAndFewIntervalsAreWrong(t *testing.T) {
	const runs = 300
	for _, c := range []struct {
		blocks   int
		paired   bool
		slowdown float64
	}{{4, true, 1}, {6, true, 1}, {10, true, 1}, {5, false, 1}, {10, true, 1.3}} {
		t.Run(fmt.Sprintf("%d_blocks_paired_%v_slowdown_%v", c.blocks, c.paired, c.slowdown), func(t *testing.T) {
			t.Parallel()
			s := simulation{
				blocks: c.blocks, calls: 120, jitter: 0.05, noise: 0.4, correlation: 0.8, slowdown: c.slowdown,
			}
			if c.paired {
				s.drift = 0.2
			}
			o := s.outcome(runs, CompareOptions{Paired: c.paired})
			for _, m := range Metrics() {
				if wrong := o.better[m.Name] + o.worse[m.Name]; c.slowdown == 1 && wrong > runs*6/100 {
					t.Errorf("%s: %d of %d verdicts are wrong", m.Name, wrong, runs)
				}
				if missed := o.missed[m.Name]; missed > runs*7/100 {
					t.Errorf("%s: %d of %d intervals missed the true ratio", m.Name, missed, runs)
				}
			}
		})
	}
}

func TestADifferenceOfFivePercentIsSeenWhenTrialsRepeatWell(t *testing.T) {
	const runs = 20
	s := simulation{blocks: 10, calls: 1000, drift: 0.2, jitter: 0.005, noise: 0.2, correlation: 0.5, slowdown: 1.05}
	o := s.outcome(runs, CompareOptions{Paired: true})
	for _, metric := range []string{"response_time.mean", "response_time.p50", "achieved_rate"} {
		if o.worse[metric] != runs {
			t.Errorf("%s: worse in %d of %d runs", metric, o.worse[metric], runs)
		}
	}
	s.slowdown = 1 / 1.05
	o = s.outcome(runs, CompareOptions{Paired: true})
	for _, metric := range []string{"response_time.mean", "response_time.p50", "achieved_rate"} {
		if o.better[metric] != runs {
			t.Errorf("%s: better in %d of %d runs", metric, o.better[metric], runs)
		}
	}
}
