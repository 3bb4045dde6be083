package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// A Response is what a server answered. One goroutine uses it at a time, which need not be that of the
// session.
type Response struct {
	Status   int
	Reason   string
	Proto    string   // "HTTP/1.1"
	URL      *url.URL // that was answered, with its fragment
	Header   Header
	Cookies  []Cookie      // that this response set
	History  []*Response   // earlier responses of the call, oldest first
	Elapsed  time.Duration // of the last attempt, until the head was read
	Sent     *Sent         // what was answered
	Attempts []Attempt     // of this hop; the last one brought the response
	Next     *Prepared     // of a redirect that was not followed: what would follow

	// Body is the decoded body, for those who stream. Bytes, Text and JSON read it to its end; after them
	// it starts anew. It has to be read to its end or closed, or its connection stays busy.
	Body io.ReadCloser

	data   []byte
	loaded bool
	broken error   // why not the whole of it was loaded
	begun  bool    // something was read from Body
	coded  counted // the body as it comes
}

// A Sent is a request as it was sent.
type Sent struct {
	Method  string
	URL     *url.URL     // without user information
	Headers Header       // in their order, Host first
	Body    []byte       // nil where it was streamed
	Stream  bool         // the body was streamed
	Upload  *wire.Upload // what was streamed; nil otherwise. Its Open fails where that can be read only once
	Proxy   *wire.Proxy  // nil: none
}

// An Attempt is one transmission of a hop. While its response is streamed the exchange goes on.
type Attempt struct {
	*wire.Exchange
	Backoff    time.Duration // waited before it
	RetryAfter bool          // because the server wished it
}

// A Header is the fields of a response, in the server's order and spelling.
type Header []wire.Header

// Get returns the value of a field, in any case; several are joined by commas. It is "" where there is none.
func (h Header) Get(name string) string { return strings.Join(h.Values(name), ", ") }

// Values returns the values of all fields of a name.
func (h Header) Values(name string) []string {
	var values []string
	for _, line := range h {
		if strings.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

// newResponse makes the response of the last attempt.
func (c *chain) newResponse(p *Prepared) *Response {
	w := c.response
	r := &Response{
		Status:   w.Status,
		Reason:   w.Reason(),
		Proto:    w.Proto(),
		URL:      p.URL(),
		History:  c.history[:len(c.history):len(c.history)],
		Elapsed:  c.exchange.Headed - c.exchange.Started,
		Sent:     c.sent,
		Attempts: c.attempts,
		coded:    counted{ReadCloser: w.Stream},
	}
	w.Fields(func(name, value []byte) {
		r.Header = append(r.Header, wire.Header{Name: string(name), Value: string(value)})
	})
	now := time.Now()
	w.EachSetCookie(func(line []byte) {
		if cookie, ok := parseSetCookie(line, now); ok {
			r.Cookies = append(r.Cookies, cookie)
		}
	})
	r.Body = &bodyReader{response: r, raw: &r.coded, decoded: c.session.reader(&r.coded, r.Header.Get("Content-Encoding"), 0)}
	return r
}

// newSent tells what a request is on the wire.
func newSent(r *wire.Request) *Sent {
	s := &Sent{Method: r.Spec.Method, URL: r.Spec.URL, Body: r.Spec.Body, Stream: r.Spec.Upload != nil, Upload: r.Spec.Upload, Proxy: r.Spec.Proxy, Headers: r.Spec.Headers}
	head, _, ok := bytes.Cut(r.Raw, []byte("\r\n\r\n"))
	if !ok {
		return s
	}
	s.Headers = nil
	for i, line := range strings.Split(string(head), "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && i > 0 {
			s.Headers = append(s.Headers, wire.Header{Name: name, Value: value})
		}
	}
	return s
}

// OK reports whether the status is below 400.
func (r *Response) OK() bool { return r.Status < 400 }

// Reused reports whether the response came over a connection that had carried a request before.
func (r *Response) Reused() bool {
	return len(r.Attempts) > 0 && r.Attempts[len(r.Attempts)-1].Reused
}

// Check returns an *Error of kind ErrHTTP for a status from 400 to 599, and nil otherwise.
func (r *Response) Check() error {
	if r.Status < 400 || r.Status > 599 {
		return nil
	}
	reason := fmt.Sprintf("%d %s", r.Status, r.Reason)
	return r.failed(ErrHTTP, errors.New(strings.TrimSpace(reason)))
}

// failed makes the error of a response.
func (r *Response) failed(kind Kind, err error) *Error {
	return &Error{Kind: kind, URL: publicURL(r.URL), Response: r, History: r.History, Sent: r.Sent, Attempts: r.Attempts, Err: err}
}

// Bytes returns the decoded body, or what of it came before an error. A body that was partly read from
// Body is ErrStreamConsumed.
func (r *Response) Bytes() ([]byte, error) {
	err := r.load()
	return r.data, err
}

// CodedSize is how many bytes of the body were read, before content codings were undone.
func (r *Response) CodedSize() int64 { return r.coded.n }

// Text returns the body as text, by the charset of its type, else as UTF-8.
func (r *Response) Text() (string, error) {
	data, err := r.Bytes()
	if err != nil {
		return "", err
	}
	return textOf(data, r.Header.Get("Content-Type")), nil
}

// JSON reads the body into value. What is no JSON is ErrInvalidJSON.
func (r *Response) JSON(value any) error {
	data, err := r.Bytes()
	if err != nil {
		return err
	}
	if err = unmarshal(data, r.Header.Get("Content-Type"), value); err == nil {
		return nil
	}
	return r.failed(KindOf(err), innermost(err, KindOf(err)))
}

// Close gives the body up. A connection whose body was not read to its end is closed.
func (r *Response) Close() error { return r.Body.Close() }

// location returns the first Location, or nil: what follows it is of no use.
func (r *Response) location() []byte {
	if values := r.Header.Values("Location"); len(values) > 0 {
		return []byte(values[0])
	}
	return nil
}

// replace completes a response that a hook returned in the place of old.
func (r *Response) replace(old *Response) {
	if r.URL == nil {
		r.URL = old.URL
	}
	if r.Sent == nil {
		r.Sent, r.Attempts, r.Elapsed = old.Sent, old.Attempts, old.Elapsed
	}
	if r.History == nil || len(old.History) > 0 {
		r.History = old.History
	}
	if r.Body == nil {
		r.keep(r.data)
	}
}

// load reads the whole body.
func (r *Response) load() error {
	if r.loaded || r.broken != nil {
		return r.broken
	}
	if r.begun {
		return r.failed(ErrStreamConsumed, nil)
	}
	data, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil {
		r.data, r.broken = data, err
		return err
	}
	r.keep(data)
	return nil
}

func (r *Response) keep(data []byte) {
	r.data, r.loaded = data, true
	r.Body = io.NopCloser(bytes.NewReader(data))
}

// drain reads the body of a response that another one follows, within limits.
func (r *Response) drain() {
	if r.loaded || r.begun {
		_ = r.Body.Close()
		return
	}
	if patient, ok := r.Body.(interface{ Within(time.Duration) }); ok {
		patient.Within(discardTime)
	}
	data, _ := io.ReadAll(io.LimitReader(r.Body, discardLimit))
	_ = r.Body.Close()
	r.keep(data)
}

// A counted body knows how much of it was read.
type counted struct {
	io.ReadCloser
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}

// Within bounds the time that reading goes on for.
func (c *counted) Within(limit time.Duration) {
	if patient, ok := c.ReadCloser.(interface{ Within(time.Duration) }); ok {
		patient.Within(limit)
	}
}

// A bodyReader reads a body as it comes, decoded.
type bodyReader struct {
	response *Response
	raw      io.ReadCloser
	decoded  io.ReadCloser
	err      error
}

// Read is io.Reader's; errors are *Error.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.response.begun = true
	n, err := b.decoded.Read(p)
	if err == nil || err == io.EOF {
		if err == io.EOF {
			b.finish()
		}
		b.err = err
		return n, err
	}
	kind := exchangeKind(err, true)
	b.err = b.response.failed(kind, innermost(err, kind))
	b.finish()
	return n, b.err
}

// finish releases the connection: a coded body may end before the one it came in does.
func (b *bodyReader) finish() {
	_ = b.decoded.Close()
	discard(b.raw)
}

// Close gives the rest up.
func (b *bodyReader) Close() error {
	b.response.begun = true
	if b.err == nil {
		b.err = b.response.failed(ErrStreamConsumed, errClosedBody)
		_ = b.decoded.Close()
		return b.raw.Close()
	}
	return nil
}

const errClosedBody text = "the body was closed"

// Within bounds the time that reading goes on for.
func (b *bodyReader) Within(limit time.Duration) {
	if patient, ok := b.raw.(interface{ Within(time.Duration) }); ok {
		patient.Within(limit)
	}
}

// innermost takes off an *Error of the kind that is put around it again.
func innermost(err error, kind Kind) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == kind {
		return e.Err
	}
	return err
}
