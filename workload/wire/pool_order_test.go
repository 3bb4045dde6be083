package wire

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// numbered answers with the number of the connection.
func numbered(p *peer) {
	for p.request() != "" {
		p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", p.n))
	}
}

func TestIdleConnectionsAreTakenInOrder(t *testing.T) {
	for order, want := range map[Order]string{"": "3333", LIFO: "3333", FIFO: "1231"} {
		t.Run(string(order), func(t *testing.T) {
			s := serve(t, nil, numbered)
			c := alone(t, nil, PoolOptions{Order: order})
			var open []begun
			for range 3 {
				open = append(open, begin(t, t.Context(), c, streamed(t, "GET", s.url)))
			}
			for _, b := range open {
				b.rest(t)
			}
			var got bytes.Buffer
			for range 4 {
				got.Write(call(t, c, get(t, s.url)).resp.Body)
			}
			if got.String() != want || s.accepted.Load() != 3 {
				t.Errorf("%s of %d connections, want %s", &got, s.accepted.Load(), want)
			}
		})
	}
}

func TestOverflowingConnectionsAreClosedWhenReturned(t *testing.T) {
	var gone sync.WaitGroup
	s := serve(t, nil, func(p *peer) { numbered(p); gone.Done() })
	c := alone(t, nil, PoolOptions{PerHost: 2})
	gone.Add(3) // of the five
	var open []begun
	for range 5 {
		open = append(open, begin(t, t.Context(), c, streamed(t, "GET", s.url)))
	}
	for _, b := range open {
		b.rest(t)
	}
	gone.Wait()
	gone.Add(2) // when the test ends
	if n := s.accepted.Load(); n != 5 || c.pool.Idle() != 2 {
		t.Errorf("%d accepted, %d idle", n, c.pool.Idle())
	}
	for range 3 {
		wantOK(t, call(t, c, get(t, s.url)), 200, "2")
	}
	wantCounts(t, c, Counts{Opened: 5, Attempts: 8, Reused: 3, Evicted: 3})
}

func TestPoolOptionsThatAreRefused(t *testing.T) {
	for want, opts := range map[string]PoolOptions{
		"negative limit":             {Max: -1},
		"a negative limit":           {PerHost: -1},
		"negative number of streams": {Streams: -1},
		"negative limit of time":     {IdleTimeout: -1},
		"a negative limit of time":   {MaxAge: -1},
		`unknown order "random"`:     {Order: "random"},
	} {
		if err := opts.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", opts, err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v makes a pool", opts)
				}
			}()
			NewPool(opts)
		}()
	}
	if err := (PoolOptions{Hosts: -1, Order: FIFO}).Validate(); err != nil {
		t.Error(err)
	}
}

// Places are found, and forgotten, however many there are.
func TestManyPlaces(t *testing.T) {
	const many = 300
	l := newLender(t, PoolOptions{Hosts: many}, 1)
	at := func(i int) place { return place{endpoint: Endpoint{Host: fmt.Sprintf("h%d.test", i), Port: 80}} }
	conns := map[int]*conn{}
	for i := range many {
		conns[i], _ = l.get(at(i))
		l.pool.done(conns[i])
	}
	for i := range many {
		cn, _ := l.get(at(i))
		if cn != conns[i] {
			t.Fatalf("another connection for place %d", i)
		}
		l.pool.done(cn)
	}
	cn, _ := l.get(at(many))
	l.pool.done(cn)
	if n := l.pool.Idle(); n != many || fake(conns[0]).closed.Load() != 1 || len(l.pool.index) != many {
		t.Errorf("%d idle, the first closed %d times, %d in the index", n, fake(conns[0]).closed.Load(), len(l.pool.index))
	}
	l.pool.clear()
	if l.pool.index != nil || l.pool.Idle() != 0 {
		t.Errorf("%d in the index, %d idle", len(l.pool.index), l.pool.Idle())
	}
}

func TestTheTLSSettingsNotUsedForLongestAreForgotten(t *testing.T) {
	var store sessionStore
	configs := make([]*tls.Config, configsKept+1)
	caches := make([]tls.ClientSessionCache, len(configs))
	for i := range configs {
		configs[i] = new(tls.Config)
	}
	for i := range configsKept {
		caches[i] = store.of(configs[i], 0, Clock{})
	}
	store.of(configs[0], 0, Clock{}) // so that the second is next to go
	caches[configsKept] = store.of(configs[configsKept], 0, Clock{})
	for _, i := range []int{0, 2, configsKept} {
		if store.of(configs[i], 0, Clock{}) != caches[i] {
			t.Errorf("sessions of settings %d were dropped", i)
		}
	}
	if store.of(configs[1], 0, Clock{}) == caches[1] {
		t.Error("more settings are kept than there should be")
	}
}

func TestPlacesAreCountedUpToALimit(t *testing.T) {
	var o opener
	at := func(i int) *place { return &place{endpoint: Endpoint{Host: fmt.Sprint(i)}} }
	for range 2 {
		for i := range 50 {
			o.visit(at(i))
		}
	}
	if o.places != 50 {
		t.Errorf("%d places, want 50", o.places)
	}
	for i := range 2 * placesCounted {
		o.visit(at(i))
	}
	if o.places != placesCounted || len(o.others) != placesCounted-1 {
		t.Errorf("%d places, %d remembered", o.places, len(o.others))
	}
}
