package wire

import "golang.org/x/net/http2"

// do is mux's. Bytes are entered by whoever finds them moved, be it by another: only their sum over
// all exchanges of a connection is exact. What is moved after the last one is in none.
//
// A wait for a stream to be opened, or for the server to take more of a body, is part of Phases.Send.
func (m *h2conn) do(c *Client, t *trip, done func(error)) error {
	m.mu.Lock()
	st := m.enter(t, c.watch)
	c.watch.over(&m.cn.sock)
	m.carry(c, t, st)
	if st.err != nil && m.unsent() {
		m.farewell(st)
	}
	t.seen = st.first != 0
	m.account(st, &t.span)
	t.ex.Headed = st.headed
	err := st.err
	if err == nil && st.streamed && !st.bare() {
		m.handOver()
		m.mu.Unlock()
		m.stream(c, t, st, done)
		return nil
	}
	m.leave(st)
	m.handOver()
	m.mu.Unlock()
	m.takeBytes(t.ex)
	if err == nil && t.req.Spec.Stream {
		t.resp.Stream = noBody{}
		done(nil)
	}
	return err
}

// bare reports whether a response that is streamed has nothing more to be read.
func (st *h2stream) bare() bool { return st.over && len(st.buf) == st.off }

// carry sends the request and waits for the response, or its head. The caller holds mu, which is not held while it
// waits.
func (m *h2conn) carry(c *Client, t *trip, st *h2stream) {
	if st.watch.fired.Load() {
		m.end(st, t.mark, canceledFault(st.watch.ctx, opSend, m.cn.sock.addr))
		return
	}
	m.armFor(st)
	if !m.awaitSlot(st) {
		return
	}
	c.counts.StreamsPeak = max(c.counts.StreamsPeak, int64(len(m.streams)+1))
	head := requestHead(t.req.Raw)
	body := t.req.Raw[len(head):]
	if t.req.apart != nil {
		body = t.req.apart
	}
	m.request(st, head, len(body) == 0 && t.body == nil)
	if len(body) > 0 {
		m.body(st, body, t.body == nil)
	}
	if t.body != nil {
		m.upload(c, t, st)
	}
	if st.streamed {
		m.await(st, wantHead)
	} else {
		m.await(st, wantEnd)
	}
	if st.over && st.err == nil && st.sending && len(m.send.going) == 0 && m.send.total == m.send.done {
		m.stopSending(st)
	}
}

// stopSending tells the server that the rest of a request, which it has answered already, does not come (RFC 9113,
// section 8.1). The caller holds mu.
func (m *h2conn) stopSending(st *h2stream) {
	for _, e := range m.send.batch {
		if e.st == st && e.id == st.id {
			return // it is complete, and about to be sent
		}
	}
	m.send.frames = appendWord(m.send.frames, http2.FrameRSTStream, st.id, uint32(http2.ErrCodeNo))
	m.farewell(st)
}

// awaitSlot waits until a stream can be opened, and reports whether it can. The caller holds mu, which is not held
// meanwhile.
func (m *h2conn) awaitSlot(st *h2stream) bool {
	if m.err == nil && uint32(len(m.streams)) >= max(m.peer.streams, 1) {
		m.queued++
		m.await(st, wantSlot)
		m.queued--
	}
	switch {
	case st.over:
	case m.err != nil && peerEnded(m.err):
		m.end(st, st.last, &fault{m.err.class, opSend, m.err.addr, refusal(m.err.err.Error())})
	case m.err != nil:
		m.end(st, st.last, m.err)
	case m.send.err != nil:
		m.end(st, st.last, m.send.err)
	case m.goaway, m.nextID > lastStreamID-2:
		m.end(st, st.last, &fault{ClassClosedEarly, opSend, m.cn.sock.addr, errGoingAway})
	}
	return !st.over
}

const errGoingAway refusal = "the server takes no further requests on this connection"

// account enters the phases of an exchange so far. The caller holds mu.
func (m *h2conn) account(st *h2stream, sp *span) {
	p := &sp.ex.Phases
	switch {
	case st.sent != 0:
		sp.lapTo(&p.Send, st.sent)
	case st.first == 0:
		sp.lapTo(&p.Send, st.ended)
	case st.id != 0:
		// It was answered before it was complete.
		sp.lapTo(&p.Send, st.first)
	}
	if st.first == 0 {
		sp.lapTo(&p.Wait, st.ended)
		return
	}
	sp.lapTo(&p.Wait, st.first)
	if st.over {
		sp.lapTo(&p.Receive, st.ended)
	} else {
		sp.lapTo(&p.Receive, st.headed)
	}
}

func (m *h2conn) takeBytes(ex *Exchange) {
	ex.BytesIn += m.in.Swap(0)
	ex.BytesOut += m.out.Swap(0)
}

// upload sends a body that is read while it is sent. The caller holds mu, which is not held meanwhile.
func (m *h2conn) upload(c *Client, t *trip, st *h2stream) {
	s := c.sender()
	s.cn, s.over, s.clock, s.pause = m.cn, st, t.clock, firstLook
	st.look = t.mark + s.pause
	if s.buf == nil {
		s.buf = make([]byte, chunkFront+uploadPiece+chunkBack)
	}
	st.want = wantNothing
	m.mu.Unlock()
	err := s.upload(t.body, framing{length: t.req.framing.length})
	s.over = nil
	m.mu.Lock()
	switch {
	case st.over:
	case err != nil && err != error(errAnswered):
		m.abort(st, http2.ErrCodeCancel, err)
	default:
		m.body(st, nil, true)
	}
}

// pushHTTP2 is push on a stream. It fails with errAnswered where there is no use in sending on.
func (s *sender) pushHTTP2(p []byte) error {
	st, m := s.over, s.cn.mux.(*h2conn)
	now := s.clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	st.last = now
	if err := m.expired(st, now); err != nil && !st.over {
		m.abort(st, http2.ErrCodeCancel, err)
	}
	m.armFor(st)
	m.body(st, p, false)
	if !st.over {
		m.awaitSent(st)
	}
	if now >= st.look && !st.over {
		m.glanceAt(st, s)
	}
	m.handOver()
	if st.over {
		return errAnswered
	}
	return nil
}

// glanceAt looks for what the server may have said, where nobody else reads. The caller holds mu.
func (m *h2conn) glanceAt(st *h2stream, s *sender) {
	st.look = s.clock.Now() + glance
	if !m.recv.busy {
		st.looked = false
		m.arm(st.look)
		m.await(st, wantLook)
	}
	s.pause = min(2*s.pause, lastLook)
	st.look = s.clock.Now() + s.pause
}
