package workload

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"sessbench/workload/arrivals"
	"sessbench/workload/wire"
)

// closed is what the closed models have in common.
type closed struct{}

func (closed) begin(workers int, start func(worker int)) {
	for worker := range workers {
		start(worker)
	}
}

func (closed) offered() int64  { return 0 }
func (closed) missed() int64   { return 0 }
func (closed) scheduled() bool { return false }

// closedWindow is the closed model for a time: a worker's next call is due as
// soon as it is free, until the window ends.
type closedWindow struct {
	closed
	until time.Duration
	draws *draws
}

func (p closedWindow) next(ctx context.Context, worker int, now time.Duration) (due, bool) {
	if now >= p.until || ctx.Err() != nil {
		return due{}, false
	}
	return due{item: p.draws.item(worker), own: true}, true
}

func (p closedWindow) end() (time.Duration, <-chan struct{}) { return p.until, nil }

// closedCount is the closed model for a number of iterations. Every arm gets the same ones, whichever workers make them.
type closedCount struct {
	closed
	count int64
	left  atomic.Int64
	none  chan struct{} // closed when the last one was given
	draws *draws
}

func newClosedCount(count int64, draws *draws) *closedCount {
	p := &closedCount{count: count, none: make(chan struct{}), draws: draws}
	p.left.Store(count)
	return p
}

func (p *closedCount) next(ctx context.Context, worker int, _ time.Duration) (due, bool) {
	left := p.left.Add(-1)
	if left == 0 {
		close(p.none)
	}
	if left < 0 || ctx.Err() != nil {
		return due{}, false
	}
	number := p.count - left - 1
	return due{item: p.draws.numbered(worker, number), number: number}, true
}

func (p *closedCount) end() (time.Duration, <-chan struct{}) { return noEnd, p.none }

// closedStages is the closed model with a number of workers that changes: one whose number is not below the level waits until it is,
// or until the end. An iteration that was begun is carried out, wherever the level goes.
type closedStages struct {
	closed
	clock        wire.Clock
	start, until time.Duration
	levels       *arrivals.Timeline
	draws        *draws
}

func (p *closedStages) next(ctx context.Context, worker int, now time.Duration) (due, bool) {
	for ctx.Err() == nil && now < p.until {
		offset := now - p.start
		at, ok := p.levels.Above(float64(worker), offset)
		switch {
		case !ok:
			at = p.until - p.start
		case at <= offset:
			return due{item: p.draws.item(worker), own: true, stage: p.levels.Segment(offset)}, true
		}
		// All workers wait on their own, and none of them for an instant that is measured: Go's timers will do.
		if !sleepUntil(ctx, p.clock.Time(p.start+at)) {
			return due{}, false
		}
		now = p.clock.Now()
	}
	return due{}, false
}

func (p *closedStages) end() (time.Duration, <-chan struct{}) { return p.until, nil }

// sleepUntil returns true at t, to about a millisecond, and false when ctx has ended before.
func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// draws chooses items for the workers of a trial. Each has a random stream by the seed, the block and its number: the sequence is the
// same in every arm, however fast the others are. A worker uses its own alone.
type draws struct {
	choice  *arrivals.Choice
	seed    uint64 // of what is drawn by number
	streams []loneStream
	workers []*rand.Rand // of streams
}

// A loneStream has its memory to itself: streams next to each other would take the cache line from each other's processors.
type loneStream struct {
	rand.PCG
	_ [112]byte
}

func newDraws(choice *arrivals.Choice, seed uint64, block, workers int) *draws {
	d := &draws{
		choice: choice, seed: seed + blockStream(itemsStream, block, 0), streams: make([]loneStream, workers), workers: make([]*rand.Rand, workers),
	}
	for i := range d.streams {
		d.streams[i].Seed(seed, blockStream(itemsStream, block, i))
		d.workers[i] = rand.New(&d.streams[i])
	}
	return d
}

// item returns the worker's next item. Without draws it is the only one there is.
func (d *draws) item(worker int) int {
	if d == nil {
		return 0
	}
	return d.choice.Draw(d.workers[worker])
}

// numbered returns the item with a number, for a worker.
func (d *draws) numbered(worker int, number int64) int {
	if d == nil {
		return 0
	}
	seedValues(&d.streams[worker].PCG, d.seed, 0, number)
	return d.item(worker)
}
