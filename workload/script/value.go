package script

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// appendText appends the text of a value: numbers without exponent, and without a point where they are whole; true and
// false; times by RFC 3339; lists and objects as JSON.
func appendText(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return dst, failf("the expression has no value: what it looks for is not there")
	case string:
		return append(dst, v...), nil
	case []byte:
		return append(dst, v...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return dst, notFinite()
		}
		return strconv.AppendFloat(dst, v, 'f', -1, 64), nil
	case time.Time:
		return v.AppendFormat(dst, time.RFC3339), nil
	case time.Duration:
		return append(dst, v.String()...), nil
	}
	text, err := jsonOf(value)
	return append(dst, text...), err
}

func notFinite() error { return failf("the expression has no value: it is not a finite number") }

// textOf is appendText's text.
func textOf(value any) (string, error) {
	if text, ok := value.(string); ok {
		return text, nil
	}
	var buffer [32]byte
	text, err := appendText(buffer[:0], value)
	return string(text), err
}

// jsonOf writes a value as JSON.
func jsonOf(value any) (string, error) {
	if err := small(value); err != nil {
		return "", err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", failf("the expression has a value that JSON cannot express")
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// valueOf returns a JSON value as expressions see it: string, bool, int64, uint64, float64, []any, map[string]any; nil for
// null, and where there is none. Whole numbers stay exact.
func valueOf(r gjson.Result) any {
	switch r.Type {
	case gjson.String:
		return strings.Clone(r.Str)
	case gjson.True, gjson.False:
		return r.Bool()
	case gjson.Number:
		return numberOf(r.Raw)
	case gjson.JSON:
		if r.IsArray() {
			list := []any{}
			r.ForEach(func(_, item gjson.Result) bool {
				list = append(list, valueOf(item))
				return true
			})
			return list
		}
		object := map[string]any{}
		r.ForEach(func(key, member gjson.Result) bool {
			object[key.String()] = valueOf(member)
			return true
		})
		return object
	}
	return nil
}

func numberOf(raw string) any {
	if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return i
	}
	if u, err := strconv.ParseUint(raw, 10, 64); err == nil {
		return u
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil { // beyond what a float64 can hold
		return strings.Clone(raw)
	}
	return f
}

// validJSON says whether a body is JSON, and not so deep that reading it would exhaust the stack.
func validJSON(body []byte) bool {
	if bytes.Count(body, []byte{'['})+bytes.Count(body, []byte{'{'}) > 10_000 {
		return json.Valid(body) // slower, but it limits the depth to 10,000
	}
	return gjson.ValidBytes(body)
}
