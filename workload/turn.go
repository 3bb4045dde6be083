package workload

import (
	"math/bits"
	"sync"
	"time"
)

// A turn goes round the workers of an arm in the open model: the one that holds it waits for the next arrival. Of those that are free
// the one with the lowest number has it next, so that a low rate is carried by few workers, whose connections and caches are warm,
// the same ones in every trial, and a further one begins only when it is needed: as with a client that takes the connection used last
// from its pool. For the same reason workers have their first turn of a trial in the order of their numbers, however they come, and
// are started one by one, when those before them are busy: ten thousand that all had to be started would make a trial's first
// iterations late.
//
// Any goroutine may call the methods but begin. A turn outlives its trials, which follow one another.
type turn struct {
	mutex sync.Mutex // held for some instructions only: in virtual time whoever waits for it would stop the clock
	held  bool
	next  int // in the trial workers below this have had it; those above it are not to have it yet

	start   func(worker int)
	begun   int // workers that the trial begins with
	started int // of these

	free      int           // workers with nothing to do, those not started among them, and the holder
	freeSince time.Duration // from when on there has been one without a break

	waiting []uint64 // a bit for each worker's number
	lowest  int      // word of waiting; those below are 0
	wake    []chan struct{}
}

func newTurn(workers int) *turn {
	return &turn{waiting: make([]uint64, (workers+63)/64), wake: make([]chan struct{}, workers)}
}

// begin is called before each trial, while no worker is at work. Worker 0 is started, and each further one of those that there are when it is
// needed. start must not wait; a worker that was started has to ask for the turn. More may join, with the numbers that follow.
func (t *turn) begin(workers int, start func(worker int)) {
	t.next, t.start, t.begun, t.started = 0, start, workers, 1
	t.free, t.freeSince = workers, 0
	start(0)
}

// take returns when the worker, free since an instant, has the turn.
func (t *turn) take(worker int, now time.Duration) {
	t.mutex.Lock()
	if worker < t.next || worker >= t.begun { // others have been free since the trial began
		if t.free == 0 {
			t.freeSince = now
		}
		t.free++
	}
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

// pass gives the turn on; others is how many further workers are free. more says that there may be something to do for one that has not been
// started.
func (t *turn) pass(more bool) (others int) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.free--
	t.held = false
	for t.lowest < len(t.waiting) && t.waiting[t.lowest] == 0 {
		t.lowest++
	}
	if t.lowest == len(t.waiting) {
		if more && t.started < t.begun && t.started == t.next { // otherwise there is one that is about to come
			t.started++
			t.start(t.next)
		}
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
