package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"sessbench/workload/wire"
)

// A Body is what a request carries. It is made by Bytes, Text, Form, JSON, Multipart or
// Stream, and is not changed by sending. Those that hold everything in memory, or name
// files by their path, can be sent any number of times and by several goroutines at
// once. Those that read from a reader belong to one goroutine; whether they can be
// sent again depends on the reader.
//
// The methods of a nil *Body are those of no body.
type Body struct {
	contentType string // "": none is said
	data        []byte
	stream      opener // instead of data
	err         error  // why it cannot be sent
}

// An opener is a body that is read while it is sent.
type opener interface {
	// open returns the body from its start; if that holds files, it is an io.Closer.
	open() (io.Reader, error)
	// size is in bytes, or -1.
	size() int64
	// again reports whether open would succeed now.
	again() bool
}

// Bytes is a body as it stands. No Content-Type is sent with it. The data is not copied, and not
// to be changed while the body is in use.
func Bytes(data []byte) *Body { return &Body{data: data} }

// Text is a body as it stands. No Content-Type is sent with it.
func Text(text string) *Body { return &Body{data: []byte(text)} }

// Form is a body of type application/x-www-form-urlencoded. Without any value it is empty, and
// has no type.
func Form(fields Fields) *Body {
	encoded := encodeFields(fields)
	if encoded == "" {
		return new(Body)
	}
	return &Body{contentType: "application/x-www-form-urlencoded", data: []byte(encoded)}
}

// JSON is value's JSON in UTF-8, without blanks, of type application/json. What cannot be written as
// JSON, such as NaN, is ErrInvalidJSON when the body is used.
func JSON(value any) *Body {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the receiver is no HTML page
	if err := enc.Encode(value); err != nil {
		return &Body{err: &Error{Kind: ErrInvalidJSON, Err: err}}
	}
	return &Body{contentType: "application/json", data: bytes.TrimSuffix(buf.Bytes(), []byte("\n"))}
}

// Stream is a body that is read while it is sent; no Content-Type is sent with it.
//
// A reader that is an io.Seeker is sent from where it stands now, and from there again as often as
// it must be; what it gains later is left out. One with a method Len() int, such
// as a *bytes.Buffer, has that length and can be sent once. Any other is sent chunked, once;
// so is one whose length is 0, because what says so of itself is often not really
// empty. Sending a reader again that was read is ErrUnrewindable. An error of
// the reader ends the call.
func Stream(r io.Reader) *Body {
	c, err := newContent(r)
	if err != nil {
		return &Body{err: err}
	}
	if c.length == 0 {
		c.length = -1
	}
	return &Body{stream: c}
}

// ContentType returns the type that is sent unless the request's headers have one, or "".
func (b *Body) ContentType() string {
	if b == nil {
		return ""
	}
	return b.contentType
}

// Length returns the length in bytes, or -1 where it is not known: the body is then sent chunked.
func (b *Body) Length() int64 {
	switch {
	case b == nil:
		return 0
	case b.stream != nil:
		return b.stream.size()
	}
	return int64(len(b.data))
}

// Bytes returns the whole body, which is not to be changed; ok is false where it is read only while
// it is sent, or cannot be sent.
func (b *Body) Bytes() (data []byte, ok bool) {
	if b == nil {
		return nil, true
	}
	return b.data, b.stream == nil && b.err == nil
}

// Err returns why the body cannot be sent, an *Error, or nil.
func (b *Body) Err() error {
	if b == nil {
		return nil
	}
	return b.err
}

// replayable reports whether the body can be sent now, be it for the first time or again.
func (b *Body) replayable() bool {
	return b == nil || b.err == nil && (b.stream == nil || b.stream.again())
}

// upload returns what carries a body that is read while it is sent, and nil for others. If what its
// Open returns is an io.Closer, it holds files until it is read to the end or closed.
func (b *Body) upload() *wire.Upload {
	if b == nil || b.stream == nil {
		return nil
	}
	return &wire.Upload{Open: b.stream.open, Length: b.stream.size()}
}

// errRead is beneath ErrUnrewindable.
var errRead = errors.New("its reader was read and is no io.Seeker")
