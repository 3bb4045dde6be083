package wire

import (
	"crypto/tls"
	"time"
)

// A Protocol is a version of HTTP, as connections are opened for it.
type Protocol string

const (
	HTTP1 Protocol = "1.1" // also ""
	HTTP2 Protocol = "2"   // over TLS, by ALPN
	H2C   Protocol = "h2c" // HTTP/2 without TLS, with prior knowledge
	HTTP3 Protocol = "3"   // over QUIC
)

// Multiplexed reports whether a connection carries several exchanges at the same time.
func (p Protocol) Multiplexed() bool { return p == HTTP2 || p == H2C || p == HTTP3 }

// A Closing says who ends a connection that a policy gives up.
type Closing string

const (
	CloseByClient Closing = "client" // also "": we close after the body
	// CloseByServer: we wait until the server has closed, for the request told it to
	// (Connection: close), or because it said it would; a second at most (and four of the round trips that are emulated), which is not part of the exchange's
	// time. The port stays in TIME_WAIT at the server. Connections that end for another reason, and those that the
	// server keeps (Counts.KeptByServer), are closed by us. HTTP/1.1 only.
	CloseByServer Closing = "server"
	// CloseByReset: with RST instead of FIN, and no TIME_WAIT anywhere, whenever we end a TCP connection first, for
	// whatever reason. No TLS closing alert precedes it.
	CloseByReset Closing = "reset"
)

// A Policy says how an arm uses connections.
type Policy struct {
	// HTTP is the version that connections are opened for; "": HTTP1. A server that does not speak
	// it is a failure (class protocol or tls), never a silent step down.
	HTTP Protocol
	// RequestsPerConnection is how many requests a connection carries before we close
	// it, after the body was read; 0 means as many as it will.
	RequestsPerConnection int
	// SharedPool: connections come from one pool for all workers instead of belonging
	// to a worker. A Client leaves what a shared pool keeps alone when it is closed.
	SharedPool bool
	// ResumeTLS offers a TLS session kept from an earlier connection of the same Client
	// (or Pool). Otherwise every handshake is a full one.
	ResumeTLS bool
	// TicketLifetime is how long a kept TLS session is offered; 0: as long as the server allows.
	TicketLifetime time.Duration
	// EarlyData sends requests within a resumed handshake (0-RTT), idempotent ones only. HTTP/3 only;
	// it takes ResumeTLS.
	EarlyData bool
	// Resend: an idempotent request that died on a reused connection before any byte of
	// the response came is sent again, once, on a new connection. Where connections are multiplexed, it takes
	// the next one of the pool, which may be at its end too: it is then sent again up to three times. Any request
	// is that the server said it did not process (RFC 9113, section 8.7; RFC 9114, section 4.1.1).
	Resend bool
	// Close says who ends connections that the policy gives up; "": CloseByClient.
	Close Closing
	// NoCloseNotify: TLS connections that we give up are closed without the closing alert.
	NoCloseNotify bool
	// TLS takes the place of the settings' versions and curves.
	TLS TLSPolicy
	// DNSLifetime is how long the addresses of a name are used again by this Client; 0: every connection
	// looks the name up, negative: for ever.
	DNSLifetime time.Duration
}

// A TLSPolicy bounds what is negotiated; what is zero is left as it was.
type TLSPolicy struct {
	MinVersion, MaxVersion uint16 // tls.VersionTLS12, ...
	Curves                 []tls.CurveID
}
