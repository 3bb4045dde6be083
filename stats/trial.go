package stats

import "time"

// A Trial is one timed run of one arm. It is a plain value: trials survive
// serialisation, and trials of the same arm and block (carried out by several
// workers' shards, or by several machines) merge.
type Trial struct {
	Arm      string
	Block    int // 0-based
	Position int // 0-based place within the block's drawn order

	Started time.Duration // since the start of the run
	Window  time.Duration // how long the trial offered load; 0 when its length is a count
	Elapsed time.Duration // trial start until the last call finished; the window, where all calls began in it by a schedule
	Offered int64         // calls that the load model wanted; 0 in the closed model with a window

	Operations []Tally      // one for each operation of the mix, in its order
	Stages     []StageTally // one for each stage of the load; nil where it has none
	Series     []Second     // one for each second in which a call finished, in order
}

// A Tally sums up the calls of one operation in one trial (or, merged, in
// several). Distributions of times cover successful calls; Failed covers the
// others, so that fast failures never make an arm look fast.
type Tally struct {
	Name string

	Requests  int64 // calls, failed ones included
	Errors    int64
	Attempts  int64
	Retries   int64
	Redirects int64
	Reused    int64 // calls whose response came over a reused connection
	BytesIn   int64
	BytesOut  int64

	Classes map[string]int64 // errors by class
	Status  map[int]int64    // responses by status

	Response Distribution // finished - intended
	Service  Distribution // finished - started
	Lag      Distribution // started - intended
	Failed   Distribution // response time of failed calls
	Phases   [NumPhases]Distribution
}

// A StageTally sums up the calls that were intended in one stage of the load.
type StageTally struct {
	Offered  int64 // iterations that fell due; 0 in the closed model
	Requests int64 // calls, failed ones included
	Errors   int64
	Response Distribution // of successful calls
}

// A Second is one second of an arm's series.
type Second struct {
	At       int64 // whole seconds since the start of the run
	Requests int64
	Errors   int64
	Response Distribution // coarse: one significant digit
}

// A Distribution is a frozen, mergeable set of durations. Count, Sum, Min and
// Max are exact; Buckets have the histogram's resolution (three significant
// digits from 1 µs to 1 hour).
//
// Buckets are never changed once they stand, so copies of a Distribution may
// share them.
type Distribution struct {
	Count      int64
	Clamped    int64 // values beyond 1 hour, recorded as 1 hour, or below zero, recorded as zero
	Sum        time.Duration
	SumSquares float64 // seconds²
	Min, Max   time.Duration
	Buckets    []Bucket // ascending, only those with a count
}

// A Bucket is a count of values that the histogram does not tell apart.
type Bucket struct {
	Value time.Duration // representative value: the bucket's middle; 0 for the first, which ends at 511 ns
	Count int64
}
