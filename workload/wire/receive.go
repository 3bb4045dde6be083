package wire

import (
	"bufio"
	"bytes"
	"io"
)

const (
	// readBuffer is what a Client reads into at first. It holds nearly every head, with a
	// short body; thousands of workers that receive no more than that need no more memory.
	readBuffer = 4 << 10

	// bodyBuffer is what it grows to for the sake of a longer body, which would otherwise
	// take four times as many system calls. A longer head makes it grow as well.
	bodyBuffer = 16 << 10

	defaultHeaderBytes = 64 << 10
	defaultBodyBytes   = 1 << 30

	// chunkLine bounds a chunk's size line with its extensions.
	chunkLine = 4 << 10

	// bodyStep is how much of a body is read at a time. The memory for it runs ahead of the bytes that came by that, or by as
	// much as came already.
	bodyStep = 256 << 10
)

// A receiver reads responses, one at a time, from the connection that is plugged in. A
// connection that is left with unread bytes is never used again, so one buffer per
// Client does for all its connections, save those with a response that is being streamed.
type receiver struct {
	src     source
	br      *bufio.Reader
	maxHead int
	maxBody int64
	last    lastHead

	spent int  // bytes of interim heads before the response
	ended bool // the response ended with the connection
	cut   bool // the response came before the request was complete
}

func newReceiver(opts *Options) *receiver {
	r := &receiver{maxHead: opts.MaxHeaderBytes, maxBody: opts.MaxBodyBytes}
	if r.maxHead <= 0 {
		r.maxHead = defaultHeaderBytes
	}
	if r.maxBody <= 0 {
		r.maxBody = defaultBodyBytes
	}
	r.br = bufio.NewReaderSize(&r.src, readBuffer)
	return r
}

// begin plugs in a connection, on which a request is about to be written.
func (r *receiver) begin(from io.Reader) {
	if r.br.Buffered() > 0 || r.src.failed {
		r.br.Reset(&r.src)
	}
	r.src = source{from: from}
	r.spent, r.ended, r.cut = 0, false, false
}

// readFinal reads the head of the response, and passes over interim ones.
func (r *receiver) readFinal(resp *Response) error {
	for {
		var s headScan
		if err := r.readHead(&s, r.maxHead-r.spent); err != nil {
			return err
		}
		if s.interim() {
			r.pass(&s)
			continue
		}
		raw, _ := r.br.Peek(s.size)
		resp.take(raw, &s.head)
		_, _ = r.br.Discard(s.size)
		return nil
	}
}

// pass goes past an interim response. They count towards one limit, or a server could send
// them for ever.
func (r *receiver) pass(s *headScan) {
	r.spent += s.size
	_, _ = r.br.Discard(s.size)
}

// answered reports, before the request is complete and as far as can be known without waiting, whether
// the final response has begun or none will come. Reads must come back with errDry where there is nothing.
func (r *receiver) answered() bool {
	for {
		n := r.br.Buffered()
		if n > 0 {
			var s headScan
			buf, _ := r.br.Peek(n)
			done, err := s.scan(buf)
			switch {
			case err != nil, s.status != 0 && !s.interim():
				return true
			case done:
				r.pass(&s)
				continue
			case n == r.br.Size():
				return true
			}
		}
		if _, err := r.br.Peek(n + 1); err != nil {
			if err == error(errDry) {
				return false
			}
			r.src.err = err
			return true
		}
	}
}

// readHead waits until a whole head is in the buffer and leaves it there.
func (r *receiver) readHead(s *headScan, limit int) error {
	for {
		if n := r.br.Buffered(); n > 0 {
			buf, _ := r.br.Peek(n)
			done, err := r.scan(s, buf)
			switch {
			case err != nil:
				return err
			case done && s.size <= limit:
				return nil
			case done || n > limit:
				return errHeadSize
			}
			if n == r.br.Size() {
				r.grow(2 * n)
			}
		}
		if _, err := r.br.Peek(r.br.Buffered() + 1); err != nil {
			return early(err)
		}
	}
}

// scan is s.scan, but for a head that was read before.
func (r *receiver) scan(s *headScan, buf []byte) (done bool, err error) {
	if r.last.begins(buf) {
		s.head = r.last.head
		return true, nil
	}
	if done, err = s.scan(buf); done {
		r.last.keep(buf[:s.size], &s.head)
	}
	return done, err
}

// grow makes the buffer larger and keeps what is in it.
func (r *receiver) grow(size int) {
	buf, _ := r.br.Peek(r.br.Buffered())
	r.src.left = append([]byte(nil), buf...)
	r.br = bufio.NewReaderSize(&r.src, size)
	_, _ = r.br.Peek(len(buf))
}

func (r *receiver) readBody(req *Request, resp *Response) error {
	var sink *[]byte
	if req.KeepBody {
		sink = &resp.Body
	}
	h := &resp.head
	switch {
	case !hasBody(req, h):
		return nil
	case h.chunked:
		return r.readChunks(sink)
	case h.length < 0:
		r.ended = true
		return r.readToEnd(sink)
	case h.length > r.maxBody:
		return errBodySize
	}
	return r.take(h.length, sink)
}

// hasBody reports whether a body follows the head, be it an empty one whose end is to be found.
func hasBody(req *Request, h *head) bool {
	return !req.Head && !h.bodiless() && h.length != 0
}

// take reads n bytes of body, keeps them where sink is not nil, and drops them otherwise.
func (r *receiver) take(n int64, sink *[]byte) error {
	if n > int64(r.br.Size()) && r.br.Size() < bodyBuffer {
		r.grow(bodyBuffer)
	}
	for n > 0 {
		step := int(min(n, bodyStep))
		if sink == nil {
			if _, err := r.br.Discard(step); err != nil {
				return early(err)
			}
		} else {
			body := *sink
			have := len(body)
			room := min(n, int64(max(have, bodyStep))) // append would grow a large one by a quarter at a time, and leave five times its size behind
			body = grown(body, int(room))[:have+step]
			if _, err := io.ReadFull(r.br, body[have:]); err != nil {
				return early(err)
			}
			*sink = body
		}
		n -= int64(step)
	}
	return nil
}

// grown returns b with room for n more bytes.
func grown(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	return append(b, make([]byte, n)...)[:len(b)]
}

// readToEnd reads a body that ends with the connection.
func (r *receiver) readToEnd(sink *[]byte) error {
	for total := int64(0); ; {
		_, err := r.br.Peek(1)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if r.br.Buffered() == r.br.Size() && r.br.Size() < bodyBuffer {
			r.grow(bodyBuffer)
		}
		n := int64(r.br.Buffered())
		if total += n; total > r.maxBody {
			return errBodySize
		}
		if err := r.take(n, sink); err != nil {
			return err
		}
	}
}

// readChunks reads a chunked body and its trailers (RFC 9112, section 7.1).
func (r *receiver) readChunks(sink *[]byte) error {
	total := int64(0)
	for {
		n, err := r.chunkSize()
		if err != nil {
			return err
		}
		if n == 0 {
			return r.trailers()
		}
		if total += n; total > r.maxBody {
			return errBodySize
		}
		if err := r.take(n, sink); err != nil {
			return err
		}
		if err := r.chunkEnd(); err != nil {
			return err
		}
	}
}

// chunkEnd reads what follows a chunk's bytes.
func (r *receiver) chunkEnd() error {
	end, err := r.br.Peek(2)
	if err != nil {
		return early(err)
	}
	if end[0] != '\r' || end[1] != '\n' {
		return errChunk
	}
	_, _ = r.br.Discard(2)
	return nil
}

// chunkSize reads a chunk's first line: a size in hexadecimal, and extensions that are
// passed over.
func (r *receiver) chunkSize() (int64, error) {
	line, err := r.line(chunkLine, errChunk)
	if err != nil {
		return 0, err
	}
	var size int64
	i := 0
	for ; i < len(line); i++ {
		digit, ok := hexDigit(line[i])
		if !ok {
			break
		}
		if size = size<<4 | digit; i == 15 {
			return 0, errChunk
		}
	}
	if i == 0 {
		return 0, errChunk
	}
	rest := trimBlanks(line[i:])
	if len(rest) > 0 && rest[0] != ';' || !printable(rest) {
		return 0, errChunk
	}
	return size, nil
}

// trailers reads and drops the fields after the last chunk.
func (r *receiver) trailers() error {
	for left := r.maxHead; ; {
		line, err := r.line(left, errHeadSize)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		left -= len(line)
		if name, _, ok := bytes.Cut(line, []byte(":")); !ok || !isToken(name) {
			return errHeaderLine
		}
	}
}

// line reads a line that ends with CR LF and returns it without; it is valid until the
// next read. A longer one than limit, or than the buffer, is the error long.
func (r *receiver) line(limit int, long error) ([]byte, error) {
	line, err := r.br.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull || len(line) > limit:
		return nil, long
	case err != nil:
		return nil, early(err)
	case len(line) < 2 || line[len(line)-2] != '\r':
		return nil, errChunk
	}
	return line[:len(line)-2], nil
}

func hexDigit(b byte) (int64, bool) {
	switch c := lower(b); {
	case isDigit(c):
		return int64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return int64(c-'a') + 10, true
	}
	return 0, false
}

// early turns the end of the connection into a failure.
func early(err error) error {
	if isEOF(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A source is what the read buffer reads from.
type source struct {
	from   io.Reader
	left   []byte // bytes from a smaller buffer, which come first
	failed bool   // an error was returned, and the buffer may still hold it
	err    error  // what reading fails with from now on
}

func (s *source) Read(p []byte) (int, error) {
	if len(s.left) > 0 {
		n := copy(p, s.left)
		s.left = s.left[n:]
		return n, nil
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.from.Read(p)
	s.failed = err != nil
	return n, err
}
