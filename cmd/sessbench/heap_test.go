package main

import (
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
)

func TestASmallHeapGrowsByBytesAndALargeOneByAShare(t *testing.T) {
	for live, want := range map[uint64]int{
		0:              mostGrowth,
		1 << 20:        mostGrowth,
		16 << 20:       200,
		32 << 20:       100,
		80 << 20:       40,
		1 << 30:        40,
		math.MaxUint64: 40,
	} {
		if got := growthFor(live); got != want {
			t.Errorf("%d bytes: %d %%, want %d", live, got, want)
		}
	}
}

// The percentage follows the heap in both directions, and is what it was in the end.
func TestTheHeapsGrowthFollowsTheHeap(t *testing.T) {
	before := growthNow()
	restore := letHeapGrow()
	follows := func() bool {
		want, now := growthFor(uintMetric("/gc/heap/live:bytes")), growthNow()
		return max(want-now, now-want) <= now/8
	}
	large := make([]byte, 200<<20)
	collectUntil(t, "a large heap", func() bool { return growthNow() <= leastGrowth*9/8 })
	runtime.KeepAlive(large)
	collectUntil(t, "a small one again", follows)
	restore()
	for range 3 {
		runtime.GC()
	}
	if now := growthNow(); now != before {
		t.Errorf("afterwards %d %%, want %d", now, before)
	}
}

// collectUntil collects garbage until done says so, which is some collections later: the percentage follows by the clock.
func collectUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 10_000 {
		runtime.GC()
		if done() {
			return
		}
	}
	t.Fatalf("%s: the percentage does not follow; it is %d", what, growthNow())
}

// growthNow is the percentage that is in force.
func growthNow() int { return int(uintMetric("/gc/gogc:percent")) }

func uintMetric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
