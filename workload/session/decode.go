package session

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

const (
	// acceptEncoding is what a session asks for unless its headers say otherwise.
	acceptEncoding = "gzip, deflate, br, zstd"

	// maxCodings is how many codings of one body are undone; urllib3 has the same limit. Nobody
	// needs two, while each costs memory and time as the server pleases.
	maxCodings = 5

	// maxDecoded is how many bytes a body may have without its codings unless the caller says.
	maxDecoded = 1 << 30

	// keepDecoded is the size of body, without its coding, up to which a decoder is used again: making
	// one is a good part of the work on a small body only, and one that decoded a large body
	// holds a window of up to 16 MiB, which would be kept for every session.
	keepDecoded = 1 << 20
)

// decoders undo content codings, and keep what they do it with for later bodies. They are safe for
// concurrent use, a body of its own for each goroutine. The zero value is ready for use.
type decoders struct {
	mu   sync.Mutex
	idle map[coding]*decoder
}

// reader returns a reader of body without the content codings that a Content-Encoding field lists,
// in any case: gzip, x-gzip, deflate (with and without zlib's wrapping), br and zstd. They are undone from right to
// left, until one is unknown; from there on the body is left as it is. identity counts
// for nothing. A body of no bytes is in any coding. What follows a complete body is read and dropped, as
// requests does with gzip and deflate; but zstd's has to be another frame.
//
// Reading fails with an *Error: ErrContentDecoding where the body is not in its coding or cut short,
// ErrTooLarge beyond limit bytes (0: 1 GiB) of any coding's output. Errors of body pass through as they
// are. Before it reports the end it has seen body's.
//
// A body that is in memory is best given as a *bytes.Reader: zstd then needs little memory.
//
// Close ends the use of the decoders, not of body. Closing again does nothing.
func (d *decoders) reader(body io.Reader, codings string, limit int64) io.ReadCloser {
	known, err := parseCodings(codings)
	if err != nil {
		return io.NopCloser(failing{err})
	}
	if len(known) == 0 {
		return io.NopCloser(body)
	}
	if limit <= 0 {
		limit = maxDecoded
	}
	r := &decodedReader{owner: d}
	for _, c := range known {
		layer := d.take(c)
		layer.reset(body, limit)
		layer.below, r.top, body = r.top, layer, layer
	}
	return r
}

// take returns a decoder to be reset.
func (d *decoders) take(c coding) *decoder {
	d.mu.Lock()
	layer := d.idle[c]
	delete(d.idle, c)
	d.mu.Unlock()
	if layer == nil {
		layer = newDecoder(c)
	}
	return layer
}

// put keeps a decoder that may be used again, and one of each coding.
func (d *decoders) put(layer *decoder) {
	small := layer.limit-layer.left <= keepDecoded && layer.codec.light()
	d.mu.Lock()
	defer d.mu.Unlock()
	if layer.err != io.EOF || !small || d.idle[layer.coding] != nil {
		layer.codec.close()
		return
	}
	if d.idle == nil {
		d.idle = make(map[coding]*decoder)
	}
	layer.in.r, layer.below = nil, nil
	d.idle[layer.coding] = layer
}

// parseCodings returns the codings to undo, in that order.
func parseCodings(field string) ([]coding, error) {
	var known []coding
	for field != "" {
		var name string
		if i := strings.LastIndexByte(field, ','); i >= 0 {
			field, name = field[:i], field[i+1:]
		} else {
			field, name = "", field
		}
		var c coding
		switch strings.ToLower(strings.Trim(name, " \t")) {
		case "", "identity":
			continue
		case "gzip", "x-gzip":
			c = codingGzip
		case "deflate":
			c = codingDeflate
		case "br":
			c = codingBrotli
		case "zstd":
			c = codingZstd
		default:
			return known, nil
		}
		if len(known) == maxCodings {
			return nil, &Error{Kind: ErrContentDecoding, Err: fmt.Errorf("more than %d codings", maxCodings)}
		}
		known = append(known, c)
	}
	return known, nil
}

// A decodedReader is one body without its codings. It stands between the decoders, which go on
// to other bodies, and a caller who may close twice.
type decodedReader struct {
	owner *decoders
	top   *decoder // nil: closed
}

var errDecoderClosed = errors.New("session: read after close")

func (r *decodedReader) Read(p []byte) (int, error) {
	if r.top == nil {
		return 0, errDecoderClosed
	}
	return r.top.Read(p)
}

func (r *decodedReader) Close() error {
	for layer := r.top; layer != nil; {
		below := layer.below
		r.owner.put(layer)
		layer = below
	}
	r.top = nil
	return nil
}

// A decoder undoes one coding of one body after the other.
type decoder struct {
	coding coding
	codec  codec
	in     source
	buf    *bufio.Reader // reads in
	below  *decoder      // what in reads, or nil
	length int           // of what in reads if that is in memory, else -1
	begun  bool
	limit  int64
	left   int64
	err    error // that Read ended with
}

func newDecoder(c coding) *decoder {
	d := &decoder{coding: c, codec: newCodec(c)}
	d.buf = bufio.NewReader(&d.in)
	return d
}

func (d *decoder) reset(body io.Reader, limit int64) {
	d.in = source{r: body}
	d.buf.Reset(&d.in)
	d.length = -1
	if memory, ok := body.(*bytes.Reader); ok {
		d.length = memory.Len()
	}
	d.begun, d.limit, d.left, d.err = false, limit, limit, nil
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.err != nil || len(p) == 0 {
		return 0, d.err
	}
	if int64(len(p)) > d.left {
		p = p[:d.left+1] // one more, which tells whether there is more
	}
	n, err := d.read(p)
	if int64(n) > d.left {
		n, err = int(d.left), &Error{Kind: ErrTooLarge, Err: fmt.Errorf("more than %d bytes without %s coding", d.limit, d.coding)}
	}
	d.left -= int64(n)
	d.err = err
	return n, err
}

// read reads from the codec, and makes its errors ours.
func (d *decoder) read(p []byte) (n int, err error) {
	if !d.begun {
		d.begun = true
		if _, err = d.buf.Peek(1); err == nil {
			err = d.codec.reset(d.buf, d.length)
		}
	}
	if err == nil {
		n, err = d.codec.Read(p)
	}
	if err == io.EOF {
		// The rest may still show that the body is broken, and its connection is free only
		// after it.
		if _, err = io.Copy(io.Discard, d.buf); err == nil {
			err = io.EOF
		}
	}
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case d.in.err != nil && d.in.err != io.EOF:
		return n, d.in.err
	}
	return n, &Error{Kind: ErrContentDecoding, Err: fmt.Errorf("%s: %w", d.coding, err)}
}

// A source remembers how a body ended, however a codec words it.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.err = err
	return n, err
}

// failing fails to be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
