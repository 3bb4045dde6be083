package workload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// Try carries out every operation of the plan once, in one session: the set-up, then the mix, or what opts.Only names of it,
// in its order, scenarios by their steps, then the teardown. The arms and the load do not matter to it; pauses are left out.
//
// What a server or the network does wrong is in the trace, and ends nothing: where a run would give a session or an iteration
// up, Try goes on. When ctx ends early, the trace holds what was done and says that it was interrupted. An error is a
// *KeyError about what cannot be carried out, or CheckOnly's; there is no trace then. The trace holds secrets,
// except in its Plan and Target; MaskTrace hides them.
func Try(ctx context.Context, p *Plan, opts Options) (*result.Trace, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := p.CheckOnly(opts.Only); err != nil {
		return nil, err
	}
	target, err := targetURL(p, opts)
	if err != nil {
		return nil, err
	}
	s, err := p.open(target, opts)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	t, err := p.newTrial(s, target, opts.Only)
	if err != nil {
		return nil, err
	}
	plan, err := json.Marshal(opts.Environment.Masked(p))
	if err != nil {
		return nil, err
	}
	trace := &result.Trace{Schema: result.TraceSchema, Started: time.Now(), Target: maskURL(target), Emulation: p.Emulate.result(), Plan: plan}
	t.all(ctx, func(o result.TracedOperation) { trace.Operations = append(trace.Operations, o) })
	trace.Interrupted = ctx.Err() != nil
	trace.Finished = time.Now()
	return trace, nil
}

// open makes a session as users of the library have it: with adapters of its own, and no request sent
// again unless retries say so.
// Connections are opened as those of an arm that says nothing would be.
func (p *Plan) open(target *url.URL, opts Options) (*session.Session, error) {
	s := &p.Session
	options, err := p.wireOptions()
	if err != nil {
		return nil, err
	}
	policy := wire.Policy{HTTP: wire.Protocol(p.HTTP), DNSLifetime: p.Connection.DNSLifetime.wire()}
	made := session.NewWith(s.settings(opts))
	if made.Logger = opts.Logger; made.Logger == nil {
		made.Logger = quiet()
	}
	if s.TLS.KeyLog != "" {
		w := keyLogged(s.TLS.KeyLog)
		made.Logger.Warn(w.Detail + "; " + w.Hint)
	}
	adapters := append(Adapters{{Prefix: "http://"}, {Prefix: "https://"}}, s.Adapters...)
	for _, a := range adapters {
		own := a.options(options)
		own.Policy = policy
		own.Clock = made.Clock
		if err := made.Mount(a.Prefix, session.NewAdapter(own)); err != nil {
			return nil, &KeyError{"session.adapters", fmt.Sprintf("has %q: %v", maskText(a.Prefix), err)}
		}
	}
	return made, setCookies(made, cookiesOf(target, s.Cookies))
}

// options are the adapter's for a session; a plan writes 0 for no limit, as requests does.
func (a *AdapterPlan) options(wire wire.Options) session.AdapterOptions {
	o := session.AdapterOptions{PoolBlock: a.PoolBlock, Retries: a.Retries, Wire: wire}
	for _, size := range []struct {
		given *int
		set   *int
	}{{a.PoolConnections, &o.PoolConnections}, {a.PoolMaxsize, &o.PoolMaxSize}} {
		if size.given == nil {
			continue
		}
		if *size.set = *size.given; *size.set == 0 {
			*size.set = -1
		}
	}
	return o
}

// httpName is the version of HTTP of the plan, as request lines call it.
func (p *Plan) httpName() string {
	switch wire.Protocol(p.HTTP) {
	case wire.HTTP2, wire.H2C:
		return "HTTP/2"
	case wire.HTTP3:
		return "HTTP/3"
	}
	return "HTTP/1.1"
}

// A tracer writes down what a call came to.
type tracer struct {
	operation *result.TracedOperation
	http      string        // version of the requests
	base      time.Duration // when the first attempt began
	last      int           // status of the response before
}

func (t *tracer) responses(list []*session.Response) {
	for _, r := range list {
		x := t.exchange(r.Sent, r.Attempts)
		x.Response = tracedResponse(r)
		t.add(x, r.URL, r.Status)
	}
}

// failure writes down what a failed call had come to.
func (t *tracer) failure(err error) {
	t.operation.Error = &result.TracedError{Class: session.KindOf(err).Class(), Message: err.Error()}
	e, ok := errors.AsType[*session.Error](err)
	if !ok {
		return
	}
	t.responses(e.History)
	switch {
	case e.Response != nil:
		t.responses([]*session.Response{e.Response})
	case e.Sent != nil:
		t.add(t.exchange(e.Sent, e.Attempts), e.Sent.URL, 0)
	}
	// An attempt may have failed, and the call for another reason, such as its limit.
	if n := len(e.Attempts); n > 0 && e.Attempts[n-1].Err != nil && errors.Is(err, e.Attempts[n-1].Err) {
		last := e.Attempts[n-1].Exchange
		t.operation.Error.Class, t.operation.Error.During = string(last.Class), phaseOf(last)
	}
}

// add enters an exchange; why it was made is to be seen from the response before it.
func (t *tracer) add(x result.TracedExchange, u *url.URL, status int) {
	o := t.operation
	switch {
	case len(o.Exchanges) == 0:
		x.Why = result.WhyCall
	case t.last >= 400:
		x.Why = result.WhyAuth
	default:
		x.Why = result.WhyRedirect
		o.Redirects++
	}
	o.URL, o.Status, t.last = u.String(), status, status
	o.Exchanges = append(o.Exchanges, x)
}

func (t *tracer) exchange(sent *session.Sent, attempts []session.Attempt) result.TracedExchange {
	x := result.TracedExchange{Request: tracedRequest(sent, t.http), Attempts: []result.TracedAttempt{}}
	o := t.operation
	if len(attempts) > 0 && len(o.Exchanges) == 0 {
		t.base = attempts[0].Started
	}
	for i, a := range attempts {
		x.Attempts = append(x.Attempts, tracedAttempt(a, t.base))
		o.Attempts += a.Exchange.Attempts
		o.Retries += a.Resent
		if i > 0 {
			o.Retries++
		}
		o.Reused = a.Reused
	}
	return x
}
