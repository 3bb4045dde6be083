package workload

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"sessbench/stats"
)

// recordedTrial returns a trial of so many operations, each with calls of some durations, and one of scenarios.
func recordedTrial(operations, block int) (trial, scenarios stats.Trial) {
	names := make([]string, operations)
	for i := range names {
		names[i] = fmt.Sprintf("operation %d", i)
	}
	calls, iterations := stats.NewRecorder(names, 0, 1), stats.NewRecorder([]string{"scenario"}, 0, 1)
	for i := range operations {
		for n := range 8 {
			s := stats.Sample{Operation: i, Finished: time.Duration(n+1) * 3 * time.Millisecond, Status: 200, Attempts: 1}
			if n == 7 {
				s.Class = classStatus
			}
			s.Phases[stats.Wait] = s.Finished
			calls.Record(0, &s)
		}
	}
	iterations.Record(0, &stats.Sample{Finished: time.Second})
	trial = stats.Trial{Arm: "pooled", Block: block, Window: time.Second, Elapsed: 2 * time.Second, Offered: 10}
	calls.Trial(&trial)
	iterations.Trial(&scenarios)
	return trial, scenarios
}

func TestTrialsAreSummedUpByOperationAndKeptAsTotals(t *testing.T) {
	var m measurements
	for block := range 3 {
		before := m
		m = m.with(recordedTrial(2, block))
		if len(before.trials) != block || block > 0 && before.operations[0].Requests != int64(8*block) {
			t.Errorf("block %d changed what stood before it", block)
		}
	}
	for i, o := range m.operations {
		if o.Name != fmt.Sprintf("operation %d", i) || o.Requests != 24 || o.Errors != 3 || o.Response.Count != 21 || o.Response.Max != 21*time.Millisecond {
			t.Errorf("%s: %d requests, %d errors, %d times up to %v", o.Name, o.Requests, o.Errors, o.Response.Count, o.Response.Max)
		}
	}
	if len(m.scenarios) != 1 || m.scenarios[0].Requests != 3 {
		t.Errorf("scenarios are %v", m.scenarios)
	}
	for i, trial := range m.trials {
		if total := trial.Total(); trial.Block != i || len(trial.Operations) != 1 || total.Requests != 16 || total.Errors != 2 || total.Response.Count != 14 ||
			total.Phases[stats.Wait].Max != 21*time.Millisecond || trial.Requests() != 16 {
			t.Errorf("trial %d: %d operations, %d requests, %d errors", trial.Block, len(trial.Operations), total.Requests, total.Errors)
		}
	}
	if s := m.span(); s != (span{elapsed: 6 * time.Second, window: 3 * time.Second, offered: 30}) {
		t.Errorf("the span is %v", s)
	}
}

// A run of many blocks takes no more memory than one of few, whatever the number of operations.
func TestMemoryOfMeasurementsDoesNotGrowWithTheTrials(t *testing.T) {
	const operations = 2000
	var m measurements
	heapAfter := func(trials int) int64 {
		for block := len(m.trials); block < trials; block++ {
			m = m.with(recordedTrial(operations, block))
		}
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return int64(s.HeapAlloc)
	}
	few := heapAfter(2)
	if many := heapAfter(20); many > few+few/2 {
		t.Errorf("%d kB after 2 trials, %d after 20", few>>10, many>>10)
	} else {
		t.Logf("%d kB after 2 trials, %d after 20", few>>10, many>>10)
	}
	runtime.KeepAlive(m)
}
