package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// trialWith returns a trial of calls with the given service times, over one second.
func trialWith(arm string, block int, waits ...time.Duration) Trial {
	r := NewRecorder([]string{"get"}, 0, 1)
	for _, w := range waits {
		r.Record(0, waited(0, w))
	}
	trial := Trial{Arm: arm, Block: block, Elapsed: time.Second}
	r.Trial(&trial)
	return trial
}

// armWith returns one trial for each list of service times.
func armWith(arm string, blocks ...[]time.Duration) []Trial {
	var trials []Trial
	for i, waits := range blocks {
		trials = append(trials, trialWith(arm, i, waits...))
	}
	return trials
}

func ms(values ...float64) []time.Duration {
	var all []time.Duration
	for _, v := range values {
		all = append(all, time.Duration(v*float64(time.Millisecond)))
	}
	return all
}

func comparisonOf(t *testing.T, comparisons []Comparison, metric string) Comparison {
	t.Helper()
	for _, c := range comparisons {
		if c.Metric == metric {
			return c
		}
	}
	t.Fatalf("no comparison of %s", metric)
	return Comparison{}
}

func simulated(seed uint64, s simulation) (baseline, arm []Trial) {
	return s.run(rand.New(rand.NewPCG(seed, 0)))
}

func TestCompareGivesOneComparisonForEachMetricInOrder(t *testing.T) {
	baseline, arm := simulated(1, simulation{blocks: 5, calls: 50, noise: 0.3, slowdown: 1})
	comparisons := Compare(baseline, arm, CompareOptions{Paired: true})
	want := []string{
		"response_time.mean", "response_time.p50", "response_time.p90", "response_time.p99", "response_time.p99.9",
		"achieved_rate", "error_rate",
	}
	if len(comparisons) != len(want) {
		t.Fatalf("%d comparisons, want %d", len(comparisons), len(want))
	}
	for i, c := range comparisons {
		if c.Metric != want[i] || c.Baseline != "base" || c.Arm != "arm" || c.Blocks != 5 {
			t.Errorf("%d: %s of %s and %s over %d blocks", i, c.Metric, c.Baseline, c.Arm, c.Blocks)
		}
	}
}

func TestComparedValuesAreThoseOfAllBlocksTogether(t *testing.T) {
	baseline, arm := simulated(2, simulation{blocks: 7, calls: 300, drift: 0.5, jitter: 0.2, noise: 0.5, slowdown: 1.4})
	for _, paired := range []bool{true, false} {
		comparisons := Compare(baseline, arm, CompareOptions{Paired: paired, Resamples: 50})
		for i, m := range Metrics() {
			c := comparisons[i]
			fromBaseline, _ := m.Value(baseline...)
			fromArm, _ := m.Value(arm...)
			if c.BaselineValue != fromBaseline || c.ArmValue != fromArm {
				t.Errorf("%s: %v and %v, want %v and %v", c.Metric, c.BaselineValue, c.ArmValue, fromBaseline, fromArm)
			}
			if c.Ratio != nil && c.Ratio.Value != c.ArmValue/c.BaselineValue {
				t.Errorf("%s: ratio %v is not %v/%v", c.Metric, c.Ratio.Value, c.ArmValue, c.BaselineValue)
			}
			if c.Difference.Value != c.ArmValue-c.BaselineValue {
				t.Errorf("%s: difference %v", c.Metric, c.Difference.Value)
			}
			for _, e := range []*Estimate{c.Ratio, c.Difference} {
				if e != nil && !(e.Lo <= e.Value && e.Value <= e.Hi && e.Confidence == 0.95) {
					t.Errorf("%s: %+v", c.Metric, *e)
				}
			}
		}
	}
}

func TestMetricQuantilesAreThoseOfTheMergedDistribution(t *testing.T) {
	baseline, _ := simulated(3, simulation{blocks: 6, calls: 200, drift: 1, noise: 0.5, slowdown: 1})
	var merged Distribution
	for _, trial := range baseline {
		merged = merged.Merge(trial.Operations[0].Response)
	}
	for i, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		got, ok := Metrics()[1+i].Value(baseline...)
		if want := merged.Quantile(q).Seconds(); !ok || got != want {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
	if got, _ := Metrics()[0].Value(baseline...); math.Abs(got-merged.Mean()) > 1e-15 {
		t.Errorf("mean %v, want %v", got, merged.Mean())
	}
}

func TestMetricOfNothingIsNotAZero(t *testing.T) {
	for _, m := range Metrics() {
		if value, ok := m.Value(); ok {
			t.Errorf("%s of no trials is %v", m.Name, value)
		}
		if value, ok := m.Value(Trial{Operations: []Tally{{}}}); ok {
			t.Errorf("%s of an empty trial is %v", m.Name, value)
		}
	}
}

func TestSameSeedGivesTheSameComparisonAndAnotherSeedAnotherInterval(t *testing.T) {
	baseline, arm := simulated(4, simulation{blocks: 8, calls: 100, drift: 0.1, jitter: 0.1, noise: 0.5, slowdown: 1.1})
	first := Compare(baseline, arm, CompareOptions{Seed: 1, Paired: true})
	if !reflect.DeepEqual(first, Compare(baseline, arm, CompareOptions{Seed: 1, Paired: true})) {
		t.Error("same seed, another result")
	}
	if reflect.DeepEqual(first, Compare(baseline, arm, CompareOptions{Seed: 2, Paired: true})) {
		t.Error("the seed has no effect")
	}
}

func TestOrderOfTrialsDoesNotMatterToAPairedComparison(t *testing.T) {
	baseline, arm := simulated(5, simulation{blocks: 6, calls: 100, jitter: 0.1, noise: 0.5, slowdown: 1.1})
	want := Compare(baseline, arm, CompareOptions{Paired: true})
	random := rand.New(rand.NewPCG(5, 5))
	random.Shuffle(len(arm), func(i, j int) { arm[i], arm[j] = arm[j], arm[i] })
	if !reflect.DeepEqual(want, Compare(baseline, arm, CompareOptions{Paired: true})) {
		t.Error("shuffled trials give another result")
	}
}

func TestPairingTakesOutWhatMadeABlockSlowForBothArms(t *testing.T) {
	baseline, arm := simulated(6, simulation{blocks: 10, calls: 500, drift: 0.5, jitter: 0.01, noise: 0.2, slowdown: 1.2})
	paired := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "response_time.mean")
	unpaired := comparisonOf(t, Compare(baseline, arm, CompareOptions{}), "response_time.mean")
	if paired.Verdict != Worse || unpaired.Verdict != Indistinguishable {
		t.Errorf("paired %s, unpaired %s", paired.Verdict, unpaired.Verdict)
	}
	if *paired.PValue > 0.002 {
		t.Errorf("p = %v; all 10 blocks agree", *paired.PValue)
	}
}

func TestBlocksThatOnlyOneArmHasAreLeftOut(t *testing.T) {
	steady := [][]time.Duration{ms(2), ms(2), ms(2), ms(2), ms(2)}
	baseline, arm := armWith("base", steady...), armWith("arm", steady...)
	arm[4] = trialWith("arm", 9, ms(500)...)
	c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "response_time.mean")
	if c.Blocks != 4 || c.ArmValue != 0.002 {
		t.Errorf("%d blocks, arm %v", c.Blocks, c.ArmValue)
	}
}

func TestSharesOfOneTrialCountAsOneBlock(t *testing.T) {
	steady := [][]time.Duration{ms(2), ms(2), ms(2), ms(2)}
	baseline, arm := armWith("base", steady...), armWith("arm", steady...)
	arm = append(arm, trialWith("arm", 0, ms(4)...))
	c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "response_time.mean")
	if c.Blocks != 4 || math.Abs(c.ArmValue-0.0024) > 1e-12 {
		t.Errorf("%d blocks, arm %v", c.Blocks, c.ArmValue)
	}
}

func TestFewerThanFourBlocksGiveValuesButNoIntervalAndNoVerdict(t *testing.T) {
	baseline, arm := armWith("base", ms(1), ms(1), ms(1)), armWith("arm", ms(3), ms(3), ms(3))
	for _, paired := range []bool{true, false} {
		c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: paired}), "response_time.mean")
		want := Estimate{Value: c.ArmValue / c.BaselineValue, Lo: c.ArmValue / c.BaselineValue, Hi: c.ArmValue / c.BaselineValue}
		if c.Verdict != TooFewTrials || c.PValue != nil || *c.Ratio != want || c.Difference.Confidence != 0 {
			t.Errorf("%+v, ratio %+v", c, *c.Ratio)
		}
	}
}

func TestNothingMeasuredIsNeitherZeroNorAVerdict(t *testing.T) {
	for name, arm := range map[string][]Trial{
		"no trials":    nil,
		"empty trials": {{Arm: "arm"}, {Arm: "arm", Block: 1}},
	} {
		for _, c := range Compare(armWith("base", ms(1), ms(1), ms(1), ms(1)), arm, CompareOptions{Paired: true}) {
			if c.Verdict != TooFewTrials || c.Ratio != nil || c.Difference != nil || c.PValue != nil || c.Blocks != 0 {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
}

func TestNoErrorsOnEitherSideAreIndistinguishableWithoutARatio(t *testing.T) {
	baseline, arm := simulated(7, simulation{blocks: 10, calls: 50, noise: 0.5, slowdown: 1})
	c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "error_rate")
	if c.Verdict != Indistinguishable || c.Ratio != nil || c.Difference == nil || c.Difference.Hi != 0 || *c.PValue != 1 {
		t.Errorf("%+v", c)
	}
}

func withErrors(trials []Trial, perTrial int64) []Trial {
	for i := range trials {
		trials[i].Operations[0].Requests += perTrial
		trials[i].Operations[0].Errors += perTrial
	}
	return trials
}

func TestErrorsOfOneArmAloneAreWorseWithoutARatio(t *testing.T) {
	baseline, arm := simulated(8, simulation{blocks: 8, calls: 50, noise: 0.5, slowdown: 1})
	arm = withErrors(arm, 3)
	c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "error_rate")
	if c.Verdict != Worse || c.Ratio != nil || math.Abs(c.ArmValue-3.0/53) > 1e-12 {
		t.Errorf("%+v", c)
	}
}

func TestARatioToARareErrorHasNoUpperLimitAndIsLeftOut(t *testing.T) {
	baseline, arm := simulated(9, simulation{blocks: 8, calls: 50, noise: 0.5, slowdown: 1})
	withErrors(baseline[:1], 1)
	withErrors(arm, 3)
	c := comparisonOf(t, Compare(baseline, arm, CompareOptions{Paired: true}), "error_rate")
	if c.BaselineValue == 0 || c.Ratio != nil || c.Verdict != Worse {
		t.Errorf("%+v, ratio %+v", c, c.Ratio)
	}
}

func TestADifferenceWithinTheHistogramsResolutionIsNotClaimed(t *testing.T) {
	// 512 ns apart at 100 µs: neighbouring buckets in every block.
	var base, next [][]time.Duration
	for range 10 {
		base = append(base, []time.Duration{200 * 512, 200 * 512, 200 * 512})
		next = append(next, []time.Duration{201 * 512, 201 * 512, 201 * 512})
	}
	comparisons := Compare(armWith("base", base...), armWith("arm", next...), CompareOptions{Paired: true})
	if c := comparisonOf(t, comparisons, "response_time.p50"); c.Verdict != Indistinguishable {
		t.Errorf("median: %s, %+v", c.Verdict, *c.Ratio)
	}
	if c := comparisonOf(t, comparisons, "response_time.mean"); c.Verdict != Worse {
		t.Errorf("mean, which is exact: %s, %+v", c.Verdict, *c.Ratio)
	}
}

func TestARateIsNotWorseForTheLengthOfTheLastCall(t *testing.T) {
	var base, slow []Trial
	for block := range 10 {
		base = append(base, trialWith("base", block, ms(1, 1, 1, 1)...))
		slow = append(slow, trialWith("arm", block, ms(9, 9, 9, 9)...))
		base[block].Elapsed = time.Second + time.Millisecond
		slow[block].Elapsed = time.Second + 9*time.Millisecond
	}
	if c := comparisonOf(t, Compare(base, slow, CompareOptions{Paired: true}), "achieved_rate"); c.Verdict != Worse {
		t.Errorf("closed model: %s", c.Verdict)
	}
	for block := range 10 {
		base[block].Offered, slow[block].Offered = 4, 4
		base[block].Window, slow[block].Window = time.Second, time.Second
	}
	if c := comparisonOf(t, Compare(base, slow, CompareOptions{Paired: true}), "achieved_rate"); c.Verdict != Indistinguishable {
		t.Errorf("open model, both kept up: %s", c.Verdict)
	}
	for block := range 10 {
		slow[block].Elapsed = 2 * time.Second
	}
	if c := comparisonOf(t, Compare(base, slow, CompareOptions{Paired: true}), "achieved_rate"); c.Verdict != Worse {
		t.Errorf("open model, one did not keep up: %s", c.Verdict)
	}
}

func TestAttributionAddsUpToTheDifferenceOfTheMeans(t *testing.T) {
	random := rand.New(rand.NewPCG(18, 18))
	var arms [2][]Trial
	for i := range arms {
		for block := range 5 {
			r := NewRecorder([]string{"list", "item"}, 0, 2)
			for n, s := range randomSamples(random, 100+50*i) {
				r.Record(n, s)
			}
			trial := Trial{Block: block, Elapsed: time.Second}
			r.Trial(&trial)
			arms[i] = append(arms[i], trial)
		}
	}
	for _, c := range Compare(arms[0], arms[1], CompareOptions{Paired: true}) {
		if c.Metric != "response_time.mean" {
			if c.Attribution != nil {
				t.Errorf("%s has an attribution", c.Metric)
			}
			continue
		}
		var sum float64
		for _, v := range c.Attribution {
			sum += v
		}
		if len(c.Attribution) != 1+int(NumPhases) || math.Abs(sum-c.Difference.Value) > 1e-12 {
			t.Errorf("%v adds up to %v, want %v", c.Attribution, sum, c.Difference.Value)
		}
	}
}

func TestAttributionIsLeftOutWhereThePhasesAreNotKnown(t *testing.T) {
	baseline, arm := simulated(10, simulation{blocks: 4, calls: 20, noise: 0.5, slowdown: 1})
	if c := Compare(baseline, arm, CompareOptions{})[0]; c.Attribution != nil {
		t.Errorf("%v", c.Attribution)
	}
}

func TestTrialsReadFromSummariesCompareAsTheOriginalsDo(t *testing.T) {
	baseline, arm := simulated(11, simulation{blocks: 6, calls: 300, jitter: 0.05, noise: 0.5, slowdown: 1.2})
	want := Compare(baseline, arm, CompareOptions{})
	for _, trials := range [][]Trial{baseline, arm} {
		for i := range trials {
			response, err := ParseHistogram(Summarize(trials[i].Operations[0].Response))
			if err != nil {
				t.Fatal(err)
			}
			trials[i].Operations = []Tally{{Requests: response.Count, Response: response}}
		}
	}
	for i, got := range Compare(baseline, arm, CompareOptions{}) {
		if got.Verdict != want[i].Verdict || math.Abs(got.ArmValue-want[i].ArmValue) > 1e-12*want[i].ArmValue {
			t.Errorf("got %+v\nwant %+v", got, want[i])
		}
	}
}

// oddTrials are trials such as interrupted or failing runs leave behind.
func oddTrials(random *rand.Rand, n int) []Trial {
	trials := make([]Trial, n)
	for i := range trials {
		var waits []time.Duration
		switch random.IntN(4) {
		case 0: // none
		case 1:
			waits = make([]time.Duration, 1+random.IntN(3)) // all zero
		case 2:
			waits = []time.Duration{2 * time.Hour, time.Nanosecond}
		default:
			waits = durations(random, 1+random.IntN(20))
		}
		d := frozen(waits...)
		trials[i] = Trial{
			Arm: "odd", Block: random.IntN(n),
			Elapsed:    []time.Duration{0, 1, time.Second, 1000 * time.Hour}[random.IntN(4)],
			Operations: []Tally{{Requests: d.Count, Response: d, Service: d}},
		}
		if random.IntN(2) == 0 {
			withErrors(trials[i:i+1], random.Int64N(3))
		}
	}
	return trials
}

func TestNothingComparedIsNaNOrInfinite(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 19))
	for i := range 60 {
		baseline, arm := oddTrials(random, random.IntN(9)), oddTrials(random, random.IntN(9))
		for _, paired := range []bool{true, false} {
			comparisons := Compare(baseline, arm, CompareOptions{
				Confidence: []float64{0, 0.5, 0.999999, math.NaN(), -1, 1}[i%6], Resamples: 1 + i%40, Paired: paired,
			})
			if _, err := json.Marshal(comparisons); err != nil {
				t.Fatalf("%v\n%+v", err, comparisons)
			}
		}
	}
}
