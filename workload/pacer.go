package workload

import (
	"context"
	"math"
	"time"
)

// A pacer is a load model: it says when a worker's next call is due. All workers
// of a trial share one.
type pacer interface {
	// begin has the trial's workers started, from worker 0 on: in the closed model all at once, in the open one when there is something to
	// do for them. It is called once, before next. start must not wait, and is called until the last call of next has returned.
	begin(workers int, start func(worker int))
	// next returns when the worker's next iteration is due and of what, having waited for it, or false
	// when the trial has no more. worker is the worker's number in its arm, from 0; now is the instant at which it became
	// free, with all that it had to do done: by it is told whether the iteration was missed.
	next(ctx context.Context, worker int, now time.Duration) (due, bool)
	// offered is how many iterations have fallen due; only the open model counts them.
	offered() int64
	// missed is how many of them had to wait for a worker to become free.
	missed() int64
	// scheduled says whether calls fall due by the clock.
	scheduled() bool
	// end says when next has no more: from an instant on, noEnd where the clock does not decide, or when the channel is closed; nil:
	// it never is. A pause need not last longer.
	end() (at time.Duration, none <-chan struct{})
}

// noEnd is the end of what does not end by the clock.
const noEnd = time.Duration(math.MaxInt64)

// due is when an iteration was wanted, and of which item.
type due struct {
	at        time.Duration
	scheduled bool  // false: whenever the worker began it (closed model)
	item      int   // of the mix
	number    int64 // from 0: in its trial or, where own is, of the worker's there
	own       bool
	stage     int // stretch of the load (pacing.stages) in which it fell due or, in the closed model, began; 0: there is but one
}
