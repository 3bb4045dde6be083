package wire

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// h2sending is the side of an h2conn that writes. Frames are collected; whoever needs some of them written and
// finds that nobody writes does so for all.
type h2sending struct {
	encoder headerEncoder
	window  int64         // that the server takes of all bodies
	frames  []byte        // to be written
	out     []byte        // being written; with TLS, encrypted
	rest    []byte        // of out, what is not written yet
	plain   []byte        // with TLS, the room for the next frames
	batch   []h2sent      // requests that are complete in frames
	going   []h2sent      // those in out
	total   int64         // bytes of frames that were moved to out
	done    int64         // of these, written
	moved   time.Duration // when bytes were written last
	busy    bool          // somebody writes
	by      *h2stream     // for whom somebody is writing at this moment
	leaving time.Duration // when the one who writes wants to be gone; 0: when all is written
	err     *fault        // nothing more can be written

	// crypt is what TLS makes of frames, and says by itself while it reads.
	crypting sync.Mutex
	crypt    []byte
}

// An h2sent is a request whose end is among the frames.
type h2sent struct {
	st *h2stream
	id uint32
}

func (s *h2sending) init() {
	s.window = protoWindow
	s.encoder.init()
}

// A connection has up to four buffers for writing, of these sizes together in bytes: what of a body is collected
// before it is written, and the frame that exceeds that. Some servers take frames of 1 MiB; larger sizes are no faster.
const (
	enoughData  = 64 << 10
	longestData = 64 << 10
)

// sendKept is how much memory each buffer keeps when nobody uses the connection, in bytes. An upload
// takes up to largeBuffer in each.
const sendKept = 32 << 10

// roomIn makes sure that n more bytes find room in b, with one of the spare buffers where many do.
func (m *h2conn) roomIn(b []byte, n int) []byte {
	if need := len(b) + n; need > sendKept && need > cap(b) {
		b = slices.Grow(append(m.spare.takeLarge(), b...), n)
	}
	return b
}

// giveBack gives back what an upload took. The caller holds mu, and nobody has an exchange under way.
func (m *h2conn) giveBack() {
	s := &m.send
	if max(cap(s.frames), cap(s.out), cap(s.plain)) <= sendKept || s.busy || len(s.frames)+len(s.rest) > 0 {
		return
	}
	s.crypting.Lock()
	defer s.crypting.Unlock()
	if len(s.crypt) > 0 {
		return
	}
	s.rest = nil
	for _, b := range []*[]byte{&s.frames, &s.out, &s.plain, &s.crypt} {
		if cap(*b) > sendKept {
			m.spare.putLarge(*b)
			*b = nil
		}
	}
}

// Write collects what TLS writes. It is sock.Write's.
func (m *h2conn) Write(p []byte) (int, error) {
	m.send.crypting.Lock()
	m.send.crypt = append(m.roomIn(m.send.crypt, len(p)), p...)
	m.send.crypting.Unlock()
	return len(p), nil
}

// unsent reports whether there is something to write. The caller holds mu.
func (m *h2conn) unsent() bool {
	return (len(m.send.frames) > 0 || len(m.send.rest) > 0) && m.send.err == nil && m.err == nil
}

// flush writes until all is written, or st's caller has what it waits for. The caller holds mu, which is not
// held meanwhile; send.busy is not set.
func (m *h2conn) flush(st *h2stream) {
	s := &m.send
	s.busy = true
	if len(m.streams) > 1 {
		// Others that can go on now add their frames to the same system call.
		m.mu.Unlock()
		runtime.Gosched()
		m.mu.Lock()
	}
	s.moved = st.last
	for m.unsent() {
		if len(s.rest) == 0 {
			m.prepare()
			if s.err != nil {
				break
			}
		}
		s.by = st
		m.mu.Unlock()
		n, err := m.cn.sock.raw.Write(s.rest)
		now := m.clock.Now()
		m.out.Add(int64(n))
		m.mu.Lock()
		s.by = nil
		s.rest = s.rest[n:]
		switch {
		case err == nil:
			m.written(now)
		case isDeadline(err):
			m.halted(n, now)
			m.alarm()
		default:
			m.broke(err)
		}
		if m.ready(st) || s.leaving != 0 && now >= s.leaving {
			break
		}
	}
	s.busy = false
}

// prepare moves the frames to where they are written from. The caller holds mu, which with TLS is not held meanwhile.
func (m *h2conn) prepare() {
	s := &m.send
	s.going, s.batch = append(s.going[:0], s.batch...), s.batch[:0]
	s.total += int64(len(s.frames))
	if m.cn.tls == nil {
		s.out, s.frames = s.frames, s.out[:0]
		s.rest = s.out
		return
	}
	plain := s.frames
	s.frames = s.plain[:0]
	m.mu.Unlock()
	_, err := m.cn.tls.Write(plain)
	s.crypting.Lock()
	s.out, s.crypt = s.crypt, s.out[:0]
	s.crypting.Unlock()
	m.mu.Lock()
	s.plain, s.rest = plain, s.out
	if err != nil {
		m.broke(err)
	}
}

// written notes what was written. The caller holds mu.
func (m *h2conn) written(now time.Duration) {
	s := &m.send
	s.moved = now
	s.done = s.total
	for _, e := range s.going {
		if e.st.id == e.id && e.st.sending {
			e.st.sending, e.st.sent, e.st.last = false, now, now
			m.armFor(e.st) // from here on it is silence that is bounded
		}
	}
	s.going = s.going[:0]
	for _, st := range m.live {
		if st.want == wantSent {
			st.last = now
			m.notify(st)
		}
	}
	m.wakeRoused()
}

// halted is called when the deadline fired while n bytes were written. It ends a connection whose peer takes no bytes
// for longer than somebody on it wants to wait. The caller holds mu.
func (m *h2conn) halted(n int, now time.Duration) {
	if n > 0 {
		m.send.moved = now
	}
	for _, st := range m.live {
		switch {
		case !st.sending || st.stall == 0 || st.want == wantWindow:
		case n > 0:
			st.last = now
		case now >= m.send.moved+st.stall:
			m.send.err = &fault{ClassSend, opSend, m.cn.sock.addr, errStuck}
			m.fail(m.send.err, true)
			return
		}
	}
}

// broke notes that nothing more can be written. A server may answer and close before it has taken a whole request;
// the answer can still be read, so that reading decides what becomes of the connection. The caller holds mu.
func (m *h2conn) broke(err error) {
	s := &m.send
	s.err = transferFault(opSend, m.cn.sock.addr, err)
	s.frames, s.rest = s.frames[:0], nil
	if !peerEnded(s.err) {
		m.fail(s.err, false)
	}
}

// farewell writes what a caller leaves behind that did not get what it waited for, as far as that does not
// take long. The caller holds mu.
func (m *h2conn) farewell(st *h2stream) {
	if !m.unsent() || m.send.busy {
		return
	}
	m.send.leaving = m.clock.Now() + glance
	m.arm(m.send.leaving)
	m.flush(st)
	m.send.leaving = 0
}

// request queues a request's head, and all of it that is there is. The caller holds mu.
func (m *h2conn) request(st *h2stream, head []byte, last bool) {
	st.id = m.nextID
	m.nextID += 2
	m.streams[st.id] = st
	st.window, st.allowed = m.peer.window, streamWindow
	block := m.send.encoder.encode(head, m.cn.endpoint.TLS)
	m.send.frames = appendBlock(m.send.frames, st.id, block, m.peer.frame, last)
	if last {
		m.send.batch = append(m.send.batch, h2sent{st, st.id})
	}
}

// body queues some of a request's body, as fast as the server takes it; with last nothing follows. It returns early
// where the stream is over. The caller holds mu, which is not held while it waits.
func (m *h2conn) body(st *h2stream, p []byte, last bool) {
	for !st.over && (len(p) > 0 || last) {
		n := min(int64(len(p)), st.window, m.send.window, int64(m.peer.frame), longestData)
		if n <= 0 && len(p) > 0 {
			m.await(st, wantWindow)
			continue
		}
		if len(m.send.frames) >= enoughData {
			m.awaitSent(st)
			continue
		}
		flags := http2.Flags(0)
		if last && int(n) == len(p) {
			flags = http2.FlagDataEndStream
			m.send.batch = append(m.send.batch, h2sent{st, st.id})
		}
		m.send.frames = m.roomIn(m.send.frames, frameHeader+int(n))
		m.send.frames = appendFrameHeader(m.send.frames, int(n), http2.FrameData, flags, st.id)
		m.send.frames = append(m.send.frames, p[:n]...)
		st.window -= n
		m.send.window -= n
		if p = p[n:]; len(p) == 0 {
			return
		}
	}
}

// awaitSent waits until all that is queued is written. The caller holds mu, which is not held meanwhile.
func (m *h2conn) awaitSent(st *h2stream) {
	st.target = m.send.total + int64(len(m.send.frames))
	m.await(st, wantSent)
}
