package workload

import "time"

// Progress is how far a run has come, for a display that polls it.
type Progress struct {
	Arm      string
	Warmup   bool
	Block    int // 1-based; 0 before the first
	Blocks   int
	Done     float64       // share of the run's planned length, 0..1
	Left     time.Duration // estimate
	Requests int64         // completed in the current trial
	Errors   int64
	Rate     float64       // completed per second in the current trial
	P50, P99 time.Duration // response time, most recent second
}
