package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"sessbench/internal/cputime"
	"sessbench/internal/host"
	"sessbench/report"
	"sessbench/result"
	"sessbench/workload"
	"sessbench/workload/planfile"
)

// A measurement is what compare and run have in common: flags to plan, plan to
// result, result to standard output, file and exit code.
type measurement struct {
	process *process
	flags   flagValues
	arms    armRules

	plan       *workload.Plan
	base       *base // that the plan was made over; nil: it was made of flags alone
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

// armRules are a command's rules for --arms: for a plan of flags alone, and for one from a file.
type armRules struct {
	ofFlags func(list string, t target) ([]workload.Arm, error)
	inPlan  func(file *planfile.File, list string) ([]workload.Arm, error)
}

// prepare finds what is wrong with the command line, before anything is started.
func (m *measurement) prepare(cmd *cobra.Command, args []string) error {
	t := target{path: embeddedPath}
	if len(args) > 0 {
		var err error
		if t, err = parseTarget(args[0]); err != nil {
			return err
		}
	}
	flags := cmd.Flags()
	b := planner{flags: &m.flags, given: flags.Changed, stdin: m.process.stdin,
		text: func(name string) string { return flags.Lookup(name).Value.String() }}
	if err := m.makePlan(b, t, len(args) > 0); err != nil {
		return err
	}
	var err error
	if m.conditions, err = parseConditions(m.plan.FailIf); err != nil {
		return err
	}
	if err := m.checkOutput(); err != nil {
		return err
	}
	if err := m.checkFiles(); err != nil {
		return err
	}
	if file := m.plan.Session.TLS.KeyLog; file != "" {
		m.process.note("warning: the TLS secrets of every connection go to %s; delete it when it has been used", file)
	}
	if t.assumed && !m.plan.Output.Quiet {
		m.process.note("the URL has no scheme; using %s", t.base)
	}
	return nil
}

// makePlan makes a plan of the flags, or of them over the one in --plan's file.
func (m *measurement) makePlan(b planner, t target, hasURL bool) error {
	if !b.given("plan") {
		arms, wrongArms := m.arms.ofFlags(m.flags.arms, t)
		refused := b.refuseContradictions()
		if refused != nil && m.flags.bodyFile == "-" { // nobody waits for standard input to be told
			return m.tell(errors.Join(wrongArms, refused))
		}
		plan, unread := b.plan(t, arms)
		if err := errors.Join(wrongArms, refused, unread); err != nil {
			return m.tell(err)
		}
		m.plan = plan
		return m.wrong(m.plan.Problems())
	}
	if err := b.refuseContradictions(); err != nil {
		return m.tell(err)
	}
	if !hasURL {
		return m.planOver(b, target{}, false)
	}
	t.base += t.path // the plan's own operations are resolved against it
	return m.planOver(b, t, true)
}

func (m *measurement) checkOutput() error {
	var err error
	if m.render, err = rendererOf(m.plan.Output.Format); err != nil {
		return err
	}
	switch file := m.plan.Output.File; file {
	case "":
		return nil
	case "-":
		return usagef("--out is -; name a file, or write the result to standard output with --format json")
	default:
		if err := result.CheckWritable(file); err != nil {
			return usagef("--out: %v", err)
		}
		return nil
	}
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
	need, workers := uint64(otherFiles), m.mostWorkers()
	for i := range m.plan.Arms {
		files, err := m.plan.Files(&m.plan.Arms[i], workers)
		if err != nil {
			return m.wrongKey(err)
		}
		need += uint64(files)
	}
	if m.plan.Connection.HappyEyeballs > 0 { // each of the arm under way may open two at the same time
		need += uint64(workers)
	}
	m.files = need
	have, err := m.process.raiseFileLimit(need)
	if err == nil && have < need {
		arms := "1 arm"
		if n := len(m.plan.Arms); n > 1 {
			arms = fmt.Sprintf("%d arms", n)
		}
		problem := fmt.Sprintf("%d with %s needs %d open files, and the limit is %d; raise it (ulimit -n %d) or use fewer workers", workers, arms, need, have, need)
		if m.base == nil {
			return usagef("--workers %s", problem)
		}
		return m.wrong([]*workload.KeyError{{Key: "load.workers", Problem: "is too much: " + problem}})
	}
	return nil
}

// mostWorkers is how many workers an arm may come to have.
func (m *measurement) mostWorkers() int { return m.plan.Load.MostWorkers() }

// measure carries out the plan and tells what came of it.
func (m *measurement) measure(ctx context.Context) error {
	host.ReserveFiles(m.files) // otherwise load would wait for the table of files to grow
	if os.Getenv("GOGC") == "" {
		defer letHeapGrow()()
	}
	opts := workload.Options{UserAgent: "sessbench/" + tool().Version, CPUTime: cputime.Used, Ports: portFacts(host.Facts(), host.ReadSettings())}
	said := newQueue()
	opts.Logger = slog.New(said)
	opts.Environment = m.process.environment
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
		return m.wrongKey(err)
	}
	watching := watch(ctx, m.process, r, said, m.plan.Output.Quiet)
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
		held = m.process.noteUnmet(res) || held
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
	if out := m.plan.Output; out.File != "" {
		if err := result.WriteFile(out.File, res); err != nil {
			problems = append(problems, notSaved(err, out.Format))
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
