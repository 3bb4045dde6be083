package workload

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"sessbench/workload/script"
	"sessbench/workload/wire"
)

// begin gives the worker a new session and carries out its set-up, which is not measured. The error says which step of it failed; the
// worker has no session then.
func (w *worker) begin(ctx context.Context) error {
	made, err := w.arm.setup.newSession(w.clock, w.client, w.arm.seed, w.id)
	if err != nil {
		return err
	}
	w.session = made
	w.life.done = 0
	w.scope.Reset()
	w.scope.Session = w.life.begun.Load()
	if w.rows != nil {
		w.rows.begin(w.scope.Session)
	}
	w.seedSession()
	w.life.begun.Add(1)
	for i := range w.program.setup {
		s := &w.program.setup[i]
		err := w.unmeasured(ctx, s)
		w.life.setups.count(err)
		if err != nil {
			if i == 0 && errors.Is(err, script.ErrEnded) {
				w.life.begun.Add(-1) // there was nobody whose session it could have been
			}
			w.drop()
			return fmt.Errorf("set-up %q: %w", s.name, err)
		}
		if !w.think(ctx, s.think) {
			w.drop()
			return ctx.Err()
		}
	}
	return nil
}

// unmeasured carries out a step of a set-up or a teardown.
func (w *worker) unmeasured(ctx context.Context, s *step) error {
	ok, err := w.step(ctx, s, new(due), nil)
	switch {
	case err != nil:
		return err
	case ok:
		return nil
	case w.call.Class == string(wire.ClassCanceled):
		return context.Canceled
	case w.call.Err != nil:
		return w.call.Err
	}
	return w.disliked(s)
}

// disliked says what was wrong with an answer.
func (w *worker) disliked(s *step) error {
	if !s.expect.met(w.call.Status) {
		return fmt.Errorf("it was answered with status %d", w.call.Status)
	}
	return fmt.Errorf("the answer, status %d, did not pass a check, or lacked a value that is taken from it; look at it with sessbench try", w.call.Status)
}

// unmeasuredCounts count the calls of set-ups, or of teardowns.
type unmeasuredCounts struct{ calls, failures atomic.Int64 }

// count counts a call, unless it was not carried out because the load had ended.
func (c *unmeasuredCounts) count(err error) {
	if err != nil && (canceled(err) || errors.Is(err, script.ErrEnded)) {
		return
	}
	c.calls.Add(1)
	if err != nil {
		c.failures.Add(1)
	}
}

func canceled(err error) bool { return errors.Is(err, context.Canceled) }

// end takes leave and gives the session up: another user follows.
func (w *worker) end(ctx context.Context) {
	w.leave(ctx)
	w.drop()
}

// leave carries out the teardown of a session, which is not measured.
func (w *worker) leave(ctx context.Context) {
	if w.session == nil || ctx.Err() != nil {
		return
	}
	for i := range w.program.teardown {
		s := &w.program.teardown[i]
		err := w.unmeasured(ctx, s)
		w.life.teardowns.count(err)
		if err != nil {
			break
		}
		if !w.think(ctx, s.think) {
			break
		}
	}
}

// takeLeave ends all sessions at the end of a run. Their connections stay open: how many were kept is part of the result.
func (a *armRun) takeLeave(ctx context.Context) {
	if len(a.program.teardown) == 0 {
		return
	}
	var group errgroup.Group
	group.SetLimit(setupsAtATime)
	for _, w := range a.workers {
		group.Go(func() error { w.leave(ctx); return nil })
	}
	_ = group.Wait() // there are no errors
}

// drop gives the session up, with what it keeps.
func (w *worker) drop() {
	w.session = nil
	w.life.dropped.Add(1)
	w.client.Close()
	w.client.Forget()
}

// unbegun ends an iteration for which there is no session: it failed, unless the load is over.
func (w *worker) unbegun(ctx context.Context, d *due, err error, to *recording) (ended bool, fault error) {
	switch {
	case errors.Is(err, script.ErrEnded), ctx.Err() != nil:
		return true, nil
	case isA[*KeyError](err): // no session can be made
		return true, err
	}
	started := w.call.Started
	w.begun = started
	w.fill(d)
	w.sample.Operation, w.sample.Stage, w.sample.Class = w.program.items[d.item].steps[0].operation, d.stage, classSetup
	w.sample.Started, w.sample.Attempts, w.sample.Retries, w.sample.Status = started, 0, 0, 0
	to.calls.Record(w.id, &w.sample)
	if scenario := w.program.items[d.item].scenario; scenario >= 0 {
		w.recordScenario(scenario, w.sample.Intended, false, to.scenarios)
	}
	return false, nil
}
