package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"sessbench/internal/cputime"
	"sessbench/internal/host"
	"sessbench/report"
	"sessbench/result"
	"sessbench/workload"
)

// A measurement is what compare and run have in common: flags to plan, plan to
// result, result to standard output, file and exit code.
type measurement struct {
	process *process
	flags   flagValues
	arms    func(list string, t target) ([]workload.Arm, error) // the command's rules for --arms

	plan       *workload.Plan
	conditions []result.Condition
	files      uint64 // that may be open at the same time
	render     func(io.Writer, *result.Result) error
}

// command turns m into a cobra command. cmd has the texts.
func (m *measurement) command(cmd *cobra.Command, armsHelp string) *cobra.Command {
	cmd.Args = atMostOneURL
	addGroups(cmd, m.flags.groups(armsHelp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := m.prepare(cmd, args); err != nil {
			return err
		}
		return m.measure(cmd.Context())
	}
	return cmd
}

// prepare finds what is wrong with the command line, before anything is started.
func (m *measurement) prepare(cmd *cobra.Command, args []string) error {
	var t target
	if len(args) == 0 {
		t.path = embeddedPath
	} else {
		var err error
		if t, err = parseTarget(args[0]); err != nil {
			return err
		}
	}
	arms, err := m.arms(m.flags.arms, t)
	if err != nil {
		return explainKeyError(err)
	}
	b := planner{flags: &m.flags, given: cmd.Flags().Changed, stdin: m.process.stdin}
	if m.plan, err = b.plan(t, arms); err != nil {
		return err
	}
	if m.conditions, err = parseConditions(m.flags.failIf); err != nil {
		return err
	}
	if err := checkConditions(m.conditions, armNames(arms)); err != nil {
		return err
	}
	if err := m.checkOutput(); err != nil {
		return err
	}
	if err := m.checkFiles(); err != nil {
		return err
	}
	if m.flags.keyLog != "" {
		m.process.note("warning: the TLS secrets of every connection go to %s; delete it when it has been used", m.flags.keyLog)
	}
	if t.assumed && !m.flags.quiet {
		m.process.note("the URL has no scheme; using %s", t.base)
	}
	return nil
}

func (m *measurement) checkOutput() error {
	var err error
	if m.render, err = rendererOf(m.flags.format); err != nil {
		return err
	}
	switch m.flags.out {
	case "":
		return nil
	case "-":
		return usagef("--out is -; name a file, or write the result to standard output with --format json")
	}
	if err := result.CheckWritable(m.flags.out); err != nil {
		return usagef("--out: %v", err)
	}
	return nil
}

func rendererOf(format string) (func(io.Writer, *result.Result) error, error) {
	render, err := report.Renderer(format)
	if err != nil {
		return nil, usagef("--format is %q; use text or json", format)
	}
	return render, nil
}

// otherFiles is how many files sessbench has open beside its connections: streams,
// the poller, timers, the result.
const otherFiles = 64

// checkFiles asks for a file for each connection that every arm may have, be it a worker's own or a shared pool's:
// those that are kept stay open while other arms have their turn.
func (m *measurement) checkFiles() error {
	need := uint64(otherFiles)
	for i := range m.plan.Arms {
		files, err := m.plan.Files(&m.plan.Arms[i], m.plan.Load.Workers)
		if err != nil {
			return explainKeyError(err)
		}
		need += uint64(files)
	}
	if m.plan.Connection.HappyEyeballs > 0 { // each of the arm under way may open two at the same time
		need += uint64(m.plan.Load.Workers)
	}
	m.files = need
	have, err := m.process.raiseFileLimit(need)
	if err == nil && have < need {
		arms := "1 arm"
		if n := len(m.plan.Arms); n > 1 {
			arms = fmt.Sprintf("%d arms", n)
		}
		return usagef("--workers %d with %s needs %d open files, and the limit is %d; raise it (ulimit -n %d) or use fewer workers",
			m.plan.Load.Workers, arms, need, have, need)
	}
	return nil
}

// What decides how far the heap grows before garbage is collected. A small heap is let grow by heapSpare,
// whatever the share: with the usual percentages a load of new TLS connections, which leaves much garbage, would have it
// collected dozens of times a second, at a tenth of all its CPU time. A large one grows by leastGrowth percent,
// for memory is what thousands of workers lack first.
const (
	heapAtRest    = 8 << 20 // histograms and code's own tables, with few workers
	heapPerWorker = 24 << 10
	heapSpare     = 32 << 20
	leastGrowth   = 50
)

// collectAt is the growth of the heap, in percent, at which garbage is collected with so many workers in
// all arms, unless GOGC says otherwise.
func collectAt(workers int) int {
	return max(leastGrowth, heapSpare/((heapAtRest+workers*heapPerWorker)/100))
}

// measure carries out the plan and tells what came of it.
func (m *measurement) measure(ctx context.Context) error {
	host.ReserveFiles(m.files) // otherwise load would wait for the table of files to grow
	if os.Getenv("GOGC") == "" {
		workers := len(m.plan.Arms) * m.plan.Load.Workers
		defer debug.SetGCPercent(debug.SetGCPercent(collectAt(workers)))
	}
	opts := workload.Options{UserAgent: "sessbench/" + tool().Version, CPUTime: cputime.Used, Ports: portFacts(host.Facts(), host.ReadSettings())}
	said := newQueue()
	opts.Logger = slog.New(said)
	running, release := ctx, func() error { return nil }
	if m.plan.Target == "" {
		server, err := startEmbedded(ctx, embeddedFlags(m.plan)...)
		if err != nil {
			return err
		}
		defer server.stop()
		opts.Embedded = &server.Embedded
		running, release = server.guard(ctx)
	}
	r, err := m.process.newRunner(m.plan, opts)
	if err != nil {
		release()
		return explainKeyError(err)
	}
	watching := watch(ctx, m.process, r, said, m.flags.quiet)
	res, err := r.Run(running)
	watching.stop()
	// Under an interruption the server may go first: a terminal's signals are for both.
	if lost := release(); lost != nil && ctx.Err() == nil {
		return m.conclude(ctx, res, lost)
	}
	return m.conclude(ctx, res, err)
}

// conclude saves and reports res, which is nil where there is none, and says why the
// exit code is what it is. A run that was stopped because its server was lost has failed.
func (m *measurement) conclude(ctx context.Context, res *result.Result, runErr error) error {
	failed := false
	fail := func(err error) {
		m.process.note("%v", err)
		failed = true
	}
	_, lost := errors.AsType[*lostServer](runErr)
	interrupted := ctx.Err() != nil || res != nil && res.Interrupted && !lost
	if runErr != nil && !(interrupted && errors.Is(runErr, context.Canceled)) {
		fail(runErr)
	}
	held := false
	if res != nil {
		res.Tool, res.Host = tool(), host.Facts()
		for _, err := range m.deliver(res) {
			fail(err)
		}
		m.noteInvalid(res)
		var err error
		if held, err = m.process.noteHeld(m.conditions, res); err != nil {
			failed = true
		}
	}
	switch {
	case interrupted && res == nil:
		m.process.note("interrupted before anything was measured")
		return exit(exitInterrupted)
	case interrupted:
		return exit(exitInterrupted)
	case failed:
		return exit(exitFailed)
	case res != nil && !res.Valid:
		return exit(exitInvalid)
	case held:
		return exit(exitHeld)
	}
	return nil
}

// deliver saves the result before it writes to standard output, where a reader may
// make it wait.
func (m *measurement) deliver(res *result.Result) (problems []error) {
	if m.flags.out != "" {
		if err := result.WriteFile(m.flags.out, res); err != nil {
			problems = append(problems, notSaved(err, m.flags.format))
		}
	}
	if err := m.process.renderTo(m.render, res); err != nil {
		problems = append(problems, err)
	}
	return problems
}

// notSaved tells a user who loses the numbers behind the text that it is so.
func notSaved(err error, format string) error {
	kept := "only the report on standard output remains"
	if format == "json" {
		kept = "standard output has it"
	}
	return errors.New("the result was NOT saved: " + err.Error() + "; " + kept)
}

func (p *process) renderTo(render func(io.Writer, *result.Result) error, res *result.Result) error {
	var b bytes.Buffer
	if err := render(&b, res); err != nil {
		return err
	}
	return p.print(b.Bytes())
}

func (m *measurement) noteInvalid(res *result.Result) {
	if res.Valid {
		return
	}
	var why []string
	for _, w := range res.Warnings {
		if w.Invalid {
			why = append(why, w.Detail)
		}
	}
	m.process.note("the result is invalid: %s", strings.Join(why, "; "))
}
