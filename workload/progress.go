package workload

import (
	"time"

	"sessbench/stats"
)

// Progress is how far a run has come, for a display that polls it.
type Progress struct {
	Arm      string
	Warmup   bool
	Block    int // 1-based; 0 in the warm-up
	Blocks   int
	Done     float64       // share of the run's planned length, 0..1
	Left     time.Duration // estimate
	Requests int64         // completed in the current trial
	Errors   int64
	Rate     float64       // completed per second in the current trial
	P50, P99 time.Duration // response time, most recent second
}

func (r *Runner) announce(t *stats.Trial, length extent, recorder *stats.Recorder) {
	s := &stage{
		arm:      t.Arm,
		warmup:   t.Block == warmupBlock,
		block:    t.Block + 1,
		started:  t.Started,
		length:   length.window,
		count:    length.count,
		recorder: recorder,
	}
	if before := r.current.Load(); before != nil {
		s.done = before.done + 1
	}
	r.current.Store(s)
}

// Progress may be called by any goroutine while the run goes on.
func (r *Runner) Progress() Progress {
	s := r.current.Load()
	if s == nil {
		return Progress{Blocks: r.plan.Load.Blocks}
	}
	now := r.clock.Now()
	live := s.recorder.Live()
	p := Progress{
		Arm:      s.arm,
		Warmup:   s.warmup,
		Block:    s.block,
		Blocks:   r.plan.Load.Blocks,
		Requests: live.Requests,
		Errors:   live.Errors,
		Rate:     perSecond(live.Requests, now-s.started),
		P50:      live.P50,
		P99:      live.P99,
	}
	var trial float64
	switch {
	case s.count > 0:
		trial = float64(live.Requests) / float64(s.count)
	case s.length > 0:
		trial = (now - s.started).Seconds() / s.length.Seconds()
	}
	p.Done = (float64(s.done) + min(trial, 1)) / float64(r.trials)
	if p.Done > 0 {
		p.Left = time.Duration(float64(now) * (1 - p.Done) / p.Done)
	}
	return p
}
