package importer

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A mapping is a YAML mapping in the making, its keys in their order.
type mapping []pair

type pair struct {
	key   string
	value *yaml.Node
}

func (m *mapping) add(key string, value *yaml.Node) { *m = append(*m, pair{key, value}) }

func (m mapping) get(key string) *yaml.Node {
	for _, p := range m {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

// remove takes a key away.
func (m *mapping) remove(key string) {
	kept := (*m)[:0]
	for _, p := range *m {
		if p.key != key {
			kept = append(kept, p)
		}
	}
	*m = kept
}

// block returns the mapping with a line for each key.
func (m mapping) block() *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, p := range m {
		n.Content = append(n.Content, textNode(p.key), p.value)
	}
	return n
}

// flow returns the mapping in braces.
func (m mapping) flow() *yaml.Node {
	n := m.block()
	n.Style = yaml.FlowStyle
	return n
}

func listNode(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

// flowTexts returns a list in brackets, or its only item.
func flowTexts(texts []string) *yaml.Node {
	if len(texts) == 1 {
		return textNode(texts[0])
	}
	list := listNode()
	list.Style = yaml.FlowStyle
	for _, text := range texts {
		list.Content = append(list.Content, textNode(text))
	}
	return list
}

// textNode returns a text. What has several lines is shown so, where YAML can.
func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	switch {
	case s == "":
		n.Style = yaml.DoubleQuotedStyle
	case !isText(s):
		n.Value = strings.ToValidUTF8(s, "\ufffd") // cannot be: sources are checked
		n.Style = yaml.DoubleQuotedStyle
	case strings.ContainsFunc(s, notPlain):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(s, "\n") && asBlock(s):
		n.Style = yaml.LiteralStyle
	case strings.Contains(s, "\n"), s == "<<":
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// notPlain says of characters that they are written as escapes.
func notPlain(r rune) bool {
	return r != '\n' && r != ' ' && (!unicode.IsPrint(r) || unicode.IsSpace(r))
}

// asBlock says whether a text can stand as a block of lines with nothing lost.
func asBlock(s string) bool {
	if s[0] == ' ' || s[0] == '\n' {
		return false
	}
	for line := range strings.Lines(s) {
		if strings.HasSuffix(strings.TrimSuffix(line, "\n"), " ") {
			return false
		}
	}
	return true
}

func isText(s string) bool { return utf8.ValidString(s) }

// plainNode returns a value that is no text, as YAML writes it.
func plainNode(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

func nullNode() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} }

// comment puts sentences above a node.
func comment(n *yaml.Node, sentences []string) *yaml.Node {
	var lines []string
	for _, sentence := range sentences {
		for _, line := range wrapped(sentence) {
			lines = append(lines, "# "+line)
		}
	}
	n.HeadComment = strings.Join(lines, "\n")
	return n
}

// dump writes a document.
func dump(root *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	d, err := yaml.NewDumper(&b, yaml.WithIndent(2), yaml.WithCompactSeqIndent(false), yaml.WithLineWidth(-1))
	if err == nil {
		err = d.Dump(root)
	}
	if err == nil {
		err = d.Close()
	}
	return b.Bytes(), err
}

// same says whether two nodes are written alike.
func same(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Value != b.Value || a.Tag != b.Tag || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}
