package planfile

import "strings"

// A section is a mapping whose keys are known.
type section struct {
	name  string // as keys and schema refer to it
	at    string // path of the first place that it has in a plan; "": the top
	title string // of its part of the documentation
	about string // one or two sentences, where the keys do not say it all
	keys  []Key
	needs schema // what else its values have to meet; nil: nothing
}

// A Key is a key of a plan, as documentation, schema and parser have it.
type Key struct {
	Name    string
	Type    Type
	Default string // in prose; "": none. A value stands in backquotes
	Unit    string
	Flag    string // of the command line that sets it, "URL" for the argument; "": none
	Meaning string // a clause
	Example string // of its value, in YAML
}

// withUnit is the unit of values that are written with one.
const withUnit = "time"

// A Type is what a value can be.
type Type struct {
	said   string // by the documentation
	schema any
}

// String is the type in a few words.
func (t Type) String() string { return t.said }

// A schema is a JSON Schema.
type schema map[string]any

func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }

// object is a mapping with a section's keys, or nothing at all.
func object(section string) Type { return Type{"mapping", ref(section)} }

// list is a list of values.
func list(t Type) Type {
	return Type{"list of " + plural(t.said), schema{"type": "array", "items": t.schema}}
}

// filled is a list that is not empty.
func filled(t Type) Type {
	return Type{list(t).said, schema{"type": "array", "items": t.schema, "minItems": 1}}
}

// some is a value, or a list of them.
func some(t Type) Type {
	return Type{t.said + ", or a list of them", either(t.schema, schema{"type": "array", "items": t.schema})}
}

// either is one type or another.
func or(types ...Type) Type {
	var said []string
	var schemas []any
	for _, t := range types {
		said = append(said, t.said)
		schemas = append(schemas, t.schema)
	}
	return Type{strings.Join(said[:len(said)-1], ", ") + " or " + said[len(said)-1], either(schemas...)}
}

func either(schemas ...any) schema { return schema{"anyOf": schemas} }

// named is a mapping whose keys are the user's.
func named(of string, t Type) Type {
	return Type{"mapping of " + of + " to " + plural(t.said), schema{"type": nullable("object"), "additionalProperties": t.schema}}
}

func nullable(types ...any) []any { return append(types, "null") }

func plural(said string) string {
	first, rest, _ := strings.Cut(said, " ")
	if rest != "" {
		rest = " " + rest
	}
	switch {
	case strings.HasSuffix(first, "s"):
	case strings.HasSuffix(first, "y"):
		first = strings.TrimSuffix(first, "y") + "ies"
	default:
		first += "s"
	}
	return first + rest
}

// oneOf is one of a few texts.
func oneOf(words ...string) Type {
	var values []any
	var said []string
	for _, w := range words {
		values = append(values, w)
		said = append(said, "`"+w+"`")
	}
	return Type{strings.Join(said, ", "), either(schema{"enum": values}, ref("variable"))}
}

// version is one of a few numbers with a point, which YAML takes for numbers where they have no quotes.
func version(texts []string, numbers ...any) Type {
	t := oneOf(texts...)
	t.schema = either(t.schema, schema{"enum": numbers})
	return t
}

// described gives a type another name.
func described(said string, t Type) Type { return Type{said, t.schema} }

// What values are made of. Texts can have variables of the environment in them, which can stand for other values too.
func text() Type       { return Type{"text", ref("text")} }
func fileName() Type   { return Type{"file", ref("text")} }
func expression() Type { return Type{"expression", ref("text")} }
func template() Type   { return Type{"template", ref("text")} }
func boolean() Type    { return Type{"true or false", ref("boolean")} }
func duration() Type   { return Type{"time", ref("duration")} }
func number() Type     { return Type{"number", ref("number")} }
func anything() Type   { return Type{"anything", schema{}} }

// whole is a whole number from a least one on.
func whole(least int) Type {
	return Type{"whole number", either(schema{"type": "integer", "minimum": least}, ref("variable"))}
}

// statusNumber is the status of a response as a number.
func statusNumber() Type {
	return Type{"whole number", either(schema{"type": "integer", "minimum": 100, "maximum": 599}, ref("variable"))}
}

// scalars are the definitions of what values are made of.
func scalars() map[string]schema {
	const time = `^\+?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$`
	variable := ref("variable")
	return map[string]schema{
		"variable": {"type": "string", "pattern": `\$\{`, "description": "a text with the value of an environment variable in it, as ${NAME}"},
		"text":     {"type": []any{"string", "number", "boolean"}},
		"boolean":  {"anyOf": []any{schema{"type": "boolean"}, variable}},
		"number":   {"anyOf": []any{schema{"type": "number"}, variable}},
		"duration": {
			"anyOf":       []any{schema{"type": "string", "pattern": time}, schema{"const": 0}, variable},
			"description": "a number with its unit: ns, us, ms, s, m or h, as in 1m30s",
		},
		"lifetime": {"anyOf": []any{ref("duration"), schema{"const": "forever"}}},
		"size": {
			"anyOf":       []any{schema{"type": "integer", "minimum": 1}, schema{"type": "string", "pattern": `^\d+(\.\d+)?[kM]?$`}, variable},
			"description": "bytes, or with k or M times 1024 or 1024²",
		},
		"bits": {
			"anyOf":       []any{schema{"type": "integer", "minimum": 1}, schema{"type": "string", "pattern": `^\d+(\.\d+)?[kMG]?$`}, variable},
			"description": "bits per second, or with k, M or G times 1000, 1000² or 1000³",
		},
		"fields": {
			"type": nullable("object"),
			"additionalProperties": either(ref("text"), schema{"type": "null"},
				schema{"type": "array", "items": either(ref("text"), schema{"type": "null"})}),
			"description": "texts by their names; a list repeats the name, and null takes away what there would be",
		},
		"status": {"anyOf": []any{schema{"type": "integer", "minimum": 100, "maximum": 599}, schema{"type": "string", "pattern": `^[1-5]([0-9]{2}|[xX]{2})$`}, variable}},
	}
}
