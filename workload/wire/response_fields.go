package wire

import (
	"bytes"
	"io"
	"strings"
)

// Proto returns the version in the status line, "HTTP/1.1" or "HTTP/1.0"; "" without a response.
func (r *Response) Proto() string {
	switch {
	case r.Status == 0:
		return ""
	case r.proto != "":
		return r.proto
	case r.head.oldHTTP:
		return "HTTP/1.0"
	}
	return "HTTP/1.1"
}

// Reason returns the text after the status code, as sent; it is often empty.
func (r *Response) Reason() string {
	if r.Status == 0 {
		return ""
	}
	line, _, _ := bytes.Cut(r.raw, []byte("\r\n"))
	_, line, _ = bytes.Cut(line, []byte(" "))
	_, text, _ := bytes.Cut(line, []byte(" "))
	return string(text)
}

// Fields calls f for every header field, in the server's order and spelling. A value that came in
// several lines is joined with single blanks (RFC 9112, section 5.2). What f gets is valid
// until f returns, and not to be changed.
func (r *Response) Fields(f func(name, value []byte)) {
	if r.Status == 0 {
		return
	}
	_, rest, _ := bytes.Cut(r.raw, []byte("\r\n"))
	for {
		line, after, more := bytes.Cut(rest, []byte("\r\n"))
		if len(line) == 0 || !more {
			return
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = trimBlanks(value)
		for rest = after; len(rest) > 0 && isBlank(rest[0]); rest = after {
			line, after, _ = bytes.Cut(rest, []byte("\r\n"))
			value = r.join(value, trimBlanks(line))
		}
		f(name, value)
	}
}

// join appends a continuation to a value, in a buffer of its own.
func (r *Response) join(value, more []byte) []byte {
	if len(more) == 0 {
		return value
	}
	r.line = append(r.line[:0], value...)
	if len(value) > 0 {
		r.line = append(r.line, ' ')
	}
	r.line = append(r.line, more...)
	return r.line
}

// Fill makes r the response that another carrier of requests got: with the version (such as
// "HTTP/2.0"), the header fields in their order, and a body, or a stream of it that closes
// its connection in its own way. body and stream are r's from then on. Fields that
// ValidateHeader refuses are left out. status is 100..999.
func (r *Response) Fill(status int, proto, reason string, header []Header, body []byte, stream io.ReadCloser) {
	r.Status, r.proto, r.Body, r.Stream = status, proto, body, stream
	if r.proto == "" {
		r.proto = "HTTP/1.1"
	}
	r.parsed = false
	r.head = head{status: status, length: -1, named: true}
	r.raw = append(r.raw[:0], r.proto...)
	r.raw = append(r.raw, ' ', byte('0'+status/100%10), byte('0'+status/10%10), byte('0'+status%10), ' ')
	if printable([]byte(reason)) {
		r.raw = append(r.raw, reason...)
	}
	r.raw = append(r.raw, "\r\n"...)
	for _, h := range header {
		if ValidateHeader(h.Name, h.Value) != nil {
			continue
		}
		r.raw = appendHeader(r.raw, h.Name, h.Value)
		r.head.cookies = r.head.cookies || strings.EqualFold(h.Name, "Set-Cookie")
	}
	r.raw = append(r.raw, "\r\n"...)
}

// filled reports whether the response is another carrier's. fasthttp would not read every head that
// stems from elsewhere, so these are looked through field by field.
func (r *Response) filled() bool { return r.proto != "" }

// first returns the value of the first field of a name, or nil.
func (r *Response) first(name string) (found []byte) {
	r.Fields(func(n, value []byte) {
		if found == nil && equalFold(n, name) {
			found = append([]byte{}, value...)
		}
	})
	return found
}
