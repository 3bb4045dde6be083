package workload

import (
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"sessbench/result"
)

// An auditor watches the load generator itself: what CPU it used, and how long
// its goroutines waited for a CPU although they could have run. Both are time
// that would otherwise be taken for the server's.
type auditor struct {
	cpuTime func() time.Duration // nil: not known
}

const (
	schedLatencies = "/sched/latencies:seconds"
	gcPauses       = "/sched/pauses/total/gc:seconds"
	gcCPU          = "/cpu/classes/gc/total:cpu-seconds" // an estimate, brought up to date by each collection
)

// A reading is the auditor's totals at one instant.
type reading struct {
	wall  time.Time
	cpu   time.Duration
	sched *metrics.Float64Histogram
	gc    *metrics.Float64Histogram
	gcCPU float64 // seconds
}

func (a *auditor) read() reading {
	samples := []metrics.Sample{{Name: schedLatencies}, {Name: gcPauses}, {Name: gcCPU}}
	metrics.Read(samples)
	r := reading{wall: time.Now()}
	if a.cpuTime != nil {
		r.cpu = a.cpuTime()
	}
	if samples[0].Value.Kind() == metrics.KindFloat64Histogram {
		r.sched = samples[0].Value.Float64Histogram()
	}
	if samples[1].Value.Kind() == metrics.KindFloat64Histogram {
		r.gc = samples[1].Value.Float64Histogram()
	}
	if samples[2].Value.Kind() == metrics.KindFloat64 {
		r.gcCPU = samples[2].Value.Float64()
	}
	return r
}

// usage sums up what the generator used during one arm's trials.
type usage struct {
	wall, cpu time.Duration
	gc, gcCPU float64 // seconds
	bounds    []float64
	waits     []uint64 // scheduler latencies by bucket
}

func (u *usage) add(from, to reading) {
	u.wall += to.wall.Sub(from.wall)
	u.cpu += to.cpu - from.cpu
	u.gc += total(to.gc) - total(from.gc)
	u.gcCPU += to.gcCPU - from.gcCPU
	if from.sched == nil || to.sched == nil {
		return
	}
	if u.waits == nil {
		u.bounds = to.sched.Buckets
		u.waits = make([]uint64, len(to.sched.Counts))
	}
	for i := range u.waits {
		u.waits[i] += to.sched.Counts[i] - from.sched.Counts[i]
	}
}

// share is the part of the usable CPUs that was used, 0..1.
func (u *usage) share() float64 {
	if u.wall <= 0 {
		return 0
	}
	return u.cpu.Seconds() / u.wall.Seconds() / float64(runtime.GOMAXPROCS(0))
}

func (u *usage) generator() result.Generator {
	return result.Generator{
		CPUSeconds:      u.cpu.Seconds(),
		CPUShare:        u.share(),
		SchedLatencyP50: u.wait(0.50),
		SchedLatencyP99: u.wait(0.99),
		GCPauseSeconds:  u.gc,
		GCCPUSeconds:    u.gcCPU,
	}
}

// wait returns the q-quantile of the scheduler latencies, as the upper bound of
// its bucket, in seconds.
func (u *usage) wait(q float64) float64 {
	var all uint64
	for _, n := range u.waits {
		all += n
	}
	rank := uint64(math.Ceil(q * float64(all)))
	var seen uint64
	for i, n := range u.waits {
		if seen += n; n > 0 && seen >= rank {
			return finite(u.bounds, i+1)
		}
	}
	return 0
}

// finite returns bounds[i], or the nearest finite bound below it.
func finite(bounds []float64, i int) float64 {
	for ; i > 0; i-- {
		if !math.IsInf(bounds[i], 0) {
			return bounds[i]
		}
	}
	return 0
}

// total estimates a histogram's sum from its buckets' lower bounds; pauses are
// few and their buckets narrow.
func total(h *metrics.Float64Histogram) float64 {
	if h == nil {
		return 0
	}
	var sum float64
	for i, n := range h.Counts {
		if n > 0 {
			sum += float64(n) * finite(h.Buckets, i)
		}
	}
	return sum
}
