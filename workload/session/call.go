package session

import (
	"errors"
	"time"

	"sessbench/workload/wire"
)

// A Call is what was measured of one call: all its hops, and all their attempts.
// Instants are on the Clock of the session, which its transports have to share.
type Call struct {
	Started, Finished time.Duration
	Phases            wire.Phases   // sums over the attempts
	Backoff           time.Duration // between attempts: waiting before retries, and our own work between hops

	Reused            bool // the last attempt rode a connection that had carried a request before
	Attempts          int  // times a request was written
	Retries           int  // attempts that followed a failed one, or the death of a reused connection
	Redirects         int  // followed
	Status            int  // of the last response; 0 where none arrived
	BytesIn, BytesOut int64

	begun bool // an exchange was entered; its instants may be 0

	Class string // Kind.Class of Err, or finer: the wire.Class of a failed exchange; "" where Err is nil
	Err   error
}

// add enters an exchange.
func (c *Call) add(ex *wire.Exchange) {
	if !c.begun {
		c.begun, c.Started = true, ex.Started
	} else {
		c.Backoff += ex.Started - c.Finished
	}
	c.Finished = ex.Finished
	c.Phases.Add(&ex.Phases)
	c.Reused = ex.Reused
	c.Attempts += ex.Attempts
	c.Retries += ex.Resent
	c.Status = ex.Status
	c.BytesIn += ex.BytesIn
	c.BytesOut += ex.BytesOut
}

// fail enters why the call failed. Where that is what failed the last exchange, or nil, its class says more
// than the kind.
func (c *Call) fail(err error, last *wire.Exchange) {
	c.Err, c.Class = err, KindOf(err).Class()
	if last != nil && last.Class != "" && errors.Is(err, last.Err) {
		c.Class = string(last.Class)
	}
}
