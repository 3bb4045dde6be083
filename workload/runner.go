package workload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sessbench/internal/precise"
	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// Options are what a run needs beside its plan.
type Options struct {
	UserAgent string               // sent unless the plan has its own
	Embedded  *Embedded            // the server of a plan without a target
	CPUTime   func() time.Duration // CPU time of this process so far; nil: not audited
	Ports     *PortFacts           // of this machine; nil: unknown
	Logger    *slog.Logger         // told what a user has to know at once; nil: nobody. It must not block: workers call it
}

// Embedded is the test server that was started for a plan without a target.
type Embedded struct {
	URL   string
	CAPEM []byte
}

// A Runner carries out one plan, once. Run is called by one goroutine; Progress
// by any.
type Runner struct {
	plan   *Plan
	pacing *pacing
	setup  *setup
	facts  *PortFacts
	logger *slog.Logger
	ports  *portWatch // from when the target was found
	audit  *auditor
	arms   []*armRun
	trials int // planned, warm-ups included

	clock   wire.Clock
	sleeper precise.Sleeper
	cancel  context.CancelFunc // ends the trial under way

	current atomic.Pointer[stage]
}

// An armRun is one arm's state over the run.
type armRun struct {
	arm     Arm
	policy  wire.Policy
	options wire.PoolOptions  // of the shared pool, or of each worker's
	request *session.Prepared // that its workers send
	pool    *wire.Pool        // shared by the workers; nil where each has its own
	workers []*worker
	trials  []stats.Trial
	opened  []int64 // sockets opened in each trial
	warmup  int64   // calls made before the first trial
	usage   usage

	portless atomic.Int64 // calls that found no local port, warm-up included

	peer   string // who is at the other end of connections: "server" or "proxy"
	dialed string // whom they are opened to: the same, or the proxy that has opened a tunnel
}

// A stage is the trial under way, for Progress.
type stage struct {
	arm      string
	warmup   bool
	block    int
	started  time.Duration
	length   time.Duration // planned; 0 when it is a count
	count    int64         // planned; 0 when it is a time
	done     int           // trials finished before this one
	recorder *stats.Recorder
}

// NewRunner checks the plan and reads the files that it names. A *KeyError says
// which key is wrong.
func NewRunner(plan *Plan, opts Options) (*Runner, error) {
	if err := plan.Validate(); err != nil {
		return nil, err
	}
	setup, err := newSetup(plan, opts)
	if err != nil {
		return nil, err
	}
	r := &Runner{plan: plan, setup: setup, facts: opts.Ports, logger: cmp.Or(opts.Logger, quiet()), audit: &auditor{cpuTime: opts.CPUTime}, sleeper: precise.Sleeper{Spin: precise.Spin}}
	if r.pacing, err = newPacing(plan); err != nil {
		return nil, err
	}
	for _, arm := range plan.Arms {
		policy, err := plan.policyFor(&arm)
		if err != nil {
			return nil, err
		}
		r.arms = append(r.arms, &armRun{
			arm: arm, policy: policy, options: arm.poolFor(&policy, plan.Load.Workers), request: setup.requestOf(&policy),
			peer: setup.peer(), dialed: setup.dialed(),
		})
	}
	r.trials = len(r.arms) * plan.Load.Blocks
	if plan.Load.Warmup > 0 {
		r.trials += len(r.arms)
	}
	return r, nil
}

// Run carries out the plan. A target that cannot be reached is an error, before
// any load. When ctx ends early the result holds the trials that had finished; where
// there is but one arm, also what was done of the trial under way, unless ctx has a
// cause that makes it worthless, such as the loss of the server.
// Where every call of an arm failed, both the result and an error are returned.
func (r *Runner) Run(ctx context.Context) (*result.Result, error) {
	began := time.Now()
	r.clock = wire.NewClock()
	load, cancel := context.WithCancel(ctx)
	defer cancel()
	r.cancel = cancel
	probe, err := r.probe(ctx)
	if err != nil {
		return nil, err
	}
	r.ports = r.watchPorts(probe.Addresses)
	r.ports.foresee(r.plan, plannedRates(r.plan, r.ports.policies))
	defer r.close()
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.runTrials(load); err != nil {
		return nil, err
	}
	res, err := r.assemble(probe, ctx.Err() != nil)
	if err != nil {
		return nil, err
	}
	res.Started, res.Finished = began, time.Now()
	return res, r.allFailed(res)
}

// open gives every arm its workers. Connections are opened by the first calls.
func (r *Runner) open() error {
	for _, a := range r.arms {
		if a.policy.SharedPool {
			a.pool = wire.NewPool(a.options)
		}
		for id := range r.plan.Load.Workers {
			pool := a.pool
			if pool == nil {
				pool = wire.NewPool(a.options)
			}
			client := wire.NewClient(r.clock, &r.setup.wire, a.policy, pool)
			s, err := r.setup.newSession(r.clock, client, r.plan.Load.Seed, id)
			if err != nil {
				return err
			}
			a.workers = append(a.workers, &worker{id: id, clock: r.clock, client: client, session: s, failed: r.failed(a)})
		}
	}
	return nil
}

// failed is what workers of an arm call after a call that failed.
func (r *Runner) failed(a *armRun) func(class string) {
	return func(class string) {
		if class == string(wire.ClassAddressExhausted) {
			a.portless.Add(1)
			r.ports.missed(a.arm.Name)
		}
	}
}

func (r *Runner) close() {
	r.sleeper.Close()
	for _, a := range r.arms {
		for _, w := range a.workers {
			w.client.Close()
		}
		if a.pool != nil {
			a.pool.Close()
		}
	}
}

// runTrials warms every arm up, then carries out the blocks, until ctx ends. The
// trial that was cut short is then left out where there are arms to compare, because a
// part of a block says more about one of them than about the other.
func (r *Runner) runTrials(ctx context.Context) error {
	load := r.plan.Load
	recorder := stats.NewRecorder(r.names(), 0, runtime.GOMAXPROCS(0))
	if load.Warmup > 0 {
		for _, a := range r.arms {
			length := extent{window: time.Duration(load.Warmup)}
			trial, err := r.runTrial(ctx, a, warmupBlock, 0, length, recorder)
			if err != nil {
				return err
			}
			a.warmup += trial.Total().Requests
		}
		if r.plan.meanRate() == 0 {
			r.ports.foresee(r.plan, measuredRates(r.arms, time.Duration(load.Warmup)))
		}
	}
	for block := range load.Blocks {
		for position, i := range order(load.Seed, block, len(r.arms)) {
			if ctx.Err() != nil {
				return nil
			}
			a := r.arms[i]
			before, opened := r.audit.read(), a.counts().Opened
			trial, err := r.runTrial(ctx, a, block, position, r.pacing.extent(block), recorder)
			if err != nil {
				return err
			}
			if ctx.Err() != nil && (len(r.arms) > 1 || trial.Total().Requests == 0 || context.Cause(ctx) != ctx.Err()) {
				return nil
			}
			trial.Window = min(trial.Window, trial.Elapsed) // less than planned where it was cut short
			a.usage.add(before, r.audit.read())
			a.trials = append(a.trials, trial)
			a.opened = append(a.opened, a.counts().Opened-opened)
		}
	}
	return nil
}

// warmupBlock is the block number of a warm-up; it has arrivals of its own.
const warmupBlock = -1

// runTrial carries out one trial of one arm. It returns after every worker has.
func (r *Runner) runTrial(ctx context.Context, a *armRun, block, position int, length extent, recorder *stats.Recorder) (stats.Trial, error) {
	recorder.Reset()
	trial := stats.Trial{Arm: a.arm.Name, Block: block, Position: position, Started: r.clock.Now(), Window: length.window}
	r.announce(&trial, length, recorder)
	p := r.pacing.pacer(r.clock, &r.sleeper, trial.Started, length, block, nil)
	// One context for the whole run: a new one for each trial would have to be watched
	// anew by every connection, inside the first call's time.
	var group errgroup.Group
	for _, w := range a.workers {
		group.Go(func() error {
			err := w.run(ctx, p, a.request, recorder)
			if err != nil {
				r.cancel() // a set-up fault: the other workers need not go on
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return trial, fmt.Errorf("arm %s: %w", a.arm.Name, err)
	}
	trial.Elapsed = r.clock.Now() - trial.Started
	for _, w := range a.workers {
		w.client.Rest() // the next arm's workers have use for what this takes
	}
	if p.scheduled() && ctx.Err() == nil && a.lastStarted()-trial.Started <= trial.Window {
		// Every call began in time. The last ones' service is no part of the offered time,
		// or short trials would seem to fall behind the rate.
		trial.Elapsed = trial.Window
	}
	trial.Offered = p.offered()
	recorder.Trial(&trial)
	return trial, nil
}

// order draws the order of the arms in a block from the seed.
func order(seed uint64, block, arms int) []int {
	return rand.New(rand.NewPCG(seed, orderStream+uint64(block))).Perm(arms)
}

func (r *Runner) names() []string {
	names := make([]string, len(r.plan.Mix))
	for i, o := range r.plan.Mix {
		names[i] = o.Name
	}
	return names
}

// lastStarted is when the arm's last call so far began.
func (a *armRun) lastStarted() time.Duration {
	var last time.Duration
	for _, w := range a.workers {
		last = max(last, w.call.Started)
	}
	return last
}

func (a *armRun) counts() wire.Counts {
	var sum wire.Counts
	for _, w := range a.workers {
		sum.Add(w.client.Counts())
	}
	return sum
}

// places is how many different servers the workers opened connections to, each on its own.
func (a *armRun) places() int64 {
	var n int64
	for _, w := range a.workers {
		n += int64(w.client.Places())
	}
	return n
}

// keptOpen is how many connections the arm has now.
func (a *armRun) keptOpen() int64 {
	var n int64
	for _, w := range a.workers {
		n += int64(w.client.Open())
	}
	return n
}

// allFailed is the error of a run in which an arm has nothing to show.
func (r *Runner) allFailed(res *result.Result) error {
	for _, a := range res.Arms {
		if a.Requests > 0 && a.Requests == a.Errors && a.ErrorClasses[string(wire.ClassAddressExhausted)] < a.Errors { // without ports it is invalid
			return fmt.Errorf("all %d calls of arm %s failed (%s)", a.Requests, a.Name, classList(a.ErrorClasses))
		}
	}
	if len(res.Arms) > 0 && res.Arms[0].Requests == 0 && !res.Interrupted {
		return errors.New("no call was made: no arrival fell into a trial; raise the rate or the duration")
	}
	return nil
}
