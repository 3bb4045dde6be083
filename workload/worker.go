package workload

import (
	"context"
	"net/http"
	"time"

	"sessbench/stats"
	session "sessbench/workload/plainsession"
	"sessbench/workload/wire"
)

// A worker owns one session, and with it its connections, for an arm's whole
// life: what it keeps open outlasts the trials.
type worker struct {
	id       int
	clock    wire.Clock
	client   *wire.Client
	session  *session.Session
	exchange wire.Exchange
	sample   stats.Sample
}

// run is the worker loop, the only one: whatever the load model, it takes what
// the pacer gives, carries it out and records it. It returns when the pacer has
// no more, or when a set-up fault makes going on pointless.
func (w *worker) run(ctx context.Context, p pacer, r *session.Request, recorder *stats.Recorder) error {
	now := w.clock.Now()
	for {
		d, ok := p.next(ctx, now)
		if !ok {
			return nil
		}
		if err := w.session.Do(ctx, r, &w.exchange); err != nil {
			return err
		}
		if w.exchange.Class == wire.ClassCanceled {
			return nil
		}
		w.fill(d)
		recorder.Record(w.id, &w.sample)
		now = w.exchange.Finished
	}
}

// fill makes the sample of the exchange just carried out.
func (w *worker) fill(d due) {
	ex, s := &w.exchange, &w.sample
	s.Intended, s.Started, s.Finished = d.at, ex.Started, ex.Finished
	if !d.scheduled || d.at > ex.Started {
		s.Intended = ex.Started
	}
	s.Phases = [stats.NumPhases]time.Duration{
		stats.Acquire: ex.Phases.Acquire,
		stats.DNS:     ex.Phases.DNS,
		stats.Connect: ex.Phases.Connect,
		stats.TLS:     ex.Phases.TLS,
		stats.Send:    ex.Phases.Send,
		stats.Wait:    ex.Phases.Wait,
		stats.Receive: ex.Phases.Receive,
	}
	s.Reused, s.Attempts, s.Status = ex.Reused, ex.Attempts, ex.Status
	s.BytesIn, s.BytesOut = ex.BytesIn, ex.BytesOut
	s.Class = string(ex.Class)
	if s.Class == "" && ex.Status >= http.StatusBadRequest {
		s.Class = classStatus
	}
}

// classStatus is the class of a call that was answered with status 400 or above.
const classStatus = "status"
