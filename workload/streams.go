package workload

import "math/rand/v2"

// Random streams of one seed, kept apart so that a longer draw in one does not
// shift another. Each has 2^32 numbers.
const (
	orderStream    = 1 << 32
	arrivalsStream = 2 << 32
	retryStream    = 3 << 32
	itemsStream    = 4 << 32 // of the closed model's workers
	traceStream    = 5 << 32 // of the items that a trace does not name
	sessionStream  = 6 << 32 // of what set-ups draw, and a plan that is tried
	valuesStream   = 7 << 32 // of what iterations draw for their requests and pauses
)

// blockStream is the stream of one part, below 2^17, of a block or the warm-up.
func blockStream(base uint64, block, part int) uint64 {
	return base + uint64(block+1)<<17 + uint64(part)
}

// seedSession has a set-up draw what the same worker's same session draws in every arm.
func (w *worker) seedSession() {
	seedValues(w.source, w.arm.seed+sessionStream, w.id+1, w.scope.Session)
}

// seedIteration has an iteration draw the same values in every arm: its number in the trial decides, whichever worker makes it, or, where
// workers follow their own pace for a time, the worker and the number among its own.
func (w *worker) seedIteration(block int, d *due) {
	worker := 0
	if d.own {
		worker = w.id + 1
	}
	seedValues(w.source, w.arm.seed+valuesStream+uint64(block+1), worker, d.number)
}

// seedValues seeds a source anew. Seeds next to each other are mixed first, because few values are drawn with each.
func seedValues(source *rand.PCG, seed uint64, worker int, number int64) {
	source.Seed(mix(seed), mix(uint64(worker)<<40+uint64(number)))
}

// mix is the finalizer of SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014), which is one to one.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
