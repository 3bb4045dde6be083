// Package workload says what load to offer and carries it out: the plan, the
// arms, the load models, the workers and the trials.
package workload

import (
	"encoding/json"
	"fmt"
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
	Setup      []Operation    `json:"setup,omitempty"` // once per session, in order, not measured
	Mix        []Operation    `json:"mix"`
	Load       Load           `json:"load"`
	FailIf     []string       `json:"fail_if,omitempty"`
	Output     Output         `json:"output"`
}

// MarshalJSON writes the plan file, in which a dollar sign that could be taken for the
// beginning of a variable is doubled.
func (p Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	data, err := json.Marshal(plain(p))
	return doubleDollars(data), err
}

// Load is how much load is offered, and for how long.
type Load struct {
	Workers  int      `json:"workers"`
	Duration Duration `json:"duration,omitempty"` // measured time per arm, all blocks together
	Requests int64    `json:"requests,omitempty"` // per arm, all blocks together; instead of Duration
	Rate     float64  `json:"rate,omitempty"`     // calls per second; 0: closed model
	Arrivals Arrivals `json:"arrivals,omitempty"`
	Warmup   Duration `json:"warmup"` // per arm, before the first block; not measured
	Blocks   int      `json:"blocks"`
	Seed     uint64   `json:"seed"`
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

// maxBlocks is far more than any comparison needs. Every trial's histograms are kept, and
// drawn thousands of times for the intervals.
const maxBlocks = 10_000

// longestRun keeps times of a run, some of which are drawn and may be a multiple of it,
// within what a time.Duration can hold.
const longestRun = 1000 * 24 * time.Hour

func (l *Load) validate() error {
	problem := func(key, format string, args ...any) error {
		return &KeyError{"load." + key, fmt.Sprintf(format, args...)}
	}
	switch {
	case l.Workers < 1:
		return problem("workers", "is %d; it must be at least 1", l.Workers)
	case l.Requests < 0:
		return problem("requests", "is %d; it must be at least 1", l.Requests)
	case l.Requests == 0 && l.Duration <= 0:
		return problem("duration", "is %v; it must be longer than 0", time.Duration(l.Duration))
	case l.Requests > 0 && l.Duration != 0:
		return problem("requests", "and load.duration are both given; a run ends by one of them")
	case !(l.Rate >= 0) || l.Rate > 1e7:
		return problem("rate", "is %v; it must be above 0 and at most 10,000,000 per second", l.Rate)
	case l.Rate > 0 && float64(l.Requests)/l.Rate > longestRun.Seconds():
		return problem("rate", "is %v; %d requests would take more than %.0f days", l.Rate, l.Requests, longestRun.Hours()/24)
	case time.Duration(l.Duration) > longestRun:
		return problem("duration", "is %v; it must be at most %v", time.Duration(l.Duration), longestRun)
	case time.Duration(l.Warmup) > longestRun:
		return problem("warmup", "is %v; it must be at most %v", time.Duration(l.Warmup), longestRun)
	case l.Arrivals != "" && l.Arrivals != Constant && l.Arrivals != Poisson:
		return problem("arrivals", "is %q; use constant or poisson", l.Arrivals)
	case l.Warmup < 0:
		return problem("warmup", "is %v; use 0 for none", time.Duration(l.Warmup))
	case l.Blocks < 1:
		return problem("blocks", "is %d; it must be at least 1", l.Blocks)
	case l.Blocks > maxBlocks:
		return problem("blocks", "is %d; it must be at most %d", l.Blocks, maxBlocks)
	case l.Requests > 0 && l.Requests < int64(l.Blocks):
		return problem("blocks", "is %d but each arm has only %d requests; every block needs at least one", l.Blocks, l.Requests)
	}
	return nil
}

// DefaultWarmup is 10 % of what is measured, at most 2 s; none where that is counted.
func DefaultWarmup(duration time.Duration) time.Duration {
	return max(0, min(duration/10, 2*time.Second))
}
