package workload

import (
	"slices"

	"sessbench/stats"
)

// What was measured of an arm. Of each trial only the total of its operations is kept, which is what trials are compared by:
// thousands of operations with their distributions, for each of many trials, are gigabytes, and an operation by itself is
// summed up over all trials. The value is not changed; with makes another one.
type measurements struct {
	trials     []stats.Trial // each has one operation, the total
	operations []stats.Tally // of all trials together
	scenarios  []stats.Tally // of their iterations, likewise
}

// with returns what was measured with a further trial, and the scenarios of it.
func (m measurements) with(trial, scenarios stats.Trial) measurements {
	operations := mergeTallies(m.operations, trial.Operations)
	trial.Operations = []stats.Tally{trial.Total()}
	return measurements{
		trials:     append(slices.Clip(m.trials), trial),
		operations: operations,
		scenarios:  mergeTallies(m.scenarios, scenarios.Operations),
	}
}

// mergeTallies merges those in the same place. One of the lists may be empty.
func mergeTallies(sum, more []stats.Tally) []stats.Tally {
	if len(sum) == 0 {
		return more
	}
	sum = slices.Clone(sum)
	for i, t := range more {
		sum[i] = sum[i].Merge(t)
	}
	return sum
}

// span is the time of all trials and what was offered in it.
func (m *measurements) span() span {
	var s span
	for _, t := range m.trials {
		s.elapsed += t.Elapsed
		s.offered += t.Offered
		s.window += t.Window
	}
	return s
}
