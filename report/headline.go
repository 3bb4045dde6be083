package report

import (
	"fmt"
	"slices"
	"strings"

	"sessbench/result"
	"sessbench/stats"
)

// headlineMetric is what the first sentence is about.
const headlineMetric = "response_time.p50"

// headline says the outcome in one sentence that can be quoted, after what a
// reader must know before believing it.
func headline(r *result.Result) string {
	var b strings.Builder
	prefix := ""
	if !r.Valid {
		b.WriteString(wrap("", "INVALID: these figures do not show what they were meant to"+invalidReason(r)+".", 0))
		prefix = "As measured: "
	}
	if r.Interrupted {
		b.WriteString(wrap("", "INTERRUPTED: the run was stopped early; these figures are what had been measured by then.", 0))
	}
	b.WriteString(emulation(r.Emulation))
	b.WriteString(wrap("", prefix+outcome(r), 0))
	b.WriteString(failures(r))
	return b.String()
}

// invalidReason gives the first warning that makes the result invalid.
func invalidReason(r *result.Result) string {
	for i, w := range r.Warnings {
		if w.Invalid {
			return fmt.Sprintf(": %s [%d]", strings.TrimRight(clean(w.Detail), "."), i+1)
		}
	}
	return ""
}

func outcome(r *result.Result) string {
	switch len(r.Arms) {
	case 0:
		return "Nothing was measured: the result has no arms."
	case 1:
		return single(r, r.Baseline())
	}
	base, arm := r.Baseline(), r.Last()
	for _, a := range []*result.Arm{base, arm} {
		if a.ResponseTime.Count <= 0 {
			return "There is nothing to compare: " + nothingMeasured(r, a) + "."
		}
	}
	c := r.Comparison(headlineMetric, arm.Name)
	if c == nil {
		return fmt.Sprintf("%s; the result does not compare them.", bothMedians(base, arm))
	}
	switch c.Verdict {
	case stats.Indistinguishable:
		return fmt.Sprintf("No measurable difference in the median response between %s and %s%s%s.",
			name(base), name(arm), bracket(c, func(e stats.Estimate) string { return "ratio " + ratio(e.Value) + ", " + interval(e) }), disagreement(c))
	case stats.TooFewTrials:
		remedy := "run it with more (--blocks 10)"
		if r.Interrupted {
			remedy = "let it run to its end"
		}
		return fmt.Sprintf("%s, but %s cannot tell a difference from chance: %s.",
			bothMedians(base, arm), plural(int64(c.Blocks), "block", "blocks"), remedy)
	}
	return difference(base, arm, c)
}

// disagreement says why nothing was shown although the interval leaves out "no
// difference": a reader would take that for a contradiction.
func disagreement(c *stats.Comparison) string {
	switch {
	case c.Ratio == nil || c.Ratio.Lo <= 1 && c.Ratio.Hi >= 1:
		return ""
	case c.PValue != nil && *c.PValue > 1-c.Ratio.Confidence:
		return fmt.Sprintf("; the interval leaves 1 out, but the blocks do not agree (rank test p = %.2g)", *c.PValue)
	}
	return "; the interval leaves 1 out, but by less than the measurement can tell"
}

func name(a *result.Arm) string {
	if n := short(a.Name, 40); n != "" {
		return n
	}
	return "(unnamed)"
}

func single(r *result.Result, a *result.Arm) string {
	if a.ResponseTime.Count <= 0 {
		return "Nothing was measured: " + nothingMeasured(r, a) + "."
	}
	u := unitFor(a.ResponseTime.P50, a.ResponseTime.P99)
	return fmt.Sprintf("%s answered %s at %s per second; the median response took %s, p99 %s.",
		name(a), plural(a.ResponseTime.Count, "request", "requests"), digits(a.AchievedRate),
		u.show(a.ResponseTime.P50), u.show(a.ResponseTime.P99))
}

func nothingMeasured(r *result.Result, a *result.Arm) string {
	switch {
	case a.Requests <= 0 && r.Interrupted:
		return "no block of " + name(a) + " was finished"
	case a.Requests <= 0:
		return name(a) + " made no request"
	case a.Errors >= a.Requests:
		return fmt.Sprintf("all %s of %s failed%s", plural(a.Requests, "request", "requests"), name(a), mostly(a))
	}
	return name(a) + " has no response times"
}

// mostly names an arm's commonest error class.
func mostly(a *result.Arm) string {
	best := ""
	for _, class := range sortedKeys(a.ErrorClasses) {
		if best == "" || a.ErrorClasses[class] > a.ErrorClasses[best] {
			best = class
		}
	}
	switch {
	case best == "":
		return ""
	case len(a.ErrorClasses) == 1:
		return " (" + clean(best) + ")"
	}
	return " (mostly " + clean(best) + ")"
}

func bothMedians(base, arm *result.Arm) string {
	u := unitFor(base.ResponseTime.P50, arm.ResponseTime.P50)
	return fmt.Sprintf("The median response took %s with %s and %s with %s",
		u.show(base.ResponseTime.P50), name(base), u.show(arm.ResponseTime.P50), name(arm))
}

// difference puts a shown difference into words, and the larger number first:
// nobody reads "0.052 times slower".
func difference(base, arm *result.Arm, c *stats.Comparison) string {
	if c.Ratio == nil || c.Ratio.Value <= 0 || c.Ratio.Lo <= 0 {
		return bothMedians(base, arm) + "."
	}
	e := *c.Ratio
	baselineFaster := e.Value >= 1
	if !baselineFaster {
		e.Value, e.Lo, e.Hi = 1/e.Value, 1/e.Hi, 1/e.Lo
	}
	times := func(faster bool) string {
		word := "slower"
		if faster {
			word = "faster"
		}
		return ratio(e.Value) + " times " + word
	}
	shown := *c
	shown.Ratio = &e
	quoted := bracket(&shown, interval)
	if base.Policy.RequestsPerConnection == 0 && arm.Policy.RequestsPerConnection > 0 && base.Target == arm.Target && otherwiseAlike(&base.Policy, &arm.Policy) {
		return fmt.Sprintf("Reusing connections made the median response %s%s%s.", times(baselineFaster), insteadOf(arm), quoted)
	}
	return fmt.Sprintf("%s's median response was %s than %s's%s.", name(arm), times(!baselineFaster), name(base), quoted)
}

// otherwiseAlike says whether policies differ in reuse only: a difference can then be laid at its door.
func otherwiseAlike(a, b *result.Policy) bool {
	return a.HTTP == b.HTTP && a.TLSMin == b.TLSMin && a.TLSMax == b.TLSMax && slices.Equal(a.Curves, b.Curves) && a.DNSLifetime == b.DNSLifetime
}

// insteadOf says what reuse was held against, where it was not simply a new
// connection with everything that belongs to it for each request.
func insteadOf(arm *result.Arm) string {
	resumed := arm.Policy.TLSResumption && arm.Connections.TLSResumed > 0
	switch n := arm.Policy.RequestsPerConnection; {
	case n > 1:
		return fmt.Sprintf(" than a new one every %s requests", count(int64(n)))
	case resumed:
		return " than new ones with resumed TLS sessions"
	}
	return ""
}

// bracket gives the evidence behind a sentence.
func bracket(c *stats.Comparison, estimate func(stats.Estimate) string) string {
	blocks := plural(int64(c.Blocks), "block", "blocks")
	if c.Ratio == nil {
		return " (" + blocks + ")"
	}
	return " (" + estimate(*c.Ratio) + ", " + blocks + ")"
}

func interval(e stats.Estimate) string {
	return percent(e.Confidence) + " interval " + bounds(e, " to ")
}

// failures warns that the times are those of the successful requests only.
func failures(r *result.Result) string {
	var parts []string
	for i := range r.Arms {
		a := &r.Arms[i]
		if a.Errors > 0 && a.ResponseTime.Count > 0 {
			parts = append(parts, fmt.Sprintf("%s of %s's failed", percent(a.ErrorRate), name(a)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return wrap("", "Times are those of successful requests: "+strings.Join(parts, ", ")+".", 0)
}
