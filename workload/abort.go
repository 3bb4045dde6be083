package workload

import (
	"slices"
	"time"

	"sessbench/result"
	"sessbench/stats"
)

// lookEvery is how often thresholds that end a run early are looked at within a trial.
const lookEvery = time.Second

// abortsEarly says whether the plan has thresholds that end a run.
func (p *Plan) abortsEarly() bool {
	return slices.ContainsFunc(p.Thresholds, func(t Threshold) bool { return t.AbortEarly })
}

// look ends the load where a threshold is not met by what was measured so far, the trial under way of an arm included; nil: there is
// none. It is called by one goroutine at a time.
func (r *Runner) look(under *armRun, trial, scenarios *stats.Trial) {
	if !r.plan.abortsEarly() {
		return
	}
	if broken, ok := r.plan.broken(r.sofar(under, trial, scenarios)); ok {
		r.aborted = broken
		r.cancel()
	}
}

// sofar is as much of the result as thresholds can ask for while load is offered.
func (r *Runner) sofar(under *armRun, trial, scenarios *stats.Trial) *result.Result {
	res := &result.Result{Schema: result.Schema}
	for i, a := range r.arms {
		m := a.measurements
		if a == under && trial != nil {
			m = m.with(*trial, *scenarios)
		}
		res.Arms = append(res.Arms, a.measured(&m, r.pacing.stages(), r.pacing.open))
		if i > 0 && len(a.trials) > 0 {
			res.Comparisons = append(res.Comparisons, stats.Compare(r.arms[0].trials, a.trials, stats.CompareOptions{Seed: r.plan.Load.Seed, Paired: true})...)
		}
	}
	return res
}

// watch looks every second at what a trial has come to, until it is over.
func (c *crew) watch(trial stats.Trial) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.over:
			return nil
		case <-c.ctx.Done():
			return nil
		case <-tick.C:
		}
		now, scenarios := trial, stats.Trial{}
		now.Elapsed = c.runner.clock.Now() - trial.Started
		now.Window = min(now.Window, now.Elapsed)
		c.to.calls.Trial(&now)
		if c.to.scenarios != nil {
			c.to.scenarios.Trial(&scenarios)
		}
		c.runner.look(c.arm, &now, &scenarios)
	}
}
