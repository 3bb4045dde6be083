package planfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// appended are the lists at the top of a plan that included files add to, in the place of being replaced.
var appended = []string{"setup", "mix", "teardown", "thresholds", "fail_if"}

// An inclusion is a file on the way from the plan to the one that is read.
type inclusion struct {
	source *source
	file   string // what the file is known by, whatever its names
	from   *inclusion
}

// include returns the tree of a file with those that it includes laid under it. A file that was included before is not included once more.
func (d *decoder) include(root *yaml.Node, at *inclusion) *yaml.Node {
	v := value{decoder: d, source: at.source, node: root}
	if root.Kind != yaml.MappingNode {
		return root
	}
	list, _ := v.members("a mapping")
	i := slices.IndexFunc(list, func(m memberNode) bool { return m.key.Value == "include" })
	if i < 0 {
		return root
	}
	c, ok := v.child(list[i].path, list[i].value)
	if !ok {
		return root
	}
	d.places[c.path] = list[i].at
	var base *value
	c.each(func(v value) {
		below, ok := v.includedFile(at)
		switch {
		case !ok:
		case base == nil:
			base = &below
		default:
			merged := below.over(*base)
			base = &merged
		}
	})
	if base == nil {
		return root
	}
	return v.over(*base).node
}

// includedFile reads a file that is to be included; ok is false where there is nothing to include.
func (v value) includedFile(from *inclusion) (top value, ok bool) {
	before := len(v.problems)
	defer func() { v.decoder.unincluded = v.unincluded || len(v.problems) > before }()
	path := v.file()
	if path == "" {
		if len(v.problems) == before {
			v.fail("names no file")
		}
		return value{}, false
	}
	known := identity(path)
	if names := from.cycle(known); names != nil {
		v.fail("includes itself, by %s; leave one of these out", strings.Join(names, ", which includes "))
		return value{}, false
	}
	if v.included[known] {
		return value{}, false
	}
	v.included[known] = true
	data := v.content(path)
	s := v.newSource(path, filepath.Dir(path), data)
	root := v.tree(s)
	if root == nil {
		return value{}, false
	}
	if root.Kind != yaml.MappingNode {
		v.problem(s.placeOf(root), "", "is "+kindOf(root)+"; a file that is included is a mapping, as a plan is")
		return value{}, false
	}
	return value{decoder: v.decoder, source: s, node: v.include(root, &inclusion{s, known, from})}, true
}

// identity is what a file is known by, whatever its names.
func identity(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path
}

// cycle lists the files from the one known as file on, or nil where it is not on the way.
func (at *inclusion) cycle(file string) []string {
	var names []string
	for ; at != nil; at = at.from {
		names = append([]string{at.source.name}, names...)
		if at.file == file {
			return append(names, at.source.name)
		}
	}
	return nil
}

// over returns the mapping v laid over the mapping base: what both have is v's, but mappings are merged, and the lists at the top
// that are meant to be longer.
func (v value) over(base value) value {
	below, _ := base.members("a mapping")
	above, _ := v.members("a mapping")
	at := make(map[string]int, len(below))
	merged := v.like(yaml.MappingNode, "!!map")
	add := func(of value, m memberNode) {
		v.grafted[m.key], v.grafted[m.value] = m.at.in, of.sourceOf(m.value)
		at[m.key.Value] = len(merged.Content)
		merged.Content = append(merged.Content, m.key, m.value)
	}
	for _, m := range below {
		if base.path != "" || m.key.Value != "include" {
			add(base, m)
		}
	}
	for _, m := range above {
		i, both := at[m.key.Value]
		if !both {
			add(v, m)
			continue
		}
		v.grafted[m.key] = m.at.in
		merged.Content[i] = m.key
		merged.Content[i+1] = v.memberOver(base, m, merged.Content[i+1])
	}
	v.node = merged
	return v
}

// memberOver returns the value of a member of v laid over that of the same member of base.
func (v value) memberOver(base value, m memberNode, below *yaml.Node) *yaml.Node {
	v.grafted[m.value] = v.sourceOf(m.value)
	own, ok1 := v.child(m.path, m.value)
	other, ok2 := base.child(m.path, below)
	switch {
	case !ok1 || !ok2 || own.node.Kind != other.node.Kind:
	case own.node.Kind == yaml.MappingNode:
		return own.over(other).node
	case own.node.Kind == yaml.SequenceNode && v.path == "" && slices.Contains(appended, m.key.Value):
		list := own.like(yaml.SequenceNode, "!!seq")
		for _, part := range []value{other, own} {
			for _, item := range part.node.Content {
				v.grafted[item] = part.sourceOf(item)
				list.Content = append(list.Content, item)
			}
		}
		return list
	}
	return m.value
}

// mainFile is the inclusion that all others come from.
func (d *decoder) mainFile() *inclusion {
	at := &inclusion{source: d.main}
	if _, err := os.Stat(d.main.name); err == nil {
		at.file = identity(d.main.name)
	}
	return at
}
