package workload

import (
	"context"
	"sync/atomic"
	"time"

	"sessbench/internal/precise"
	"sessbench/workload/wire"
)

// A pacer is a load model: it says when a worker's next call is due. All workers
// of a trial share one.
type pacer interface {
	// next returns when the worker's next iteration is due and of what, having waited for it, or false
	// when the trial has no more. worker is the worker's number in its arm, from 0; now is the instant at which it became
	// free.
	next(ctx context.Context, worker int, now time.Duration) (due, bool)
	// offered is how many iterations have fallen due; only the open model counts them.
	offered() int64
	// missed is how many of them had to wait for a worker to become free.
	missed() int64
	// scheduled says whether calls fall due by the clock.
	scheduled() bool
}

// due is when an iteration was wanted, and of which item.
type due struct {
	at        time.Duration
	scheduled bool // false: whenever the worker began it (closed model)
	item      int  // of the mix
	stage     int  // of the load, from 0
}

// closedWindow is the closed model for a time: a worker's next call is due as
// soon as it is free, until the window ends.
type closedWindow struct{ end time.Duration }

func (p closedWindow) next(ctx context.Context, _ int, now time.Duration) (due, bool) {
	return due{}, now < p.end && ctx.Err() == nil
}

func (p closedWindow) offered() int64  { return 0 }
func (p closedWindow) missed() int64   { return 0 }
func (p closedWindow) scheduled() bool { return false }

// closedCount is the closed model for a number of calls.
type closedCount struct{ left atomic.Int64 }

func (p *closedCount) next(ctx context.Context, _ int, now time.Duration) (due, bool) {
	return due{}, p.left.Add(-1) >= 0 && ctx.Err() == nil
}

func (p *closedCount) offered() int64  { return 0 }
func (p *closedCount) missed() int64   { return 0 }
func (p *closedCount) scheduled() bool { return false }

// open is the open model: calls fall due by a schedule, whatever the server does.
//
// Workers take turns: the one that holds the turn waits for the next arrival,
// passes the turn on, and carries the call out. So one goroutine at most waits
// for the clock, the next is woken well before its time, and no arrival is ever
// dropped: while no worker is free the turn waits, and the calls that fell due
// meanwhile are late, which is measured.
type open struct {
	clock    wire.Clock
	start    time.Duration
	window   time.Duration    // the trial lasts no shorter, or its rate would be higher than offered
	sleeper  *precise.Sleeper // used by the holder of the turn; time.Sleep would be late by up to a millisecond
	turn     chan struct{}    // holds one token; a mutex would stop virtual time in tests
	schedule *schedule        // used by the holder of the turn
	given    atomic.Int64
}

func newOpen(clock wire.Clock, start, window time.Duration, sleeper *precise.Sleeper, s *schedule) *open {
	p := &open{clock: clock, start: start, window: window, sleeper: sleeper, turn: make(chan struct{}, 1), schedule: s}
	p.turn <- struct{}{}
	return p
}

func (p *open) next(ctx context.Context, _ int, _ time.Duration) (due, bool) {
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	if ctx.Err() != nil {
		return due{}, false
	}
	offset, ok := p.schedule.next()
	if !ok {
		p.until(ctx, p.start+p.window)
		return due{}, false
	}
	at := p.start + offset
	if err := p.until(ctx, at); err != nil {
		return due{}, false
	}
	p.given.Add(1)
	return due{at: at, scheduled: true}, true
}

func (p *open) until(ctx context.Context, at time.Duration) error {
	if at <= p.clock.Now() {
		return nil
	}
	return p.sleeper.Until(ctx, p.clock.Time(at))
}

func (p *open) offered() int64  { return p.given.Load() }
func (p *open) missed() int64   { return 0 }
func (p *open) scheduled() bool { return true }
