//go:build linux

// Command bench measures sessbench and its peers side by side: what a request costs
// the client in CPU and memory, and how well each keeps to an arrival schedule.
// bench/README.md says how to read its tables. It is started by run.sh.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	// Children are tied to the life of the thread that started them, see run.
	runtime.LockOSThread()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	err := execute(ctx, os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "bench: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// execute carries out what the arguments ask for and leaves nothing behind but the report.
func execute(ctx context.Context, args []string) error {
	cpus, err := usableCPUs()
	if err != nil {
		return err
	}
	o, err := parseOptions(args, cpus)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "sessbench-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	b := &bench{options: o, scratch: scratch, progress: os.Stderr}
	doc, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	runErr := b.all(ctx, &doc)
	if ctx.Err() != nil {
		doc.ended = "interrupted"
	} else if runErr != nil {
		doc.ended = runErr.Error()
	}
	if err := write(o, doc); err != nil {
		return errors.Join(runErr, err)
	}
	if runErr == nil && o.smoke {
		return unusable(doc.samples)
	}
	return runErr
}

// prepare finds the contestants and says what there is to know before the first run.
func (b *bench) prepare(ctx context.Context) (document, error) {
	o := b.options
	reasons := readReasons(o.reasons)
	doc := document{
		made: time.Now().UTC().Format(time.DateOnly) + ", commit " + commit(ctx), host: host(), missing: map[string]string{}, about: map[string]string{}, conns: o.connections,
		versions: []string{runtime.Version()},
	}
	for _, c := range contestants() {
		if !o.wantsTool(c.name) {
			continue
		}
		doc.tools = append(doc.tools, c.name)
		doc.about[c.name] = c.about
		path, found := find(o.bin, c.binary)
		if !found {
			doc.missing[c.name] = orElse(reasons[c.binary], "no program "+c.binary)
			continue
		}
		t := tool{contestant: c, path: path, version: versionOf(ctx, path)}
		b.tools = append(b.tools, t)
		if c.name == c.binary { // not a second way to use it, nor part of this commit
			doc.versions = append(doc.versions, c.name+" "+t.version)
		}
	}
	b.counts = canCount() && !o.smoke
	doc.baseline = b.baseline()
	doc.method = o.describe(doc.baseline)
	server, found := find(o.bin, "nginx")
	if !found {
		return doc, fmt.Errorf("not installed: nginx: %s", orElse(reasons["nginx"], "no such program"))
	}
	doc.versions = append(doc.versions, "nginx "+versionOf(ctx, server))
	if b.arrivals, found = find(o.bin, "arrivals"); !found {
		return doc, errors.New("no program arrivals: start the harness by run.sh")
	}
	var err error
	b.nginx, err = startNginx(ctx, server, b.scratch, o.saturating.server, b.addresses.all())
	return doc, err
}

// baseline is the tool that all ratios are to: the one asked for, or the first
// reference client where that is not there.
func (b *bench) baseline() string {
	for _, t := range b.tools {
		if t.name == b.options.baseline {
			return t.name
		}
	}
	return "fasthttp"
}

// all runs the workloads in turn and stops nginx.
func (b *bench) all(ctx context.Context, doc *document) error {
	defer b.nginx.stop()
	for _, w := range workloads() {
		if !b.options.wantsWorkload(w.name) {
			continue
		}
		samples, err := b.carryOut(ctx, w)
		doc.ran = append(doc.ran, w)
		doc.samples = append(doc.samples, samples...)
		if err != nil {
			return err
		}
	}
	return nil
}

// write puts the report where it was asked for. An incomplete one goes to standard
// output, so that it does not replace a complete one.
func write(o options, doc document) error {
	if o.raw != "" {
		b, err := json.MarshalIndent(doc.samples, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.raw, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.out == "" || doc.ended != "" {
		_, err := os.Stdout.WriteString(doc.render())
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(o.out, []byte(doc.render()), 0o644)
}

// unusable is an error that names the runs which gave no figure; nil if all did.
func unusable(samples []sample) error {
	var bad []string
	for _, s := range samples {
		if !s.usable() {
			bad = append(bad, fmt.Sprintf("%s by %s: %s", s.Workload, s.Tool, orElse(s.Failure, "no request arrived")))
		}
	}
	if len(samples) == 0 {
		return errors.New("nothing ran")
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n"))
	}
	return nil
}
