package planfile

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// placeIn returns where the byte at an offset of the value's text stands. Where the file writes the text in another way, with
// escapes, over several lines or with a variable before it, that is where the value begins.
func (v value) placeIn(offset int) place {
	begin, text := v.source.placeOf(v.node), v.node.Value
	if offset < 0 || offset > len(text) {
		return begin
	}
	line := offset - (strings.LastIndexByte(text[:offset], '\n') + 1) // the offset within its line
	before := text[offset-line : offset]
	switch v.node.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle:
		return v.inLiteral(begin, strings.Count(text[:offset], "\n"), before)
	case yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle:
		begin.column++
	}
	written := []rune(v.source.line(begin.line))
	if line != offset || begin.column-1 > len(written) || !strings.HasPrefix(string(written[begin.column-1:]), before) {
		return v.source.placeOf(v.node)
	}
	begin.column += utf8.RuneCountInString(before)
	return begin
}

// inLiteral is placeIn for a block behind a |, of which the line with a number, from 0, begins with before.
func (v value) inLiteral(begin place, number int, before string) place {
	at := begin
	at.line += 1 + number
	written := v.source.line(at.line)
	indent := indentation(written)
	if !strings.HasPrefix(written[indent:], strings.TrimLeft(before, " ")) {
		return begin
	}
	at.column = 1 + indent + utf8.RuneCountInString(strings.TrimLeft(before, " "))
	return at
}
