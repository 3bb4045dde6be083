package wire

// crowded reports whether a place has all the connections that it may have.
func (p *Pool) crowded(s *shelf) bool {
	return p.opts.Block && p.opts.PerHost > 0 && s.claimed >= p.opts.PerHost
}

// take grants w what s can have at once, and reports whether there is anything.
func (p *Pool) take(s *shelf, w *waiter) bool {
	if cn := p.available(s, w.limit); cn != nil {
		p.lend(cn)
		w.grant = grant{cn: cn, shelf: s, nth: cn.granted}
		return true
	}
	if p.crowded(s) {
		return false
	}
	var evicted *conn
	if p.opts.Max > 0 && p.claimed >= p.opts.Max {
		if p.idle.first == nil {
			return false
		}
		evicted = p.idle.first.item
		p.pick(evicted)
		p.claimed--
	}
	s.claimed++
	p.claimed++
	w.grant = grant{evicted: evicted, shelf: s}
	return true
}

// evict closes a connection whose right another place took over. Until then it counts at its own.
func (p *Pool) evict(cn *conn) {
	cn.close(evicted)
	p.mu.Lock()
	cn.shelf.claimed--
	p.tidy(cn.shelf)
	p.serve()
	p.mu.Unlock()
}

// available returns the connection to use for one more exchange, or nil. One that was idle is
// no longer in the lists.
func (p *Pool) available(s *shelf, limit int) *conn {
	if cn := p.fullest(s, limit); cn != nil {
		return cn
	}
	n := s.idle.last
	if p.opts.Order == FIFO {
		n = s.idle.first
	}
	if n == nil {
		return nil
	}
	p.pick(n.item)
	return n.item
}

// fullest returns, of the connections in use that can take another exchange, the one with most. So as few as possible
// are in use, each carries as many exchanges as it is meant to, and the others become idle.
func (p *Pool) fullest(s *shelf, limit int) *conn {
	if p.opts.Streams <= 1 {
		return nil
	}
	var found *conn
	for n := s.busy.first; n != nil; n = n.next {
		cn := n.item
		if (found == nil || cn.users > found.users) && p.roomy(cn, limit) {
			if found = cn; cn.users == p.opts.Streams-1 {
				break
			}
		}
	}
	return found
}

// roomy reports whether a connection in use can take another exchange.
func (p *Pool) roomy(cn *conn, limit int) bool {
	return cn.users < p.opts.Streams && (limit <= 0 || cn.granted < limit) && cn.users < cn.mux.room()
}

// lend gives a connection, which is in no list unless it is in use, to one more exchange.
func (p *Pool) lend(cn *conn) {
	cn.granted++
	if cn.mux == nil {
		return
	}
	if cn.users++; cn.users == 1 {
		cn.shelf.busy.push(&cn.atShelf, cn)
	}
}

// publish makes what room a new multiplexed connection has left available to others at its shelf. The caller's own
// exchange is on it already.
func (p *Pool) publish(cn *conn) {
	p.mu.Lock()
	p.lend(cn)
	if p.timed() {
		p.ripen(cn)
	}
	p.serve()
	p.mu.Unlock()
}

// finish ends the nth exchange on a multiplexed connection in good state, which carries at most limit, or any
// number for 0.
func (p *Pool) finish(cn *conn, nth, limit int) {
	if limit > 0 && nth >= limit {
		p.drop(cn, retired)
	} else {
		p.done(cn)
	}
}

// done ends one exchange on a multiplexed connection, which goes on.
func (p *Pool) done(cn *conn) {
	p.mu.Lock()
	p.end(cn)
	p.mu.Unlock()
}

// drop ends one exchange on a multiplexed connection that is to be given up: it gets no further exchanges, and
// is closed with how, and its right freed, when the last one on it has ended.
func (p *Pool) drop(cn *conn, how ending) {
	p.mu.Lock()
	p.doom(cn, how)
	p.end(cn)
	p.mu.Unlock()
}

// end takes one exchange off a multiplexed connection.
func (p *Pool) end(cn *conn) {
	var out list[conn]
	cn.users--
	p.lapse(&out)
	switch {
	case cn.users > 0:
		if !cn.doomed {
			p.serve()
		}
	case cn.doomed:
		out.push(&cn.atShelf, cn)
	default:
		cn.shelf.busy.remove(&cn.atShelf)
		p.store(cn, &out)
	}
	p.dispose(&out)
}

// doom makes a connection in use get no further exchanges. Of several reasons the gravest counts: that it failed
// says more than that it was to be closed anyway.
func (p *Pool) doom(cn *conn, how ending) {
	if !cn.doomed {
		cn.doomed, cn.fate = true, how
		cn.shelf.busy.remove(&cn.atShelf)
	} else if cn.fate != endedByPeer && how != retired {
		cn.fate = how
	}
}
