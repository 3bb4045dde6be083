package main

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap grows before garbage is collected. A small heap is let grow by heapSpare, whatever the share: with the usual
// percentages a load of new TLS connections, which leaves much garbage, would have it collected dozens of times a second, at a tenth of
// all its CPU time. A large one grows by leastGrowth percent, for memory is what thousands of workers, and bodies that are looked at, lack
// first.
const (
	heapSpare   = 32 << 20 // bytes
	leastGrowth = 40       // percent
	mostGrowth  = 400
)

// growthFor is the growth, in percent, for so many bytes of live objects.
func growthFor(live uint64) int {
	return int(min(max(100*heapSpare/max(live, 1), leastGrowth), mostGrowth))
}

// heapLook is how often the percentage is held against the heap. It has to follow before the next collection, and these lie a tenth of a
// second apart even while thousands of TLS connections are opened.
const heapLook = 20 * time.Millisecond

// letHeapGrow has the process's percentage follow what is live, until the function that it returns is called. How much that will be is not
// to be known from a plan: it is in the server's hands how long bodies are.
func letHeapGrow() (restore func()) {
	before := debug.SetGCPercent(mostGrowth)
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		followHeap(done)
	}()
	return func() {
		close(done)
		<-ended
		debug.SetGCPercent(before)
	}
}

// followHeap looks by the clock. A cleanup of the runtime's comes after each collection too, but when all of the heap has been swept, which
// on busy CPUs is when it has grown as far as the old percentage lets it. The percentage is left alone where it is off by no more
// than an eighth: setting it stops the program for a moment.
func followHeap(done <-chan struct{}) {
	percent := mostGrowth
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(heapLook)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		metrics.Read(sample)
		if want := growthFor(sample[0].Value.Uint64()); max(want-percent, percent-want) > percent/8 {
			percent = want
			debug.SetGCPercent(want)
		}
	}
}
