package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"sessbench/result"
	"sessbench/stats"
)

// scheduleLag is the part of the response time that is before its phases.
const scheduleLag = "schedule_lag"

// phaseOrder is the order in which things happen to a request.
func phaseOrder() []string {
	order := []string{scheduleLag}
	for p := range stats.NumPhases {
		order = append(order, p.String())
	}
	return order
}

// writePhases writes where the mean response time went: for each arm, and for
// the difference between each arm and the baseline.
func writePhases(w io.Writer, r *result.Result) error {
	if !anyArm(r, func(a *result.Arm) bool { return a.ResponseTime.Count > 0 && len(a.Phases) > 0 }) {
		return nil
	}
	var totals []float64
	for i := range r.Arms {
		totals = append(totals, r.Arms[i].ResponseTime.Mean)
	}
	u := unitFor(totals...)
	g := newGrid(r, "Mean time, "+u.name)
	addPhaseRows(g, r, u, decimalsForAll(u, totals))
	if err := g.write(w); err != nil {
		return err
	}
	for i := 1; i < len(r.Arms); i++ {
		sentence := attribution(r.Baseline(), &r.Arms[i], r.Comparison("response_time.mean", r.Arms[i].Name))
		if sentence == "" {
			continue
		}
		if _, err := io.WriteString(w, wrap("", sentence, 2)); err != nil {
			return err
		}
	}
	return nil
}

// decimalsForAll gives the smallest time three significant digits; all have the
// same decimals, because columns that add up must line up.
func decimalsForAll(u timeUnit, seconds []float64) int {
	decimals := 0
	for _, s := range seconds {
		decimals = max(decimals, decimalsFor(u.in(s), 3))
	}
	return decimals
}

func addPhaseRows(g *grid, r *result.Result, u timeUnit, decimals int) {
	order := append(phaseOrder(), other)
	columns := make([]map[string]float64, len(r.Arms))
	for i := range r.Arms {
		a := &r.Arms[i]
		means := map[string]float64{}
		for _, phase := range phaseOrder() {
			means[phase] = a.Phases[phase].Mean
		}
		means[scheduleLag] = a.ScheduleLag.Mean
		columns[i] = addUp(means, a.ResponseTime.Mean, u, decimals)
	}
	for _, part := range order {
		if !slices.ContainsFunc(columns, func(c map[string]float64) bool { return c[part] != 0 }) {
			continue
		}
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = "-"
			if r.Arms[i].ResponseTime.Count > 0 {
				cells[i] = fixed(c[part], decimals)
			}
		}
		g.add("  "+partName(part), cells)
	}
	g.add("response time", each(r, func(a *result.Arm) string {
		if a.ResponseTime.Count <= 0 {
			return "-"
		}
		return fixed(u.in(a.ResponseTime.Mean), decimals)
	}))
}

// other is the part of a sum that its parts do not explain.
const other = "other"

// addUp expresses the parts of a sum in the unit u, rounded so that what is shown
// adds up to the rounded sum: parts are rounded down and the missing last digits
// go to those that lost most (the largest-remainder method), so no part is off by
// more than one in its last digit. What the parts do not explain is "other".
func addUp(parts map[string]float64, sum float64, u timeUnit, decimals int) map[string]float64 {
	step := math.Pow10(-decimals)
	names := sortedKeys(parts)
	steps := make(map[string]float64, len(parts)+1)
	rest := u.in(sum) / step
	for _, n := range names {
		steps[n] = u.in(parts[n]) / step
		rest -= steps[n]
	}
	if math.Abs(rest) > 1 {
		steps[other] += rest
		names = sortedKeys(steps)
	}
	missing := math.Round(u.in(sum) / step)
	lost := make(map[string]float64, len(steps))
	for _, n := range names {
		down := math.Floor(steps[n])
		lost[n], steps[n] = steps[n]-down, down
		missing -= down
	}
	slices.SortStableFunc(names, func(a, b string) int { return compare(lost[b], lost[a]) })
	for i, n := range names {
		if float64(i) < missing {
			steps[n]++
		}
	}
	for n := range steps {
		steps[n] *= step
	}
	return steps
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// attribution says which parts make up the difference of the means, largest
// first. It is "" where no difference was shown: there is nothing to split then.
func attribution(base, arm *result.Arm, c *stats.Comparison) string {
	if c == nil || c.Difference == nil || c.Verdict == stats.Indistinguishable || len(c.Attribution) == 0 || c.Difference.Value == 0 {
		return ""
	}
	total, word, sign := c.Difference.Value, "longer", 1.0
	if total < 0 {
		total, word, sign = -total, "less", -1.0
	}
	u := unitFor(total)
	decimals := decimalsFor(u.in(total), 3)
	parts := make(map[string]float64, len(c.Attribution))
	for n, v := range c.Attribution {
		parts[n] = sign * v
	}
	doubt := ""
	if c.Verdict == stats.TooFewTrials {
		doubt = " (too few blocks to tell it from chance)"
	}
	return fmt.Sprintf("On average %s took %s %s %s than %s%s: %s.", name(arm), fixed(u.in(total), decimals), u.name, word, name(base), doubt,
		equation(addUp(parts, total, u, decimals), u.in(total), decimals))
}

// equation writes "tls 3.10 + connect 0.40 - wait 0.02 = 3.48", without the parts
// that are zero.
func equation(parts map[string]float64, total float64, decimals int) string {
	names := sortedKeys(parts)
	slices.SortStableFunc(names, func(a, b string) int { return compare(math.Abs(parts[b]), math.Abs(parts[a])) })
	var b strings.Builder
	for _, n := range names {
		value := fixed(math.Abs(parts[n]), decimals)
		switch {
		case strings.Trim(value, "0.") == "":
			continue
		case parts[n] < 0:
			b.WriteString(" - ")
		case b.Len() > 0:
			b.WriteString(" + ")
		}
		b.WriteString(partName(n) + " " + value)
	}
	return strings.TrimSpace(b.String()) + " = " + fixed(total, decimals)
}

func partName(part string) string { return strings.ReplaceAll(short(part, 24), "_", " ") }
