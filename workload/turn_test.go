package workload

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A low rate is carried by as many workers as it takes, the same ones in every trial, in whatever order they came.
func TestAsFewWorkersCarryTheLoadAsItTakes(t *testing.T) {
	for service, want := range map[time.Duration]int{5 * time.Millisecond: 2, 15 * time.Millisecond: 3, 95 * time.Millisecond: 11} {
		synctest.Test(t, func(t *testing.T) {
			g := pacingOf(t, loadWith(func(l *Load) { l.Workers, l.Rate, l.Duration, l.Blocks = 200, 100, Duration(2*time.Second), 2 }))
			for block := range 2 {
				list, p := drive(t, t.Context(), g, block, 200, nil, each(service))
				used := map[int]int{}
				for _, b := range list {
					used[b.worker]++
				}
				// The one that waits for the next arrival is one more than are busy.
				if len(used) != want || len(list) != 100 || p.missed() != 0 {
					t.Errorf("service of %v: %d workers made %d iterations, %d missed; want %d workers", service, len(used), len(list), p.missed(), want)
				}
				for worker := range want {
					if used[worker] == 0 {
						t.Errorf("service of %v: worker %d of %d was not used: %v", service, worker, want, used)
					}
				}
			}
		})
	}
}

func TestTheFreeWorkerWithTheLowestNumberHasTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 200
		turn := newTurn(workers)
		for trial := range 3 {
			turn.begin(workers, func(int) {}) // they come on their own
			var mutex sync.Mutex
			var order []int
			var group sync.WaitGroup
			for i := range workers {
				worker := workers - 1 - (i*7+trial*31)%workers // worker 0 is somewhere in the middle
				group.Go(func() {
					turn.take(worker, 0)
					mutex.Lock()
					order = append(order, worker)
					mutex.Unlock()
					time.Sleep(time.Millisecond) // by which time all have come
					turn.pass(true)
				})
			}
			group.Wait()
			if !slices.IsSorted(order) || len(order) != workers {
				t.Fatalf("trial %d: %d workers in the order %v", trial, len(order), order)
			}
		}
	})
}

// Since when somebody has been free without a break decides whether an arrival was missed, not since when the holder has.
func TestSinceWhenAWorkerHasBeenFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := newTurn(3)
		step := func(what string, since time.Duration) {
			t.Helper()
			if got := turn.since(); got != since {
				t.Errorf("%s: since %v, want %v", what, got, since)
			}
		}
		pass := func(want int) {
			t.Helper()
			if others := turn.pass(true); others != want {
				t.Errorf("%d others are free, want %d", others, want)
			}
		}
		turn.take(0, 10)
		step("worker 0 came", 10)
		done := make(chan struct{})
		go func() { turn.take(1, 20); close(done) }()
		synctest.Wait()
		pass(1)
		<-done
		step("worker 1 came before worker 0 had gone", 10)
		pass(0)
		turn.take(2, 50)
		step("nobody was free meanwhile", 50)
		pass(0)
	})
}

// Nobody is started that nothing is there to do for, and nobody twice; one that has not been started, or has not come, is free.
func TestWorkersAreStartedWhenThereIsSomethingToDoForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turn := newTurn(5)
		for range 2 {
			var started []int
			check := func(what string, want ...int) {
				t.Helper()
				if !slices.Equal(started, want) {
					t.Fatalf("%s: %v were started, want %v", what, started, want)
				}
			}
			pass := func(more bool, want int) {
				t.Helper()
				if others := turn.pass(more); others != want {
					t.Errorf("%d others are free, want %d", others, want)
				}
			}
			turn.begin(4, func(worker int) { started = append(started, worker) })
			check("at the beginning", 0)
			turn.take(0, 50)
			if since := turn.since(); since != 0 {
				t.Errorf("workers have been free since %v, want since the beginning", since)
			}
			pass(true, 3)
			check("worker 0 is busy", 0, 1)
			turn.take(0, 60)
			pass(true, 3)
			check("worker 1 is about to come", 0, 1)
			turn.take(1, 70)
			done := make(chan struct{})
			go func() { turn.take(0, 75); close(done) }()
			synctest.Wait()
			pass(true, 3)
			<-done
			check("worker 0 has the turn next", 0, 1)
			if since := turn.since(); since != 0 {
				t.Errorf("workers have been free since %v, want since the beginning", since)
			}
			pass(true, 2)
			check("workers 0 and 1 are busy", 0, 1, 2)
			turn.take(2, 80)
			pass(true, 1)
			turn.take(3, 90)
			pass(true, 0)
			check("all are busy", 0, 1, 2, 3)
			turn.take(4, 95) // has joined
			if since := turn.since(); since != 95 {
				t.Errorf("somebody has been free since %v, want 95ns", since)
			}
			pass(true, 0)
			check("all are busy, one of which has joined", 0, 1, 2, 3)
		}
		started := 0
		turn.begin(4, func(int) { started++ })
		turn.take(0, 0)
		turn.pass(false)
		if started != 1 {
			t.Errorf("%d workers were started with nothing to do for more than one", started)
		}
	})
}
