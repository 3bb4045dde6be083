package wire

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A census counts connections where they are opened and closed, apart from the pool's own books.
type census struct {
	all   atomic.Int64 // open, and being opened
	at    [4]atomic.Int64
	most  int64 // 0: any number
	perAt int64
}

func (c *census) enter(t testing.TB, i int) {
	all, at := c.all.Add(1), c.at[i].Add(1)
	if c.most > 0 && all > c.most || c.perAt > 0 && at > c.perAt {
		t.Errorf("%d connections, %d to one place", all, at)
	}
}

func (c *census) leave(i int) {
	c.all.Add(-1)
	c.at[i].Add(-1)
}

// A countedPipe is a plain connection, a countedMux a multiplexed one, that a census counts.
type countedPipe struct {
	net.Conn
	close func()
}

func (c countedPipe) Close() error { c.close(); return nil }

type countedMux struct {
	fakeMux
	ended func()
}

func (m *countedMux) close(how ending) bool {
	if m.users.Load() > 0 {
		how = -1
	}
	m.fakeMux.close(how)
	m.ended()
	return true
}

// A model is one pool under random use.
type model struct {
	t      *testing.T
	opts   PoolOptions
	limit  int
	pool   *Pool
	clock  Clock
	census census
	served atomic.Int64
	mu     sync.Mutex
	muxes  []*countedMux
}

func newModel(t *testing.T, r *rand.Rand) *model {
	pick := func(of ...int) int { return of[r.IntN(len(of))] }
	m := &model{t: t, clock: NewClock(), limit: pick(0, 0, 1, 5), opts: PoolOptions{
		Max: pick(0, 1, 2, 3), PerHost: pick(0, 1, 2), Block: pick(0, 1) == 1, Hosts: pick(0, 1, 2, -1),
		Streams: pick(0, 1, 2, 5), Order: []Order{"", LIFO, FIFO}[r.IntN(3)],
		IdleTimeout: time.Duration(pick(0, 0, 1, 50)) * time.Microsecond,
		MaxAge:      time.Duration(pick(0, 0, 1, 200)) * time.Microsecond,
	}}
	m.pool = NewPool(m.opts)
	m.census.most = int64(m.opts.Max)
	if m.opts.Block {
		m.census.perAt = int64(m.opts.PerHost)
	}
	return m
}

// use is a Client's life: calls to places of which the even ones are multiplexed.
func (m *model) use(r *rand.Rand, calls int) {
	w := &waiter{limit: m.limit}
	for range calls {
		i := r.IntN(len(m.census.at))
		at := place{endpoint: Endpoint{Host: "h", Port: uint16(i)}}
		ctx, cancel := context.WithCancel(context.Background())
		if r.IntN(4) == 0 {
			go cancel()
		}
		_, err := m.pool.get(w, newWatch(ctx), m.clock, &at, 0)
		if err != nil && ClassOf(err) != ClassCanceled {
			m.t.Error(err)
		}
		if err == nil {
			m.exchange(r, w, i)
			m.served.Add(1)
		}
		cancel()
		if r.IntN(16) == 0 {
			m.check()
		}
	}
}

func (m *model) exchange(r *rand.Rand, w *waiter, i int) {
	g := w.grant
	if g.evicted != nil {
		m.pool.evict(g.evicted)
	}
	cn, nth := g.cn, g.nth
	if cn == nil {
		m.census.enter(m.t, i)
		if r.IntN(8) == 0 {
			m.census.leave(i)
			m.pool.free(g.shelf)
			return
		}
		cn, nth = m.open(g.shelf, i), 1
	}
	if cn.place.endpoint.Port != uint16(i) {
		m.t.Error("a connection to another place")
	}
	if cn.mux != nil {
		m.multiplexed(r, cn, nth)
		return
	}
	if cn.users++; cn.users != 1 {
		m.t.Error("a plain connection was given to two")
	}
	pause(r)
	cn.users--
	cn.requests++
	if m.limit > 0 && cn.requests == m.limit || r.IntN(8) == 0 {
		cn.close(retired)
		m.pool.free(cn.shelf)
		return
	}
	m.pool.put(cn)
}

func (m *model) open(s *shelf, i int) *conn {
	cn := &conn{shelf: s, place: &s.place, opened: m.clock.Now(), ledger: new(ledger)}
	cn.ledger.opened()
	if i%2 == 1 {
		cn.sock.raw = countedPipe{close: func() { m.census.leave(i) }}
		return cn
	}
	mux := &countedMux{ended: func() { m.census.leave(i) }}
	mux.allowed.Store(1 + int64(i))
	cn.mux = mux
	m.mu.Lock()
	m.muxes = append(m.muxes, mux)
	m.mu.Unlock()
	m.pool.publish(cn)
	return cn
}

func (m *model) multiplexed(r *rand.Rand, cn *conn, nth int) {
	mux := cn.mux.(*countedMux)
	if n := mux.users.Add(1); n > int64(max(m.opts.Streams, 1)) {
		m.t.Errorf("%d exchanges at a time", n)
	}
	if n := mux.calls.Add(1); m.limit > 0 && (n > int64(m.limit) || nth > m.limit) {
		m.t.Errorf("exchange %d, the %dth by the pool's count", n, nth)
	}
	if mux.closed.Load() > 0 {
		m.t.Error("a closed connection was used")
	}
	pause(r)
	mux.allowed.Store(int64(r.IntN(4))) // no room at all is less than servers may say
	mux.users.Add(-1)
	if r.IntN(8) == 0 {
		m.pool.drop(cn, ending(r.IntN(3)))
		return
	}
	m.pool.finish(cn, nth, m.limit)
}

func pause(r *rand.Rand) {
	for range r.IntN(4) {
		runtime.Gosched()
	}
}

// check compares the pool's books with each other.
func (m *model) check() {
	p := m.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	claimed, wanted, kept := 0, 0, 0
	for n := p.shelves.first; n != nil; n = n.next {
		s := n.item
		claimed += s.claimed
		wanted += s.wanted
		if s.kept {
			kept++
		}
		if s.idle.n+s.busy.n > s.claimed || m.opts.PerHost > 0 && s.idle.n > m.opts.PerHost {
			m.t.Errorf("%d idle and %d busy of %d", s.idle.n, s.busy.n, s.claimed)
		}
	}
	for cn := range p.resting {
		used := cn.granted
		if cn.mux == nil { // whoever was granted it while giving up did not use it
			used = cn.requests
		}
		if cn.users != 0 || cn.doomed || m.limit > 0 && used >= m.limit {
			m.t.Errorf("idle with %d users, given up %t, used %d times", cn.users, cn.doomed, used)
		}
	}
	if claimed < p.claimed || // one that is being evicted counts at its shelf only
		wanted != p.waiting.n || kept != p.kept {
		m.t.Errorf("claimed %d, %d; wanted %d, %d; kept %d, %d", claimed, p.claimed, wanted, p.waiting.n, kept, p.kept)
	}
}

// Whatever the bounds and whoever gives up, calls are served and the bounds are kept.
func TestPoolsUnderRandomUse(t *testing.T) {
	for n := range 100 {
		seed := rand.Uint64()
		m := newModel(t, rand.New(rand.NewPCG(seed, 0)))
		t.Run(fmt.Sprintf("%d %+v, limit %d, seed %d", n, m.opts, m.limit, seed), func(t *testing.T) {
			m.t = t
			var wg sync.WaitGroup
			for id := range 8 {
				wg.Go(func() { m.use(rand.New(rand.NewPCG(seed, uint64(id)+1)), 60) })
			}
			wg.Wait()
			m.check()
			if m.served.Load() == 0 || m.pool.waiting.n != 0 {
				t.Errorf("%d served, %d wait", m.served.Load(), m.pool.waiting.n)
			}
			if open := m.census.all.Load(); open != int64(m.pool.claimed) || open != int64(m.pool.Idle()) {
				t.Errorf("%d open, %d claimed, %d idle", open, m.pool.claimed, m.pool.Idle())
			}
			m.pool.Close()
			if open := m.census.all.Load(); open != 0 || m.pool.claimed != 0 || m.pool.shelves.n > max(m.opts.Hosts, 0) {
				t.Errorf("%d open, %d claimed, %d places", open, m.pool.claimed, m.pool.shelves.n)
			}
			for _, mux := range m.muxes {
				if n := mux.closed.Load(); n != 1 || mux.how < 0 {
					t.Errorf("closed %d times, as %d", n, mux.how)
				}
			}
		})
	}
}

// Everybody in a long queue is served, in order, or told that the pool was closed.
func TestALongQueue(t *testing.T) {
	const many = 500
	for _, opts := range []PoolOptions{{Max: 2, Streams: 3}, {PerHost: 2, Block: true, Streams: 3}} {
		l := newLender(t, opts, 3)
		var held []*conn
		for range 6 {
			cn, _ := l.get(somewhere)
			held = append(held, cn)
		}
		var queue []<-chan *conn
		for range many {
			queue = append(queue, l.waits(somewhere))
		}
		for i, ch := range queue {
			cn := held[i%len(held)]
			l.pool.done(cn)
			if got := <-ch; got != cn {
				t.Fatalf("%d got another connection", i)
			}
		}
		for _, cn := range held {
			l.pool.done(cn)
		}
	}
}
