package stats

import (
	"math"
	"math/rand/v2"
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
	h := histogram{digits: fineDigits}
	state := random.NormFloat64()
	innovation := math.Sqrt(1 - s.correlation*s.correlation)
	for range s.calls {
		state = s.correlation*state + innovation*random.NormFloat64()
		h.record(time.Duration(2e6 * math.Exp(level+s.noise*state)))
	}
	d := h.freeze()
	return Trial{
		Arm: arm, Block: block, Elapsed: d.Sum,
		Operations: []Tally{{Name: "get", Requests: d.Count, Response: d, Service: d}},
	}
}

type outcome struct{ verdicts, misses map[string]int }

func (s simulation) outcomes(runs int, truth float64, paired bool) outcome {
	o := outcome{map[string]int{}, map[string]int{}}
	random := rand.New(rand.NewPCG(7, uint64(s.blocks)))
	for i := range runs {
		baseline, arm := s.run(random)
		for _, c := range Compare(baseline, arm, CompareOptions{Resamples: 600, Seed: uint64(i), Paired: paired}) {
			if c.Verdict != Indistinguishable {
				o.verdicts[c.Metric]++
			}
			if c.Ratio != nil && (c.Ratio.Lo > truth || c.Ratio.Hi < truth) {
				o.misses[c.Metric]++
			}
		}
	}
	return o
}

func TestExplore(t *testing.T) {
	for _, paired := range []bool{true, false} {
		for _, n := range []int{4, 5, 6, 7, 8, 10, 20} {
			s := simulation{blocks: n, calls: 300, drift: 0.1, jitter: 0.05, noise: 0.4, correlation: 0.8, slowdown: 1}
			start := time.Now()
			o := s.outcomes(1000, 1, paired)
			t.Log(paired, n, o.verdicts, "MISS", o.misses, time.Since(start))
		}
	}
}
