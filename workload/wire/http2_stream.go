package wire

import (
	"time"

	"golang.org/x/net/http2"
)

// An h2stream is an exchange on an h2conn, whose mu protects it. It belongs to one caller, who waits in await; its
// request and response are written to by whoever reads the connection, until it is over.
type h2stream struct {
	id   uint32 // 0: not opened yet
	pos  int    // in h2conn.live
	wake chan struct{}

	req    *Request
	resp   *Response
	watch  *watch
	until  time.Duration // the whole call; 0: no limit
	skim   time.Duration // the body of a redirect that nobody wants; 0: no limit
	look   time.Duration // the end of a look around
	gap    time.Duration
	stall  time.Duration
	last   time.Duration // when something moved last, or began to be waited for
	want   h2want
	parked bool // its caller waits to be woken
	looked bool

	window  int64 // that the server takes of the request's body
	target  int64 // of h2sending.done, that is waited for
	sending bool  // the request is not complete
	sent    time.Duration
	first   time.Duration // when the response began to come
	headed  time.Duration // when its head was complete
	ended   time.Duration
	err     error
	over    bool // nothing more comes: the response is complete, or err says why it is not

	spent    int   // bytes of interim heads
	body     int64 // bytes of the response's body that came
	credit   int64 // of these, taken and not yet announced to the server
	allowed  int64 // that the server may still send
	streamed bool
	buf      []byte // of a streamed response, that came and was not read yet, from off on
	off      int
}

// An h2want is what the caller of a stream waits for.
type h2want int

const (
	wantNothing  h2want = iota // its caller is elsewhere
	wantSettings               // that the server says what it allows
	wantSlot                   // that a stream may be opened
	wantWindow                 // that the server takes some of the body
	wantSent                   // that its frames up to h2stream.target are written
	wantLook                   // a moment, for what has come meanwhile
	wantHead
	wantData
	wantEnd
)

// enter adds a stream for t to those that are live. The caller holds mu.
func (m *h2conn) enter(t *trip, w *watch) *h2stream {
	var st *h2stream
	if last := len(m.free) - 1; last >= 0 {
		st = m.free[last]
		m.free = m.free[:last]
		*st = h2stream{wake: st.wake, buf: st.buf[:0]}
	} else {
		st = &h2stream{wake: make(chan struct{}, 1)}
	}
	st.req, st.resp, st.watch = t.req, t.resp, w
	st.until, st.last = t.until, t.mark
	var l limits
	l.bound(t.limits)
	st.gap, st.stall = l.gap, l.stall
	st.sending, st.streamed = true, t.req.Spec.Stream
	st.pos = len(m.live)
	m.live = append(m.live, st)
	return st
}

// leave forgets a stream, which its caller does not use any more. The caller holds mu.
func (m *h2conn) leave(st *h2stream) {
	last := len(m.live) - 1
	m.live[st.pos] = m.live[last]
	m.live[st.pos].pos = st.pos
	m.live[last] = nil
	m.live = m.live[:last]
	m.used = max(m.used, st.ended)
	st.req, st.resp, st.watch = nil, nil, nil
	if cap(st.buf) > readBuffer {
		st.buf = nil
	}
	m.free = append(m.free, st)
	if len(m.live) == 0 {
		m.giveBack()
	}
}

// ready reports whether what st's caller waits for is there, or never will be.
func (m *h2conn) ready(st *h2stream) bool {
	switch st.want {
	case wantSettings:
		return st.over || m.recv.started
	case wantSlot:
		return st.over || m.goaway || m.send.err != nil || uint32(len(m.streams)) < max(m.peer.streams, 1)
	case wantWindow:
		return st.over || min(m.send.window, st.window) > 0
	case wantSent:
		return st.over || m.send.done >= st.target
	case wantLook:
		return st.over || st.looked
	case wantHead:
		return st.over || st.headed != 0
	case wantData:
		return st.over || len(st.buf) > st.off
	}
	return st.over
}

// await waits until st has what its caller wants, taking its turn in writing and reading. The caller holds mu,
// which is not held meanwhile.
func (m *h2conn) await(st *h2stream, want h2want) {
	st.want = want
	if st.watch.fired.Load() && !st.over { // from here on an alarm tells
		m.abort(st, http2.ErrCodeCancel, canceledFault(st.watch.ctx, st.op(), m.cn.sock.addr))
	}
	waited := false
	for ; !m.ready(st); waited = true {
		switch {
		case m.unsent() && !m.send.busy:
			m.flush(st)
		case !m.recv.busy:
			m.read(st)
		default:
			st.parked = true
			m.mu.Unlock()
			<-st.wake
			m.mu.Lock()
			st.parked = false
		}
	}
	st.want = wantNothing
	if waited {
		m.handOver()
	}
}

// handOver wakes one who waits where there is a turn to take. The caller holds mu and has what it waited for.
func (m *h2conn) handOver() {
	m.wakeRoused()
	if m.recv.busy && (m.send.busy || !m.unsent()) {
		return
	}
	for _, st := range m.live {
		if st.parked {
			st.rouse()
			return
		}
	}
}

// rouse wakes the caller of a stream. Waking one that is awake does no harm.
func (st *h2stream) rouse() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// notify tells the caller of a stream that something changed for it. The caller holds mu.
func (m *h2conn) notify(st *h2stream) {
	switch {
	case st.parked:
		st.parked = false
		m.recv.roused = append(m.recv.roused, st)
	case m.outside(st):
		m.poke()
	}
}

// outside reports whether the caller of st reads or writes for others, and might have to wait long, although
// it has what it waits for. The caller holds mu.
func (m *h2conn) outside(st *h2stream) bool {
	return st != nil && (m.send.by == st || m.recv.by == st) && m.ready(st)
}

// wakeRoused wakes those that were notified. The caller holds mu.
func (m *h2conn) wakeRoused() {
	for _, st := range m.recv.roused {
		st.rouse()
	}
	m.recv.roused = m.recv.roused[:0]
}

// end makes a stream one that is over. The caller holds mu.
func (m *h2conn) end(st *h2stream, at time.Duration, err error) {
	if st.over {
		return
	}
	st.ended = at
	if st.skim != 0 && err != nil && !st.interrupted(err) {
		err = nil // nobody wants the rest
	}
	st.over, st.err = true, err
	delete(m.streams, st.id)
	m.notify(st)
	m.freeSlot()
}

// interrupted reports whether err ends the call, and not just its body.
func (st *h2stream) interrupted(err error) bool {
	class := ClassOf(err)
	return class == ClassCanceled || class == ClassTimeout && st.until != 0 && st.ended >= st.until
}

// freeSlot tells one who waits to open a stream. The caller holds mu.
func (m *h2conn) freeSlot() {
	if m.queued == 0 {
		return
	}
	for _, st := range m.live {
		if st.want == wantSlot && st.parked {
			m.notify(st)
			return
		}
	}
}

// abort ends a stream from our side. The caller holds mu.
func (m *h2conn) abort(st *h2stream, code http2.ErrCode, err error) {
	if st.over {
		return
	}
	if st.id != 0 {
		m.send.frames = appendWord(m.send.frames, http2.FrameRSTStream, st.id, uint32(code))
	}
	m.end(st, m.clock.Now(), err)
}

// fail ends the connection with all that is on it. The caller holds mu.
func (m *h2conn) fail(f *fault, ours bool) {
	if m.err != nil {
		return
	}
	m.err, m.ours = f, ours
	for _, st := range m.live {
		m.end(st, m.clock.Now(), f)
	}
	m.wakeRoused()
}

// due returns the instant at which waiting for a stream ends, 0 for never, and what it then ends with.
func (st *h2stream) due() (at time.Duration, class Class, why reason) {
	if st.until != 0 {
		at, class, why = st.until, ClassTimeout, errCallTime
	}
	if st.skim != 0 && (at == 0 || st.skim < at) {
		at, class, why = st.skim, ClassTimeout, errSkimmed
	}
	gap, late, silence := st.gap, ClassReadTimeout, errSilence
	if st.sending {
		gap, late, silence = st.stall, ClassSend, errStuck
	}
	if gap != 0 && st.want != wantNothing && (at == 0 || st.last+gap < at) {
		at, class, why = st.last+gap, late, silence
	}
	return at, class, why
}

// errSkimmed ends the reading of a body that nobody wants.
const errSkimmed reason = "the rest of a redirect's body is not waited for"

func (st *h2stream) op() string {
	if st.sending {
		return opSend
	}
	return opReceive
}

// expired says why waiting for a stream is over, or nil.
func (m *h2conn) expired(st *h2stream, now time.Duration) error {
	if st.watch.fired.Load() {
		return canceledFault(st.watch.ctx, st.op(), m.cn.sock.addr)
	}
	if at, class, why := st.due(); at != 0 && now >= at {
		return &fault{class, st.op(), m.cn.sock.addr, why}
	}
	return nil
}

// alarm is called when the deadline fired: it ends the streams whose time is over and sets the next deadline. The
// caller holds mu.
func (m *h2conn) alarm() {
	now := m.clock.Now()
	next := time.Duration(0)
	for _, st := range m.live {
		if st.over || st.want == wantNothing {
			continue // its caller looks at the time itself
		}
		if err := m.expired(st, now); err != nil {
			m.abort(st, http2.ErrCodeCancel, err)
			continue
		}
		at, _, _ := st.due()
		if st.want == wantLook {
			if st.looked = now >= st.look; !st.looked && (at == 0 || st.look < at) {
				at = st.look
			}
		}
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	if m.send.leaving != 0 && now < m.send.leaving && (next == 0 || m.send.leaving < next) {
		next = m.send.leaving
	}
	m.wakeRoused()
	m.rearm(next)
}

// arm makes sure that the deadline set is no later than at. The caller holds mu.
func (m *h2conn) arm(at time.Duration) {
	if at != 0 && (m.armed == 0 || at < m.armed) {
		m.rearm(at)
	}
}

// armFor makes sure that the deadline is no later than any that a stream has from now on: whatever moves
// makes the end of its waiting later. The caller holds mu.
func (m *h2conn) armFor(st *h2stream) {
	if st.gap != 0 {
		m.arm(st.last + st.gap)
	}
	if st.stall != 0 {
		m.arm(st.last + st.stall)
	}
	m.arm(st.until)
	m.arm(st.skim)
}

// rearm sets the deadline. The watches are asked afterwards: either it is seen here that one fired, or its own
// deadline in the past comes after ours.
func (m *h2conn) rearm(at time.Duration) {
	m.armed = at
	var t time.Time
	if at != 0 {
		t = m.clock.Time(at)
	}
	_ = m.cn.sock.raw.SetDeadline(t) // it fails where reading and writing do
	if m.outside(m.send.by) || m.outside(m.recv.by) {
		m.poke() // what was meant for them may just have been taken back
		return
	}
	for _, st := range m.live {
		if !st.over && st.want != wantNothing && st.watch.fired.Load() {
			m.poke()
			return
		}
	}
}

// poke makes who reads or writes look around.
func (m *h2conn) poke() {
	m.armed = 1
	_ = m.cn.sock.raw.SetDeadline(time.Unix(1, 0))
}
