package wire

import (
	"slices"
	"sync"
	"time"
)

// PoolOptions bound a Pool. The zero value keeps every connection and bounds nothing.
type PoolOptions struct {
	// Max is how many connections there are at most, open and being opened together; callers
	// wait for one. Where all are idle at other places, the one idle longest makes room. 0: no limit.
	Max int
	// PerHost is how many idle connections are kept for one place; one that is returned
	// beyond that is closed. 0: no limit.
	PerHost int
	// Block: there are at most PerHost connections to one place, and callers wait until one is
	// returned. Without a PerHost it means nothing.
	Block bool
	// Hosts is for how many places idle connections are kept. Beyond it the place not used for
	// longest loses its own, and those in use there are closed when they are done. 0: no limit;
	// negative: nothing is kept.
	Hosts int
}

// A Pool keeps connections, for one Client or for several. A place is a server, a proxy and TLS
// settings; of the connections to one, that returned last is taken first. Nothing else closes
// an idle connection: there is no limit of time. A Pool is safe for concurrent use.
type Pool struct {
	opts     PoolOptions
	sessions sessionStore

	mu      sync.Mutex
	shelves []*shelf  // there are few; a map of places takes a kilobyte for the first one
	recent  *shelf    // asked for last; it may be empty
	kept    int       // shelves that keep connections
	claimed int       // connections, and rights to open one
	ticks   uint64    // orders uses of shelves and returns of connections
	waiting []*waiter // in the order of their coming; none of them can be served
	closed  bool
}

// A shelf is what a Pool has for one place.
type shelf struct {
	place   place
	idle    []*conn // in the order of their return
	claimed int     // connections, idle ones included, and rights to open one
	wanted  int     // waiters
	kept    bool    // connections that are returned are kept
	cleared bool    // since it was used last
	used    uint64  // tick of the last use
}

// NewPool returns an empty pool. Max and PerHost must not be negative.
func NewPool(opts PoolOptions) *Pool {
	if opts.Max < 0 || opts.PerHost < 0 {
		panic("wire: a pool with a negative limit")
	}
	return &Pool{opts: opts}
}

// Close closes the idle connections, which count as retired, and makes calls that wait, and later
// ones, fail. Connections in use are closed when their calls end.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	waiting := p.waiting
	p.waiting = nil
	p.mu.Unlock()
	p.clear()
	for _, w := range waiting {
		w.granted <- grant{closed: true}
	}
}

// clear closes the idle connections, which count as retired. Those in use are closed when they
// are done, unless their place has been used again meanwhile.
func (p *Pool) clear() {
	var idle []*conn
	p.mu.Lock()
	p.recent = nil
	for _, s := range slices.Backward(p.shelves) { // for tidy takes some out
		idle = p.empty(s, idle)
		s.cleared = true
		p.tidy(s)
	}
	p.mu.Unlock()
	closeAll(idle, retired)
}

// A waiter is a Client in the queue for a connection.
type waiter struct {
	granted chan grant
	shelf   *shelf
}

// A grant is a connection to the shelf's place, or the right to open one. A connection to another
// place, whose right was taken over, is for the receiver to close.
type grant struct {
	cn     *conn
	shelf  *shelf
	closed bool // neither: the pool was closed
}

// get returns a grant for a place, or a *fault, and whether it had to wait.
func (p *Pool) get(w *waiter, watch *watch, clock Clock, at *place, limit time.Duration) (g grant, waited bool, err error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return grant{}, false, closedFault(at)
	}
	s, crowded := p.use(at)
	g, ok := p.take(s)
	if !ok {
		if w.granted == nil {
			w.granted = make(chan grant, 1)
		}
		w.shelf = s
		s.wanted++
		p.waiting = append(p.waiting, w)
	}
	p.mu.Unlock()
	closeAll(crowded, evicted)
	if !ok {
		g, err = p.wait(w, watch, clock, at, limit)
	}
	return g, !ok, err
}

func (p *Pool) wait(w *waiter, watch *watch, clock Clock, at *place, limit time.Duration) (grant, error) {
	var expired <-chan time.Time
	if limit != 0 {
		timer := time.NewTimer(limit - clock.Now())
		defer timer.Stop()
		expired = timer.C
	}
	var err error
	select {
	case g := <-w.granted:
		if g.closed {
			return grant{}, closedFault(at)
		}
		return g, nil
	case <-watch.done:
		err = canceledFault(watch.ctx, opAcquire, at.String())
	case <-expired:
		err = &fault{ClassTimeout, opAcquire, at.String(), errCallTime}
	}
	p.leave(w)
	return grant{}, err
}

// leave takes w out of the queue, and passes on what it was granted meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.dequeue(i)
		p.tidy(w.shelf)
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	switch g := <-w.granted; {
	case g.closed:
	case g.cn != nil && g.cn.shelf == g.shelf:
		p.put(g.cn)
	default:
		if g.cn != nil {
			g.cn.close(evicted)
		}
		p.free(g.shelf)
	}
}

// put returns a connection that can be used again.
func (p *Pool) put(cn *conn) {
	s := cn.shelf
	p.mu.Lock()
	if p.closed || !s.kept || p.opts.PerHost > 0 && len(s.idle) >= p.opts.PerHost {
		how := evicted
		if p.closed || s.cleared {
			how = retired
		}
		p.mu.Unlock()
		cn.close(how)
		p.free(s)
		return
	}
	p.ticks++
	cn.returned = p.ticks
	s.idle = append(s.idle, cn)
	p.serve()
	p.mu.Unlock()
}

// free returns the right to a connection.
func (p *Pool) free(s *shelf) {
	p.mu.Lock()
	s.claimed--
	p.claimed--
	p.tidy(s)
	p.serve()
	p.mu.Unlock()
}

// serve gives what has just come back to the first in the queue that it is of use to. It is of use to one.
func (p *Pool) serve() {
	for i, w := range p.waiting {
		if g, ok := p.take(w.shelf); ok {
			p.dequeue(i)
			w.granted <- g // has room for it
			return
		}
	}
}

func (p *Pool) dequeue(i int) {
	p.waiting[i].shelf.wanted--
	p.waiting = slices.Delete(p.waiting, i, i+1)
}

// take returns what s can have at once, if anything.
func (p *Pool) take(s *shelf) (grant, bool) {
	if last := len(s.idle) - 1; last >= 0 {
		cn := s.idle[last]
		s.idle[last] = nil
		s.idle = s.idle[:last]
		return grant{cn: cn, shelf: s}, true
	}
	if p.opts.Block && p.opts.PerHost > 0 && s.claimed >= p.opts.PerHost {
		return grant{}, false
	}
	g := grant{shelf: s}
	if p.opts.Max > 0 && p.claimed >= p.opts.Max {
		from := p.longestIdle()
		if from == nil {
			return grant{}, false
		}
		g.cn = from.idle[0]
		from.idle = slices.Delete(from.idle, 0, 1)
		from.claimed--
		p.claimed--
		p.tidy(from)
	}
	s.claimed++
	p.claimed++
	return g, true
}

// longestIdle returns the shelf with the connection that was returned first, or nil.
func (p *Pool) longestIdle() *shelf {
	var found *shelf
	for _, s := range p.shelves {
		if len(s.idle) > 0 && (found == nil || s.idle[0].returned < found.idle[0].returned) {
			found = s
		}
	}
	return found
}

// use returns the shelf for a place, and the connections that go for its sake.
func (p *Pool) use(at *place) (s *shelf, crowded []*conn) {
	p.ticks++
	if s = p.recent; s == nil || s.place != *at {
		if s = p.find(at); s == nil {
			s = &shelf{place: *at}
			p.shelves = append(p.shelves, s)
		}
		before := p.recent
		if p.recent = s; before != nil {
			p.tidy(before)
		}
	}
	s.used, s.cleared = p.ticks, false
	if s.kept || p.opts.Hosts < 0 {
		return s, nil
	}
	s.kept = true
	if p.kept++; p.opts.Hosts > 0 && p.kept > p.opts.Hosts {
		least := p.leastUsed()
		crowded = p.empty(least, nil)
		p.tidy(least)
	}
	return s, crowded
}

// find returns the shelf for a place, or nil.
func (p *Pool) find(at *place) *shelf {
	for _, s := range p.shelves {
		if s.place == *at {
			return s
		}
	}
	return nil
}

// leastUsed returns the shelf, of those that keep connections, that was used longest ago.
func (p *Pool) leastUsed() *shelf {
	var found *shelf
	for _, s := range p.shelves {
		if s.kept && (found == nil || s.used < found.used) {
			found = s
		}
	}
	return found
}

// empty makes s keep nothing, and adds to list what it kept.
func (p *Pool) empty(s *shelf, list []*conn) []*conn {
	list = append(list, s.idle...)
	s.claimed -= len(s.idle)
	p.claimed -= len(s.idle)
	s.idle = nil
	if s.kept {
		s.kept = false
		p.kept--
	}
	return list
}

// tidy forgets a shelf that nobody has to do with any more. Where places are numbered, an empty
// one counts like any other.
func (p *Pool) tidy(s *shelf) {
	if s.claimed > 0 || s.wanted > 0 || s == p.recent || s.kept && p.opts.Hosts > 0 {
		return
	}
	if s.kept {
		p.kept--
	}
	if i := slices.Index(p.shelves, s); i >= 0 {
		p.shelves = slices.Delete(p.shelves, i, i+1)
	}
}

func closeAll(idle []*conn, how ending) {
	for _, cn := range idle {
		cn.close(how)
	}
}

func closedFault(at *place) error {
	return &fault{ClassCanceled, opAcquire, at.String(), errPoolClosed}
}
