package workload

import (
	"errors"
	"fmt"
	"time"
)

// Bounds of a load: far more than is of use, and as little as keeps sums, times and memory in bounds.
const (
	// Every trial's histograms are kept, and drawn thousands of times for the intervals.
	maxBlocks  = 10_000
	maxWorkers = 100_000
	maxStages  = 10_000
	// More than a run of longestRun can make at maxRate, by far less than what a count of all arms and blocks can hold.
	maxRequests = 1_000_000_000_000_000
	maxRate     = 1e7 // iterations per second
)

// longestRun keeps times of a run, some of which are drawn and may be a multiple of it,
// within what a time.Duration can hold.
const longestRun = 1000 * 24 * time.Hour

// Bounds of what is no part of the load: nobody means more, and sums of a few of them stay far from what a number can hold.
const (
	longestTime = longestRun
	mostCount   = 1_000_000_000
)

// validateLoad looks at the load and at the rates of the mix.
func (p *Plan) validateLoad() error {
	l := &p.Load
	open := p.openModel() || p.Load.Rate != 0 // a rate that is wrong is one
	return errors.Join(
		l.validateWorkers(open),
		l.validateEnd(),
		l.validateRate(),
		p.validateMixRates(),
		p.validateLength(),
		l.validateArrivals(open),
		l.validateStages(),
		l.validateWarmup(),
		l.validateBlocks(),
	)
}

func (l *Load) validateWorkers(open bool) error {
	var workers, most error
	switch {
	case l.Workers < 1 && !l.workerStages():
		workers = loadProblem("workers", "is %d; it must be at least 1", l.Workers)
	case l.Workers > maxWorkers:
		workers = loadProblem("workers", "is %d; it must be at most %d", l.Workers, maxWorkers)
	}
	switch {
	case l.MaxWorkers == 0:
	case l.MaxWorkers < 0 || l.MaxWorkers > maxWorkers:
		most = loadProblem("max_workers", "is %d; it must be from 1 to %d, or left out", l.MaxWorkers, maxWorkers)
	case !open:
		most = loadProblem("max_workers", "is given without a rate; leave it out, or give a load.rate, as only calls that fall due by the clock can lack a worker")
	case workers == nil && l.MaxWorkers < l.Workers:
		most = loadProblem("max_workers", "is %d, below load.workers, which is %d; raise it, or begin with fewer", l.MaxWorkers, l.Workers)
	}
	return errors.Join(workers, most)
}

// validateEnd wants one thing that ends the run, and no more.
func (l *Load) validateEnd() error {
	for _, ends := range []struct {
		key   string
		given bool
	}{{"stages", len(l.Stages) > 0}, {"trace", l.Trace != ""}} {
		switch {
		case !ends.given:
		case l.Duration != 0 && l.Requests != 0:
			return loadProblem(ends.key, "and load.duration and load.requests are given; every block has all of the %s, so leave both out", ends.key)
		case l.Duration != 0:
			return loadProblem(ends.key, "and load.duration are both given; every block takes as long as the %s, so leave the duration out", ends.key)
		case l.Requests != 0:
			return loadProblem(ends.key, "and load.requests are both given; every block has all of the %s, so leave the requests out", ends.key)
		default:
			return nil
		}
	}
	var requests, both, duration error
	if l.Requests < 0 || l.Requests > maxRequests {
		requests = loadProblem("requests", "is %d; it must be from 1 to %d", l.Requests, int64(maxRequests))
	}
	if l.Requests != 0 && l.Duration != 0 {
		both = loadProblem("requests", "and load.duration are both given; a run ends by one of them")
	}
	switch {
	case l.Requests == 0 && l.Duration <= 0, l.Duration < 0:
		duration = loadProblem("duration", "is %v; it must be longer than 0", time.Duration(l.Duration))
	case time.Duration(l.Duration) > longestRun:
		duration = loadProblem("duration", "is %v; it must be at most %v", time.Duration(l.Duration), longestRun)
	}
	return errors.Join(requests, both, duration)
}

// validateLength looks at how long a number of requests takes.
func (p *Plan) validateLength() error {
	if p.Load.Requests <= 0 || len(p.Load.Stages) > 0 {
		return nil
	}
	if rate := p.meanRate(); rate > 0 && float64(p.Load.Requests)/rate > longestRun.Seconds() {
		return loadProblem("requests", "are %d, which at %v per second take more than %.0f days; make fewer, or raise the rate", p.Load.Requests, rate, longestRun.Hours()/24)
	}
	return nil
}

func (l *Load) validateRate() error {
	var value, beside error
	if !(l.Rate >= 0) || l.Rate > maxRate {
		value = loadProblem("rate", "is %v; it must be above 0 and at most 10,000,000 per second", l.Rate)
	}
	switch {
	case l.Rate != 0 && len(l.Stages) > 0:
		beside = loadProblem("rate", "and load.stages are both given; leave one out, the stages say the rate or the workers themselves")
	case l.Rate != 0 && l.Trace != "":
		beside = loadProblem("rate", "and load.trace are both given; leave one out, the trace says when calls fall due")
	}
	var trace error
	if l.Trace != "" && len(l.Stages) > 0 {
		trace = loadProblem("trace", "and load.stages are both given; leave one out, both say when calls fall due")
	}
	return errors.Join(value, beside, trace)
}

func (l *Load) validateArrivals(open bool) error {
	if l.Arrivals == "" {
		return nil
	}
	var value, beside error
	if l.Arrivals != Constant && l.Arrivals != Poisson {
		value = loadProblem("arrivals", "is %q; use constant or poisson", l.Arrivals)
	}
	switch {
	case l.Trace != "":
		beside = loadProblem("arrivals", "and load.trace are both given; leave one out, the trace says when calls fall due")
	case !open:
		beside = loadProblem("arrivals", "is %s, but nothing falls due by the clock; give a load.rate too, or leave it out", l.Arrivals)
	}
	return errors.Join(value, beside)
}

// validateMixRates wants all items to have a rate of their own, or none.
func (p *Plan) validateMixRates() error {
	if !hasRates(p.Mix) {
		return nil
	}
	var problems []error
	sum := 0.0
	for i := range p.Mix {
		key, rate := fmt.Sprintf("mix[%d].rate", i), p.Mix[i].Rate
		add := func(format string, args ...any) {
			problems = append(problems, &KeyError{key, fmt.Sprintf(format, args...)})
		}
		switch {
		case rate == 0:
			add("is missing, though other operations have one; give it too, or weights and a load.rate to all")
			continue
		case !(rate > 0) || rate > maxRate:
			add("is %v; it must be above 0 and at most 10,000,000 per second", rate)
		case sum <= maxRate && sum+rate > maxRate:
			add("makes the rates add up to %v; they must be at most 10,000,000 per second together", sum+rate)
			sum += rate
		default:
			sum += rate
		}
		if beside := p.besideRate(i); beside != "" {
			add("and %s are both given; leave one out, as each says how often the operation falls due", beside)
		}
	}
	return errors.Join(problems...)
}

// besideRate is the key of what contradicts the rate of an item of the mix: its own weight, or, for the first item with a rate, what
// the load says.
func (p *Plan) besideRate(i int) string {
	l := &p.Load
	switch {
	case p.Mix[i].Weight != 0:
		return fmt.Sprintf("mix[%d].weight", i)
	case hasRates(p.Mix[:i]): // said of that one
		return ""
	case l.Rate != 0:
		return "load.rate"
	case len(l.Stages) > 0:
		return "load.stages"
	case l.Trace != "":
		return "load.trace"
	}
	return ""
}

func (l *Load) validateStages() error {
	if len(l.Stages) == 0 {
		return nil
	}
	if len(l.Stages) > maxStages {
		return loadProblem("stages", "are %d; there can be at most %d", len(l.Stages), maxStages)
	}
	var problems []error
	var length time.Duration
	for i := range l.Stages {
		problems = append(problems, l.Stages[i].validate(fmt.Sprintf("stages[%d]", i), &l.Stages[0]))
		length = min(length+min(time.Duration(l.Stages[i].Duration), longestRun), 2*longestRun)
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	switch {
	case l.firstLevel() == 0:
		return loadProblem("stages", "are all at 0; lead one of them to a level above it")
	case length > longestRun/time.Duration(max(1, l.Blocks)):
		return loadProblem("stages", "take too long; all blocks together must be at most %v", longestRun)
	}
	return nil
}

func (s *Stage) validate(key string, first *Stage) error {
	var length, shape error
	switch {
	case s.Duration == 0:
		length = loadProblem(key+".duration", "is missing; say how long the stage takes, as in 30s")
	case s.Duration < 0 || time.Duration(s.Duration) > longestRun:
		length = loadProblem(key+".duration", "is %v; it must be longer than 0 and at most %v", time.Duration(s.Duration), longestRun)
	}
	if s.Shape != "" && s.Shape != Ramp && s.Shape != Step && s.Shape != Spike {
		shape = loadProblem(key+".shape", "is %q; use ramp, step or spike; a stage that leads to the level before it holds that", s.Shape)
	}
	return errors.Join(length, s.validateLevel(key, first), shape)
}

// validateLevel wants either a rate or a number of workers, as the first stage has.
func (s *Stage) validateLevel(key string, first *Stage) error {
	var kind, rate, workers error
	switch {
	case s.Rate == nil && s.Workers == nil:
		kind = loadProblem(key, "has neither a rate nor workers; give the one that it leads to")
	case s.Rate != nil && s.Workers != nil:
		kind = loadProblem(key, "has both a rate and workers; give one of them, the same in all stages")
	case first.Rate != nil && s.Rate == nil:
		kind = loadProblem(key+".workers", "is given where load.stages[0] has a rate; all stages are of rates, or all of workers")
	case first.Rate == nil && s.Rate != nil && first.Workers != nil:
		kind = loadProblem(key+".rate", "is given where load.stages[0] has workers; all stages are of rates, or all of workers")
	}
	if s.Rate != nil && (!(*s.Rate >= 0) || *s.Rate > maxRate) {
		rate = loadProblem(key+".rate", "is %v; it must be from 0 to 10,000,000 per second", *s.Rate)
	}
	if s.Workers != nil && (*s.Workers < 0 || *s.Workers > maxWorkers) {
		workers = loadProblem(key+".workers", "is %d; it must be from 0 to %d", *s.Workers, maxWorkers)
	}
	return errors.Join(kind, rate, workers)
}

func (l *Load) validateWarmup() error {
	switch {
	case l.Warmup < 0:
		return loadProblem("warmup", "is %v; use 0 for none", time.Duration(l.Warmup))
	case time.Duration(l.Warmup) > longestRun:
		return loadProblem("warmup", "is %v; it must be at most %v", time.Duration(l.Warmup), longestRun)
	}
	return nil
}

func (l *Load) validateBlocks() error {
	switch {
	case l.Blocks < 1:
		return loadProblem("blocks", "is %d; it must be at least 1", l.Blocks)
	case l.Blocks > maxBlocks:
		return loadProblem("blocks", "is %d; it must be at most %d", l.Blocks, maxBlocks)
	case l.Requests > 0 && l.Requests < int64(l.Blocks):
		return loadProblem("blocks", "is %d but each arm has only %d requests; every block needs at least one", l.Blocks, l.Requests)
	}
	return nil
}
