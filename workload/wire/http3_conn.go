package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
)

// http3Room is how many exchanges a connection is given at most at a time. QUIC tells the streams that a server
// allows as a sum that grows as streams end, which the library keeps to itself; a server should not start below
// 100 (RFC 9114, section 6.1). Where one does, exchanges wait for a stream, in Phases.Acquire.
const http3Room = 100

// An http3Conn is an HTTP/3 connection (RFC 9114). QUIC and QPACK are borrowed; connection, streams and frames
// are ours, so that phases, bytes and limits are as exact as those of HTTP/1.1 and a request needs no goroutine.
//
// It owns its socket, and until it is closed one goroutine that accepts the server's streams and one that
// reads the control stream, besides those of QUIC.
type http3Conn struct {
	quic    *quic.Conn
	packets *packets
	distant *distantPackets // nil: no distance is emulated
	opener  *opener         // that opened it
	addr    string
	early   bool // requests may be sent before the handshake is complete
	entered bool // the handshake is counted; only the opener's goroutine looks

	streams atomic.Int64 // exchanges under way
	leaving atomic.Bool  // the server takes no further requests
	ended   atomic.Int64 // a peerState: that which an exchange found the connection in

	mu       sync.Mutex
	encoder  *qpack.Encoder // writes to block
	block    bytes.Buffer
	resolved bool  // 0-RTT was rejected, and the connection made usable again
	failed   error // why that could not be done

	ends sync.Once
}

// dial does the handshake, or as much of it as it takes until requests can be sent.
func (h *http3Conn) dial(ctx context.Context, config *tls.Config, qc *quic.Config, to netip.AddrPort) error {
	var under net.PacketConn = h.packets
	if d := h.opener.opts.Distance; d != nil {
		h.distant = newDistantPackets(h.packets, d)
		under = h.distant
	}
	addr := net.UDPAddrFromAddrPort(to)
	dial := quic.Dial
	if h.opener.policy.EarlyData {
		dial = quic.DialEarly
	}
	q, err := dial(ctx, under, addr, config, qc)
	if err != nil {
		return err
	}
	h.quic, h.early = q, !handshakeDone(q)
	h.encoder = qpack.NewEncoder(&h.block)
	return nil
}

// begin opens our control stream, and listens to the server's.
func (h *http3Conn) begin() error {
	control, err := h.quic.OpenUniStream()
	if err != nil {
		return err
	}
	if _, err := control.Write([]byte{controlStream, frameSettings, 0}); err != nil {
		return err
	}
	go h.accept()
	return nil
}

// enter counts the handshake, which is complete. Only the goroutine of the Client that opened the connection
// calls it.
func (h *http3Conn) enter() {
	h.entered = true
	state := h.quic.ConnectionState().TLS
	if state.DidResume {
		h.opener.counts.TLSResumed++
	} else {
		h.opener.counts.TLSFull++
	}
	h.opener.negotiated(state)
}

// rejoin makes the connection usable after the server rejected 0-RTT: when the handshake is complete, all
// streams begin anew (RFC 9001, section 4.6.2).
func (h *http3Conn) rejoin(ctx context.Context) error {
	if err := awaitQUIC(ctx, h.quic, h.quic.HandshakeComplete()); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.resolved {
		h.resolved = true
		if _, h.failed = h.quic.NextConnection(ctx); h.failed == nil {
			h.failed = h.begin()
		}
	}
	return h.failed
}

func (h *http3Conn) room() int { return http3Room }

func (h *http3Conn) state() peerState {
	switch state := peerState(h.ended.Load()); {
	case state != peerQuiet:
		return state
	case h.quic.Context().Err() != nil:
		return endOf(context.Cause(h.quic.Context()))
	case h.leaving.Load():
		return peerClosed
	}
	return peerQuiet
}

// notice looks whether an exchange failed because the connection has ended. Its streams know that a little sooner than
// the connection itself. A server that rejects requests is about to leave, which its GOAWAY may say later.
func (h *http3Conn) notice(err error) {
	if endsConnection(err) {
		h.ended.Store(int64(endOf(err)))
	}
	if isRejected(err) {
		h.leaving.Store(true)
	}
}

// close says H3_NO_ERROR to the server, whatever how is, and closes the socket. It waits until the packet is handed
// to the system.
func (h *http3Conn) close(ending) (orderly bool) {
	h.ends.Do(func() {
		_ = h.quic.CloseWithError(codeNoError, "")
		h.release()
	})
	return true
}

// release closes the socket.
func (h *http3Conn) release() {
	if h.distant != nil {
		_ = h.distant.Close() // and with it the socket
		return
	}
	_ = h.packets.Close()
}

// violated ends the connection because the server broke the protocol in a way that concerns all of it. It
// does not wait, for it may be called by a goroutine that QUIC waits for.
func (h *http3Conn) violated(code quic.ApplicationErrorCode) {
	_ = h.quic.CloseWithError(code, "")
}

// kernel returns QUIC's own books. Windows are in packets of 1280 bytes, with which connections begin.
func (h *http3Conn) kernel() Kernel {
	s := h.quic.ConnectionStats()
	window := int64(s.CongestionWindow / quicPacket)
	return Kernel{
		Connections:   1,
		RTT:           s.SmoothedRTT,
		MinRTT:        s.MinRTT,
		MaxRTT:        s.SmoothedRTT,
		RTTVar:        s.MeanDeviation,
		Retransmits:   int64(s.PacketsLost),
		Window:        window,
		MinWindow:     window,
		SegmentsOut:   int64(s.PacketsSent),
		SegmentsIn:    int64(s.PacketsReceived),
		BytesAcked:    int64(s.BytesSent - min(s.BytesLost, s.BytesSent)),
		BytesReceived: int64(s.BytesReceived),
	}
}

// quicPacket is the size of packets before larger ones were tried, in bytes.
const quicPacket = 1280

// takeBytes enters what the connection carried since it was last asked. With several exchanges at a time, whose
// bytes share packets, it falls to that which ends first.
func (h *http3Conn) takeBytes(ex *Exchange) {
	in, out := h.packets.take()
	ex.BytesIn += in
	ex.BytesOut += out
}

var _ mux = (*http3Conn)(nil)
