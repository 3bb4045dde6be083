package wire

import (
	"crypto/tls"
	"slices"
	"sync"
	"time"
)

// A Pool holds connections for several Clients: at most max, open and being opened together.
// The one returned last is taken first. It is safe for concurrent use.
type Pool struct {
	max      int
	sessions tls.ClientSessionCache

	mu      sync.Mutex
	claimed int       // connections, and rights to open one
	idle    []*conn   // in the order of their return
	waiting []*waiter // in the order of their coming; only while nothing is idle
	closed  bool
}

// NewPool returns an empty pool for max connections, at least 1.
func NewPool(max int) *Pool {
	if max < 1 {
		panic("wire: a pool needs room for a connection")
	}
	return &Pool{max: max, sessions: tls.NewLRUClientSessionCache(sessionsKept)}
}

// Close closes the idle connections, which count as retired, and makes calls that wait, and later
// ones, fail. Connections in use are closed when their calls end.
func (p *Pool) Close() {
	p.mu.Lock()
	idle, waiting := p.idle, p.waiting
	p.idle, p.waiting, p.closed = nil, nil, true
	p.claimed -= len(idle)
	p.mu.Unlock()
	for _, cn := range idle {
		cn.close(retired)
	}
	for _, w := range waiting {
		w.granted <- grant{closed: true}
	}
}

// A waiter is a Client in the queue for a connection.
type waiter struct{ granted chan grant }

// A grant is a connection, or with none the right to open one.
type grant struct {
	cn     *conn
	closed bool // neither: the pool was closed
}

// get returns a connection, nil with the right to open one, or a *fault. A connection to another
// endpoint is for the caller to close; the right to one remains.
func (p *Pool) get(w *waiter, watch *watch, clock Clock, e Endpoint, limit time.Duration) (*conn, error) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, closedFault(e)
	}
	for i := len(p.idle) - 1; i >= 0; i-- {
		if cn := p.idle[i]; cn.endpoint == e {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.mu.Unlock()
			return cn, nil
		}
	}
	if p.claimed < p.max {
		p.claimed++
		p.mu.Unlock()
		return nil, nil
	}
	if len(p.idle) > 0 {
		cn := p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		p.mu.Unlock()
		return cn, nil
	}
	if w.granted == nil {
		w.granted = make(chan grant, 1)
	}
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	return p.wait(w, watch, clock, e, limit)
}

func (p *Pool) wait(w *waiter, watch *watch, clock Clock, e Endpoint, limit time.Duration) (*conn, error) {
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
			return nil, closedFault(e)
		}
		return g.cn, nil
	case <-watch.done:
		err = canceledFault(watch.ctx, opAcquire, e.String())
	case <-expired:
		err = &fault{ClassTimeout, opAcquire, e.String(), errCallTime}
	}
	p.leave(w)
	return nil, err
}

// leave takes w out of the queue, and passes on what it was granted meanwhile.
func (p *Pool) leave(w *waiter) {
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		return
	}
	switch g := <-w.granted; {
	case g.closed:
	case g.cn != nil:
		p.put(g.cn)
	default:
		p.free()
	}
}

// put returns a connection that can be used again.
func (p *Pool) put(cn *conn) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.claimed--
		p.mu.Unlock()
		cn.close(retired)
		return
	case len(p.waiting) > 0:
		p.grant(grant{cn: cn})
	default:
		p.idle = append(p.idle, cn)
	}
	p.mu.Unlock()
}

// free returns the right to a connection.
func (p *Pool) free() {
	p.mu.Lock()
	if len(p.waiting) > 0 {
		p.grant(grant{})
	} else {
		p.claimed--
	}
	p.mu.Unlock()
}

// grant hands g to the first in the queue; its channel has room for it.
func (p *Pool) grant(g grant) {
	w := p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	w.granted <- g
}

func closedFault(e Endpoint) error {
	return &fault{ClassCanceled, opAcquire, e.String(), errPoolClosed}
}
