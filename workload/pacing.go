package workload

import (
	"time"

	"sessbench/internal/precise"
	"sessbench/workload/arrivals"
	"sessbench/workload/wire"
)

// A pacing is what a plan's load comes to: the same for every arm, so that all are offered the same.
type pacing struct {
	plan *Plan
}

// newPacing reads the trace, where the load has one. The error is a *KeyError.
func newPacing(p *Plan) (*pacing, error) { return &pacing{plan: p}, nil }

// stages is the profile of a load that changes, ramps cut into stretches; nil: it does not change.
func (g *pacing) stages() arrivals.Profile { return nil }

// open says whether the model is the open one.
func (g *pacing) open() bool { return g.plan.Load.Rate > 0 }

// workers is how many workers an arm begins with, and most how many there may be.
func (g *pacing) workers() (begin, most int) { return g.plan.Load.Workers, g.plan.Load.Workers }

// pacer returns the pacer of one trial, which its workers share. lack is signalled, without waiting for it to be taken, when an iteration
// was given to the last worker that was free; nil: nobody wants to know.
func (g *pacing) pacer(clock wire.Clock, sleeper *precise.Sleeper, start time.Duration, length extent, block int, lack chan<- struct{}) pacer {
	switch load := g.plan.Load; {
	case load.Rate > 0:
		return newOpen(clock, start, length.window, sleeper, newSchedule(load, length.window, length.count, block))
	case length.count > 0:
		p := &closedCount{}
		p.left.Store(length.count)
		return p
	default:
		return closedWindow{end: start + length.window}
	}
}

// An extent is how long a trial offers load.
type extent struct {
	window time.Duration // 0 in a closed model that ends by its count
	count  int64         // 0: as many iterations as the window holds
}

// extent returns the share of one block. A count that does not divide evenly gives
// its remainder to the first blocks, so that none is lost.
func (g *pacing) extent(block int) extent {
	l := &g.plan.Load
	if l.Requests == 0 {
		return extent{window: time.Duration(l.Duration) / time.Duration(l.Blocks)}
	}
	count := l.Requests / int64(l.Blocks)
	if int64(block) < l.Requests%int64(l.Blocks) {
		count++
	}
	e := extent{count: count}
	if l.Rate > 0 {
		e.window = time.Duration(float64(count) / l.Rate * float64(time.Second))
	}
	return e
}
