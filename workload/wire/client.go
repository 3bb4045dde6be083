package wire

import (
	"context"
	"crypto/tls"
	"time"
)

// idleUnchecked is how long a connection may have been idle to be used again without asking
// the system whether the peer ended it. The question is a system call, some tenth of what
// a small exchange costs, and cannot exclude that the peer ends the connection just
// afterwards; in so short a time it hardly says more than that. Policy.Resend is for the rest.
const idleUnchecked = time.Millisecond

// A Client carries out calls, one at a time, over connections that its Policy governs.
// It belongs to one goroutine.
type Client struct {
	clock  Clock
	opts   *Options
	policy Policy
	pool   *Pool // nil: the connection is our own

	opener opener
	recv   *receiver
	watch  *watch
	idle   *conn // kept for the next call; nil with a pool
	waiter waiter
	counts Counts // all but those in opener.ledger
}

// NewClient returns a Client. Its times are on clock. opts may be nil and is not changed; pool must be
// given exactly when policy.SharedPool is set, and its Clients must have the same clock and
// equivalent options. The Client keeps at most one connection of its own: a
// request to another endpoint closes the one kept.
func NewClient(clock Clock, opts *Options, policy Policy, pool *Pool) *Client {
	if opts == nil {
		opts = new(Options)
	}
	if policy.SharedPool != (pool != nil) {
		panic("wire: a pool is needed exactly for Policy.SharedPool")
	}
	c := &Client{clock: clock, opts: opts, policy: policy, pool: pool, recv: newReceiver(opts)}
	c.opener = opener{opts: opts, clock: clock, counts: &c.counts, dialer: newDialer()}
	switch {
	case !policy.ResumeTLS:
	case pool != nil:
		c.opener.sessions = pool.sessions
	default:
		c.opener.sessions = tls.NewLRUClientSessionCache(sessionsKept)
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

// Open returns how many of the connections that this Client opened are open, in use or kept,
// here or in the pool. At any time Opened = ClosedByPeer + Retired + Discarded + Open.
func (c *Client) Open() int {
	_, open := c.opener.ledger.read()
	return open
}

// Close closes the connection kept, which counts as retired. What is in a shared pool stays
// there. The Client can go on to be used.
func (c *Client) Close() {
	if c.idle != nil {
		c.idle.close(retired)
		c.idle = nil
	}
	c.watch.stop()
	c.watch = newWatch(context.Background())
}

// Do sends req and reads the response to its end, whatever its status. It overwrites resp and
// ex; ex.Err says what failed, and resp.Status is 0 unless a response head was read. The end
// of ctx ends the call, promptly and with ClassCanceled. Calling with
// the same context again and again is cheap; a new one costs some allocations.
func (c *Client) Do(ctx context.Context, req *Request, resp *Response, ex *Exchange) {
	now := c.clock.Now()
	*ex = Exchange{Started: now}
	resp.reset()
	sp := span{ex: ex, clock: c.clock, mark: now}
	if err := c.call(ctx, req, resp, &sp); err != nil {
		ex.Err, ex.Class = err, ClassOf(err)
	}
	ex.Status = resp.Status
	ex.Finished = sp.mark
}

// call makes one attempt, and another one where the policy allows it.
func (c *Client) call(ctx context.Context, req *Request, resp *Response, sp *span) error {
	if c.follow(ctx) {
		sp.lap(&sp.ex.Phases.Acquire) // many workers that begin to watch at once wait for each other
	}
	if ctx.Err() != nil {
		return canceledFault(ctx, opAcquire, req.Endpoint.String())
	}
	limit := c.limit(sp.mark)
	cn, err := c.acquire(req.Endpoint, limit, sp)
	if err != nil {
		return err
	}
	err = c.attempt(cn, req, resp, sp)
	if err == nil {
		return nil
	}
	if !c.mayResend(cn, req, err) {
		c.release()
		return err
	}
	c.counts.Resent++
	resp.reset()
	sp.lap(&sp.ex.Phases.Acquire)
	if cn, err = c.open(req.Endpoint, limit, sp); err != nil {
		return err
	}
	if err = c.attempt(cn, req, resp, sp); err != nil {
		c.release()
	}
	return err
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

// limit returns when a call that starts at now has to be over, or 0.
func (c *Client) limit(now time.Duration) time.Duration {
	if c.opts.Timeout <= 0 {
		return 0
	}
	return now + c.opts.Timeout
}

// mayResend reports whether a request that failed on cn is to be sent again: the server has most
// likely ended an idle connection without having seen the request.
func (c *Client) mayResend(cn *conn, req *Request, err error) bool {
	return c.policy.Resend && req.Idempotent && cn.requests > 1 && !cn.seen && peerEnded(err)
}

// attempt sends req on cn and reads the response. It disposes of cn; after an error the place in
// the pool is still the caller's.
func (c *Client) attempt(cn *conn, req *Request, resp *Response, sp *span) error {
	err := c.exchange(cn, req, resp, sp)
	sp.takeBytes(&cn.sock)
	if err == nil {
		c.settle(cn, req, resp, sp.mark)
		return nil
	}
	how := discarded
	if peerEnded(err) {
		how = endedByPeer
	}
	cn.close(how)
	return err
}

func (c *Client) exchange(cn *conn, req *Request, resp *Response, sp *span) error {
	c.watch.over(&cn.sock)
	if err := cn.sock.canceled(); err != nil {
		return err
	}
	ex := sp.ex
	ex.Attempts++
	ex.Reused = cn.requests > 0
	c.counts.Attempts++
	if ex.Reused {
		c.counts.Reused++
	}
	cn.requests++
	cn.seen = false
	c.recv.begin(cn)

	cn.sock.last, cn.sock.sending = sp.mark, true
	_, sendErr := cn.rw.Write(req.Raw)
	cn.sock.sending = false
	sp.lap(&ex.Phases.Send)
	cn.sock.last = sp.mark
	if sendErr != nil {
		sendErr = transferFault(opSend, cn.sock.addr, sendErr)
		if !peerEnded(sendErr) {
			return sendErr
		}
		// A server may answer and close before it has taken the whole request; the
		// answer can still be read.
	}
	err := c.recv.read(req, resp)
	if cn.seen {
		sp.lapTo(&ex.Phases.Wait, cn.first)
		sp.lap(&ex.Phases.Receive)
	} else {
		sp.lap(&ex.Phases.Wait)
	}
	switch {
	case err == nil && sendErr != nil:
		c.recv.ended = true
	case err != nil && sendErr != nil:
		return sendErr
	case err != nil:
		return transferFault(opReceive, cn.sock.addr, err)
	}
	return nil
}

// settle keeps or closes a connection after a whole response.
func (c *Client) settle(cn *conn, req *Request, resp *Response, now time.Duration) {
	used := c.policy.RequestsPerConnection
	how := discarded
	switch {
	case c.recv.br.Buffered() > 0 || resp.head.status == 101:
	case c.recv.ended:
		how = endedByPeer
	case used > 0 && cn.requests >= used, req.Close:
		how = retired
	case !resp.head.persistent():
		how = endedByPeer
	default:
		state := cn.leftover()
		if state == peerQuiet {
			cn.idleSince = now
			c.keep(cn)
			return
		}
		how = state.ending()
	}
	cn.close(how)
	c.release()
}

// acquire returns a connection to e: one that was kept and is still good, or a new one.
func (c *Client) acquire(e Endpoint, limit time.Duration, sp *span) (*conn, error) {
	cn, err := c.take(e, limit, sp)
	if err != nil {
		return nil, err
	}
	if cn == nil {
		return c.open(e, limit, sp)
	}
	how := retired
	if cn.endpoint == e {
		if sp.mark-cn.idleSince < idleUnchecked {
			c.adopt(cn, limit)
			return cn, nil
		}
		state := cn.unused()
		sp.lap(&sp.ex.Phases.Acquire)
		if state == peerQuiet {
			c.adopt(cn, limit)
			return cn, nil
		}
		how = state.ending()
	}
	cn.close(how)
	sp.lap(&sp.ex.Phases.Acquire)
	return c.open(e, limit, sp)
}

// take returns a connection that was kept, perhaps one to another endpoint, or nil and with it
// the right to open one.
func (c *Client) take(e Endpoint, limit time.Duration, sp *span) (*conn, error) {
	if c.pool == nil {
		cn := c.idle
		c.idle = nil
		return cn, nil
	}
	cn, err := c.pool.get(&c.waiter, c.watch, c.clock, e, limit)
	sp.lap(&sp.ex.Phases.Acquire)
	return cn, err
}

// keep puts a connection aside for the next call.
func (c *Client) keep(cn *conn) {
	if c.pool == nil {
		c.idle = cn
		return
	}
	c.pool.put(cn)
}

// release gives up the right to a connection.
func (c *Client) release() {
	if c.pool != nil {
		c.pool.free()
	}
}

func (c *Client) open(e Endpoint, limit time.Duration, sp *span) (*conn, error) {
	cn, err := c.opener.open(c.watch, e, limit, sp)
	if err != nil {
		c.release()
	}
	return cn, err
}

// adopt makes a kept connection ready for this call; another Client may have used it last.
func (c *Client) adopt(cn *conn, limit time.Duration) {
	s := &cn.sock
	s.clock, s.watch = c.clock, c.watch
	s.call, s.gap = limit, c.opts.ReadTimeout
}
