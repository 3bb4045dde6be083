package planfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// override returns the tree with what was set on the command line.
func (d *decoder) override(root *yaml.Node, overrides []string) *yaml.Node {
	for _, text := range overrides {
		path, written, ok := cutOverride(text)
		s := d.newSource(shownOverride(path, written), d.main.dir, []byte(written))
		s.set = true
		if !ok || path == "" {
			if !ok {
				s.name = "--set " + path
			}
			d.problem(place{s, 1, 1}, "", "is not what --set takes; write a key, an equals sign and its value, as in --set load.rate=500")
			continue
		}
		before := len(d.problems)
		node := d.tree(s)
		if len(d.problems) > before {
			continue
		}
		if node == nil { // nothing, or a comment
			node = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Line: 1, Column: 1}
		}
		o := &override{source: s, node: node}
		d.grafted[node] = s
		if changed := o.in(d.root(root), path); changed != nil {
			root = changed
		}
	}
	return root
}

// cutOverride parts a path from what is set; an equals sign in double quotes belongs to the path.
func cutOverride(text string) (path, written string, ok bool) {
	quoted := false
	for i, r := range text {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '=' && !quoted:
			return strings.TrimSpace(text[:i]), text[i+1:], true
		}
	}
	return text, "", false
}

// longestShown is how much of a value is repeated in messages, in bytes.
const longestShown = 60

// shownOverride is an override without what may be a secret.
func shownOverride(path, written string) string {
	segments := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(`."[]`, r) })
	for i, segment := range segments {
		if secretKey(segment, i+1 < len(segments)) || misspeltSecret(segment) {
			return "--set " + path + "=" + mask
		}
	}
	text := (&source{data: []byte(written)}).maskLine(1)
	if len(text) > longestShown {
		text = strings.ToValidUTF8(text[:longestShown], "") + "..."
	}
	return "--set " + userInfo.ReplaceAllString(path, "://"+mask+"@") + "=" + text
}

// An override is a value on its way into the tree.
type override struct {
	source *source
	node   *yaml.Node
}

// in returns v's node with the value where path, whose beginning v.path is, leads from it, or nil where there is no such
// place, which was noted. What v has in common with other places of the plan stays as it is: its nodes are copied.
func (o *override) in(v value, path string) *yaml.Node {
	switch {
	case path == "":
		return o.node
	case v.node.Kind == yaml.SequenceNode:
		return o.inList(v, path)
	case v.node.Kind == yaml.MappingNode || v.isNull():
		return o.inMapping(v, strings.TrimPrefix(path, "."))
	}
	o.fail(v, "is "+kindOf(v.node)+", in which nothing can be set; set it as a whole")
	return nil
}

func (o *override) fail(v value, text string) { v.problem(place{o.source, 1, 1}, v.path, text) }

// inMapping sets a member. Keys may have dots in them: the longest one that is there counts.
func (o *override) inMapping(v value, path string) *yaml.Node {
	list, _ := v.members("a mapping")
	name, rest := o.firstKey(path, list)
	if name == "" {
		o.fail(v, fmt.Sprintf("has no key before %q; write it as in load.rate=500, and a list that the plan does not have as a whole", rest))
		return nil
	}
	at := slices.IndexFunc(list, func(m memberNode) bool { return m.key.Value == name })
	if at < 0 {
		at = len(list)
		list = append(list, memberNode{v.join(name), place{}, nil, o.scalar("!!null", "", v)})
	}
	if m := &list[at]; m.key == nil || rest == "" {
		m.key = o.scalar("!!str", name, v)
	}
	c, ok := v.child(list[at].path, list[at].value)
	if !ok {
		return nil
	}
	below := o.in(c, rest)
	if below == nil {
		return nil
	}
	copied := v.like(yaml.MappingNode, "!!map")
	for i, m := range list {
		if i == at {
			m.value = below
		}
		copied.Content = append(copied.Content, m.key, m.value)
	}
	return copied
}

// scalar returns a node that comes from the command line.
func (o *override) scalar(tag, text string, v value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text, Line: 1, Column: 1}
	v.grafted[n] = o.source
	return n
}

// like returns an empty node in the place of v's.
func (v value) like(kind yaml.Kind, tag string) *yaml.Node {
	n := &yaml.Node{Kind: kind, Tag: tag, Line: v.node.Line, Column: v.node.Column}
	v.grafted[n] = v.source
	return n
}

// firstKey parts the first key from a path.
func (o *override) firstKey(path string, known []memberNode) (name, rest string) {
	if quoted, err := strconv.QuotedPrefix(path); err == nil && quoted[0] == '"' {
		name, _ = strconv.Unquote(quoted)
		return name, path[len(quoted):]
	}
	for _, m := range known {
		if k := m.key.Value; len(k) > len(name) && leadsTo(path, k) {
			name = k
		}
	}
	if name == "" {
		name = path
		if end := strings.IndexAny(path, ".["); end >= 0 {
			name = path[:end]
		}
	}
	return name, path[len(name):]
}

// leadsTo says whether a path begins with a key.
func leadsTo(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && key != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// inList sets an item, or something in it: the one with a number, or with a name.
func (o *override) inList(v value, path string) *yaml.Node {
	at, rest := o.item(v, path)
	if at < 0 || at >= len(v.node.Content) {
		o.fail(v, o.itemsOf(v))
		return nil
	}
	c, ok := v.child(v.path+"["+itoa(at)+"]", v.node.Content[at])
	if !ok {
		return nil
	}
	below := o.in(c, rest)
	if below == nil {
		return nil
	}
	copied := v.like(yaml.SequenceNode, "!!seq")
	for i, item := range v.node.Content {
		if i == at {
			item = below
		}
		copied.Content = append(copied.Content, item)
	}
	return copied
}

// item parts the first item from a path; at is -1 where there is no such item.
func (o *override) item(v value, path string) (at int, rest string) {
	if strings.HasPrefix(path, "[") {
		number, rest, closed := strings.Cut(path[1:], "]")
		at, err := strconv.Atoi(number)
		if err != nil || !closed || rest != "" && rest[0] != '.' && rest[0] != '[' {
			return -1, ""
		}
		return at, rest
	}
	path = strings.TrimPrefix(path, ".")
	quoted, err := strconv.QuotedPrefix(path)
	name, _ := strconv.Unquote(quoted)
	isQuoted := err == nil && quoted[0] == '"'
	at, longest := -1, 0
	for i, known := range o.names(v) {
		switch {
		case isQuoted && known == name:
			return i, path[len(quoted):]
		case !isQuoted && len(known) > longest && leadsTo(path, known):
			at, longest = i, len(known)
		}
	}
	return at, path[longest:]
}

// itemsOf says which items there are.
func (o *override) itemsOf(v value) string {
	var named []string
	for _, name := range o.names(v) {
		if name != "" && len(named) < 10 {
			named = append(named, v.path+"."+name)
		}
	}
	text := fmt.Sprintf("has no such item; it has %d", len(v.node.Content))
	if n := len(v.node.Content); n > 0 {
		text += fmt.Sprintf(", %[1]s[0] to %[1]s[%[2]d]", v.path, n-1)
	}
	if len(named) > 0 {
		text += ", which can also be written " + strings.Join(named, ", ")
	}
	return text
}

// names are what a list's items are called: their names, or what operations without one are called. "" is an item
// without a name.
func (o *override) names(v value) []string {
	names := make([]string, len(v.node.Content))
	for i, item := range v.node.Content {
		for item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.MappingNode {
			continue
		}
		list, _ := value{decoder: v.decoder, path: v.path, source: v.source, node: item}.members("a mapping")
		for _, m := range list {
			switch {
			case m.key.Value == "name":
				names[i] = m.value.Value
			case names[i] == "" && slices.Contains(methods, m.key.Value):
				names[i] = v.defaultName(strings.ToUpper(m.key.Value), standIns(m.value.Value))
			}
		}
	}
	return names
}
