package wire

import (
	"bufio"
	"bytes"
	"io"

	"github.com/valyala/fasthttp"
)

// parseBuffer holds nearly every head.
const parseBuffer = 2 << 10

// A Response is the response to one call. It is reused from call to call: what it holds is
// valid until it is given to the next Do. The zero value is ready for use.
type Response struct {
	Status int
	Body   []byte // as sent, not decoded; only with Request.KeepBody

	// Stream is the body as sent, only with RequestSpec.Stream and without an error. Its
	// connection is busy until it was read to the end, or closed; closing early
	// costs the connection, or where it carries several exchanges at a time, only this one's part of it. Reading fails with errors of this package. It is read and closed
	// by the goroutine that owns the Client, which may do other calls meanwhile, with other
	// Responses or this one. The Exchange given to Do is written to once more when the stream
	// ends, and is final then.
	Stream io.ReadCloser

	head  head
	raw   []byte // the head as it came
	plain []byte // the head without lines that fasthttp would refuse
	line  []byte // a field that came in several lines
	proto string // of a response that Fill made; "" for our own

	// The fields are parsed when the first of them is asked for: most responses of a load
	// test are looked at for their status only, and parsing is a good part of our own
	// work on a small one.
	fields *fasthttp.ResponseHeader // nil: none were ever asked for
	parsed bool
	src    bytes.Reader
	br     *bufio.Reader
}

// Header returns the value of a header field, in any case, or nil. Of several fields of that
// name it is the first; for Set-Cookie use EachSetCookie.
func (r *Response) Header(name string) []byte {
	if r.Status == 0 || !r.head.named && equalFold([]byte(name), "Connection") {
		return nil
	}
	if r.filled() {
		return r.first(name)
	}
	return r.parse().Peek(name)
}

// HasSetCookie reports, at no cost, whether there is a Set-Cookie field.
func (r *Response) HasSetCookie() bool { return r.head.cookies }

// EachSetCookie calls f for the value of every Set-Cookie field, in the server's order.
func (r *Response) EachSetCookie(f func(value []byte)) {
	if !r.head.cookies {
		return
	}
	if r.filled() {
		r.Fields(func(name, value []byte) {
			if equalFold(name, "Set-Cookie") {
				f(value)
			}
		})
		return
	}
	for _, value := range r.parse().Cookies() {
		f(value)
	}
}

func (r *Response) reset() {
	r.Status = 0
	r.Body = r.Body[:0]
	r.Stream = nil
	r.head = head{}
}

// take keeps a head that h describes.
func (r *Response) take(raw []byte, h *head) {
	r.Status, r.head, r.parsed, r.proto = h.status, *h, false, ""
	r.raw = append(r.raw[:0], raw...)
}

// parse has fasthttp read the head. It cannot fail: what our own scan lets pass is
// sound to fasthttp too, which the fuzz test holds.
func (r *Response) parse() *fasthttp.ResponseHeader {
	if r.parsed {
		return r.fields
	}
	if r.fields == nil {
		r.fields = new(fasthttp.ResponseHeader)
	}
	r.parsed = true
	text := r.plainHead()
	r.src.Reset(text)
	if r.br == nil || r.br.Size() < len(text) {
		r.br = bufio.NewReaderSize(&r.src, max(len(text), parseBuffer))
	} else {
		r.br.Reset(&r.src)
	}
	r.fields.SetNoDefaultContentType(true)
	if err := r.fields.Read(r.br); err != nil {
		r.fields.Reset()
	}
	return r.fields
}

// plainHead returns the head without lines that fasthttp would refuse.
func (r *Response) plainHead() []byte {
	if !r.head.plainCopy {
		return r.raw
	}
	r.plain = appendPlain(r.plain[:0], r.raw)
	return r.plain
}
