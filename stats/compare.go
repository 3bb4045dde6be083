package stats

import (
	"cmp"
	"math"
	"slices"
)

// minBlocks is the fewest blocks from which anything is concluded.
const minBlocks = 4

// CompareOptions say how two arms are compared. Zero means the default.
type CompareOptions struct {
	Confidence float64 // of the intervals, between 0 and 1; default 0.95
	Resamples  int     // bootstrap resamples; default 5000
	Seed       uint64  // of the resampling: same seed, same result

	// Paired says that trials with the same block number were run back to back, as in
	// one run; then only blocks that both arms have are compared, and trials of one arm
	// with the same block number are taken for shares of one trial. Trials of different
	// runs are not paired, and each is a block of its own.
	Paired bool
}

func (o CompareOptions) withDefaults() CompareOptions {
	if !(o.Confidence > 0 && o.Confidence < 1) {
		o.Confidence = 0.95
	}
	if o.Resamples <= 0 {
		o.Resamples = 5000
	}
	return o
}

// Compare sets the trials of an arm against those of the baseline: one comparison
// for each of Metrics, in that order.
//
// The unit is the trial. Requests within a trial are correlated, so they say much
// about that trial and little about the next; the trials of a run, in blocks with an
// order drawn anew, are as near to independent repetitions as a run has.
//
// The values compared are those of all blocks together (merged distributions, total
// requests over total time), so Ratio.Value is ArmValue/BaselineValue. Intervals come
// from resampling blocks, pairs together when paired: each resample merges the drawn
// blocks and takes the metric anew. They are expanded percentile intervals, no narrower
// than the t interval with bootstrap standard error (Hesterberg 2015; see interval).
// PValue is that of the Wilcoxon signed-rank test when paired, else of the
// Mann–Whitney test, over the blocks' own values.
//
// With fewer than 4 blocks there is no interval and no verdict. With more, an arm is
// better or worse if the intervals exclude equality, the p-value is at most
// 1−Confidence (where so few blocks can reach that: from 6 pairs on at 0.95), and the
// difference is more than the resolution of the measurement.
//
// About arms that are alike a verdict is wrong with a probability of about
// 1−Confidence at most; among many metrics and arms some will be. No number returned
// is NaN or infinite.
func Compare(baseline, arm []Trial, opts CompareOptions) []Comparison {
	opts = opts.withDefaults()
	times := newContest(usable(baseline, true), usable(arm, true), opts)
	calls := newContest(usable(baseline, false), usable(arm, false), opts)
	var comparisons []Comparison
	for _, m := range Metrics() {
		contest := calls
		if m.ofResponses {
			contest = times
		}
		c := contest.compare(m)
		c.Baseline, c.Arm = armName(baseline), armName(arm)
		comparisons = append(comparisons, c)
	}
	return comparisons
}

func armName(trials []Trial) string {
	if len(trials) == 0 {
		return ""
	}
	return trials[0].Arm
}

// A contest is the blocks of two arms that can be compared with each other.
type contest struct {
	opts          CompareOptions
	baseline, arm *blocks
}

func newContest(baseline, arm []Trial, opts CompareOptions) *contest {
	if opts.Paired {
		baseline, arm = pairs(joinShares(baseline), joinShares(arm))
	}
	return &contest{opts: opts, baseline: newBlocks(baseline), arm: newBlocks(arm)}
}

// joinShares merges trials with the same block number and sorts by it.
func joinShares(trials []Trial) []Trial {
	sorted := slices.Clone(trials)
	slices.SortStableFunc(sorted, func(a, b Trial) int { return cmp.Compare(a.Block, b.Block) })
	joined := sorted[:0]
	for _, t := range sorted {
		if n := len(joined); n > 0 && joined[n-1].Block == t.Block {
			joined[n-1] = mergeShares(joined[n-1], t)
		} else {
			joined = append(joined, t)
		}
	}
	return joined
}

// pairs returns the trials whose block both have, of two lists sorted by block.
func pairs(a, b []Trial) (pairedA, pairedB []Trial) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Block < b[0].Block:
			a = a[1:]
		case a[0].Block > b[0].Block:
			b = b[1:]
		default:
			pairedA, pairedB = append(pairedA, a[0]), append(pairedB, b[0])
			a, b = a[1:], b[1:]
		}
	}
	return pairedA, pairedB
}

func (c *contest) blocks() int { return min(c.baseline.len(), c.arm.len()) }

func (c *contest) compare(m Metric) Comparison {
	result := Comparison{Metric: m.Name, Verdict: TooFewTrials, Blocks: c.blocks()}
	if c.blocks() == 0 {
		return result
	}
	result.BaselineValue = m.measure(c.baseline, c.baseline.all())
	result.ArmValue = m.measure(c.arm, c.arm.all())
	if m.Name == meanResponseTime {
		result.Attribution = attribution(&c.baseline.total, &c.arm.total)
	}
	ratio := quotient(result.ArmValue, result.BaselineValue)
	difference := result.ArmValue - result.BaselineValue
	if c.blocks() < minBlocks {
		result.Difference = &Estimate{Value: difference, Lo: difference, Hi: difference}
		if result.BaselineValue != 0 {
			result.Ratio = &Estimate{Value: ratio, Lo: ratio, Hi: ratio}
		}
		return result
	}
	ratios, differences := c.bootstrap(m)
	result.Difference = c.estimate(difference, differences)
	if result.BaselineValue != 0 {
		result.Ratio = c.estimateRatio(ratio, ratios)
	}
	p, least := c.rankTest(m)
	result.PValue = &p
	ranked := p <= 1-c.opts.Confidence || least > 1-c.opts.Confidence
	if ranked && math.Abs(difference) > m.resolution(c.baseline, c.arm) {
		result.Verdict = judge(m, result.Ratio, result.Difference)
	} else {
		result.Verdict = Indistinguishable
	}
	return result
}

// judge returns Better or Worse if the interval leaves no doubt on which side of
// equality the arm is: the ratio's, and the difference's where there is no ratio. compare asks it only if the rank test does not object (where
// it can reach the level at all with so few blocks) and the difference is more than
// the measurement can make by itself.
func judge(m Metric, ratio, difference *Estimate) Verdict {
	var smaller, larger bool
	switch {
	case ratio != nil:
		smaller, larger = ratio.Hi < 1, ratio.Lo > 1
	case difference != nil:
		smaller, larger = difference.Hi < 0, difference.Lo > 0
	}
	switch {
	case smaller && m.SmallerIsBetter, larger && !m.SmallerIsBetter:
		return Better
	case smaller, larger:
		return Worse
	}
	return Indistinguishable
}

// bootstrap returns the replicates of the metric's ratio and difference. A ratio of
// nothing to nothing counts as 1: that resample shows no difference.
func (c *contest) bootstrap(m Metric) (ratios, differences []float64) {
	ratios = make([]float64, c.opts.Resamples)
	differences = make([]float64, c.opts.Resamples)
	r := newResampler(c.baseline.len(), c.arm.len(), c.opts)
	for i := range ratios {
		r.next()
		baseline := m.measure(c.baseline, r.baseline)
		arm := m.measure(c.arm, r.arm)
		differences[i] = arm - baseline
		switch {
		case baseline != 0:
			ratios[i] = arm / baseline
		case arm == 0:
			ratios[i] = 1
		default:
			ratios[i] = math.Inf(1)
		}
	}
	return ratios, differences
}

// estimate returns nil if the interval has no end.
func (c *contest) estimate(value float64, replicates []float64) *Estimate {
	lo, hi, ok := interval(value, replicates, c.blocks(), c.opts.Confidence)
	if !ok || !finite(value) {
		return nil
	}
	return &Estimate{Value: value, Lo: lo, Hi: hi, Confidence: c.opts.Confidence}
}

// estimateRatio takes the interval of the logarithm, in which twice as much and half
// as much are equally far: one that reaches as far down as up would make a large ratio
// with some doubt begin at nothing. Where a resample has nothing in an arm there is no
// logarithm, and the interval begins at 0 at the least.
func (c *contest) estimateRatio(value float64, replicates []float64) *Estimate {
	logs := make([]float64, len(replicates))
	for i, v := range replicates {
		if logs[i] = math.Log(v); !finite(logs[i]) {
			e := c.estimate(value, replicates)
			if e != nil {
				e.Lo = max(0, e.Lo)
			}
			return e
		}
	}
	e := c.estimate(math.Log(value), logs)
	if e == nil || !finite(math.Exp(e.Hi)) {
		return nil
	}
	e.Value, e.Lo, e.Hi = value, min(value, math.Exp(e.Lo)), max(value, math.Exp(e.Hi))
	return e
}

// rankTest returns the p-value of the rank test over the blocks' own values, and the
// least that so many blocks could have.
func (c *contest) rankTest(m Metric) (p, least float64) {
	baseline, arm := c.baseline.each(m), c.arm.each(m)
	if !c.opts.Paired {
		return rankSumTest(arm, baseline), leastRankSumP(len(arm), len(baseline))
	}
	differences := make([]float64, len(arm))
	for i := range differences {
		differences[i] = arm[i] - baseline[i]
	}
	return signedRankTest(differences), leastSignedRankP(len(differences))
}

// attribution splits the difference of the mean response times into its parts. The
// parts of each call add up to its response time, so the sums and therefore the means
// do, and so do the differences of the means. It returns nil if a part is not known
// for every call, as in trials read from a summary.
func attribution(baseline, arm *Tally) map[string]float64 {
	parts := map[string]float64{}
	add := func(name string, of func(*Tally) *Distribution) bool {
		b, a := of(baseline), of(arm)
		parts[name] = a.Mean() - b.Mean()
		return b.Count == baseline.Response.Count && a.Count == arm.Response.Count
	}
	known := add("schedule_lag", func(t *Tally) *Distribution { return &t.Lag })
	for p := range NumPhases {
		known = add(p.String(), func(t *Tally) *Distribution { return &t.Phases[p] }) && known
	}
	if !known {
		return nil
	}
	return parts
}
