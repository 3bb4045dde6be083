package precise

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSleepUntilIsNeverEarly(t *testing.T) {
	ctx := context.Background()
	for _, wait := range []time.Duration{0, time.Microsecond, 200 * time.Microsecond, time.Millisecond, 3 * time.Millisecond, 7 * time.Millisecond} {
		at := time.Now().Add(wait)
		if err := SleepUntil(ctx, at); err != nil {
			t.Fatalf("wait of %v: %v", wait, err)
		}
		if early := time.Until(at); early > 0 {
			t.Errorf("wait of %v ended %v early", wait, early)
		}
	}
}

func TestYieldingIsNeverEarly(t *testing.T) {
	at := time.Now().Add(3 * time.Millisecond)
	if err := yieldUntil(context.Background(), at); err != nil {
		t.Fatal(err)
	}
	if early := time.Until(at); early > 0 {
		t.Errorf("ended %v early", early)
	}
}

func TestAnInstantInThePastDoesNotWait(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := SleepUntil(ctx, time.Now().Add(-time.Hour)); err != nil {
		t.Errorf("error %v for an instant that had passed", err)
	}
}

func TestCanceledBeforeSleeping(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := SleepUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestCancellationEndsALongSleepAndTheSleeperSleepsOn(t *testing.T) {
	var s Sleeper
	defer s.Close()
	for range 20 {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.Until(ctx, time.Now().Add(time.Hour)) }()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want %v", err, context.Canceled)
		}
		at := time.Now().Add(3 * time.Millisecond)
		if err := s.Until(context.Background(), at); err != nil {
			t.Fatalf("sleep after a canceled one: %v", err)
		}
		if early := time.Until(at); early > 0 {
			t.Fatalf("sleep after a canceled one ended %v early", early)
		}
	}
}

func TestDeadlineOfContextEndsASleep(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := SleepUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
}

func TestShortSleepsDoNotWaitForLongOnes(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var long, short sync.WaitGroup
	for range 5 {
		long.Go(func() {
			if err := SleepUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want %v", err, context.Canceled)
			}
		})
		short.Go(func() {
			if err := SleepUntil(ctx, time.Now().Add(5*time.Millisecond)); err != nil {
				t.Error(err)
			}
		})
	}
	short.Wait()
	cancel()
	long.Wait()
}

func TestInABubbleSleepingFollowsTheBubblesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, wait := range []time.Duration{time.Microsecond, time.Millisecond, time.Hour} {
			at := time.Now().Add(wait)
			if err := SleepUntil(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			if !time.Now().Equal(at) {
				t.Errorf("wait of %v ended at %v, want %v", wait, time.Now(), at)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := SleepUntil(ctx, time.Now().Add(time.Hour)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// BenchmarkUntil reports how late sleeps end. ns/op is the wait and the lateness
// together; the lateness is what counts.
func BenchmarkUntil(b *testing.B) {
	waits := []time.Duration{500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond}
	for _, procs := range []int{1, 4} {
		for _, busy := range []bool{false, true} {
			for _, wait := range waits {
				for _, way := range []struct {
					name  string
					until func(*Sleeper, time.Time) error
				}{
					{"spin", untilWith(Spin)},
					{"nospin", untilWith(0)},
					{"once", func(_ *Sleeper, t time.Time) error { return SleepUntil(context.Background(), t) }},
					{"timer", func(_ *Sleeper, t time.Time) error { return timerUntil(context.Background(), t) }},
				} {
					b.Run(fmt.Sprintf("procs=%d/busy=%v/wait=%v/%s", procs, busy, wait, way.name), func(b *testing.B) {
						defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
						if busy {
							defer keepBusy()()
						}
						benchmarkLateness(b, wait, way.until)
					})
				}
			}
		}
	}
}

func untilWith(spin time.Duration) func(*Sleeper, time.Time) error {
	return func(s *Sleeper, t time.Time) error {
		s.Spin = spin
		return s.Until(context.Background(), t)
	}
}

func benchmarkLateness(b *testing.B, wait time.Duration, until func(*Sleeper, time.Time) error) {
	var s Sleeper
	defer s.Close()
	late := make([]time.Duration, 0, 1000)
	before := processCPU(b)
	for b.Loop() {
		at := time.Now().Add(wait)
		if err := until(&s, at); err != nil {
			b.Fatal(err)
		}
		late = append(late, time.Since(at))
	}
	cpu := processCPU(b) - before
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2])/1e3, "late-p50-µs")
	b.ReportMetric(float64(late[len(late)*99/100])/1e3, "late-p99-µs")
	b.ReportMetric(float64(cpu)/1e3/float64(len(late)), "cpu-µs/op")
}

// keepBusy starts a neighbour that computes, and returns what ends it.
func keepBusy() (stop func()) {
	var done atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !done.Load() {
		}
	}()
	return func() { done.Store(true); <-ended }
}
