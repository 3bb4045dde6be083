// Package arrivals says when an open model's iterations fall due, and which item of the mix each is of. It is pure: it
// reads no clock and no file, and equal settings give equal arrivals.
package arrivals

import "time"

// An Arrival is one iteration that falls due.
type Arrival struct {
	At    time.Duration // since the beginning of the trial
	Item  int           // of the mix
	Stage int           // stretch of the profile; 0 where there is but one
}

// A Source gives the arrivals of one trial in the order of their instants. One goroutine at a time uses it.
type Source interface {
	// Next returns the next arrival, or false after the last.
	Next() (Arrival, bool)
}

// A Segment is a stretch of a level that changes evenly from From to To.
type Segment struct {
	From, To float64
	Length   time.Duration
	Stage    int // of the plan, that it belongs to
}

// A Profile is a level over time: of iterations per second, or of workers.
type Profile []Segment
