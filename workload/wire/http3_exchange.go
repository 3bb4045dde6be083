package wire

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// An http3Exchange is a request and its response on a stream of their own. Its Client's goroutine uses it, and then
// whoever reads the response's stream.
type http3Exchange struct {
	conn   *http3Conn
	stream *quic.Stream
	sock   sock // of the stream: its deadlines, and the watch's
	frames frameReader

	seen  bool          // something of the response came
	first time.Duration // when the first of it came
	early bool          // sent before the handshake was complete
	body  bool          // of a streamed response: more than the head is to come
}

// Read reads the stream, and notes when it began to.
func (x *http3Exchange) Read(p []byte) (int, error) {
	n, err := x.sock.Read(p)
	if n > 0 && !x.seen {
		x.seen, x.first = true, x.sock.last
	}
	return n, err
}

// do is mux's.
func (h *http3Conn) do(c *Client, t *trip, done func(err error)) error {
	c.counts.StreamsPeak = max(c.counts.StreamsPeak, h.streams.Add(1))
	x, err := h.attempt(c, t)
	if errors.Is(err, quic.Err0RTTRejected) && t.req.Idempotent {
		x, err = h.repeat(c, t, err)
	}
	t.seen = x.seen
	h.acknowledge(c, x)
	if err == nil && x.body {
		x.handOver(c, t, done)
		return nil
	}
	h.streams.Add(-1)
	h.takeBytes(t.ex)
	if err == nil && t.req.Spec.Stream {
		t.resp.Stream = noBody{}
		done(nil)
	}
	return err
}

// repeat makes the attempt again that the server did not take in 0-RTT, when it does (RFC 8470, section 5.2).
func (h *http3Conn) repeat(c *Client, t *trip, rejected error) (*http3Exchange, error) {
	x := new(http3Exchange)
	ready := h.newSock(c, t)
	err := ready.waiting(h.rejoin)
	t.lap(&t.ex.Phases.TLS)
	if err != nil {
		return x, quicFault(opHandshake, h.addr, err)
	}
	if c.openBody(t) != nil {
		return x, rejected
	}
	t.resp.reset()
	t.ex.Attempts++
	c.counts.Attempts++
	c.counts.Streams++
	return h.attempt(c, t)
}

// acknowledge enters what is known at the end of an exchange: how the handshake went, and whether the request went
// with it.
func (h *http3Conn) acknowledge(c *Client, x *http3Exchange) {
	if !h.early || !handshakeDone(h.quic) {
		return
	}
	if h.opener == &c.opener && !h.entered {
		h.enter()
	}
	if x.early && x.seen && h.quic.ConnectionState().Used0RTT {
		c.counts.EarlyData++
	}
}

// newSock returns what bounds waiting for the connection in a call.
func (h *http3Conn) newSock(c *Client, t *trip) sock {
	s := sock{addr: h.addr, clock: c.clock, watch: c.watch, last: t.mark, distance: h.opener.opts.Distance}
	s.call, s.sending = t.until, true
	return s
}

// attempt makes one attempt. The error has a *fault in it; the stream is then given up.
func (h *http3Conn) attempt(c *Client, t *trip) (*http3Exchange, error) {
	x := &http3Exchange{conn: h, frames: frameReader{recv: c.recv}, sock: h.newSock(c, t)}
	if err := x.open(t); err != nil {
		h.notice(err)
		return x, quicFault(opSend, h.addr, err)
	}
	x.sock.raw = x.stream
	x.sock.bound(t.limits)
	c.watch.over(&x.sock)
	err := x.sock.canceled()
	if err == nil {
		err = x.carry(c, t)
	}
	if err != nil {
		f := quicFault(x.sock.op(), h.addr, err)
		if !errors.Is(err, quic.Err0RTTRejected) { // or a stream that begins anew would be ended by its number
			x.abandon(f)
		}
		return x, f
	}
	return x, nil
}

// open opens the stream. What is not to be sent in 0-RTT waits for the handshake.
func (x *http3Exchange) open(t *trip) error {
	h, ex := x.conn, t.ex
	if h.early && !t.req.Idempotent {
		err := x.sock.waiting(func(ctx context.Context) error { return awaitQUIC(ctx, h.quic, h.quic.HandshakeComplete()) })
		t.lap(&ex.Phases.TLS)
		if err != nil {
			return err
		}
	}
	var err error
	x.stream, err = h.quic.OpenStream()
	if errors.Is(err, quic.Err0RTTRejected) {
		err = x.sock.waiting(h.rejoin)
		t.lap(&ex.Phases.TLS)
		if err == nil {
			x.stream, err = h.quic.OpenStream()
		}
	}
	if isA[*quic.StreamLimitReachedError](err) {
		err = x.sock.waiting(func(ctx context.Context) (err error) {
			x.stream, err = h.quic.OpenStreamSync(ctx)
			return err
		})
		t.lap(&ex.Phases.Acquire)
	}
	return err
}

// carry sends the request and reads the response as far as the call goes.
func (x *http3Exchange) carry(c *Client, t *trip) error {
	ex := t.ex
	sendErr := x.send(c, t)
	t.lap(&ex.Phases.Send)
	x.sock.last, x.sock.sending = t.mark, false
	x.early = x.conn.early && !handshakeDone(x.conn.quic)
	if sendErr != nil && !isA[*quic.StreamError](sendErr) {
		return quicFault(opSend, x.conn.addr, sendErr)
	}
	// A server that wants no more of the request may have answered it all the same.
	x.frames.recv.begin(x)
	err := x.receive(t)
	if x.seen {
		t.lapTo(&ex.Phases.Wait, x.first)
		t.lap(&ex.Phases.Receive)
	} else {
		t.lap(&ex.Phases.Wait)
	}
	if err != nil && sendErr != nil {
		return quicFault(opSend, x.conn.addr, sendErr)
	}
	return err
}

// send sends the request to its end.
func (x *http3Exchange) send(c *Client, t *trip) error {
	x.sock.last, x.sock.sending = t.mark, true
	frames, rest, err := x.conn.encode(t.req)
	if err != nil {
		return &fault{ClassSend, opSend, x.conn.addr, err}
	}
	if _, err := x.sock.Write(frames); err != nil {
		return err
	}
	if rest != nil {
		if _, err := x.sock.Write(rest); err != nil {
			return err
		}
	}
	if t.body != nil {
		if err := x.upload(c, t); err != nil {
			return err
		}
	}
	// It fails where the server wants no more of the stream, or the connection has ended; reading tells.
	_ = x.stream.Close()
	return nil
}

// upload sends a body. Its last bytes go when it is known that they are the last, so that a server never takes a
// body of the wrong length for whole.
func (x *http3Exchange) upload(c *Client, t *trip) error {
	s, length := c.sender(), t.req.framing.length
	if s.buf == nil {
		s.buf = make([]byte, chunkFront+uploadPiece+chunkBack)
	}
	wrong := func(err error) error { return &fault{ClassSend, opUpload, x.conn.addr, err} }
	for total, empty := int64(0), 0; ; {
		n, err := t.body.Read(s.buf[pieceFront : pieceFront+uploadPiece])
		total += int64(n)
		if length >= 0 && total == length && err == nil {
			var more int
			more, err = s.probe(t.body)
			total += int64(more)
		}
		switch {
		case err != nil && err != io.EOF:
			return wrong(err)
		case length >= 0 && total > length:
			return wrong(errBodyLong)
		case err == io.EOF && total < length:
			return wrong(errBodyShort)
		}
		if n > 0 {
			empty = 0
			if err := x.piece(s.buf[:pieceFront+n]); err != nil {
				return err
			}
		} else if empty++; empty == emptyReads {
			return wrong(io.ErrNoProgress)
		}
		if err == io.EOF {
			return nil
		}
	}
}

// pieceFront is the room for what stands before the payload of a piece of an upload.
const pieceFront = 1 + pieceLength

// pieceLength is how many bytes tell the length of a piece.
const pieceLength = 4

// piece sends a DATA frame with the bytes behind pieceFront.
func (x *http3Exchange) piece(p []byte) error {
	quicvarint.AppendWithLen(append(p[:0], frameData), uint64(len(p)-pieceFront), pieceLength)
	x.sock.last = x.sock.clock.Now()
	_, err := x.sock.Write(p)
	return err
}

// receive reads the response, or its head where the body is streamed.
func (x *http3Exchange) receive(t *trip) error {
	f, resp, req := &x.frames, t.resp, t.req
	if err := f.readFinal(resp); err != nil {
		return err
	}
	t.ex.Headed = x.sock.last
	bodiless := req.Head || resp.head.bodiless()
	if req.Spec.Stream && !bodiless && resp.head.length != 0 {
		x.body = true
		return f.recv.fits(&resp.head)
	}
	if req.Spec.BriefRedirects && isRedirect(resp) {
		return x.skim(t, bodiless)
	}
	var sink *[]byte
	if req.KeepBody {
		sink = &resp.Body
	}
	return f.readBody(&resp.head, bodiless, sink)
}

// skim reads a body that nobody wants, within limits, and otherwise tells the server not to send it.
func (x *http3Exchange) skim(t *trip, bodiless bool) error {
	most := x.frames.recv.maxBody
	if at := x.sock.last + x.sock.distance.patience(skimTime); x.sock.call == 0 || at < x.sock.call {
		x.sock.call = at
	}
	x.frames.recv.maxBody = min(most, skimBytes)
	err := x.frames.readBody(&t.resp.head, bodiless, nil)
	x.sock.call, x.frames.recv.maxBody = t.until, most
	if err == nil || x.sock.canceled() != nil || t.until != 0 && x.sock.clock.Now() >= t.until {
		return err
	}
	x.stream.CancelRead(codeRequestCancelled)
	return nil
}

// abandon gives the stream up, and with it the connection where the fault is one of all of it. The others'
// exchanges go on otherwise.
func (x *http3Exchange) abandon(f *fault) {
	x.conn.notice(f.err)
	code := quic.StreamErrorCode(codeRequestCancelled)
	switch {
	case f.err == error(errFrame):
		x.conn.violated(codeFrameUnexpected)
	case f.class == ClassProtocol:
		code = codeMessage
	case f.class == ClassTooLarge:
		code = codeExcessiveLoad
	}
	x.stream.CancelRead(code)
	x.stream.CancelWrite(code)
}
