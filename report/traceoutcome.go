package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sessbench/result"
)

// rows tells what was read of feeds.
func (b *traceWriter) rows(rows []result.TracedRow) {
	for _, row := range rows {
		var values []string
		for _, column := range slices.Sorted(maps.Keys(row.Columns)) {
			values = append(values, clean(column)+" = "+short(row.Columns[column], shownValue))
		}
		b.wrapped(noted, fmt.Sprintf("feed %s, row %d: %s", clean(row.Feed), row.Row, strings.Join(values, ", ")), 4)
	}
}

// shownValue is how many columns of a value are shown: the whole of it is in the JSON.
const shownValue = 60

// looked tells what checks said, and what was extracted.
func (b *traceWriter) looked(o *result.TracedOperation) {
	for _, c := range o.Checks {
		text := clean(c.Name)
		if c.Name != c.Expr && c.Expr != "" {
			text += " (" + clean(c.Expr) + ")"
		}
		switch {
		case c.Passed:
			b.wrapped(right, "check passed: "+text, 4)
		case c.Problem != "":
			b.wrapped(wrong, "check FAILED: "+text+"; it cannot be told: "+clean(c.Problem), 4)
		default:
			b.wrapped(wrong, "check FAILED: "+text, 4)
		}
	}
	for _, v := range o.Extracted {
		if v.Problem != "" {
			b.wrapped(wrong, fmt.Sprintf("extraction FAILED: %s (%s)", clean(v.Problem), clean(v.From)), 4)
			continue
		}
		b.wrapped(right, fmt.Sprintf("extracted %s = %s (%s)", clean(v.Name), short(v.Value, shownValue), clean(v.From)), 4)
	}
}

// outcome ends an operation with what it came to.
func (b *traceWriter) outcome(o *result.TracedOperation) {
	text, s := status(o)
	parts := []string{text}
	if len(o.Exchanges) > 0 {
		parts = append(parts, "took "+seconds(o.Elapsed))
	}
	for _, count := range []struct {
		n         int
		one, many string
	}{{o.Attempts, "attempt", "attempts"}, {o.Retries, "retry", "retries"}, {o.Redirects, "redirect", "redirects"}} {
		if count.n > 0 {
			parts = append(parts, plural(int64(count.n), count.one, count.many))
		}
	}
	b.wrapped(s, strings.Join(parts, ", "), 2)
}

// status says what an operation's status is to the plan.
func status(o *result.TracedOperation) (string, style) {
	expected := clean(strings.Join(o.Expected, " or "))
	switch {
	case o.Error != nil && len(o.Exchanges) == 0:
		return "FAILED, not sent: " + failure(o.Error), wrong
	case o.Error != nil:
		return "FAILED: " + failure(o.Error), wrong
	case o.Unexpected && expected != "":
		return fmt.Sprintf("FAILED: status %d, and %s is expected", o.Status, expected), wrong
	case o.Unexpected:
		return fmt.Sprintf("status %d, an error in a run (below 400 is expected)", o.Status), doubtful
	case expected != "":
		return fmt.Sprintf("status %d, expected", o.Status), noted
	}
	return fmt.Sprintf("status %d", o.Status), noted
}

// consequence says what a run would not have gone on with after an operation.
func (b *traceWriter) consequence(all []result.TracedOperation, i int) {
	o := &all[i]
	switch {
	case !o.Erroneous() || o.Error != nil && o.Error.Class == "canceled":
	case o.Part == "setup":
		b.wrapped(doubtful, "a run would give the session up here, and count its iteration as failed", 2)
	case o.Scenario != "" && i+1 < len(all) && all[i+1].Scenario == o.Scenario:
		b.wrapped(doubtful, "a run would end the iteration of "+clean(o.Scenario)+" here; its next step is tried all the same", 2)
	}
}

// jar lists the cookies that the session has in the end.
func (b *traceWriter) jar(jar []result.TracedCookie) {
	if len(jar) == 0 {
		return
	}
	b.WriteByte('\n')
	b.styled(heading, "Cookies")
	for _, c := range jar {
		text := fmt.Sprintf("  %s=%s; %s", printable(c.Name), printable(c.Value), printable(c.Path))
		switch {
		case c.Domain == "":
			text += " on every host"
		case c.HostOnly:
			text += " on " + clean(c.Domain)
		default:
			text += " on " + clean(c.Domain) + " and below"
		}
		if c.Expires != nil {
			text += ", until " + c.Expires.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		if c.Secure {
			text += ", over https only"
		}
		b.styled(unstyled, text)
	}
}

// end sums up.
func (b *traceWriter) end(t *result.Trace) {
	failed, odd, checks, unpassed := 0, 0, 0, 0
	for i := range t.Operations {
		o := &t.Operations[i]
		switch {
		case o.Failed():
			failed++
		case o.Unexpected:
			odd++
		}
		for _, c := range o.Checks {
			if checks++; !c.Passed {
				unpassed++
			}
		}
	}
	text, s := plural(int64(len(t.Operations)), "operation", "operations"), unstyled
	if failed > 0 {
		text += fmt.Sprintf(", %d FAILED", failed)
	}
	switch {
	case unpassed > 0:
		text += fmt.Sprintf("; %d of %s FAILED", unpassed, plural(int64(checks), "check", "checks"))
	case checks > 0:
		text += "; " + plural(int64(checks), "check", "checks") + " passed"
	}
	if odd > 0 {
		text += "; " + plural(int64(odd), "status", "statuses") + " that a run would count as an error"
	}
	if t.Interrupted {
		text += "; interrupted, so there may be more"
	}
	switch {
	case failed > 0:
		s = wrong
	case odd > 0 || t.Interrupted:
		s = doubtful
	case checks > 0:
		s = right
	}
	b.WriteByte('\n')
	b.styled(s, text)
}
