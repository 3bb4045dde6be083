package wire

import (
	"context"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
)

func shared(t testing.TB, p *Pool, opts *Options, policy Policy) *Client {
	t.Helper()
	policy.SharedPool = true
	return NewClient(NewClock(), opts, policy, p)
}

func TestSharedPoolHoldsAtMostItsConnections(t *testing.T) {
	srv, cli := identity(t)
	for name, config := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, answer(okText))
			if config {
				s = serve(t, srv, answer(okText))
			}
			const workers, calls, size = 8, 50, 3
			p := NewPool(PoolOptions{Max: size})
			clock := NewClock()
			clients := make([]*Client, workers)
			var wg sync.WaitGroup
			for i := range clients {
				c := NewClient(clock, &Options{TLS: cli, Limits: Limits{ReadTimeout: time.Minute}}, Policy{SharedPool: true}, p)
				clients[i] = c
				wg.Go(func() {
					for range calls {
						wantOK2(t, call(t, c, get(t, s.url)))
					}
				})
			}
			wg.Wait()
			var sum Counts
			open := 0
			for _, c := range clients {
				sum.Add(c.Counts())
				open += c.Open()
			}
			if sum.Attempts != workers*calls || sum.Opened > size || sum.Reused != sum.Attempts-sum.Opened || open != int(sum.Opened) {
				t.Errorf("%+v, open %d", sum, open)
			}
			p.Close()
			for _, c := range clients {
				checkLedger(t, c)
				if c.Open() != 0 {
					t.Errorf("%d open after Close", c.Open())
				}
			}
			wantClass(t, call(t, clients[0], get(t, s.url)), ClassCanceled)
		})
	}
}

// wantOK2 is wantOK for goroutines other than the test's.
func wantOK2(t testing.TB, r result) {
	if r.Err != nil || string(r.resp.Body) != "ok" {
		t.Errorf("%q, %v", r.resp.Body, r.Err)
	}
}

func TestRule_5_4_TheConnectionReturnedLastIsTakenFirst(t *testing.T) {
	s := serve(t, nil, answer(okText))
	p := NewPool(PoolOptions{Max: 3})
	defer p.Close()
	c := shared(t, p, nil, Policy{})
	var held []*conn
	for range 3 {
		cn, err := c.acquire(tripTo(t, c, s.url))
		if err != nil {
			t.Fatal(err)
		}
		cn.idleSince = time.Hour // of late
		held = append(held, cn)
	}
	p.put(held[1])
	p.put(held[0])
	p.put(held[2])
	for _, want := range []*conn{held[2], held[0], held[1]} {
		if got, err := c.acquire(tripTo(t, c, s.url)); got != want || err != nil {
			t.Errorf("took another connection, %v", err)
		}
	}
	for _, cn := range held {
		p.put(cn)
	}
}

func TestSharedPoolMakesRoomForAnotherEndpoint(t *testing.T) {
	one, two := serve(t, nil, answer(okText)), serve(t, nil, answer(okText))
	p := NewPool(PoolOptions{Max: 1})
	c := shared(t, p, nil, Policy{})
	for _, s := range []*server{one, two, two, one} {
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 4, Reused: 1, Evicted: 2})
	p.Close()
	wantCounts(t, c, Counts{Opened: 3, Attempts: 4, Reused: 1, Retired: 1, Evicted: 2})
}

func TestPlaceInTheSharedPoolIsFreeAfterEveryFailure(t *testing.T) {
	bad := serve(t, nil, func(p *peer) {
		if p.request(); p.n%2 == 0 {
			p.say("garbage")
		}
	})
	good := serve(t, nil, answer(okText))
	closing := serve(t, nil, answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"))
	dying := dyingServer(t, func(*peer) {})
	dead := "http://" + programs.Refusing(t)
	for name, policy := range map[string]Policy{"kept": {}, "fresh": {RequestsPerConnection: 1}, "resend": {Resend: true}} {
		t.Run(name, func(t *testing.T) {
			p := NewPool(PoolOptions{Max: 1})
			c := shared(t, p, &Options{Limits: Limits{Timeout: 10 * time.Second}}, policy)
			for range 3 {
				wantClass(t, call(t, c, get(t, dead)), ClassRefused)
				call(t, c, get(t, bad.url))
				call(t, c, get(t, dying.url))
				call(t, c, get(t, dying.url))
				wantOK(t, call(t, c, get(t, closing.url)), 200, "ok")
				wantOK(t, call(t, c, get(t, good.url)), 200, "ok")
			}
			p.Close()
			if c.Open() != 0 || p.claimed != 0 {
				t.Errorf("%d open, %d claimed", c.Open(), p.claimed)
			}
		})
	}
}

func TestWaitingForTheSharedPoolIsBounded(t *testing.T) {
	for name, tc := range map[string]struct {
		opts  Options
		class Class
	}{
		"timeout":  {Options{Limits: Limits{Timeout: time.Second}}, ClassTimeout},
		"canceled": {Options{}, ClassCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				p := NewPool(PoolOptions{Max: 1})
				clock := NewClock()
				slow := piped(func(p *peer) { p.request(); time.Sleep(time.Minute); p.say(okText); answer(okText)(p) })
				tc.opts.Dial = slow
				first := NewClient(clock, &Options{Dial: slow}, Policy{SharedPool: true}, p)
				second := NewClient(clock, &tc.opts, Policy{SharedPool: true}, p)
				var wg sync.WaitGroup
				wg.Go(func() { wantOK2(t, call(t, first, get(t, pipeURL))) })
				time.Sleep(time.Millisecond)
				if tc.class == ClassCanceled {
					time.AfterFunc(time.Second, cancel)
				}
				r := callWith(t, ctx, second, get(t, pipeURL))
				wantClass(t, r, tc.class)
				if want := (Phases{Acquire: time.Second}); r.Phases != want || r.Attempts != 0 {
					t.Errorf("%+v", r.Exchange)
				}
				wg.Wait()
				// The queue is in order: the next one is served.
				wantOK(t, call(t, second, get(t, pipeURL)), 200, "ok")
				p.Close()
			})
		})
	}
}

func TestSharedPoolServesThoseWhoWaitInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := NewPool(PoolOptions{Max: 1})
		clock := NewClock()
		opts := &Options{Dial: piped(func(p *peer) {
			for p.request() != "" {
				time.Sleep(time.Second)
				p.say(okText)
			}
		})}
		var wg sync.WaitGroup
		for i := range 4 {
			c := NewClient(clock, opts, Policy{SharedPool: true}, p)
			wg.Go(func() {
				r := call(t, c, get(t, pipeURL))
				wantOK2(t, r)
				if want := time.Duration(i)*time.Second - time.Duration(i)*time.Millisecond; r.Phases.Acquire != want {
					t.Errorf("client %d waited %v, want %v", i, r.Phases.Acquire, want)
				}
			})
			time.Sleep(time.Millisecond)
		}
		wg.Wait()
		p.Close()
	})
}

func TestClosingTheSharedPoolEndsTheWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := NewPool(PoolOptions{Max: 1})
		clock := NewClock()
		opts := &Options{Dial: piped(func(p *peer) { p.request(); time.Sleep(time.Minute); p.say(okText); p.await() })}
		var wg sync.WaitGroup
		user := NewClient(clock, opts, Policy{SharedPool: true}, p)
		wg.Go(func() { wantOK2(t, call(t, user, get(t, pipeURL))) })
		time.Sleep(time.Millisecond)
		wg.Go(func() {
			r := call(t, NewClient(clock, opts, Policy{SharedPool: true}, p), get(t, pipeURL))
			if r.Class != ClassCanceled {
				t.Errorf("class %q", r.Class)
			}
		})
		time.Sleep(time.Second)
		p.Close()
		wg.Wait()
		if user.Open() != 0 {
			t.Error("a connection came back to a closed pool and stayed open")
		}
	})
}

func TestSharedPoolResumesAcrossClients(t *testing.T) {
	srv, cli := identity(t)
	s := serve(t, srv, answer(okText))
	p := NewPool(PoolOptions{Max: 2})
	defer p.Close()
	policy := Policy{RequestsPerConnection: 1, ResumeTLS: true}
	for i := range 2 {
		c := shared(t, p, &Options{TLS: cli}, policy)
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		if n := c.Counts(); n.TLSResumed != int64(i) || n.TLSFull != int64(1-i) {
			t.Errorf("client %d: %+v", i, n)
		}
	}
}
