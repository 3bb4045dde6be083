package workload

import (
	"time"

	"sessbench/workload/wire"
)

// ConnectionPlan says how every arm's connections are opened. The zero value leaves all to the system.
type ConnectionPlan struct {
	Source        []string      `json:"source,omitempty"`         // local addresses, ranges (first-last) and prefixes (10.0.0.0/28), taken in turn
	UnixSocket    string        `json:"unix_socket,omitempty"`    // path, connected to instead of every server's address
	ProxyProtocol int           `json:"proxy_protocol,omitempty"` // version of the header that connections begin with: 1 or 2; 0: none
	FastOpen      bool          `json:"fast_open,omitempty"`      // TCP Fast Open
	NoDelay       *bool         `json:"no_delay,omitempty"`       // TCP_NODELAY; nil: set where it matters
	KeepAlive     KeepAlivePlan `json:"keep_alive,omitzero"`
	SendBuffer    int           `json:"send_buffer,omitempty"`    // bytes; 0: the system's
	ReceiveBuffer int           `json:"receive_buffer,omitempty"` // bytes; 0: the system's
	HappyEyeballs Duration      `json:"happy_eyeballs,omitempty"` // after which the next address is tried too; 0: one after the other
	Addresses     string        `json:"addresses,omitempty"`      // "in-order", "turn" or "random"; "": in-order
	DNSLifetime   Lifetime      `json:"dns_lifetime,omitempty"`   // how long addresses are used again, unless the arm says
}

// DefaultHappyEyeballs is the delay that RFC 8305, section 8, recommends.
const DefaultHappyEyeballs = 250 * time.Millisecond

// KeepAlivePlan is when TCP asks whether a silent peer is still there; the zero value: never.
type KeepAlivePlan struct {
	Idle     Duration `json:"idle,omitempty"`     // silence before the first probe, whole seconds
	Interval Duration `json:"interval,omitempty"` // between probes, whole seconds; 0: the system's
	Count    int      `json:"count,omitempty"`    // unanswered probes that end the connection; 0: the system's
}

// EmulationPlan is a longer path to the server, emulated on our side. The zero value: none.
type EmulationPlan struct {
	RTT    Duration `json:"rtt,omitempty"`    // round trip, added to that of the real path
	Down   int64    `json:"down,omitempty"`   // bits per second towards us; 0: no limit
	Up     int64    `json:"up,omitempty"`     // bits per second from us; 0: no limit
	Window int      `json:"window,omitempty"` // segments of 1460 bytes that a sender begins with; 0: DefaultWindow
}

// DefaultWindow is the first congestion window of RFC 6928.
const DefaultWindow = 10

// A Lifetime is how long something is used again: a time, 0 for not at all, or Forever.
type Lifetime time.Duration

// Forever has no end.
const Forever Lifetime = -1

// String writes the lifetime as plans do.
func (l Lifetime) String() string {
	if l < 0 {
		return "forever"
	}
	return time.Duration(l).String()
}

// MarshalText writes String.
func (l Lifetime) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads "forever", or a time in Go's notation that is not negative.
func (l *Lifetime) UnmarshalText(text []byte) error {
	if string(text) == "forever" {
		*l = Forever
		return nil
	}
	d, err := ParseTime(string(text))
	if err == nil && d < 0 {
		err = errNegative
	}
	*l = Lifetime(d)
	return err
}

type planText string

func (t planText) Error() string { return string(t) }

const errNegative planText = "is negative"

func (l Lifetime) wire() time.Duration { return time.Duration(l) }

// socket is what the plan says of sockets. The error is a *KeyError.
func (c *ConnectionPlan) socket() (wire.SocketOptions, error) {
	source, err := ParseSources(c.Source)
	if err != nil {
		return wire.SocketOptions{}, &KeyError{"connection.source", err.Error()}
	}
	return wire.SocketOptions{
		Source:        source,
		UnixSocket:    c.UnixSocket,
		ProxyProtocol: c.ProxyProtocol,
		FastOpen:      c.FastOpen,
		NoDelay:       c.NoDelay,
		KeepAlive: wire.KeepAlive{
			Idle:     time.Duration(c.KeepAlive.Idle),
			Interval: time.Duration(c.KeepAlive.Interval),
			Count:    c.KeepAlive.Count,
		},
		SendBuffer:    c.SendBuffer,
		ReceiveBuffer: c.ReceiveBuffer,
	}, nil
}

// distance is the path to be emulated, or nil.
func (e *EmulationPlan) distance() *wire.Distance {
	if *e == (EmulationPlan{}) {
		return nil
	}
	window := e.Window
	if window == 0 {
		window = DefaultWindow
	}
	return &wire.Distance{RTT: time.Duration(e.RTT), Down: e.Down, Up: e.Up, InitialWindow: window}
}

// wireOptions are what the whole plan says of connections, but for TLS. The error is a *KeyError.
func (p *Plan) wireOptions() (wire.Options, error) {
	o, err := p.Session.wireOptions()
	if err != nil {
		return o, err
	}
	if o.Socket, err = p.Connection.socket(); err != nil {
		return o, err
	}
	o.Addresses = wire.AddressChoice(p.Connection.Addresses)
	o.HappyEyeballs = time.Duration(p.Connection.HappyEyeballs)
	o.Distance = p.Emulate.distance()
	return o, nil
}
