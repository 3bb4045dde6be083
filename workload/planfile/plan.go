package planfile

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// plan reads the whole file.
func (d *decoder) plan(root *yaml.Node) *workload.Plan {
	v := d.root(root)
	p := &workload.Plan{Session: defaultSession(), Load: workload.Load{}}
	load := &loadReader{}
	if root.Kind != yaml.MappingNode {
		v.wrong("a mapping with keys such as target and mix")
		return p
	}
	operations := func(into *[]workload.Operation) func(value) {
		return func(v value) {
			v.list("operations", func(v value) { *into = append(*into, v.operation(&p.Session)) })
		}
	}
	v.keys([]key{
		{"target", func(v value) { p.Target = v.text() }},
		{"arms", func(v value) { p.Arms = v.arms() }},
		{"http", func(v value) { p.HTTP = v.text() }},
		{"session", func(v value) { v.session(&p.Session) }},
		{"connection", func(v value) { v.connection(&p.Connection) }},
		{"emulate", func(v value) { v.emulation(&p.Emulate) }},
		{"setup", operations(&p.Setup)},
		{"mix", operations(&p.Mix)},
		{"load", func(v value) { v.load(load) }},
		{"fail_if", func(v value) { p.FailIf = v.texts() }},
		{"output", func(v value) { v.output(&p.Output) }},
		{"thresholds", nil}, {"feeds", nil}, {"scenarios", nil}, {"include", nil},
	})
	nameApart(p.Mix, d.places)
	p.Load = load.withDefaults()
	if p.Arms == nil {
		p.Arms = workload.DefaultArms(strings.HasPrefix(p.Target, "https:") || p.Target == "")
	}
	for i, o := range p.Setup {
		if o.Weight != 0 {
			path := "setup[" + itoa(i) + "].weight"
			d.problem(d.places[path], path, "is given, but every operation of the set-up is made once; leave it out")
		}
	}
	return p
}

// nameApart numbers operations that were given no name and have the same method and path.
func nameApart(mix []workload.Operation, places map[string]place) {
	taken := map[string]bool{}
	for _, o := range mix {
		taken[o.Name] = true
	}
	seen := map[string]bool{}
	for i := range mix {
		_, named := places["mix["+itoa(i)+"].name"]
		base := mix[i].Name
		for n := 2; seen[mix[i].Name] && !named; n++ {
			if next := base + " #" + itoa(n); !taken[next] {
				mix[i].Name = next
			}
		}
		seen[mix[i].Name] = true
	}
}

// validate notes what the plan's own rules find. They know nothing of values that could
// not be read, of which something was said already.
func (d *decoder) validate(p *workload.Plan) {
	unread := slices.Clone(d.problems)
	for _, e := range p.Problems() {
		known := func(p Problem) bool {
			return p.Key == "" || e.Key == "mix" || strings.HasPrefix(p.Key, e.Key) || strings.HasPrefix(e.Key, p.Key)
		}
		if slices.ContainsFunc(unread, known) {
			continue
		}
		d.problem(d.placeOfKey(e.Key), e.Key, e.Problem)
	}
}

// placeOfKey returns where a key stands, or the nearest one around it that does.
func (d *decoder) placeOfKey(path string) place {
	for path != "" {
		if at, ok := d.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{d.main, 1, 1}
}

func (v value) output(o *workload.Output) {
	v.keys([]key{
		{"file", func(v value) { o.File = v.text() }},
		{"format", func(v value) { o.Format = v.text() }},
		{"quiet", func(v value) { o.Quiet = v.bool() }},
	})
}

// A loadReader is a load and which of its keys were given.
type loadReader struct {
	workload.Load
	workers, duration, warmup, blocks, seed bool
}

func (v value) load(l *loadReader) {
	v.keys([]key{
		{"workers", func(v value) { l.Workers, l.workers = v.int(), true }},
		{"duration", func(v value) { l.Duration, l.duration = workload.Duration(v.duration()), true }},
		{"requests", func(v value) { l.Requests = v.int64() }},
		{"rate", func(v value) { l.Rate = v.number() }},
		{"arrivals", func(v value) { l.Arrivals = workload.Arrivals(v.text()) }},
		{"warmup", func(v value) { l.Warmup, l.warmup = workload.Duration(v.duration()), true }},
		{"blocks", func(v value) { l.Blocks, l.blocks = v.int(), true }},
		{"seed", func(v value) { l.Seed, l.seed = v.uint64(), true }},
		{"stages", nil},
	})
}

// withDefaults fills in what the command line would.
func (l *loadReader) withDefaults() workload.Load {
	full := l.Load
	if !l.workers {
		full.Workers = workload.DefaultWorkers
	}
	if !l.duration && full.Requests == 0 {
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
		full.Warmup = workload.Duration(workload.DefaultWarmup(time.Duration(full.Duration)))
	}
	if full.Rate > 0 && full.Arrivals == "" {
		full.Arrivals = workload.Constant
	}
	return full
}

// file reads the name of a file, which is relative to the plan's directory.
func (v value) file() string {
	name := v.text()
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(v.source.dir, name)
}
