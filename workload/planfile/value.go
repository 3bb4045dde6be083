package planfile

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// A decoder makes a plan of nodes and notes what is wrong on the way.
type decoder struct {
	main     *source
	sources  int // that were read
	problems []Problem

	grafted     map[*yaml.Node]*source // nodes whose source is not that of the node around them
	places      map[string]place       // of keys, by their paths
	language    map[string]value       // texts with templates and expressions, by their paths
	contents    map[string][]byte      // of files that are bodies, each read once
	included    map[string]bool        // files, by their identities
	expanded    []variable             // whose values are in the plan
	environment *workload.Environment  // those of them that results are not to have
	names       map[string]string      // of operations, by how they are written
	values      int                    // that were read, those behind aliases each time
	exhausted   bool                   // there were too many, which was noted

	watch func(section string, known []key) // is told of every mapping that is read; nil: nobody is

	unincluded bool // a file could not be included, which was noted
}

func newDecoder(name string, data []byte) *decoder {
	d := &decoder{grafted: map[*yaml.Node]*source{}, places: map[string]place{}, language: map[string]value{}, contents: map[string][]byte{}, included: map[string]bool{}, names: map[string]string{}, environment: &workload.Environment{}}
	d.main = d.newSource(name, filepath.Dir(name), data)
	return d
}

func (d *decoder) newSource(name, dir string, data []byte) *source {
	d.sources++
	return &source{name: name, dir: dir, data: data, order: d.sources}
}

// root is the whole plan.
func (d *decoder) root(n *yaml.Node) value {
	return value{decoder: d, source: d.main, node: n}
}

// Aliases make a small file stand for a large plan. These bound the plan.
const (
	maxValues = 500_000
	maxDepth  = 200
)

// A value is a node with the path that leads to it. Its readers note what is wrong and then return zero.
type value struct {
	*decoder
	path   string
	source *source
	node   *yaml.Node // no alias
	depth  int
	kind   textKind // of its texts
}

// fail notes what is wrong with the value.
func (v value) fail(format string, args ...any) {
	v.problem(v.source.placeOf(v.node), v.path, fmt.Sprintf(format, args...))
}

// wrong notes that the value is of another type than the one wanted.
func (v value) wrong(wanted string) { v.fail("is %s; write %s", kindOf(v.node), wanted) }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	}
	return "a text"
}

// child returns the value of n below v, with aliases followed; ok is false where the
// plan has become too large.
func (v value) child(path string, n *yaml.Node) (c value, ok bool) {
	c = value{v.decoder, path, v.sourceOf(n), n, v.depth + 1, v.kind}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	c.node = n
	v.values++
	switch {
	case v.values >= maxValues && !v.exhausted:
		v.decoder.exhausted = true
		c.fail("makes the plan more than %d values long; use fewer aliases", maxValues)
	case c.depth == maxDepth:
		c.fail("is more than %d levels deep; use fewer levels, and no alias inside of what it stands for", maxDepth)
	}
	return c, v.values < maxValues && c.depth < maxDepth
}

// sourceOf is where n, which lies in v, comes from.
func (v value) sourceOf(n *yaml.Node) *source {
	if s, ok := v.grafted[n]; ok {
		return s
	}
	return v.source
}

func (v value) isNull() bool { return v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!null" }

// A key of a mapping and what reads its value.
type key struct {
	name string
	read func(value)
}

// keys reads a mapping whose keys are known, in the order of known. What is empty has no keys. section is what the mapping is called
// where keys are described.
func (v value) keys(section string, known []key) {
	if v.watch != nil {
		v.watch(section, known)
	}
	members, ok := v.members("a mapping with keys such as " + known[0].name)
	if !ok {
		return
	}
	for _, m := range members {
		if !slices.ContainsFunc(known, func(k key) bool { return k.name == m.key.Value }) {
			v.unknown(m, known)
		}
	}
	for _, k := range known {
		for _, m := range members {
			if m.key.Value != k.name {
				continue
			}
			if c, ok := v.child(m.path, m.value); ok {
				v.places[m.path] = m.at
				k.read(c)
			}
		}
	}
}

// noKey begins problems of keys that no plan has.
const noKey = "is no key of a plan; "

func (p Problem) unknownKey() bool { return strings.HasPrefix(p.Text, noKey) }

func (v value) unknown(m memberNode, known []key) {
	v.problem(m.at, m.path, noKey+hint(v.path, m.key.Value, known))
}

// A memberNode is a member of a mapping.
type memberNode struct {
	path       string
	at         place
	key, value *yaml.Node
}

// members lists a mapping's members, with those of merge keys (<<), which give way. ok is
// false where v is no mapping.
func (v value) members(wanted string) (list []memberNode, ok bool) {
	if v.isNull() {
		return nil, true
	}
	if v.node.Kind != yaml.MappingNode {
		v.wrong(wanted)
		return nil, false
	}
	v.values += len(v.node.Content) / 2
	var merged []memberNode
	seen := map[string]bool{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k, child := v.node.Content[i], v.node.Content[i+1]
		at := v.sourceOf(k).placeOf(k)
		for k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		path := v.join(k.Value)
		switch {
		case k.ShortTag() == "!!merge":
			merged = append(merged, v.merged(child)...)
		case k.Kind != yaml.ScalarNode:
			v.problem(at, v.path, "has a key that is "+kindOf(k)+"; write a text")
		case seen[k.Value]:
			v.problem(at, path, "is given twice; keep one of them")
		default:
			seen[k.Value] = true
			list = append(list, memberNode{path, at, k, child})
		}
	}
	for _, m := range merged {
		if !seen[m.key.Value] {
			seen[m.key.Value] = true
			list = append(list, m)
		}
	}
	return list, true
}

// merged lists what a merge key brings: a mapping's members, or those of several, the first
// of which counts.
func (v value) merged(n *yaml.Node) []memberNode {
	c, ok := v.child(v.path, n)
	if !ok {
		return nil
	}
	if c.node.Kind != yaml.SequenceNode {
		list, _ := c.members("an alias of a mapping behind <<")
		return list
	}
	var list []memberNode
	for _, item := range c.node.Content {
		if each, ok := c.child(v.path, item); ok {
			members, _ := each.members("aliases of mappings behind <<")
			list = append(list, members...)
		}
	}
	return list
}

func (v value) join(name string) string {
	if v.path == "" {
		return name
	}
	return v.path + "." + name
}

// each calls read with the items of a list; what is no list is its only item.
func (v value) each(read func(value)) {
	if v.node.Kind != yaml.SequenceNode {
		read(v)
		return
	}
	for i, item := range v.node.Content {
		c, ok := v.child(fmt.Sprintf("%s[%d]", v.path, i), item)
		if !ok {
			return
		}
		v.places[c.path] = c.source.placeOf(item)
		read(c)
	}
}

// list is each where there must be a list.
func (v value) list(of string, read func(value)) {
	if v.node.Kind != yaml.SequenceNode {
		v.wrong("a list of " + of)
		return
	}
	v.each(read)
}

// text reads a text. Numbers and the like are taken as they are written.
func (v value) text() string {
	if v.node.Kind != yaml.ScalarNode || v.isNull() {
		v.wrong("a text, in quotes where it is empty")
		return ""
	}
	return v.hidden(v.node.Value)
}

func (v value) texts() []string { return v.listOf(value.text) }

// word reads a text of which there is a list, or that is an arm's name: results have it.
func (v value) word() string {
	if v.node.Kind != yaml.ScalarNode || v.isNull() {
		v.wrong("a text, in quotes where it is empty")
		return ""
	}
	return v.expand(v.node.Value)
}

func (v value) words() []string { return v.listOf(value.word) }

func (v value) listOf(read func(value) string) []string {
	var list []string
	v.each(func(item value) { list = append(list, read(item)) })
	return list
}

func (v value) bool() bool {
	text, ok := v.scalar("!!bool")
	text = strings.ToLower(text)
	if !ok || text != "true" && text != "false" {
		v.wrong("true or false")
	}
	return text == "true"
}

// scalar returns the text of a scalar with a tag. Variables may stand for it.
func (v value) scalar(tags ...string) (text string, ok bool) {
	if v.node.Kind != yaml.ScalarNode {
		return "", false
	}
	if strings.Contains(v.node.Value, "${") {
		return v.expand(v.node.Value), true
	}
	return v.node.Value, slices.Contains(tags, v.node.ShortTag())
}

func (v value) int() int { return int(v.whole(math.MinInt, math.MaxInt)) }

func (v value) count() *int {
	n := v.int()
	return &n
}

func (v value) int64() int64 { return v.whole(math.MinInt64, math.MaxInt64) }

func (v value) whole(lo, hi int64) int64 {
	text, ok := v.scalar("!!int")
	n, err := strconv.ParseInt(text, 0, 64)
	if !ok || err != nil || n < lo || n > hi {
		v.wrongNumber(ok, "a whole number")
		return 0
	}
	return n
}

func (v value) uint64() uint64 {
	text, ok := v.scalar("!!int")
	n, err := strconv.ParseUint(text, 0, 64)
	if !ok || err != nil {
		v.wrongNumber(ok, "a whole number of at least 0")
		return 0
	}
	return n
}

func (v value) number() float64 {
	text, ok := v.scalar("!!int", "!!float")
	f, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		v.wrongNumber(ok, "a number")
		return 0
	}
	return f
}

func (v value) wrongNumber(isNumber bool, wanted string) {
	if isNumber {
		v.fail("is not %s, or too large for one; write another", wanted)
		return
	}
	v.wrong(wanted)
}

// duration reads a time with its unit, or 0.
func (v value) duration() time.Duration {
	text, ok := v.scalar("!!str", "!!int", "!!float")
	d, err := workload.ParseTime(text)
	if !ok || err != nil {
		what := kindOf(v.node)
		if !v.isNull() {
			what += " that is no time"
		}
		v.fail("is %s; write a number with its unit, such as 500ms, 10s or 2m", what)
		return 0
	}
	return d
}
