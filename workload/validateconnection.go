package workload

import (
	"fmt"
	"slices"
	"time"

	"sessbench/workload/wire"
)

func (c *ConnectionPlan) validate() error {
	problem := func(key, format string, args ...any) error {
		return &KeyError{"connection." + key, fmt.Sprintf(format, args...)}
	}
	socket, err := c.socket()
	switch k := c.KeepAlive; {
	case err != nil:
		return err
	case c.UnixSocket != "" && len(c.Source) > 0:
		return problem("unix_socket", "and connection.source are both given; a Unix socket has no source address, so leave one of them out")
	case c.UnixSocket != "" && c.FastOpen:
		return problem("unix_socket", "and connection.fast_open are both given; a Unix socket has no SYN to send with, so leave one of them out")
	case c.UnixSocket != "" && c.NoDelay != nil:
		return problem("unix_socket", "and connection.no_delay are both given; that is TCP's, so leave one of them out")
	case c.UnixSocket != "" && c.KeepAlive != (KeepAlivePlan{}):
		return problem("unix_socket", "and connection.keep_alive.idle are both given; a Unix socket has no probes, so leave one of them out")
	case c.UnixSocket != "" && c.HappyEyeballs != 0:
		return problem("unix_socket", "and connection.happy_eyeballs are both given; a Unix socket is the only address, so leave one of them out")
	case c.UnixSocket != "" && c.Addresses != "":
		return problem("unix_socket", "and connection.addresses are both given; a Unix socket is the only address, so leave one of them out")
	case c.UnixSocket != "" && c.DNSLifetime != 0:
		return problem("unix_socket", "and connection.dns_lifetime are both given; no name is looked up for a Unix socket, so leave one of them out")
	case c.ProxyProtocol < 0 || c.ProxyProtocol > 2:
		return problem("proxy_protocol", "is %d; use 1 or 2", c.ProxyProtocol)
	case k.Idle < 0 || k.Interval < 0 || time.Duration(k.Idle)%time.Second != 0 || time.Duration(k.Interval)%time.Second != 0:
		return problem("keep_alive", "has a time that is no whole number of seconds; write it as in 30s")
	case k.Count < 0:
		return problem("keep_alive", "has the count %d; it must be at least 1", k.Count)
	case k.Idle == 0 && k != (KeepAlivePlan{}):
		return problem("keep_alive", "has no idle time; say after how long a silence probes begin, as in 30s")
	case c.SendBuffer < 0:
		return problem("send_buffer", "is %d; it must be at least 1 byte", c.SendBuffer)
	case c.ReceiveBuffer < 0:
		return problem("receive_buffer", "is %d; it must be at least 1 byte", c.ReceiveBuffer)
	case c.HappyEyeballs < 0:
		return problem("happy_eyeballs", "is %v; use a positive time, such as %v", time.Duration(c.HappyEyeballs), DefaultHappyEyeballs)
	case !slices.Contains([]string{"", string(wire.InOrder), string(wire.InTurn), string(wire.Random)}, c.Addresses):
		return problem("addresses", "is %q; use in-order, turn or random", c.Addresses)
	}
	return validateSocket(&socket)
}

// validateSocket asks what this system cannot do, of each option by itself so that its key can be named.
func validateSocket(all *wire.SocketOptions) error {
	for _, option := range []struct {
		key string
		set wire.SocketOptions
	}{
		{"source", wire.SocketOptions{Source: all.Source}},
		{"unix_socket", wire.SocketOptions{UnixSocket: all.UnixSocket}},
		{"proxy_protocol", wire.SocketOptions{ProxyProtocol: all.ProxyProtocol}},
		{"fast_open", wire.SocketOptions{FastOpen: all.FastOpen}},
		{"no_delay", wire.SocketOptions{NoDelay: all.NoDelay}},
		{"keep_alive", wire.SocketOptions{KeepAlive: all.KeepAlive}},
		{"send_buffer", wire.SocketOptions{SendBuffer: all.SendBuffer}},
		{"receive_buffer", wire.SocketOptions{ReceiveBuffer: all.ReceiveBuffer}},
	} {
		if err := option.set.Validate(); err != nil {
			return &KeyError{"connection." + option.key, "cannot be used: " + err.Error()}
		}
	}
	if err := all.Validate(); err != nil {
		return &KeyError{"connection", "cannot be used: " + err.Error()}
	}
	return nil
}

func (e *EmulationPlan) validate() error {
	problem := func(key, format string, args ...any) error {
		return &KeyError{"emulate." + key, fmt.Sprintf(format, args...)}
	}
	switch {
	case *e == (EmulationPlan{}):
		return nil
	case e.RTT < 0 || time.Duration(e.RTT) > wire.MaxRTT:
		return problem("rtt", "is %v; it must be longer than 0 and at most %v", time.Duration(e.RTT), wire.MaxRTT)
	case e.RTT == 0:
		return problem("rtt", "is missing; a path is emulated from its round-trip time on, as in 40ms")
	case e.Down != 0 && e.Down < wire.MinBitRate:
		return problem("down", "is %d; it must be at least %d bits per second", e.Down, wire.MinBitRate)
	case e.Up != 0 && e.Up < wire.MinBitRate:
		return problem("up", "is %d; it must be at least %d bits per second", e.Up, wire.MinBitRate)
	case e.Window < 0 || e.Window > 1000:
		return problem("window", "is %d; it must be from 1 to 1000 segments", e.Window)
	}
	if err := e.distance().Validate(); err != nil {
		return &KeyError{"emulate", "cannot be done: " + err.Error()}
	}
	return nil
}

// validateNames looks at what the system's files have no part in.
func (t *TLSPlan) validateNames(key string) error {
	least, most := tlsVersion(t.Min), tlsVersion(t.Max)
	switch {
	case t.Min != "" && !slices.Contains(tlsVersions(), t.Min):
		return &KeyError{key + ".min", fmt.Sprintf("is %q; use %s", t.Min, tlsVersionNames)}
	case t.Max != "" && !slices.Contains(tlsVersions(), t.Max):
		return &KeyError{key + ".max", fmt.Sprintf("is %q; use %s", t.Max, tlsVersionNames)}
	case most != 0 && least > most:
		return &KeyError{key + ".min", fmt.Sprintf("is %s and %s.max is %s; the least must not be above the greatest", t.Min, key, t.Max)}
	}
	for _, name := range t.Curves {
		if _, known := curveNamed(name); !known {
			return &KeyError{key + ".curves", fmt.Sprintf("has %q; choose from %s", name, CurveNames())}
		}
	}
	for _, list := range []struct {
		key   string
		names []string
	}{{"ciphers", t.Ciphers}, {"alpn", t.ALPN}} {
		if slices.Contains(list.names, "") {
			return &KeyError{key + "." + list.key, "has an empty name; leave it out"}
		}
	}
	if len(t.ALPN) > 1 && slices.Contains(t.ALPN, "none") {
		return &KeyError{key + ".alpn", "has none beside other protocols; keep one of them"}
	}
	return t.validateParts(key)
}

// validateParts makes a configuration of one part at a time, so that the key which it is about can be named.
func (t *TLSPlan) validateParts(key string) error {
	for _, part := range []struct {
		key string
		set TLSPlan
	}{
		{"max", TLSPlan{Min: t.Min, Max: t.Max}},
		{"curves", TLSPlan{Min: t.Min, Max: t.Max, Curves: t.Curves}},
		{"ciphers", TLSPlan{Min: t.Min, Max: t.Max, Ciphers: t.Ciphers}},
		{"alpn", TLSPlan{ALPN: t.ALPN}},
		{"server_name", TLSPlan{ServerName: t.ServerName}},
	} {
		if err := part.set.usable(); err != nil {
			return &KeyError{key + "." + part.key, fmt.Sprintf("cannot be used: %v", err)}
		}
	}
	return nil
}

// usable says why no configuration can be made.
func (t *TLSPlan) usable() error {
	settings := t.session(nil)
	if settings == nil {
		return nil
	}
	_, err := settings.Config()
	return causeOf(err)
}
