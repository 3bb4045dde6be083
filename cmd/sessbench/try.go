package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sessbench/report"
	"sessbench/result"
	"sessbench/workload"
)

const tryHelp = `try carries out every operation of a plan once, in one session: the set-up, then the
mix in its order, scenarios by their steps, then the teardown. It prints what was sent
(>), what came back (<) and what happened in between (*): the rows of feeds that were
used, redirects, answers to challenges, retries with their waits, connections and times,
checks, and the values that were extracted. Load, arms, conditions, weights and pauses
do not matter to it. Where a run would give up, after a step that failed, it says so and
goes on.

The plan is a YAML or JSON file; the plan in a saved result is one too. Passwords,
tokens, cookies' values and what else is secret by its name, also as a column of a feed
or as a variable, are shown as ***, and what came from the environment as ${NAME}, unless
--show-secrets is given; a file that --out writes is treated alike.

The exit code is 1 where a request had no response, a template could not be filled in, a
check or an extraction failed, or a status is not one that the operation's expect lists.
It is 2 where the plan is wrong, and 130 where try was interrupted. It is 0 otherwise,
whatever statuses the server answered with. What was done is printed and saved in every
case but 2.`

const tryExamples = `  sessbench try --plan plan.yaml
  sessbench try --plan plan.yaml --only search --only checkout/pay
  sessbench try --plan plan.yaml --set target=https://staging.example.com
  sessbench try --plan plan.yaml --format json --out trace.json
  sessbench try --plan plan.yaml --show-secrets --timeout 5s`

// A trial run of a plan.
type tryFlags struct {
	plan, format, out, color string
	set, only                []string
	showSecrets              bool
	timeout                  time.Duration
}

func newTryCommand(p *process) *cobra.Command {
	f := &tryFlags{}
	cmd := &cobra.Command{
		Use:     "try --plan FILE [flags]",
		Short:   "Carry out each operation of a plan once, and show every exchange",
		Long:    tryHelp,
		Example: tryExamples,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.try(cmd.Context(), f, cmd.Flags().Changed)
		},
	}
	set := newFlagSet()
	set.StringVar(&f.plan, "plan", "", "`file` with the plan, in YAML or JSON; - is standard input")
	set.StringArrayVar(&f.set, "set", nil, "`key=value` of the plan to change, as session.follow=false or\nmix.list.expect=[404]; repeatable")
	set.StringArrayVar(&f.only, "only", nil, "`name` of what alone to try of the mix: an operation, a scenario, or\na step as scenario/step; the set-up and the teardown are carried\nout all the same; repeatable")
	set.DurationVar(&f.timeout, "timeout", 0, "longest `time` for each call, instead of the plan's; 0: none")
	set.BoolVar(&f.showSecrets, "show-secrets", false, "show passwords, tokens and cookies as they are")
	set.StringVarP(&f.out, "out", "o", "", "`file` to save the exchanges in, as JSON")
	addFormatFlag(set, &f.format)
	set.StringVar(&f.color, "color", "auto", "`when` text has colours: auto (on a terminal), always or never")
	addGroups(cmd, []flagGroup{{"Flags", set}})
	return cmd
}

// try finds what is wrong with the command line and the plan before anything is sent.
func (p *process) try(ctx context.Context, f *tryFlags, given func(string) bool) error {
	render, err := f.check(given, p.colors)
	if err != nil {
		return err
	}
	file, err := p.readPlan(f.plan, f.set)
	if err != nil {
		return err
	}
	plan := file.Plan
	p.environment = file.Environment
	if err := plan.CheckOnly(f.only); err != nil {
		return usagef("--only: %v", err)
	}
	if given("timeout") {
		plan = withTimeout(plan, f.timeout)
	}
	opts := workload.Options{UserAgent: "sessbench/" + tool().Version, Logger: slog.New(notes{p}), Environment: file.Environment, Only: f.only}
	if plan.Target == "" {
		server, err := startEmbedded(ctx, embeddedFlags(plan)...)
		if err != nil {
			return err
		}
		defer server.stop()
		opts.Embedded = &server.Embedded
	}
	trace, err := p.tryPlan(ctx, plan, opts)
	if err != nil {
		if e, ok := errors.AsType[*workload.KeyError](err); ok {
			return p.notePlan(file.Wrong(e))
		}
		return err
	}
	trace.Tool = tool()
	if !f.showSecrets {
		trace = file.Environment.MaskTrace(trace, plan)
	}
	return p.concludeTry(ctx, f, render, trace)
}

// check returns what writes the trace. colors says whether standard output shows colours by itself.
func (f *tryFlags) check(given func(string) bool, colors func() bool) (func(io.Writer, *result.Trace) error, error) {
	var render func(io.Writer, *result.Trace) error
	switch f.format {
	case "text":
		render = report.TraceText
	case "json":
		render = report.TraceJSON
	default:
		return nil, usagef("--format is %q; use text or json", f.format)
	}
	switch f.color {
	case "auto", "always":
		if f.format == "text" && (f.color == "always" || colors()) {
			render = report.TraceColored
		}
	case "never":
	default:
		return nil, usagef("--color is %q; use auto, always or never", f.color)
	}
	return render, f.checkFiles(given)
}

func (f *tryFlags) checkFiles(given func(string) bool) error {
	switch {
	case !given("plan"):
		return usagef("try needs a plan; name its file, as in sessbench try --plan plan.yaml")
	case f.plan == "":
		return usagef("--plan is empty; name a file")
	case f.timeout < 0:
		return usagef("--timeout is %v; use a positive time, or 0 for none", f.timeout)
	case given("out") && f.out == "":
		return usagef("--out is empty; name a file")
	case f.out == "-":
		return usagef("--out is -; name a file, or write to standard output with --format json")
	case f.out != "":
		if err := result.CheckWritable(f.out); err != nil {
			return usagef("--out: %v", err)
		}
	}
	return nil
}

// withTimeout gives every call of a plan another limit.
func withTimeout(plan *workload.Plan, limit time.Duration) *workload.Plan {
	changed := *plan
	changed.Session.Timeout.Total = workload.Duration(limit)
	for _, operations := range []*[]workload.Operation{&changed.Setup, &changed.Mix, &changed.Teardown} {
		*operations = timed(*operations, limit)
	}
	return &changed
}

// timed gives operations that have limits of their own, and steps, another one.
func timed(operations []workload.Operation, limit time.Duration) []workload.Operation {
	operations = slices.Clone(operations)
	for i := range operations {
		o := &operations[i]
		o.Steps = timed(o.Steps, limit)
		if o.Timeout != nil {
			t := *o.Timeout
			t.Total = workload.Duration(limit)
			o.Timeout = &t
		}
	}
	return operations
}

// concludeTry saves and prints the trace and says why the exit code is what it is.
func (p *process) concludeTry(ctx context.Context, f *tryFlags, render func(io.Writer, *result.Trace) error, trace *result.Trace) error {
	failed := trace.Failed()
	if f.out != "" {
		if err := result.WriteTraceFile(f.out, trace); err != nil {
			p.note("%v", err)
			failed = true
		}
	}
	var b strings.Builder
	err := render(&b, trace)
	if err == nil {
		err = p.print([]byte(b.String()))
	}
	if err != nil {
		p.note("%v", err)
		failed = true
	}
	switch {
	case ctx.Err() != nil || trace.Interrupted:
		return exit(exitInterrupted)
	case failed:
		return exit(exitFailed)
	}
	return nil
}
