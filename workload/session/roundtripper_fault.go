package session

import (
	"context"
	"errors"
	"net"

	"sessbench/workload/wire"
)

// fault gives an error of a round tripper its class: by who ended the exchange, by how far it had come,
// and by what package net and crypto/tls say.
func (t *trip) fault(err error) error {
	came := t.trace.soFar()
	op := "receive from"
	switch {
	case t.caller.Err() != nil:
		return wire.Fault(wire.ClassCanceled, op, t.addr, context.Cause(t.caller))
	case t.ctx.Err() != nil:
		return wire.Fault(wire.ClassTimeout, op, t.addr, errors.New("the call took too long"))
	case t.upload.failure() != nil:
		return wire.Fault(wire.ClassSend, wire.OpUpload, t.addr, t.upload.failure())
	}
	if !came.told && !isOpening(err) {
		came.written = true
		t.trace.wrote()
	}
	class := wire.ClassOfReceiving(err)
	switch {
	case !came.written:
		op, class = "connect", classOfOpening(err, came.connected)
	case class == wire.ClassProtocol && came.told && !came.answered:
		// Without a byte of a response it is not that which was wrong: net/http says only in
		// words that the server had closed the connection.
		class = wire.ClassClosedEarly
	}
	return wire.Fault(class, op, t.addr, err)
}

// isOpening reports whether err itself says that no connection came about.
func isOpening(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect") {
		return true
	}
	return causedBy[*net.DNSError](err) || certificateRefused(err)
}

// classOfOpening tells a proxy that refused from a network that failed. Of an HTTP proxy net/http
// says only the text of the status, in an error that has nothing to do with the connection.
func classOfOpening(err error, connected bool) wire.Class {
	class := wire.ClassOfOpening(err)
	op, network := errors.AsType[*net.OpError](err)
	if class == wire.ClassConnect && (connected && !network || network && op.Op == "socks connect") {
		return wire.ClassProxy
	}
	return class
}
