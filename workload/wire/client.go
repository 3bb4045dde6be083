package wire

import (
	"context"
	"io"
	"runtime"
	"time"
)

// idleUnchecked is how long a connection may have been idle to be used again without asking
// the system whether the peer ended it. The question is a system call, some tenth of what
// a small exchange costs, and cannot exclude that the peer ends the connection just
// afterwards; in so short a time it hardly says more than that. Policy.Resend is for the rest; requests
// that it does not send again are always preceded by the question.
const idleUnchecked = time.Millisecond

// ownPlaces is for how many places a Client without a pool keeps a connection.
const ownPlaces = 16

// A Client carries out calls, one at a time, over connections that its Policy governs.
// It belongs to one goroutine. A response that it streams can be read while it does other calls, and by
// another goroutine.
type Client struct {
	clock  Clock
	opts   *Options
	policy Policy
	pool   *Pool

	opener opener
	recv   *receiver // nil while the Client rests
	slow   *sender   // nil until a request takes its time
	watch  *watch
	waiter waiter
	trip   trip   // the call under way; in here because it would otherwise be allocated for each
	counts Counts // all but those in opener.ledger
}

// NewClient returns a Client. Its times are on clock. opts may be nil and is not changed. With
// policy.SharedPool, pool is used by other Clients too, which must have the same clock and policy, and equivalent
// options; otherwise it is this Client's alone, and without one the Client keeps one connection
// for each of the 16 places that it used last.
func NewClient(clock Clock, opts *Options, policy Policy, pool *Pool) *Client {
	if opts == nil {
		opts = new(Options)
	}
	return clientFrom(clock, opts, policy, pool, opts.Turns.begin())
}

// clientFrom is NewClient for one that begins where start says with addresses in turn.
func clientFrom(clock Clock, opts *Options, policy Policy, pool *Pool, start uint32) *Client {
	if pool == nil {
		if policy.SharedPool {
			panic("wire: Policy.SharedPool without a pool")
		}
		pool = NewPool(PoolOptions{PerHost: 1, Hosts: ownPlaces})
	}
	c := &Client{clock: clock, opts: opts, policy: policy, pool: pool}
	c.waiter.limit = policy.RequestsPerConnection
	spare := opts.Buffers
	if spare == nil {
		spare = new(Buffers)
	}
	c.opener = opener{opts: opts, policy: &c.policy, clock: clock, counts: &c.counts, spare: spare, yields: runtime.GOMAXPROCS(0) == 1,
		queue: queue{start: start}, dialer: newDialer(opts, start)}
	if policy.ResumeTLS {
		c.opener.sessions = &pool.sessions
	}
	c.watch = newWatch(context.Background())
	return c
}

// Counts returns the tallies so far.
func (c *Client) Counts() Counts {
	counts, _ := c.opener.ledger.read()
	counts.Add(c.counts)
	return counts
}

// Handshakes returns how often TLS connections were established with what was negotiated.
func (c *Client) Handshakes() map[Handshake]int64 { return c.opener.handshakes.all() }

// Kernel returns what the system said about the connections that this Client opened: those that have ended, and
// those kept in a pool of its own as they are now. For those in a shared pool see Pool.Kernel; connections in
// use are in neither. It changes nothing, and other goroutines may call it.
func (c *Client) Kernel() Kernel {
	k := c.opener.ledger.ended()
	if !c.policy.SharedPool {
		k.Add(c.pool.Kernel())
	}
	return k
}

// Open returns how many of the connections that this Client opened are open, in use or kept,
// here or in the pool. At any time Opened = ClosedByPeer + Retired + Discarded + Evicted + Open.
func (c *Client) Open() int {
	_, open := c.opener.ledger.read()
	return open
}

// Places returns to how many different places connections were opened: servers, told apart by the proxy on the
// way and the TLS settings too. A Client that keeps connections opens one for each. 4096 stands for more, too.
func (c *Client) Places() int { return c.opener.places }

// Close closes the idle connections, which count as retired; what is in a shared pool stays
// there. Responses that are being streamed stay readable, and their connections are closed when they
// have ended. The Client can go on to be used.
func (c *Client) Close() {
	if !c.policy.SharedPool {
		c.pool.clear()
	}
	c.watch.stop()
	c.watch = newWatch(context.Background())
}

// Forget drops the TLS sessions that were kept for resumption; those of a shared pool stay.
func (c *Client) Forget() {
	if !c.policy.SharedPool {
		c.pool.sessions.forget()
	}
}

// Rest leaves the Client's read buffer to those that share Options.Buffers, until its next call.
func (c *Client) Rest() {
	if c.recv != nil {
		c.opener.spare.put(c.recv)
		c.recv = nil
	}
}

// A trip is one call on its way.
type trip struct {
	req    *Request
	resp   *Response
	place  place
	limits *Limits
	until  time.Duration // when the call has to be over; 0: no limit
	nth    int           // which exchange this is on a multiplexed connection, from 1
	seen   bool          // on a multiplexed connection: something of the response came
	shelf  *shelf        // at which the call has a connection, or the right to one
	body   io.Reader     // of an upload; nil: all is in req
	span
}

// Do sends req and reads the response to its end, or with Spec.Stream to the end of its head, whatever
// its status. It overwrites resp and ex; ex.Err says what failed, and resp.Status is 0 unless a
// response head was read. The end of ctx ends the call, and the stream after it, promptly
// and with ClassCanceled. Calling with the same context again and again is cheap; a
// new one costs some allocations.
func (c *Client) Do(ctx context.Context, req *Request, resp *Response, ex *Exchange) {
	if c.recv == nil {
		c.recv = c.opener.spare.take(c.opts)
	}
	now := c.clock.Now()
	resp.reset()
	t := &c.trip
	// Set field by field, or there would be a second one on each worker's stack.
	*ex = Exchange{}
	*t = trip{}
	ex.Started = now
	t.req, t.resp = req, resp
	t.place.find(req, c.opts)
	if t.limits = req.Spec.Limits; t.limits == nil {
		t.limits = &c.opts.Limits
	}
	t.until = until(t.limits, now)
	t.span = span{ex: ex, clock: c.clock, mark: now}
	if err := c.call(ctx, t); err != nil {
		ex.Err, ex.Class = err, ClassOf(err)
	}
	if t.body != nil {
		t.closeBody()
	}
	ex.Status = resp.Status
	ex.Finished = t.mark
}

// until returns when a call that starts at now has to be over, or 0.
func until(lim *Limits, now time.Duration) time.Duration {
	if lim.Timeout <= 0 {
		return 0
	}
	return now + lim.Timeout
}

// call makes one attempt, and another one where the policy allows it.
func (c *Client) call(ctx context.Context, t *trip) error {
	if c.follow(ctx) {
		t.lap(&t.ex.Phases.Acquire) // many workers that begin to watch at once wait for each other
	}
	if ctx.Err() != nil {
		return canceledFault(ctx, opAcquire, t.req.Endpoint.String())
	}
	if err := c.openBody(t); err != nil {
		return err
	}
	cn, err := c.acquire(t)
	if err != nil {
		return err
	}
	if cn.mux != nil {
		return c.callMultiplexed(cn, t)
	}
	err = c.attempt(cn, t)
	if err == nil {
		return nil
	}
	if !c.mayResend(cn, t.req, err) || c.openBody(t) != nil {
		c.pool.free(t.shelf)
		return err
	}
	c.counts.Resent++
	t.ex.Resent++
	t.resp.reset()
	t.lap(&t.ex.Phases.Acquire)
	if cn, err = c.open(t); err != nil {
		return err
	}
	if err = c.attempt(cn, t); err != nil {
		c.pool.free(t.shelf)
	}
	return err
}

// mostResends is how often a request is sent again that multiplexed connections died under: the next one, which
// others use too, may be at its end as well.
const mostResends = 3

// callMultiplexed is call from where it has a connection. Each attempt gives its place back, so that
// another takes a new one.
func (c *Client) callMultiplexed(cn *conn, t *trip) error {
	for resent := 0; ; resent++ {
		err := c.multiplex(cn, t)
		if err == nil || resent == mostResends || !c.mayResendMultiplexed(t, err) || c.openBody(t) != nil {
			return err
		}
		c.counts.Resent++
		t.ex.Resent++
		t.resp.reset()
		t.lap(&t.ex.Phases.Acquire)
		if cn, err = c.acquire(t); err != nil {
			return err
		}
	}
}

// mayResendMultiplexed is mayResend for a request that shared its connection. What the server refused may even
// be the connection's first: others that were quicker may have used it up.
func (c *Client) mayResendMultiplexed(t *trip, err error) bool {
	if !c.policy.Resend {
		return false
	}
	return isA[refusal](err) || isRejected(err) || t.req.Idempotent && t.nth > 1 && !t.seen && peerEnded(err)
}

// follow makes ctx the one that ends calls, and reports whether another one was before.
func (c *Client) follow(ctx context.Context) bool {
	if ctx.Done() == c.watch.done {
		return false
	}
	c.watch.stop()
	c.watch = newWatch(ctx)
	return true
}

// mayResend reports whether a request that failed on cn is to be sent again: the server has most
// likely ended an idle connection without having seen the request.
func (c *Client) mayResend(cn *conn, req *Request, err error) bool {
	return c.policy.Resend && req.Idempotent && cn.requests > 1 && !cn.seen && peerEnded(err)
}

// acquire returns a connection to the call's place: one that was kept and is still good, or a new one.
func (c *Client) acquire(t *trip) (*conn, error) {
	for {
		slow, err := c.pool.get(&c.waiter, c.watch, c.clock, &t.place, t.until)
		if slow || c.policy.SharedPool {
			t.lap(&t.ex.Phases.Acquire)
		}
		if err != nil {
			return nil, err
		}
		g := &c.waiter.grant
		cn, other := g.cn, g.evicted
		g.cn, g.evicted = nil, nil // what is closed is not held on to
		t.nth, t.shelf = g.nth, g.shelf
		switch {
		case other != nil:
			c.pool.evict(other)
			t.lap(&t.ex.Phases.Acquire)
			return c.open(t)
		case cn == nil:
			return c.open(t)
		case cn.mux == nil:
			return c.reuse(cn, t)
		}
		state := cn.mux.state()
		if state == peerQuiet {
			return cn, nil
		}
		c.pool.drop(cn, state.ending())
		t.lap(&t.ex.Phases.Acquire)
	}
}

// reuse returns a kept connection that is still good, or a new one instead.
func (c *Client) reuse(cn *conn, t *trip) (*conn, error) {
	state := peerQuiet
	if !c.policy.Resend || !t.req.Idempotent || t.mark-cn.idleSince >= idleUnchecked {
		state = cn.unused()
		t.lap(&t.ex.Phases.Acquire)
	}
	if state == peerQuiet {
		c.adopt(cn, t)
		return cn, nil
	}
	cn.close(state.ending()) // the right to it stays
	t.lap(&t.ex.Phases.Acquire)
	return c.open(t)
}

// open opens a connection; after an error the right to it is given up.
func (c *Client) open(t *trip) (*conn, error) {
	cn, err := c.opener.open(c.watch, &t.shelf.place, t.req.Endpoint, t.req.Spec.Proxy, t.limits, t.until, &t.span)
	if err != nil {
		c.pool.free(t.shelf)
		return nil, err
	}
	cn.shelf, cn.opened = t.shelf, t.mark
	t.nth = 1
	if cn.mux != nil {
		c.pool.publish(cn)
	}
	return cn, nil
}

// adopt makes a kept connection ready for this call; another Client may have used it last.
func (c *Client) adopt(cn *conn, t *trip) {
	s := &cn.sock
	s.clock, s.watch = c.clock, c.watch
	s.call = t.until
	s.bound(t.limits)
}
