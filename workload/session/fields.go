package session

import (
	"fmt"
	"slices"
	"strings"

	"sessbench/workload/wire"
)

// A Field is a named setting: a header, a query parameter, a field of a form. Several
// values repeat the name; without any the field is removed where it is merged over others.
type Field struct {
	Name   string
	Values []string
}

// Fields are fields in their order. Their JSON is an object in that order: a field is a string,
// several values are a list, no values are null; JSON keeps nothing that is not UTF-8.
type Fields []Field

// Set returns a field with one value, or with several that repeat the name.
func Set(name string, values ...string) Field { return Field{name, values} }

// Remove returns a field that takes the name away from what it is merged over.
func Remove(name string) Field { return Field{Name: name} }

// Pairs returns fields from names and values in turn. It panics if the last name has no
// value.
func Pairs(namesAndValues ...string) Fields {
	if len(namesAndValues)%2 != 0 {
		panic("session: Pairs needs a value for every name")
	}
	fields := make(Fields, 0, len(namesAndValues)/2)
	for i := 0; i < len(namesAndValues); i += 2 {
		fields = append(fields, Set(namesAndValues[i], namesAndValues[i+1]))
	}
	return fields
}

// Add adds a header line: a value of the field with that name, whatever its case, or a new
// field. f is not used any more.
func (f Fields) Add(name, value string) Fields {
	i := slices.IndexFunc(f, func(known Field) bool { return strings.EqualFold(known.Name, name) })
	if i < 0 {
		return append(f, Set(name, value))
	}
	f[i].Values = append(f[i].Values, value)
	return f
}

// Get returns the first value of a name, or "". A field of exactly that spelling counts before one
// that differs in case, and of several such the last one.
func (f Fields) Get(name string) string {
	i := f.last(name, sameSpelling)
	if i < 0 {
		i = f.last(name, strings.EqualFold)
	}
	if i < 0 || len(f[i].Values) == 0 {
		return ""
	}
	return f[i].Values[0]
}

// With returns a copy in which each of fields takes the place of those of the same spelling, or
// stands at the end. A removal is kept, so that it counts when the copy is merged over others.
func (f Fields) With(fields ...Field) Fields {
	merged := slices.Grow(slices.Clone(f), len(fields))
	for _, field := range fields {
		i := merged.first(field.Name, sameSpelling)
		if i < 0 {
			merged = append(merged, field)
			continue
		}
		merged[i] = field
		rest := slices.DeleteFunc(merged[i+1:], func(other Field) bool { return other.Name == field.Name })
		merged = merged[:i+1+len(rest)]
	}
	return merged
}

func sameSpelling(a, b string) bool { return a == b }

func (f Fields) first(name string, same func(a, b string) bool) int {
	return slices.IndexFunc(f, func(field Field) bool { return same(field.Name, name) })
}

func (f Fields) last(name string, same func(a, b string) bool) int {
	for i := len(f) - 1; i >= 0; i-- {
		if same(f[i].Name, name) {
			return i
		}
	}
	return -1
}

// lines returns fields as header lines, one for each value.
func (f Fields) lines() []wire.Header {
	n := 0
	for _, field := range f {
		n += len(field.Values)
	}
	lines := make([]wire.Header, 0, n)
	for _, field := range f {
		for _, value := range field.Values {
			lines = append(lines, wire.Header{Name: field.Name, Value: value})
		}
	}
	return lines
}

// MergeHeaders lays over onto base; names are compared without case. A name keeps the position that
// it has in base and takes the spelling of over. Of a name that is twice in one of them the later
// one counts, as if it had been set anew. Values are shared with base and over.
func MergeHeaders(base, over Fields) Fields {
	merged := make(Fields, 0, len(base)+len(over))
	removed := false
	for _, fields := range [2]Fields{base, over} {
		for _, field := range fields {
			removed = removed || len(field.Values) == 0
			if i := merged.first(field.Name, strings.EqualFold); i >= 0 {
				merged[i] = field
			} else {
				merged = append(merged, field)
			}
		}
	}
	if !removed {
		return merged
	}
	return slices.DeleteFunc(merged, isRemoval)
}

// mergeParams lays over onto base; names are compared with case. What over says of a name stands
// where base said it first. A name that one of them has several times is repeated. Values are
// shared with base and over.
func mergeParams(base, over Fields) Fields {
	merged := make(Fields, 0, len(base)+len(over))
	for i, field := range base {
		switch {
		case over.first(field.Name, sameSpelling) < 0:
			merged = append(merged, field)
		case base[:i].first(field.Name, sameSpelling) < 0:
			for _, other := range over {
				if other.Name == field.Name {
					merged = append(merged, other)
				}
			}
		}
	}
	for _, field := range over {
		if base.first(field.Name, sameSpelling) < 0 {
			merged = append(merged, field)
		}
	}
	return slices.DeleteFunc(merged, isRemoval)
}

func isRemoval(field Field) bool { return len(field.Values) == 0 }

// encodeFields returns fields as application/x-www-form-urlencoded: UTF-8, a blank is "+", and only
// A-Z a-z 0-9 _ . - ~ stand for themselves.
func encodeFields(fields Fields) string { return string(appendFields(nil, fields)) }

// appendFields appends what encodeFields returns to out, after a "&" if there is something.
func appendFields(out []byte, fields Fields) []byte {
	for _, field := range fields {
		for _, value := range field.Values {
			if len(out) > 0 {
				out = append(out, '&')
			}
			out = appendFormText(out, field.Name)
			out = append(out, '=')
			out = appendFormText(out, value)
		}
	}
	return out
}

func appendFormText(out []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case isUnreserved(b):
			out = append(out, b)
		case b == ' ':
			out = append(out, '+')
		default:
			out = appendEscape(out, b)
		}
	}
	return out
}

// validateHeaders reports which header cannot be sent, as an *Error of kind ErrInvalidHeader. Its
// text has no value, nor what follows a colon or blank in a name, where a whole line may
// have been given by mistake.
func validateHeaders(headers Fields) error {
	for _, field := range headers {
		for _, value := range field.Values {
			if err := wire.ValidateHeader(field.Name, value); err != nil {
				if end := strings.IndexAny(field.Name, ":= \t\r\n"); end >= 0 {
					err = fmt.Errorf("name begins with %q and goes on with what no name can have", field.Name[:end])
				}
				return &Error{Kind: ErrInvalidHeader, Err: err}
			}
		}
	}
	return nil
}
