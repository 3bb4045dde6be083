// Package script is the language of plans: templates that are filled in for each request, expressions that check
// responses, and the taking of values out of responses. Everything is compiled once, against the Names that a plan has, and
// then used by any number of workers, each with a Scope of its own.
package script

import "strings"

// An Error is what is wrong with a text of a plan, and where.
type Error struct {
	Text    string
	Offset  int    // of the fault, in bytes
	Problem string // what is wrong, and what would be right; begins with a verb
}

func (e *Error) Error() string { return e.Problem }

// OfName says whether the fault is a name that nothing has. It may be none where the names that there are could not be found out.
func (e *Error) OfName() bool { return strings.HasPrefix(e.Problem, refersTo) }

// refersTo is what problems with names begin with.
const refersTo = "refers to "
