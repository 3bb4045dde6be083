package workload

import (
	"math/bits"
	"sync"
	"time"
)

// A turn goes round the workers of an arm in the open model: the one that holds it waits for the next arrival. Of those that are free
// the one with the lowest number has it next, so that a low rate is carried by few workers, whose connections and caches are warm,
// the same ones in every trial, and a further one begins only when it is needed: as with a client that takes the connection used last
// from its pool. For the same reason workers have their first turn of a trial in the order of their numbers, however they come.
//
// Any goroutine may call the methods. A turn outlives its trials, which follow one another.
type turn struct {
	mutex sync.Mutex // held for some instructions only: in virtual time whoever waits for it would stop the clock
	held  bool
	next  int // in the trial workers below this have had it; those above it are not to have it yet

	free      int           // workers that have asked for it and not passed it on
	freeSince time.Duration // from when on there has been one without a break

	waiting []uint64 // a bit for each worker's number
	lowest  int      // word of waiting; those below are 0
	wake    []chan struct{}
}

func newTurn(workers int) *turn {
	return &turn{waiting: make([]uint64, (workers+63)/64), wake: make([]chan struct{}, workers)}
}

// begin is called before each trial, while no worker is at work. In the trial each worker has to ask for the turn.
func (t *turn) begin() { t.next = 0 }

// take returns when the worker, free since an instant, has the turn.
func (t *turn) take(worker int, now time.Duration) {
	t.mutex.Lock()
	if t.free == 0 {
		t.freeSince = now
	}
	t.free++
	if !t.held && worker <= t.next {
		t.give(worker)
		t.mutex.Unlock()
		return
	}
	if t.wake[worker] == nil {
		t.wake[worker] = make(chan struct{}, 1)
	}
	word := worker / 64
	t.waiting[word] |= 1 << (worker % 64)
	t.lowest = min(t.lowest, word)
	t.mutex.Unlock()
	<-t.wake[worker]
}

// since is from when on at least one worker has been free, without a break. Only the holder may ask.
func (t *turn) since() time.Duration {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.freeSince
}

// pass gives the turn on; others is how many further workers are free.
func (t *turn) pass() (others int) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.free--
	t.held = false
	for t.lowest < len(t.waiting) && t.waiting[t.lowest] == 0 {
		t.lowest++
	}
	if t.lowest == len(t.waiting) {
		return t.free
	}
	bit := bits.TrailingZeros64(t.waiting[t.lowest])
	worker := t.lowest*64 + bit
	if worker > t.next { // worker next has been started and is about to come
		return t.free
	}
	t.waiting[t.lowest] &^= 1 << bit
	t.give(worker)
	t.wake[worker] <- struct{}{} // has room
	return t.free
}

// give is called with the mutex held.
func (t *turn) give(worker int) { t.held, t.next = true, max(t.next, worker+1) }
