package wire

import (
	"io"
	"time"

	"golang.org/x/net/http2"
)

// An h2body is the body of a response that is read on after its call has returned.
type h2body struct {
	m     *h2conn
	st    *h2stream // nil after the end
	watch *watch
	span  span
	done  func(error)
	err   error // what Read returns after the end
}

// stream makes what follows the head the caller's to read.
func (m *h2conn) stream(c *Client, t *trip, st *h2stream, done func(error)) {
	b := &h2body{m: m, st: st, span: t.span, done: done, watch: newWatch(c.watch.ctx)}
	m.mu.Lock()
	st.watch = b.watch
	m.mu.Unlock()
	b.watch.over(&m.cn.sock)
	m.takeBytes(t.ex)
	t.resp.Stream = b
}

// Read reads body bytes, and takes its turn in reading the connection. The place on the connection is given back
// together with the last of them.
func (b *h2body) Read(p []byte) (int, error) {
	if b.st == nil || len(p) == 0 {
		return 0, b.err
	}
	m, st := b.m, b.st
	m.mu.Lock()
	// The time that the reader took is no silence of the server's.
	st.last = b.span.clock.Now()
	if err := m.expired(st, st.last); err != nil && !st.over {
		st.buf, st.off = st.buf[:0], 0
		m.abort(st, http2.ErrCodeCancel, err)
	}
	m.armFor(st)
	m.await(st, wantData)
	n := copy(p, st.buf[st.off:])
	if st.off += n; st.off == len(st.buf) {
		st.buf, st.off = st.buf[:0], 0
	}
	m.taken(st, n)
	m.farewell(st)
	ended, err := st.bare(), st.err
	if ended {
		m.leave(st)
	}
	m.handOver()
	m.mu.Unlock()
	if ended {
		b.finish(err)
		if err == nil {
			err = io.EOF
		} else {
			b.span.ex.Err, b.span.ex.Class = err, ClassOf(err)
		}
		b.err = err
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

// finish enters what the stream took into the exchange, and ends it with err.
func (b *h2body) finish(err error) {
	b.st = nil
	b.watch.stop()
	ex := b.span.ex
	b.span.lap(&ex.Phases.Receive)
	b.m.takeBytes(ex)
	ex.Finished = b.span.mark
	b.done(err)
}

// Within makes reading fail with ClassTimeout when d has passed, unless it would have before. It is for
// those who read a body only so that its place can be used again.
func (b *h2body) Within(d time.Duration) {
	if b.st == nil {
		return
	}
	b.m.mu.Lock()
	defer b.m.mu.Unlock()
	if at := b.span.clock.Now() + d; b.st.until == 0 || at < b.st.until {
		b.st.until = at
	}
}

// Close ends the stream. Before its end the server is told that nobody wants the rest; the connection goes on,
// and it is no failure of the call.
func (b *h2body) Close() error {
	if b.st == nil {
		return nil
	}
	m, st := b.m, b.st
	b.err = &fault{ClassCanceled, opReceive, m.cn.sock.addr, errStreamDone}
	m.mu.Lock()
	m.abort(st, http2.ErrCodeCancel, b.err)
	m.farewell(st)
	m.leave(st)
	m.handOver()
	m.mu.Unlock()
	b.finish(nil)
	return nil
}
