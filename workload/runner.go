package workload

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"sessbench/internal/precise"
	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload/wire"
)

// Options are what a run needs beside its plan.
type Options struct {
	UserAgent   string               // sent unless the plan has its own
	Embedded    *Embedded            // the server of a plan without a target
	CPUTime     func() time.Duration // CPU time of this process so far; nil: not audited
	Ports       *PortFacts           // of this machine; nil: unknown
	Logger      *slog.Logger         // told what a user has to know at once; nil: nobody. It must not block: workers call it
	Environment *Environment         // what of the plan came from there; nil: nothing
	Only        []string             // operations, scenarios and steps ("scenario/step") of the mix that Try is to carry out; nil: all. For Try alone
}

// Embedded is the test server that was started for a plan without a target.
type Embedded struct {
	URL   string
	CAPEM []byte
}

// A Runner carries out one plan, once. Run is called by one goroutine; Progress
// by any.
type Runner struct {
	plan        *Plan
	environment *Environment
	pacing      *pacing
	setup       *setup
	facts       *PortFacts
	logger      *slog.Logger
	ports       *portWatch // from when the target was found
	audit       *auditor
	arms        []*armRun
	trials      int // planned, warm-ups included
	aborted     int // threshold that ended the run; -1: none did

	clock   wire.Clock
	sleeper precise.Sleeper
	cancel  context.CancelFunc // ends the trial under way

	current atomic.Pointer[stage]
}

// An armRun is one arm's state over the run.
type armRun struct {
	arm     Arm
	policy  wire.Policy
	options wire.PoolOptions // of the shared pool, or of each worker's
	setup   *setup
	program *program // that its workers carry out
	seed    uint64
	most    int        // workers that there may be
	pool    *wire.Pool // shared by the workers; nil where each has its own
	workers []*worker
	cursors []*cursor    // by feed
	serial  atomic.Int64 // of sequence
	// What workers call: one function for all of them, not one for each.
	sequence func() int64       // script.Scope.Sequence
	failed   func(class string) // after a call that failed
	usage    usage

	measurements
	checks []checkCounts // of the trials, by program.checks
	opened []int64       // sockets opened in each trial
	missed int64         // iterations that fell due while no worker was free
	warmup int64         // calls made before the first trial

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
	r := &Runner{aborted: -1, plan: plan, environment: opts.Environment, setup: setup, facts: opts.Ports, logger: cmp.Or(opts.Logger, quiet()), audit: &auditor{cpuTime: opts.CPUTime}, sleeper: precise.Sleeper{Spin: precise.Spin}}
	if r.pacing, err = newPacing(plan); err != nil {
		return nil, err
	}
	_, most := r.pacing.workers()
	for _, arm := range plan.Arms {
		policy, err := plan.policyFor(&arm)
		if err != nil {
			return nil, err
		}
		own := setup.of(&arm)
		program := own.programOf(&policy)
		a := &armRun{
			arm: arm, policy: policy, options: arm.poolFor(&policy, most), setup: own, program: program, seed: plan.Load.Seed, most: most,
			checks:  make([]checkCounts, len(program.checks)),
			cursors: newCursors(setup.feeds), peer: own.peer(), dialed: own.dialed(),
		}
		a.sequence, a.failed = func() int64 { return a.serial.Add(1) }, r.failed(a)
		r.arms = append(r.arms, a)
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
	offer := r.pacing.offer()
	r.ports.foresee(r.plan, offer, plannedRates(r.plan, offer, r.ports.policies))
	defer r.close()
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.runTrials(load); err != nil {
		return nil, err
	}
	for _, a := range r.arms {
		a.takeLeave(ctx) // users log out of a load that ended early, too
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
		begin, _ := r.pacing.workers()
		for range begin {
			a.workers = append(a.workers, r.newWorker(a, len(a.workers)))
		}
	}
	return nil
}

// newWorker makes a worker, which has no session yet.
func (r *Runner) newWorker(a *armRun, id int) *worker {
	pool := a.pool
	if pool == nil {
		pool = wire.NewPool(a.options)
	}
	w := &worker{
		id: id, clock: r.clock, client: wire.NewClient(r.clock, &a.setup.wire, a.policy, pool),
		arm: a, program: a.program, source: new(rand.PCG), checks: make([]outcomes, len(a.program.checks)),
		life: life{every: r.plan.Session.RenewEvery},
	}
	w.random = rand.New(w.source)
	w.scope = a.program.names.NewScope()
	w.scope.Worker, w.scope.Random, w.scope.Sequence = id, w.random, a.sequence
	if len(a.cursors) > 0 {
		w.rows = newRows(a.cursors, w.random, id, a.most)
		w.scope.Feeds = w.rows
	}
	return w
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

// order draws the order of the arms in a block from the seed.
func order(seed uint64, block, arms int) []int {
	return rand.New(rand.NewPCG(seed, orderStream+uint64(block))).Perm(arms)
}

// lastBegun is when the arm's last iteration so far began.
func (a *armRun) lastBegun() time.Duration {
	var last time.Duration
	for _, w := range a.workers {
		last = max(last, w.begun)
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
		if feed := r.feedEnded(); feed != "" {
			return fmt.Errorf("no call was made: the feed %s has too few rows; give it one for every set-up and iteration, or let it begin again (end: wrap)", feed)
		}
		return errNoIteration
	}
	return nil
}
