package planfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An Error is everything that is wrong with a plan file.
type Error struct {
	Name     string    // of the file
	Problems []Problem // in the order of the file; at least one
}

// A Problem is one thing that is wrong.
type Problem struct {
	Name         string // of the file, or what was set on the command line, as "--set load.rate=5"
	Line, Column int    // from 1, in characters
	Key          string // the path of the key, such as "load.workers"; "": the file as a whole
	Text         string // what is wrong, and how to mend it

	at      place
	excerpt string
}

// maxShown is how many problems are told; further ones are mostly consequences.
const maxShown = 50

// mostKept is how many problems are looked for; the one after shows that there are more.
const mostKept = 20 * maxShown

// Error tells the problems, each with its line.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == maxShown {
			least := ""
			if len(e.Problems) > mostKept {
				least = "at least "
			}
			fmt.Fprintf(&b, "\nand %s%d more", least, len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.String())
		if p.excerpt != "" {
			b.WriteByte('\n')
			b.WriteString(p.excerpt)
		}
	}
	return b.String()
}

// String is the problem in one line: file, place, key, and what is wrong.
func (p Problem) String() string {
	where := p.Name
	if p.at.in == nil || !p.at.in.set {
		where = fmt.Sprintf("%s:%d:%d", p.Name, p.Line, p.Column)
	}
	if p.Key == "" {
		return where + ": " + p.Text
	}
	return where + ": " + p.Key + ": " + p.Text
}

// Excerpt is the line of the file that the problem is in and a caret beneath it, both
// indented; "" where the line is blank or very long, or there is none. Secrets are masked.
func (p Problem) Excerpt() string { return p.excerpt }

// problem notes that something is wrong.
func (d *decoder) problem(at place, key, text string) {
	if len(d.problems) > mostKept {
		return
	}
	if len(key) > 120 {
		key = key[:60] + "..." + key[len(key)-40:]
	}
	key = userInfo.ReplaceAllString(key, "://"+mask+"@") // of an adapter's prefix
	if at.in == nil {
		at = place{d.main, 1, 1}
	}
	p := Problem{Name: at.in.name, Line: at.line, Column: at.column, Key: key, Text: d.hideExpanded(text), at: at}
	if !slices.ContainsFunc(d.problems, func(known Problem) bool { return known == p }) {
		d.problems = append(d.problems, p)
	}
}

// failure returns the problems as an *Error, or nil.
func (d *decoder) failure() error {
	if len(d.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.at.in.order, b.at.in.order), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	for i := range d.problems[:min(len(d.problems), maxShown)] {
		d.problems[i].excerpt = d.problems[i].at.excerpt()
	}
	return &Error{d.main.name, d.problems}
}
