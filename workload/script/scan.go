package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// closing finds the braces that end an expression which begins at from. Those in its texts, and those of its objects, do not.
func closing(text string, from int) (int, *Error) {
	depth := 0
	for at := from; at < len(text); {
		if depth == 0 && strings.HasPrefix(text[at:], "}}") {
			return at, nil
		}
		end := tokenEnd(text, at)
		switch text[at] {
		case '{':
			depth++
		case '}':
			depth--
		}
		at = end
	}
	return 0, &Error{text, from - 2, `has {{ without }}; end the expression, or write {{"{{"}} for the braces themselves`}
}

// tokenEnd returns where the text in quotes, the word, the number or else the character that begins at from ends.
func tokenEnd(text string, from int) int {
	first, width := utf8.DecodeRuneInString(text[from:])
	switch {
	case first == '"' || first == '\'' || first == '`':
		return quoteEnd(text, from)
	case wordRune(first):
		end := from + width
		for end < len(text) {
			r, width := utf8.DecodeRuneInString(text[end:])
			fraction := r == '.' && unicode.IsDigit(first) && !strings.HasPrefix(text[end:], "..")
			if !wordRune(r) && !fraction {
				break
			}
			end += width
		}
		return end
	}
	return from + width
}

// wordRune says whether expressions take r for a part of a name or a number.
func wordRune(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// quoteEnd returns where the text in quotes that begins at from ends; without an end, that is len(text).
func quoteEnd(text string, from int) int {
	quote := text[from]
	for i := from + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`':
			i++
		case text[i] == quote:
			return i + 1 // a back quote in a raw text is doubled: that is one text after another
		}
	}
	return len(text)
}

// prepared is an expression as the library can read it. Every character is where it was.
type prepared struct {
	text      string
	words     []string                 // names, maybe, that occur in it
	durations map[string]time.Duration // by the names that stand for them
}

// prepare puts names in the place of durations such as 500ms, and finds the words. There are no comments in expressions: they would
// hide the end of a template.
func prepare(text string) (*prepared, *Error) {
	p := &prepared{}
	var b strings.Builder
	for at := 0; at < len(text); {
		end := tokenEnd(text, at)
		token := text[at:end]
		switch {
		case strings.HasPrefix(text[at:], "//") || strings.HasPrefix(text[at:], "/*"):
			return nil, &Error{text, at, "has a comment; write it outside of the expression"}
		case strings.Contains(token, "$") && !strings.ContainsAny(token[:1], "\"'`"):
			return nil, &Error{text, at + strings.Index(token, "$"), "has a $ in an expression; use names without it"}
		case token[0] >= '0' && token[0] <= '9':
			if d, err := time.ParseDuration(token); err == nil && token != "0" {
				token, err = p.duration(token, d)
				if err != nil {
					return nil, &Error{text, at, err.Error()}
				}
			}
		case identifier(token):
			p.words = append(p.words, token)
		}
		b.WriteString(token)
		at = end
	}
	p.text = b.String()
	return p, nil
}

// mostDurations is how many different ones an expression can have: their names have one letter.
const mostDurations = 36

// duration returns a name that is as long as the literal that it stands for.
func (p *prepared) duration(literal string, d time.Duration) (string, error) {
	i := len(p.durations)
	if i == mostDurations {
		return "", fmt.Errorf("has more than %d durations; it can have no more", mostDurations)
	}
	name := "$" + strconv.FormatInt(int64(i), 36) + strings.Repeat("_", utf8.RuneCountInString(literal)-2)
	if p.durations == nil {
		p.durations = map[string]time.Duration{}
	}
	p.durations[name] = d
	return name, nil
}
