package script

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/expr-lang/expr/vm"
)

// A Scope is what one worker's templates and expressions see. One goroutine uses it.
type Scope struct {
	Worker    int
	Iteration int64            // of this worker in this arm, from 0
	Session   int64            // of this worker in this arm, from 0
	Random    *rand.Rand       // the worker's own
	Sequence  func() int64     // the arm's next number, from 1; any worker's
	Now       func() time.Time // nil: time.Now
	Feeds     FeedReader       // nil: there are none

	names     *Names
	response  Response // nil outside of checks and extractions
	isJSON    answer   // whether the response's body is JSON
	variables []any    // by slot; nil: not set

	*evaluation // nil: no expression was evaluated yet
}

// An evaluation is what expressions are evaluated with. Most workers of a large load have none, and so do without its memory.
type evaluation struct {
	machine vm.VM          // kept for its memory
	frame   map[string]any // what the machine sees: the inputs of the program that runs
	rounds  int            // of loops that are left to it
	view    responseView   // of the response, for it
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

// Look makes r what checks and extractions see, until the next one; nil: there is nothing to be seen. Whether the body is JSON is found out
// once for all of them.
func (s *Scope) Look(r Response) { s.response, s.isJSON = r, unknown }

// Reset forgets all variables.
func (s *Scope) Reset() { clear(s.variables) }

// Each calls each with the variables that are set, in the order in which they were added. A value is a string, bool, int64, uint64,
// float64, []any or map[string]any.
func (s *Scope) Each(each func(name string, value any)) {
	for i, v := range s.variables {
		if v != nil {
			each(s.names.variables[i], v)
		}
	}
}

func (s *Scope) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
