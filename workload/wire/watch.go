package wire

import (
	"context"
	"sync/atomic"
	"time"
)

// A watch ends blocked calls when a context does. There is one for a Client and context,
// not one for a call: workers call with the same context all along, and a
// context.AfterFunc for each call would cost allocations and a lock.
type watch struct {
	ctx   context.Context
	done  <-chan struct{}
	fired atomic.Bool
	cur   atomic.Pointer[sock] // what the Client is using, or used last
	stop  func() bool
}

func newWatch(ctx context.Context) *watch {
	w := &watch{ctx: ctx, done: ctx.Done()}
	if w.done == nil {
		w.stop = func() bool { return true }
	} else {
		w.stop = context.AfterFunc(ctx, w.fire)
	}
	return w
}

// fire runs in a goroutine of its own. A connection that has meanwhile gone on to other use
// takes the deadline for a false alarm.
func (w *watch) fire() {
	w.fired.Store(true)
	if s := w.cur.Load(); s != nil {
		_ = s.raw.SetDeadline(time.Unix(1, 0))
	}
}

// over points the watch at s, whose raw is set and stays. The caller then asks s.canceled.
func (w *watch) over(s *sock) {
	if w.cur.Load() != s {
		w.cur.Store(s)
	}
}
