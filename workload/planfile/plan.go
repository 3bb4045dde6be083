package planfile

import (
	"path/filepath"
	"slices"
	"strings"

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
	v.keys("plan", []key{
		{"include", func(value) {}}, // it was carried out
		{"target", func(v value) { p.Target = orElse(v, "unread:", value.url) }},
		{"arms", func(v value) { p.Arms = v.arms() }},
		{"http", func(v value) { p.HTTP = v.word() }},
		{"session", func(v value) { v.session(&p.Session) }},
		{"connection", func(v value) { v.connection(&p.Connection) }},
		{"emulate", func(v value) { v.emulation(&p.Emulate) }},
		{"feeds", func(v value) { p.Feeds = v.feeds() }},
		{"setup", operations(&p.Setup)},
		{"mix", operations(&p.Mix)},
		{"teardown", operations(&p.Teardown)},
		{"load", func(v value) { v.load(load) }},
		{"thresholds", func(v value) { p.Thresholds = v.thresholds() }},
		{"fail_if", func(v value) { p.FailIf = v.listOf(value.condition) }},
		{"output", func(v value) { v.output(&p.Output) }},
		{"$schema", func(value) {}}, // is for editors
	})
	nameApart(p.Mix, "mix", d.places)
	p.Load = load.withDefaults(p.Mix)
	if p.Arms == nil {
		p.Arms = workload.DefaultArms(strings.HasPrefix(p.Target, "https:") || p.Target == "")
	}
	return p
}

// nameApart numbers operations that were given no name and have the same method and path.
func nameApart(operations []workload.Operation, path string, places map[string]place) {
	taken := map[string]bool{}
	for _, o := range operations {
		taken[o.Name] = true
	}
	seen, last := map[string]bool{}, map[string]int{} // last: number given to a name
	for i := range operations {
		_, named := places[path+"["+itoa(i)+"].name"]
		base := operations[i].Name
		for n := max(2, last[base]+1); seen[operations[i].Name] && !named; n++ {
			if next := base + " #" + itoa(n); !taken[next] {
				operations[i].Name = next
				last[base] = n
			}
		}
		seen[operations[i].Name] = true
	}
}

// validate notes what the plan's own rules find. They know nothing of values that could
// not be read, of which something was said already.
func (d *decoder) validate(p *workload.Plan) {
	unread := slices.Clone(d.problems)
	problems := p.Problems()
	texts := map[workload.KeyError]*workload.TextError{}
	if len(problems) > 0 {
		for _, e := range p.TextProblems() {
			texts[e.KeyError] = e
		}
	}
	for _, e := range problems {
		fault, ofText := texts[*e]
		known := func(p Problem) bool {
			return p.Key == "" || within(p.Key, e.Key) || within(e.Key, p.Key) || e.Key == "mix" && p.unknownKey() && !strings.Contains(p.Key, ".") ||
				ofText && fault.OfName && definesNames(p.Key) || e.OfResult() && d.hidesNames(p)
		}
		if slices.ContainsFunc(unread, known) {
			continue
		}
		at := d.placeOfKey(e.Key)
		if text, ok := d.language[e.Key]; ok && ofText {
			at = text.placeIn(fault.Offset)
		}
		d.problem(at, e.Key, e.Problem)
	}
}

// within says whether a key is another one or lies in it.
func within(key, around string) bool {
	rest, ok := strings.CutPrefix(key, around)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// hidesNames says whether it is not known, because of the problem, what an arm, an operation, a check or a stage is called.
func (d *decoder) hidesNames(p Problem) bool {
	switch {
	case within(p.Key, "arms"), within(p.Key, "load.stages"):
		return true
	case !within(p.Key, "mix"):
		return false
	}
	dot := strings.LastIndexByte(p.Key, '.')
	last := p.Key[dot+1:]
	_, named := d.places[p.Key[:max(0, dot)]+".name"]
	ofName := last == "name" || last == "steps" || !named && (last == "method" || last == "url" || slices.Contains(methods, last))
	return ofName || p.unknownKey() || !strings.Contains(p.Key, ".") || strings.Contains(p.Key, ".check")
}

// definesNames says whether what stands under a key has names that texts refer to.
func definesNames(key string) bool {
	return strings.HasPrefix(key, "feeds") || strings.Contains(key, ".extract")
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

// file reads the name of a file, which is relative to the plan's directory.
func (v value) file() string {
	name := v.text()
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	path := filepath.Join(v.source.dir, name)
	if written := v.environment.Written(name); written != name {
		v.environment.Text(path, filepath.Join(v.source.dir, written))
	}
	return path
}
