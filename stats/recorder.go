package stats

import (
	"fmt"
	"slices"
	"time"
)

// A Recorder records the samples of one trial.
//
// It keeps a few shards rather than one per worker, because each may hold many
// histograms of up to 190 kB; a recording worker owns one shard for as long as it
// records one sample. A handful (the number of CPUs, or fewer) is enough. All
// memory is taken by the first samples and kept for the next trial. An operation that
// got no sample takes next to none, and one that got few takes some kilobytes; no more than
// a thousand histograms or so are held for speed, whatever the number of operations.
//
// Record and Live may be called from any goroutine at any time, and so may Trial, which then has what was recorded until it came to
// each shard. Reset may be called only while nobody records.
type Recorder struct {
	operations []string
	stages     int
	shards     []*shard
}

// denseMost is how many of a recorder's histograms may have a count for every bucket,
// together 190 MB. The busiest come first. leastDense is for each shard, so that one operation
// has all of its histograms.
const (
	denseMost  = 1024
	leastDense = 16
)

// NewRecorder returns a recorder for the named operations and a load of so many stages (0: one that does not change). Fewer than one
// shard means one.
func NewRecorder(operations []string, stages, shards int) *Recorder {
	r := &Recorder{operations: slices.Clone(operations), stages: max(stages, 0)}
	shards = max(shards, 1)
	for range shards {
		r.shards = append(r.shards, newShard(len(operations), r.stages, max(denseMost/shards, leastDense)))
	}
	return r
}

// Record records a sample. It takes the first free shard from number
// worker modulo shards on, so that workers seldom wait for each other. It keeps no
// reference to s. It panics if s.Operation is not an index into the operations, or if there are
// stages and s.Stage is not an index into them.
func (r *Recorder) Record(worker int, s *Sample) {
	_ = r.operations[s.Operation] // panic here, before a shard is locked
	if r.stages > 0 && uint(s.Stage) >= uint(r.stages) {
		panic(fmt.Sprintf("stats: stage %d of %d", s.Stage, r.stages))
	}
	first := int(uint(worker) % uint(len(r.shards)))
	for i := range r.shards {
		sh := r.shards[(first+i)%len(r.shards)]
		if sh.mu.TryLock() {
			sh.record(s)
			sh.mu.Unlock()
			return
		}
	}
	sh := r.shards[first]
	sh.mu.Lock()
	sh.record(s)
	sh.mu.Unlock()
}

// Trial fills Operations, Stages and Series of into with all that was recorded since the
// last Reset, and leaves its other fields alone; of Stages, Offered is left for who knows the load. What
// it fills in is independent of the recorder.
func (r *Recorder) Trial(into *Trial) {
	into.Operations = make([]Tally, len(r.operations))
	for i, name := range r.operations {
		into.Operations[i].Name = name
	}
	into.Stages = nil
	series := make([][]Second, len(r.shards))
	for n, sh := range r.shards {
		sh.mu.Lock()
		for _, i := range sh.used {
			tally := sh.operations[i].freeze(r.operations[i])
			into.Operations[i] = into.Operations[i].Merge(tally)
		}
		into.Stages = mergeStages(into.Stages, freezeStages(sh.stages))
		series[n] = sh.series.freeze()
		sh.mu.Unlock()
	}
	into.Series = MergeSeries(series...)
}

// Reset forgets all samples and keeps the memory.
func (r *Recorder) Reset() {
	for _, sh := range r.shards {
		sh.mu.Lock()
		sh.reset()
		sh.mu.Unlock()
	}
}

// Live is how a trial stands while it runs.
type Live struct {
	Requests int64 // since the last Reset, failed calls included
	Errors   int64

	// P50 and P99 are those of the response times of successful calls which finished
	// in the most recent second that any did, or the one before it: one significant
	// digit, 0 when there were none.
	P50, P99 time.Duration
}

// Live returns how the trial stands. It holds up each shard for some microseconds, however
// many operations there are, so several calls a second are fine.
func (r *Recorder) Live() Live {
	var live Live
	var recent []Second
	var newest int64
	for _, sh := range r.shards {
		sh.mu.Lock()
		live.Requests += sh.requests
		live.Errors += sh.errors
		for _, s := range sh.series.recent() {
			recent = append(recent, s)
			newest = max(newest, s.At)
		}
		sh.mu.Unlock()
	}
	var response Distribution
	for _, s := range recent {
		if s.At >= newest-1 {
			response = response.Merge(s.Response)
		}
	}
	live.P50, live.P99 = response.Quantile(0.50), response.Quantile(0.99)
	return live
}
