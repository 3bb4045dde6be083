package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Larger bodies are not taken apart: nobody reads them.
const (
	largestJSON = 64 << 10
	deepestJSON = 50
)

// jsonNode returns a JSON object or list as YAML. ok is false for what a plan's json cannot say: anything else, keys that stand
// twice or that the plan would take for templates, and what is too large.
func (v *vault) jsonNode(text string) (n *yaml.Node, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > largestJSON || text == "" || text[0] != '{' && text[0] != '[' || !json.Valid([]byte(text)) || !isText(text) {
		return nil, false
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	r := jsonReader{vault: v, dec: dec}
	n, ok = r.value("", false, 0)
	return n, ok
}

// A jsonReader makes nodes of valid JSON.
type jsonReader struct {
	*vault
	dec *json.Decoder
}

// value reads a value. name is that of the key around it, and secret whether it is one's.
func (r *jsonReader) value(name string, secret bool, depth int) (*yaml.Node, bool) {
	token, err := r.dec.Token()
	if err != nil || depth > deepestJSON {
		return nil, false
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(name, secret, depth)
		}
		return r.list(name, secret, depth)
	case string:
		if secret && !tellsNothing(token) {
			return textNode(r.secret(name, token, "in a JSON body")), true
		}
		return textNode(r.body(token)), true
	case json.Number:
		if secret && !r.show {
			text := textNode(r.secret(name, token.String(), "in a JSON body"))
			text.LineComment = "# was a number"
			return text, true
		}
		return numberNode(token.String())
	case bool:
		return plainNode(fmt.Sprint(token)), true
	}
	return nullNode(), true
}

// numberNode returns a number. ok is false for the few that YAML takes for a text.
func numberNode(number string) (n *yaml.Node, ok bool) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(number), &document); err != nil || len(document.Content) != 1 {
		return nil, false
	}
	tag := document.Content[0].ShortTag()
	return plainNode(number), tag == "!!int" || tag == "!!float"
}

func (r *jsonReader) object(around string, secret bool, depth int) (*yaml.Node, bool) {
	m := mapping{}
	seen := map[string]bool{}
	for r.dec.More() {
		token, err := r.dec.Token()
		key, isKey := token.(string)
		if err != nil || !isKey || seen[key] || strings.Contains(key, "{{") {
			return nil, false
		}
		seen[key] = true
		name := key
		if secret {
			name = around + "_" + key
		}
		value, ok := r.value(name, secret || r.isSecret(key), depth+1)
		if !ok {
			return nil, false
		}
		m.add(key, value)
	}
	r.dec.Token() // the closing brace
	if len(m) == 0 {
		return m.flow(), true
	}
	return m.block(), true
}

func (r *jsonReader) list(name string, secret bool, depth int) (*yaml.Node, bool) {
	list := listNode()
	simple := true
	for r.dec.More() {
		item, ok := r.value(name, secret, depth+1)
		if !ok {
			return nil, false
		}
		simple = simple && item.Kind == yaml.ScalarNode && len(item.Value) < 20 && item.Style != yaml.LiteralStyle && item.LineComment == ""
		list.Content = append(list.Content, item)
	}
	r.dec.Token() // the closing bracket
	if simple && len(list.Content) <= 10 {
		list.Style = yaml.FlowStyle
	}
	return list, true
}

// compactJSON writes a value as JSON, without escapes that are not needed.
func compactJSON(value any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
