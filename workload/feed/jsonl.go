package feed

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// ReadJSONL reads a file with a JSON object in each line; empty lines are skipped. The first one's members, in its order, are the
// columns, whose names are as ReadCSV's. Every object has all of them and no others, in any order. A value that is no text is taken as it is written: a number, true, false, an array, an object. What null
// should be cannot be known, so it is an error.
//
// The error is an *Error with the line that is wrong, or that of opening or reading the file.
func ReadJSONL(path string) (*Table, error) { return read(path, (*builder).jsonl) }

func (b *builder) jsonl(in *bufio.Reader) error {
	r := jsonlReader{builder: b}
	for {
		line, err := r.readLine(in)
		if err != nil && err != io.EOF {
			return err
		}
		r.line++
		if text := bytes.Trim(line, " \t\r\n"); len(text) > 0 {
			if err := r.object(text); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
	}
	if len(b.ends) == 0 {
		return b.noObjects()
	}
	return nil
}

// A jsonlReader reads objects into a table.
type jsonlReader struct {
	*builder
	line   int
	long   []byte   // a line that is longer than the buffer
	values []string // of the object that is read, by column
	known  []bool   // which of them are
}

// readLine returns the next line. It is valid until the next call; io.EOF comes with the last one.
func (r *jsonlReader) readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return line, err
	}
	r.long = r.long[:0]
	for err == bufio.ErrBufferFull {
		r.long = append(r.long, line...)
		line, err = in.ReadSlice('\n')
	}
	r.long = append(r.long, line...)
	return r.long, err
}

func (r *jsonlReader) wrong(format string, args ...any) error {
	return &Error{r.path, r.line, 0, fmt.Sprintf(format, args...)}
}

// object takes a line.
func (r *jsonlReader) object(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return r.wrong("is not UTF-8; save the file in that encoding")
	case !json.Valid(text):
		return r.wrong("is not JSON: %s; write a whole object in each line", whyInvalid(text))
	case text[0] != '{':
		return r.wrong(`is no JSON object; write one in each line, as in {"name": "joe"}`)
	}
	first := len(r.columns) == 0
	clear(r.known)
	s := scanner{text: text, at: 1}
	for n := 0; ; n++ {
		name, value, ok := s.member()
		if !ok {
			break
		}
		if err := r.member(first, n, name, value); err != nil {
			return err
		}
	}
	if len(r.columns) == 0 {
		return r.wrong("has no members; each is a column")
	}
	if missing := slices.Index(r.known, false); missing >= 0 {
		return r.wrong("has no %q, which the first object has; add it", r.columns[missing])
	}
	for _, value := range r.values {
		if err := r.add(value); err != nil {
			return err
		}
	}
	return nil
}

// member takes the n-th member of an object.
func (r *jsonlReader) member(first bool, n int, name string, value []byte) error {
	if first && !slices.Contains(r.columns, name) {
		if problem := wrongName(name); problem != "" {
			return r.wrong("the name %q %s", name, problem)
		}
		r.columns, r.values, r.known = append(r.columns, name), append(r.values, ""), append(r.known, false)
	}
	if n >= len(r.columns) || r.columns[n] != name {
		n = slices.Index(r.columns, name)
	}
	switch {
	case n < 0:
		return r.wrong("has %q, which the first object does not have; leave it out, or add it everywhere", name)
	case r.known[n]:
		return r.wrong("has %q twice; keep one of them", name)
	case string(value) == "null":
		return r.wrong(`has null for %q; write "" for an empty text`, name)
	}
	r.values[n], r.known[n] = textOf(value), true
	return nil
}

// whyInvalid says where encoding/json finds a fault, without the text.
func whyInvalid(text []byte) string {
	syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, new(json.RawMessage)))
	if !ok || strings.HasPrefix(syntax.Error(), "unexpected end") {
		return "it ends too early"
	}
	return fmt.Sprintf("the fault is at character %d", utf8.RuneCount(text[:syntax.Offset]))
}
