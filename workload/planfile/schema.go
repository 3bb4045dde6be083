package planfile

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Schema returns the JSON Schema (draft 2020-12) of plan files, for editors. It knows keys and types; Read knows more.
func Schema() ([]byte, error) {
	definitions := map[string]any{}
	for name, s := range scalars() {
		definitions[name] = s
	}
	for _, s := range sections() {
		definitions[s.name] = s.schema()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(schema{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "sessbench plan",
		"description": "What load sessbench offers, with which sessions and connections. In texts, ${NAME} is the value of an environment variable, and $$ a dollar sign.",
		"$ref":        "#/$defs/plan",
		"$defs":       definitions,
	})
	return b.Bytes(), err
}

// schema is that of the mapping, which can be left empty unless it needs something.
func (s *section) schema() schema {
	properties := map[string]any{}
	for _, k := range s.keys {
		properties[k.Name] = k.schema()
	}
	all := schema{"type": nullable("object"), "properties": properties, "additionalProperties": false}
	if s.needs != nil {
		all["type"] = "object"
		maps.Copy(all, s.needs)
	}
	return all
}

func (k *Key) schema() schema {
	own := schema{}
	if of, ok := k.Type.schema.(schema); ok {
		maps.Copy(own, of)
	}
	own["description"] = k.description()
	if value, ok := k.defaultValue(); ok {
		own["default"] = value
	}
	var example any
	if err := yaml.Unmarshal([]byte(k.Example), &example); err == nil {
		own["examples"] = []any{example}
	}
	return own
}

var (
	markdownLink = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
	oneValue     = regexp.MustCompile("^`([^`]*)`$")
)

// description is the meaning without links, with unit and default.
func (k *Key) description() string {
	text := markdownLink.ReplaceAllString(k.Meaning, "$1")
	if k.Unit != "" && k.Unit != withUnit && !strings.Contains(text, k.Unit) {
		text += " (" + k.Unit + ")"
	}
	if _, ok := k.defaultValue(); !ok && k.Default != "" {
		text += ". Default: " + strings.ReplaceAll(k.Default, "`", "")
	}
	return text
}

// defaultValue is the default where it is a value, and not only a description.
func (k *Key) defaultValue() (value any, ok bool) {
	quoted := oneValue.FindStringSubmatch(k.Default)
	if quoted == nil {
		return nil, false
	}
	if err := yaml.Unmarshal([]byte(quoted[1]), &value); err != nil {
		return nil, false
	}
	return value, true
}
