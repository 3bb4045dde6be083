// Package wire opens, times, reuses and closes connections, and carries single
// HTTP exchanges over them. It knows nothing of sessions, plans or statistics.
//
// Nothing here is safe for concurrent use unless its comment says so: a Client,
// with its connections, belongs to one worker goroutine. A Pool is the one
// exception; it may be shared by several Clients.
package wire

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"time"
)

// A Clock gives instants on one monotonic clock, as durations since it was made.
// It is a value and may be copied and used by any goroutine.
type Clock struct{ base time.Time }

// NewClock returns a clock that reads zero now.
func NewClock() Clock { return Clock{base: time.Now()} }

// Now returns the time since the clock was made.
func (c Clock) Now() time.Duration { return time.Since(c.base) }

// Time returns the instant d as a wall-clock time with a monotonic reading.
func (c Clock) Time(d time.Duration) time.Time { return c.base.Add(d) }

// An Endpoint is where a request goes by its URL, before any rewriting.
type Endpoint struct {
	TLS  bool
	Host string // lower case, no brackets, no port
	Port uint16
}

// Options say how connections are opened and read. They are the same for every
// arm of a run and are not changed once a Client uses them.
type Options struct {
	Limits

	TLS *tls.Config // cloned for each connection kind; nil: defaults with verification

	// Resolve gives addresses for "host:port" and takes the place of DNS (curl --resolve).
	// The host may be "*".
	Resolve map[string][]string
	// ConnectTo sends connections elsewhere: "host:port" to "host:port" (curl --connect-to).
	// An empty part on the left stands for any, on the right for the original. TLS still
	// names the URL's host.
	ConnectTo []Redirection

	MaxHeaderBytes int   // response head; 0: 64 KiB. Beyond it: class too_large
	MaxBodyBytes   int64 // response body; 0: 1 GiB. Beyond it: class too_large

	Buffers *Buffers // of Clients that rest, to be used by others; nil: each Client has its own

	Socket    SocketOptions // how sockets are made
	Addresses AddressChoice // of a name's several addresses; "": InOrder
	Turns     *Turns        // that Clients share; nil: each begins at random
	// HappyEyeballs starts connecting to the next address when one has not answered for so long (RFC 8305),
	// and keeps the first that is established; the families of the addresses alternate then. 0: one after the
	// other. RFC 8305 recommends 250 ms, and allows from 10 ms to 2 s.
	HappyEyeballs time.Duration
	// Distance emulates a longer path to the server; nil: none.
	Distance *Distance

	// Dial opens the transport connection to an address "ip:port"; nil: TCP. Tests and
	// emulations use it.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// LookupHost resolves a name; nil: the system's resolver.
	LookupHost func(ctx context.Context, host string) ([]string, error)
}

// Limits bound the waiting of one exchange; 0 is none.
type Limits struct {
	ConnectTimeout time.Duration // name resolution, TCP connect, proxy and TLS handshake together
	ReadTimeout    time.Duration // longest silence between two reads of a response
	WriteTimeout   time.Duration // longest standstill in sending; 0: ReadTimeout
	Timeout        time.Duration // the whole exchange: re-sends, connection set-up and waiting for a pool included
}

// A Proxy is a server through which requests go. It is not changed once it is used;
// connections through equal ones are interchangeable.
//
// An http or https proxy is given requests without TLS itself; to other servers it opens a
// tunnel (CONNECT), as SOCKS proxies do for all. The name of an http or https proxy is found as that of
// a server would be, Resolve and ConnectTo included; the server's own name is the proxy's affair. With
// a SOCKS proxy ConnectTo applies to the server, and Resolve to whichever names are looked up here.
//
// Connecting to the proxy, TLS with an https one and the opening of a tunnel are part of
// Phases.Connect and of ConnectTimeout. Counts.TLSFull and TLSResumed are of handshakes with
// servers; those with proxies are always full ones and are not counted.
type Proxy struct {
	Kind     ProxyKind
	Host     string // lower case, no brackets, no port
	Port     uint16
	User     string // with Password: the credentials; only where HasUser
	Password string
	HasUser  bool
	TLS      *tls.Config // of the connection to an https proxy; nil: defaults
}

// A ProxyKind is what a proxy speaks.
type ProxyKind string

const (
	ProxyHTTP    ProxyKind = "http"
	ProxyHTTPS   ProxyKind = "https"   // HTTP over TLS
	ProxySOCKS4  ProxyKind = "socks4"  // names are resolved here
	ProxySOCKS4A ProxyKind = "socks4a" // names are resolved by the proxy
	ProxySOCKS5  ProxyKind = "socks5"  // names are resolved here
	ProxySOCKS5H ProxyKind = "socks5h" // names are resolved by the proxy
)

// An Upload is a body that is read while it is sent.
type Upload struct {
	// Open returns the body from its start. It is called for every attempt, before a connection
	// is looked for, and fails where the body was read and cannot be read again. What
	// it returns is read by the calling goroutine until Do returns, and not closed. A read
	// that blocks is not interrupted: limits and the context count between reads.
	Open func() (io.Reader, error)
	// Length in bytes, or -1: it is sent chunked. A body of another length ends the
	// call, with class send.
	Length int64
}

// A Redirection is one --connect-to rule.
type Redirection struct {
	FromHost, FromPort, ToHost, ToPort string
}

// A Request is one request, ready to be written. It is rendered once by NewRequest
// (or AppendRequest) and can be sent any number of times; sending does not change it.
type Request struct {
	Endpoint   Endpoint
	Raw        []byte // request line, headers, empty line, and a body that is not apart
	Head       bool   // method HEAD: the response has no body
	Idempotent bool   // may be sent again when a reused connection died under it
	KeepBody   bool   // the caller wants Response.Body; otherwise the body is read and dropped
	Close      bool   // has Connection: close; we close after the response, whatever it says

	// Spec is what the request was rendered from; other carriers than a Client read it.
	Spec RequestSpec

	framing framing // of Spec.Upload
	apart   []byte  // a body that is not in Raw: Spec.Body, which requests share
}

// Phases are the parts of an exchange's time, without gaps: they add up to
// Finished - Started. Each is the sum over the exchange's attempts.
//
// Acquire is waiting for a pool, looking whether a kept connection is still good, and closing
// one that is not; where there was nothing to do it is 0. DNS is 0 where no name is looked up.
// Wait ends with the first byte of a response, interim ones included.
type Phases struct {
	Acquire, DNS, Connect, TLS, Send, Wait, Receive time.Duration
}

// Add adds o to p.
func (p *Phases) Add(o *Phases) {
	p.Acquire += o.Acquire
	p.DNS += o.DNS
	p.Connect += o.Connect
	p.TLS += o.TLS
	p.Send += o.Send
	p.Wait += o.Wait
	p.Receive += o.Receive
}

// An Exchange is what happened on the wire for one call. For a streamed response it is that so
// far until the stream has ended; the time until then is all in Receive.
type Exchange struct {
	Started, Finished time.Duration // on the Client's Clock
	Headed            time.Duration // when the response's head was complete; 0 where it never was
	Phases            Phases
	Reused            bool  // the last attempt rode a connection that had carried a request before
	Attempts          int   // times the request was written (begun to be written)
	Resent            int   // of the attempts, those that followed the death of a reused connection
	Status            int   // 0 when no response head arrived
	BytesIn, BytesOut int64 // on the wire, below TLS, handshakes included; without TLS's closing alert. HTTP/3: payload of UDP packets
	Class             Class // "" where a whole response arrived, whatever its status
	Err               error // nil exactly when Class is ""
}

// A Class is a kind of failure. Classes are data: they are counted, and never end a run.
type Class string

const (
	ClassDNS              Class = "dns"
	ClassRefused          Class = "refused"
	ClassConnect          Class = "connect"           // unreachable and other failures to connect
	ClassConnectTimeout   Class = "connect_timeout"   // connecting or the TLS handshake took too long
	ClassAddressExhausted Class = "address_exhausted" // no local port left (EADDRNOTAVAIL)
	ClassFilesExhausted   Class = "files_exhausted"   // no file descriptor left (EMFILE, ENFILE)
	ClassTLS              Class = "tls"
	ClassProxy            Class = "proxy" // a proxy refused to connect, or answered what cannot be understood
	ClassSend             Class = "send"  // the peer takes no bytes, or the body to be sent could not be read
	ClassReadTimeout      Class = "read_timeout"
	ClassTimeout          Class = "timeout" // the whole call took too long
	ClassReset            Class = "reset"
	ClassClosedEarly      Class = "closed_early"
	ClassProtocol         Class = "protocol"
	ClassTooLarge         Class = "too_large"
	ClassCanceled         Class = "canceled" // the run was interrupted: the context ended, or the pool was closed
)

// Counts are a Client's tallies over its whole life.
type Counts struct {
	Opened       int64 // transport connections established
	Attempts     int64 // requests begun to be written
	Reused       int64 // of these, written to a connection that had carried one before
	ClosedByPeer int64 // connections that the peer ended, or said it would after the response
	Retired      int64 // closed by us because the policy said so, whatever the server said; by Close too
	Discarded    int64 // closed by us after an error, or with unexpected input
	Evicted      int64 // closed by us because a pool had no room for them
	TLSFull      int64 // full handshakes completed
	TLSResumed   int64 // resumed handshakes completed, by the connection's own state
	OpenFailures int64 // connections that could not be opened, at none of the addresses, or not with TLS
	Resent       int64 // requests sent again after a reused connection had died

	Streams      int64 // of Attempts, those on a connection that can carry several at a time
	StreamsPeak  int64 // most of them open at the same time on one connection
	EarlyData    int64 // requests that the server took in 0-RTT
	EyeballsLost int64 // connections begun beside the one that was used, and given up
	Lookups      int64 // names looked up, found or not
	Reset        int64 // of the connections that we ended, those ended with RST because the policy said so
	KeptByServer int64 // connections that the server was told to close, and did not in time (see CloseByServer); Retired too
	// TimeWait is on how many TCP connections our FIN went first, so that the local port stays in TIME_WAIT for
	// a minute. It is told by the connection's state just before we close. What comes after that is not known: a TLS
	// server that answers our closing alert with its own gets an RST, which frees the port; one that closes at our
	// alert is in some hundredths of the cases still first. Elsewhere than on Linux only
	// an end that was read is seen.
	TimeWait int64
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Opened += o.Opened
	c.Attempts += o.Attempts
	c.Reused += o.Reused
	c.ClosedByPeer += o.ClosedByPeer
	c.Retired += o.Retired
	c.Discarded += o.Discarded
	c.Evicted += o.Evicted
	c.TLSFull += o.TLSFull
	c.TLSResumed += o.TLSResumed
	c.OpenFailures += o.OpenFailures
	c.Resent += o.Resent
	c.Streams += o.Streams
	c.StreamsPeak = max(c.StreamsPeak, o.StreamsPeak)
	c.EarlyData += o.EarlyData
	c.EyeballsLost += o.EyeballsLost
	c.Lookups += o.Lookups
	c.Reset += o.Reset
	c.KeptByServer += o.KeptByServer
	c.TimeWait += o.TimeWait
}
