package wire

import (
	"io"
	"strconv"
	"time"
)

const (
	// sendStep is the most that is handed to a connection at once; TLS needs as much memory
	// again for it.
	sendStep = 256 << 10

	// uploadPiece is how much is read of an upload at once. It is also the longest
	// request that is sent without looking for an early answer.
	uploadPiece = 32 << 10

	// chunkFront and chunkBack are the room for what surrounds a piece that is sent chunked.
	chunkFront, chunkBack = len("8000\r\n"), len("\r\n")

	// While a request is sent, the sender looks for an early answer after firstLook, then less
	// and less often, down to once in lastLook. Looking takes glance.
	firstLook = 10 * time.Millisecond
	lastLook  = time.Second
	glance    = time.Millisecond

	// emptyReads is how often in a row a body may be read without a byte or an error.
	emptyReads = 100
)

// errAnswered ends the sending of a request that is answered already.
const errAnswered reason = "answered before the request was complete"

// openBody gets the body to send, where it is an upload. The error is a *fault.
func (c *Client) openBody(t *trip) error {
	upload := t.req.Spec.Upload
	if upload == nil {
		return nil
	}
	t.closeBody()
	body, err := upload.Open()
	t.lap(&t.ex.Phases.Send)
	if err != nil {
		return &fault{ClassSend, opUpload, t.req.Endpoint.String(), err}
	}
	t.body = body
	return nil
}

// send sends the request. It fails with errAnswered where it came to know that the
// response is there.
func (c *Client) send(cn *conn, t *trip) error {
	cn.sock.last, cn.sock.sending = t.mark, true
	var err error
	if t.body == nil && len(t.req.Raw) <= uploadPiece && t.req.apart == nil {
		_, err = cn.rw.Write(t.req.Raw)
	} else {
		err = c.sender().send(cn, c.recv, t)
		cn.sock.look, cn.sock.held = 0, nil
	}
	cn.sock.sending = false
	return err
}

// closeBody gives up what an upload may hold open.
func (t *trip) closeBody() {
	if closer, ok := t.body.(io.Closer); ok {
		_ = closer.Close()
	}
	t.body = nil
}

// sender returns the Client's sender. Most requests go without one.
func (c *Client) sender() *sender {
	if c.slow == nil {
		c.slow = new(sender)
	}
	return c.slow
}

// A sender sends requests that take their time. A server may answer one before it has taken it
// all, and then take no more of it: whoever only writes would wait for ever.
type sender struct {
	cn    *conn
	recv  *receiver
	clock Clock
	pause time.Duration // until the next look
	buf   []byte        // for a piece of an upload
	over  *h2stream     // what the body is sent on; nil: cn itself
	one   [1]byte
}

func (s *sender) send(cn *conn, recv *receiver, t *trip) error {
	s.cn, s.recv, s.clock, s.pause = cn, recv, t.clock, firstLook
	cn.sock.look = t.mark + s.pause
	cn.dontDelay()
	if err := s.pushAll(t.req.Raw); err != nil {
		return err
	}
	if t.body == nil {
		return s.pushAll(t.req.apart)
	}
	if s.buf == nil {
		s.buf = make([]byte, chunkFront+uploadPiece+chunkBack)
	}
	return s.upload(t.body, t.req.framing)
}

// pushAll sends what may be long.
func (s *sender) pushAll(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), sendStep)
		if err := s.push(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// upload sends a body. Its last bytes go when it is known that they are the last, so that
// a server never takes a body of the wrong length for whole.
func (s *sender) upload(body io.Reader, f framing) error {
	total, empty := int64(0), 0
	for {
		n, err := body.Read(s.buf[chunkFront : chunkFront+uploadPiece])
		total += int64(n)
		if f.length >= 0 && total == f.length && err == nil {
			var more int
			more, err = s.probe(body)
			total += int64(more)
		}
		switch {
		case err != nil && err != io.EOF:
			return s.fault(err)
		case f.length >= 0 && total > f.length:
			return s.fault(errBodyLong)
		case err == io.EOF && total < f.length:
			return s.fault(errBodyShort)
		}
		if n > 0 {
			empty = 0
			if err := s.piece(n, f.chunked); err != nil {
				return err
			}
		} else if empty++; empty == emptyReads {
			return s.fault(io.ErrNoProgress)
		}
		if err == io.EOF {
			break
		}
	}
	if f.chunked {
		return s.push([]byte("0\r\n\r\n"))
	}
	return nil
}

// probe reads on where the body should end.
func (s *sender) probe(body io.Reader) (n int, err error) {
	for range emptyReads {
		if n, err = body.Read(s.one[:]); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// piece sends the n bytes that were read.
func (s *sender) piece(n int, chunked bool) error {
	from, to := chunkFront, chunkFront+n
	if chunked {
		var digits [8]byte
		size := append(strconv.AppendInt(digits[:0], int64(n), 16), "\r\n"...)
		from -= copy(s.buf[from-len(size):], size)
		to += copy(s.buf[to:], "\r\n")
	}
	return s.push(s.buf[from:to])
}

func (s *sender) fault(err error) error {
	return &fault{ClassSend, opUpload, s.cn.sock.addr, err}
}

// push sends p. What TLS makes of it is collected first: no error may come between, for TLS holds
// on to those of writing, and it could not read while it writes.
func (s *sender) push(p []byte) error {
	if s.over != nil {
		return s.pushHTTP2(p)
	}
	sock := &s.cn.sock
	sock.last = s.clock.Now()
	if sock.last >= sock.look {
		if err := s.lookAround(); err != nil {
			return err
		}
	}
	secure := s.cn.rw != io.ReadWriter(sock)
	if secure {
		sock.hold = true
		_, err := s.cn.rw.Write(p)
		sock.hold = false
		if err != nil {
			return err
		}
		p = sock.held
	}
	for done := 0; done < len(p); {
		n, err := sock.Write(p[done:])
		done += n
		if err == error(errDry) {
			err = s.lookAround()
		}
		if err != nil {
			return err
		}
		if secure {
			p = sock.held // looking may have made TLS say something
		}
	}
	sock.held = sock.held[:0]
	return nil
}

// lookAround returns errAnswered where there is no use in sending on, and sets the next look.
func (s *sender) lookAround() error {
	sock := &s.cn.sock
	sock.look = s.clock.Now() + glance
	sock.hold = true
	answered := s.recv.answered()
	sock.hold = false
	if answered {
		return errAnswered
	}
	s.pause = min(2*s.pause, lastLook)
	sock.look = s.clock.Now() + s.pause
	return nil
}
