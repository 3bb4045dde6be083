package report

import (
	"io"
	"math"

	"sessbench/result"
	"sessbench/stats"
)

// mostStages is how many stretches of a load a table shows: it is a curve, which is read as a whole.
const mostStages = 100

// writeStages writes the response time against the level of a load that changes.
func writeStages(w io.Writer, r *result.Result) error {
	longest := 0
	var summaries []*stats.Summary
	for i := range r.Arms {
		stages := r.Arms[i].Stages
		longest = max(longest, len(stages))
		for j := range stages {
			summaries = append(summaries, &stages[j].ResponseTime)
		}
	}
	u := unitOf(summaries)
	achieved := "achieved /s"
	if hasScenarios(r) {
		achieved = "calls /s" // short, as all arms stand beside each other
	}
	t := newGroupTable(r, "Stages: "+levelOf(r), achieved, "p50, "+u.name, "p99, "+u.name, "errors")
	for at := range min(longest, mostStages) {
		t.add(stretch(r, at), r, func(a *result.Arm) []string {
			if at >= len(a.Stages) {
				return []string{"-", "-", "-", "-"}
			}
			s := &a.Stages[at]
			return append(append([]string{digits(s.AchievedRate)}, halves(u, &s.ResponseTime)...), count(s.Errors))
		})
	}
	if more := longest - len(t.rows); more > 0 {
		t.note = "and " + plural(int64(more), "stretch", "stretches") + " more"
	}
	return t.write(w)
}

// levelOf says what a stage's level counts.
func levelOf(r *result.Result) string {
	if anyArm(r, func(a *result.Arm) bool {
		for _, s := range a.Stages {
			if s.OfferedRate > 0 {
				return true
			}
		}
		return false
	}) {
		if hasScenarios(r) {
			return "iterations /s"
		}
		return "offered /s"
	}
	return "workers"
}

// hasScenarios says whether load is offered by iterations that may be several calls.
func hasScenarios(r *result.Result) bool {
	return anyArm(r, func(a *result.Arm) bool { return len(a.Scenarios) > 0 })
}

// stretch tells a stretch's level, as the first arm that has it says.
func stretch(r *result.Result, at int) string {
	for i := range r.Arms {
		if at < len(r.Arms[i].Stages) {
			s := &r.Arms[i].Stages[at]
			if s.From == s.To {
				return level(s.To)
			}
			return level(s.From) + " to " + level(s.To)
		}
	}
	return "-"
}

// level writes a planned level, which is mostly a whole number.
func level(v float64) string {
	if v == math.Trunc(v) {
		return fixed(v, 0)
	}
	return digits(v)
}

// writeSessions writes what became of sessions, where that says more than that each worker had one.
func writeSessions(w io.Writer, r *result.Result) error {
	plan := readPlan(r.Plan)
	if !plan.hasSetup && !plan.renews && plan.maxWorkers == "" && !anyArm(r, func(a *result.Arm) bool {
		s := a.Sessions
		return s.SetupRequests > 0 || s.TeardownRequests > 0 || s.Begun > s.Workers
	}) {
		return nil
	}
	g := newGrid(r, "Sessions")
	add := func(label string, always bool, of func(s *result.Sessions) int64) {
		if always || anyArm(r, func(a *result.Arm) bool { return of(&a.Sessions) != 0 }) {
			g.add(label, each(r, func(a *result.Arm) string { return count(of(&a.Sessions)) }))
		}
	}
	add("begun", true, func(s *result.Sessions) int64 { return s.Begun })
	add("workers, most", true, func(s *result.Sessions) int64 { return s.Workers })
	add("requests of set-ups", false, func(s *result.Sessions) int64 { return s.SetupRequests })
	add("set-ups that failed", plan.hasSetup, func(s *result.Sessions) int64 { return s.SetupFailures })
	add("requests of teardowns", false, func(s *result.Sessions) int64 { return s.TeardownRequests })
	add("teardowns that failed", false, func(s *result.Sessions) int64 { return s.TeardownFailures })
	return g.write(w)
}
