package wire

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A fakeMux is a multiplexed connection without a wire. Its exchanges last until they are told how they end.
type fakeMux struct {
	allowed atomic.Int64 // room
	peer    atomic.Int64 // a peerState
	closed  atomic.Int64 // times that it was closed
	how     ending
	users   atomic.Int64
	calls   atomic.Int64
	act     func(m *fakeMux, t *trip) error // nil: the exchange ends at once and well
}

func (m *fakeMux) room() int        { return int(m.allowed.Load()) }
func (m *fakeMux) state() peerState { return peerState(m.peer.Load()) }
func (m *fakeMux) close(how ending) bool {
	m.how = how
	m.closed.Add(1)
	return true
}

func (m *fakeMux) do(c *Client, t *trip, _ func(error)) error {
	c.counts.StreamsPeak = max(c.counts.StreamsPeak, m.users.Add(1))
	m.calls.Add(1)
	defer m.users.Add(-1)
	if m.act == nil {
		return nil
	}
	return m.act(m, t)
}

var somewhere = place{endpoint: Endpoint{Host: "a.test", Port: 80}}

// A lender stands for Clients that get connections from a pool, with fake multiplexed ones opened for them.
type lender struct {
	t     testing.TB
	pool  *Pool
	watch *watch
	clock Clock
	room  int
	limit int
}

func newLender(t testing.TB, opts PoolOptions, room int) *lender {
	l := &lender{t: t, pool: NewPool(opts), watch: newWatch(context.Background()), clock: NewClock(), room: room}
	t.Cleanup(func() {
		l.pool.Close()
		p := l.pool
		if p.claimed != 0 || p.idle.n != 0 || p.waiting.n != 0 || p.wanting != 0 || p.shelves.n != 0 {
			t.Errorf("left: %d claimed, %d idle, %d waiting for %d places of %d", p.claimed, p.idle.n, p.waiting.n, p.wanting, p.shelves.n)
		}
	})
	return l
}

// get does what Client.acquire does, for place at.
func (l *lender) get(at place) (*conn, int) {
	l.t.Helper()
	w := &waiter{limit: l.limit}
	if _, err := l.pool.get(w, l.watch, l.clock, &at, 0); err != nil {
		l.t.Error(err)
		return nil, 0
	}
	return l.opened(w)
}

// opened returns what w was granted, opened if need be.
func (l *lender) opened(w *waiter) (*conn, int) {
	g := w.grant
	if g.evicted != nil {
		l.pool.evict(g.evicted)
	}
	if g.cn != nil {
		return g.cn, g.nth
	}
	return l.open(g.shelf), 1
}

func (l *lender) open(s *shelf) *conn {
	m := new(fakeMux)
	m.allowed.Store(int64(l.room))
	cn := &conn{mux: m, shelf: s, place: &s.place, opened: l.clock.Now(), ledger: new(ledger)}
	cn.ledger.opened()
	l.pool.publish(cn)
	return cn
}

func fake(cn *conn) *fakeMux { return cn.mux.(*fakeMux) }

// waits begins to get a connection and returns when the call is in the queue. The channel then gives what it got.
func (l *lender) waits(at place) <-chan *conn {
	got := make(chan *conn, 1)
	before := l.queue()
	go func() {
		cn, _ := l.get(at)
		got <- cn
	}()
	for l.queue() == before {
		runtime.Gosched()
	}
	return got
}

func (l *lender) queue() int {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	return l.pool.waiting.n
}

func TestAMultiplexedConnectionCarriesAsManyAsItMay(t *testing.T) {
	for name, tc := range map[string]struct{ streams, room, want int }{
		"one is the default":    {0, 100, 1},
		"one":                   {1, 100, 1},
		"what is asked for":     {5, 100, 5},
		"what the server takes": {5, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLender(t, PoolOptions{Streams: tc.streams}, tc.room)
			var held []*conn
			for range 3 * tc.want {
				cn, _ := l.get(somewhere)
				held = append(held, cn)
			}
			for i, cn := range held {
				if first := held[i/tc.want*tc.want]; cn != first || cn.users != tc.want {
					t.Errorf("exchange %d is on another connection, of %d", i, cn.users)
				}
			}
			for _, cn := range held {
				l.pool.done(cn)
			}
			if n := l.pool.Idle(); n != 3 {
				t.Errorf("%d idle", n)
			}
		})
	}
}

func TestTheFullestConnectionIsUsedFirstThenAnIdleOne(t *testing.T) {
	l := newLender(t, PoolOptions{Streams: 3}, 10)
	var held []*conn
	for range 9 {
		cn, _ := l.get(somewhere)
		held = append(held, cn)
	}
	a, b, c := held[0], held[3], held[6]
	for _, cn := range []*conn{a, a, b, c, c, c} { // one, two, none
		l.pool.done(cn)
	}
	for i, want := range []*conn{b, a, a, c, c, c} {
		if got, _ := l.get(somewhere); got != want {
			t.Errorf("%d: another connection", i)
		}
	}
	for _, cn := range []*conn{a, a, a, b, b, b, c, c, c} {
		l.pool.done(cn)
	}
}

func TestRoomThatTheServerGivesLaterIsUsed(t *testing.T) {
	l := newLender(t, PoolOptions{Max: 1, Streams: 10}, 1)
	cn, _ := l.get(somewhere)
	second := l.waits(somewhere)
	fake(cn).allowed.Store(4)
	for range 2 { // the next one to come serves the first in the queue, too
		if got, _ := l.get(somewhere); got != cn {
			t.Error("another connection")
		}
	}
	if <-second != cn || cn.users != 4 {
		t.Errorf("%d exchanges", cn.users)
	}
	fake(cn).allowed.Store(2)
	fifth := l.waits(somewhere)
	l.pool.done(cn)
	l.pool.done(cn)
	if n := l.queue(); n != 1 {
		t.Errorf("%d wait although there are as many exchanges as the server takes", n)
	}
	l.pool.done(cn)
	if <-fifth != cn || cn.users != 2 {
		t.Errorf("%d exchanges", cn.users)
	}
	l.pool.done(cn)
	l.pool.done(cn)
}

func TestCallersWaitForConnectionsThatAreBeingOpened(t *testing.T) {
	for name, opts := range map[string]PoolOptions{
		"Max": {Max: 1, Streams: 3}, "Block": {PerHost: 1, Block: true, Streams: 3},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLender(t, opts, 3)
			var w waiter
			if _, err := l.pool.get(&w, l.watch, l.clock, &somewhere, 0); err != nil || w.grant.cn != nil {
				t.Fatal(err)
			}
			var got []<-chan *conn
			for range 4 {
				got = append(got, l.waits(somewhere))
			}
			cn, _ := l.opened(&w)
			for i, ch := range got[:2] {
				if <-ch != cn {
					t.Errorf("%d: another connection", i)
				}
			}
			if n := l.queue(); n != 2 || cn.users != 3 {
				t.Errorf("%d wait, %d are served", n, cn.users)
			}
			l.pool.done(cn)
			<-got[2]
			l.pool.done(cn)
			<-got[3]
			for range 3 {
				l.pool.done(cn)
			}
		})
	}
	t.Run("without bounds each opens its own", func(t *testing.T) {
		l := newLender(t, PoolOptions{Streams: 3}, 3)
		var one, two waiter
		for _, w := range []*waiter{&one, &two} {
			if _, err := l.pool.get(w, l.watch, l.clock, &somewhere, 0); err != nil || w.grant.cn != nil {
				t.Fatal(err)
			}
		}
		a, _ := l.opened(&one)
		b, _ := l.opened(&two)
		if a == b || l.pool.claimed != 2 {
			t.Errorf("%d connections", l.pool.claimed)
		}
		l.pool.done(a)
		l.pool.done(b)
	})
	t.Run("an opening that fails lets the next one try", func(t *testing.T) {
		l := newLender(t, PoolOptions{Max: 1, Streams: 3}, 3)
		var w waiter
		if _, err := l.pool.get(&w, l.watch, l.clock, &somewhere, 0); err != nil {
			t.Fatal(err)
		}
		a, b := l.waits(somewhere), l.waits(somewhere)
		l.pool.free(w.grant.shelf)
		if cn := <-a; cn != <-b || cn.users != 2 {
			t.Error("not on one connection")
		} else {
			l.pool.done(cn)
			l.pool.done(cn)
		}
	})
}

// Whoever waits for the pool's limit is not passed over by those who find room on a connection in use.
func TestAConnectionInUseComesFreeForThoseWhoWait(t *testing.T) {
	other := place{endpoint: Endpoint{Host: "b.test", Port: 80}}
	l := newLender(t, PoolOptions{Max: 1, Streams: 5}, 5)
	cn, _ := l.get(somewhere)
	elsewhere := l.waits(other)
	again := l.waits(somewhere)
	if cn.users != 1 {
		t.Error("a later one was let on the connection in use")
	}
	l.pool.done(cn)
	next := <-elsewhere
	if next == cn || fake(cn).closed.Load() != 1 || fake(cn).how != evicted {
		t.Errorf("the connection was closed %d times, as %d", fake(cn).closed.Load(), fake(cn).how)
	}
	l.pool.done(next)
	l.pool.done(<-again)
}

func TestWhoGivesUpWaitingIsNotInTheWayOfOthers(t *testing.T) {
	other := place{endpoint: Endpoint{Host: "b.test", Port: 80}}
	l := newLender(t, PoolOptions{Max: 1, Streams: 5}, 5)
	cn, _ := l.get(somewhere)
	ctx, cancel := context.WithCancel(t.Context())
	impatient := newWatch(ctx)
	failed := make(chan error, 1)
	go func() {
		_, err := l.pool.get(new(waiter), impatient, l.clock, &other, 0)
		failed <- err
	}()
	for l.queue() == 0 {
		runtime.Gosched()
	}
	behind := l.waits(somewhere)
	cancel()
	if ClassOf(<-failed) != ClassCanceled || <-behind != cn {
		t.Error("the one behind was not served")
	}
	l.pool.done(cn)
	l.pool.done(cn)
}

func TestAConnectionThatIsGivenUpIsClosedWithItsLastExchange(t *testing.T) {
	for name, tc := range map[string]struct {
		order []ending
		want  ending
	}{
		"retired":                 {[]ending{retired, retired}, retired},
		"the peer ended it, then": {[]ending{retired, endedByPeer}, endedByPeer},
		"the peer ended it":       {[]ending{endedByPeer, retired}, endedByPeer},
		"nothing covers the peer": {[]ending{endedByPeer, discarded}, endedByPeer},
		"it failed, then":         {[]ending{retired, discarded}, discarded},
		"it failed":               {[]ending{discarded, retired}, discarded},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLender(t, PoolOptions{Max: 1, Streams: 3}, 3)
			cn, _ := l.get(somewhere)
			for range 2 {
				l.get(somewhere)
			}
			l.pool.drop(cn, tc.order[0])
			next := l.waits(somewhere)
			l.pool.drop(cn, tc.order[1])
			if fake(cn).closed.Load() != 0 || l.queue() != 1 {
				t.Error("closed under an exchange, or used for another one")
			}
			l.pool.done(cn)
			other := <-next
			if fake(cn).closed.Load() != 1 || fake(cn).how != tc.want || other == cn {
				t.Errorf("closed %d times, as %d", fake(cn).closed.Load(), fake(cn).how)
			}
			l.pool.done(other)
		})
	}
}

// seed leaves n idle multiplexed connections in c's pool for target.
func seed(t testing.TB, c *Client, target string, n int) []*conn {
	t.Helper()
	at := tripTo(t, c, target).place
	all := make([]*conn, n)
	for i := range all {
		if _, err := c.pool.get(&c.waiter, c.watch, c.clock, &at, 0); err != nil || c.waiter.grant.cn != nil {
			t.Fatal("no right", err)
		}
		m := new(fakeMux)
		m.allowed.Store(10)
		all[i] = &conn{mux: m, shelf: c.waiter.grant.shelf, place: &at, opened: c.clock.Now(), ledger: &c.opener.ledger}
		all[i].ledger.opened()
	}
	for _, cn := range all {
		c.pool.publish(cn)
	}
	for _, cn := range all {
		c.pool.done(cn)
	}
	return all
}

func TestDeadMultiplexedConnectionsAreNotUsed(t *testing.T) {
	p := NewPool(PoolOptions{Max: 3, Streams: 4})
	c := NewClient(NewClock(), nil, Policy{}, p)
	all := seed(t, c, pipeURL, 3)
	fake(all[2]).peer.Store(int64(peerClosed))
	fake(all[1]).peer.Store(int64(peerSpoke))
	r := call(t, c, get(t, pipeURL))
	if r.Err != nil || fake(all[0]).calls.Load() != 1 || !r.Reused {
		t.Errorf("%v, %+v", r.Err, r.Exchange)
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 1, Reused: 1, Streams: 1, StreamsPeak: 1, ClosedByPeer: 1, Discarded: 1})
	c.Close()
	p.Close()
	if c.Open() != 0 || p.claimed != 0 {
		t.Errorf("%d open, %d claimed", c.Open(), p.claimed)
	}
}

func TestRequestsPerConnectionHoldsForConcurrentExchanges(t *testing.T) {
	const limit, clients, calls = 7, 8, 100
	p := NewPool(PoolOptions{Max: 3, Streams: 4})
	l := &lender{t: t, pool: p, watch: newWatch(t.Context()), clock: NewClock(), room: 3, limit: limit}
	var mu sync.Mutex
	seen := map[*conn]map[int]bool{}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range calls {
				cn, nth := l.get(somewhere)
				mu.Lock()
				if seen[cn] == nil {
					seen[cn] = map[int]bool{}
				}
				if nth < 1 || nth > limit || seen[cn][nth] {
					t.Errorf("exchange %d of %d", nth, limit)
				}
				seen[cn][nth] = true
				mu.Unlock()
				p.finish(cn, nth, limit)
			}
		})
	}
	wg.Wait()
	closed := 0
	for cn, exchanges := range seen {
		if len(exchanges) == limit {
			closed++
			if m := fake(cn); m.closed.Load() != 1 || m.how != retired {
				t.Errorf("closed %d times, as %d", m.closed.Load(), m.how)
			}
		}
	}
	if left := p.Idle(); len(seen)-closed != left {
		t.Errorf("%d connections of %d came to their limit, %d are left", closed, len(seen), left)
	}
	p.Close()
	if p.claimed != 0 {
		t.Errorf("%d claimed", p.claimed)
	}
}

func TestWaitingForAStreamIsAcquireTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := NewPool(PoolOptions{Max: 1, Streams: 2})
		clock := NewClock()
		first := NewClient(clock, nil, Policy{SharedPool: true}, p)
		cn := seed(t, first, pipeURL, 1)[0]
		fake(cn).act = func(*fakeMux, *trip) error { time.Sleep(time.Second); return nil }
		var wg sync.WaitGroup
		for i := range 6 {
			c := NewClient(clock, nil, Policy{SharedPool: true}, p)
			wg.Go(func() {
				r := call(t, c, get(t, pipeURL))
				want := time.Duration(i/2) * (time.Second - 2*time.Millisecond)
				if r.Err != nil || r.Phases.Acquire != want {
					t.Errorf("%d waited %v, want %v; %v", i, r.Phases.Acquire, want, r.Err)
				}
				if n := c.Counts(); n.StreamsPeak != min(int64(i)+1, 2) {
					t.Errorf("%d: %+v", i, n)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		p.Close()
	})
}
