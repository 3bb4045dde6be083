package importer

import (
	"strings"
	"unicode"
)

// literal writes a text of an operation so that the plan means these very characters: ${ and $$ are about the environment,
// and {{ is about templates.
func literal(s string) string { return strings.ReplaceAll(dollars(s), "{{", openBraces) }

// fixed is literal for texts that cannot have templates, in which a plan has no way to say {{: a blank parts the braces.
func fixed(s string) string {
	for strings.Contains(s, "{{") {
		s = strings.ReplaceAll(s, "{{", "{ {")
	}
	return dollars(s)
}

// dollars doubles the dollar signs that have a meaning. One at the end is doubled too, whatever is written behind it.
func dollars(s string) string {
	if !strings.Contains(s, "$") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		b.WriteByte(s[i])
		if s[i] == '$' && (i+1 == len(s) || s[i+1] == '$' || s[i+1] == '{') {
			b.WriteByte('$')
		}
	}
	return b.String()
}

// openBraces is a template of two braces.
const openBraces = `{{"{{"}}`

// oneLine makes a text fit to stand in a comment.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return shortened(strings.Join(strings.Fields(s), " "))
}

// shortened keeps what a line can hold.
func shortened(s string) string {
	const longest = 120
	if runes := []rune(s); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return s
}

// wrapped breaks a sentence into a comment's lines.
func wrapped(s string) []string {
	const width = 100
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// enumeration joins words as a sentence does.
func enumeration(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
