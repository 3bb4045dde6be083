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

// wrongName says why a name is none for a column, or "". Names are what people give to columns; others are values, or several names, whose
// separator is not a comma.
func wrongName(name string) string {
	if name == "" {
		return "is empty; give the column a name, as in user_name"
	}
	for i, r := range name {
		switch {
		case r == '_' || unicode.IsLetter(r):
		case (unicode.IsDigit(r) || r == '-' || r == '.') && i > 0:
		case r == ' ' && i > 0 && i < len(name)-1:
		case r == ' ':
			return "begins or ends with a blank; leave it out"
		case unicode.IsDigit(r):
			return "begins with a digit; begin it with a letter or _"
		case r == ';' || r == '\t':
			return fmt.Sprintf("has %s in it; separate the columns by commas", describe(r))
		default:
			return fmt.Sprintf("has %s in it; use letters, digits, _ and, inside of it, hyphens, points and blanks", describe(r))
		}
	}
	return ""
}

func describe(r rune) string {
	switch r {
	case '\t':
		return "a tab"
	case unicode.ReplacementChar:
		return "what is not UTF-8"
	}
	return strconv.QuoteRune(r)
}
