package workload

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"sessbench/stats"
	"sessbench/workload/script"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// A worker owns one session at a time, and with it its connections, for an arm's whole
// life: what it keeps open outlasts the trials.
type worker struct {
	id      int
	clock   wire.Clock
	client  *wire.Client
	session *session.Session // nil: the next iteration begins with a new one
	call    session.Call
	sample  stats.Sample

	arm     *armRun
	program *program
	scope   *script.Scope
	rows    *rows // nil: there are no feeds
	source  *rand.PCG
	random  *rand.Rand // of source
	looked  looked
	checks  []outcomes // by program.checks
	pause   *time.Timer
	begun   time.Duration // when its last iteration's first call began
	life    life
}

// outcomes count what came of a check. The worker counts; any goroutine may read.
type outcomes struct{ passed, failed atomic.Int64 }

// A recording is what the calls of a trial are recorded by.
type recording struct {
	block     int // of the trial
	calls     *stats.Recorder
	scenarios *stats.Recorder // nil: there are none
}

// run is the worker loop, the only one: whatever the load model, it takes what
// the pacer gives, carries it out and records it. It returns when the pacer has
// no more, when a feed has, or when a set-up fault makes going on pointless.
func (w *worker) run(ctx context.Context, p pacer, to *recording) error {
	now := w.clock.Now()
	for number := int64(0); ; number++ {
		d, ok := p.next(ctx, w.id, now)
		if !ok {
			return nil
		}
		if d.own {
			d.number = number
		}
		ended, err := w.iterate(ctx, &d, to)
		if ended || err != nil {
			return err
		}
		now = w.call.Finished
		if w.life.every > 0 || !d.scheduled && w.program.items[d.item].after() != nil {
			if !w.afterwards(ctx, &d, p) {
				return nil
			}
			now = w.clock.Now()
		}
	}
}

// iterate carries out one item of the mix. ended says that the worker's load is over. Thousands of workers wait below this: what it
// and those it calls have on their stacks decides how large these are.
func (w *worker) iterate(ctx context.Context, d *due, to *recording) (ended bool, err error) {
	if w.session == nil {
		if err := w.begin(ctx); err != nil {
			return w.unbegun(ctx, d, err, to)
		}
	}
	w.seedIteration(to.block, d)
	if w.rows != nil {
		w.rows.iterate()
	}
	if it := &w.program.items[d.item]; it.scenario >= 0 {
		err = w.scenario(ctx, it, d, to)
	} else {
		_, err = w.step(ctx, &it.steps[0], d, to.calls)
		w.begun = w.call.Started
	}
	w.scope.Iteration++
	switch {
	case errors.Is(err, script.ErrEnded), err == nil && w.call.Class == string(wire.ClassCanceled):
		return true, nil
	}
	return err != nil, err
}

// scenario carries out the steps of one, until one fails, and records the iteration. What ends the load is not recorded.
func (w *worker) scenario(ctx context.Context, it *item, d *due, to *recording) error {
	first := *d
	var begun time.Duration
	for i := range it.steps {
		s := &it.steps[i]
		ok, err := w.step(ctx, s, &first, to.calls)
		if i == 0 {
			begun, w.begun = w.sample.Intended, w.call.Started
		}
		if err != nil || w.call.Class == string(wire.ClassCanceled) {
			return err
		}
		if last := i == len(it.steps)-1; !ok || last {
			w.recordScenario(it.scenario, begun, ok && last, to.scenarios)
			return nil
		}
		if !w.think(ctx, s.think) {
			w.call.Class = string(wire.ClassCanceled)
			return nil
		}
		first.scheduled = false // later steps follow the one before
	}
	return nil
}

// step carries out one call and records it; ok says that it succeeded. The error is script.ErrEnded, or a set-up fault. What
// cannot be rendered fails without having begun.
func (w *worker) step(ctx context.Context, s *step, d *due, recorder *stats.Recorder) (ok bool, err error) {
	p, once, err := s.rendering.request(w.session, w.scope)
	switch {
	case err != nil:
		w.unsent(err)
	case once:
		w.session.MeasureOnce(ctx, p, &w.call)
	default:
		w.session.Measure(ctx, p, &w.call)
	}
	switch {
	case w.call.Class == string(wire.ClassCanceled):
		return false, nil
	case err != nil && errors.Is(err, script.ErrEnded):
		return false, script.ErrEnded
	case s.rendering.fixed != nil && w.call.Err != nil && setUpFault(&w.call): // what is filled in may be right the next time
		return false, w.call.Err
	}
	class := w.judge(s)
	if class != "" {
		w.arm.failed(class)
	}
	if s.operation < 0 {
		return class == "", nil
	}
	w.fill(d)
	w.sample.Operation, w.sample.Stage, w.sample.Class = s.operation, d.stage, class
	recorder.Record(w.id, &w.sample)
	return class == "", nil
}

// unsent makes the call one that failed without having begun.
func (w *worker) unsent(err error) {
	now := w.clock.Now()
	w.call = session.Call{Started: now, Finished: now, Err: err, Class: classRender}
}

// judge returns the class of the call's error, or "": the call's own, then that of its status, of a check, of an extraction.
func (w *worker) judge(s *step) string {
	if w.call.Class != "" {
		return w.call.Class
	}
	class := ""
	if !s.expect.met(w.call.Status) {
		class = classStatus
	}
	if s.looks {
		class = w.look(s, class)
	}
	return class
}

// look counts what checks say of the response and takes values from it. It returns class, or that of the first thing that is wrong where
// class is "".
func (w *worker) look(s *step, class string) string {
	w.looked = looked{w.session.Last(), w.call.Finished - w.call.Started}
	w.scope.Look(&w.looked)
	for _, c := range s.checks {
		passed, err := c.Holds(w.scope)
		if passed = passed && err == nil; !passed && class == "" {
			class = classCheck
		}
		if c.index >= 0 {
			w.checks[c.index].count(passed)
		}
	}
	for _, x := range s.extractors {
		if err := x.Take(w.scope); err != nil && class == "" {
			class = classExtract
		}
	}
	w.scope.Look(nil)
	return class
}

func (o *outcomes) count(passed bool) {
	if passed {
		o.passed.Add(1)
	} else {
		o.failed.Add(1)
	}
}

// after is the pause after the item; nil: there is none.
func (it *item) after() *Think { return it.steps[len(it.steps)-1].think }

// afterwards is what follows an iteration: the pause, where the next one is not due by the clock, and the end of a session that has had
// its iterations. The pause lasts to the load's end at most. It reports whether the worker goes on.
func (w *worker) afterwards(ctx context.Context, d *due, p pacer) bool {
	if t := w.program.items[d.item].after(); t != nil && !d.scheduled {
		end, none := p.end()
		if !w.rest(ctx, min(t.draw(w.random), end-w.clock.Now()), none) {
			return false
		}
	}
	if w.life.every > 0 {
		if w.life.done++; w.life.done >= w.life.every {
			w.end(ctx)
			return w.renew(ctx, p)
		}
	}
	return ctx.Err() == nil
}

// renew sets the next session up, unless the load is over. That takes the worker's own time: were it begun when its first iteration is
// due, its set-up would make that one late. Where it fails, that iteration tries again. It reports whether the worker goes on.
func (w *worker) renew(ctx context.Context, p pacer) bool {
	if len(w.program.setup) == 0 {
		return ctx.Err() == nil // it is begun when there is something to do, at no cost
	}
	end, none := p.end()
	select {
	case <-none:
		return ctx.Err() == nil
	default:
	}
	if w.clock.Now() >= end {
		return ctx.Err() == nil
	}
	return !errors.Is(w.begin(ctx), script.ErrEnded) && ctx.Err() == nil
}

// think makes a pause, nil for none, and reports whether ctx let it end.
func (w *worker) think(ctx context.Context, t *Think) bool {
	return t == nil || w.rest(ctx, t.draw(w.random), nil)
}

// rest waits, until the channel is closed at most, and reports whether ctx let it.
func (w *worker) rest(ctx context.Context, d time.Duration, until <-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	if w.pause == nil {
		w.pause = time.NewTimer(d)
	} else {
		w.pause.Reset(d)
	}
	select {
	case <-w.pause.C:
		return true
	case <-until:
		w.pause.Stop()
		return true
	case <-ctx.Done():
		w.pause.Stop()
		return false
	}
}

// setUpFault reports whether a call failed because of what we wanted to send: the next ones would, too.
func setUpFault(c *session.Call) bool {
	if c.Attempts > 0 {
		return false
	}
	switch session.KindOf(c.Err) {
	case session.ErrInvalidArgument, session.ErrInvalidHeader, session.ErrInvalidURL, session.ErrInvalidProxyURL,
		session.ErrMissingScheme, session.ErrInvalidScheme, session.ErrInvalidJSON, session.ErrUnrewindable, session.ErrConcurrentUse:
		return true
	}
	return false
}

// fill makes the sample of the call just carried out.
func (w *worker) fill(d *due) {
	c, s := &w.call, &w.sample
	s.Intended, s.Started, s.Finished = d.at, c.Started, c.Finished
	if !d.scheduled || d.at > c.Started {
		s.Intended = c.Started
	}
	s.Phases = [stats.NumPhases]time.Duration{
		stats.Acquire: c.Phases.Acquire,
		stats.DNS:     c.Phases.DNS,
		stats.Connect: c.Phases.Connect,
		stats.TLS:     c.Phases.TLS,
		stats.Send:    c.Phases.Send,
		stats.Wait:    c.Phases.Wait,
		stats.Receive: c.Phases.Receive,
		stats.Backoff: c.Backoff,
	}
	s.Reused, s.Attempts, s.Retries, s.Redirects = c.Reused, c.Attempts, c.Retries, c.Redirects
	s.Status, s.BytesIn, s.BytesOut = c.Status, c.BytesIn, c.BytesOut
}

// recordScenario records an iteration of a scenario that began at an instant and ended with the call just carried out.
func (w *worker) recordScenario(scenario int, begun time.Duration, completed bool, recorder *stats.Recorder) {
	s := stats.Sample{Operation: scenario, Intended: begun, Started: begun, Finished: w.call.Finished}
	if !completed {
		s.Class = classAbandoned
	}
	recorder.Record(w.id, &s)
}

// A life is what a worker's sessions come to. It belongs to the worker; any goroutine may read the counts.
type life struct {
	every int64 // iterations of each; 0: without end
	done  int64 // of the present one

	begun, dropped    atomic.Int64
	setups, teardowns unmeasuredCounts
}
