package script

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// A function of ours.
type function struct {
	name    string // that of a hidden one begins with a dot
	hidden  bool   // only rewriting calls it
	library bool   // it is one of the library, within limits
	check   bool   // it is there in checks only
	scoped  bool   // its first argument is the frame
	call    func(arguments ...any) (any, error)
	types   []any // functions that have the types which it can have
}

// functions lists all, those of expressions and those that rewriting puts in.
func functions() []function {
	return []function{
		{name: "seq", scoped: true, call: withScope(sequence), types: []any{func(any) int { return 0 }}},
		{name: "uuid", call: uuid, types: []any{func() string { return "" }}},
		{name: "rand", scoped: true, call: withScope(random), types: []any{func(any) float64 { return 0 }}},
		{name: "randint", scoped: true, call: withScope(randomInt), types: []any{func(_ any, _, _ int) int { return 0 }}},
		{name: "choice", scoped: true, call: withScope(choice), types: []any{func(any, any, ...any) any { return nil }}},
		{name: "now", scoped: true, call: withScope(now), types: []any{func(any) any { return nil }, func(any, string) any { return nil }}},
		{name: "urlquery", call: ofText(url.QueryEscape), types: []any{ofAny}},
		{name: "base64", call: ofText(func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }), types: []any{ofAny}},
		{name: "json", call: toJSON, types: []any{ofAny}},
		{name: "toJSON", library: true, call: toJSON, types: []any{ofAny}},
		{name: "string", library: true, call: ofText(func(text string) string { return text }), types: []any{ofAny}},
		{name: "repeat", library: true, call: repeat, types: []any{strings.Repeat}},
		{name: "join", library: true, call: join, types: []any{ofAny, func(any, string) string { return "" }}},
		{name: "replace", library: true, call: replace, types: []any{strings.ReplaceAll, strings.Replace}},
		{name: "uniq", library: true, call: uniq, types: []any{func(any) []any { return nil }}},
		{name: "flatten", library: true, call: ofSmall("flatten"), types: []any{func(any) []any { return nil }}},
		{name: "min", library: true, call: ofSmall("min"), types: []any{ofMany}},
		{name: "max", library: true, call: ofSmall("max"), types: []any{ofMany}},
		{name: "mean", library: true, call: ofSmall("mean"), types: []any{ofMany}},
		{name: "median", library: true, call: ofSmall("median"), types: []any{ofMany}},

		{name: "header", check: true, scoped: true, call: withScope(header), types: []any{func(any, string) any { return nil }}},
		{name: "cookie", check: true, scoped: true, call: withScope(cookie), types: []any{func(any, string) any { return nil }}},

		{name: ".json", hidden: true, call: withScope(jsonBody), types: []any{func(any, string) any { return nil }}},
		{name: ".body", hidden: true, call: withScope(textBody), types: []any{ofAny}},
		{name: ".headers", hidden: true, call: withScope(headers), types: []any{func(any) map[string]any { return nil }}},
		{name: ".unset", hidden: true, call: unset, types: []any{func(string) any { return nil }}},
		{name: ".add", hidden: true, call: add, types: []any{func(_, _ any) any { return nil }}},
	}
}

// The types of functions of one value, and of at least one.
func ofAny(any) string       { return "" }
func ofMany(any, ...any) any { return nil }

// isFunction says whether one of ours that can be called has the name.
func isFunction(name string) bool {
	for _, f := range functions() {
		if f.name == name && !f.hidden {
			return true
		}
	}
	return false
}

// A failure is an error of ours, which has no values in it; the library's own may have some.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func failf(format string, args ...any) error { return failure{fmt.Errorf(format, args...)} }

// withScope gives a function its scope in the place of the frame.
func withScope(call func(s *Scope, arguments []any) (any, error)) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		s := arguments[0].(map[string]any)[scopeKey].(*Scope)
		return call(s, arguments[1:])
	}
}

// ofText makes a function of any value's text.
func ofText(f func(string) string) func(...any) (any, error) {
	return func(arguments ...any) (any, error) {
		text, err := textOf(arguments[0])
		if err != nil {
			return nil, failure{err}
		}
		return f(text), nil
	}
}

func toJSON(arguments ...any) (any, error) {
	text, err := jsonOf(arguments[0])
	if err != nil {
		return nil, failure{err}
	}
	return text, nil
}

func sequence(s *Scope, _ []any) (any, error) { return int(s.Sequence()), nil }

func random(s *Scope, _ []any) (any, error) { return s.Random.Float64(), nil }

// uuid draws a version 4 UUID (RFC 9562, section 5.4). The plan's seed has no say in it: were it the same in another arm, or in another
// run, a server that takes it for the key of a request would answer from memory.
func uuid(...any) (any, error) {
	var id [16]byte
	for i, half := range [2]uint64{rand.Uint64(), rand.Uint64()} {
		for j := range 8 {
			id[8*i+j] = byte(half >> (8 * j))
		}
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	at := 0
	for i, group := range [5][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], group)
	}
	return string(text[:]), nil
}

// randomInt draws from a to b, both included, evenly.
func randomInt(s *Scope, arguments []any) (any, error) {
	var bounds [2]int
	for i, argument := range arguments {
		switch argument.(type) {
		case int, int64:
			bounds[i] = runtime.ToInt(argument)
		default:
			return nil, failf("randint needs whole numbers; int(x) makes one of a text")
		}
	}
	from, to := bounds[0], bounds[1]
	if from > to {
		return nil, failf("randint has no number to draw: the first bound is above the second")
	}
	if span := uint64(to) - uint64(from) + 1; span != 0 {
		return int(uint64(from) + s.Random.Uint64N(span)), nil
	}
	return int(s.Random.Uint64()), nil
}

// choice draws one of its arguments, or of the list that is its only one.
func choice(s *Scope, arguments []any) (any, error) {
	list := reflect.ValueOf(arguments)
	if only := reflect.ValueOf(arguments[0]); len(arguments) == 1 && only.Kind() == reflect.Slice {
		list = only
	}
	if list.Len() == 0 {
		return nil, failf("choice has an empty list to draw from")
	}
	return list.Index(s.Random.IntN(list.Len())).Interface(), nil
}

// now returns the time in UTC: by RFC 3339, in seconds or milliseconds since 1970, or in Go's layout.
func now(s *Scope, arguments []any) (any, error) {
	t := s.now().UTC()
	if len(arguments) == 0 {
		return t.Format(time.RFC3339), nil
	}
	switch layout := arguments[0].(string); layout {
	case "unix":
		return int(t.Unix()), nil
	case "unixms":
		return int(t.UnixMilli()), nil
	default:
		return t.Format(layout), nil
	}
}

func unset(arguments ...any) (any, error) { return nil, failure{notSet(arguments[0].(string))} }
