package report

import (
	"bytes"
	"fmt"
	"strings"
)

// A style is what a line looks like in a terminal: parameters of SGR (ECMA-48, 8.3.117).
type style string

const (
	unstyled style = ""
	heading  style = "1"  // bold
	noted    style = "2"  // faint
	wrong    style = "31" // red
	right    style = "32" // green
	doubtful style = "33" // yellow
	received style = "35" // magenta
	sent     style = "36" // cyan
)

// A traceWriter composes a trace by lines, each in one style.
type traceWriter struct {
	bytes.Buffer
	colored bool
}

// paint writes a text, which has no line break, in a style.
func (b *traceWriter) paint(s style, text string) {
	if !b.colored || s == unstyled || text == "" {
		b.WriteString(text)
		return
	}
	b.WriteString("\x1b[" + string(s) + "m" + text + "\x1b[0m")
}

// styled writes a line.
func (b *traceWriter) styled(s style, text string) {
	b.paint(s, strings.TrimRight(text, " "))
	b.WriteByte('\n')
}

// head writes a line of what went to and fro, behind its mark.
func (b *traceWriter) head(mark, format string, args ...any) {
	b.styled(markStyle(mark), mark+" "+fmt.Sprintf(format, args...))
}

// content writes a line of a body, whose mark alone is coloured: bodies are long.
func (b *traceWriter) content(mark, text string) {
	b.paint(markStyle(mark), mark)
	b.styled(unstyled, " "+text)
}

func markStyle(mark string) style {
	if mark == ">" {
		return sent
	}
	return received
}

// note writes what happened in between.
func (b *traceWriter) note(format string, args ...any) {
	b.styled(noted, "* "+fmt.Sprintf(format, args...))
}

// wrapped writes a note that may be long; its further lines are indented.
func (b *traceWriter) wrapped(s style, text string, indent int) {
	for line := range strings.Lines(wrap("* ", text, indent)) {
		b.styled(s, strings.TrimRight(line, "\n"))
	}
}
