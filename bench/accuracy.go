//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

// A percentile is one that tools report and the server knows.
type percentile struct {
	name string
	of   func(quantiles) float64
}

func percentiles() []percentile {
	return []percentile{
		{"p50", func(q quantiles) float64 { return q.P50 }},
		{"p90", func(q quantiles) float64 { return q.P90 }},
		{"p99", func(q quantiles) float64 { return q.P99 }},
		{"p99.9", func(q quantiles) float64 { return q.P999 }},
	}
}

// off is by how many seconds a tool's percentile differs from what the server held its answers for in the
// same run; NaN where it tells none.
func (p percentile) off(s sample) float64 {
	if s.Pace == nil || s.Said.Latency == nil || p.of(*s.Said.Latency) == 0 {
		return math.NaN()
	}
	return p.of(*s.Said.Latency) - p.of(s.Pace.Held)
}

// far is the median over rounds of the distance, whichever way it goes.
func (p percentile) far(in []sample, tool string) figure {
	return finite(of(in, tool, func(s sample) float64 { return math.Abs(p.off(s)) }))
}

// accuracyTable says how far what each tool reports lies from the truth, which the server knows.
func (d document) accuracyTable(b *strings.Builder, w workload) {
	in := inWorkload(d.samples, w.name)
	row(b, "tool", "p50 off by", "p90", "p99", "p99.9", "arrived / due", "truth p50", "p90", "p99", "p99.9", "rounds")
	row(b, "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:")
	for _, t := range d.tools {
		if !takesPart(in, t) {
			continue
		}
		cells := []string{t}
		for _, p := range percentiles() {
			cells = append(cells, millis(finite(of(in, t, p.off))))
		}
		cells = append(cells, scaled(of(in, t, func(s sample) float64 { return float64(s.Pace.Arrived) / float64(s.Pace.Due) }), 100, "%.1f %%"))
		for _, p := range percentiles() {
			cells = append(cells, scaled(of(in, t, func(s sample) float64 { return p.of(s.Pace.Held) }), 1e3, "%.2f ms"))
		}
		row(b, append(cells, roundsText(in, t))...)
	}
	b.WriteString("\n")
}

// nearest says for every percentile of an accuracy workload whether the subject is nearer to the truth than every
// other tool. A tool that did not send four fifths of the requests has no say: it measured another load.
func (d document) nearest(w workload) []string {
	in := inWorkload(d.samples, w.name)
	var lines []string
	for _, p := range percentiles() {
		ours := p.far(in, "sessbench")
		if ours.N == 0 {
			continue
		}
		best, by := math.Inf(1), "none"
		for _, t := range d.tools {
			f := p.far(in, t)
			if t == "sessbench" || f.N == 0 || of(in, t, func(s sample) float64 { return float64(s.Pace.Arrived) / float64(s.Pace.Due) }).Median < 0.8 {
				continue
			}
			if f.Median < best {
				best, by = f.Median, t
			}
		}
		word := "**missed**"
		if ours.Median <= best {
			word = "met"
		}
		lines = append(lines, fmt.Sprintf("%s: %s off by %.3f ms, the nearest other tool (%s) by %.3f ms: %s", w.name, p.name, 1e3*ours.Median, by, 1e3*best, word))
	}
	return lines
}
