package workload

import (
	"context"
	"sync/atomic"
	"time"

	"sessbench/internal/precise"
	"sessbench/workload/arrivals"
	"sessbench/workload/wire"
)

// open is the open model: calls fall due by a schedule, whatever the server does.
//
// Workers take turns: the one that holds the turn waits for the next arrival,
// passes the turn on, and carries the call out. So one goroutine at most waits
// for the clock, the next is woken well before its time, and no arrival is ever
// dropped: while no worker is free the turn waits, and the calls that fell due
// meanwhile are late, which is measured.
type open struct {
	clock   wire.Clock
	start   time.Duration
	window  time.Duration    // the trial lasts no shorter, or its rate would be higher than offered
	sleeper *precise.Sleeper // used by the holder of the turn; time.Sleep would be late by up to a millisecond
	turn    *turn
	source  arrivals.Source // used by the holder of the turn
	lack    chan<- struct{} // nil: nobody wants to know

	given atomic.Int64
	late  atomic.Int64 // of these, for want of a worker
}

// missTolerance is how long an iteration may have waited for a worker without being counted as missed: as much as the
// machine's own doings may make of a worker that came at the right time.
const missTolerance = time.Millisecond

func (p *open) begin(workers int, start func(worker int)) { p.turn.begin(workers, start) }

func (p *open) next(ctx context.Context, worker int, now time.Duration) (due, bool) {
	p.turn.take(worker, now)
	d, ok := p.arrival(ctx)
	others := p.turn.pass(ok)
	if p.lack != nil && ok && others == 0 {
		select {
		case p.lack <- struct{}{}:
		default:
		}
	}
	return d, ok
}

// arrival waits for the next one, for the holder of the turn.
func (p *open) arrival(ctx context.Context) (due, bool) {
	if ctx.Err() != nil {
		return due{}, false
	}
	a, ok := p.source.Next()
	if !ok {
		p.until(ctx, p.start+p.window)
		return due{}, false
	}
	at := p.start + a.At
	if err := p.until(ctx, at); err != nil {
		return due{}, false
	}
	number := p.given.Add(1) - 1
	if p.turn.since() > at+missTolerance {
		p.late.Add(1)
	}
	return due{at: at, scheduled: true, item: a.Item, number: number, stage: a.Stage}, true
}

func (p *open) until(ctx context.Context, at time.Duration) error {
	if at <= p.clock.Now() {
		return nil
	}
	return p.sleeper.Until(ctx, p.clock.Time(at))
}

func (p *open) offered() int64  { return p.given.Load() }
func (p *open) missed() int64   { return p.late.Load() }
func (p *open) scheduled() bool { return true }

func (p *open) end() (time.Duration, <-chan struct{}) { return noEnd, nil }
