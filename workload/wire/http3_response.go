package wire

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
)

const (
	errFrame  malformed = "a frame where it does not belong"
	errFields malformed = "malformed header section"
)

// A frameReader reads the frames of a response. What it leaves unread in recv is of no use to anybody.
type frameReader struct {
	recv  *receiver
	left  uint64 // of the DATA frame that was begun
	total int64  // announced by DATA frames so far
	state messageState
}

// A messageState says which frames may come next (RFC 9114, section 4.1).
type messageState int

const (
	beforeHead messageState = iota
	inBody
	afterTrailers
)

// readFinal reads the head of the response, and passes over interim ones.
func (f *frameReader) readFinal(resp *Response) error {
	for {
		n, err := f.next()
		switch {
		case err != nil:
			return early(err)
		case f.state != beforeHead:
			return errFrame // DATA without a head
		}
		block, err := f.section(n)
		if err != nil {
			return err
		}
		if err := resp.decode(block, f.recv.maxHead); err != nil {
			return err
		}
		_, _ = f.recv.br.Discard(int(n))
		switch {
		case resp.Status == 101: // RFC 9114, section 4.5
			return errPseudo
		case resp.Status < 200:
			f.recv.spent += int(n)
			resp.reset()
			continue
		}
		f.state = inBody
		return nil
	}
}

// section returns a field section of n bytes, which stays in the buffer.
func (f *frameReader) section(n uint64) ([]byte, error) {
	if limit := f.recv.maxHead - f.recv.spent; n > uint64(max(limit, 0)) {
		return nil, errHeadSize
	}
	if int(n) > f.recv.br.Size() {
		f.recv.grow(int(n))
	}
	block, err := f.recv.br.Peek(int(n))
	return block, early(err)
}

// next reads up to the next frame of the message, and returns the length of its payload: HEADERS before the
// final head, DATA, whose length it keeps as well, after it. Trailers are dropped. At the end it is io.EOF.
func (f *frameReader) next() (uint64, error) {
	for {
		kind, n, err := readFrame(f.recv.br)
		if err != nil {
			return 0, err
		}
		switch {
		case kind == frameHeaders && f.state == beforeHead:
			return n, nil
		case kind == frameHeaders && f.state == inBody:
			if _, err := f.section(n); err != nil {
				return 0, err
			}
			f.state = afterTrailers
		case kind == frameData && f.state == inBody:
			if n > uint64(f.recv.maxBody-f.total) {
				return 0, errBodySize
			}
			f.left, f.total = n, f.total+int64(n)
			return n, nil
		case kind <= frameMaxPushID && known(kind):
			return 0, errFrame
		}
		if err := f.skip(n); err != nil {
			return 0, err
		}
	}
}

// known reports whether a type of frame has a meaning, so that it is not passed over.
func known(kind uint64) bool {
	switch kind {
	case frameData, frameHeaders, frameCancelPush, frameSettings, framePushPromise, frameGoAway, frameMaxPushID:
		return true
	}
	return wasHTTP2(kind)
}

// skip passes over a payload.
func (f *frameReader) skip(n uint64) error { return f.recv.take(int64(n), nil) }

// readBody reads the rest of the message; sink may be nil.
func (f *frameReader) readBody(h *head, bodiless bool, sink *[]byte) error {
	if !bodiless && h.length > f.recv.maxBody {
		return errBodySize
	}
	for {
		n, err := f.next()
		if err == io.EOF {
			return f.whole(h, bodiless)
		}
		if err != nil {
			return early(err)
		}
		if err := f.fits(h, bodiless); err != nil {
			return err
		}
		if err := f.recv.take(int64(n), sink); err != nil {
			return err
		}
		f.left = 0
	}
}

// fits reports a body that is longer than announced (RFC 9114, section 4.1.2).
func (f *frameReader) fits(h *head, bodiless bool) error {
	if bodiless && f.total > 0 || !bodiless && h.length >= 0 && f.total > h.length {
		return errFraming
	}
	return nil
}

// whole reports a body that is shorter than announced.
func (f *frameReader) whole(h *head, bodiless bool) error {
	if !bodiless && h.length >= 0 && f.total < h.length {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// decode makes r the response whose field section is block. Names come in lower case, as they were sent.
func (r *Response) decode(block []byte, limit int) error {
	r.proto, r.parsed = "HTTP/3.0", false
	r.head = head{length: -1, named: true}
	r.raw = append(r.raw[:0], "HTTP/3.0 000 \r\n"...)
	next := qpack.NewDecoder().Decode(block)
	regular := false
	for {
		field, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errFields
		}
		if field.IsPseudo() {
			if field.Name != ":status" || regular || r.head.status != 0 || !r.status(field.Value) {
				return errPseudo
			}
			continue
		}
		regular = true
		if err := r.field(field.Name, field.Value); err != nil {
			return err
		}
		if len(r.raw) > limit {
			return errHeadSize
		}
	}
	if r.head.status == 0 {
		return errPseudo
	}
	r.raw = append(r.raw, "\r\n"...)
	r.Status = r.head.status
	return nil
}

// status takes the value of :status.
func (r *Response) status(value string) bool {
	const at = len("HTTP/3.0 ")
	if len(value) != 3 || value[0] < '1' || !isDigit(value[0]) || !isDigit(value[1]) || !isDigit(value[2]) {
		return false
	}
	copy(r.raw[at:], value)
	r.head.status, _ = strconv.Atoi(value)
	return true
}

// field takes a header field. What HTTP/3 forbids makes the response malformed (RFC 9114, section 4.2).
func (r *Response) field(name, value string) error {
	if !isToken(name) || strings.ToLower(name) != name || ValidateHeader(name, value) != nil {
		return errHeaderLine
	}
	switch name {
	case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return errHeaderLine
	case "set-cookie":
		r.head.cookies = true
	case "content-length":
		n, err := strconv.ParseUint(value, 10, 63)
		if err != nil || r.head.length >= 0 && r.head.length != int64(n) {
			return errFraming
		}
		r.head.length = int64(n)
	}
	r.raw = appendHeader(r.raw, name, value)
	return nil
}
