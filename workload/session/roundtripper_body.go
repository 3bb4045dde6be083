package session

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
)

// An httpBody is the body of a request of net/http's. It belongs to the goroutine of the call; a round tripper
// may go on to read it after the head of the response, until the exchange is over.
type httpBody struct {
	req     *http.Request
	current io.ReadCloser // the request's own, then others by GetBody; nil: none
	used    atomic.Bool   // something was read of it, or tried to be
}

func (b *httpBody) asBody() *Body {
	return &Body{stream: b}
}

// open returns the body from its start. It is closed by close, not by who reads it.
func (b *httpBody) open() (io.Reader, error) {
	if !b.used.Load() {
		return httpReader{b}, nil
	}
	if b.req.GetBody == nil {
		return nil, &Error{Kind: ErrUnrewindable, Err: errors.New("request without GetBody")}
	}
	next, err := b.req.GetBody()
	if err != nil {
		return nil, &Error{Kind: ErrUnrewindable, Err: err}
	}
	_ = b.current.Close()
	b.current = next
	b.used.Store(false)
	return httpReader{b}, nil
}

// size is in bytes, or -1: with a body, 0 is unknown.
func (b *httpBody) size() int64 {
	if b.req.ContentLength <= 0 || slices.Contains(b.req.TransferEncoding, "chunked") {
		return -1
	}
	return b.req.ContentLength
}

// again reports whether open returns the whole body.
func (b *httpBody) again() bool { return !b.used.Load() || b.req.GetBody != nil }

// close ends the use of the body: http.RoundTripper promises that, whatever happened. A round tripper that is still sending
// then, although there is a response, is interrupted by it.
func (b *httpBody) close() {
	if b.current != nil {
		_ = b.current.Close()
	}
}

// An httpReader reads what its body's current reader has.
type httpReader struct{ body *httpBody }

func (r httpReader) Read(p []byte) (int, error) {
	r.body.used.Store(true)
	return r.body.current.Read(p)
}
