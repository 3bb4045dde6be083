package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// A fault is a failure with its class. Its text names what was being done and the
// address, and never what was sent or received.
type fault struct {
	class Class
	op    string // "connect", "send", "receive", ...
	addr  string
	err   error
}

func (f *fault) Error() string {
	if f.addr == "" {
		return f.op + ": " + f.err.Error()
	}
	return f.op + " " + f.addr + ": " + f.err.Error()
}

func (f *fault) Unwrap() error { return f.err }

// ClassOf returns the class of an error that came from this package, or "" for nil
// and for other errors.
func ClassOf(err error) Class {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.class
	}
	return ""
}

// IsTimeout reports whether err says that a limit of time was exceeded: its class is
// connect_timeout, read_timeout or timeout, or send because the peer took no bytes for too long.
func IsTimeout(err error) bool {
	f, ok := errors.AsType[*fault](err)
	if !ok {
		return false
	}
	switch f.class {
	case ClassConnectTimeout, ClassReadTimeout, ClassTimeout:
		return true
	}
	return f.class == ClassSend && f.err == error(errStuck)
}

// What a response can be wrong in: class protocol.
type malformed string

func (m malformed) Error() string { return string(m) }

const (
	errStatusLine malformed = "malformed status line"
	errHeaderLine malformed = "malformed header line"
	errFraming    malformed = "malformed or contradictory body length"
	errCoding     malformed = "unsupported transfer encoding"
	errChunk      malformed = "malformed chunk"
)

// A refusal says that a request was not processed, and will not be on this connection: the server said so (RFC 9113,
// section 8.7), or was gone before anything was sent. Sending it again cannot do twice what it asks for.
type refusal string

func (r refusal) Error() string { return string(r) }

// What a response can be too large in: class too_large.
type oversize string

func (o oversize) Error() string { return string(o) }

const (
	errHeadSize oversize = "response head larger than allowed"
	errBodySize oversize = "response body larger than allowed"
)

// Other plain reasons.
type reason string

func (r reason) Error() string { return string(r) }

const (
	errConnectTime reason = "connecting took too long"
	errCallTime    reason = "the call took too long"
	errSilence     reason = "no bytes for too long"
	errStuck       reason = "the peer takes no bytes"
	errClosed      reason = "closed before the response was complete"
	errNoAddress   reason = "no usable address"
	errPoolClosed  reason = "the pool is closed"
	errStreamDone  reason = "the stream was closed"
	errBodyShort   reason = "the body is shorter than announced"
	errBodyLong    reason = "the body is longer than announced"
)

// transferFault classes an error that came while sending or receiving.
func transferFault(op, addr string, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	class := ClassReset
	switch {
	case isA[oversize](err):
		class = ClassTooLarge
	case isA[malformed](err):
		class = ClassProtocol
	case isEOF(err):
		class, err = ClassClosedEarly, errClosed
	case isReset(err):
	case errors.Is(err, errnoRefused): // with fast open
		class = ClassRefused
	case isTLS(err):
		class = ClassTLS
	case op == opSend:
		class = ClassSend
	}
	return &fault{class, op, addr, cause(err)}
}

// dialFault classes an error of the transport connection's set-up.
func dialFault(addr string, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	class := ClassConnect
	switch {
	case errors.Is(err, errnoNoAddress):
		class = ClassAddressExhausted
	case isFiles(err):
		class = ClassFilesExhausted
	case errors.Is(err, errnoRefused):
		class = ClassRefused
	case isReset(err):
		class = ClassReset
	case errors.Is(err, errnoTimedOut):
		class = ClassConnectTimeout
	}
	return &fault{class, opConnect, addr, cause(err)}
}

// handshakeFault classes an error of a TLS handshake: what the connection did is told
// apart from what TLS disliked.
func handshakeFault(addr string, err error) *fault {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	class := ClassTLS
	switch {
	case isReset(err):
		class = ClassReset
	case isEOF(err):
		class = ClassClosedEarly
	case errors.Is(err, errnoRefused): // with fast open
		class = ClassRefused
	case errors.Is(err, errnoTimedOut):
		class = ClassConnectTimeout
	}
	return &fault{class, opHandshake, addr, cause(err)}
}

// lookupFault classes an error of name resolution.
func lookupFault(host string, err error) *fault {
	class := ClassDNS
	if isFiles(err) {
		class = ClassFilesExhausted
	}
	return &fault{class, opResolve, host, err}
}

// canceledFault is what an interrupted call ends with.
func canceledFault(ctx context.Context, op, addr string) *fault {
	return &fault{ClassCanceled, op, addr, context.Cause(ctx)}
}

// peerEnded reports whether err says that the other side ended the connection.
func peerEnded(err error) bool {
	c := ClassOf(err)
	return c == ClassReset || c == ClassClosedEarly
}

func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe)
}

func isReset(err error) bool {
	return errors.Is(err, errnoReset) || errors.Is(err, errnoAborted) || errors.Is(err, errnoPipe)
}

func isFiles(err error) bool {
	return errors.Is(err, errnoProcessFiles) || errors.Is(err, errnoSystemFiles)
}

func isDeadline(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isTLS(err error) bool {
	if isA[tls.AlertError](err) || isA[tls.RecordHeaderError](err) {
		return true
	}
	// crypto/tls reports alerts that the peer sent, and its own, as an OpError.
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op == "remote error" || op.Op == "local error"
	}
	return false
}

// cause strips the layers that would repeat the operation and the address.
func cause(err error) error {
	for {
		switch e := err.(type) {
		case *os.PathError:
			err = e.Err
		case *net.OpError:
			if e.Op == "remote error" || e.Op == "local error" {
				return err
			}
			err = e.Err
		case *os.SyscallError:
			if _, ok := e.Err.(syscall.Errno); !ok {
				return err
			}
			err = e.Err
		default:
			return err
		}
	}
}

// The operations that faults name.
const (
	opAcquire   = "wait for a connection to"
	opResolve   = "resolve"
	opConnect   = "connect"
	opHandshake = "TLS handshake with"
	opSend      = "send to"
	opReceive   = "receive from"
	opUpload    = "read the body for"
)

// IsLength reports whether err says that a response head had a malformed or contradictory length.
func IsLength(err error) bool { return errors.Is(err, errFraming) }

// OpUpload is the op, for Fault, of a failure to read what is to be sent.
const OpUpload = opUpload

// IsUpload reports whether err says that the body to be sent could not be read, or had another length
// than was announced: that is nobody's fault but ours.
func IsUpload(err error) bool {
	f, ok := errors.AsType[*fault](err)
	return ok && f.class == ClassSend && f.op == opUpload
}
