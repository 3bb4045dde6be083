package stats

import (
	"sync"
	"time"
)

// A shard is a part of a recorder with one owner at a time: who holds mu.
type shard struct {
	mu               sync.Mutex
	requests, errors int64            // since the last reset
	operations       []*tallyRecorder // nil: it got no sample yet
	used             []int            // those of them that hold a sample
	stages           []stageRecorder
	series           seriesRecorder
	room             int // how many more histograms may be dense
}

func newShard(operations, stages, room int) *shard {
	sh := &shard{operations: make([]*tallyRecorder, operations), stages: make([]stageRecorder, stages), room: room}
	for i := range sh.stages {
		sh.stages[i].response = histogram{digits: fineDigits, room: &sh.room}
	}
	sh.series.init()
	return sh
}

func (sh *shard) record(s *Sample) {
	response := s.Finished - s.Intended
	sh.requests++
	if s.Class != "" {
		sh.errors++
	}
	t := sh.operations[s.Operation]
	if t == nil || t.requests == 0 {
		t = sh.use(s.Operation)
	}
	t.record(s, response)
	if len(sh.stages) > 0 {
		sh.stages[s.Stage].record(response, s.Class == "")
	}
	sh.series.record(s.Finished, response, s.Class == "")
}

// use returns the recorder of an operation that has no sample yet.
func (sh *shard) use(operation int) *tallyRecorder {
	if sh.operations[operation] == nil {
		sh.operations[operation] = newTallyRecorder(&sh.room)
	}
	sh.used = append(sh.used, operation)
	return sh.operations[operation]
}

// reset takes time for what was used, not for all operations.
func (sh *shard) reset() {
	for _, i := range sh.used {
		sh.operations[i].reset()
	}
	for i := range sh.stages {
		sh.stages[i].reset()
	}
	sh.used = sh.used[:0]
	sh.requests, sh.errors = 0, 0
	sh.series.reset()
}

// A stageRecorder records the samples of one stage in one shard.
type stageRecorder struct {
	requests, errors int64
	response         histogram
}

func (r *stageRecorder) record(response time.Duration, ok bool) {
	r.requests++
	if ok {
		r.response.record(response)
	} else {
		r.errors++
	}
}

func (r *stageRecorder) reset() {
	r.requests, r.errors = 0, 0
	r.response.reset()
}

// freezeStages returns nil for no stages.
func freezeStages(stages []stageRecorder) []StageTally {
	if len(stages) == 0 {
		return nil
	}
	frozen := make([]StageTally, len(stages))
	for i := range stages {
		r := &stages[i]
		frozen[i] = StageTally{Requests: r.requests, Errors: r.errors, Response: r.response.freeze()}
	}
	return frozen
}
