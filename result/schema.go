package result

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// JSONSchema returns the JSON Schema (draft 2020-12) of a result's file. Later versions of the format may add fields, so that others
// than these are no mistake.
func JSONSchema() ([]byte, error) {
	s := schemas{}
	top := s.of(reflect.TypeFor[Result]())
	s["Result"].(map[string]any)["properties"].(map[string]any)["schema"] = map[string]any{"const": Schema}
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "sessbench result"
	top["description"] = "What a run of sessbench measured. Durations are seconds, rates per second, shares from 0 to 1."
	top["$defs"] = s
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(top)
	return b.Bytes(), err
}

// schemas are the definitions of structs, by their names.
type schemas map[string]any

// of is the schema of values of a type, as encoding/json writes them.
func (s schemas) of(typ reflect.Type) map[string]any {
	switch typ {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{s.of(typ.Elem()), map[string]any{"type": "null"}}}
	case reflect.Slice:
		return map[string]any{"type": []any{"array", "null"}, "items": s.of(typ.Elem())}
	case reflect.Array:
		return map[string]any{"type": "array", "items": s.of(typ.Elem()), "minItems": typ.Len(), "maxItems": typ.Len()}
	case reflect.Map:
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": s.of(typ.Elem())}
	case reflect.Struct:
		if _, known := s[typ.Name()]; !known {
			s[typ.Name()] = nil // it may contain itself
			s[typ.Name()] = s.object(typ)
		}
		return map[string]any{"$ref": "#/$defs/" + typ.Name()}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	}
	return map[string]any{} // anything
}

// object is the schema of a struct. What is not left out when it is zero is always there.
func (s schemas) object(typ reflect.Type) map[string]any {
	properties, required := map[string]any{}, []any{}
	for _, f := range reflect.VisibleFields(typ) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		properties[name] = s.of(f.Type)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}
