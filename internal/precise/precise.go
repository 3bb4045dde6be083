// Package precise sleeps until an instant, to a few hundredths of a millisecond.
//
// time.Sleep rounds the last stretch up to the millisecond that epoll_wait counts
// in: a sleep of half a millisecond takes one. A load generator that slept like
// that would report its own lateness as the server's response time, and a test
// server would be slower than it says.
//
// On Linux a timer file descriptor, waited for by Go's own poller, ends the sleep:
// it has the kernel's nanosecond timers, is not subject to timer slack, and holds
// neither a thread nor a processor while it waits. A blocking nanosleep wakes as
// precisely, but keeps its processor from other goroutines until the scheduler
// takes it away; with more sleepers than processors that cost milliseconds at the
// 99th percentile. Elsewhere, and where no file descriptor is left, the last two
// milliseconds are yielded away.
//
// How late a sleep ends still depends on a processor being free: with
// GOMAXPROCS=1 and a goroutine that computes, it is the scheduler's time slice.
//
// Inside a testing/synctest bubble sleeping is a plain timer on the bubble's clock.
package precise

import (
	"context"
	"runtime"
	"time"
)

const (
	// Spin hides the wake-up of an idle processor in most sleeps, at the price of that
	// much processor time each.
	Spin = 30 * time.Microsecond

	// fine is the stretch before the instant in which a cancellation may go unnoticed,
	// and in which a Go timer is too coarse.
	fine = 2 * time.Millisecond
)

// SleepUntil returns nil at t, or at once when t has passed. It returns ctx.Err()
// when ctx is canceled before, noticed at the latest 2 ms before t. It spins for the
// last 30 µs. It may be called by any goroutine; who sleeps often is better served
// by a Sleeper.
func SleepUntil(ctx context.Context, t time.Time) error {
	s := Sleeper{Spin: Spin}
	defer s.Close()
	return s.Until(ctx, t)
}

// A Sleeper sleeps many times with one timer: on Linux, one file descriptor. The zero value is ready for use and
// does not spin. It belongs to one goroutine, which closes it in the end.
type Sleeper struct {
	// Spin is how long before the instant the processor is kept busy rather than
	// waited for. It makes single sleepers more precise; many at a time get in each
	// other's way.
	Spin time.Duration

	alarm alarm
}

// Until returns nil at t, hardly ever before, or at once when t has passed. It
// returns ctx.Err() when ctx is canceled before, noticed at the latest 2 ms before t.
func (s *Sleeper) Until(ctx context.Context, t time.Time) error {
	if time.Until(t) <= 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if frozen() {
		return timerUntil(ctx, t)
	}
	if err := s.alarm.until(ctx, t.Add(-s.Spin)); err != nil {
		return err
	}
	for time.Until(t) > 0 {
	}
	return nil
}

// Close gives back what the Sleeper holds. It can be used again afterwards.
func (s *Sleeper) Close() { s.alarm.close() }

// frozen tells whether the clock moves only while everybody waits, as in a
// testing/synctest bubble, where spinning would never end. A clock so coarse that it
// looks like that gains nothing from the finer ways of waiting either.
func frozen() bool {
	start := time.Now()
	for range 1000 {
		if !time.Now().Equal(start) {
			return false
		}
	}
	return true
}

// timerUntil waits on a Go timer.
func timerUntil(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// yieldUntil is the way to wait that needs nothing from the system.
func yieldUntil(ctx context.Context, t time.Time) error {
	if time.Until(t) > fine {
		if err := timerUntil(ctx, t.Add(-fine)); err != nil {
			return err
		}
	}
	for time.Until(t) > 0 {
		runtime.Gosched()
	}
	return nil
}
