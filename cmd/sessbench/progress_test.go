package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/result"
	"sessbench/workload"
)

func TestProgressIsShownOnATerminalAndLeavesAnEmptyLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsole(nil, nil)
		c.width = func() int { return 200 }
		r := &fakeRunner{progress: workload.Progress{
			Arm: "fresh", Block: 3, Blocks: 10, Done: 0.25, Rate: 1234.4,
			P50: 1234 * time.Microsecond, P99: 56789 * time.Microsecond, Errors: 2, Left: 12 * time.Second,
		}}
		w := watch(t.Context(), &c.process, r, newQueue(), false)
		time.Sleep(5*progressInterval + 1)
		w.stop()
		for _, want := range []string{" 25% [", "fresh block 3/10  1234/s  p50 1.23ms  p99 56.79ms  2 errors  12s left"} {
			if !strings.Contains(c.err.String(), want) {
				t.Errorf("no %q in %q", want, c.err.String())
			}
		}
		if !strings.HasSuffix(c.err.String(), "\033[2K\r") {
			t.Errorf("the line is not cleared: %q", c.err.String())
		}
		if strings.Contains(c.err.String(), "\n") {
			t.Errorf("progress goes on over lines: %q", c.err.String())
		}
	})
}

func TestProgressIsPolledFiveTimesASecondByOneGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newConsole(nil, nil)
		c.width = func() int { return 80 }
		r := &countingRunner{}
		w := watch(t.Context(), &c.process, r, newQueue(), false)
		time.Sleep(10*time.Second + 1)
		w.stop()
		if r.polls != 50 { // counted without a lock: the race detector watches
			t.Errorf("polled %d times in 10 s", r.polls)
		}
	})
}

type countingRunner struct{ polls int }

func (r *countingRunner) Run(context.Context) (*result.Result, error) { return nil, nil }
func (r *countingRunner) Progress() workload.Progress                 { r.polls++; return workload.Progress{} }

func TestNoProgressWithoutATerminalOrWhenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			columns int
			quiet   bool
		}{{0, false}, {80, true}, {0, true}} {
			c := newConsole(nil, nil)
			c.width = func() int { return test.columns }
			ctx, cancel := context.WithCancel(t.Context())
			w := watch(ctx, &c.process, &fakeRunner{}, newQueue(), test.quiet)
			time.Sleep(time.Minute)
			w.stop()
			cancel()
			if c.err.Len() > 0 {
				t.Errorf("%d columns, quiet %v: %q", test.columns, test.quiet, c.err.String())
			}
		}
	})
}

func TestProgressFitsTheTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, columns := range []int{80, 60, 40} {
			c := newConsole(nil, nil)
			c.width = func() int { return columns }
			r := &fakeRunner{progress: workload.Progress{Arm: strings.Repeat("long", 20), Block: 1, Blocks: 10, Done: 1}}
			w := watch(t.Context(), &c.process, r, newQueue(), false)
			time.Sleep(2*progressInterval + 1)
			w.stop()
			for _, line := range bytes.Split(c.err.Bytes(), []byte("\r")) {
				line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\033[2K")), []byte("\033[0K"))
				if len(line) >= columns {
					t.Errorf("%d columns do not hold the %d of %q", columns, len(line), line)
				}
			}
		}
	})
}

func TestProgressText(t *testing.T) {
	for want, now := range map[string]workload.Progress{
		"starting": {},
		"pooled warm-up  0/s  p50 -  p99 -  9s left": {Arm: "pooled", Warmup: true, Left: 9 * time.Second},
		"pooled block 1/2  10/s  p50 123µs  p99 1.23s  1m5s left": {
			Arm: "pooled", Block: 1, Blocks: 2, Rate: 10, P50: 123 * time.Microsecond, P99: 1234 * time.Millisecond, Left: 65 * time.Second},
	} {
		if got := progressText(now); got != want {
			t.Errorf("text %q, want %q", got, want)
		}
	}
}
