package result

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
)

// Encode writes r to w as indented JSON that ends in a newline: the bytes that
// WriteFile saves. It encodes the whole result before the first byte goes to w.
// A number that JSON does not have (NaN, an infinity) is an error that names its
// field.
func Encode(w io.Writer, r *Result) error { return encodeTo(w, r) }

func encodeTo(w io.Writer, r any) error {
	data, err := encode(r)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// encode takes a pointer to a Result or a Trace.
func encode(r any) ([]byte, error) {
	if path, value, found := findNonFinite(reflect.ValueOf(r).Elem(), ""); found {
		return nil, fmt.Errorf("the result cannot be written: %s is %v, which JSON has no number for", path, value)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("the result cannot be written: %w", err)
	}
	return buf.Bytes(), nil
}

// findNonFinite returns the path, in the JSON's words, and the value of a
// number that is not finite, where there is one.
func findNonFinite(v reflect.Value, path string) (string, float64, bool) {
	switch v.Kind() {
	case reflect.Float64:
		f := v.Float()
		return path, f, math.IsNaN(f) || math.IsInf(f, 0)
	case reflect.Pointer:
		if !v.IsNil() {
			return findNonFinite(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if p, f, found := findNonFinite(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); found {
				return p, f, true
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if p, f, found := findNonFinite(it.Value(), joinPath(path, it.Key().String())); found {
				return p, f, true
			}
		}
	case reflect.Struct:
		for _, field := range jsonFields(v) {
			if p, f, found := findNonFinite(field.value, joinPath(path, field.name)); found {
				return p, f, true
			}
		}
	}
	return "", 0, false
}

func joinPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// A jsonField is a field of a struct under its name in the JSON.
type jsonField struct {
	name  string
	value reflect.Value
}

// jsonFields lists the fields of a struct as the JSON has them, those of
// embedded structs among them.
func jsonFields(v reflect.Value) []jsonField {
	var fields []jsonField
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			fields = append(fields, jsonFields(v.Field(i))...)
		case name != "":
			fields = append(fields, jsonField{name, v.Field(i)})
		}
	}
	return fields
}
