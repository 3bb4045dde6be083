package wire

import (
	"encoding/binary"
	"time"

	"golang.org/x/net/http2"
)

// readMost is what a connection's read buffer grows to as long as reads fill it. It holds the largest frame.
const readMost = 64 << 10

// What a connection is given up for.
const (
	errFrameSize  malformed = "HTTP/2 frame of a wrong size"
	errFrameOrder malformed = "HTTP/2 frame out of place"
	errFrameValue malformed = "HTTP/2 frame with a wrong value"
	errPushed     malformed = "HTTP/2 push that was refused beforehand"
	errWindow     malformed = "HTTP/2 flow control was not heeded"
	errFlood      malformed = "too many HTTP/2 frames that want an answer"
)

// h2receiving is the side of an h2conn that reads. Only the reader uses what is not marked otherwise; it
// parses under h2conn.mu and reads without.
type h2receiving struct {
	busy    bool          // somebody reads; under mu
	by      *h2stream     // for whom somebody is reading at this moment; under mu
	roused  []*h2stream   // to be woken; under mu
	glances int           // reads that are left, and then none (-1); 0: as many as it takes
	at      time.Duration // when bytes came last
	buf     []byte
	r, w    int
	brim    bool // the last read filled the buffer

	started bool  // the server's SETTINGS came
	window  int64 // that the server may still send on the connection
	credit  int64
	maxHead int
	maxBody int64

	decoder headerDecoder
	head    h2head
	scratch []byte // for heads that are nobody's
	block   []byte // a header block that comes in several frames
	blockOf uint32 // its stream; 0: none is under way
	blockAt bool   // it ends the stream
	spent   int    // what its frames amount to

	data    uint32 // stream of the DATA frame being read
	left    int    // of its payload
	padding int    // of these, padding
	last    bool   // it ends the stream
	within  bool   // there is one
}

func (r *h2receiving) init(opts *Options) {
	r.maxHead, r.maxBody, r.window = opts.MaxHeaderBytes, opts.MaxBodyBytes, connWindow
	if r.maxHead <= 0 {
		r.maxHead = defaultHeaderBytes
	}
	if r.maxBody <= 0 {
		r.maxBody = defaultBodyBytes
	}
}

// Read reads from the transport; it is sock.Read's. A deadline that fires is errDry, so that TLS does not take it
// for the end.
func (m *h2conn) Read(p []byte) (int, error) {
	r := &m.recv
	if r.glances < 0 {
		return 0, errDry
	}
	n, err := m.cn.sock.raw.Read(p)
	switch {
	case n > 0:
		if r.glances > 0 {
			r.glances = -1
		}
		m.in.Add(int64(n))
		r.at = m.clock.Now()
		return n, nil
	case err != nil && isDeadline(err):
		return 0, errDry
	}
	return 0, err
}

// read reads until st has what its caller waits for. The caller holds mu, which is not held meanwhile;
// recv.busy is not set.
func (m *h2conn) read(st *h2stream) {
	m.recv.busy = true
	for !m.ready(st) {
		m.recv.by = st
		m.mu.Unlock()
		n, err := m.fill()
		m.mu.Lock()
		m.recv.by = nil
		m.took(n, err)
		m.wakeRoused()
		if m.unsent() && !m.send.busy {
			m.flush(st)
		}
	}
	m.recv.busy = false
}

// fill reads once, behind what is in the buffer.
func (m *h2conn) fill() (int, error) {
	r := &m.recv
	switch {
	case r.buf == nil:
		r.buf = make([]byte, readBuffer)
	case r.brim && len(r.buf) < readMost || r.w-r.r == len(r.buf):
		larger := make([]byte, 2*len(r.buf))
		r.w = copy(larger, r.buf[r.r:r.w])
		r.buf, r.r = larger, 0
	case r.r > 0:
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	n, err := m.cn.rw.Read(r.buf[r.w:])
	r.w += n
	r.brim = r.w == len(r.buf)
	return n, err
}

// took handles what a read came to. The caller holds mu.
func (m *h2conn) took(n int, err error) {
	if m.err != nil {
		return
	}
	if n > 0 {
		m.parse()
	}
	switch {
	case err == nil || m.err != nil:
	case err == error(errDry):
		m.alarm()
	case m.send.err != nil:
		m.fail(m.send.err, false)
	default:
		m.fail(transferFault(opReceive, m.cn.sock.addr, err), false)
	}
}

// refuse gives the connection up for what the server sent. The caller holds mu.
func (m *h2conn) refuse(code http2.ErrCode, why malformed) {
	if m.err == nil {
		m.sayGoodbye(code)
		m.fail(&fault{ClassProtocol, opReceive, m.cn.sock.addr, why}, true)
	}
}

// parse handles the frames in the buffer. The caller holds mu.
func (m *h2conn) parse() {
	r := &m.recv
	for m.err == nil {
		if r.within {
			if !m.someData() {
				return
			}
			continue
		}
		if r.w-r.r < frameHeader {
			return
		}
		b := r.buf[r.r:r.w]
		length := int(b[0])<<16 | int(b[1])<<8 | int(b[2])
		kind, flags := http2.FrameType(b[3]), http2.Flags(b[4])
		id := binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1)
		switch {
		case !r.started && (kind != http2.FrameSettings || flags.Has(http2.FlagSettingsAck)):
			m.refuse(http2.ErrCodeProtocol, errNotHTTP2)
			return
		case length > frameSize:
			m.refuse(http2.ErrCodeFrameSize, errFrameSize)
			return
		case (r.blockOf != 0 || kind == http2.FrameContinuation) && (kind != http2.FrameContinuation || id != r.blockOf):
			m.refuse(http2.ErrCodeProtocol, errFrameOrder)
			return
		case kind == http2.FrameData:
			r.r += frameHeader
			m.beginData(id, length, flags)
			continue
		case len(b) < frameHeader+length:
			return
		}
		r.r += frameHeader + length
		m.frame(kind, flags, id, b[frameHeader:frameHeader+length])
	}
}

// beginData starts a DATA frame. The caller holds mu.
func (m *h2conn) beginData(id uint32, length int, flags http2.Flags) {
	r := &m.recv
	if !m.known(id) {
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		return
	}
	if r.window -= int64(length); r.window < 0 {
		m.refuse(http2.ErrCodeFlowControl, errWindow)
		return
	}
	if r.credit += int64(length); r.credit >= connWindow/2 {
		m.send.frames = appendWord(m.send.frames, http2.FrameWindowUpdate, 0, uint32(r.credit))
		r.window += r.credit
		r.credit = 0
	}
	if st := m.streams[id]; st != nil {
		if st.allowed -= int64(length); st.allowed < 0 {
			m.reject(st, http2.ErrCodeFlowControl, errWindow)
		}
	}
	r.within, r.data, r.left, r.last = true, id, length, flags.Has(http2.FlagDataEndStream)
	r.padding = 0
	if flags.Has(http2.FlagDataPadded) {
		r.padding = -1
	}
}

// someData handles what is there of a DATA frame, and reports whether that was all of it. The caller holds mu.
func (m *h2conn) someData() bool {
	r := &m.recv
	st := m.streams[r.data]
	if r.padding < 0 {
		switch {
		case r.left == 0:
			m.refuse(http2.ErrCodeFrameSize, errFrameSize)
			return false
		case r.r == r.w:
			return false
		}
		r.padding = int(r.buf[r.r])
		r.r++
		if r.left--; r.padding > r.left {
			m.refuse(http2.ErrCodeProtocol, errFrameValue)
			return false
		}
		if st != nil {
			m.taken(st, r.padding+1)
		}
	}
	if n := min(r.left-r.padding, r.w-r.r); n > 0 {
		if st != nil {
			m.bodyPart(st, r.buf[r.r:r.r+n])
		}
		r.r += n
		r.left -= n
	}
	if r.left <= r.padding {
		n := min(r.left, r.w-r.r)
		r.r += n
		r.left -= n
		r.padding = r.left
	}
	if r.left > 0 {
		return false
	}
	r.within = false
	if st = m.streams[r.data]; st != nil && r.last {
		m.complete(st)
	}
	return true
}

// bodyPart takes bytes of a response's body. The caller holds mu.
func (m *h2conn) bodyPart(st *h2stream, p []byte) {
	h := &st.resp.head
	st.last = m.recv.at
	if st.first == 0 {
		st.first = st.last
	}
	st.body += int64(len(p))
	most := m.recv.maxBody
	if st.skim != 0 {
		most = min(most, skimBytes)
	}
	switch {
	case st.headed == 0:
		m.reject(st, http2.ErrCodeProtocol, errNoHead)
	case st.req.Head || h.bodiless():
		m.reject(st, http2.ErrCodeProtocol, errNoBody)
	case h.length >= 0 && st.body > h.length:
		m.reject(st, http2.ErrCodeProtocol, errFraming)
	case st.body > most:
		m.reject(st, http2.ErrCodeCancel, errBodySize)
	case st.streamed:
		st.store(p)
		m.notify(st)
	default:
		if st.req.KeepBody {
			st.resp.Body = append(st.resp.Body, p...)
		}
		m.taken(st, len(p))
	}
}

// store keeps bytes until they are read.
func (st *h2stream) store(p []byte) {
	if st.off > 0 && len(st.buf)+len(p) > cap(st.buf) {
		st.buf = st.buf[:copy(st.buf, st.buf[st.off:])]
		st.off = 0
	}
	st.buf = append(st.buf, p...)
}

// taken lets the server send more when enough was taken. The caller holds mu.
func (m *h2conn) taken(st *h2stream, n int) {
	if st.credit += int64(n); st.credit < streamWindow/2 || st.over {
		return
	}
	m.send.frames = appendWord(m.send.frames, http2.FrameWindowUpdate, st.id, uint32(st.credit))
	st.allowed += st.credit
	st.credit = 0
}

// complete ends a stream whose response is whole. The caller holds mu.
func (m *h2conn) complete(st *h2stream) {
	h := &st.resp.head
	st.last = m.recv.at
	switch {
	case st.headed == 0:
		m.reject(st, http2.ErrCodeProtocol, errNoHead)
	case !st.req.Head && !h.bodiless() && h.length >= 0 && h.length != st.body:
		m.reject(st, http2.ErrCodeProtocol, errFraming)
	default:
		m.end(st, m.recv.at, nil)
	}
}

// reject gives a stream up for what the server sent on it. The caller holds mu.
func (m *h2conn) reject(st *h2stream, code http2.ErrCode, why error) {
	m.abort(st, code, transferFault(opReceive, m.cn.sock.addr, why))
}

// known reports whether a stream was ever opened by us.
func (m *h2conn) known(id uint32) bool { return id&1 == 1 && id < m.nextID }
