package importer

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A source says where a value comes from.
type source int

const (
	fromNothing source = iota // made up, according to the type
	fromSchema                // a default, a constant or one of an enumeration
	fromExample
)

// Bounds of a value that is made of a schema, which may refer to itself.
const (
	deepestSample = 6
	largestSample = 500 // values
)

// firstExample returns the first of named examples.
func firstExample(examples openapi3.Examples) (any, bool) {
	for _, name := range slices.Sorted(maps.Keys(examples)) {
		if ref := examples[name]; ref != nil && ref.Value != nil && ref.Value.Value != nil {
			return ref.Value.Value, true
		}
	}
	return nil, false
}

// mediaValue returns a body of a media type.
func mediaValue(media *openapi3.MediaType) (any, source) {
	if media.Example != nil {
		return media.Example, fromExample
	}
	if v, ok := firstExample(media.Examples); ok {
		return v, fromExample
	}
	if media.Schema == nil {
		return map[string]any{}, fromNothing
	}
	return sampleOf(media.Schema)
}

// sampleOf returns a value that a schema allows, as well as can be told.
func sampleOf(ref *openapi3.SchemaRef) (any, source) {
	s := sampler{budget: largestSample}
	return s.value(ref, 0)
}

// A sampler makes one value.
type sampler struct {
	budget int
	within []*openapi3.Schema // the schemas around the value
}

func (s *sampler) value(ref *openapi3.SchemaRef, depth int) (any, source) {
	s.budget--
	if ref == nil || ref.Value == nil || depth > deepestSample || s.budget < 0 {
		return nil, fromNothing
	}
	schema := ref.Value
	if slices.Contains(s.within, schema) { // it refers to itself
		return nil, fromNothing
	}
	s.within = append(s.within, schema)
	defer func() { s.within = s.within[:len(s.within)-1] }()
	if v, src := given(schema); src != fromNothing {
		return v, src
	}
	for _, alternatives := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		if len(alternatives) > 0 && len(schema.Properties) == 0 {
			return s.value(alternatives[0], depth+1)
		}
	}
	switch {
	case len(schema.AllOf) > 0:
		return s.all(schema, depth)
	case schema.Type.Includes("object") || len(schema.Properties) > 0:
		return s.object(schema, depth)
	case schema.Type.Includes("array"):
		return s.list(schema, depth)
	case schema.Type.Includes("integer"), schema.Type.Includes("number"):
		return number(schema), fromNothing
	case schema.Type.Includes("boolean"):
		return true, fromNothing
	}
	return text(schema), fromNothing
}

// given is a value that the schema has itself.
func given(schema *openapi3.Schema) (any, source) {
	switch {
	case schema.Example != nil:
		return schema.Example, fromExample
	case len(schema.Examples) > 0 && schema.Examples[0] != nil:
		return schema.Examples[0], fromExample
	case schema.Default != nil:
		return schema.Default, fromSchema
	case schema.Const != nil:
		return schema.Const, fromSchema
	case len(schema.Enum) > 0 && schema.Enum[0] != nil:
		return schema.Enum[0], fromSchema
	}
	return nil, fromNothing
}

// all puts the objects of allOf together.
func (s *sampler) all(schema *openapi3.Schema, depth int) (any, source) {
	object := map[string]any{}
	src := source(fromExample)
	for _, ref := range schema.AllOf {
		v, partly := s.value(ref, depth+1)
		part, ok := v.(map[string]any)
		if !ok {
			if len(object) == 0 && v != nil {
				return v, partly
			}
			continue
		}
		maps.Copy(object, part)
		src = min(src, partly)
	}
	own, partly := s.object(schema, depth)
	maps.Copy(object, own)
	if len(own) > 0 {
		src = min(src, partly)
	}
	return object, src
}

// object has all properties that can be written. It is of the least of their sources.
func (s *sampler) object(schema *openapi3.Schema, depth int) (map[string]any, source) {
	object := map[string]any{}
	src := source(fromExample)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		ref := schema.Properties[name]
		if ref == nil || ref.Value == nil || ref.Value.ReadOnly {
			continue
		}
		required := slices.Contains(schema.Required, name)
		if !required && (depth+1 >= deepestSample || s.budget <= 0 || ref.Value.Deprecated) {
			continue
		}
		v, partly := s.value(ref, depth+1)
		if v == nil && !required {
			continue
		}
		object[name] = v
		src = min(src, partly)
	}
	return object, src
}

func (s *sampler) list(schema *openapi3.Schema, depth int) (any, source) {
	n := min(max(1, schema.MinItems), 10)
	if schema.MaxItems != nil && *schema.MaxItems == 0 {
		n = 0
	}
	list := []any{}
	src := source(fromExample)
	for range n {
		v, partly := s.value(schema.Items, depth+1)
		if v != nil {
			list = append(list, v)
			src = min(src, partly)
		}
	}
	return list, src
}

// number keeps a schema's limits.
func number(schema *openapi3.Schema) any {
	n := 1.0
	least, above := bound(schema.Min, schema.ExclusiveMin)
	if least != nil && n <= *least {
		n = *least
		if above || !schema.Type.Includes("integer") {
			n++
		}
	}
	most, below := bound(schema.Max, schema.ExclusiveMax)
	switch {
	case most == nil || n < *most || n == *most && !below:
	case !below:
		n = *most
	case least != nil && !schema.Type.Includes("integer"):
		n = (*least + *most) / 2
	default:
		n = *most - 1
	}
	if of := schema.MultipleOf; of != nil && *of > 0 {
		n = math.Ceil(n / *of) * *of
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 1.0
	}
	return n
}

// bound is a limit, and whether it is itself beyond it: OpenAPI 3.0 says so beside the limit, 3.1 has a limit of its own for it.
func bound(limit *float64, exclusive openapi3.ExclusiveBound) (value *float64, excluded bool) {
	if exclusive.Value != nil {
		return exclusive.Value, true
	}
	return limit, exclusive.Bool != nil && *exclusive.Bool
}

// text is of a schema's format and length. Patterns are not solved.
func text(schema *openapi3.Schema) string {
	switch schema.Format {
	case "date":
		return "2024-01-31"
	case "date-time":
		return "2024-01-31T12:00:00Z"
	case "time":
		return "12:00:00Z"
	case "duration":
		return "PT1M"
	case "uuid":
		return "00000000-0000-4000-8000-000000000001"
	case "email":
		return "user@example.com"
	case "uri", "url":
		return "https://example.com/"
	case "hostname":
		return "example.com"
	case "ipv4":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "byte":
		return "dGV4dA=="
	}
	s := "text"
	const longest = 1000
	if n := int(min(schema.MinLength, longest)); len(s) < n {
		s = strings.Repeat("text", n/4+1)[:n]
	}
	if schema.MaxLength != nil && uint64(len(s)) > *schema.MaxLength {
		s = s[:*schema.MaxLength]
	}
	return s
}

// describe says of a value that is not an example where it comes from.
func (src source) describe(what string) string {
	if src == fromExample {
		return ""
	}
	return fmt.Sprintf("%s is made of its schema, as there is no example of all of it", what)
}
