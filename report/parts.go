package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"sessbench/result"
	"sessbench/stats"
)

// mostRows is how many parts of the load a table shows.
const mostRows = 20

// writeOperations writes the operations of a mix apart, those first that took the most time.
func writeOperations(w io.Writer, r *result.Result) error {
	names := namesOf(r, func(a *result.Arm) []result.Operation { return a.Operations }, func(o *result.Operation) string { return o.Name })
	if len(names) < 2 {
		return nil
	}
	of := func(a *result.Arm, name string) *result.Numbers {
		if op := a.Operation(name); op != nil {
			return &op.Numbers
		}
		return new(result.Numbers)
	}
	spent := map[string]float64{}
	for _, name := range names {
		for i := range r.Arms {
			n := of(&r.Arms[i], name)
			spent[name] += n.ServiceTime.Mean*float64(n.ServiceTime.Count) + n.FailedResponseTime.Mean*float64(n.FailedResponseTime.Count)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(spent[b], spent[a]) })
	shown := names[:min(len(names), mostRows)]
	var summaries []*stats.Summary
	for _, name := range shown {
		for i := range r.Arms {
			summaries = append(summaries, &of(&r.Arms[i], name).ResponseTime)
		}
	}
	u := unitOf(summaries)
	t := newGroupTable(r, "Operations", "requests", "errors", "p50, "+u.name, "p99, "+u.name)
	for _, name := range shown {
		t.add(short(name, 30), r, func(a *result.Arm) []string {
			n := of(a, name)
			return append([]string{count(n.Requests), count(n.Errors)}, halves(u, &n.ResponseTime)...)
		})
	}
	if more := len(names) - len(shown); more > 0 {
		t.note = fmt.Sprintf("and %d more operations, which took less time in all", more)
	}
	return t.write(w)
}

// add adds a row with every arm's cells.
func (t *groupTable) add(label string, r *result.Result, cells func(a *result.Arm) []string) {
	row := groupRow{label: label}
	for i := range r.Arms {
		row.cells = append(row.cells, cells(&r.Arms[i]))
	}
	t.rows = append(t.rows, row)
}

// namesOf lists the names that parts have in any arm, in the order in which they come.
func namesOf[T any](r *result.Result, parts func(*result.Arm) []T, name func(*T) string) []string {
	var names []string
	seen := map[string]bool{}
	for i := range r.Arms {
		list := parts(&r.Arms[i])
		for j := range list {
			if n := name(&list[j]); !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	return names
}

// unitOf is the one unit for medians and tails that are to be compared.
func unitOf(summaries []*stats.Summary) timeUnit {
	var measured []float64
	for _, s := range summaries {
		if s.Count > 0 {
			measured = append(measured, s.P50, s.P99)
		}
	}
	return unitFor(measured...)
}

// halves are the cells of a median and a tail.
func halves(u timeUnit, s *stats.Summary) []string {
	if s.Count <= 0 {
		return []string{"-", "-"}
	}
	return []string{digits(u.in(s.P50)), digits(u.in(s.P99))}
}

// writeScenarios writes what the iterations of scenarios came to.
func writeScenarios(w io.Writer, r *result.Result) error {
	names := namesOf(r, func(a *result.Arm) []result.Scenario { return a.Scenarios }, func(s *result.Scenario) string { return s.Name })
	if len(names) == 0 {
		return nil
	}
	shown := names[:min(len(names), mostRows)]
	var summaries []*stats.Summary
	for i := range r.Arms {
		for j := range r.Arms[i].Scenarios {
			summaries = append(summaries, &r.Arms[i].Scenarios[j].Time)
		}
	}
	u := unitOf(summaries)
	t := newGroupTable(r, "Scenarios", "begun", "completed", "p50, "+u.name, "p99, "+u.name)
	for _, name := range shown {
		t.add(short(name, 30), r, func(a *result.Arm) []string {
			at := slices.IndexFunc(a.Scenarios, func(s result.Scenario) bool { return s.Name == name })
			if at < 0 {
				return []string{"-", "-", "-", "-"}
			}
			s := &a.Scenarios[at]
			return append([]string{count(s.Begun), count(s.Completed)}, halves(u, &s.Time)...)
		})
	}
	if more := len(names) - len(shown); more > 0 {
		t.note = fmt.Sprintf("and %d more scenarios", more)
	}
	return t.write(w)
}

// fewChecks is how many checks are shown though none of them failed.
const fewChecks = 10

// writeChecks writes how often checks failed; of many, only those that did.
func writeChecks(w io.Writer, r *result.Result) error {
	all, failed := checksOf(r)
	shown := all
	if len(all) > fewChecks {
		shown = failed
	}
	shown = shown[:min(len(shown), mostRows)]
	g := newGrid(r, "Checks")
	for _, c := range shown {
		g.add(short(c.operation+": "+c.name, 60), each(r, func(a *result.Arm) string { return c.cell(a) }))
	}
	if err := g.write(w); err != nil {
		return err
	}
	hidden := len(all) - len(shown)
	if hidden == 0 {
		return nil
	}
	hiddenFailed := len(failed)
	if len(all) > fewChecks {
		hiddenFailed -= len(shown)
	}
	text := fmt.Sprintf("and %s without failures", plural(int64(hidden-hiddenFailed), "check", "checks"))
	if hiddenFailed > 0 {
		text = fmt.Sprintf("and %d more with failures, ", hiddenFailed) + text
	}
	if len(shown) == 0 {
		text = fmt.Sprintf("\nChecks: none of %d failed", len(all))
	}
	_, err := io.WriteString(w, text+"\n")
	return err
}

// A checkName is one check of one operation.
type checkName struct{ operation, name string }

// checksOf lists the checks of all arms, and those of them that failed at least once.
func checksOf(r *result.Result) (all, failed []checkName) {
	seen, bad := map[checkName]bool{}, map[checkName]bool{}
	for i := range r.Arms {
		for j := range r.Arms[i].Operations {
			o := &r.Arms[i].Operations[j]
			for _, check := range o.Checks {
				c := checkName{o.Name, check.Name}
				if !seen[c] {
					seen[c] = true
					all = append(all, c)
				}
				bad[c] = bad[c] || check.Failed > 0
			}
		}
	}
	for _, c := range all {
		if bad[c] {
			failed = append(failed, c)
		}
	}
	return all, failed
}

// cell is what a check came to in an arm.
func (c checkName) cell(a *result.Arm) string {
	o := a.Operation(c.operation)
	if o == nil {
		return "-"
	}
	for _, check := range o.Checks {
		switch {
		case check.Name != c.name:
		case check.Failed == 0:
			return count(check.Passed) + " passed"
		default:
			return fmt.Sprintf("%s passed, %s FAILED", count(check.Passed), count(check.Failed))
		}
	}
	return "-"
}
