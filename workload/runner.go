package workload

import (
	"context"
	"time"

	"sessbench/result"
)

// Options are what a run needs beside its plan.
type Options struct {
	UserAgent string               // sent unless the plan has its own
	Embedded  *Embedded            // the server of a plan without a target
	CPUTime   func() time.Duration // CPU time of this process so far; nil: not audited
}

// Embedded is the test server that was started for a plan without a target.
type Embedded struct {
	URL   string
	CAPEM []byte
}

// A Runner carries out one plan, once.
type Runner struct{}

// NewRunner checks the plan and reads the files that it names. A *KeyError says
// which key is wrong.
func NewRunner(plan *Plan, opts Options) (*Runner, error) { panic("stub") }

// Run carries out the plan. A target that cannot be reached is an error, before
// any load. When ctx ends early the result holds the trials that had finished.
// Where every call of an arm failed, both the result and an error are returned.
func (r *Runner) Run(ctx context.Context) (*result.Result, error) { panic("stub") }

// Progress may be called by any goroutine while the run goes on.
func (r *Runner) Progress() Progress { panic("stub") }
