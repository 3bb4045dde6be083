package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"sessbench/result"
)

// Text writes the report for reading: in a terminal of 100 columns, without
// colour. It opens with one sentence that can be quoted; the tables below it are
// the evidence, and the warnings the doubt. Columns of arms stand in the order of
// the run, the baseline first. Where the result does not have a number, there is
// a dash.
//
// Everything is composed before the first byte is written; errors are those of w.
func Text(w io.Writer, r *result.Result) error {
	var buf bytes.Buffer
	buf.WriteString(headline(r))
	writeRun(&buf, r)
	for _, section := range []func(io.Writer, *result.Result) error{
		writeThresholds, writeArms, writeStages, writeConnections, writeNegotiated, writeTransport, writePhases,
		writeScenarios, writeOperations, writeChecks, writeSessions, writeErrors, writeGenerator,
	} {
		if err := section(&buf, r); err != nil {
			return fmt.Errorf("composing the report: %w", err)
		}
	}
	writeWarnings(&buf, r)
	_, err := w.Write(buf.Bytes())
	return err
}

// writeRun says what was run, against what, and where.
func writeRun(b *bytes.Buffer, r *result.Result) {
	plan := readPlan(r.Plan)
	b.WriteByte('\n')
	for _, line := range []struct{ label, text string }{
		{"Target", target(r, plan)},
		{"Connect", plan.connect},
		{"Load", plan.load()},
		{"Host", host(r)},
		{"Run", run(r)},
	} {
		if line.text != "" {
			b.WriteString(wrap(fmt.Sprintf("%-8s", line.label), line.text, 8))
		}
	}
}

func target(r *result.Result, plan planFacts) string {
	parts := []string{clean(r.Target.URL)}
	switch {
	case r.Target.Embedded:
		parts[0] = strings.TrimSpace(parts[0] + " (sessbench's own test server)")
	case parts[0] == "":
		parts[0] = plan.target
	}
	for i := range r.Arms {
		if a := &r.Arms[i]; a.Target != "" {
			parts = append(parts, name(a)+" at "+clean(a.Target))
		}
	}
	if r.Target.Proxy != "" {
		parts = append(parts, "through the proxy "+clean(r.Target.Proxy))
	}
	for _, s := range []string{r.Target.TLSVersion, r.Target.Cipher, r.Target.Curve} {
		parts = append(parts, clean(s))
	}
	if r.Emulation != nil {
		parts = append(parts, "with an emulated path: "+emulatedPath(r.Emulation))
	}
	return join(parts)
}

func host(r *result.Result) string {
	h := r.Host
	parts := []string{strings.Trim(clean(h.OS)+"/"+clean(h.Arch), "/")}
	if h.CPUs > 0 {
		parts = append(parts, plural(int64(h.CPUs), "CPU", "CPUs"))
	}
	parts = append(parts, clean(h.CPUModel))
	if h.Kernel != "" {
		parts = append(parts, "kernel "+clean(h.Kernel))
	}
	if r.Tool.Version != "" {
		parts = append(parts, "sessbench "+clean(r.Tool.Version))
	}
	return join(append(parts, clean(r.Tool.Go)))
}

func run(r *result.Result) string {
	if r.Started.IsZero() {
		return ""
	}
	s := r.Started.UTC().Format("2006-01-02 15:04:05 UTC")
	if took := r.Finished.Sub(r.Started); took > 0 {
		s += ", took " + digits(took.Seconds()) + " s"
	}
	if done := blocksDone(r); done > 0 {
		s += ", " + plural(int64(done), "block", "blocks") + " measured"
	}
	return s
}

// blocksDone counts the blocks that every arm has a trial of.
func blocksDone(r *result.Result) int {
	trials := map[int]map[string]bool{}
	for i := range r.Arms {
		for _, t := range r.Arms[i].Trials {
			if trials[t.Block] == nil {
				trials[t.Block] = map[string]bool{}
			}
			trials[t.Block][r.Arms[i].Name] = true
		}
	}
	done := 0
	for _, arms := range trials {
		if len(arms) == len(r.Arms) {
			done++
		}
	}
	return done
}

func join(parts []string) string {
	var present []string
	for _, p := range parts {
		if p != "" {
			present = append(present, p)
		}
	}
	return strings.Join(present, ", ")
}

// writeWarnings writes the doubts, numbered as the tables refer to them, each
// with what to try.
func writeWarnings(b *bytes.Buffer, r *result.Result) {
	if len(r.Warnings) == 0 {
		return
	}
	b.WriteString("\nWarnings\n")
	for i, w := range r.Warnings {
		text := clean(w.Detail)
		if w.Arm != "" {
			text = short(w.Arm, 40) + ": " + text
		}
		if w.Invalid {
			text = "INVALID: " + text
		}
		if w.Code != "" {
			text += " (" + clean(w.Code) + ")"
		}
		b.WriteString(wrap(fmt.Sprintf("[%d] ", i+1), text, 4))
		if hint := clean(w.Hint); hint != "" {
			b.WriteString(wrap("    try: ", hint, 9))
		}
	}
}
