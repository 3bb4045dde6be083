package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"sessbench/workload"
)

const (
	progressInterval = 200 * time.Millisecond
	progressSteps    = 1000
	barColumns       = 20
	// barMargin is what a line has around its text: percentage, the bar's ends, spaces.
	barMargin = barColumns + 12
)

// A watcher tells the user about a run while it goes on. Between watch and stop its
// goroutine is the only one that writes to stderr.
type watcher struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// watch starts a watcher, which ends by stop. It shows how far r has come where
// stderr is a terminal, passes on what is said meanwhile, and says that ctx was canceled, unless quiet.
func watch(ctx context.Context, p *process, r runner, said *queue, quiet bool) *watcher {
	// Its own end is not the run's: an interrupted run goes on until it is drained.
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &watcher{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		if quiet {
			return
		}
		defer said.drain(p)
		showProgress(ctx, own, p, r, said)
		select {
		case <-own.Done():
		case <-ctx.Done():
			p.note("interrupted; ending the run (interrupt again to leave without a report)")
			<-own.Done()
		}
	}()
	return w
}

// stop returns when the display is gone.
func (w *watcher) stop() {
	w.cancel()
	<-w.done
}

// showProgress tells of the run until either context ends. On a terminal it draws, and leaves an empty line.
func showProgress(interrupted, finished context.Context, p *process, r runner, said *queue) {
	clear, draw := func() {}, func() {}
	var ticks <-chan time.Time
	if width := p.width(); width > 0 {
		bar := newBar(p)
		clear = func() { bar.Clear() }
		draw = func() {
			now := r.Progress()
			bar.Set64(min(int64(now.Done*progressSteps), progressSteps-1))
			bar.Describe(clip(progressText(now), width-barMargin))
		}
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		ticks = ticker.C
	}
	defer clear()
	for {
		select {
		case <-interrupted.Done():
			return
		case <-finished.Done():
			return
		case line := <-said.lines:
			clear()
			p.note("%s", line)
		case <-ticks:
			draw()
		}
	}
}

func newBar(p *process) *progressbar.ProgressBar {
	return progressbar.NewOptions64(progressSteps,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionSetWidth(barColumns),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
		progressbar.OptionUseANSICodes(runtime.GOOS != "windows"),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
	)
}

func progressText(now workload.Progress) string {
	if now.Arm == "" {
		return "starting"
	}
	var b strings.Builder
	b.WriteString(now.Arm)
	switch {
	case now.Warmup:
		b.WriteString(" warm-up")
	case now.Block > 0:
		fmt.Fprintf(&b, " block %d/%d", now.Block, now.Blocks)
	}
	fmt.Fprintf(&b, "  %.0f/s  p50 %s  p99 %s", now.Rate, short(now.P50), short(now.P99))
	if now.Errors > 0 {
		fmt.Fprintf(&b, "  %d errors", now.Errors)
	}
	fmt.Fprintf(&b, "  %s left", now.Left.Round(time.Second))
	return b.String()
}

// short gives a duration three significant digits or so.
func short(d time.Duration) string {
	switch {
	case d <= 0:
		return "-"
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < time.Second:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// clip shortens ASCII text to what fits.
func clip(text string, columns int) string {
	return text[:min(len(text), max(columns, 0))]
}
