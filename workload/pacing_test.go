package workload

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// offsets are the instants at which the open model's iterations of a block fall due, all of them and by items.
func offsets(t *testing.T, g *pacing, block int) ([]time.Duration, map[int]int, []int) {
	t.Helper()
	length := g.extent(max(0, block))
	if block == warmupBlock {
		length = extent{window: time.Duration(g.plan.Load.Warmup)}
	}
	var at []time.Duration
	items, stages := map[int]int{}, make([]int, max(1, len(g.stages())))
	source := g.source(length, block)
	for {
		a, ok := source.Next()
		if !ok {
			return at, items, stages
		}
		at = append(at, a.At)
		items[a.Item]++
		stages[a.Stage]++
	}
}

func TestStagesOfRates(t *testing.T) {
	g := pacingOf(t, loadWith(func(l *Load) {
		l.Warmup = Duration(2 * time.Second)
		l.Stages = []Stage{rateStage(time.Second, 0, Step), rateStage(10*time.Second, 100, Ramp), rateStage(3*time.Second, 400, Spike), rateStage(2*time.Second, 50, Step)}
	}))
	if n := len(g.stages()); n != 8 {
		t.Fatalf("%d stretches in %v, want 5 of the ramp and 3 others", n, g.stages())
	}
	if g.extent(2) != (extent{window: 16 * time.Second}) || math.Abs(g.meanRate()-1800.0/16) > 1e-9 {
		t.Errorf("%+v at %v/s", g.extent(2), g.meanRate())
	}
	for block := range 3 {
		at, _, stages := offsets(t, g, block)
		if want := []int{0, 20, 60, 100, 140, 180, 1200, 100}; !slices.Equal(stages, want) {
			t.Errorf("block %d: %v arrivals in the stretches, want %v", block, stages, want)
		}
		if at[0] != time.Second || !slices.IsSorted(at) {
			t.Errorf("block %d begins at %v, want the end of the pause", block, at[0])
		}
	}
	warm, _, _ := offsets(t, g, warmupBlock)
	if len(warm) != 200 || warm[1] != 10*time.Millisecond {
		t.Errorf("%d arrivals in the warm-up, want 2 s of the first rate above 0", len(warm))
	}
}

// The same arrivals are offered to every arm, other ones in every block.
func TestEveryArmIsOfferedTheSame(t *testing.T) {
	mix := []Operation{{Name: "a", Weight: 2}, {Name: "b"}}
	for name, load := range map[string]Load{
		"rate":   {Workers: 1, Rate: 200, Arrivals: Poisson, Duration: Duration(2 * time.Second), Blocks: 2, Seed: 8},
		"stages": {Workers: 1, Stages: []Stage{rateStage(time.Second, 400, Ramp)}, Arrivals: Poisson, Blocks: 2, Seed: 8},
	} {
		g := pacingOf(t, load, mix...)
		a, items, _ := offsets(t, g, 0)
		b, same, _ := offsets(t, g, 0)
		other, _, _ := offsets(t, g, 1)
		if len(a) < 100 || !slices.Equal(a, b) || slices.Equal(a, other) || items[0] != same[0] || items[0] < items[1] {
			t.Errorf("%s: %d arrivals, items %v and %v", name, len(a), items, same)
		}
	}
}

func TestOperationsHaveRatesOfTheirOwn(t *testing.T) {
	mix := []Operation{{Name: "a", Rate: 30}, {Name: "b", Rate: 5}, {Name: "c", Rate: 0.5}}
	timed := pacingOf(t, loadWith(func(l *Load) { l.Duration, l.Blocks, l.Warmup = Duration(20*time.Second), 10, Duration(2*time.Second) }), mix...)
	counted := pacingOf(t, loadWith(func(l *Load) { l.Requests, l.Blocks = 710, 7 }), mix...)
	for name, test := range map[string]struct {
		*pacing
		near int // where a count ends blocks, the items that come to it first may be others
	}{"timed": {timed, 0}, "counted": {counted, 2}} {
		g, counts := test.pacing, map[int]int{}
		for block := range g.plan.Load.Blocks {
			_, items, _ := offsets(t, g, block)
			for item, n := range items {
				counts[item] += n
			}
		}
		for item, want := range []int{600, 100, 10} {
			if off := counts[item] - want; off > test.near || off < -test.near || counts[0]+counts[1]+counts[2] != 710 {
				t.Errorf("%s: %v, want 600, 100 and 10", name, counts)
			}
		}
	}
	if warm, _, _ := offsets(t, timed, warmupBlock); len(warm) != 71 {
		t.Errorf("%d arrivals in 2 s of warm-up, want 71", len(warm))
	}
	if e := counted.extent(0); e.count != 102 || math.Abs(e.window.Seconds()-102/35.5) > 1e-9 {
		t.Errorf("the first block is %+v, want 102 iterations at 35.5 per second", e)
	}
}

func traceFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "day.trace")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestATraceIsReplayedInEveryBlock(t *testing.T) {
	mix := []Operation{{Name: "list items"}, {Name: "pay"}}
	path := traceFile(t, "# a morning\n0 list items\n100ms pay\n0.1 pay\n400ms list items\n")
	g := pacingOf(t, loadWith(func(l *Load) { l.Trace, l.Warmup = path, Duration(300*time.Millisecond) }), mix...)
	ms := time.Millisecond
	for block := range 3 {
		at, items, _ := offsets(t, g, block)
		if !slices.Equal(at, []time.Duration{0, 100 * ms, 100 * ms, 400 * ms}) || items[0] != 2 || items[1] != 2 {
			t.Errorf("block %d: %v, items %v", block, at, items)
		}
	}
	if warm, _, _ := offsets(t, g, warmupBlock); len(warm) != 3 {
		t.Errorf("%d arrivals in the first 300 ms, want 3", len(warm))
	}
	// Four arrivals are a mean gap more than the 400 ms that they span.
	if want := 400*ms + 400*ms/3; g.extent(0).window != want || math.Abs(g.meanRate()-4/want.Seconds()) > 1e-9 {
		t.Errorf("%v at %v/s, want %v", g.extent(0).window, g.meanRate(), want)
	}
}

func TestMistakesInATraceFile(t *testing.T) {
	mix := []Operation{{Name: "list"}, {Name: "pay"}}
	for text, want := range map[string]string{
		"0 list\n1 liste\n": `load.trace has a mistake at FILE:2: no operation of the mix is named "liste"; did you mean list?`,
		"0 checkout\n":      `load.trace has a mistake at FILE:1: no operation of the mix is named "checkout"; write one of its names, or none to have it drawn by the weights`,
		"1\n0.5\n":          `load.trace has a mistake at FILE:2: offset 500ms is before the one above, 1s; sort the lines by their offsets`,
		"2160h\n":           `load.trace lasts 2160h0m0s; all blocks together must be at most 24000h0m0s`,
	} {
		path := traceFile(t, text)
		_, err := newPacing(&Plan{Load: Load{Workers: 1, Trace: path, Blocks: 20}, Mix: mix})
		e, ok := errors.AsType[*KeyError](err)
		if !ok || strings.ReplaceAll(e.Error(), path, "FILE") != want {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
	missing := filepath.Join(t.TempDir(), "none")
	_, err := newPacing(&Plan{Load: Load{Workers: 1, Trace: missing, Blocks: 1}, Mix: mix})
	if e, ok := errors.AsType[*KeyError](err); !ok || e.Key != "load.trace" || !strings.HasPrefix(e.Problem, "cannot be read: open "+missing) {
		t.Errorf("a missing file: %v", err)
	}
}

// Through the whole runner: what stages and a trace offer is measured at the instants that they say.
func TestRunsOfLoadsThatChange(t *testing.T) {
	path := traceFile(t, "0\n0.2\n0.21\n1\n")
	for name, test := range map[string]struct {
		load    Load
		calls   int64
		seconds float64
		lag     float64 // the greatest: calls take 20 ms
	}{
		"stages":  {Load{Workers: 1, Blocks: 2, Stages: []Stage{rateStage(2*time.Second, 20, Ramp), rateStage(time.Second, 20, Ramp)}}, 80, 6, 0},
		"trace":   {Load{Workers: 1, Blocks: 3, Trace: path}, 12, 3 * (1 + 1.0/3), 0.010},
		"workers": {Load{Blocks: 2, Stages: []Stage{workerStage(time.Second, 1, Step), workerStage(time.Second, 0, Step)}}, 100, 4, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			test.load.Workers = max(1, test.load.Workers)
			res := runVirtually(t, context.Background(), test.load, &pipeServer{delay: func(int) time.Duration { return 20 * time.Millisecond }})
			arm := res.Arms[0]
			if arm.Requests != test.calls || arm.Errors != 0 || math.Abs(arm.Seconds-test.seconds) > 1e-6 || math.Abs(arm.ScheduleLag.Max-test.lag) > 1e-9 {
				t.Errorf("%s: %d calls with %d errors in %v s, lag %v; want %d in %v, %v", name, arm.Requests, arm.Errors, arm.Seconds, arm.ScheduleLag.Max, test.calls, test.seconds, test.lag)
			}
			if open := test.load.Stages == nil || test.load.Stages[0].Rate != nil; open && math.Abs(arm.OfferedRate-float64(test.calls)/test.seconds) > 1e-6 {
				t.Errorf("%s: %v/s offered", name, arm.OfferedRate)
			}
		})
	}
}
