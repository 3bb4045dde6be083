// Package workload says what load to offer and carries it out: the plan, the
// arms, the load models, the workers and the trials.
package workload

import (
	"encoding/json"
	"time"
)

// A Plan is one run in full: what is requested, how connections are used, how
// much load is offered. It is a plain value that nobody changes once it is used; its JSON is
// a plan file, so that a result repeats itself.
type Plan struct {
	Target     string         `json:"target,omitempty"` // base URL; empty: the embedded test server
	Arms       []Arm          `json:"arms"`             // the first is the baseline
	HTTP       string         `json:"http,omitempty"`   // of arms that do not say: "1.1", "2", "h2c" or "3"; empty: 1.1
	Session    SessionPlan    `json:"session"`
	Connection ConnectionPlan `json:"connection,omitzero"`
	Emulate    EmulationPlan  `json:"emulate,omitzero"`
	Feeds      Feeds          `json:"feeds,omitempty"`    // values that templates take
	Setup      []Operation    `json:"setup,omitempty"`    // once per session, in order, not measured
	Mix        []Operation    `json:"mix"`                // its items: operations, and scenarios of several
	Teardown   []Operation    `json:"teardown,omitempty"` // at the end of each session, in order, not measured
	Load       Load           `json:"load"`
	Thresholds []Threshold    `json:"thresholds,omitempty"`
	FailIf     []string       `json:"fail_if,omitempty"`
	Output     Output         `json:"output"`
}

// MarshalJSON writes the plan file, in which a dollar sign that could be taken for the
// beginning of a variable is doubled, and ${NAME} in that of Variable's words.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	data, err := json.Marshal(plain(p))
	return namedJSON(doubleDollars(data)), err
}

// Load is how much load is offered, and for how long.
//
// What is offered are iterations of the mix's items: an operation is one call, a scenario as many as it has steps.
type Load struct {
	Workers    int      `json:"workers"`               // at the start; where Stages are of workers they say, and this does not count
	MaxWorkers int      `json:"max_workers,omitempty"` // open model: as many as that are added while none is free; 0: none are
	Duration   Duration `json:"duration,omitempty"`    // measured time per arm, all blocks together
	Requests   int64    `json:"requests,omitempty"`    // iterations per arm, all blocks together; instead of Duration
	Rate       float64  `json:"rate,omitempty"`        // iterations per second; 0: closed model, unless Stages, Trace or the operations have rates
	Arrivals   Arrivals `json:"arrivals,omitempty"`
	Stages     []Stage  `json:"stages,omitempty"` // every block goes through all of them; instead of Duration, Requests and Rate
	Trace      string   `json:"trace,omitempty"`  // file of arrivals, which every block replays; likewise
	Warmup     Duration `json:"warmup"`           // per arm, before the first block; not measured
	Blocks     int      `json:"blocks"`
	Seed       uint64   `json:"seed"`
}

// A Stage is a stretch of a load that changes: of the rate, or of how many workers there are. One of Rate and Workers
// is given, the same in all stages.
type Stage struct {
	Duration Duration `json:"duration"`
	Rate     *float64 `json:"rate,omitempty"`    // iterations per second that it leads to
	Workers  *int     `json:"workers,omitempty"` // that it leads to
	Shape    Shape    `json:"shape,omitempty"`   // "": Ramp
}

// A Shape is how a stage leads to its level.
type Shape string

const (
	Ramp  Shape = "ramp"  // evenly, from the level before; the first one begins at 0. The same level again holds it
	Step  Shape = "step"  // at once
	Spike Shape = "spike" // at once, and back to the level before at its end
)

// A Threshold is a condition that the result has to meet, or the exit code is 3.
type Threshold struct {
	Condition  string   `json:"condition"`             // as --fail-if has, but true where all is well
	AbortEarly bool     `json:"abort_early,omitempty"` // the run ends as soon as it is not met
	Grace      Duration `json:"grace,omitempty"`       // measured time of each arm before that
}

// Feeds are the sources of values, in their order. In a plan they are an object.
type Feeds []Feed

// A Feed is a table of texts, of which templates take one row at a time: {{name.column}}. It is the same for every arm.
type Feed struct {
	Name  string
	CSV   string // file, whose first row names the columns; or
	JSONL string // file with a JSON object in each line
	Pick  Pick   // "": PerWorker
	End   End    // "": Stop for Unique, otherwise Wrap
}

// A Pick says whose row is which.
type Pick string

const (
	PerWorker  Pick = "per-worker"  // a row for each session
	RoundRobin Pick = "round-robin" // the next row for each iteration, whoever makes it
	AtRandom   Pick = "random"      // any row for each iteration, drawn by the seed
	Unique     Pick = "unique"      // as round-robin, no row twice
)

// An End says what happens when all rows were taken.
type End string

const (
	Wrap End = "wrap" // it begins again
	Stop End = "stop" // the arm's load ends
)

// MarshalJSON writes an object in the feeds' order.
func (f Feeds) MarshalJSON() ([]byte, error) {
	object := make(orderedObject, 0, len(f))
	for _, feed := range f {
		var o orderedObject
		for _, m := range []struct{ key, value string }{
			{"csv", feed.CSV}, {"jsonl", feed.JSONL}, {"pick", string(feed.Pick)}, {"end", string(feed.End)},
		} {
			if m.value != "" {
				o = append(o, member{m.key, m.value})
			}
		}
		object = append(object, member{feed.Name, o})
	}
	return object.MarshalJSON()
}

// Output is where a result goes.
type Output struct {
	File   string `json:"file,omitempty"`
	Format string `json:"format,omitempty"`
	Quiet  bool   `json:"quiet,omitempty"`
}

// Arrivals names the process by which an open model's calls fall due.
type Arrivals string

const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// Defaults of a plan; flags use them too, so that help and behaviour agree.
const (
	DefaultWorkers        = 10
	DefaultDuration       = 10 * time.Second
	DefaultBlocks         = 10
	DefaultSeed           = 1
	DefaultConnectTimeout = 5 * time.Second
	DefaultReadTimeout    = 30 * time.Second
	DefaultTotalTimeout   = 60 * time.Second
)

// A Duration is a time.Duration written as "1m30s" in plans.
type Duration time.Duration

// MarshalText writes the duration in Go's notation.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads Go's notation.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// DefaultWarmup is 10 % of what is measured, at most 2 s; none where that is counted.
func DefaultWarmup(duration time.Duration) time.Duration {
	return max(0, min(duration/10, 2*time.Second))
}
