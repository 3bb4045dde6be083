package planfile

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// A source is a text that a part of the plan comes from: a file, or what was set on the command line.
type source struct {
	name  string // as messages call it
	dir   string // that the files that it names are relative to
	data  []byte
	order int  // of reading
	set   bool // on the command line: name says all of it

	lines       []string // of data, once one was asked for
	secretLines map[int]bool
}

// A place is where something stands in a source, from 1, in characters.
type place struct {
	in           *source
	line, column int
}

func (s *source) placeOf(n *yaml.Node) place { return place{s, n.Line, n.Column} }

// line returns a line of the source, from 1.
func (s *source) line(number int) string {
	if s.lines == nil {
		s.lines = strings.Split(string(s.data), "\n")
	}
	if number < 1 || number > len(s.lines) {
		return ""
	}
	return strings.TrimRight(s.lines[number-1], "\r")
}

// character returns what stands at a place, or 0.
func (p place) character() rune {
	line := []rune(p.in.line(p.line))
	if p.column < 1 || p.column > len(line) {
		return 0
	}
	return line[p.column-1]
}

// excerptWidth is how much of a line is shown, in characters.
const excerptWidth = 100

// longestLine is the longest one that something is shown of, in bytes. Longer ones were not written by hand.
const longestLine = 64 << 10

// excerpt is the line at a place and a caret beneath it, or "".
func (p place) excerpt() string {
	if p.in.set || len(p.in.line(p.line)) > longestLine {
		return ""
	}
	line := []rune(p.in.maskLine(p.line))
	if strings.TrimSpace(string(line)) == "" {
		return ""
	}
	column := min(p.column-1, len(line))
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
