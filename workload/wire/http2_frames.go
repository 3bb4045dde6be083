package wire

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// answersMost bounds what waits to be sent because the server asked for it.
const answersMost = 256 << 10

// frame handles a whole frame other than DATA. The caller holds mu.
func (m *h2conn) frame(kind http2.FrameType, flags http2.Flags, id uint32, p []byte) {
	switch kind {
	case http2.FrameHeaders:
		m.onHeaders(flags, id, p)
	case http2.FrameContinuation:
		m.onContinuation(flags, p)
	case http2.FrameRSTStream:
		m.onReset(id, p)
	case http2.FrameSettings:
		m.onSettings(flags, id, p)
	case http2.FramePing:
		m.onPing(flags, id, p)
	case http2.FrameGoAway:
		m.onGoAway(id, p)
	case http2.FrameWindowUpdate:
		m.onWindow(id, p)
	case http2.FramePushPromise:
		m.refuse(http2.ErrCodeProtocol, errPushed)
	case http2.FramePriority:
		switch {
		case id == 0:
			m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		case len(p) != 5:
			m.refuse(http2.ErrCodeFrameSize, errFrameSize)
		}
	}
}

func (m *h2conn) onHeaders(flags http2.Flags, id uint32, p []byte) {
	if !m.known(id) {
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		return
	}
	padding := 0
	if flags.Has(http2.FlagHeadersPadded) {
		if len(p) == 0 {
			m.refuse(http2.ErrCodeFrameSize, errFrameSize)
			return
		}
		padding, p = int(p[0]), p[1:]
	}
	if flags.Has(http2.FlagHeadersPriority) {
		if len(p) < 5 {
			m.refuse(http2.ErrCodeFrameSize, errFrameSize)
			return
		}
		p = p[5:]
	}
	if padding > len(p) {
		m.refuse(http2.ErrCodeProtocol, errFrameValue)
		return
	}
	p = p[:len(p)-padding]
	last := flags.Has(http2.FlagHeadersEndStream)
	if flags.Has(http2.FlagHeadersEndHeaders) {
		m.onBlock(id, p, last)
		return
	}
	r := &m.recv
	r.block, r.blockOf, r.blockAt, r.spent = append(r.block[:0], p...), id, last, len(p)
}

func (m *h2conn) onContinuation(flags http2.Flags, p []byte) {
	r := &m.recv
	r.block = append(r.block, p...)
	if r.spent += frameHeader + len(p); r.spent > 2*r.maxHead+frameSize {
		// What is not decoded, no later block can build on.
		m.sayGoodbye(http2.ErrCodeEnhanceYourCalm)
		m.fail(&fault{ClassTooLarge, opReceive, m.cn.sock.addr, errHeadSize}, true)
		return
	}
	if flags.Has(http2.FlagContinuationEndHeaders) {
		id := r.blockOf
		r.blockOf = 0
		m.onBlock(id, r.block, r.blockAt)
	}
}

// onBlock handles a whole header block. It is decoded even where nobody wants it, for later ones build on it.
func (m *h2conn) onBlock(id uint32, block []byte, last bool) {
	r, h := &m.recv, &m.recv.head
	st := m.streams[id]
	own := st != nil && st.headed == 0
	if own {
		h.begin(st.resp.raw, r.maxHead-st.spent, false)
	} else {
		h.begin(r.scratch, r.maxHead, true)
	}
	if err := r.decoder.decode(block, h.field); err != nil {
		m.refuse(http2.ErrCodeCompression, errHeaderBlock)
		return
	}
	err := h.finish()
	if own {
		st.resp.raw = h.raw
	} else {
		r.scratch = h.raw
	}
	if st == nil {
		return
	}
	st.last = r.at
	if st.first == 0 {
		st.first = r.at
	}
	switch {
	case own && err != nil:
		m.reject(st, http2.ErrCodeProtocol, err)
	case own && h.interim():
		if st.spent += h.list; last {
			m.reject(st, http2.ErrCodeProtocol, errPseudo)
		}
	case own:
		m.onHead(st, last)
	case err != nil || !last:
		m.reject(st, http2.ErrCodeProtocol, errTrailers)
	default:
		m.complete(st)
	}
}

// onHead handles the head of a final response, which recv.head has.
func (m *h2conn) onHead(st *h2stream, last bool) {
	r := &m.recv
	st.resp.takeHTTP2(&r.head)
	st.headed = r.at
	h := &st.resp.head
	switch {
	case last:
		m.complete(st)
		return
	case !st.req.Head && h.length > r.maxBody:
		m.reject(st, http2.ErrCodeCancel, errBodySize)
		return
	case st.req.Spec.BriefRedirects && !st.streamed && isRedirect(st.resp):
		st.skim = r.at + m.cn.sock.distance.patience(skimTime)
		m.arm(st.skim)
	}
	m.notifyIfReady(st)
}

// onReset ends a stream as the server wants it. After a whole response it is over already.
func (m *h2conn) onReset(id uint32, p []byte) {
	switch {
	case len(p) != 4:
		m.refuse(http2.ErrCodeFrameSize, errFrameSize)
		return
	case !m.known(id):
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		return
	}
	if st := m.streams[id]; st != nil {
		code := http2.ErrCode(binary.BigEndian.Uint32(p))
		why := error(reason("stream reset by the server: " + code.String()))
		if code == http2.ErrCodeRefusedStream {
			why = refusal("stream refused by the server")
		}
		m.end(st, m.recv.at, &fault{ClassReset, opReceive, m.cn.sock.addr, why})
	}
}

func (m *h2conn) onSettings(flags http2.Flags, id uint32, p []byte) {
	switch ack := flags.Has(http2.FlagSettingsAck); {
	case id != 0:
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		return
	case len(p)%6 != 0 || ack && len(p) > 0:
		m.refuse(http2.ErrCodeFrameSize, errFrameSize)
		return
	case ack:
		return
	}
	m.recv.started, m.peer.known = true, true
	for ; len(p) > 0 && m.err == nil; p = p[6:] {
		m.setting(http2.SettingID(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:]))
	}
	if m.err == nil {
		m.answer()
		m.send.frames = appendFrameHeader(m.send.frames, 0, http2.FrameSettings, http2.FlagSettingsAck, 0)
		m.notifyReady()
	}
}

func (m *h2conn) setting(id http2.SettingID, v uint32) {
	switch id {
	case http2.SettingHeaderTableSize:
		m.send.encoder.resize(v)
	case http2.SettingEnablePush:
		if v != 0 {
			m.refuse(http2.ErrCodeProtocol, errFrameValue)
		}
	case http2.SettingMaxConcurrentStreams:
		m.peer.streams = v
	case http2.SettingInitialWindowSize:
		if v > maxWindow {
			m.refuse(http2.ErrCodeFlowControl, errFrameValue)
			return
		}
		by := int64(v) - m.peer.window
		m.peer.window = int64(v)
		for _, st := range m.streams {
			if st.window += by; st.window > maxWindow {
				m.refuse(http2.ErrCodeFlowControl, errFrameValue)
				return
			}
		}
	case http2.SettingMaxFrameSize:
		if v < frameSize || v > 1<<24-1 {
			m.refuse(http2.ErrCodeProtocol, errFrameValue)
			return
		}
		m.peer.frame = int(v)
	}
}

func (m *h2conn) onPing(flags http2.Flags, id uint32, p []byte) {
	switch {
	case id != 0:
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
	case len(p) != 8:
		m.refuse(http2.ErrCodeFrameSize, errFrameSize)
	case !flags.Has(http2.FlagPingAck):
		m.answer()
		m.send.frames = append(appendFrameHeader(m.send.frames, 8, http2.FramePing, http2.FlagPingAck, 0), p...)
	}
}

// answer makes sure that a server which asks and asks and takes no answers does not fill our memory.
func (m *h2conn) answer() {
	if len(m.send.frames) > sendStep+answersMost {
		m.refuse(http2.ErrCodeEnhanceYourCalm, errFlood)
	}
}

func (m *h2conn) onGoAway(id uint32, p []byte) {
	switch {
	case id != 0:
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
		return
	case len(p) < 8:
		m.refuse(http2.ErrCodeFrameSize, errFrameSize)
		return
	}
	m.goaway = true
	last := binary.BigEndian.Uint32(p) & (1<<31 - 1)
	code := http2.ErrCode(binary.BigEndian.Uint32(p[4:]))
	for _, st := range m.live {
		if st.id > last && !st.over {
			m.end(st, m.recv.at, &fault{ClassClosedEarly, opReceive, m.cn.sock.addr, refusal("the server goes away: " + code.String())})
		}
	}
	m.notifyReady()
}

func (m *h2conn) onWindow(id uint32, p []byte) {
	if len(p) != 4 {
		m.refuse(http2.ErrCodeFrameSize, errFrameSize)
		return
	}
	by := int64(binary.BigEndian.Uint32(p) & (1<<31 - 1))
	switch {
	case id == 0:
		if m.send.window += by; by == 0 {
			m.refuse(http2.ErrCodeProtocol, errFrameValue)
		} else if m.send.window > maxWindow {
			m.refuse(http2.ErrCodeFlowControl, errWindow)
		}
		m.notifyReady()
	case !m.known(id):
		m.refuse(http2.ErrCodeProtocol, errFrameOrder)
	default:
		st := m.streams[id]
		if st == nil {
			return
		}
		st.last = m.recv.at
		if st.window += by; by == 0 {
			m.reject(st, http2.ErrCodeProtocol, errFrameValue)
		} else if st.window > maxWindow {
			m.reject(st, http2.ErrCodeFlowControl, errWindow)
		}
		m.notifyIfReady(st)
	}
}

// notifyReady notifies all that can go on. The caller holds mu.
func (m *h2conn) notifyReady() {
	for _, st := range m.live {
		m.notifyIfReady(st)
	}
}

func (m *h2conn) notifyIfReady(st *h2stream) {
	if m.ready(st) {
		m.notify(st)
	}
}
