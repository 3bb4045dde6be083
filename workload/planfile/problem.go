package planfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// An Error is everything that is wrong with a plan file.
type Error struct {
	Name     string    // of the file
	Problems []Problem // in the order of the file; at least one
}

// A Problem is one thing that is wrong.
type Problem struct {
	Name         string // of the file
	Line, Column int    // from 1, in characters
	Key          string // the path of the key, such as "load.workers"; "": the file as a whole
	Text         string // what is wrong, and how to mend it

	excerpt string
}

// maxShown is how many problems are told; further ones are mostly consequences.
const maxShown = 50

// Error tells the problems, each with its line.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(e.Problems)-i)
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
	if p.Key == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.Name, p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.Name, p.Line, p.Column, p.Key, p.Text)
}

// Excerpt is the line of the file that the problem is in and a caret beneath it, both
// indented; "" where the line is blank or very long. Secrets are masked.
func (p Problem) Excerpt() string { return p.excerpt }

// A place is where something stands in the file.
type place struct{ line, column int }

func placeOf(n *yaml.Node) place { return place{n.Line, n.Column} }

// problem notes that something is wrong.
func (d *decoder) problem(at place, key, text string) {
	if len(d.problems) > 20*maxShown {
		return
	}
	if len(key) > 120 {
		key = key[:60] + "..." + key[len(key)-40:]
	}
	key = userInfo.ReplaceAllString(key, "://"+mask+"@") // of an adapter's prefix
	p := Problem{Name: d.name, Line: at.line, Column: at.column, Key: key, Text: d.hideExpanded(text)}
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
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	for i := range d.problems[:min(len(d.problems), maxShown)] {
		d.problems[i].excerpt = d.excerpt(d.problems[i])
	}
	return &Error{d.name, d.problems}
}

// line returns a line of the file, from 1.
func (d *decoder) line(number int) string {
	if d.lines == nil {
		d.lines = strings.Split(string(d.data), "\n")
	}
	if number < 1 || number > len(d.lines) {
		return ""
	}
	return strings.TrimRight(d.lines[number-1], "\r")
}

// excerptWidth is how much of a line is shown, in characters.
const excerptWidth = 100

// longestLine is the longest one that something is shown of, in bytes. Longer ones were not written by hand.
const longestLine = 64 << 10

func (d *decoder) excerpt(p Problem) string {
	if len(d.line(p.Line)) > longestLine {
		return ""
	}
	line := []rune(d.maskLine(p.Line))
	if strings.TrimSpace(string(line)) == "" {
		return ""
	}
	column := min(p.Column-1, len(line))
	from := 0
	if column > excerptWidth*3/4 {
		from = column - excerptWidth/2
	}
	shown := line[from:min(len(line), from+excerptWidth)]
	caret := make([]rune, 0, column-from)
	for _, r := range line[from:column] {
		if r != '\t' {
			r = ' '
		}
		caret = append(caret, r)
	}
	return "    " + string(shown) + "\n    " + string(caret) + "^"
}
