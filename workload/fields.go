package workload

import (
	"bytes"
	"encoding/json"

	"sessbench/workload/session"
)

// What a plan and a session have in common. In a plan all of them are objects in their order, with null for what
// is taken away.
type (
	Fields  = session.Fields
	Cookies = session.Cookies
	Proxies = session.Proxies
)

type member struct {
	key   string
	value any
}

// An orderedObject is a JSON object whose members keep their order.
type orderedObject []member

// count appends a member where there is a count.
func (o orderedObject) count(key string, n *int) orderedObject {
	if n == nil {
		return o
	}
	return append(o, member{key, *n})
}

func (o orderedObject) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// doubleDollars doubles, in the strings of a JSON text that are no keys, every dollar sign
// that a plan file gives a meaning: before another one and before a brace.
func doubleDollars(data []byte) []byte {
	if bytes.IndexByte(data, '$') < 0 {
		return data
	}
	out := make([]byte, 0, len(data)+8)
	for len(data) > 0 {
		if data[0] != '"' {
			out, data = append(out, data[0]), data[1:]
			continue
		}
		end := stringEnd(data)
		if end < len(data) && data[end] == ':' {
			out = append(out, data[:end]...)
		} else {
			out = appendDoubled(out, data[:end])
		}
		data = data[end:]
	}
	return out
}

// stringEnd returns where the JSON string ends that data begins with.
func stringEnd(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}

func appendDoubled(out, text []byte) []byte {
	for i := 0; i < len(text); {
		run := i
		for run < len(text) && text[run] == '$' {
			run++
		}
		n := run - i
		if n == 0 {
			out = append(out, text[i])
			i++
			continue
		}
		if n > 1 || run < len(text) && text[run] == '{' {
			n *= 2
		}
		out = append(out, bytes.Repeat([]byte{'$'}, n)...)
		i = run
	}
	return out
}
