package workload

import (
	"fmt"
	"time"

	"sessbench/workload/arrivals"
)

// openModel says whether iterations fall due by the clock: by a rate of the load, of its stages or of operations, or by a trace.
func (p *Plan) openModel() bool {
	return p.Load.Rate > 0 || p.Load.Trace != "" || p.Load.rateStages() || hasRates(p.Mix)
}

// meanRate is how many iterations per second the open model offers over a block. It is 0 in the closed model, and for a trace, whose
// file only a pacing has read.
func (p *Plan) meanRate() float64 {
	switch l := &p.Load; {
	case l.rateStages():
		profile := l.profile()
		return profile.Integral() / profile.Length().Seconds()
	case hasRates(p.Mix):
		sum := 0.0
		for i := range p.Mix {
			sum += p.Mix[i].Rate
		}
		return sum
	default:
		return l.Rate
	}
}

// meanCalls is how many calls an iteration of the mix is, in the mean: a scenario's as many as it has steps, if all succeed.
func (p *Plan) meanCalls() float64 {
	var calls, shares float64
	for i := range p.Mix {
		o := &p.Mix[i]
		share := float64(max(1, o.Weight))
		if o.Rate > 0 {
			share = o.Rate
		}
		calls += share * float64(max(1, len(o.Steps)))
		shares += share
	}
	if shares == 0 {
		return 1
	}
	return calls / shares
}

// hasRates says whether items of a mix have rates of their own.
func hasRates(mix []Operation) bool {
	for i := range mix {
		if mix[i].Rate != 0 {
			return true
		}
	}
	return false
}

// rateStages and workerStages say what the load's stages are of; both are false where there are none.
func (l *Load) rateStages() bool   { return len(l.Stages) > 0 && l.Stages[0].Rate != nil }
func (l *Load) workerStages() bool { return len(l.Stages) > 0 && l.Stages[0].Workers != nil }

// level is the rate or the number of workers that the stage leads to.
func (s *Stage) level() float64 {
	switch {
	case s.Rate != nil:
		return *s.Rate
	case s.Workers != nil:
		return float64(*s.Workers)
	}
	return 0
}

// profile is what the stages come to: a segment for each of them.
func (l *Load) profile() arrivals.Profile {
	var p arrivals.Profile
	before := 0.0
	for i := range l.Stages {
		s := &l.Stages[i]
		segment := arrivals.Segment{From: s.level(), To: s.level(), Length: time.Duration(s.Duration), Stage: i}
		if s.Shape == "" || s.Shape == Ramp {
			segment.From = before
		}
		if s.Shape != Spike {
			before = segment.To
		}
		p = append(p, segment)
	}
	return p
}

// firstLevel is the level of the first stage that has one above 0.
func (l *Load) firstLevel() float64 {
	for i := range l.Stages {
		if level := l.Stages[i].level(); level > 0 {
			return level
		}
	}
	return 0
}

// window is how long a block offers load. It is 0 where a count ends it, and for a trace, whose file only a pacing has read.
func (l *Load) window() time.Duration {
	if len(l.Stages) > 0 {
		return l.profile().Length()
	}
	return time.Duration(l.Duration) / time.Duration(l.Blocks)
}

// MostWorkers is how many workers an arm may have at the same time: MaxWorkers where more are added to the first ones, and the highest
// level of stages of workers.
func (l *Load) MostWorkers() int {
	if !l.workerStages() {
		return max(l.Workers, l.MaxWorkers)
	}
	most := 0
	for _, s := range l.Stages {
		if s.Workers != nil {
			most = max(most, *s.Workers)
		}
	}
	return most
}

// Ramps are cut into stretches, so that a report can show response times against the rates that a ramp goes through.
const (
	stretches       = 5
	shortestStretch = 100 * time.Millisecond // in shorter ones there is little to see
)

// A loadProblem makes the errors of a load's keys.
func loadProblem(key, format string, args ...any) error {
	return &KeyError{"load." + key, fmt.Sprintf(format, args...)}
}
