package wire

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
)

// The table of the rule: what happens when all connections are in use, when one is returned beyond
// the size, and after a failure.
func TestRule_5_5_NotBlocking(t *testing.T) {
	s := serve(t, nil, answer(framings["length"]))
	t.Run("opens another, keeps as many as the size", func(t *testing.T) {
		c := alone(t, nil, PoolOptions{PerHost: 1})
		r1 := begin(t, t.Context(), c, streamed(t, "GET", s.url))
		r2 := begin(t, t.Context(), c, streamed(t, "GET", s.url))
		wantCounts(t, c, Counts{Opened: 2, Attempts: 2})
		r1.rest(t)
		first := kept(t, c)
		r2.rest(t)
		wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Evicted: 1})
		if r3 := call(t, c, get(t, s.url)); !r3.Reused || kept(t, c) != first {
			t.Error("the third was not on the first connection")
		}
	})
	t.Run("zero keeps without a limit", func(t *testing.T) {
		c := alone(t, nil, PoolOptions{})
		var open []begun
		for range 5 {
			open = append(open, begin(t, t.Context(), c, streamed(t, "GET", s.url)))
		}
		for _, b := range open {
			b.rest(t)
		}
		wantCounts(t, c, Counts{Opened: 5, Attempts: 5})
	})
	t.Run("a failure closes", func(t *testing.T) {
		bad := serve(t, nil, func(p *peer) { p.request(); p.say("garbage") })
		c := alone(t, nil, PoolOptions{PerHost: 1})
		for range 3 {
			wantClass(t, call(t, c, get(t, bad.url)), ClassProtocol)
		}
		wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Discarded: 3})
	})
}

func TestRule_5_5_Blocking(t *testing.T) {
	block := PoolOptions{PerHost: 1, Block: true}
	text := framings["length"]
	t.Run("waits until one is returned", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			pool := NewPool(block)
			opts := &Options{Dial: piped(answer(text))}
			clock := NewClock()
			user := NewClient(clock, opts, Policy{SharedPool: true}, pool)
			b := begin(t, t.Context(), user, streamed(t, "GET", pipeURL))
			var wg sync.WaitGroup
			wg.Go(func() {
				c := NewClient(clock, opts, Policy{SharedPool: true}, pool)
				// Another place is free meanwhile.
				if r := call(t, c, get(t, "http://127.0.0.2")); r.Err != nil || r.Phases.Acquire != 0 {
					t.Error(r.Err, r.Phases)
				}
				if r := call(t, c, get(t, pipeURL)); r.Err != nil || !r.Reused || r.Phases.Acquire != time.Hour {
					t.Errorf("%v, %+v", r.Err, r.Exchange)
				}
			})
			time.Sleep(time.Hour)
			b.rest(t)
			wg.Wait()
			wantCounts(t, user, Counts{Opened: 1, Attempts: 1})
			pool.Close()
		})
	})
	t.Run("as long as the call may take", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			c := alone(t, &Options{Limits: Limits{Timeout: time.Minute}, Dial: piped(answer(text))}, block)
			b := begin(t, t.Context(), c, streamed(t, "GET", pipeURL))
			r := call(t, c, get(t, pipeURL))
			wantClass(t, r, ClassTimeout)
			if r.Phases != (Phases{Acquire: time.Minute}) {
				t.Errorf("%+v", r.Phases)
			}
			_ = b.resp.Stream.Close()
			// The right is free again, also after failing to open a connection.
			for range 2 {
				wantOK(t, call(t, c, get(t, pipeURL)), 200, "hello")
			}
			wantCounts(t, c, Counts{Opened: 2, Attempts: 3, Reused: 1, Discarded: 1})
		})
	})
	t.Run("a failure does not lose the slot", func(t *testing.T) {
		bad := serve(t, nil, func(p *peer) {
			if p.request(); p.n%2 == 0 {
				p.say("garbage")
			}
		})
		c := alone(t, &Options{Limits: Limits{Timeout: time.Minute}}, block)
		for range 3 {
			wantClass(t, call(t, c, get(t, bad.url)), ClassClosedEarly)
			wantClass(t, call(t, c, get(t, bad.url)), ClassProtocol)
			wantClass(t, call(t, c, get(t, "http://"+programs.Refusing(t))), ClassRefused)
		}
	})
	t.Run("zero is no limit", func(t *testing.T) {
		s := serve(t, nil, answer(text))
		c := alone(t, nil, PoolOptions{Block: true})
		begin(t, t.Context(), c, streamed(t, "GET", s.url)).rest(t)
		a := begin(t, t.Context(), c, streamed(t, "GET", s.url))
		begin(t, t.Context(), c, streamed(t, "GET", s.url)).rest(t)
		a.rest(t)
		wantCounts(t, c, Counts{Opened: 2, Attempts: 3, Reused: 1})
	})
	t.Run("an evicted place lets its waiters in", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			pool := NewPool(PoolOptions{PerHost: 1, Block: true, Hosts: 1})
			opts := &Options{Dial: piped(answer(text))}
			clock := NewClock()
			user := NewClient(clock, opts, Policy{SharedPool: true}, pool)
			b := begin(t, t.Context(), user, streamed(t, "GET", pipeURL))
			var wg sync.WaitGroup
			wg.Go(func() {
				c := NewClient(clock, opts, Policy{SharedPool: true}, pool)
				if r := call(t, c, get(t, pipeURL)); r.Err != nil || r.Reused {
					t.Errorf("%v, %+v", r.Err, r.Exchange)
				}
			})
			time.Sleep(time.Second)
			wantOK(t, call(t, user, get(t, "http://127.0.0.2")), 200, "hello")
			b.rest(t)
			wg.Wait()
			pool.Close()
			if pool.claimed != 0 {
				t.Errorf("%d claimed", pool.claimed)
			}
		})
	})
}

func TestManyClientsOfABoundedPool(t *testing.T) {
	servers := []*server{serve(t, nil, answer(okText)), serve(t, nil, answer(okText)), serve(t, nil, answer(okText))}
	for _, opts := range []PoolOptions{
		{Max: 2, PerHost: 1, Block: true},
		{Max: 2, Hosts: 1},
		{PerHost: 1, Block: true, Hosts: 2},
		{Max: 3, PerHost: 1, Hosts: -1},
	} {
		t.Run(fmt.Sprintf("%+v", opts), func(t *testing.T) {
			p := NewPool(opts)
			clock := NewClock()
			var wg sync.WaitGroup
			clients := make([]*Client, 8)
			for i := range clients {
				c := NewClient(clock, &Options{Limits: Limits{Timeout: time.Minute}}, Policy{SharedPool: true}, p)
				clients[i] = c
				wg.Go(func() {
					for n := range 60 {
						wantOK2(t, call(t, c, get(t, servers[(i+n*n)%len(servers)].url)))
					}
				})
			}
			wg.Wait()
			p.Close()
			for _, c := range clients {
				if c.Open() != 0 {
					t.Errorf("%d open", c.Open())
				}
			}
			if p.claimed != 0 || p.waiting.n != 0 {
				t.Errorf("%d claimed, %d waiting", p.claimed, p.waiting.n)
			}
		})
	}
}
