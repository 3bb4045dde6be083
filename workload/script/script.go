// Package script is the language of plans: templates that are filled in for each request, expressions that check
// responses, and the taking of values out of responses. Everything is compiled once, against the Names that a plan has, and
// then used by any number of workers, each with a Scope of its own.
package script

import (
	"errors"
	"math/rand/v2"
	"time"
)

// Names are what the texts of a plan can refer to: feeds and their columns, variables, and the built-in ones. It is filled
// by one goroutine and not changed once a Scope was made.
type Names struct {
	feeds     []feed
	variables []string // by slot
}

type feed struct {
	name    string
	columns []string
}

// AddFeed adds a feed with its columns; feeds are numbered in the order in which they are added. The error says that the name or a
// column cannot be used, or is taken.
func (n *Names) AddFeed(name string, columns []string) error { panic("not yet") }

// AddVariable adds a variable that an extraction sets, unless it is known. The error says that the name cannot be used, or is a feed's.
func (n *Names) AddVariable(name string) error { panic("not yet") }

// An Error is what is wrong with a text of a plan, and where.
type Error struct {
	Text    string
	Offset  int    // of the fault, in bytes
	Problem string // what is wrong, and what would be right
}

func (e *Error) Error() string { return e.Problem }

// A Scope is what one worker's templates and expressions see. One goroutine uses it.
type Scope struct {
	Worker    int
	Iteration int64            // of this worker in this arm, from 0
	Session   int64            // of this worker in this arm, from 0
	Random    *rand.Rand       // the worker's own
	Sequence  func() int64     // the arm's next number, from 1; any worker's
	Now       func() time.Time // nil: time.Now
	Feeds     FeedReader       // nil: there are none
	Response  Response         // nil outside of checks and extractions

	names     *Names
	variables []any // by slot; nil: not set
}

// A FeedReader gives values of the current rows.
type FeedReader interface {
	// Value returns the text in a column of the feed's row for this session or iteration. The error is ErrEnded where the feed has no more.
	Value(feed, column int) (string, error)
}

// ErrEnded says that a feed has no further row, and is to stop the load.
var ErrEnded = errors.New("the feed has no further row")

// A Response is what checks and extractions look at. Texts and bytes are valid until the next request.
type Response interface {
	Status() int
	Header(name string) (value string, ok bool) // the first line of a field
	EachHeader(each func(name, value string))
	Cookie(name string) (value string, ok bool) // that the response sets
	Body() ([]byte, error)                      // decoded
	Size() int64                                // bytes of the body as they came
	Duration() time.Duration                    // service time of the call
}

// NewScope returns a scope without variables.
func (n *Names) NewScope() *Scope { return &Scope{names: n, variables: make([]any, len(n.variables))} }

// Reset forgets all variables.
func (s *Scope) Reset() { clear(s.variables) }

// Each calls each with the variables that are set, in the order in which they were added.
func (s *Scope) Each(each func(name string, value any)) {
	for i, v := range s.variables {
		if v != nil {
			each(s.names.variables[i], v)
		}
	}
}

// A Template is a text with expressions in double braces.
type Template struct{}

// HasTemplate says whether a text has a template in it.
func HasTemplate(text string) bool { panic("not yet") }

// Template compiles a text. The error is an *Error.
func (n *Names) Template(text string) (*Template, error) { panic("not yet") }

// Static returns the text of a template without expressions.
func (t *Template) Static() (text string, ok bool) { panic("not yet") }

// Append appends the text with its expressions' values. The error is ErrEnded, or says which variable is not set.
func (t *Template) Append(dst []byte, s *Scope) ([]byte, error) { panic("not yet") }

// Value returns the value of a template that is one expression and nothing else, with its type, and otherwise the text.
func (t *Template) Value(s *Scope) (any, error) { panic("not yet") }

// A Check is a compiled expression about a response.
type Check struct{}

// Check compiles an expression that is true or false. The error is an *Error.
func (n *Names) Check(text string) (*Check, error) { panic("not yet") }

// Holds evaluates it on s.Response. The error says why it cannot be told, such as a body that is not JSON.
func (c *Check) Holds(s *Scope) (bool, error) { panic("not yet") }

// UsesStatus says whether it looks at the status, which then is no error by itself.
func (c *Check) UsesStatus() bool { panic("not yet") }

// UsesBody says whether it looks at the body, which then has to be kept.
func (c *Check) UsesBody() bool { panic("not yet") }

// An Extraction says what is taken out of a response; one of JSON, Regexp, Header, Cookie and Form is given.
type Extraction struct {
	JSON, Regexp, Header, Cookie, Form string
	Default                            *string
}

// An Extractor is a compiled Extraction.
type Extractor struct{}

// Extractor compiles x, which sets a variable that was added. The error is an *Error, whose Text is that of x.
func (n *Names) Extractor(variable string, x Extraction) (*Extractor, error) { panic("not yet") }

// Take sets the variable from s.Response. The error says that there is no such value; it has nothing of the response in it.
func (x *Extractor) Take(s *Scope) error { panic("not yet") }

// UsesBody says whether it looks at the body, which then has to be kept.
func (x *Extractor) UsesBody() bool { panic("not yet") }
