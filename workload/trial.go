package workload

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sessbench/stats"
	"sessbench/workload/script"
)

// newRecording returns what all trials are recorded by, one after the other.
func (r *Runner) newRecording() *recording {
	shards := runtime.GOMAXPROCS(0)
	to := &recording{calls: stats.NewRecorder(r.setup.program.recorded, len(r.pacing.stages()), shards)}
	if scenarios := r.setup.program.scenarios; len(scenarios) > 0 {
		to.scenarios = stats.NewRecorder(scenarios, 0, shards)
	}
	return to
}

func (to *recording) reset() {
	to.calls.Reset()
	if to.scenarios != nil {
		to.scenarios.Reset()
	}
}

// runTrials warms every arm up, then carries out the blocks, until ctx ends or a feed does. The
// trial that was cut short is then left out where there are arms to compare, because a
// part of a block says more about one of them than about the other.
func (r *Runner) runTrials(ctx context.Context) error {
	load := r.plan.Load
	to := r.newRecording()
	if load.Warmup > 0 {
		if err := r.warmUp(ctx, to); err != nil {
			return err
		}
	}
	for block := range load.Blocks {
		for position, i := range order(load.Seed, block, len(r.arms)) {
			if ctx.Err() != nil {
				return nil
			}
			if done, err := r.measure(ctx, r.arms[i], block, position, to); done || err != nil {
				return err
			}
		}
		if r.feedEnded() != "" {
			return nil // the other arms have had as much of it
		}
	}
	return nil
}

func (r *Runner) warmUp(ctx context.Context, to *recording) error {
	for _, a := range r.arms {
		length := extent{window: time.Duration(r.plan.Load.Warmup)}
		trial, _, err := r.runTrial(ctx, a, warmupBlock, 0, length, to)
		if err != nil {
			return err
		}
		a.warmup += trial.Requests()
		a.takeChecks(false)
	}
	if !r.pacing.open {
		r.ports.foresee(r.plan, r.pacing.offer(), measuredRates(r.arms, time.Duration(r.plan.Load.Warmup)))
	}
	return nil
}

// measure carries out a trial and keeps what came of it; done says that the run is over.
func (r *Runner) measure(ctx context.Context, a *armRun, block, position int, to *recording) (done bool, err error) {
	before, opened, missed := r.audit.read(), a.counts().Opened, a.missed
	trial, scenarios, err := r.runTrial(ctx, a, block, position, r.pacing.extent(block), to)
	if err != nil {
		return true, err
	}
	if ctx.Err() != nil && (len(r.arms) > 1 || trial.Requests() == 0 || context.Cause(ctx) != ctx.Err()) {
		a.takeChecks(false)
		a.missed = missed
		return true, nil
	}
	a.takeChecks(true)
	trial.Window = min(trial.Window, trial.Elapsed) // less than planned where it was cut short
	a.usage.add(before, r.audit.read())
	a.measurements = a.with(trial, scenarios)
	a.opened = append(a.opened, a.counts().Opened-opened)
	r.look(nil, nil, nil)
	return false, nil
}

// warmupBlock is the block number of a warm-up; it has arrivals of its own.
const warmupBlock = -1

// runTrial carries out one trial of one arm. It returns after every worker has.
func (r *Runner) runTrial(ctx context.Context, a *armRun, block, position int, length extent, to *recording) (trial, scenarios stats.Trial, err error) {
	if err := a.beginSessions(ctx); err != nil {
		return trial, scenarios, fmt.Errorf("arm %s: %w", a.arm.Name, err)
	}
	to.reset()
	to.block = block
	trial = stats.Trial{Arm: a.arm.Name, Block: block, Position: position, Started: r.clock.Now(), Window: length.window}
	r.announce(&trial, length, to.calls)
	crew := r.newCrew(ctx, a, to)
	p := r.pacing.pacer(r.clock, &r.sleeper, trial.Started, length, block, crew.lack)
	if err := crew.work(p, trial); err != nil {
		return trial, scenarios, fmt.Errorf("arm %s: %w", a.arm.Name, err)
	}
	trial.Elapsed = r.clock.Now() - trial.Started
	for _, w := range a.workers {
		w.client.Rest() // the next arm's workers have use for what this takes
	}
	if p.scheduled() && ctx.Err() == nil && a.feedEnded() == "" && a.lastBegun()-trial.Started <= trial.Window {
		// Every iteration began in time. What the last ones took, pauses and later steps included, is no part of the
		// offered time, or short trials would seem to fall behind the rate.
		trial.Elapsed = trial.Window
	}
	trial.Offered = p.offered()
	if block != warmupBlock {
		a.missed += p.missed()
	}
	to.calls.Trial(&trial)
	if to.scenarios != nil {
		to.scenarios.Trial(&scenarios)
	}
	return trial, scenarios, nil
}

// setupsAtATime is how many sessions are set up at the same time before a trial: a thousand log-ins at once are a load that
// nobody asked for.
const setupsAtATime = 32

// beginSessions gives the workers that have none a session, before the clock of a trial starts. Only a worker's first session has to
// succeed: what fails later, or finds a feed at its end, is tried again by the worker's next iteration, which then fails or ends the
// worker's load.
func (a *armRun) beginSessions(ctx context.Context) error {
	if len(a.program.setup) == 0 {
		return nil // each worker begins its own, at no cost
	}
	var group errgroup.Group
	group.SetLimit(setupsAtATime)
	for _, w := range a.workers {
		if w.session != nil || ctx.Err() != nil {
			continue
		}
		group.Go(func() error {
			err := w.begin(ctx)
			later := w.life.begun.Load() > 1
			if ctx.Err() != nil || errors.Is(err, script.ErrEnded) || later && !isA[*KeyError](err) {
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// A crew is the workers of one trial: those that the arm has, and those that join while none is free.
type crew struct {
	runner *Runner
	arm    *armRun
	ctx    context.Context
	to     *recording
	lack   chan struct{} // told by the pacer when a worker is wanted; nil: none may join

	group  errgroup.Group
	joined []*worker
	over   chan struct{} // closed when a worker found that there is no more to do
	once   sync.Once
}

func (r *Runner) newCrew(ctx context.Context, a *armRun, to *recording) *crew {
	c := &crew{runner: r, arm: a, ctx: ctx, to: to, over: make(chan struct{})}
	if len(a.workers) < a.most && r.plan.Load.MaxWorkers > 0 {
		c.lack = make(chan struct{}, 1)
	}
	return c
}

// work returns after every worker has.
func (c *crew) work(p pacer, trial stats.Trial) error {
	begun := c.arm.workers
	p.begin(len(begun), func(worker int) { c.start(begun[worker], p) })
	if c.lack != nil {
		c.group.Go(func() error { return c.hire(p) })
	}
	if c.runner.plan.abortsEarly() && trial.Block != warmupBlock && len(c.runner.arms) == 1 {
		c.group.Go(func() error { return c.watch(trial) })
	}
	err := c.group.Wait()
	c.arm.workers = append(c.arm.workers, c.joined...)
	return err
}

// start has a worker work. One context serves for the whole run: a new one for each trial would have to be watched
// anew by every connection, inside the first call's time.
func (c *crew) start(w *worker, p pacer) {
	c.group.Go(func() error {
		err := w.run(c.ctx, p, c.to)
		c.once.Do(func() { close(c.over) })
		if err != nil {
			c.runner.cancel() // a set-up fault: the other workers need not go on
		}
		return err
	})
}

// hire adds workers until there are as many as may be, or nothing is left to do. A new session's set-up may take its time; the worker
// joins when it is done.
func (c *crew) hire(p pacer) error {
	for len(c.arm.workers)+len(c.joined) < c.arm.most {
		select {
		case <-c.over:
			return nil
		case <-c.lack:
		}
		w := c.runner.newWorker(c.arm, len(c.arm.workers)+len(c.joined))
		if len(c.arm.program.setup) > 0 {
			_ = w.begin(c.ctx) // without a session its first iteration tries again
		}
		c.joined = append(c.joined, w)
		c.start(w, p)
	}
	return nil
}

// feedEnded names a feed that had no further row, or is "".
func (r *Runner) feedEnded() string {
	for _, a := range r.arms {
		if name := a.feedEnded(); name != "" {
			return name
		}
	}
	return ""
}

func (a *armRun) feedEnded() string {
	for _, c := range a.cursors {
		if c.ended.Load() {
			return c.name
		}
	}
	return ""
}

var errNoIteration = errors.New("no call was made: no arrival fell into a trial; raise the rate or the duration")
