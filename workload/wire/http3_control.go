package wire

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// Types of unidirectional streams (RFC 9114, section 6.2; RFC 9204, section 4.2).
const (
	controlStream = 0x00
	pushStream    = 0x01
	qpackEncoder  = 0x02
	qpackDecoder  = 0x03
)

// Types of frames (RFC 9114, section 7.2). Of others all are passed over, but for those that HTTP/2 had.
const (
	frameData        = 0x00
	frameHeaders     = 0x01
	frameCancelPush  = 0x03
	frameSettings    = 0x04
	framePushPromise = 0x05
	frameGoAway      = 0x07
	frameMaxPushID   = 0x0d
)

// Error codes (RFC 9114, section 8.1).
const (
	codeNoError          = 0x100
	codeStreamCreation   = 0x103
	codeClosedCritical   = 0x104
	codeFrameUnexpected  = 0x105
	codeFrame            = 0x106
	codeExcessiveLoad    = 0x107
	codeID               = 0x108
	codeMissingSettings  = 0x10a
	codeRequestRejected  = 0x10b
	codeRequestCancelled = 0x10c
	codeMessage          = 0x10e
)

const (
	// controlBuffer is what the control stream is read into: it carries some tens of bytes in its life.
	controlBuffer = 128
	// longestControl is how long a frame on the control stream may be.
	longestControl = 16 << 10
)

// accept takes the server's unidirectional streams until the connection ends, or begins anew after 0-RTT was
// rejected.
func (h *http3Conn) accept() {
	controlled := false
	for {
		str, err := h.quic.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		in := bufio.NewReaderSize(str, controlBuffer)
		kind, err := quicvarint.Read(in)
		switch {
		case err != nil:
			continue // given up before it began, or the end of the connection
		case kind == controlStream && !controlled:
			controlled = true
			go h.control(in)
		case kind == controlStream:
			h.violated(codeStreamCreation)
		case kind == pushStream:
			h.violated(codeID) // we never allowed one
		case kind == qpackEncoder || kind == qpackDecoder:
			// Without a dynamic table there is nothing to say on them. They stay open as we found them.
		default:
			str.CancelRead(codeStreamCreation)
		}
	}
}

// control reads the control stream, which lasts as long as the connection.
func (h *http3Conn) control(in *bufio.Reader) {
	if code := h.obey(in); code != 0 {
		h.violated(code)
	}
}

// obey follows what the server says on the control stream, and returns what is wrong with that.
func (h *http3Conn) obey(in *bufio.Reader) quic.ApplicationErrorCode {
	for first := true; ; first = false {
		kind, length, err := readFrame(in)
		if err != nil {
			return brokenControl(err)
		}
		if first != (kind == frameSettings) {
			if first {
				return codeMissingSettings
			}
			return codeFrameUnexpected
		}
		if forbiddenOnControl(kind) {
			return codeFrameUnexpected
		}
		if kind == frameGoAway {
			h.leaving.Store(true)
		}
		if length > longestControl {
			return codeExcessiveLoad
		}
		if _, err := in.Discard(int(length)); err != nil {
			return brokenControl(err)
		}
	}
}

// brokenControl is 0 where the whole connection has ended.
func brokenControl(err error) quic.ApplicationErrorCode {
	if isEOF(err) || isA[*quic.StreamError](err) {
		return codeClosedCritical
	}
	return 0
}

func forbiddenOnControl(kind uint64) bool {
	switch kind {
	case frameData, frameHeaders, framePushPromise, frameMaxPushID:
		return true
	}
	return wasHTTP2(kind)
}

// wasHTTP2 reports whether a type of frame means something in HTTP/2 only, and must not be sent (RFC 9114, section
// 7.2.8).
func wasHTTP2(kind uint64) bool { return kind == 0x2 || kind == 0x6 || kind == 0x8 || kind == 0x9 }

// readFrame reads what stands before a frame's payload. The error is io.EOF only where no frame begins.
func readFrame(in *bufio.Reader) (kind, length uint64, err error) {
	if kind, err = quicvarint.Read(in); err != nil {
		return 0, 0, err
	}
	length, err = quicvarint.Read(in)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return kind, length, err
}
