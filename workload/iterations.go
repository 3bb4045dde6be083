package workload

import (
	"fmt"
	"time"

	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload/arrivals"
)

// checkCounts are how often a check was passed and failed.
type checkCounts struct{ passed, failed int64 }

// takeChecks takes over what came of the checks of a trial that has ended, or forgets it with a trial that is left out.
func (a *armRun) takeChecks(keep bool) {
	for _, w := range a.workers {
		for i := range w.checks {
			passed, failed := w.checks[i].passed.Swap(0), w.checks[i].failed.Swap(0)
			if keep {
				a.checks[i].passed += passed
				a.checks[i].failed += failed
			}
		}
	}
}

// addChecks enters what came of the checks of each operation, those of a trial under way included.
func (a *armRun) addChecks(arm *result.Arm) {
	if len(arm.Operations) == 0 {
		return // nothing was measured
	}
	for i, c := range a.program.checks {
		check := result.Check{Name: c.name, Passed: a.checks[i].passed, Failed: a.checks[i].failed}
		for _, w := range a.workers {
			check.Passed += w.checks[i].passed.Load()
			check.Failed += w.checks[i].failed.Load()
		}
		o := &arm.Operations[c.operation]
		o.Checks = append(o.Checks, check)
	}
}

// scenarioResults sums up the iterations of scenarios.
func scenarioResults(tallies []stats.Tally) []result.Scenario {
	var list []result.Scenario
	for _, t := range tallies {
		list = append(list, result.Scenario{
			Name: t.Name, Begun: t.Requests, Completed: t.Requests - t.Errors, Time: stats.SummarizeWithoutHistogram(t.Response),
		})
	}
	return list
}

// iterationRate is how many iterations were begun per second: what is offered, where calls may be several to each.
func (a *armRun) iterationRate(n *result.Arm) float64 {
	if n.Seconds == 0 || n.OfferedRate == 0 {
		return 0
	}
	begun := int64(0)
	for i := range a.program.items {
		if first := a.program.items[i].steps[0].operation; first < len(n.Operations) {
			begun += n.Operations[first].Requests
		}
	}
	return float64(begun) / n.Seconds
}

// sessions is what became of the workers' sessions.
func (a *armRun) sessions() result.Sessions {
	s := result.Sessions{Workers: int64(len(a.workers)), Missed: a.missed}
	for _, w := range a.workers {
		s.Begun += w.life.begun.Load()
		s.SetupRequests += w.life.setups.calls.Load()
		s.SetupFailures += w.life.setups.failures.Load()
		s.TeardownRequests += w.life.teardowns.calls.Load()
		s.TeardownFailures += w.life.teardowns.failures.Load()
	}
	return s
}

// stageResults sums up the stretches of a load that changes; open says that their levels are rates.
func stageResults(trials []stats.Trial, profile arrivals.Profile, open bool) []result.Stage {
	if len(profile) == 0 || len(trials) == 0 {
		return nil
	}
	list := make([]result.Stage, len(profile))
	var start time.Duration
	for i, stretch := range profile {
		s := &list[i]
		s.Stage, s.From, s.To, s.Start, s.Seconds = stretch.Stage, stretch.From, stretch.To, start.Seconds(), stretch.Length.Seconds()
		start += stretch.Length
		var response stats.Distribution
		for _, t := range trials {
			if i < len(t.Stages) {
				s.Requests += t.Stages[i].Requests
				s.Errors += t.Stages[i].Errors
				response = response.Merge(t.Stages[i].Response)
			}
		}
		s.AchievedRate = perSecond(s.Requests, stretch.Length*time.Duration(len(trials)))
		if open {
			s.OfferedRate = (stretch.From + stretch.To) / 2
		}
		s.ResponseTime = stats.SummarizeWithoutHistogram(response)
	}
	return list
}

// iterationDoubts are warnings about iterations and sessions.
func (a *armRun) iterationDoubts(n *result.Arm) []result.Warning {
	var list []result.Warning
	offered := int64(0)
	for _, t := range a.trials {
		offered += t.Offered
	}
	// A feed's end cut the last trial short, with iterations that had fallen due and found no row.
	if achieved := a.iterationRate(n); a.feedEnded() == "" && n.OfferedRate > 0 && achieved < overloadShare*n.OfferedRate {
		list = append(list, a.doubt("overloaded",
			fmt.Sprintf("%.0f iterations a second were offered and %.0f achieved; the rest waited, which the response time counts", n.OfferedRate, achieved),
			"raise --workers if calls wait for a free worker, or lower --rate to what the target can do"))
	}
	s := &n.Sessions
	if share := float64(s.Missed) / float64(max(1, offered)); share > missedShare {
		list = append(list, a.exhausted(s, offered))
	}
	if s.SetupFailures > 0 {
		list = append(list, a.doubt("setup_failed",
			fmt.Sprintf("%d of %d sessions could not be set up; their iterations failed (class setup)", s.SetupFailures, s.Begun),
			"look at the set-up's exchanges with sessbench try"))
	}
	if s.TeardownFailures > 0 {
		list = append(list, a.doubt("teardown_failed", fmt.Sprintf("%d of %d teardowns failed", s.TeardownFailures, s.Begun),
			"look at the teardown's exchanges with sessbench try"))
	}
	for _, c := range a.cursors {
		if c.ended.Load() {
			list = append(list, a.doubt("feed_ended",
				fmt.Sprintf("the feed %s had no further row, which ended the load", c.name), "give it more rows, or let it begin again (end: wrap)"))
		}
	}
	return list
}

// exhausted says that iterations waited for workers.
func (a *armRun) exhausted(s *result.Sessions, offered int64) result.Warning {
	const detail = "%d of %d iterations fell due while %s were busy; they began late, which the response time counts"
	if s.Workers < int64(a.most) {
		return a.doubt("workers_exhausted", fmt.Sprintf(detail, s.Missed, offered, fmt.Sprintf("all workers that had joined, in the end %d,", s.Workers)),
			"begin with more --workers: they join only when none is free")
	}
	return a.doubt("workers_exhausted", fmt.Sprintf(detail, s.Missed, offered, fmt.Sprintf("all %d workers", s.Workers)),
		"raise --workers, or max_workers in the plan, which adds them while none is free")
}

// missedShare is the share of iterations that fell due while no worker was free, beyond which workers were too few. A pause of the machine
// delays a few as well.
const missedShare = 0.01
