package feed

import (
	"fmt"
	"strconv"
	"unicode"
)

// An Error is what is wrong with a feed's file, and where. It repeats no value, for there may be passwords among them.
type Error struct {
	Path    string
	Line    int    // from 1; 0: the file as a whole
	Column  int    // from 1, in bytes; 0: the line as a whole
	Problem string // what is wrong, and what would be right
}

// Error is the place, as compilers write it, and the problem.
func (e *Error) Error() string {
	place := e.Path
	for _, n := range []int{e.Line, e.Column} {
		if n == 0 {
			break
		}
		place += ":" + strconv.Itoa(n)
	}
	return place + ": " + e.Problem
}

// wrongName says why templates cannot refer to a column by its name, or "".
func wrongName(name string) string {
	if name == "" {
		return "is empty; give the column a name, as in user_name"
	}
	for i, r := range name {
		switch {
		case r == '_' || unicode.IsLetter(r):
		case unicode.IsDigit(r) && i > 0:
		case unicode.IsDigit(r):
			return "begins with a digit; templates refer to it as feed.name, so begin with a letter or _"
		case r == ';' || r == '\t':
			return fmt.Sprintf("has %s in it; separate the columns by commas", describe(r))
		default:
			return fmt.Sprintf("has %s in it; templates refer to it as feed.name, so use letters, digits and _", describe(r))
		}
	}
	return ""
}

func describe(r rune) string {
	switch r {
	case ' ':
		return "a blank"
	case '\t':
		return "a tab"
	case unicode.ReplacementChar:
		return "what is not UTF-8"
	}
	return strconv.QuoteRune(r)
}
