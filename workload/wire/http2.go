package wire

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

const (
	// streamWindow is how much of a response a server may send that its reader has not taken, and connWindow
	// how much on a connection. Whole responses are taken as they come, so that neither holds a server back.
	streamWindow = 4 << 20
	connWindow   = 1 << 30

	// protoWindow is the window that both sides begin with (RFC 9113, section 6.9.2).
	protoWindow = 65535
	maxWindow   = 1<<31 - 1

	// frameSize is the largest payload that we take, which is also what servers take at least.
	frameSize   = 16384
	frameHeader = 9

	// streamsUntold is how many streams we open at a time until the server has said how many it allows; RFC 9113,
	// section 6.5.2, asks servers to allow at least so many.
	streamsUntold = 100

	lastStreamID = 1<<31 - 1
)

// An h2conn is an HTTP/2 connection (RFC 9113). It has no goroutine of its own: those who wait for something on it
// take turns in reading, for all, and in writing, for all. Whoever finds that nobody reads becomes the reader, until
// it has what it waits for; it then wakes another of those who still wait. So a single user
// reads and writes by itself, without a change of goroutines, and many share the system calls.
type h2conn struct {
	cn    *conn
	clock Clock
	spare *Buffers
	in    atomic.Int64 // bytes moved since they were last entered into an exchange
	out   atomic.Int64

	mu      sync.Mutex
	streams map[uint32]*h2stream // open, by number
	live    []*h2stream          // those of exchanges under way: open, waiting to be, or with bytes that nobody took yet
	free    []*h2stream
	queued  int // how many wait to be opened
	nextID  uint32
	err     *fault        // the connection has failed
	ours    bool          // it was we who gave it up
	goaway  bool          // the server takes no further streams
	closed  bool          // by close
	used    time.Duration // when the last exchange ended
	armed   time.Duration // the deadline set on the transport; 0: none

	peer h2settings
	send h2sending
	recv h2receiving
}

// h2settings are the server's.
type h2settings struct {
	known   bool
	streams uint32 // at a time
	window  int64  // that a stream begins with
	frame   int    // largest payload
}

// openHTTP2 makes cn, just established, an HTTP/2 connection. Preface and SETTINGS go with the first request;
// the server's are not waited for.
func (o *opener) openHTTP2(cn *conn) {
	if cn.tls == nil {
		cn.dontDelay() // requests follow each other before the first is answered
	}
	m := &h2conn{cn: cn, clock: o.clock, spare: o.spare, nextID: 1, streams: make(map[uint32]*h2stream)}
	m.peer = h2settings{streams: streamsUntold, window: protoWindow, frame: frameSize}
	m.recv.init(o.opts)
	m.send.init()
	m.send.frames = appendSettings(append(m.send.frames, http2.ClientPreface...),
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(min(m.recv.maxHead, 1<<31-1))})
	m.send.frames = appendWord(m.send.frames, http2.FrameWindowUpdate, 0, connWindow-protoWindow)
	m.armed = cn.sock.armed
	cn.sock.shared = m
	cn.mux = m
}

// greet sends what a connection begins with and waits for the server's SETTINGS, which is the first that a server of
// HTTP/2 says (RFC 9113, section 3.4). It is for a connection that has no exchange.
func (m *h2conn) greet(w *watch, until time.Duration, l *Limits) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := &h2stream{wake: make(chan struct{}, 1), watch: w, until: until, last: m.clock.Now(), gap: l.ReadTimeout}
	if connect := l.ConnectTimeout; connect > 0 && (st.gap == 0 || connect < st.gap) {
		st.gap = connect // it is part of establishing a connection
	}
	m.live = append(m.live, st)
	w.over(&m.cn.sock)
	m.armFor(st)
	m.await(st, wantSettings)
	err := st.err
	m.leave(st)
	return err
}

// unfitForHTTP2 says why HTTP/2 cannot be spoken on a connection that is not there yet, or "".
func (o *opener) unfitForHTTP2(cn *conn) malformed {
	switch secure := cn.endpoint.TLS; {
	case o.policy.HTTP == H2C && secure:
		return errSecureH2C
	case o.policy.HTTP == HTTP2 && !secure:
		return errPlainHTTP2
	case o.policy.HTTP == H2C && cn.place.endpoint.Host == "":
		return errForwardedH2C
	}
	return ""
}

const (
	errSecureH2C    malformed = "h2c is for http URLs; https takes HTTP/2"
	errPlainHTTP2   malformed = "HTTP/2 over TLS is for https URLs; http takes h2c"
	errForwardedH2C malformed = "h2c does not pass an HTTP proxy that is given the requests"
	errNotHTTP2     malformed = "the server does not speak HTTP/2"
)

// room is mux's.
func (m *h2conn) room() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(min(max(m.peer.streams, 1), 1<<30))
}

// state is mux's. A connection that was idle for a while is asked whether the server ended it meanwhile.
func (m *h2conn) state() peerState {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil && !m.goaway && len(m.live) == 0 && !m.recv.busy && m.clock.Now()-m.used >= idleUnchecked {
		m.lookAround()
	}
	switch {
	case m.err != nil && m.ours, m.nextID > lastStreamID-2:
		return peerSpoke
	case m.err != nil, m.goaway, m.send.err != nil:
		return peerClosed
	}
	return peerQuiet
}

// lookAround reads what came while nobody used the connection, without waiting. The caller holds mu.
func (m *h2conn) lookAround() {
	const most = 16 // pieces, so that nobody can keep us here
	for range most {
		came := m.cn.idle.state(&m.cn.sock, false)
		if came == peerQuiet || m.err != nil {
			return
		}
		m.recv.glances = 1
		n, err := m.fill()
		m.recv.glances = 0
		if err == error(errDry) {
			m.rearm(0) // a deadline that is long past
			continue
		}
		m.took(n, err)
	}
}

// close is mux's. It says good-bye where nobody is in the middle of something.
func (m *h2conn) close(how ending) (orderly bool) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.closed = true
	midway := m.recv.busy || m.send.busy || len(m.send.rest) > 0
	begun := m.send.done > 0 && m.send.err == nil
	if m.err == nil {
		if begun && how != endedByPeer {
			m.sayGoodbye(http2.ErrCodeNo)
		}
		m.fail(&fault{ClassClosedEarly, opReceive, m.cn.sock.addr, errClosed}, true)
	}
	words := m.send.frames
	m.send.frames = nil
	m.mu.Unlock()
	if midway {
		return false
	}
	m.cn.sock.shared = nil
	m.cn.sock.watch = newWatch(context.Background()) // whatever ended the calls does not end this
	if begun && len(words) > 0 && how != endedByPeer {
		m.cn.sock.limits = limits{call: m.clock.Now() + closeLimit}
		_, _ = m.cn.rw.Write(words)
	}
	return true
}

// sayGoodbye queues GOAWAY. We accept no streams of the server's, so the last is 0. The caller holds mu.
func (m *h2conn) sayGoodbye(code http2.ErrCode) {
	m.send.frames = appendFrameHeader(m.send.frames, 8, http2.FrameGoAway, 0, 0)
	m.send.frames = append(m.send.frames, 0, 0, 0, 0, byte(code>>24), byte(code>>16), byte(code>>8), byte(code))
}
