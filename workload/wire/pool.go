package wire

import (
	"errors"
	"fmt"
	"math"
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
	// Streams is how many exchanges a multiplexed connection carries at a time, within what the server
	// allows. 0: 1.
	Streams int
	// Order says which idle connection is taken; "": LIFO.
	Order Order
	// IdleTimeout: a connection idle for longer is not used again but closed, as retired, when the pool is next
	// asked for a connection or given one. 0: no limit.
	IdleTimeout time.Duration
	// MaxAge: a connection that was established longer ago gets no further exchange and is closed, as retired,
	// when the pool is next asked for a connection or given one and nothing goes on on it. 0: no limit.
	MaxAge time.Duration
}

// An Order is that in which idle connections are taken from a pool.
type Order string

const (
	LIFO Order = "lifo" // that returned last first
	FIFO Order = "fifo" // that returned first first
)

// Validate reports what NewPool does not take: negative limits (a negative Hosts is none) and unknown orders.
func (o PoolOptions) Validate() error {
	switch {
	case o.Max < 0 || o.PerHost < 0:
		return errors.New("a pool with a negative limit")
	case o.Streams < 0:
		return errors.New("a pool with a negative number of streams")
	case o.IdleTimeout < 0 || o.MaxAge < 0:
		return errors.New("a pool with a negative limit of time")
	case o.Order != "" && o.Order != LIFO && o.Order != FIFO:
		return fmt.Errorf("unknown order %q of idle connections", o.Order)
	}
	return nil
}

// A Pool keeps connections, for one Client or for several, which then have the same Policy. A place is a server, a
// proxy and TLS settings. Of the connections to one, a multiplexed one in use that can take another exchange comes
// first, the fullest of them; then an idle one; then a new one. No goroutine looks after the pool: limits
// of time are judged when it is used. A Pool is safe for concurrent use.
type Pool struct {
	opts     PoolOptions
	sessions sessionStore

	mu      sync.Mutex
	shelves list[shelf]      // the one used last at the end
	index   map[place]*shelf // nil as long as there are few, for it takes a kilobyte for the first place
	recent  *shelf           // asked for last; it may be empty
	kept    int              // shelves that keep connections
	idle    list[conn]       // at all shelves, in the order of their return; only where that counts
	claimed int              // connections, those being closed included, and rights to open one
	closed  bool

	waiting list[waiter] // in the order of their coming; none of them can be served
	wanting int          // shelves for which there are waiters
	round   uint64       // of looking through them

	clock Clock         // of the Clients; only with limits of time
	now   time.Duration // when they were last judged
	ripe  time.Duration // no connection in the lists is too old before
}

// NewPool returns an empty pool. The options must be valid.
func NewPool(opts PoolOptions) *Pool {
	if err := opts.Validate(); err != nil {
		panic("wire: " + err.Error())
	}
	return &Pool{opts: opts, ripe: math.MaxInt64}
}

// Idle returns how many connections are open and carry nothing.
func (p *Pool) Idle() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := 0
	for range p.resting {
		idle++
	}
	return idle
}

// resting yields the idle connections. The lock is held.
func (p *Pool) resting(yield func(*conn) bool) {
	for s := p.shelves.first; s != nil; s = s.next {
		for n := s.item.idle.first; n != nil; n = n.next {
			if !yield(n.item) {
				return
			}
		}
	}
}

// Close closes the idle connections, which count as retired, and makes calls that wait, and later
// ones, fail. Connections in use are closed when their calls end.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	for p.waiting.first != nil {
		w := p.waiting.first.item
		w.grant = grant{closed: true}
		p.answer(w)
	}
	p.mu.Unlock()
	p.clear()
}

// clear closes the idle connections, which count as retired. Those in use are closed when they
// are done, unless their place has been used again meanwhile.
func (p *Pool) clear() {
	var out list[conn]
	p.mu.Lock()
	p.recent = nil
	for n := p.shelves.first; n != nil; {
		s := n.item
		n = n.next // for tidy takes some out
		p.empty(s, retired, &out)
		s.cleared = true
		p.tidy(s)
	}
	p.dispose(&out)
	p.mu.Unlock()
}

// get fills w.grant for a place, or returns a *fault, and whether it took time: waiting, or closing other
// connections. until is when waiting ends, 0 for never.
func (p *Pool) get(w *waiter, watch *watch, clock Clock, at *place, until time.Duration) (slow bool, err error) {
	p.mu.Lock()
	s := p.recent
	if !p.closed && (s == nil || !s.kept || p.timed() || s.place != *at) {
		s, slow = p.prepare(at, clock)
	}
	if p.closed { // perhaps meanwhile
		p.mu.Unlock()
		return slow, closedFault(at)
	}
	s.cleared = false
	if p.waiting.first == nil && p.take(s, w) {
		p.mu.Unlock()
		return slow, nil
	}
	p.enqueue(w, s)
	p.mu.Unlock()
	return true, p.wait(w, watch, clock, at, until)
}

// prepare returns the shelf for a place, closes what has to go before something is taken there, and reports
// whether there was any.
func (p *Pool) prepare(at *place, clock Clock) (s *shelf, slow bool) {
	var out list[conn]
	s = p.use(at, &out)
	p.clock = clock
	s.pins++
	for p.lapse(&out); out.first != nil; p.lapse(&out) {
		slow = true
		p.dispose(&out)
	}
	if s.pins--; p.closed {
		p.recent = nil
		p.tidy(s)
	}
	return s, slow
}

// put returns a connection that carried one exchange and can be used again.
func (p *Pool) put(cn *conn) {
	p.mu.Lock()
	var out list[conn]
	if p.timed() {
		p.lapse(&out)
	}
	p.store(cn, &out)
	if out.first != nil {
		p.dispose(&out)
	}
	p.mu.Unlock()
}

// free returns the right to a connection.
func (p *Pool) free(s *shelf) {
	p.mu.Lock()
	var out list[conn]
	p.unclaim(s)
	p.lapse(&out)
	p.serve()
	p.dispose(&out)
	p.mu.Unlock()
}

// store keeps a connection that carries nothing, or adds it to those that go.
func (p *Pool) store(cn *conn, out *list[conn]) {
	s := cn.shelf
	switch {
	case p.closed || !s.kept && s.cleared || p.old(cn):
		cn.fate = retired
	case !s.kept || p.opts.PerHost > 0 && s.idle.n >= p.opts.PerHost:
		cn.fate = evicted
	default:
		s.idle.push(&cn.atShelf, cn)
		if p.ordered() {
			p.idle.push(&cn.inPool, cn)
		}
		if p.timed() {
			cn.idleSince = p.now // in the order of the list
			p.ripen(cn)
		}
		if p.waiting.first != nil {
			p.serve()
		}
		return
	}
	out.push(&cn.atShelf, cn)
}

// pick takes an idle connection out.
func (p *Pool) pick(cn *conn) {
	cn.shelf.idle.remove(&cn.atShelf)
	if p.ordered() {
		p.idle.remove(&cn.inPool)
	}
}

// ordered reports whether it matters in which order connections of all places became idle. That
// of those at one place always does.
func (p *Pool) ordered() bool { return p.opts.Max > 0 || p.timed() }

// unclaim takes a right back.
func (p *Pool) unclaim(s *shelf) {
	s.claimed--
	p.claimed--
	p.tidy(s)
}

// dispose closes what was taken out, with the lock open meanwhile, and then gives the rights to it
// to others: at no time are there more sockets than rights.
func (p *Pool) dispose(out *list[conn]) {
	if out.first == nil {
		return
	}
	p.mu.Unlock()
	for n := out.first; n != nil; n = n.next {
		n.item.close(n.item.fate)
	}
	p.mu.Lock()
	for n := out.first; n != nil; n = n.next {
		p.unclaim(n.item.shelf)
	}
	*out = list[conn]{}
	p.serve()
}

func closedFault(at *place) error {
	return &fault{ClassCanceled, opAcquire, at.String(), errPoolClosed}
}
