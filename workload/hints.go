package workload

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"sessbench/result"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// unreachableHint says what to try when the check before a run, through proxy unless that is nil, failed
// with err.
func unreachableHint(err error, proxy *wire.Proxy, protocol wire.Protocol, opts *wire.Options) string {
	if wire.ClassOf(err) == wire.ClassConnectTimeout && tooFar(opts) {
		return "round trips of --emulate-rtt count there too; raise --connect-timeout, or emulate a shorter path"
	}
	if wire.ViaProxy(err) && proxy != nil {
		return proxyHint(err, proxy)
	}
	if wire.NoSource(err) {
		return "name an address of the same family, IPv4 or IPv6, with --source"
	}
	if opts.Socket.ProxyProtocol != 0 && hungUp(err) {
		return "the server may not take such a header of the PROXY protocol at this port; leave --proxy-protocol out, name its other version, or switch it on there"
	}
	if hint := protocolHint(err, protocol); hint != "" {
		return hint
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the server does not speak TLS at this port; try http instead of https"
	}
	if isA[*session.TLSFileError](err) {
		return "name a file that can be appended to with --key-log, or leave that out"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "use a host name that the certificate is for, or --insecure to accept any certificate"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "name the authority to trust with --cacert, or accept any certificate with --insecure"
	}
	switch wire.ClassOf(err) {
	case wire.ClassDNS:
		return "check the host's name, or give its address with --resolve"
	case wire.ClassTLS:
		if refusedALPN(err) {
			return "the server takes none of the protocols that are offered by ALPN; offer others, or none (--alpn)"
		}
		return "the server may want a client certificate (--cert), another version of TLS, or key exchanges or ciphers that are not offered (--curves, --ciphers)"
	case wire.ClassProtocol:
		return "offer by ALPN what the connection is for (--alpn), or name the version of HTTP that the server chose (--http)"
	case wire.ClassAddressExhausted:
		return "wait a minute for the ports of closed connections, or widen net.ipv4.ip_local_port_range"
	case wire.ClassFilesExhausted:
		return "raise the limit of open files (ulimit -n)"
	}
	return "check the address, and that the server is running"
}

// tooFar reports whether the emulated round trips of opening a connection, 3 with TLS 1.2, can fill the time for it.
func tooFar(opts *wire.Options) bool {
	return opts.Distance != nil && 3*opts.Distance.RTT >= opts.Limits.ConnectTimeout
}

// hungUp reports whether the server was reached and ended the connection, or answered something else than TLS.
func hungUp(err error) bool {
	switch wire.ClassOf(err) {
	case wire.ClassReset, wire.ClassClosedEarly, wire.ClassSend:
		return true
	}
	return isA[tls.RecordHeaderError](err)
}

// errorHint says what to try where calls of the arm failed. Calls that were never written although a pool had connections waited for one
// until their time was over.
func (a *armRun) errorHint(n *result.Arm) string {
	if a.pool != nil && commonest(n.ErrorClasses) == string(wire.ClassTimeout) && n.Connections.Opened > 0 && n.Connections.Attempts < n.Requests {
		return "calls waited for a connection of the shared pool until their time was over: make it larger (+pool-N, or let connections carry more streams), offer less load, or allow more time"
	}
	return errorHint(n.ErrorClasses, a.dialed, a.policy.HTTP)
}

// errorHint says what to try where calls failed, by what most of them failed with; the arm connects to dialed by protocol.
func errorHint(classes map[string]int64, dialed string, protocol wire.Protocol) string {
	switch commonest(classes) {
	case classStatus:
		return "look at the status codes; a wrong path or missing credentials fail every call"
	case classRender:
		return "a template's value was not there: the operation that extracts it had not come before it in the session; extract it in the set-up, or give it a default, as in {{id ?? 1}}"
	case classCheck, classExtract:
		return "the answers were not what the plan says of them; look at one with sessbench try"
	case string(wire.ClassAddressExhausted), string(wire.ClassFilesExhausted):
		return "this machine ran out of what connections take; see the other warnings"
	case string(wire.ClassRefused):
		return "nothing listened at the address at that time: look whether the " + dialed + " stopped or was restarted during the run"
	case string(wire.ClassConnectTimeout):
		return "the " + dialed + "'s accept queue may be full: lower --workers, or raise its backlog and net.core.somaxconn"
	case string(wire.ClassProxy):
		return "the proxy did not connect us; look at its log for the same time"
	case string(wire.ClassTLS):
		return "the server may want a client certificate (--cert); look at its log for the same time"
	case string(wire.ClassProtocol):
		if protocol == wire.H2C {
			return "the server may not speak HTTP/2 without TLS, or a redirect led to https; look at an exchange with sessbench try"
		}
		if protocol.Multiplexed() {
			return "a server that a redirect led to may not speak HTTP/" + string(protocol) + ", as none does over plain http; look at an exchange with sessbench try"
		}
	}
	return "look at the server's log for the same time"
}

// commonest returns the class that most calls failed with; of several the first in the alphabet, "" where there is none.
func commonest(classes map[string]int64) string {
	best := ""
	for class, n := range classes {
		if best == "" || n > classes[best] || n == classes[best] && class < best {
			best = class
		}
	}
	return best
}

// protocolHint is about servers that do not speak the version of HTTP that was asked for.
func protocolHint(err error, protocol wire.Protocol) string {
	class := wire.ClassOf(err)
	switch {
	case isA[*tls.CertificateVerificationError](err), isA[*session.TLSFileError](err), class == wire.ClassDNS:
		return "" // it speaks what it should, or was never asked
	case protocol == wire.HTTP3:
		return "the server may not speak HTTP/3 (QUIC, UDP) at this port; leave that out, or switch it on there"
	case protocol == wire.HTTP2 && (class == wire.ClassProtocol || refusedALPN(err)):
		return "the server may not offer HTTP/2 by ALPN; leave that out, or switch it on there"
	case protocol == wire.H2C && class == wire.ClassProtocol:
		return "leave h2c out, or switch HTTP/2 without TLS on there"
	case protocol == wire.H2C && class != wire.ClassRefused && class != wire.ClassConnectTimeout:
		return "the server may not speak HTTP/2 without TLS; leave that out, or switch it on there"
	}
	return ""
}

// refusedALPN reports whether the server's alert was that it takes none of the protocols offered. Over TCP, crypto/tls
// gives the alert no type of its own.
func refusedALPN(err error) bool {
	alert, ok := errors.AsType[*net.OpError](err)
	return ok && alert.Op == "remote error" && alert.Err.Error() == "tls: no application protocol"
}

// isA reports whether a T is in err's chain.
func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
