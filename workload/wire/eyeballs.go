package wire

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A race connects to several addresses, each a while after the one before, and keeps the connection
// that is established first (Happy Eyeballs, RFC 8305, section 5). Its goroutines wait for one
// connection each, and have ended when it returns.
type race struct {
	o        *opener
	cn       *conn
	noDelay  bool
	left     []address       // not begun yet
	ctx      context.Context // ends when the race is over, or the call
	running  []*racer
	finished chan *racer
	done     sync.WaitGroup
	err      error // of the last that failed
}

// A racer is one of a race's connections. Its goroutine owns it until it is sent to finished.
type racer struct {
	sock    sock
	watch   watch
	dialing dialing
	err     error
}

// race connects cn to one of several addresses. Connections that are established or have failed as soon as
// they are begun, as over loopback, need no goroutine.
func (o *opener) race(cn *conn, order []address, noDelay bool) error {
	ctx, cancel := context.WithCancel(cn.sock.watch.ctx)
	defer cancel()
	r := &race{o: o, cn: cn, noDelay: noDelay, left: order, ctx: ctx, finished: make(chan *racer, len(order))}
	winner := r.run()
	cancel()
	r.giveUp()
	if winner == nil {
		return r.err
	}
	o.counts.EyeballsLost += int64(len(r.running))
	o.address, cn.sock.addr = winner.sock.addr, winner.sock.addr
	err := cn.sock.start(winner.sock.raw)
	cn.sock.armed = winner.sock.armed
	if err == nil && o.opts.Distance != nil {
		err = o.opts.Distance.cross(&cn.sock, nil)
	}
	if err != nil {
		return dialFault(cn.sock.addr, err)
	}
	return nil
}

// giveUp ends the connections that are still running.
func (r *race) giveUp() {
	for _, loser := range r.running {
		loser.watch.fire()
	}
	r.done.Wait()
	for range r.running {
		if loser := <-r.finished; loser.err == nil {
			_ = loser.sock.raw.Close()
		}
	}
}

// run returns the first connection that is established, or nil: r.err says why.
func (r *race) run() *racer {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		winner, over := r.next()
		if !over {
			timer.Reset(r.o.opts.HappyEyeballs)
			winner, over = r.await(timer.C)
		}
		if over {
			return winner
		}
	}
}

// next begins a connection to the next address, and to further ones as long as they fail at once. It is
// over when one is established at once, or none is left.
func (r *race) next() (winner *racer, over bool) {
	for len(r.left) > 0 {
		p, err := r.begin(r.left[0])
		r.left = r.left[1:]
		if err == nil && p.dialing.pending {
			r.running = append(r.running, p)
			r.done.Go(func() {
				p.err = p.finish(r.o)
				r.finished <- p
			})
			return nil, false
		}
		if err == nil {
			err = p.finish(r.o)
		}
		if err == nil {
			return p, true
		}
		r.err = err
	}
	return nil, len(r.running) == 0
}

// begin begins a connection, without waiting.
func (r *race) begin(a address) (*racer, error) {
	p := new(racer)
	p.watch.ctx = r.ctx
	p.sock = sock{addr: a.text, clock: r.o.clock, watch: &p.watch, limits: r.cn.sock.limits}
	r.o.address, r.cn.sock.addr = a.text, a.text
	if r.o.opts.Dial != nil {
		p.dialing.pending = true
		return p, nil
	}
	if err := r.o.dialer.begin(&p.dialing, a, r.noDelay); err != nil {
		return nil, dialFault(a.text, err)
	}
	return p, nil
}

// finish waits until the connection is established.
func (p *racer) finish(o *opener) error {
	var err error
	if o.opts.Dial != nil {
		err = dialWith(&p.sock, p.sock.addr, o.opts.Dial)
	} else {
		err = p.dialing.finish(&p.sock)
	}
	if err != nil {
		return dialFault(p.sock.addr, err)
	}
	return nil
}

// await waits until the race is over: a connection is established, the last has failed, or the call has
// ended. It is not where the next connection is to be begun: one failed, or the time for it came.
func (r *race) await(next <-chan time.Time) (winner *racer, over bool) {
	if len(r.left) == 0 {
		next = nil
	}
	for {
		select {
		case <-next:
			return nil, false
		case <-r.ctx.Done():
			r.err = canceledFault(r.ctx, opConnect, r.cn.sock.addr)
			return nil, true
		case p := <-r.finished:
			r.running = slices.DeleteFunc(r.running, func(other *racer) bool { return other == p })
			if p.err == nil {
				return p, true
			}
			if r.err = p.err; endsConnecting(r.err) {
				return nil, true
			}
			if len(r.left) > 0 || len(r.running) == 0 {
				return nil, len(r.left) == 0
			}
		}
	}
}
