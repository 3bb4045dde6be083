package wire

import (
	"bufio"
	"bytes"

	"github.com/valyala/fasthttp"
)

// A Response is the response to one call. It is reused from call to call: what it holds is
// valid until it is given to the next Do. The zero value is ready for use.
type Response struct {
	Status int
	Body   []byte // as sent, not decoded; only with Request.KeepBody

	fields fasthttp.ResponseHeader
	head   head
	copied []byte // scratch for heads that fasthttp would refuse
}

// Header returns the value of a header field, in any case, or nil. Of several fields of that
// name it is the first; for Set-Cookie use SetCookies.
func (r *Response) Header(name string) []byte {
	if r.Status == 0 || !r.head.named && equalFold([]byte(name), "Connection") {
		return nil
	}
	return r.fields.Peek(name)
}

// Each calls f for every header field, names in canonical spelling; the order is not the
// server's. The values are valid until the next Do.
func (r *Response) Each(f func(name, value []byte)) {
	if r.Status == 0 {
		return
	}
	for name, value := range r.fields.All() {
		// fasthttp makes up "Connection: close" where nothing else says how the
		// response ends.
		if r.head.named || string(name) != fasthttp.HeaderConnection {
			f(name, value)
		}
	}
}

// HasSetCookie reports, at no cost, whether there is a Set-Cookie field.
func (r *Response) HasSetCookie() bool { return r.head.cookies }

// EachSetCookie calls f for the value of every Set-Cookie field, in the server's order.
func (r *Response) EachSetCookie(f func(value []byte)) {
	if !r.head.cookies {
		return
	}
	for _, value := range r.fields.Cookies() {
		f(value)
	}
}

func (r *Response) reset() {
	r.Status = 0
	r.Body = r.Body[:0]
	r.head = head{}
}

// readFields lets fasthttp read the head that h describes and that br starts with.
func (r *Response) readFields(br *bufio.Reader, h *head) error {
	r.fields.SetNoDefaultContentType(true)
	before := br.Buffered()
	var err error
	if h.plainCopy {
		raw, _ := br.Peek(h.size)
		r.copied = appendPlain(r.copied[:0], raw)
		err = r.fields.Read(bufio.NewReaderSize(bytes.NewReader(r.copied), len(r.copied)))
		_, _ = br.Discard(h.size)
	} else {
		err = r.fields.Read(br)
	}
	// Its errors quote the response, and may not be kept.
	if err != nil || before-br.Buffered() != h.size {
		return errHeaderLine
	}
	r.Status, r.head = h.status, *h
	return nil
}
