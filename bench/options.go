//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// smokeLength is long enough for every tool to start and send.
const smokeLength = 300 * time.Millisecond

// options are the flags of the harness.
type options struct {
	rounds      int
	length      time.Duration
	connections int
	rate        int
	seed        uint64
	only, tools []string // empty: all
	baseline    string
	saturating  placement
	roomy       placement
	bin         string
	reasons     string
	out, raw    string
	smoke       bool
}

// parseOptions reads the flags; cpus are the usable ones, in order.
func parseOptions(args []string, cpus []int) (options, error) {
	o := options{saturating: saturating(cpus), roomy: roomy(cpus)}
	var seconds float64
	var only, tools string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 7, "times that every tool runs each workload")
	f.Float64Var(&seconds, "seconds", 3, "length of a run; wrk, ab and k6 round it up to whole seconds")
	f.IntVar(&o.connections, "connections", 32, "connections or workers of every tool")
	f.IntVar(&o.rate, "rate", 1000, "requests per second of the pacing workload")
	f.Uint64Var(&o.seed, "seed", 1, "of the order of the tools in each round")
	f.StringVar(&only, "only", "", "workloads, separated by commas: "+strings.Join(workloadNames(), ",")+" (default all)")
	f.StringVar(&tools, "tools", "", "tools, separated by commas: "+strings.Join(toolNames(), ",")+" (default all)")
	f.StringVar(&o.baseline, "baseline", "sessbench", "the tool that ratios are to; fasthttp where it is not installed")
	f.StringVar(&o.saturating.client, "client-cpus", o.saturating.client, "CPUs of the client, closed model")
	f.StringVar(&o.saturating.server, "server-cpus", o.saturating.server, "CPUs of nginx, closed model")
	f.StringVar(&o.roomy.client, "pacing-client-cpus", o.roomy.client, "CPUs of the client, pacing workload")
	f.StringVar(&o.roomy.server, "pacing-server-cpus", o.roomy.server, "CPUs of the arrival server, pacing workload")
	f.StringVar(&o.bin, "bin", "", "directory looked into for programs before the PATH")
	f.StringVar(&o.reasons, "reasons", "", "file that says why a tool is not installed: lines of name, tab, reason")
	f.StringVar(&o.out, "out", "", "Markdown file to write (default standard output)")
	f.StringVar(&o.raw, "json", "", "file for every run's figures, as JSON")
	f.BoolVar(&o.smoke, "smoke", false, "one round of 0.3 s, only to see that everything works; fails if any run gave no figure")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.length = time.Duration(seconds * float64(time.Second))
	if o.smoke {
		o.rounds, o.length = 1, smokeLength
	}
	o.only, o.tools = splitList(only), splitList(tools)
	return o, o.check(f.Args())
}

func (o options) check(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("unexpected argument %q", rest[0]))
	}
	if o.rounds < 1 || o.length <= 0 || o.connections < 1 || o.rate < 1 {
		errs = append(errs, errors.New("rounds, seconds, connections and rate must be above zero"))
	}
	for _, name := range o.only {
		if !slices.Contains(workloadNames(), name) {
			errs = append(errs, fmt.Errorf("no workload %q; there are %s", name, strings.Join(workloadNames(), ", ")))
		}
	}
	for _, name := range append(slices.Clone(o.tools), o.baseline) {
		if !slices.Contains(toolNames(), name) {
			errs = append(errs, fmt.Errorf("no tool %q; there are %s", name, strings.Join(toolNames(), ", ")))
		}
	}
	for _, list := range []string{o.saturating.client, o.saturating.server, o.roomy.client, o.roomy.server} {
		if _, err := countCPUs(list); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// wantsTool says whether a tool takes part. The reference client that ratios fall
// back to always does.
func (o options) wantsTool(name string) bool {
	return len(o.tools) == 0 || slices.Contains(o.tools, name) || name == o.baseline || name == "fasthttp"
}

func (o options) wantsWorkload(name string) bool {
	return len(o.only) == 0 || slices.Contains(o.only, name)
}

// describe says how the figures were made, for the head of the report.
func (o options) describe(baseline string) []string {
	lines := []string{
		fmt.Sprintf("Rounds: %d of %v; in each, every tool runs the same work once, in an order drawn anew (seed %d)", o.rounds, o.length, o.seed),
		fmt.Sprintf("%d connections; client on CPU %s, nginx on CPU %s; pacing: client on CPU %s, server on CPU %s",
			o.connections, o.saturating.client, o.saturating.server, o.roomy.client, o.roomy.server),
		"Ratios are medians over rounds of tool ÷ " + baseline + " within one round, with the lowest and highest round in brackets; everything else is a median over rounds",
		"Requests, connections and TLS handshakes are counted by nginx; CPU (user and system) and memory by the kernel, start-up included",
		"Every run loads an address of its own, so that no run finds local ports that another one used up",
		"In the closed model sessbench calls its runs invalid (exit code 4, generator_saturated), rightly: its only CPU is the bottleneck, and what that CPU gets done is what is measured here",
		fmt.Sprintf("Pacing: %d requests per second; arrivals are stamped by the server's kernel and held against an even schedule laid through their median", o.rate),
	}
	if baseline != o.baseline {
		lines = append(lines, fmt.Sprintf("**%s is not installed here: ratios are to %s**", o.baseline, baseline))
	}
	return lines
}

func splitList(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func workloadNames() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}

func toolNames() []string {
	var names []string
	for _, c := range contestants() {
		names = append(names, c.name)
	}
	return names
}
