package workload

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/internal/precise"
	"sessbench/workload/wire"
)

// begun is an iteration that a worker of a test began.
type begun struct {
	worker int
	at     time.Duration // since the trial's beginning
	due    due
}

// drive has workers take what a trial's pacer gives, each for as long as service says, and returns it in the order of its beginning.
func drive(t *testing.T, ctx context.Context, g *pacing, block, workers int, lack chan<- struct{}, service func(worker int) time.Duration) ([]begun, pacer) {
	t.Helper()
	clock, sleeper := wire.NewClock(), precise.Sleeper{}
	length := g.extent(max(0, block))
	if block == warmupBlock {
		length = extent{window: time.Duration(g.plan.Load.Warmup)}
	}
	p := g.pacer(clock, &sleeper, 0, length, block, lack)
	var mutex sync.Mutex
	var list []begun
	var group sync.WaitGroup
	p.begin(workers, func(worker int) {
		group.Go(func() {
			for now := clock.Now(); ; now = clock.Now() {
				d, ok := p.next(ctx, worker, now)
				if !ok {
					return
				}
				mutex.Lock()
				list = append(list, begun{worker, clock.Now(), d})
				mutex.Unlock()
				time.Sleep(service(worker))
			}
		})
	})
	group.Wait()
	slices.SortStableFunc(list, func(a, b begun) int { return int(a.at - b.at) })
	return list, p
}

func pacingOf(t *testing.T, load Load, mix ...Operation) *pacing {
	t.Helper()
	if mix == nil {
		mix = []Operation{{Name: "get"}}
	}
	p := &Plan{Load: load, Mix: mix}
	if err := p.validateLoad(); err != nil {
		t.Fatal(err)
	}
	g, err := newPacing(p)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func each(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// With 100 arrivals a second and 25 ms of service, two workers are too few by half a worker; three are enough.
func TestIterationsThatNoWorkerWasFreeForAreMissed(t *testing.T) {
	for workers, want := range map[int]int64{1: 99, 2: 98, 3: 0} {
		synctest.Test(t, func(t *testing.T) {
			g := pacingOf(t, loadWith(func(l *Load) { l.Workers, l.Rate, l.Duration, l.Blocks = workers, 100, Duration(time.Second), 1 }))
			list, p := drive(t, t.Context(), g, 0, workers, nil, each(25*time.Millisecond))
			late := int64(0)
			for _, b := range list {
				if b.at > b.due.at+missTolerance {
					late++
				}
			}
			if len(list) != 100 || p.offered() != 100 || p.missed() != want || late != want {
				t.Errorf("%d workers: %d iterations of %d offered, %d missed and %d late; want 100 and %d", workers, len(list), p.offered(), p.missed(), late, want)
			}
		})
	}
}

// A wait for a worker that is shorter than the tolerance does not count.
func TestAWorkerThatComesAHairLateIsNotMissed(t *testing.T) {
	for service, want := range map[time.Duration]int64{10*time.Millisecond + 5*time.Microsecond: 0, 12 * time.Millisecond: 99} {
		synctest.Test(t, func(t *testing.T) {
			g := pacingOf(t, loadWith(func(l *Load) { l.Workers, l.Rate, l.Duration, l.Blocks = 1, 100, Duration(time.Second), 1 }))
			if _, p := drive(t, t.Context(), g, 0, 1, nil, each(service)); p.missed() != want {
				t.Errorf("service of %v: %d missed, want %d", service, p.missed(), want)
			}
		})
	}
}

// The signal comes with the iteration that takes the last free worker, and keeps nobody waiting.
func TestLackOfWorkersIsSignalled(t *testing.T) {
	for workers, want := range map[int]int{1: 1, 2: 1, 3: 0, 9: 0} {
		synctest.Test(t, func(t *testing.T) {
			lack := make(chan struct{}, 1)
			// Two are under way at most: a third worker is always free.
			g := pacingOf(t, loadWith(func(l *Load) { l.Workers, l.Rate, l.Duration, l.Blocks = workers, 100, Duration(time.Second), 1 }))
			list, _ := drive(t, t.Context(), g, 0, workers, lack, each(15*time.Millisecond))
			if len(list) != 100 || len(lack) != want {
				t.Errorf("%d workers: %d iterations, %d signals; want 100 and %d", workers, len(list), len(lack), want)
			}
		})
	}
}

func TestLackIsSignalledAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pacingOf(t, loadWith(func(l *Load) { l.Workers, l.Rate, l.Requests, l.Blocks = 2, 10, 3, 1 }))
		lack, sleeper := make(chan struct{}), precise.Sleeper{}
		p := g.pacer(wire.NewClock(), &sleeper, 0, g.extent(0), 0, lack)
		var signals []time.Duration
		start, done := time.Now(), make(chan struct{})
		go func() {
			defer close(done)
			for range lack {
				signals = append(signals, time.Since(start))
			}
		}()
		var workers sync.WaitGroup
		p.begin(2, func(worker int) {
			workers.Go(func() { p.next(t.Context(), worker, 0) }) // and is busy for ever
		})
		workers.Wait()
		close(lack)
		<-done
		if want := []time.Duration{100 * time.Millisecond}; !slices.Equal(signals, want) {
			t.Errorf("signals at %v, want %v", signals, want)
		}
	})
}

// Workers come and go as the level passes their numbers.
func TestStagesOfWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const service = 100 * time.Millisecond
		g := pacingOf(t, loadWith(func(l *Load) {
			l.Stages = []Stage{
				workerStage(4*time.Second, 4, Ramp), workerStage(time.Second, 4, Ramp), workerStage(time.Second, 1, Step),
				workerStage(time.Second, 3, Spike), workerStage(2*time.Second, 0, Ramp), workerStage(time.Second, 0, Ramp),
			}
		}))
		if begin, most := g.workers(); begin != 4 || most != 4 || g.extent(1) != (extent{window: 10 * time.Second}) {
			t.Fatalf("%d to %d workers for %+v, want 4 for 10 s", begin, most, g.extent(1))
		}
		start := time.Now()
		list, p := drive(t, t.Context(), g, 0, 4, nil, each(service))
		if took := time.Since(start); took != 10*time.Second || p.scheduled() || p.offered() != 0 || p.missed() != 0 {
			t.Errorf("it took %v, want 10 s", took)
		}
		var first, last, count [4]time.Duration
		var resumed time.Duration // of worker 2, after the pause
		for _, b := range list {
			if count[b.worker]++; count[b.worker] == 1 {
				first[b.worker] = b.at
			}
			if b.worker == 2 && b.at > 5*time.Second && resumed == 0 {
				resumed = b.at
			}
			last[b.worker] = b.at
			if got, want := g.stages()[b.due.stage].Stage, stageAt(b.at); got != want {
				t.Fatalf("at %v: stage %d, want %d", b.at, got, want)
			}
		}
		for worker, at := range first {
			if off := at - time.Duration(worker)*time.Second; off < 0 || off > time.Microsecond {
				t.Errorf("worker %d begins at %v", worker, at)
			}
		}
		if off := resumed - 6*time.Second; off < 0 || off > time.Microsecond {
			t.Errorf("worker 2 begins again at %v, want 6s", resumed)
		}
		// Worker 0 ends with the ramp down, 1 and 2 with the spike, 3 with the first fall.
		for worker, end := range []time.Duration{9 * time.Second, 7 * time.Second, 7 * time.Second, 5 * time.Second} {
			if last[worker] >= end || last[worker] < end-2*service {
				t.Errorf("worker %d begins last at %v, want just before %v", worker, last[worker], end)
			}
		}
	})
}

// stageAt is the stage of TestStagesOfWorkers that an instant is in.
func stageAt(at time.Duration) int {
	for i, end := range []time.Duration{4, 5, 6, 7, 9, 10} {
		if at < end*time.Second {
			return i
		}
	}
	return -1
}

// Workers that wait for the level to rise notice when the run ends.
func TestWaitingForALevelEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := pacingOf(t, loadWith(func(l *Load) { l.Stages = []Stage{workerStage(time.Hour, 2, Ramp)} }))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		list, _ := drive(t, ctx, g, 0, 2, nil, each(300*time.Millisecond))
		if took := time.Since(start); took > 1201*time.Millisecond || len(list) != 4 {
			t.Errorf("%d iterations in %v, want 4 until the one under way at 1 s has ended", len(list), took)
		}
	})
}

// A worker's items are the same in every arm, however fast it and the others are.
func TestItemsOfTheClosedModelAreTheWorkers(t *testing.T) {
	mix := []Operation{{Name: "a", Weight: 7}, {Name: "b", Weight: 2}, {Name: "c"}}
	sequences := func(load Load, block int, service func(int) time.Duration) [3][]int {
		var lists [3][]int
		synctest.Test(t, func(t *testing.T) {
			list, _ := drive(t, t.Context(), pacingOf(t, load, mix...), block, 3, nil, service)
			for _, b := range list {
				lists[b.worker] = append(lists[b.worker], b.due.item)
			}
		})
		return lists
	}
	uneven := func(worker int) time.Duration { return time.Duration(worker+1) * 3 * time.Millisecond }
	for name, load := range map[string]Load{
		"window": {Workers: 3, Duration: Duration(2 * time.Second), Blocks: 2, Seed: 5},
		"stages": {Blocks: 2, Seed: 5, Stages: []Stage{workerStage(time.Second, 3, Step)}},
	} {
		a, b, other := sequences(load, 0, each(4*time.Millisecond)), sequences(load, 0, uneven), sequences(load, 1, uneven)
		counts := [3]int{}
		for worker := range a {
			n := min(len(a[worker]), len(b[worker]), len(other[worker]))
			if n < 80 || !slices.Equal(a[worker][:n], b[worker][:n]) || slices.Equal(b[worker][:n], other[worker][:n]) {
				t.Errorf("%s: worker %d has %v, %v, and in another block %v", name, worker, a[worker], b[worker], other[worker])
			}
			for _, item := range a[worker] {
				counts[item]++
			}
		}
		if slices.Equal(a[0][:80], a[1][:80]) {
			t.Errorf("%s: two workers have the same items", name)
		}
		total := counts[0] + counts[1] + counts[2]
		for item, weight := range []int{7, 2, 1} { // within 4 standard deviations, the greatest of which is 0.46 of the root
			if off := 10*counts[item] - weight*total; off*off > 20*20*total {
				t.Errorf("%s: %v of %d iterations, want 7 to 2 to 1", name, counts, total)
			}
		}
	}
}

// Where iterations are counted, all arms make the same ones, however they are spread over the workers.
func TestItemsThatAreCountedAreTheTrials(t *testing.T) {
	const count = 600
	mix := []Operation{{Name: "a", Weight: 7}, {Name: "b", Weight: 2}, {Name: "c"}}
	items := func(block int, service func(int) time.Duration) (list [count]int) {
		synctest.Test(t, func(t *testing.T) {
			load := Load{Workers: 3, Requests: 2 * count, Blocks: 2, Seed: 5}
			all, _ := drive(t, t.Context(), pacingOf(t, load, mix...), block, 3, nil, service)
			for _, b := range all {
				list[b.due.number] = b.due.item
			}
			if len(all) != count {
				t.Errorf("%d iterations, want %d", len(all), count)
			}
		})
		return list
	}
	uneven := func(worker int) time.Duration { return time.Duration(worker+1) * 3 * time.Millisecond }
	a, b, other := items(0, each(time.Millisecond)), items(0, uneven), items(1, uneven)
	if a != b || b == other {
		t.Errorf("%v, %v, and in another block %v", a, b, other)
	}
	counts := [3]int{}
	for _, item := range a {
		counts[item]++
	}
	for item, weight := range []int{7, 2, 1} {
		if off := 10*counts[item] - weight*count; off*off > 20*20*count {
			t.Errorf("%v of %d iterations, want 7 to 2 to 1", counts, count)
		}
	}
}

func TestWithOneItemNothingIsDrawn(t *testing.T) {
	g := pacingOf(t, loadWith(func(l *Load) { l.Duration = 1 }))
	if d := g.draws(0); d != nil || d.item(5) != 0 {
		t.Errorf("%+v", d)
	}
}

// What a pacer costs an iteration; a closed one without a choice must not be seen.
func BenchmarkPacer(b *testing.B) {
	two := []Operation{{Name: "a"}, {Name: "b"}}
	for _, c := range []struct {
		name string
		load Load
		mix  []Operation
	}{
		{"window", Load{Workers: 1, Duration: Duration(time.Hour), Blocks: 1}, two[:1]},
		{"count", Load{Workers: 1, Requests: 1 << 60, Blocks: 1}, two[:1]},
		{"window, two items", Load{Workers: 1, Duration: Duration(time.Hour), Blocks: 1}, two},
		{"stages", Load{Blocks: 1, Stages: []Stage{workerStage(time.Hour, 5, Step)}}, two[:1]},
		{"open, behind", Load{Workers: 1, Rate: 1e7, Requests: 1 << 50, Blocks: 1}, two[:1]},
	} {
		b.Run(c.name, func(b *testing.B) {
			g, err := newPacing(&Plan{Load: c.load, Mix: c.mix})
			if err != nil {
				b.Fatal(err)
			}
			clock, sleeper := wire.NewClock(), precise.Sleeper{}
			p := g.pacer(clock, &sleeper, -time.Hour/2, extent{g.window, c.load.Requests}, 0, nil)
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := p.next(ctx, 0, 0); !ok {
					b.Fatal("there is no more")
				}
			}
		})
	}
}
