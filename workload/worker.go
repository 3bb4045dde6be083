package workload

import (
	"context"
	"net/http"
	"time"

	"sessbench/stats"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// A worker owns one session, and with it its connections, for an arm's whole
// life: what it keeps open outlasts the trials.
type worker struct {
	id      int
	clock   wire.Clock
	client  *wire.Client
	session *session.Session
	call    session.Call
	sample  stats.Sample
	failed  func(class string) // told of calls that failed
}

// run is the worker loop, the only one: whatever the load model, it takes what
// the pacer gives, carries it out and records it. It returns when the pacer has
// no more, or when a set-up fault makes going on pointless.
func (w *worker) run(ctx context.Context, p pacer, r *session.Prepared, recorder *stats.Recorder) error {
	now := w.clock.Now()
	for {
		d, ok := p.next(ctx, w.id, now)
		if !ok {
			return nil
		}
		w.session.Measure(ctx, r, &w.call)
		switch {
		case w.call.Class == string(wire.ClassCanceled):
			return nil
		case w.call.Err != nil && setUpFault(&w.call):
			return w.call.Err
		}
		if w.call.Class != "" {
			w.failed(w.call.Class)
		}
		w.fill(d)
		recorder.Record(w.id, &w.sample)
		now = w.call.Finished
	}
}

// setUpFault reports whether a call failed because of what we wanted to send: the next ones would, too.
func setUpFault(c *session.Call) bool {
	if c.Attempts > 0 {
		return false
	}
	switch session.KindOf(c.Err) {
	case session.ErrInvalidArgument, session.ErrInvalidHeader, session.ErrInvalidURL, session.ErrInvalidProxyURL,
		session.ErrMissingScheme, session.ErrInvalidScheme, session.ErrInvalidJSON, session.ErrUnrewindable, session.ErrConcurrentUse:
		return true
	}
	return false
}

// fill makes the sample of the call just carried out.
func (w *worker) fill(d due) {
	c, s := &w.call, &w.sample
	s.Intended, s.Started, s.Finished = d.at, c.Started, c.Finished
	if !d.scheduled || d.at > c.Started {
		s.Intended = c.Started
	}
	s.Phases = [stats.NumPhases]time.Duration{
		stats.Acquire: c.Phases.Acquire,
		stats.DNS:     c.Phases.DNS,
		stats.Connect: c.Phases.Connect,
		stats.TLS:     c.Phases.TLS,
		stats.Send:    c.Phases.Send,
		stats.Wait:    c.Phases.Wait,
		stats.Receive: c.Phases.Receive,
		stats.Backoff: c.Backoff,
	}
	s.Reused, s.Attempts, s.Retries, s.Redirects = c.Reused, c.Attempts, c.Retries, c.Redirects
	s.Status, s.BytesIn, s.BytesOut = c.Status, c.BytesIn, c.BytesOut
	s.Class = c.Class
	if s.Class == "" && c.Status >= http.StatusBadRequest {
		s.Class = classStatus
	}
}

// classStatus is the class of a call that was answered with status 400 or above.
const classStatus = "status"
