//go:build linux

package main

import (
	"fmt"
	"math"
	"strings"
)

// A document is everything that the report says.
type document struct {
	made     string // date and commit
	host     []string
	method   []string
	versions []string
	tools    []string          // in the order of the rows, installed or not
	missing  map[string]string // why a tool was not run
	about    map[string]string
	baseline string // the denominator of all ratios
	conns    int
	ran      []workload
	samples  []sample
	ended    string // not empty: why it ended early
}

// render writes the report as Markdown.
func (d document) render() string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\n")
	fmt.Fprintf(&b, "Written by `bench/run.sh`, %s. How it measures and what not to conclude: `bench/README.md`.\n\n", d.made)
	if d.ended != "" {
		fmt.Fprintf(&b, "> Incomplete: %s.\n\n", d.ended)
	}
	list(&b, "Machine", d.host)
	list(&b, "Method", d.method)
	list(&b, "Versions", d.versions)
	for _, w := range d.ran {
		fmt.Fprintf(&b, "## %s\n\n", w.title)
		switch {
		case w.rate > 0:
			d.accuracyTable(&b, w)
		case w.url == nil:
			d.pacingTable(&b, w)
		default:
			d.workloadTable(&b, w)
		}
		d.footnotes(&b, w)
	}
	list(&b, "Targets", d.verdicts())
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func list(b *strings.Builder, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "## %s\n\n", title)
	for _, line := range lines {
		fmt.Fprintf(b, "- %s\n", line)
	}
	b.WriteString("\n")
}

func row(b *strings.Builder, cells ...string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

func (d document) workloadTable(b *strings.Builder, w workload) {
	in := inWorkload(d.samples, w.name)
	row(b, "tool", "CPU per request ÷ "+d.baseline, "requests/s ÷ "+d.baseline, "peak memory ÷ "+d.baseline,
		"CPU per request", "of it GC", "system calls per request", "sleeps per request", "requests/s", "peak memory", "connections", "requests", "rounds", "did the work")
	row(b, "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "---")
	for _, t := range d.tools {
		if !takesPart(in, t) {
			continue
		}
		calls := "–"
		if s, ok := counted(in, t); ok {
			calls = fmt.Sprintf("%.1f", s.callsPerReq())
		}
		row(b, t,
			ratioText(ratios(in, t, d.baseline, sample.cpuPerReq)),
			ratioText(ratios(in, t, d.baseline, sample.rate)),
			ratioText(ratios(in, t, d.baseline, sample.memory)),
			scaled(of(in, t, sample.cpuPerReq), 1e6, "%.1f µs"),
			scaled(of(in, t, sample.gcShare), 100, "%.1f %%"),
			calls,
			scaled(of(in, t, sample.sleepsPerReq), 1, "%.2f"),
			scaled(of(in, t, sample.rate), 1, "%.0f"),
			scaled(of(in, t, sample.memory), 1.0/(1<<20), "%.1f MiB"),
			scaled(of(in, t, sample.conns), 1, "%.0f"),
			scaled(of(in, t, sample.requests), 1, "%.0f"),
			roundsText(in, t), d.deedsText(in, t, w))
	}
	b.WriteString("\n")
}

func (d document) pacingTable(b *strings.Builder, w workload) {
	in := inWorkload(d.samples, w.name)
	row(b, "tool", "arrived / due", "arrival off schedule p50", "p99", "worst", "says lag p50", "p99",
		"says latency p50", "p99", "server held p50", "p99", "client CPU", "rounds")
	row(b, "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:")
	for _, t := range d.tools {
		if !takesPart(in, t) {
			continue
		}
		ms := func(metric func(sample) float64) string { return millis(of(in, t, metric)) }
		row(b, t,
			scaled(of(in, t, func(s sample) float64 { return float64(s.Pace.Arrived) / float64(s.Pace.Due) }), 100, "%.1f %%"),
			ms(func(s sample) float64 { return s.Pace.Deviation.P50 }),
			ms(func(s sample) float64 { return s.Pace.Deviation.P99 }),
			ms(func(s sample) float64 { return s.Pace.Worst }),
			ms(lagP50), ms(lagP99), ms(latencyP50), ms(latencyP99),
			ms(func(s sample) float64 { return s.Pace.Held.P50 }),
			ms(func(s sample) float64 { return s.Pace.Held.P99 }),
			scaled(of(in, t, sample.cpuShare), 100, "%.0f %%"),
			roundsText(in, t))
	}
	b.WriteString("\n")
}

func lagP50(s sample) float64     { return said50(s.Said.Lag) }
func lagP99(s sample) float64     { return said99(s.Said.Lag) }
func latencyP50(s sample) float64 { return said50(s.Said.Latency) }
func latencyP99(s sample) float64 { return said99(s.Said.Latency) }

func said50(q *quantiles) float64 {
	if q == nil {
		return math.NaN()
	}
	return q.P50
}

func said99(q *quantiles) float64 {
	if q == nil {
		return math.NaN()
	}
	return q.P99
}

// footnotes says who is missing from a table and why, and what a reader must know
// about those who are in it.
func (d document) footnotes(b *strings.Builder, w workload) {
	in := inWorkload(d.samples, w.name)
	var notes []string
	for _, t := range d.tools {
		switch why, missing := d.missing[t]; {
		case missing:
			notes = append(notes, fmt.Sprintf("%s: not installed: %s", t, why))
		case takesPart(in, t) && d.about[t] != "":
			notes = append(notes, fmt.Sprintf("%s: %s", t, d.about[t]))
		}
		notes = append(notes, troubles(in, t)...)
	}
	if w.url == nil {
		notes = append(notes, disturbances(in)...)
	}
	for _, note := range notes {
		fmt.Fprintf(b, "- %s\n", note)
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
}

// disturbances says how much CPU time the host took away, and how many runs were made again for that.
func disturbances(in []sample) []string {
	again, above, most := 0, 0, 0.0
	for _, s := range in {
		again += s.Again
		most = max(most, s.Stolen)
		if s.Stolen > stolenMost {
			above++
		}
	}
	if most == 0 && again == 0 {
		return nil
	}
	line := fmt.Sprintf("the machine's host took %.1f %% of a CPU at most in the runs that stand here", 100*most)
	if again > 0 {
		line += fmt.Sprintf("; %d runs were left out and made again because it took more than %.0f %%", again, 100*stolenMost)
	}
	if above > 0 {
		line += fmt.Sprintf("; %d stand although it did, for it did %d times in succession", above, attempts)
	}
	return []string{line}
}

// troubles lists what went wrong in a tool's runs, each kind once.
func troubles(in []sample, tool string) []string {
	seen := map[string]int{}
	var order []string
	add := func(text string) {
		if seen[text]++; seen[text] == 1 {
			order = append(order, text)
		}
	}
	var errors int64
	for _, s := range in {
		if s.Tool != tool || s.Round == 0 {
			continue
		}
		if !s.usable() {
			add("a run is left out: " + orElse(s.Failure, "no request arrived"))
		}
		if s.overran() {
			add("it ran for much longer than told, so its requests/s is too high")
		}
		for _, note := range s.Said.Notes {
			add("it says: " + note)
		}
		errors += s.Said.Errors
	}
	if errors > 0 {
		add(fmt.Sprintf("it counted %d errors", errors))
	}
	lines := make([]string, len(order))
	for i, text := range order {
		lines[i] = fmt.Sprintf("%s: %s", tool, text)
		if n := seen[text]; n > 1 {
			lines[i] += fmt.Sprintf(" (%d runs)", n)
		}
	}
	return lines
}

func (d document) deedsText(in []sample, tool string, w workload) string {
	wrong, did, n := 0, "", 0
	for _, s := range in {
		if s.Tool != tool || !s.usable() || s.Round == 0 {
			continue
		}
		n++
		if ok, what := deeds(s, w, d.conns); !ok {
			wrong++
			did = what
		}
	}
	switch {
	case n == 0:
		return "nothing"
	case wrong == 0:
		return "yes"
	case wrong == n:
		return "**no**: " + did
	}
	return fmt.Sprintf("**not in %d of %d**: %s", wrong, n, did)
}

func (d document) verdicts() []string {
	var lines []string
	for _, t := range targets() {
		lines = append(lines, t.verdict(d.samples))
	}
	for _, w := range d.ran {
		if w.rate > 0 {
			lines = append(lines, d.nearest(w)...)
		}
	}
	in := inWorkload(d.samples, "pacing")
	const what = "pacing: schedule lag of sessbench, "
	p50 := finite(of(in, "sessbench", lagP50))
	p99 := finite(of(in, "sessbench", lagP99))
	return append(lines,
		what+"p50 at most 0.1 ms: "+judge(p50.times(1e3), 0.1, " ms"),
		what+"p99 at most 0.5 ms: "+judge(p99.times(1e3), 0.5, " ms"))
}

// finite turns a figure of things never said into one of nothing.
func finite(f figure) figure {
	if math.IsNaN(f.Median) {
		return figure{}
	}
	return f
}

func (f figure) times(k float64) figure { return figure{f.Median * k, f.Min * k, f.Max * k, f.N} }

func takesPart(in []sample, tool string) bool {
	for _, s := range in {
		if s.Tool == tool {
			return true
		}
	}
	return false
}

func roundsText(in []sample, tool string) string {
	usable, all := 0, 0
	for _, s := range in {
		if s.Tool == tool && s.Round > 0 {
			all++
			if s.usable() {
				usable++
			}
		}
	}
	if usable == all {
		return fmt.Sprint(all)
	}
	return fmt.Sprintf("%d of %d", usable, all)
}

// ratioText shows the median and, in brackets, the lowest and highest round.
func ratioText(f figure) string {
	switch {
	case f.N == 0:
		return "–"
	case f.Min == f.Max:
		return fmt.Sprintf("%.2f", f.Median)
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", f.Median, f.Min, f.Max)
}

func scaled(f figure, k float64, format string) string {
	if f.N == 0 || math.IsNaN(f.Median) {
		return "–"
	}
	return fmt.Sprintf(format, f.Median*k)
}

func millis(f figure) string {
	if f.N == 0 || math.IsNaN(f.Median) {
		return "–"
	}
	f = f.times(1e3)
	if f.Min == f.Max {
		return fmt.Sprintf("%.3f ms", f.Median)
	}
	return fmt.Sprintf("%.3f ms (%.3f–%.3f)", f.Median, f.Min, f.Max)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
