// Package importer makes plans of what other tools have: curl's command lines, HAR files, OpenAPI descriptions and vegeta's
// targets. It writes YAML for people to read and go on with, with comments on what it could not know.
//
// Nothing is executed or requested: what a shell would expand is an error, and only OpenAPI descriptions are followed into
// other files, those beside them. Secrets stay out of plans: variables of the environment take their places.
package importer

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Options are what all importers have in common.
type Options struct {
	// Name is what the plan and errors call the source: a file, or a description such as "standard input".
	Name string
	// Secret says of a header, a parameter, a cookie or a key by its name whether its value is secret.
	Secret func(name string) bool
	// ShowSecrets writes secrets into the plan instead of variables.
	ShowSecrets bool
	// PlanDir is where the plan will stand; files that it names are relative to it. "": the working directory.
	PlanDir string
}

// A Plan is what was imported.
type Plan struct {
	YAML      []byte
	Variables []string // of the environment that the plan needs, in their order in it
	Notes     []string // what was left out and matters, one sentence each
}

// An Error says what in the source cannot be imported, and where. It has no values of the source in it that may be secret.
type Error struct {
	Name         string
	Line, Column int // from 1; 0: not known
	Problem      string
}

func (e *Error) Error() string {
	at := e.Name
	for _, n := range []int{e.Line, e.Column} {
		if n == 0 {
			break
		}
		at += fmt.Sprintf(":%d", n)
	}
	return at + ": " + e.Problem
}

// failf returns an Error about the source as a whole.
func (o *Options) failf(format string, args ...any) error {
	return &Error{Name: o.Name, Problem: fmt.Sprintf(format, args...)}
}

// failAt returns an Error about a line, and a column where that is not 0.
func (o *Options) failAt(line, column int, format string, args ...any) error {
	return &Error{o.Name, line, column, fmt.Sprintf(format, args...)}
}

// checkText refuses what is not text, which no plan can hold.
func (o *Options) checkText(data []byte) error {
	if utf8.Valid(data) {
		return nil
	}
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return o.failAt(line, 0, "has a byte that is not UTF-8; save it as UTF-8")
}

// file returns the name by which the plan finds a file that the working directory has as name.
func (o *Options) file(name string) string {
	if o.PlanDir == "" || filepath.IsAbs(name) {
		return name
	}
	dir, err := filepath.Abs(o.PlanDir)
	if err != nil {
		return name
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	relative, err := filepath.Rel(dir, abs)
	if err != nil { // on another drive
		return abs
	}
	return filepath.ToSlash(relative)
}

// position returns the line and column, both from 1, at a byte offset.
func position(data []byte, offset int64) (line, column int) {
	before := string(data[:max(0, min(offset, int64(len(data))))])
	return 1 + strings.Count(before, "\n"), 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
}
