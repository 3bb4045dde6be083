package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// SocketOptions say how sockets are made. The zero value leaves all to the system. Where connections go through a
// proxy they say it of the connection to the proxy. They are for TCP, not for HTTP/3's UDP.
type SocketOptions struct {
	// Source are the local addresses that connections are opened from, in turn; none: the system chooses. Of
	// their families, that of the server's address is used; where there is none of it, connecting fails.
	Source []netip.Addr
	// UnixSocket is the path of a socket that is connected to instead of every server's address. A
	// leading @ stands for the abstract namespace (Linux). No server's name is looked up then; TLS and the Host
	// header still have the URL's. With a proxy, the proxy is what is reached there.
	UnixSocket string
	// ProxyProtocol is the version (1 or 2) of the PROXY protocol header that every connection begins
	// with, before TLS; 0: none. It tells the connection's real two ends. Sending it is part of Phases.Connect.
	ProxyProtocol int
	// FastOpen is TCP Fast Open (RFC 7413): the first bytes go with the SYN where the server gave a cookie on an
	// earlier connection. Connecting then ends before anything was sent, and counts as opened: the
	// round trip moves from Phases.Connect to that which waits first, and a server that is not there
	// shows in what comes after. ConnectTimeout then bounds the TLS handshake alone, HappyEyeballs takes the first address.
	FastOpen      bool
	NoDelay       *bool // TCP_NODELAY; nil: set where several short writes follow each other
	KeepAlive     KeepAlive
	SendBuffer    int // bytes, SO_SNDBUF; 0: the system's. Linux takes it twice, within net.core.wmem_max
	ReceiveBuffer int // bytes, SO_RCVBUF; 0: the system's. Linux takes it twice, within net.core.rmem_max
}

// KeepAlive is when TCP asks whether the peer of a silent connection is still there; the zero value: never.
type KeepAlive struct {
	Idle     time.Duration // silence before the first probe, whole seconds; 0: no probes
	Interval time.Duration // between probes, whole seconds; 0: the system's
	Count    int           // unanswered probes that end the connection; 0: the system's
}

// An AddressChoice says which of a name's addresses a connection tries first. The others follow in their order.
type AddressChoice string

const (
	InOrder AddressChoice = "in-order" // as the resolver gives them
	InTurn  AddressChoice = "turn"     // each connection of a Client begins with the next
	Random  AddressChoice = "random"
)

// Validate says what an AddressChoice cannot be, in words for a user.
func (a AddressChoice) Validate() error {
	switch a {
	case "", InOrder, InTurn, Random:
		return nil
	}
	return fmt.Errorf("no choice of addresses is called %q (%s, %s, %s)", string(a), InOrder, InTurn, Random)
}

// What the options can be at most: Linux's limits for keep-alive, and what SO_SNDBUF can double.
const (
	keepAliveSeconds = 32767
	keepAliveCount   = 127
	bufferBytes      = 1<<30 - 1
)

// Validate says what cannot be, or cannot be done on this system, in words for a user. It asks the system: a
// source address must be one of this machine's.
func (o *SocketOptions) Validate() error {
	if o.ProxyProtocol < 0 || o.ProxyProtocol > 2 {
		return fmt.Errorf("there is no version %d of the PROXY protocol (1, 2)", o.ProxyProtocol)
	}
	if o.SendBuffer < 0 || o.SendBuffer > bufferBytes || o.ReceiveBuffer < 0 || o.ReceiveBuffer > bufferBytes {
		return fmt.Errorf("a socket buffer has from 1 to %d bytes", bufferBytes)
	}
	if err := o.KeepAlive.validate(); err != nil {
		return err
	}
	for _, ip := range o.Source {
		if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() {
			return fmt.Errorf("%s cannot be a source address", ip)
		}
	}
	if err := o.validateUnix(); err != nil {
		return err
	}
	return o.supported()
}

func (o *SocketOptions) validateUnix() error {
	switch path := o.UnixSocket; {
	case path == "":
		return nil
	case path == "@" || strings.ContainsRune(path, 0):
		return fmt.Errorf("%q cannot be the path of a Unix socket", path)
	case len(path) > unixPath:
		return fmt.Errorf("the path of a Unix socket has at most %d bytes here, not %d", unixPath, len(path))
	case len(o.Source) > 0:
		return errors.New("a Unix socket has no source address")
	case o.FastOpen || o.NoDelay != nil || o.KeepAlive != (KeepAlive{}):
		return errors.New("fast open, no-delay and keep-alive are of TCP and mean nothing on a Unix socket")
	}
	return nil
}

func (k *KeepAlive) validate() error {
	for _, d := range []time.Duration{k.Idle, k.Interval} {
		if d < 0 || d%time.Second != 0 || d > keepAliveSeconds*time.Second {
			return fmt.Errorf("keep-alive times are whole seconds up to %d, not %s", keepAliveSeconds, d)
		}
	}
	if k.Count < 0 || k.Count > keepAliveCount {
		return fmt.Errorf("keep-alive probes are from 1 to %d, not %d", keepAliveCount, k.Count)
	}
	if k.Idle == 0 && (k.Interval != 0 || k.Count != 0) {
		return errors.New("keep-alive without an idle time sends no probes")
	}
	return nil
}

// errNoSource is returned for a server's address that none of the source addresses can reach.
const errNoSource reason = "no source address is of the server's family"

// NoSource reports whether err, of this package, is that none of the source addresses can reach the server's.
func NoSource(err error) bool { return errors.Is(err, errNoSource) }

// A sourceTurn takes source addresses in turn.
type sourceTurn struct{ n uint32 }

// next returns the next of the addresses that is of to's family.
func (t *sourceTurn) next(all []netip.Addr, to netip.Addr) (netip.Addr, error) {
	fit := 0
	for _, ip := range all {
		if ip.Unmap().Is4() == to.Is4() {
			fit++
		}
	}
	if fit == 0 {
		return netip.Addr{}, errNoSource
	}
	// Each round begins one later. Otherwise, where servers' addresses are taken in turn too and are
	// as many, each source would meet always the same of them, and the ports of the other pairs
	// lay idle.
	skip := int((t.n + t.n/uint32(fit)) % uint32(fit))
	t.n++
	for _, ip := range all {
		if ip = ip.Unmap(); ip.Is4() != to.Is4() {
			continue
		}
		if skip == 0 {
			return ip, nil
		}
		skip--
	}
	panic("unreachable")
}
