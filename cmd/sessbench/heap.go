package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
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

// A heapGrowth has the percentage follow what is live. How much that will be is not to be known from a plan: it is in the server's hands how
// long bodies are.
type heapGrowth struct {
	mu      sync.Mutex
	percent int
	ended   bool
}

// letHeapGrow changes the process's percentage until the function that it returns is called.
func letHeapGrow() (restore func()) {
	g := &heapGrowth{percent: mostGrowth}
	before := debug.SetGCPercent(g.percent)
	g.await()
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.ended = true
		debug.SetGCPercent(before)
	}
}

// await has collected called after the next collection.
func (g *heapGrowth) await() {
	garbage := new(*heapGrowth) // of a kind that has pointers: others may share memory with what lives on
	runtime.AddCleanup(garbage, (*heapGrowth).collected, g)
}

// collected sets the percentage anew where it is off by more than an eighth: setting it stops the program for a moment.
func (g *heapGrowth) collected() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return
	}
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if want := growthFor(sample[0].Value.Uint64()); max(want-g.percent, g.percent-want) > g.percent/8 {
		g.percent = want
		debug.SetGCPercent(want)
	}
	g.await()
}
