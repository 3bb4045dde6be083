package feed

import (
	"bytes"
	"encoding/json"
	"strings"
)

// A scanner takes the members out of an object that is valid JSON. (Decoding into a map would lose their order, and
// takes five times the time.)
type scanner struct {
	text []byte
	at   int // behind the opening brace, or behind a member
}

// member returns the next member's name and its value as it is written, or false after the last. The value is a part of
// the text.
func (s *scanner) member() (name string, value []byte, ok bool) {
	s.skip(" \t\r\n,")
	if s.text[s.at] == '}' {
		return "", nil, false
	}
	start := s.at
	s.str()
	name = textOf(s.text[start:s.at])
	s.skip(" \t\r\n:")
	start = s.at
	s.value()
	return name, s.text[start:s.at], true
}

func (s *scanner) skip(these string) {
	for strings.IndexByte(these, s.text[s.at]) >= 0 {
		s.at++
	}
}

// str goes behind a string.
func (s *scanner) str() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// value goes behind a value.
func (s *scanner) value() {
	for depth := 0; ; {
		switch s.text[s.at] {
		case '"':
			s.str()
		case '{', '[':
			depth++
			s.at++
		case '}', ']':
			depth--
			s.at++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.at++
		default: // a number, true, false, null
			s.at += bytes.IndexAny(s.text[s.at:], ",:}] \t\r\n")
		}
		if depth == 0 {
			return
		}
	}
}

// textOf returns what a string says, and other values as they are written.
func textOf(value []byte) string {
	if value[0] != '"' {
		return string(value)
	}
	inside := value[1 : len(value)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return string(inside)
	}
	var text string
	_ = json.Unmarshal(value, &text) // it is valid
	return text
}
