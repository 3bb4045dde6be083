package stats

import (
	"sync"
	"time"
)

// A Recorder records the samples of one trial.
//
// It keeps a few shards rather than one per worker, because each may hold several
// histograms of 190 kB; a recording worker owns one shard for as long as it
// records one sample. A handful (the number of CPUs, or fewer) is enough. All
// memory is taken by the first samples and kept for the next trial.
//
// Record and Live may be called from any goroutine at any time; Trial and Reset
// only while nobody records.
type Recorder struct {
	operations []string
	shards     []*shard
}

// NewRecorder returns a recorder for the named operations and a load of so many stages (0: one that does not change). Fewer than one
// shard means one.
func NewRecorder(operations []string, stages, shards int) *Recorder {
	r := &Recorder{operations: append([]string(nil), operations...)}
	for range max(shards, 1) {
		r.shards = append(r.shards, newShard(len(operations)))
	}
	return r
}

// Record records a sample. It takes the first free shard from number
// worker modulo shards on, so that workers seldom wait for each other. It keeps no
// reference to s. It panics if s.Operation is not an index into the operations.
func (r *Recorder) Record(worker int, s *Sample) {
	_ = r.operations[s.Operation] // panic here, before a shard is locked
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

// Trial fills Operations and Series of into with all that was recorded since the
// last Reset, and leaves its other fields alone. What it fills in is independent
// of the recorder.
func (r *Recorder) Trial(into *Trial) {
	into.Operations = make([]Tally, len(r.operations))
	for i, name := range r.operations {
		into.Operations[i].Name = name
	}
	series := make([][]Second, len(r.shards))
	for n, sh := range r.shards {
		sh.mu.Lock()
		for i := range sh.operations {
			tally := sh.operations[i].freeze(r.operations[i])
			into.Operations[i] = into.Operations[i].Merge(tally)
		}
		series[n] = sh.series.freeze()
		sh.mu.Unlock()
	}
	into.Series = MergeSeries(series...)
}

// Reset forgets all samples and keeps the memory.
func (r *Recorder) Reset() {
	for _, sh := range r.shards {
		sh.mu.Lock()
		for i := range sh.operations {
			sh.operations[i].reset()
		}
		sh.series.reset()
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

// Live returns how the trial stands. It holds up each shard for some microseconds,
// so several calls a second are fine.
func (r *Recorder) Live() Live {
	var live Live
	var recent []Second
	var newest int64
	for _, sh := range r.shards {
		sh.mu.Lock()
		for i := range sh.operations {
			live.Requests += sh.operations[i].requests
			live.Errors += sh.operations[i].errors
		}
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

// A shard is a part of a recorder with one owner at a time: who holds mu.
type shard struct {
	mu         sync.Mutex
	operations []tallyRecorder
	series     seriesRecorder
}

func newShard(operations int) *shard {
	sh := &shard{operations: make([]tallyRecorder, operations)}
	for i := range sh.operations {
		sh.operations[i].init()
	}
	sh.series.init()
	return sh
}

func (sh *shard) record(s *Sample) {
	response := s.Finished - s.Intended
	sh.operations[s.Operation].record(s, response)
	sh.series.record(s.Finished, response, s.Class == "")
}
