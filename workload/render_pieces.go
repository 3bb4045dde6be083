package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A piece of a text stands for itself, or is a hole.
type piece struct {
	text string
	hole *hole // nil: text
}

// A hole is where a value is put.
type hole struct {
	value *script.Template // one expression
	put   putting
	key   string // of the text in the plan
}

// A putting is how a value is put into a text.
type putting int

const (
	putAsIs      putting = iota
	putInSegment         // of a URL's path
	putInQuery           // of a URL, or in a form that was encoded
	putByEncoder         // of params and forms, which is still to come
	putInJSON            // between a JSON string's quotes
	putAsJSON            // as a JSON value
)

// appendPieces appends a text. The error is script.ErrEnded, or names the key and says which value is missing.
func appendPieces(dst []byte, pieces []piece, scope *script.Scope) ([]byte, error) {
	for i := range pieces {
		p := &pieces[i]
		if p.hole == nil {
			dst = append(dst, p.text...)
			continue
		}
		var err error
		if dst, err = p.hole.append(dst, scope); err != nil {
			if errors.Is(err, script.ErrEnded) {
				return dst, script.ErrEnded
			}
			return dst, fmt.Errorf("%s: %w", p.hole.key, err)
		}
	}
	return dst, nil
}

func (h *hole) append(dst []byte, scope *script.Scope) ([]byte, error) {
	if h.put == putAsJSON {
		value, err := h.value.Value(scope)
		if err != nil {
			return dst, err
		}
		return appendJSON(dst, value)
	}
	from := len(dst)
	dst, err := h.value.Append(dst, scope)
	switch {
	case err != nil:
		return dst, err
	case h.put == putInSegment:
		return session.EscapeSegment(dst, from), nil
	case h.put == putInQuery:
		return session.EscapeQuery(dst, from), nil
	case h.put == putInJSON && !plainJSON(dst[from:]):
		text := string(dst[from:])
		return appendJSONText(dst[:from], text)
	}
	return dst, nil
}

// appendJSON appends a value as JSON; times and durations are texts, as templates write them.
func appendJSON(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return appendQuoted(dst, v)
	case []byte:
		return appendQuoted(dst, string(v))
	case time.Time:
		return appendQuoted(dst, v.Format(time.RFC3339))
	case time.Duration:
		return appendQuoted(dst, v.String())
	}
	encoded, err := encodeJSON(value)
	return append(dst, encoded...), err
}

func appendQuoted(dst []byte, text string) ([]byte, error) {
	dst, err := appendJSONText(append(dst, '"'), text)
	return append(dst, '"'), err
}

// appendJSONText appends what stands between a JSON string's quotes.
func appendJSONText(dst []byte, text string) ([]byte, error) {
	if plainJSON(text) {
		return append(dst, text...), nil
	}
	encoded, err := encodeJSON(text)
	if err != nil {
		return dst, err
	}
	return append(dst, encoded[1:len(encoded)-1]...), nil
}

// plainJSON reports whether a text can stand in a JSON string as it is.
func plainJSON[T string | []byte](text T) bool {
	for i := range len(text) {
		if b := text[i]; b < ' ' || b == '"' || b == '\\' || b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// encodeJSON writes a value as JSON, in which no character is escaped that need not be. The error does not repeat the value.
func encodeJSON(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, errors.New("a value cannot be written as JSON")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
