package wire

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A head is what a response head says about where the response ends and what becomes of
// its connection. fasthttp's parser, which gives the fields, is not asked for this: it hides
// which Connection header there was, refuses repeated lengths, and lets empty lines in
// front, blanks in names and bare line feeds pass.
type head struct {
	size      int   // bytes, the empty line included
	status    int   // 100..999
	length    int64 // Content-Length, or -1
	chunked   bool
	oldHTTP   bool // HTTP/1.0
	close     bool // Connection: close
	keepAlive bool // Connection: keep-alive
	named     bool // there is a Connection header
	cookies   bool // there is a Set-Cookie header
	plainCopy bool // fasthttp needs a copy without the lines that it would refuse
}

// A headScan reads a head line by line, as bytes come. The zero value starts a new head.
type headScan struct {
	head
	pos     int  // start of the next line
	looked  int  // no line ends between pos and here
	framing bool // the last line decides about framing: it must not be continued
}

// scan goes on with buf, which starts with the head's first byte and only ever gets
// longer. done reports that the head is complete.
func (s *headScan) scan(buf []byte) (done bool, err error) {
	if s.pos == 0 && !startsLikeHTTP(buf) {
		return false, errStatusLine
	}
	for {
		from := max(s.pos, s.looked)
		n := bytes.IndexByte(buf[from:], '\n')
		if n < 0 {
			s.looked = len(buf)
			return false, nil
		}
		line := buf[s.pos : from+n]
		if len(line) == 0 || line[len(line)-1] != '\r' {
			return false, errHeaderLine
		}
		if line = line[:len(line)-1]; !printable(line) {
			return false, errHeaderLine
		}
		first := s.pos == 0
		s.pos = from + n + 1
		switch {
		case first:
			err = s.statusLine(line)
		case len(line) == 0:
			s.size = s.pos
			if s.chunked {
				s.length = -1 // Transfer-Encoding wins (RFC 9112, section 6.3)
			}
			return true, nil
		default:
			err = s.field(line)
		}
		if err != nil {
			return false, err
		}
	}
}

// startsLikeHTTP lets a server of another protocol be noticed before it falls silent.
func startsLikeHTTP(buf []byte) bool {
	const start = "HTTP/1."
	n := min(len(buf), len(start))
	return string(buf[:n]) == start[:n]
}

// statusLine reads "HTTP/1.x nnn" and an optional reason. Versions of HTTP/1 beyond 1.1
// count as 1.1 (RFC 9110, section 2.5).
func (s *headScan) statusLine(line []byte) error {
	const minor, space, code, end = 7, 8, 9, 12
	if len(line) < end || !isDigit(line[minor]) || line[space] != ' ' || len(line) > end && line[end] != ' ' {
		return errStatusLine
	}
	for _, b := range line[code:end] {
		if !isDigit(b) {
			return errStatusLine
		}
		s.status = s.status*10 + int(b-'0')
	}
	if s.status < 100 {
		return errStatusLine
	}
	s.oldHTTP = line[minor] == '0'
	s.length = -1
	s.framing = true
	return nil
}

// field reads one header line for what it says about framing.
func (s *headScan) field(line []byte) error {
	if isBlank(line[0]) {
		// The continuation of a field, as old servers send them.
		if s.framing {
			return errHeaderLine
		}
		return nil
	}
	colon := bytes.IndexByte(line, ':')
	if colon < 0 || !isToken(line[:colon]) {
		return errHeaderLine
	}
	name, value := line[:colon], line[colon+1:]
	s.framing = false
	switch len(name) {
	case len("Trailer"):
		// fasthttp refuses a response for some of the names that may be listed here.
		s.plainCopy = s.plainCopy || equalFold(name, "Trailer")
	case len("Connection"):
		switch {
		case equalFold(name, "Connection"):
			s.framing, s.named = true, true
			s.close = s.close || hasListToken(value, "close")
			s.keepAlive = s.keepAlive || hasListToken(value, "keep-alive")
		case equalFold(name, "Set-Cookie"):
			s.cookies = true
		}
	case len("Content-Length"):
		if equalFold(name, "Content-Length") {
			return s.contentLength(value)
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "Transfer-Encoding") {
			return s.transferEncoding(value)
		}
	}
	return nil
}

// contentLength accepts a repeated length when it is the same one (RFC 9110, section 8.6).
func (s *headScan) contentLength(value []byte) error {
	value = trimBlanks(value)
	var n int64
	for _, b := range value {
		if !isDigit(b) || n > (math.MaxInt64-9)/10 {
			return errFraming
		}
		n = n*10 + int64(b-'0')
	}
	if len(value) == 0 || s.length >= 0 && s.length != n {
		return errFraming
	}
	s.plainCopy = s.plainCopy || s.length >= 0
	s.length = n
	s.framing = true
	return nil
}

// transferEncoding accepts chunked, once. HTTP/1.0 does not know the field: there it is
// passed over, and the connection is not used again (RFC 9112, section 6.1).
func (s *headScan) transferEncoding(value []byte) error {
	s.framing = true
	if s.oldHTTP {
		s.close = true
		return nil
	}
	if s.chunked || !equalFold(trimBlanks(value), "chunked") {
		return errCoding
	}
	s.chunked = true
	return nil
}

// persistent reports whether the server lets the connection be used again.
func (h *head) persistent() bool {
	return !h.close && (!h.oldHTTP || h.keepAlive)
}

// bodiless reports whether the status alone says that there is no body.
func (h *head) bodiless() bool {
	return h.status < 200 || h.status == 204 || h.status == 304
}

// interim reports whether another response follows (RFC 9110, section 15.2): all of 1xx
// but 101, after which the connection speaks something else.
func (h *head) interim() bool { return h.status < 200 && h.status != 101 }

// appendPlain appends a head without repeated Content-Length lines and without Trailer
// lines, for fasthttp to read.
func appendPlain(dst, raw []byte) []byte {
	lengths, skipping := 0, false
	for line := range bytes.Lines(raw) {
		if !isBlank(line[0]) {
			name, _, _ := bytes.Cut(line, []byte(":"))
			if equalFold(name, "Content-Length") {
				lengths++
			}
			skipping = equalFold(name, "Content-Length") && lengths > 1 || equalFold(name, "Trailer")
		}
		if !skipping {
			dst = append(dst, line...)
		}
	}
	return dst
}

// hasListToken reports whether a comma-separated value has the token, in any case.
func hasListToken(value []byte, token string) bool {
	for len(value) > 0 {
		var item []byte
		if i := bytes.IndexByte(value, ','); i >= 0 {
			item, value = value[:i], value[i+1:]
		} else {
			item, value = value, nil
		}
		if equalFold(trimBlanks(item), token) {
			return true
		}
	}
	return false
}

// equalFold compares ASCII without case; s is a name in any case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		b |= 0x20
	}
	return b
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// printable reports whether b has no control character but tab. It looks at eight bytes at
// a time, and at single ones only where one of the eight may be such a character.
func printable(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		del := w ^ 0x7f*ones
		if ((w-' '*ones)&^w|(del-ones)&^del)&tops != 0 && !eachPrintable(b[:8]) {
			return false
		}
	}
	return eachPrintable(b)
}

func eachPrintable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
