package planfile

import (
	"time"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// A loadReader is a load and which of its keys were given.
type loadReader struct {
	workload.Load
	workers, duration, warmup, blocks, seed bool
}

func (v value) load(l *loadReader) {
	v.keys("load", []key{
		{"workers", func(v value) { l.Workers, l.workers = orElse(v, workload.DefaultWorkers, value.int), true }},
		{"max_workers", func(v value) { l.MaxWorkers = v.atLeastOne() }},
		{"duration", func(v value) {
			l.Duration, l.duration = workload.Duration(orElse(v, workload.DefaultDuration, value.duration)), true
		}},
		{"requests", func(v value) { l.Requests = orElse(v, 1_000_000, value.int64) }},
		{"rate", func(v value) { l.Rate = orElse(v, 1, value.number) }},
		{"arrivals", func(v value) { l.Arrivals = workload.Arrivals(v.word()) }},
		{"stages", func(v value) {
			v.list("stages", func(v value) { l.Stages = append(l.Stages, v.stage()) })
			if v.node.Kind != yaml.SequenceNode { // there were to be some
				rate := 1.0
				l.Stages = []workload.Stage{{Rate: &rate}}
			}
			if v.node.Kind == yaml.SequenceNode && len(v.node.Content) == 0 {
				v.fail("is empty; list stages such as {rate: 500, duration: 30s}, or leave it out")
			}
		}},
		{"trace", func(v value) { l.Trace = orElse(v, "unread", value.file) }},
		{"warmup", func(v value) { l.Warmup, l.warmup = workload.Duration(v.duration()), true }},
		{"blocks", func(v value) { l.Blocks, l.blocks = orElse(v, workload.DefaultBlocks, value.int), true }},
		{"seed", func(v value) { l.Seed, l.seed = v.uint64(), true }},
	})
}

func (v value) stage() workload.Stage {
	var s workload.Stage
	v.keys("stage", []key{
		{"duration", func(v value) { s.Duration = workload.Duration(v.duration()) }},
		{"rate", func(v value) { rate := orElse(v, 1, value.number); s.Rate = &rate }},
		{"workers", func(v value) { s.Workers = v.count() }},
		{"shape", func(v value) { s.Shape = workload.Shape(v.word()) }},
	})
	return s
}

// withDefaults fills in what the command line would.
func (l *loadReader) withDefaults(mix []workload.Operation) workload.Load {
	full := l.Load
	shaped := full.Stages != nil || full.Trace != ""
	if !l.workers {
		full.Workers = max(workload.DefaultWorkers, mostWorkers(full.Stages))
	}
	if !l.duration && full.Requests == 0 && !shaped {
		full.Duration = workload.Duration(workload.DefaultDuration)
	}
	if !l.blocks {
		full.Blocks = workload.DefaultBlocks
		if full.Requests > 0 {
			full.Blocks = int(min(int64(full.Blocks), full.Requests))
		}
	}
	if !l.seed {
		full.Seed = workload.DefaultSeed
	}
	if !l.warmup {
		full.Warmup = workload.Duration(workload.DefaultWarmup(measured(&full)))
	}
	if full.Arrivals == "" && full.Trace == "" && hasRate(&full, mix) {
		full.Arrivals = workload.Constant
	}
	return full
}

// mostWorkers is the highest number of workers that a stage leads to.
func mostWorkers(stages []workload.Stage) int {
	most := 0
	for _, s := range stages {
		if s.Workers != nil {
			most = max(most, *s.Workers)
		}
	}
	return most
}

// measured is how long an arm is measured, where the plan says so.
func measured(l *workload.Load) time.Duration {
	if l.Stages == nil {
		return time.Duration(l.Duration)
	}
	var all time.Duration
	for _, s := range l.Stages {
		all += min(max(0, time.Duration(s.Duration)), time.Hour) // more makes no difference to the warm-up
	}
	return all * time.Duration(min(max(0, l.Blocks), 100))
}

// hasRate says whether the load is of the open model, with a rate.
func hasRate(l *workload.Load, mix []workload.Operation) bool {
	if l.Rate > 0 || len(l.Stages) > 0 && l.Stages[0].Rate != nil {
		return true
	}
	for i := range mix {
		if mix[i].Rate > 0 {
			return true
		}
	}
	return false
}

func (v value) thresholds() []workload.Threshold {
	var list []workload.Threshold
	v.each(func(v value) {
		var t workload.Threshold
		if v.node.Kind != yaml.MappingNode {
			t.Condition = v.condition()
			list = append(list, t)
			return
		}
		v.keys("threshold", []key{
			{"condition", func(v value) { t.Condition = v.condition() }},
			{"abort_early", func(v value) { t.AbortEarly = orElse(v, true, value.bool) }},
			{"grace", func(v value) { t.Grace = workload.Duration(v.duration()) }},
		})
		list = append(list, t)
	})
	return list
}

func (v value) feeds() workload.Feeds {
	var feeds workload.Feeds
	v.mapping("a mapping of names to feeds, such as {users: {csv: users.csv}}", func(name string, v value) {
		f := workload.Feed{Name: name}
		v.keys("feed", []key{
			{"csv", func(v value) { f.CSV = v.file() }},
			{"jsonl", func(v value) { f.JSONL = v.file() }},
			{"pick", func(v value) { f.Pick = workload.Pick(v.word()) }},
			{"end", func(v value) { f.End = workload.End(v.word()) }},
		})
		feeds = append(feeds, f)
	})
	return feeds
}

func (v value) output(o *workload.Output) {
	v.keys("output", []key{
		{"file", func(v value) { o.File = v.text() }},
		{"format", func(v value) { o.Format = v.word() }},
		{"quiet", func(v value) { o.Quiet = v.bool() }},
	})
}
