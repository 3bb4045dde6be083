// Package stats says what was measured, how it is summed up, and whether two
// arms differ. It is pure: it reads no clock, does no I/O, starts no goroutine,
// and imports none of sessbench's other rooms.
//
// Instants are durations since the start of the run on one monotonic clock;
// durations are time.Duration. Only the JSON-facing values (Summary,
// Comparison) are float64 seconds.
package stats

import "time"

// A Phase is one part of a call's service time. The phases of a sample follow
// each other without a gap, so they add up to its service time.
type Phase int

const (
	Acquire Phase = iota // waiting for a pooled connection
	DNS                  // name resolution
	Connect              // TCP connect
	TLS                  // TLS handshake
	Send                 // writing the request
	Wait                 // request written until the first response byte
	Receive              // first response byte until the body was read
	Backoff              // between attempts: waiting before a retry, and our own work before a redirect is followed
	NumPhases
)

var phaseNames = [NumPhases]string{"acquire", "dns", "connect", "tls", "send", "wait", "receive", "backoff"}

// String returns the phase's name as it stands in results.
func (p Phase) String() string { return phaseNames[p] }

// A Sample is what one call told. Failed calls are samples too.
type Sample struct {
	Operation int // index into the recorder's operations
	Stage     int // of the load, from 0, in which the call was intended

	Intended time.Duration // when the load model wanted the call
	Started  time.Duration // when a worker began it
	Finished time.Duration // when the body was read, or the call failed

	Phases [NumPhases]time.Duration // sums over the call's attempts and redirects; they add up to Finished - Started

	Reused    bool  // the response came over a connection that had carried a request before
	Attempts  int   // times a request was written, at least 1 once a connection was there
	Retries   int   // attempts that followed a failed one
	Redirects int   // followed
	Status    int   // HTTP status; 0 when no response head arrived
	BytesIn   int64 // on the wire, below TLS
	BytesOut  int64 // on the wire, below TLS

	Class string // error class; "" for a success
}
