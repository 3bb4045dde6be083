package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"sessbench/result"
	"sessbench/stats"
)

// newGrid starts a table of all arms. Arms that warnings are about have the
// warnings' numbers beside their names.
func newGrid(r *result.Result, title string) *grid {
	g := &grid{title: title}
	for i := range r.Arms {
		g.arms = append(g.arms, short(r.Arms[i].Name, 24)+marks(r, r.Arms[i].Name))
	}
	return g
}

func marks(r *result.Result, arm string) string {
	s := ""
	for i, w := range r.Warnings {
		if w.Arm == arm && arm != "" {
			s += fmt.Sprintf(" [%d]", i+1)
		}
	}
	if len(s) > 12 { // the list below names the arm anyway
		return " [..]"
	}
	return s
}

// each gives one cell for each arm.
func each(r *result.Result, cell func(a *result.Arm) string) []string {
	cells := make([]string, len(r.Arms))
	for i := range r.Arms {
		cells[i] = cell(&r.Arms[i])
	}
	return cells
}

func anyArm(r *result.Result, has func(a *result.Arm) bool) bool {
	return slices.ContainsFunc(r.Arms, func(a result.Arm) bool { return has(&a) })
}

// A timeOf picks one time of an arm, in seconds, and says whether it was measured.
type timeOf func(a *result.Arm) (seconds float64, measured bool)

// times gives a time of every arm in one unit, and the label with that unit.
func times(r *result.Result, label string, pick timeOf) (string, []string) {
	var measured []float64
	for i := range r.Arms {
		if s, ok := pick(&r.Arms[i]); ok {
			measured = append(measured, s)
		}
	}
	u := unitFor(measured...)
	return label + ", " + u.name, each(r, func(a *result.Arm) string {
		s, ok := pick(a)
		if !ok {
			return "-"
		}
		return digits(u.in(s))
	})
}

// inSummary picks a figure of a distribution that has any values.
func inSummary(summary func(*result.Arm) *stats.Summary, figure func(*stats.Summary) float64) timeOf {
	return func(a *result.Arm) (float64, bool) {
		s := summary(a)
		return figure(s), s.Count > 0
	}
}

// A figure is one number of a distribution, under its name in the JSON.
type figure struct {
	name string
	of   func(*stats.Summary) float64
}

// responseFigures are the figures of the response time that the report shows.
func responseFigures() []figure {
	return []figure{
		{"mean", func(s *stats.Summary) float64 { return s.Mean }},
		{"p50", func(s *stats.Summary) float64 { return s.P50 }},
		{"p90", func(s *stats.Summary) float64 { return s.P90 }},
		{"p99", func(s *stats.Summary) float64 { return s.P99 }},
		{"p99.9", func(s *stats.Summary) float64 { return s.P999 }},
		{"max", func(s *stats.Summary) float64 { return s.Max }},
	}
}

func responseTime(a *result.Arm) *stats.Summary { return &a.ResponseTime }

// writeArms writes the arms side by side, each with its ratio to the baseline.
func writeArms(w io.Writer, r *result.Result) error {
	if len(r.Arms) == 0 {
		return nil
	}
	g := newGrid(r, "Arms")
	if slices.ContainsFunc(r.Comparisons, tells) {
		g.notes = "/ " + short(r.Baseline().Name, 24)
	}
	g.add("requests", each(r, func(a *result.Arm) string { return count(a.Requests) }))
	offered, achieved := "offered /s", "achieved /s"
	if hasScenarios(r) {
		offered, achieved = "iterations offered /s", "calls achieved /s"
	}
	if isOpen(r) {
		g.add(offered, each(r, func(a *result.Arm) string { return digits(a.OfferedRate) }))
	}
	g.addNoted(achieved, each(r, func(a *result.Arm) string { return digits(a.AchievedRate) }), ratios(r, "achieved_rate"))
	g.addNoted("errors", each(r, func(a *result.Arm) string { return errorCount(&a.Numbers) }), ratios(r, "error_rate"))
	g.add("response time", each(r, func(*result.Arm) string { return "" }))
	for _, f := range responseFigures() {
		label, cells := times(r, "  "+f.name, inSummary(responseTime, f.of))
		g.addNoted(label, cells, ratios(r, "response_time."+f.name))
	}
	if err := g.write(w); err != nil || g.notes == "" {
		return err
	}
	_, err := io.WriteString(w, wrap("", ratioLegend(r), 0))
	return err
}

func isOpen(r *result.Result) bool {
	return anyArm(r, func(a *result.Arm) bool { return a.OfferedRate > 0 })
}

func errorCount(n *result.Numbers) string {
	if n.Errors == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%s)", count(n.Errors), percent(n.ErrorRate))
}

// ratios gives each arm's ratio to the baseline in a metric.
func ratios(r *result.Result, metric string) []string {
	return each(r, func(a *result.Arm) string {
		c := r.Comparison(metric, a.Name)
		if c == nil || !tells(*c) {
			return ""
		}
		return ratioCell(c)
	})
}

// tells says whether a comparison is worth a cell: that nothing is like nothing
// is not.
func tells(c stats.Comparison) bool { return c.BaselineValue != 0 || c.ArmValue != 0 }

func ratioCell(c *stats.Comparison) string {
	spread := ""
	if c.Ratio != nil {
		spread = " (" + bounds(*c.Ratio, "–") + ")"
	}
	switch {
	case c.Verdict == stats.TooFewTrials:
		return "?"
	case c.Verdict == stats.Indistinguishable:
		return "~" + spread
	case c.Ratio == nil:
		return ""
	}
	return ratio(c.Ratio.Value) + spread
}

// ratioLegend explains the notes that the table has.
func ratioLegend(r *result.Result) string {
	base := short(r.Baseline().Name, 24)
	confidence, alike, tooFew := 0.0, "", ""
	for _, c := range r.Comparisons {
		if !tells(c) {
			continue
		}
		if c.Ratio != nil {
			confidence = max(confidence, c.Ratio.Confidence)
		}
		switch c.Verdict {
		case stats.Indistinguishable:
			alike = " ~: no measurable difference."
		case stats.TooFewTrials:
			tooFew = " ?: too few blocks to tell."
		}
	}
	within := ""
	if confidence > 0 {
		within = " (" + percent(confidence) + " interval)"
	}
	return "/ " + base + ": the arm's value divided by " + base + "'s" + within + "." + alike + tooFew
}

// writeConnections writes what became of the sockets.
func writeConnections(w io.Writer, r *result.Result) error {
	g := newGrid(r, "Connections")
	add := func(label string, always bool, of func(c *result.Connections) int64) {
		if always || anyArm(r, func(a *result.Arm) bool { return of(&a.Connections) != 0 }) {
			g.add(label, each(r, func(a *result.Arm) string { return count(of(&a.Connections)) }))
		}
	}
	if anyArm(r, func(a *result.Arm) bool { return a.Policy.HTTP != "" && a.Policy.HTTP != "1.1" }) {
		g.add("HTTP version", each(r, func(a *result.Arm) string { return cmp.Or(short(a.Policy.HTTP, 10), "-") }))
	}
	add("sockets opened", true, func(c *result.Connections) int64 { return c.Opened })
	add("requests written", true, func(c *result.Connections) int64 { return c.Attempts })
	g.add("requests per socket", each(r, func(a *result.Arm) string { return requestsPerSocket(&a.Connections) }))
	add("full TLS handshakes", usesTLS(r), func(c *result.Connections) int64 { return c.TLSFull })
	add("resumed TLS handshakes", usesTLS(r), func(c *result.Connections) int64 { return c.TLSResumed })
	add("streams at a time, most", false, func(c *result.Connections) int64 { return c.StreamsPeak })
	add("requests taken in 0-RTT", false, func(c *result.Connections) int64 { return c.EarlyData })
	add("names looked up", false, func(c *result.Connections) int64 { return c.Lookups })
	add("happy eyeballs, lost", false, func(c *result.Connections) int64 { return c.EyeballsLost })
	add("closed by the policy", true, func(c *result.Connections) int64 { return c.Retired })
	add("ended by a reset of ours", false, func(c *result.Connections) int64 { return c.Reset })
	add("closed to make room", false, func(c *result.Connections) int64 { return c.Evicted })
	add("closed by the peer", true, func(c *result.Connections) int64 { return c.ClosedByPeer })
	add("closed after an error", false, func(c *result.Connections) int64 { return c.Discarded })
	add("not closed though told to", false, func(c *result.Connections) int64 { return c.KeptByServer })
	add("TIME_WAIT at most", false, func(c *result.Connections) int64 { return c.TimeWait })
	add("open at the end", true, func(c *result.Connections) int64 { return c.KeptOpen })
	add("failed to open", false, func(c *result.Connections) int64 { return c.OpenFailures })
	add("sent again: socket had died", false, func(c *result.Connections) int64 { return c.StaleRetries })
	g.add("retries", each(r, func(a *result.Arm) string { return count(a.Retries) }))
	if anyArm(r, func(a *result.Arm) bool { return a.Redirects != 0 }) {
		g.add("redirects followed", each(r, func(a *result.Arm) string { return count(a.Redirects) }))
	}
	if err := g.write(w); err != nil || len(r.Arms) == 0 {
		return err
	}
	_, err := io.WriteString(w, wrap("", connectionsNote(r), 0))
	return err
}

func usesTLS(r *result.Result) bool {
	return r.Target.TLSVersion != "" || anyArm(r, func(a *result.Arm) bool { return a.Connections.TLSFull+a.Connections.TLSResumed > 0 })
}

func requestsPerSocket(c *result.Connections) string {
	if c.Opened <= 0 {
		return "-"
	}
	return digits(float64(c.Attempts) / float64(c.Opened))
}

// connectionsNote tells whoever counts at the server where the rest comes from.
func connectionsNote(r *result.Result) string {
	note := "Counted over warm-up and trials."
	if p := r.Preflight; p.Connections > 0 {
		handshakes := ""
		if p.TLSFull > 0 {
			handshakes = " (" + plural(p.TLSFull, "full handshake", "full handshakes") + ")"
		}
		note += fmt.Sprintf(" The check before the run opened %s%s, which a server counts and no arm does.",
			plural(p.Connections, "more socket", "more sockets"), handshakes)
	}
	return note
}

// writeErrors writes what went wrong, where anything did.
func writeErrors(w io.Writer, r *result.Result) error {
	if !anyArm(r, func(a *result.Arm) bool { return a.Errors > 0 || len(a.ErrorClasses) > 0 }) {
		return nil
	}
	g := newGrid(r, "Errors")
	for _, class := range keysOfArms(r, func(a *result.Arm) map[string]int64 { return a.ErrorClasses }) {
		g.add(short(class, 30), each(r, func(a *result.Arm) string { return count(a.ErrorClasses[class]) }))
	}
	for _, code := range keysOfArms(r, func(a *result.Arm) map[string]int64 { return a.Status }) {
		g.add("status "+short(code, 20), each(r, func(a *result.Arm) string { return count(a.Status[code]) }))
	}
	failed := func(a *result.Arm) *stats.Summary { return &a.FailedResponseTime }
	g.add(times(r, "time to failure p50", inSummary(failed, func(s *stats.Summary) float64 { return s.P50 })))
	g.add(times(r, "time to failure max", inSummary(failed, func(s *stats.Summary) float64 { return s.Max })))
	return g.write(w)
}

func keysOfArms(r *result.Result, of func(*result.Arm) map[string]int64) []string {
	all := map[string]int64{}
	for i := range r.Arms {
		maps.Copy(all, of(&r.Arms[i]))
	}
	return sortedKeys(all)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// writeGenerator writes the load generator's audit of itself.
func writeGenerator(w io.Writer, r *result.Result) error {
	g := newGrid(r, "Load generator")
	if isOpen(r) {
		lag := func(a *result.Arm) *stats.Summary { return &a.ScheduleLag }
		g.add(times(r, "schedule lag p50", inSummary(lag, func(s *stats.Summary) float64 { return s.P50 })))
		g.add(times(r, "schedule lag p99", inSummary(lag, func(s *stats.Summary) float64 { return s.P99 })))
	}
	g.add("CPU share", each(r, func(a *result.Arm) string {
		if a.Requests <= 0 {
			return "-"
		}
		return percent(a.Generator.CPUShare)
	}))
	g.add(times(r, "wait for a CPU p50", func(a *result.Arm) (float64, bool) { return a.Generator.SchedLatencyP50, a.Requests > 0 }))
	g.add(times(r, "wait for a CPU p99", func(a *result.Arm) (float64, bool) { return a.Generator.SchedLatencyP99, a.Requests > 0 }))
	return g.write(w)
}
