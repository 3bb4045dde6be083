//go:build linux

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A bench carries out the rounds. It runs one process at a time.
type bench struct {
	options  options
	scratch  string // removed by whoever made it
	tools    []tool // installed ones
	nginx    *nginx
	arrivals string // the arrival server's program
	progress io.Writer

	addresses addresses // of nginx
	counts    bool      // system calls can be counted
}

// A tool is a contestant that was found on this machine.
type tool struct {
	contestant
	path, version string
}

// offers says whether the tool can take part in the workload.
func (t tool) offers(w workload) bool {
	switch {
	case w.rate > 0:
		return t.open && t.name != "spin" || t.limited
	case w.url == nil:
		return t.open
	}
	if w.streams > 0 {
		return t.http2
	}
	return t.closed && !(t.freshOnly && w.use == usePooled)
}

// countingRound is the round in which system calls are counted. What it costs counts nowhere.
const countingRound = -1

// carryOut runs every round of a workload and returns its samples, those of the
// finished runs even where it returns an error.
func (b *bench) carryOut(ctx context.Context, w workload) ([]sample, error) {
	var tools []tool
	for _, t := range b.tools {
		if t.offers(w) {
			tools = append(tools, t)
		}
	}
	var samples []sample
	if b.counts && w.url != nil {
		for _, t := range tools {
			s, err := b.once(ctx, w, t, countingRound)
			if err != nil {
				return samples, fmt.Errorf("%s, %s, counting system calls: %w", w.name, t.name, err)
			}
			samples = append(samples, s)
		}
	}
	for round := range b.options.rounds {
		for _, i := range drawOrder(len(tools), b.options.seed, w.name, round) {
			s, err := b.undisturbed(ctx, w, tools[i], round)
			if ctx.Err() != nil {
				return samples, ctx.Err()
			}
			if err != nil {
				return samples, fmt.Errorf("%s, %s: %w", w.name, tools[i].name, err)
			}
			samples = append(samples, s)
			fmt.Fprintf(b.progress, "bench: %s round %d/%d %-9s %8.0f req/s %6.1f µs CPU/req %6d connections %s\n",
				w.name, round+1, b.options.rounds, s.Tool, s.rate(), 1e6*s.cpuPerReq(), s.Connections, s.Failure)
		}
	}
	return samples, nil
}

// In the open model a run is made again where the host of a virtual machine took more CPU time than this away, as a share of one CPU:
// then it is the host's stalls that are measured. A host is busy for minutes at times, so each attempt is made after a pause twice as long as the
// one before. Where it takes too much every time, the run of which it took least is kept.
const (
	stolenMost = 0.01
	attempts   = 8
	firstPause = time.Second
)

// undisturbed is one run of one tool, with the host away where that can be had.
func (b *bench) undisturbed(ctx context.Context, w workload, t tool, round int) (best sample, err error) {
	for attempt := range attempts {
		if attempt > 0 {
			if err := pause(ctx, firstPause<<(attempt-1)); err != nil {
				return best, err
			}
		}
		s, err := b.once(ctx, w, t, round)
		if err != nil {
			return s, err
		}
		if attempt == 0 || s.Stolen < best.Stolen {
			best = s
		}
		best.Again = attempt
		if w.url != nil || best.Stolen <= stolenMost || b.options.smoke {
			break
		}
	}
	return best, nil
}

// once is one run of one tool. Its error means that the harness cannot go on; a tool
// that fails is a sample that says so.
func (b *bench) once(ctx context.Context, w workload, t tool, round int) (sample, error) {
	dir := filepath.Join(b.scratch, strings.Join([]string{w.name, strconv.Itoa(round), t.binary}, "-"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(dir)
	job := work{
		Use: w.use, Conns: w.connections(b.options.connections), Streams: w.streams, Length: t.length(w.length(b.options.length)), Dir: dir,
	}
	s := sample{Workload: w.name, Tool: t.name, Round: round + 1, Seconds: job.Length.Seconds()}
	if w.url == nil {
		job.Rate = cmp.Or(w.rate, b.options.rate)
		return b.paced(ctx, w, t, job, s)
	}
	address, wait := b.addresses.take(time.Now())
	job.URL = w.url(b.nginx, b.addresses.all()[address])
	if err := b.waitForPorts(ctx, w, wait); err != nil {
		return s, err
	}
	before, err := b.nginx.settled(ctx)
	if err != nil {
		return s, err
	}
	if err := b.measure(ctx, t, job, b.options.saturating.client, &s); err != nil {
		return s, err
	}
	after, err := b.nginx.settled(ctx)
	if err != nil {
		return s, err
	}
	if w.use != usePooled {
		b.addresses.rest(address, time.Now())
	}
	seen := after.minus(before)
	s.Requests, s.Connections = seen.Requests, seen.Connections
	s.TLSFull, s.TLSResumed = seen.TLSFull, seen.TLSResumed
	return s, nil
}

// paced is one run in the open model against a new arrival server.
func (b *bench) paced(ctx context.Context, w workload, t tool, job work, s sample) (sample, error) {
	server, err := startArrivals(ctx, b.arrivals, b.options.roomy.server, w.rate > 0)
	if err != nil {
		return s, err
	}
	job.URL = server.URL
	err = b.measure(ctx, t, job, b.options.roomy.client, &s)
	log, stopErr := server.stop()
	if err != nil {
		return s, err
	}
	if stopErr != nil {
		return s, fmt.Errorf("arrival server: %w", stopErr)
	}
	s.Requests, s.Connections = int64(len(log.Arrivals)), log.Connections
	p, err := paceOf(log, job.Rate, job.Length)
	if err != nil {
		if s.Failure == "" {
			s.Failure = err.Error()
		}
		return s, nil
	}
	s.Pace = &p
	return s, nil
}

// measure runs the tool's process and fills in what it used and said.
func (b *bench) measure(ctx context.Context, t tool, job work, cpus string, s *sample) error {
	if t.files != nil {
		for name, text := range t.files(job) {
			if err := os.WriteFile(filepath.Join(job.Dir, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
	}
	c := command{
		argv: append([]string{t.path}, t.argv(job)...), env: t.env, dir: job.Dir, cpus: cpus, counted: s.Round == countingRound+1,
		okExits: t.okExits, limit: job.Length + 30*time.Second,
	}
	if t.stopped != nil && t.stopped(job) {
		c.stopAfter = job.Length
	}
	before := stolen()
	u, err := run(ctx, c)
	if err != nil {
		return err
	}
	s.Stolen = (stolen() - before).Seconds() / u.Wall.Seconds()
	s.Wall, s.CPU, s.Memory, s.Failure = u.Wall.Seconds(), u.CPU.Seconds(), u.PeakMemory, u.Failure
	s.Sleeps, s.SystemCalls = u.Sleeps, u.SystemCalls
	if s.Failure != "" || t.said == nil {
		return nil
	}
	if s.Said, err = t.said(ctx, t.path, job, u.Stdout); err != nil {
		s.Failure = err.Error()
	}
	return nil
}

// waitForPorts holds a run back until every local port is free for its address, and the
// kernel has room to keep those that a run with fresh connections uses up.
func (b *bench) waitForPorts(ctx context.Context, w workload, wait time.Duration) error {
	if err := pause(ctx, wait); err != nil || w.use == usePooled {
		return err
	}
	return waitForRoom(ctx)
}
