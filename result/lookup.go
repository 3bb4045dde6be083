package result

import "sessbench/stats"

// Arm returns the arm called name, or nil. It points into r.
func (r *Result) Arm(name string) *Arm {
	for i := range r.Arms {
		if r.Arms[i].Name == name {
			return &r.Arms[i]
		}
	}
	return nil
}

// Baseline returns the first arm, the one that the others are held against, or
// nil where there is none. It points into r.
func (r *Result) Baseline() *Arm {
	if len(r.Arms) == 0 {
		return nil
	}
	return &r.Arms[0]
}

// Last returns the last arm, the one that headlines are about, or nil where
// there is none. It points into r. In a run of one arm it is the baseline.
func (r *Result) Last() *Arm {
	if len(r.Arms) == 0 {
		return nil
	}
	return &r.Arms[len(r.Arms)-1]
}

// Comparison returns the comparison of arm with the baseline in metric, such as
// "response_time.p50", or nil. It points into r.
func (r *Result) Comparison(metric, arm string) *stats.Comparison {
	baseline := r.Baseline()
	if baseline == nil {
		return nil
	}
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		if c.Metric == metric && c.Arm == arm && c.Baseline == baseline.Name {
			return c
		}
	}
	return nil
}

// ArmNames returns the arms' names, the baseline's first.
func (r *Result) ArmNames() []string {
	names := make([]string, len(r.Arms))
	for i := range r.Arms {
		names[i] = r.Arms[i].Name
	}
	return names
}

// Operation returns the arm's operation called name, or nil. It points into a.
func (a *Arm) Operation(name string) *Operation {
	for i := range a.Operations {
		if a.Operations[i].Name == name {
			return &a.Operations[i]
		}
	}
	return nil
}
