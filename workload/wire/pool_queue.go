package wire

import "time"

// A waiter is a Client in the queue for a connection.
type waiter struct {
	limit  int           // Policy.RequestsPerConnection
	grant  grant         // what it got last
	served chan struct{} // grant is there
	shelf  *shelf        // nil: not in the queue
	queued node[waiter]
}

// A grant is a connection to the shelf's place, or the right to open one.
type grant struct {
	cn      *conn
	evicted *conn // of another place, for the receiver to evict: the right was its
	shelf   *shelf
	nth     int  // of a multiplexed connection: which exchange on it this is, from 1
	closed  bool // neither: the pool was closed
}

// enqueue makes w the last in the queue for s, and serves whom what there is serves by now: a server may have
// come to allow more exchanges.
func (p *Pool) enqueue(w *waiter, s *shelf) {
	if w.served == nil {
		w.served = make(chan struct{}, 1)
	}
	w.shelf = s
	if s.wanted++; s.wanted == 1 {
		p.wanting++
	}
	others := p.waiting.first != nil
	p.waiting.push(&w.queued, w)
	if others {
		p.serve()
	}
}

func (p *Pool) dequeue(w *waiter) {
	p.waiting.remove(&w.queued)
	if w.shelf.wanted--; w.shelf.wanted == 0 {
		p.wanting--
	}
	w.shelf = nil
}

// answer takes w, whose grant is there, out of the queue.
func (p *Pool) answer(w *waiter) {
	p.dequeue(w)
	w.served <- struct{}{} // has room for it
}

// wait waits for w's grant, or returns a *fault.
func (p *Pool) wait(w *waiter, watch *watch, clock Clock, at *place, until time.Duration) error {
	select {
	case <-w.served: // at once, though there is a queue
		return w.outcome(at)
	default:
	}
	var expired <-chan time.Time
	if until != 0 {
		timer := time.NewTimer(until - clock.Now())
		defer timer.Stop()
		expired = timer.C
	}
	var err error
	select {
	case <-w.served:
		return w.outcome(at)
	case <-watch.done:
		err = canceledFault(watch.ctx, opAcquire, at.String())
	case <-expired:
		err = &fault{ClassTimeout, opAcquire, at.String(), errCallTime}
	}
	p.leave(w)
	return err
}

// outcome is what get returns for the grant.
func (w *waiter) outcome(at *place) error {
	if w.grant.closed {
		return closedFault(at)
	}
	return nil
}

// leave takes w out of the queue, and passes on what it was granted meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	s := w.shelf
	if s != nil {
		p.dequeue(w)
		p.tidy(s)
		p.serve() // it may have been in the way of others
	}
	p.mu.Unlock()
	if s != nil {
		return
	}
	<-w.served
	g := w.grant
	w.grant = grant{}
	switch {
	case g.closed:
	case g.cn == nil:
		if g.evicted != nil {
			p.evict(g.evicted)
		}
		p.free(g.shelf)
	case g.cn.mux == nil:
		p.put(g.cn)
	default:
		p.finish(g.cn, g.nth, w.limit)
	}
}

// serve gives what there is to those in the queue, in order. One for whom there is nothing because of the place's
// limit lets others past. One who waits for the pool's limit does not: whatever comes
// back is of use to it, save room on connections in use, which would never become idle
// if others were let on them.
func (p *Pool) serve() {
	full := 0
	p.round++
	for n := p.waiting.first; n != nil; {
		w := n.item
		n = n.next
		s := w.shelf
		if s.round == p.round {
			continue
		}
		switch {
		case p.take(s, w):
			p.answer(w)
		case !p.crowded(s):
			return
		default:
			s.round = p.round
			if full++; full == p.wanting {
				return
			}
		}
	}
}
