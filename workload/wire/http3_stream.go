package wire

import (
	"io"
	"time"
)

// An http3Stream is the body of a response that is read on after its call has returned. Closing it early costs the
// QUIC stream and not the connection.
type http3Stream struct {
	x      *http3Exchange
	client *Client
	watch  *watch
	span   span
	head   head
	done   func(error)
	err    error // what Read returns from now on; nil while the body goes on
}

// handOver makes what follows the head the caller's to read. The call's context and limits go on to hold.
func (x *http3Exchange) handOver(c *Client, t *trip, done func(error)) {
	s := &http3Stream{x: x, client: c, span: t.span, head: t.resp.head, done: done}
	s.watch = newWatch(c.watch.ctx)
	x.sock.watch = s.watch
	s.watch.over(&x.sock)
	c.recv = c.opener.spare.take(c.opts)
	t.resp.Stream = s
}

// Read reads body bytes.
func (s *http3Stream) Read(p []byte) (int, error) {
	if s.err != nil || len(p) == 0 {
		return 0, s.err
	}
	n, err := s.read(p)
	if err != nil {
		s.end(err)
		return n, s.err
	}
	return n, nil
}

func (s *http3Stream) read(p []byte) (int, error) {
	sock, f := &s.x.sock, &s.x.frames
	if err := sock.canceled(); err != nil {
		return 0, err
	}
	// The time that the reader took is no silence of the server's.
	sock.last = s.span.clock.Now()
	if sock.call != 0 && sock.last >= sock.call {
		return 0, &fault{ClassTimeout, opReceive, sock.addr, errCallTime}
	}
	for f.left == 0 {
		_, err := f.next()
		if err == io.EOF {
			if err := f.whole(&s.head, false); err != nil {
				return 0, err
			}
			return 0, io.EOF
		}
		if err != nil {
			return 0, early(err)
		}
		if err := f.fits(&s.head, false); err != nil {
			return 0, err
		}
	}
	n, err := f.recv.br.Read(p[:min(uint64(len(p)), f.left)])
	f.left -= uint64(n)
	return n, early(err)
}

// Within makes reading fail with ClassTimeout when d has passed, unless it would have before.
func (s *http3Stream) Within(d time.Duration) {
	if at := s.span.clock.Now() + d; s.err == nil && (s.x.sock.call == 0 || at < s.x.sock.call) {
		s.x.sock.call = at
	}
}

// Close ends the stream. Before its end the server is told to send no more, which is no failure of the call.
func (s *http3Stream) Close() error {
	if s.err == nil {
		s.err = &fault{ClassCanceled, opReceive, s.x.sock.addr, errStreamDone}
		s.x.stream.CancelRead(codeRequestCancelled)
		s.x.stream.CancelWrite(codeRequestCancelled)
		s.finish(nil)
	}
	return nil
}

// end disposes of the stream after the last read, which had that error.
func (s *http3Stream) end(err error) {
	if err == io.EOF {
		s.err = err
		s.finish(nil)
		return
	}
	f := quicFault(opReceive, s.x.sock.addr, err)
	s.err = f
	s.x.abandon(f)
	s.span.ex.Err, s.span.ex.Class = f, f.class
	s.finish(f)
}

// finish enters what the stream took into the exchange, and gives its place on the connection back.
func (s *http3Stream) finish(err error) {
	s.watch.stop()
	ex := s.span.ex
	s.span.lap(&ex.Phases.Receive)
	s.x.conn.takeBytes(ex)
	ex.Finished = s.span.mark
	s.x.conn.streams.Add(-1)
	s.client.opener.spare.put(s.x.frames.recv)
	s.done(err)
}
