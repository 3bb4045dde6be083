package workload

import (
	"math/rand/v2"
	"time"

	"sessbench/internal/precise"
	"sessbench/workload/arrivals"
	"sessbench/workload/wire"
)

// A pacing is what a plan's load comes to: the same for every arm, so that all are offered the same. It is not changed once it was
// made; its pacers are.
//
// The warm-up of a load that changes is at the first level of its stages that is above 0, that of a trace its beginning.
type pacing struct {
	plan   *Plan
	open   bool
	choice *arrivals.Choice // of items; nil: there is one, or each has arrivals of its own

	cut          arrivals.Profile // of stages: ramps in stretches; nil: the load does not change
	blocks       *arrivals.Process
	warmup       *arrivals.Process // both nil in the closed model, and for a trace
	levels       *arrivals.Timeline
	warmupLevels *arrivals.Timeline // both nil unless stages are of workers
	trace        *arrivals.Trace    // nil: there is none
	window       time.Duration      // of each block; 0: by the count
	turn         *turn              // of the open model: one for all trials, which follow one another
}

// newPacing reads the trace, where the load has one. The error is a *KeyError.
func newPacing(p *Plan) (*pacing, error) {
	l := &p.Load
	g := &pacing{plan: p, open: p.openModel(), window: l.window()}
	if g.open {
		g.turn = newTurn(l.MostWorkers())
	}
	if !hasRates(p.Mix) {
		g.choice = arrivals.NewChoice(weights(p.Mix))
	}
	if len(l.Stages) > 0 {
		g.cut = l.profile().Cut(stretches, shortestStretch)
	}
	switch {
	case l.workerStages():
		g.levels = arrivals.NewTimeline(g.cut)
		g.warmupLevels = arrivals.NewTimeline(level(l.firstLevel(), time.Duration(l.Warmup)))
	case l.Trace != "":
		var err error
		if g.trace, err = readTrace(l.Trace, p.Mix); err != nil {
			return nil, err
		}
		if g.window = g.trace.Length(); g.window > longestRun/time.Duration(l.Blocks) {
			return nil, loadProblem("trace", "lasts %v; all blocks together must be at most %v", g.window, longestRun)
		}
	case l.rateStages():
		g.blocks, g.warmup = p.process(g.cut), p.process(level(l.firstLevel(), time.Duration(l.Warmup)))
	case g.open:
		rate := p.meanRate()
		g.blocks, g.warmup = p.process(level(rate, g.window)), p.process(level(rate, time.Duration(l.Warmup)))
	}
	return g, nil
}

// level is the profile of one level.
func level(level float64, length time.Duration) arrivals.Profile {
	return arrivals.Profile{{From: level, To: level, Length: length}}
}

// weights are those of the items of a mix.
func weights(mix []Operation) []int {
	list := make([]int, len(mix))
	for i := range mix {
		list[i] = max(1, mix[i].Weight)
	}
	return list
}

// process makes arrivals at a rate of the items of the mix.
func (p *Plan) process(rate arrivals.Profile) *arrivals.Process {
	s := arrivals.Settings{Rate: rate, Poisson: p.Load.Arrivals == Poisson, Seed: p.Load.Seed, Stream: arrivalsStream}
	if !hasRates(p.Mix) {
		s.Weights = weights(p.Mix)
		return arrivals.New(s)
	}
	for i := range p.Mix {
		s.Rates = append(s.Rates, p.Mix[i].Rate)
	}
	return arrivals.New(s)
}

// stages is the profile of a load that changes, ramps cut into stretches; nil: it does not change. A due's stage is the number of its
// segment in it.
func (g *pacing) stages() arrivals.Profile { return g.cut }

// workers is how many workers an arm begins with, and most how many there may be. Where stages say how many work, all are there from the
// beginning, and those that are too many wait.
func (g *pacing) workers() (begin, most int) {
	most = g.plan.Load.MostWorkers()
	if g.levels != nil {
		return most, most
	}
	return g.plan.Load.Workers, most
}

// meanRate is how many iterations per second the open model offers over a block, 0 in the closed model and where all fall due at once.
func (g *pacing) meanRate() float64 {
	if g.trace == nil {
		return g.plan.meanRate()
	}
	return perSecond(int64(g.trace.Len()), g.window)
}

// pacer returns the pacer of one trial, which its workers share. lack is signalled, without waiting for it to be taken, when an iteration
// was given to the last worker that was free; nil: nobody wants to know.
func (g *pacing) pacer(clock wire.Clock, sleeper *precise.Sleeper, start time.Duration, length extent, block int, lack chan<- struct{}) pacer {
	switch {
	case g.open:
		return &open{clock: clock, start: start, window: length.window, sleeper: sleeper, turn: g.turn, source: g.source(length, block), lack: lack}
	case g.levels != nil:
		p := &closedStages{clock: clock, start: start, until: start + length.window, levels: g.levels, draws: g.draws(block)}
		if block == warmupBlock {
			p.levels = g.warmupLevels
		}
		return p
	case length.count > 0:
		return newClosedCount(length.count, g.draws(block))
	default:
		return closedWindow{until: start + length.window, draws: g.draws(block)}
	}
}

// source returns the arrivals of one trial, the same for every arm.
func (g *pacing) source(length extent, block int) arrivals.Source {
	switch {
	case g.trace != nil:
		until := length.window
		if block != warmupBlock {
			until = 0
		}
		random := rand.New(rand.NewPCG(g.plan.Load.Seed, blockStream(traceStream, block, 0)))
		return g.trace.Source(until, g.choice, random)
	case block == warmupBlock:
		return g.warmup.Source(block, 0, 0)
	default:
		return g.blocks.Source(block, g.countBefore(block), length.count)
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
	if g.plan.Load.Requests == 0 {
		return extent{window: g.window}
	}
	e := extent{count: g.countBefore(block+1) - g.countBefore(block)}
	if g.open {
		e.window = time.Duration(float64(e.count) / g.plan.meanRate() * float64(time.Second))
	}
	return e
}

// countBefore is how many iterations the blocks before one have, where they are counted.
func (g *pacing) countBefore(block int) int64 {
	each, more := g.plan.Load.Requests/int64(g.plan.Load.Blocks), g.plan.Load.Requests%int64(g.plan.Load.Blocks)
	return int64(block)*each + min(int64(block), more)
}

// draws chooses the items of the closed model's workers in one trial.
func (g *pacing) draws(block int) *draws {
	if g.choice == nil {
		return nil
	}
	return newDraws(g.choice, g.plan.Load.Seed, block, g.plan.Load.MostWorkers())
}
