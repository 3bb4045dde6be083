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
	var b strings.Builder
	b.WriteString("warning: " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(", " + a.Key + " " + a.Value.String())
		return true
	})
	n.process.note("%s", b.String())
	return nil
}

// WithAttrs is not needed: sessions log whole records.
func (n notes) WithAttrs([]slog.Attr) slog.Handler { return n }

// WithGroup is not needed either.
func (n notes) WithGroup(string) slog.Handler { return n }
