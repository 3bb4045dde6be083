package wire

import (
	"io"
	"time"
)

// A stream is the body of a response that is read on after its call has returned.
type stream struct {
	client  *Client
	cn      *conn
	recv    *receiver // its own until the end
	body    body
	watch   *watch
	span    span
	head    head
	closing bool  // the request had Connection: close
	err     error // what Read returns from now on; nil while the body goes on
}

// stream makes what follows the head the caller's to read. The call's context and limits go on to hold.
func (c *Client) stream(cn *conn, t *trip) {
	s := &stream{client: c, cn: cn, recv: c.recv, span: t.span, head: t.resp.head, closing: t.req.Close}
	s.body = bodyOf(&s.head, s.recv)
	s.watch = newWatch(c.watch.ctx)
	cn.sock.watch = s.watch
	s.watch.over(&cn.sock)
	c.recv = c.opener.spare.take(c.opts)
	t.resp.Stream = s
}

// Read reads body bytes. The connection is given back together with the last of them where the length
// is known, else with io.EOF.
func (s *stream) Read(p []byte) (int, error) {
	if s.err != nil || len(p) == 0 {
		return 0, s.err
	}
	n, err := s.read(p)
	if err != nil {
		s.end(err)
	}
	if n > 0 {
		return n, nil
	}
	return 0, s.err
}

func (s *stream) read(p []byte) (int, error) {
	sock := &s.cn.sock
	if err := sock.canceled(); err != nil {
		return 0, err
	}
	// The time that the reader took is no silence of the server's.
	sock.last = s.span.clock.Now()
	if sock.call != 0 && sock.last >= sock.call {
		return 0, &fault{ClassTimeout, opReceive, sock.addr, errCallTime}
	}
	return s.body.read(s.recv, p)
}

// Within makes reading fail with ClassTimeout when d has passed, unless it would have before. It is for
// those who read a body only so that its connection can be used again.
func (s *stream) Within(d time.Duration) {
	if at := s.span.clock.Now() + d; s.err == nil && (s.cn.sock.call == 0 || at < s.cn.sock.call) {
		s.cn.sock.call = at
	}
}

// Close ends the stream. Before its end that costs the connection, and is no failure of the call.
func (s *stream) Close() error {
	if s.err == nil {
		s.finish()
		s.err = &fault{ClassCanceled, opReceive, s.cn.sock.addr, errStreamDone}
		s.drop(discarded)
	}
	return nil
}

// end disposes of the connection after the last read, which had that error.
func (s *stream) end(err error) {
	s.finish()
	if err == io.EOF {
		s.err = err
		s.client.settle(s.cn, s.recv, &s.head, s.closing, s.span.mark)
		s.client.opener.spare.put(s.recv)
		return
	}
	f := transferFault(opReceive, s.cn.sock.addr, err)
	s.err = f
	s.span.ex.Err, s.span.ex.Class = f, f.class
	s.drop(endingOf(f))
}

// finish enters what the stream took into the exchange.
func (s *stream) finish() {
	s.watch.stop()
	ex := s.span.ex
	s.span.lap(&ex.Phases.Receive)
	s.span.takeBytes(&s.cn.sock)
	ex.Finished = s.span.mark
}

func (s *stream) drop(how ending) {
	s.cn.close(how)
	s.client.pool.free(s.cn.shelf)
	s.client.opener.spare.put(s.recv)
}

// noBody is the stream of a response without a body.
type noBody struct{}

func (noBody) Read([]byte) (int, error) { return 0, io.EOF }
func (noBody) Close() error             { return nil }
