package main

import (
	"context"
	"log/slog"
	"strings"
)

// notes is where a session's log goes: onto stderr, as what this program says itself.
type notes struct{ process *process }

// Enabled leaves out what is not of interest to a user.
func (notes) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle writes the message with its attributes.
func (n notes) Handle(_ context.Context, r slog.Record) error {
	n.process.note("%s", warning(r))
	return nil
}

func warning(r slog.Record) string {
	var b strings.Builder
	b.WriteString("warning: " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(", " + a.Key + " " + a.Value.String())
		return true
	})
	return b.String()
}

// WithAttrs is not needed: sessions log whole records.
func (n notes) WithAttrs([]slog.Attr) slog.Handler { return n }

// WithGroup is not needed either.
func (n notes) WithGroup(string) slog.Handler { return n }

// A queue is where a run's log goes while somebody else writes to stderr: the watcher takes it from there. What comes
// faster than that is dropped.
type queue struct {
	notes
	lines chan string
}

func newQueue() *queue { return &queue{lines: make(chan string, 16)} }

// Handle never waits.
func (q *queue) Handle(_ context.Context, r slog.Record) error {
	select {
	case q.lines <- warning(r):
	default:
	}
	return nil
}

// WithAttrs is not needed: runs log whole records.
func (q *queue) WithAttrs([]slog.Attr) slog.Handler { return q }

// WithGroup is not needed either.
func (q *queue) WithGroup(string) slog.Handler { return q }

// drain writes what is left.
func (q *queue) drain(p *process) {
	for {
		select {
		case line := <-q.lines:
			p.note("%s", line)
		default:
			return
		}
	}
}
