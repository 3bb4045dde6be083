package wire

import (
	"fmt"
	"testing"
	"time"
)

// within runs a test of a Client, with a pool of its own, whose server is at pipeURL and at any other address.
func within(t *testing.T, opts PoolOptions, test func(*testing.T, *Client)) {
	bubble(t, func(t *testing.T) {
		test(t, alone(t, &Options{Dial: piped(answer(okText))}, opts))
	})
}

func TestIdleConnectionsAreUsedWithinTheirTime(t *testing.T) {
	for _, tc := range []struct {
		opts  PoolOptions
		pause time.Duration
		want  int64 // opened by four calls
	}{
		{PoolOptions{IdleTimeout: time.Second}, time.Second, 1},
		{PoolOptions{IdleTimeout: time.Second}, time.Second + 1, 4},
		{PoolOptions{}, 24 * time.Hour, 1},
		{PoolOptions{MaxAge: 2 * time.Second}, time.Second, 2},
		{PoolOptions{MaxAge: 2 * time.Second}, time.Second - 1, 2},
		{PoolOptions{MaxAge: 3 * time.Second}, time.Second, 1},
		{PoolOptions{MaxAge: 3 * time.Second, IdleTimeout: time.Second}, time.Second + 1, 4},
		{PoolOptions{MaxAge: 3*time.Second - 1, IdleTimeout: time.Second}, time.Second, 2},
	} {
		t.Run(fmt.Sprintf("%+v", tc), func(t *testing.T) {
			within(t, tc.opts, func(t *testing.T, c *Client) {
				for range 4 {
					wantOK(t, call(t, c, get(t, pipeURL)), 200, "ok")
					time.Sleep(tc.pause)
				}
				wantCounts(t, c, Counts{Opened: tc.want, Attempts: 4, Reused: 4 - tc.want, Retired: tc.want - 1})
			})
		})
	}
}

func TestOfSeveralIdleConnectionsTheOldOnesGo(t *testing.T) {
	within(t, PoolOptions{IdleTimeout: time.Minute}, func(t *testing.T, c *Client) {
		var open []begun
		for range 3 {
			open = append(open, begin(t, t.Context(), c, streamed(t, "GET", pipeURL)))
		}
		for _, b := range open {
			b.rest(t)
			time.Sleep(25 * time.Second)
		}
		// Idle for 75, 50 and 25 seconds.
		wantOK(t, call(t, c, get(t, pipeURL)), 200, "ok")
		wantCounts(t, c, Counts{Opened: 3, Attempts: 4, Reused: 1, Retired: 1})
		if n := c.pool.Idle(); n != 2 {
			t.Errorf("%d idle", n)
		}
	})
}

func TestAConnectionThatGotTooOldInUseIsNotKept(t *testing.T) {
	within(t, PoolOptions{MaxAge: time.Minute}, func(t *testing.T, c *Client) {
		b := begin(t, t.Context(), c, streamed(t, "GET", pipeURL))
		time.Sleep(time.Minute + 1)
		b.rest(t)
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1})
	})
}

// What is past its time makes room for others, and is not evicted by them.
func TestExpiredConnectionsDoNotCount(t *testing.T) {
	for _, limits := range []PoolOptions{{IdleTimeout: time.Minute}, {MaxAge: time.Minute}} {
		t.Run(fmt.Sprintf("Max %+v", limits), func(t *testing.T) {
			limits.Max = 2
			within(t, limits, func(t *testing.T, c *Client) {
				for _, target := range []string{"http://127.0.0.1", "http://127.0.0.2"} {
					wantOK(t, call(t, c, get(t, target)), 200, "ok")
				}
				time.Sleep(time.Minute + 1)
				wantOK(t, call(t, c, get(t, "http://127.0.0.3")), 200, "ok")
				wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 2})
			})
		})
		t.Run(fmt.Sprintf("PerHost %+v", limits), func(t *testing.T) {
			limits.Max, limits.PerHost = 0, 1
			within(t, limits, func(t *testing.T, c *Client) {
				held := begin(t, t.Context(), c, streamed(t, "GET", pipeURL))
				time.Sleep(time.Minute - time.Second)
				other := begin(t, t.Context(), c, streamed(t, "GET", pipeURL))
				held.rest(t)
				time.Sleep(time.Minute + 1 - 2*time.Second)
				wantCounts(t, c, Counts{Opened: 2, Attempts: 2})
				time.Sleep(2 * time.Second)
				held = begin(t, t.Context(), c, streamed(t, "GET", pipeURL))
				_ = held.resp.Stream.Close()
				want := Counts{Opened: 3, Attempts: 3, Retired: 1, Discarded: 1}
				wantCounts(t, c, want)
				other.rest(t)
				if limits.MaxAge > 0 {
					want.Retired++
				}
				wantCounts(t, c, want)
			})
		})
	}
}

func TestAMultiplexedConnectionThatIsTooOldGetsNoFurtherExchange(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := newLender(t, PoolOptions{Max: 1, Streams: 5, MaxAge: time.Minute}, 5)
		cn, _ := l.get(somewhere)
		l.get(somewhere)
		time.Sleep(time.Minute)
		if same, _ := l.get(somewhere); same != cn {
			t.Error("too early")
		}
		time.Sleep(time.Nanosecond)
		next := l.waits(somewhere)
		for range 3 {
			if fake(cn).closed.Load() != 0 || !cn.doomed {
				t.Error("closed under its exchanges, or not given up")
			}
			l.pool.done(cn)
		}
		other := <-next
		if fake(cn).closed.Load() != 1 || fake(cn).how != retired || other == cn {
			t.Error("it was not closed")
		}
		l.pool.done(other)
	})
}

// Closing what is past its time belongs to the call that came upon it, before it opens another.
func TestClosingExpiredConnectionsIsAcquireTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		clock := NewClock()
		p := NewPool(PoolOptions{IdleTimeout: time.Minute, Max: 1})
		c := NewClient(clock, &Options{Dial: piped(answer(okText))}, Policy{}, p)
		cn := seed(t, c, pipeURL, 1)[0]
		cn.mux = &slowMux{}
		time.Sleep(2 * time.Minute)
		r := call(t, c, get(t, pipeURL))
		if r.Err != nil || r.Reused || r.Phases.Acquire != time.Second {
			t.Errorf("%v, %+v", r.Err, r.Exchange)
		}
		p.Close()
	})
}

// A slowMux takes a second to be closed.
type slowMux struct{ fakeMux }

func (m *slowMux) close(ending) bool { time.Sleep(time.Second); return true }
