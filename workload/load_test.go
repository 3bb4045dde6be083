package workload

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"sessbench/workload/arrivals"
)

func rateStage(d time.Duration, rate float64, shape Shape) Stage {
	return Stage{Duration: Duration(d), Rate: &rate, Shape: shape}
}

func workerStage(d time.Duration, workers int, shape Shape) Stage {
	return Stage{Duration: Duration(d), Workers: &workers, Shape: shape}
}

// loadWith is a load that is right, with something changed.
func loadWith(change func(l *Load)) Load {
	l := Load{Workers: 2, Blocks: 3, Seed: 1}
	change(&l)
	return l
}

func TestContradictionsInALoad(t *testing.T) {
	second := Duration(time.Second)
	ramp, up := rateStage(time.Second, 5, ""), workerStage(time.Second, 5, "")
	for want, load := range map[string]Load{
		"load.workers is 0; it must be at least 1":                                                                                                loadWith(func(l *Load) { l.Workers, l.Duration = 0, second }),
		"load.workers is 100001; it must be at most 100000":                                                                                       loadWith(func(l *Load) { l.Workers, l.Duration = 100_001, second }),
		"load.max_workers is 1, below load.workers, which is 2; raise it, or begin with fewer":                                                    loadWith(func(l *Load) { l.Rate, l.MaxWorkers, l.Duration = 5, 1, second }),
		"load.max_workers is -1; it must be from 1 to 100000, or left out":                                                                        loadWith(func(l *Load) { l.Rate, l.MaxWorkers, l.Duration = 5, -1, second }),
		"load.max_workers is given without a rate; leave it out, or give a load.rate, as only calls that fall due by the clock can lack a worker": loadWith(func(l *Load) { l.MaxWorkers, l.Duration = 5, second }),
		"load.duration is 0s; it must be longer than 0":                                                                                           loadWith(func(l *Load) {}),
		"load.requests is -1; it must be from 1 to 1000000000000000":                                                                              loadWith(func(l *Load) { l.Requests = -1 }),
		"load.requests and load.duration are both given; a run ends by one of them":                                                               loadWith(func(l *Load) { l.Requests, l.Duration = 5, second }),
		"load.requests are 9, which at 1e-07 per second take more than 1000 days; make fewer, or raise the rate":                                  loadWith(func(l *Load) { l.Requests, l.Rate = 9, 1e-7 }),
		"load.stages and load.duration are both given; every block takes as long as the stages, so leave the duration out":                        loadWith(func(l *Load) { l.Duration, l.Stages = second, []Stage{ramp} }),
		"load.stages and load.requests are both given; every block has all of the stages, so leave the requests out":                              loadWith(func(l *Load) { l.Requests, l.Stages = 5, []Stage{ramp} }),
		"load.trace and load.duration are both given; every block takes as long as the trace, so leave the duration out":                          loadWith(func(l *Load) { l.Duration, l.Trace = second, "t" }),
		"load.trace and load.requests are both given; every block has all of the trace, so leave the requests out":                                loadWith(func(l *Load) { l.Requests, l.Trace = 5, "t" }),
		"load.rate is NaN; it must be above 0 and at most 10,000,000 per second":                                                                  loadWith(func(l *Load) { l.Rate, l.Duration = math.NaN(), second }),
		"load.rate is 1e+08; it must be above 0 and at most 10,000,000 per second":                                                                loadWith(func(l *Load) { l.Rate, l.Duration = 1e8, second }),
		"load.rate and load.stages are both given; leave one out, the stages say the rate or the workers themselves":                              loadWith(func(l *Load) { l.Rate, l.Stages = 5, []Stage{ramp} }),
		"load.rate and load.trace are both given; leave one out, the trace says when calls fall due":                                              loadWith(func(l *Load) { l.Rate, l.Trace = 5, "t" }),
		"load.trace and load.stages are both given; leave one out, both say when calls fall due":                                                  loadWith(func(l *Load) { l.Trace, l.Stages = "t", []Stage{ramp} }),
		`load.arrivals is "bursty"; use constant or poisson`:                                                                                      loadWith(func(l *Load) { l.Arrivals, l.Rate, l.Duration = "bursty", 5, second }),
		"load.arrivals and load.trace are both given; leave one out, the trace says when calls fall due":                                          loadWith(func(l *Load) { l.Arrivals, l.Trace = Poisson, "t" }),
		"load.arrivals is poisson, but nothing falls due by the clock; give a load.rate too, or leave it out":                                     loadWith(func(l *Load) { l.Arrivals, l.Stages = Poisson, []Stage{up} }),
		"load.warmup is -1s; use 0 for none":                                                                                                      loadWith(func(l *Load) { l.Warmup, l.Duration = -second, second }),
		"load.blocks is 0; it must be at least 1":                                                                                                 loadWith(func(l *Load) { l.Blocks, l.Duration = 0, second }),
		"load.blocks is 3 but each arm has only 2 requests; every block needs at least one":                                                       loadWith(func(l *Load) { l.Requests = 2 }),

		"load.stages are 10001; there can be at most 10000":                                                             loadWith(func(l *Load) { l.Stages = slices.Repeat([]Stage{ramp}, 10_001) }),
		"load.stages are all at 0; lead one of them to a level above it":                                                loadWith(func(l *Load) { l.Stages = []Stage{rateStage(1, 0, ""), rateStage(1, 0, Step)} }),
		"load.stages take too long; all blocks together must be at most 24000h0m0s":                                     loadWith(func(l *Load) { l.Stages = slices.Repeat([]Stage{rateStage(longestRun, 1, "")}, 9999) }),
		"load.stages[1].duration is missing; say how long the stage takes, as in 30s":                                   loadWith(func(l *Load) { l.Stages = []Stage{ramp, rateStage(0, 1, "")} }),
		"load.stages[0] has neither a rate nor workers; give the one that it leads to":                                  loadWith(func(l *Load) { l.Stages = []Stage{{Duration: 1}, ramp} }),
		"load.stages[0] has both a rate and workers; give one of them, the same in all stages":                          loadWith(func(l *Load) { l.Stages = []Stage{{Duration: 1, Rate: ramp.Rate, Workers: up.Workers}} }),
		"load.stages[1].workers is given where load.stages[0] has a rate; all stages are of rates, or all of workers":   loadWith(func(l *Load) { l.Stages = []Stage{ramp, up} }),
		"load.stages[1].rate is given where load.stages[0] has workers; all stages are of rates, or all of workers":     loadWith(func(l *Load) { l.Stages = []Stage{up, ramp} }),
		"load.stages[0].rate is -1; it must be from 0 to 10,000,000 per second":                                         loadWith(func(l *Load) { l.Stages = []Stage{rateStage(1, -1, "")} }),
		"load.stages[0].workers is 100001; it must be from 0 to 100000":                                                 loadWith(func(l *Load) { l.Stages = []Stage{workerStage(1, 100_001, "")} }),
		`load.stages[0].shape is "jump"; use ramp, step or spike; a stage that leads to the level before it holds that`: loadWith(func(l *Load) { l.Stages = []Stage{rateStage(1, 1, "jump")} }),
	} {
		if got := problemsOf(load, nil); got != want {
			t.Errorf("%+v:\n got %s\nwant %s", load, got, want)
		}
	}
}

func problemsOf(load Load, mix []Operation) string {
	var lines []string
	for _, e := range KeyErrors((&Plan{Load: load, Mix: mix}).validateLoad()) {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

func TestContradictionsInTheRatesOfOperations(t *testing.T) {
	second := Duration(time.Second)
	timed := loadWith(func(l *Load) { l.Duration = second })
	own := []Operation{{Name: "a", Rate: 5}, {Name: "b", Rate: 0.5}}
	for _, test := range []struct {
		load Load
		mix  []Operation
		want string
	}{
		{timed, own, ""},
		{loadWith(func(l *Load) { l.Duration, l.Arrivals, l.MaxWorkers = second, Poisson, 9 }), own, ""},
		{timed, []Operation{{Rate: 5}, {Weight: 2}}, "mix[1].rate is missing, though other operations have one; give it too, or weights and a load.rate to all"},
		{timed, []Operation{{}, {Rate: 5}}, "mix[0].rate is missing, though other operations have one; give it too, or weights and a load.rate to all"},
		{timed, []Operation{{Rate: -1}}, "mix[0].rate is -1; it must be above 0 and at most 10,000,000 per second"},
		{timed, []Operation{{Rate: math.NaN()}}, "mix[0].rate is NaN; it must be above 0 and at most 10,000,000 per second"},
		{timed, []Operation{{Rate: 9e6}, {Rate: 9e6}}, "mix[1].rate makes the rates add up to 1.8e+07; they must be at most 10,000,000 per second together"},
		{timed, []Operation{{Rate: 5, Weight: 1}}, "mix[0].rate and mix[0].weight are both given; leave one out, as each says how often the operation falls due"},
		{loadWith(func(l *Load) { l.Rate, l.Duration = 5, second }), own, "mix[0].rate and load.rate are both given; leave one out, as each says how often the operation falls due"},
		{loadWith(func(l *Load) { l.Stages = []Stage{rateStage(1, 5, "")} }), own, "mix[0].rate and load.stages are both given; leave one out, as each says how often the operation falls due"},
		{loadWith(func(l *Load) { l.Trace = "t" }), own, "mix[0].rate and load.trace are both given; leave one out, as each says how often the operation falls due"},
		{loadWith(func(l *Load) { l.Requests = 5 }), []Operation{{Rate: 1e-9}}, "load.requests are 5, which at 1e-09 per second take more than 1000 days; make fewer, or raise the rate"},
	} {
		if got := problemsOf(test.load, test.mix); got != test.want {
			t.Errorf("%+v, %+v:\n got %s\nwant %s", test.load, test.mix, got, test.want)
		}
	}
}

func TestAllProblemsOfALoadAreToldAtOnce(t *testing.T) {
	got := problemsOf(Load{Duration: 1, Rate: -1, Warmup: -1, Stages: nil}, nil)
	for _, key := range []string{"load.workers", "load.rate", "load.warmup", "load.blocks"} {
		if strings.Count(got, key+" ") != 1 {
			t.Errorf("%s is not among the problems once:\n%s", key, got)
		}
	}
}

func TestLoadsThatAreRight(t *testing.T) {
	for name, load := range map[string]Load{
		"closed":       loadWith(func(l *Load) { l.Duration = 1 }),
		"counted":      loadWith(func(l *Load) { l.Requests = 3 }),
		"more workers": loadWith(func(l *Load) { l.Rate, l.Requests, l.MaxWorkers = 5, 3, 2 }),
		"stages of rates": loadWith(func(l *Load) {
			l.Stages, l.Arrivals, l.MaxWorkers = []Stage{rateStage(1, 0, ""), rateStage(1, 5, Spike)}, Poisson, 9
		}),
		"stages of workers": loadWith(func(l *Load) { l.Stages, l.Workers = []Stage{workerStage(1, 5, Step)}, 0 }),
		"a trace":           loadWith(func(l *Load) { l.Trace, l.MaxWorkers = "t", 9 }),
	} {
		if got := problemsOf(load, []Operation{{Weight: 3}, {}}); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestTheProfileOfStages(t *testing.T) {
	l := Load{Stages: []Stage{
		rateStage(10*time.Second, 100, ""), rateStage(5*time.Second, 100, Ramp), rateStage(2*time.Second, 400, Spike),
		rateStage(3*time.Second, 50, Ramp), rateStage(4*time.Second, 20, Step), rateStage(time.Second, 0, Ramp),
	}}
	want := arrivals.Profile{
		{From: 0, To: 100, Length: 10 * time.Second, Stage: 0}, {From: 100, To: 100, Length: 5 * time.Second, Stage: 1},
		{From: 400, To: 400, Length: 2 * time.Second, Stage: 2}, {From: 100, To: 50, Length: 3 * time.Second, Stage: 3},
		{From: 20, To: 20, Length: 4 * time.Second, Stage: 4}, {From: 20, To: 0, Length: time.Second, Stage: 5},
	}
	if got := l.profile(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWhatALoadComesTo(t *testing.T) {
	steps := []Operation{{Weight: 3}, {Steps: make([]Operation, 5)}}
	for name, test := range map[string]struct {
		plan        Plan
		open        bool
		rate, calls float64
		most        int
		window      time.Duration
	}{
		"closed":  {Plan{Load: Load{Workers: 3, Duration: 10, Blocks: 2}}, false, 0, 1, 3, 5},
		"rate":    {Plan{Load: Load{Workers: 3, MaxWorkers: 8, Duration: 10, Blocks: 2, Rate: 50}, Mix: steps}, true, 50, 2, 8, 5},
		"rates":   {Plan{Load: Load{Workers: 3, Requests: 10, Blocks: 2}, Mix: []Operation{{Rate: 2}, {Rate: 6, Steps: make([]Operation, 3)}}}, true, 8, 2.5, 3, 0},
		"stages":  {Plan{Load: Load{Workers: 3, Blocks: 2, Stages: []Stage{rateStage(3, 10, ""), rateStage(1, 25, Spike)}}}, true, 10, 1, 3, 4},
		"workers": {Plan{Load: Load{Workers: 3, Blocks: 2, Stages: []Stage{workerStage(3, 10, ""), workerStage(1, 7, Step)}}}, false, 0, 1, 10, 4},
		"trace":   {Plan{Load: Load{Workers: 3, Blocks: 2, Trace: "t"}}, true, 0, 1, 3, 0},
	} {
		p := &test.plan
		got := fmt.Sprint(p.openModel(), p.meanRate(), p.meanCalls(), p.Load.MostWorkers(), p.Load.window())
		if want := fmt.Sprint(test.open, test.rate, test.calls, test.most, test.window); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
