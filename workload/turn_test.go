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
			turn.begin()
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
					turn.pass()
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
			if others := turn.pass(); others != want {
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
