package wire

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/quic-go/quic-go"
)

// quicFault classes an error of a QUIC connection or stream. What the server wrote into it for people is not
// repeated.
func quicFault(op, addr string, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	if class, why, ok := quicClass(err); ok {
		return &fault{class, op, addr, &quicError{why, err}}
	}
	return transferFault(op, addr, err)
}

// A quicError is one of QUIC's in our words. It has the original for errors.As.
type quicError struct {
	text string
	err  error
}

func (e *quicError) Error() string { return e.text }
func (e *quicError) Unwrap() error { return e.err }

// quicClass returns what an error of QUIC's own means.
func quicClass(err error) (class Class, why string, ok bool) {
	if e, ok := errors.AsType[*quic.StreamError](err); ok {
		return ClassReset, fmt.Sprintf("stream ended by the server with code %#x", uint64(e.ErrorCode)), true
	}
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok {
		return applicationClass(e), fmt.Sprintf("connection closed by %s with code %#x", who(e.Remote), uint64(e.ErrorCode)), true
	}
	if e, ok := errors.AsType[*quic.TransportError](err); ok {
		return transportClass(e), transportText(e), true
	}
	switch {
	case isA[*quic.IdleTimeoutError](err):
		return ClassClosedEarly, "connection closed because it was silent for too long", true
	case isA[*quic.HandshakeTimeoutError](err):
		return ClassConnectTimeout, "no answer in the handshake", true
	case isA[*quic.StatelessResetError](err):
		return ClassReset, "the server does not know the connection any more", true
	case isA[*quic.VersionNegotiationError](err):
		return ClassProtocol, "the server speaks another version of QUIC", true
	}
	return "", "", false
}

func who(remote bool) string {
	if remote {
		return "the server"
	}
	return "us"
}

func applicationClass(e *quic.ApplicationError) Class {
	switch {
	case e.Remote:
		return ClassClosedEarly
	case e.ErrorCode == codeNoError:
		return ClassCanceled // the pool gave it up
	}
	return ClassProtocol
}

func transportClass(e *quic.TransportError) Class {
	switch {
	case e.ErrorCode.IsCryptoError():
		return ClassTLS
	case e.ErrorCode == quic.ConnectionRefused:
		return ClassRefused
	case e.Remote && (e.ErrorCode == quic.NoError || e.ErrorCode == quic.ApplicationErrorErrorCode):
		return ClassClosedEarly
	case e.Remote:
		return ClassReset
	}
	return ClassProtocol
}

// transportText tells what TLS disliked, where it was ours.
func transportText(e *quic.TransportError) string {
	if e.ErrorCode.IsCryptoError() {
		if !e.Remote {
			for _, inner := range e.Unwrap() {
				if inner != nil && (isCertificate(inner) || isA[tls.AlertError](inner)) {
					return inner.Error()
				}
			}
		}
		return fmt.Sprintf("%s said %s", who(e.Remote), e.ErrorCode.Message())
	}
	return fmt.Sprintf("connection closed by %s with %v", who(e.Remote), e.ErrorCode)
}

// endOf returns how a connection ended with that cause: peerSpoke where the server said what we could not take.
func endOf(cause error) peerState {
	if e, ok := errors.AsType[*quic.ApplicationError](cause); ok && !e.Remote {
		return peerSpoke
	}
	if e, ok := errors.AsType[*quic.TransportError](cause); ok && !e.Remote {
		return peerSpoke
	}
	return peerClosed
}

// isRejected reports whether a stream ended because the server does not process its request (RFC 9114, section 8.1).
func isRejected(err error) bool {
	e, ok := errors.AsType[*quic.StreamError](err)
	return ok && e.Remote && e.ErrorCode == codeRequestRejected
}

// endsConnection reports whether err is one of the whole connection.
func endsConnection(err error) bool {
	return isA[*quic.ApplicationError](err) || isA[*quic.TransportError](err) || isA[*quic.IdleTimeoutError](err) ||
		isA[*quic.HandshakeTimeoutError](err) || isA[*quic.StatelessResetError](err) || errors.Is(err, quic.ErrTransportClosed)
}
