package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"sessbench/workload/wire"
)

// A ready request is a Prepared with this session's cookies, and the adapter that carries it.
type ready struct {
	adapter *Adapter
	request *wire.Request
	mounted uint64 // of the session
	jar     *Jar   // asked for cookies, and its version
	version uint64
	cookie  string
}

// Requests are kept ready within these bounds, for a plan may have thousands of operations, and a run thousands of
// sessions: how many, and how many bytes they have that only this session sends.
const (
	readyKept  = 1 << 10
	readyBytes = 512 << 10
)

// prepare makes the hop ready to be sent. It asks the jar only when its answer may be another one than
// before, and renders only when it is.
func (c *chain) prepare(p *Prepared) (*ready, error) {
	s := c.session
	var version uint64
	if s.Jar != nil && !p.cookieHeader {
		version = s.Jar.current()
	}
	known := s.ready[p]
	if known != nil && known.mounted == s.mounted && known.jar == s.Jar && known.version == version {
		return known, nil
	}
	cookie := ""
	if !p.cookieHeader {
		cookie = s.cookieLine(p)
	}
	if p.composed() {
		return c.compose(p, cookie)
	}
	adapter, err := s.mounts.lookup(p.url)
	if err != nil {
		return nil, c.failed(p, KindOf(err), err)
	}
	request := p.plain
	switch {
	case p.variation != nil:
		if request, err = p.variation.render(cookie); err != nil {
			return nil, c.failed(p, userKind(err, ErrInvalidHeader), err)
		}
	case known != nil && known.cookie == cookie:
		request = known.request
	case cookie != "":
		if request, err = p.request(p.lines(cookie), p.body); err != nil {
			return nil, c.failed(p, userKind(err, ErrInvalidHeader), err)
		}
	}
	if !c.cached && !c.full {
		s.passing = ready{adapter: adapter, request: request}
		return &s.passing, nil
	}
	r := &ready{adapter: adapter, request: request, mounted: s.mounted, jar: s.Jar, version: version, cookie: cookie}
	if c.cached {
		s.keepReady(p, r)
	}
	return r, nil
}

// cookieLine returns the Cookie header for a hop, or "".
func (s *Session) cookieLine(p *Prepared) string {
	jar := s.Jar
	switch {
	case jar == nil && len(p.cookies) == 0:
		return ""
	case jar == nil:
		jar = new(Jar)
	}
	return jar.header(p.url, p.host, p.cookies, p.foreign())
}

func (s *Session) keepReady(p *Prepared, r *ready) {
	if known := s.ready[p]; known != nil {
		s.readyOwn -= known.own(p)
		delete(s.ready, p)
	}
	own := r.own(p)
	if s.ready == nil || len(s.ready) >= readyKept || s.readyOwn+own > readyBytes {
		s.ready, s.readyOwn = map[*Prepared]*ready{}, 0
	}
	s.ready[p] = r
	s.readyOwn += own
}

// own is how many bytes of a ready request no other session has.
func (r *ready) own(p *Prepared) int {
	if r.request == p.plain {
		return 0
	}
	return len(r.request.Raw)
}

// compose has the hop's Auth and the hooks complete the request.
func (c *chain) compose(p *Prepared, cookie string) (*ready, error) {
	h := &Hop{Context: c.ctx, Method: p.method, URL: p.url, Headers: p.lines(cookie), Body: p.body}
	if p.auth != nil {
		own := c.authOf(p)
		if err := c.session.lend(func() error { return own.Authenticate(h) }); err != nil {
			return nil, c.failed(p, userKind(err, ErrAuth), err)
		}
	}
	for _, hook := range p.hooks.Before {
		if err := c.session.lend(func() error { return hook(h) }); err != nil {
			return nil, c.failed(p, userKind(err, ErrHook), err)
		}
	}
	changed := *p
	changed.method = h.Method
	err := changed.setMethod()
	if err == nil && h.URL != p.url {
		changed.url = h.URL
		err = changed.setProxy()
	}
	var adapter *Adapter
	if err == nil {
		adapter, err = c.session.mounts.lookup(changed.url)
	}
	var request *wire.Request
	if err == nil {
		if h.Body != p.body {
			h.RemoveHeader("Content-Length") // which a user wrote for the other body
		}
		request, err = changed.request(slices.Clip(h.Headers), h.Body)
	}
	if err != nil {
		return nil, c.failed(p, KindOf(err), err)
	}
	return &ready{adapter: adapter, request: request}, nil
}

// transmit makes attempts until one stands. What retries take on the stack is in a function of its own: thousands of workers that have
// none wait below this.
func (c *chain) transmit(p *Prepared, r *ready) error {
	if c.full {
		c.sent = newSent(r.request)
	}
	if r.adapter.Retries != nil {
		return c.retry(p, r)
	}
	if err := c.attempt(p, r, decision{}); err != nil {
		return err
	}
	return c.outcome(p, false)
}

// retry makes attempts until the adapter's policy has no more.
func (c *chain) retry(p *Prepared, r *ready) error {
	left := r.adapter.Retries.budget()
	var before decision
	for {
		if err := c.attempt(p, r, before); err != nil {
			return err
		}
		before = left.after(c.result(p, r), time.Now(), c.random())
		if !before.again {
			return c.outcome(p, before.exhausted && !r.adapter.Retries.ReturnLast)
		}
		c.session.keepCookies(p, c.response) // requests loses them
		if c.full && c.response.Stream != nil {
			discard(c.response.Stream)
		}
		if err := c.sleep(p, before.wait); err != nil {
			return err
		}
		c.call.Retries++
	}
}

// attempt sends the request once.
func (c *chain) attempt(p *Prepared, r *ready, before decision) error {
	s := c.session
	request := r.request
	c.response, c.exchange = &s.response, &s.exchange
	begun := c.exchanged || p.composed() // an earlier attempt, an Auth or hooks took some of the time
	if limited := begun && p.limits != nil && p.limits.Timeout > 0; c.full || limited {
		own := *r.request
		own.Spec.Stream = c.full
		if c.full {
			own.KeepBody, own.Spec.KeepBody = false, false // what is streamed is kept by its reader
			c.response, c.exchange = new(wire.Response), new(wire.Exchange)
		}
		if limited {
			limits := *p.limits
			if limits.Timeout = c.left(p); limits.Timeout <= 0 {
				c.ended = s.Clock.Now()
				return c.failed(p, ErrTotalTimeout, errLate)
			}
			own.Spec.Limits = &limits
		}
		request = &own
	}
	c.exchanged = true
	r.adapter.Transport.Do(c.ctx, request, c.response, c.exchange)
	c.call.add(c.exchange)
	if c.full {
		c.exchanges = append(c.exchanges, c.exchange)
		c.attempts = append(c.attempts, Attempt{Exchange: c.exchange, Backoff: before.wait, RetryAfter: before.retryAfter})
	}
	return nil
}

const errLate text = "the call took too long"

// left is what remains of the call's time.
func (c *chain) left(p *Prepared) time.Duration {
	return p.limits.Timeout - (c.session.Clock.Now() - c.began)
}

// result tells the retry policy how the attempt ended.
func (c *chain) result(p *Prepared, r *ready) outcome {
	o := outcome{method: p.method, status: c.response.Status, replayable: p.body.replayable()}
	if c.exchange.Err != nil && o.status == 0 {
		o.written = c.exchange.Attempts > 0
		o.err = &Error{Kind: exchangeKind(c.exchange.Err, false), Err: c.exchange.Err}
		return o
	}
	o.location = isRedirect(o.status, c.location())
	if o.status >= 300 || slices.Contains(r.adapter.Retries.Statuses, o.status) {
		o.retryAfter = string(c.response.Header("Retry-After"))
	}
	return o
}

// outcome turns what the last attempt came to into an error, where it is one. What goes wrong in the
// body of a redirect is of no interest to those who go on.
func (c *chain) outcome(p *Prepared, exhausted bool) error {
	err, status := c.exchange.Err, c.response.Status
	switch {
	case err == nil && exhausted:
		if c.full {
			c.last = c.newResponse(p)
			c.drain()
		}
		c.session.keepCookies(p, c.response)
		return c.failed(p, ErrRetry, fmt.Errorf("the last answer was %d", status))
	case err == nil, p.follow && isRedirect(status, c.location()) && !canceled(err):
		return nil
	}
	return c.failed(p, exchangeKind(err, status != 0), err)
}

func canceled(err error) bool {
	class := wire.ClassOf(err)
	return class == wire.ClassCanceled || class == wire.ClassTimeout
}

// sleep waits before a retry, no longer than the call may take.
func (c *chain) sleep(p *Prepared, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	late := false
	if p.limits != nil && p.limits.Timeout > 0 {
		if left := c.left(p); left < wait {
			wait, late = left, true
		}
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
		c.ended = c.session.Clock.Now()
		return c.failed(p, ErrCanceled, context.Cause(c.ctx))
	}
	if late {
		c.ended = c.session.Clock.Now()
		return c.failed(p, ErrTotalTimeout, errLate)
	}
	return nil
}

// random returns the source of jitter.
func (c *chain) random() *rand.Rand {
	if c.session.Random == nil {
		c.session.Random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return c.session.Random
}

// discardLimit bounds what is read of a body that nobody wants, so that its connection can be used again. More
// would cost more than a new connection.
const discardLimit = 256 << 10

// discard reads the rest of a body, within limits, and closes it.
func discard(body io.ReadCloser) {
	if patient, ok := body.(interface{ Within(time.Duration) }); ok {
		patient.Within(discardTime)
	}
	_, err := io.CopyN(io.Discard, body, discardLimit)
	if !errors.Is(err, io.EOF) {
		_ = body.Close()
	}
}

// discardTime is how long is waited for such a body.
const discardTime = time.Second
