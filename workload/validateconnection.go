package workload

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sessbench/workload/wire"
)

func (c *ConnectionPlan) validate() error {
	var problems []error
	refuse := func(wrong bool, key, format string, args ...any) {
		if wrong {
			problems = append(problems, &KeyError{"connection." + key, fmt.Sprintf(format, args...)})
		}
	}
	k := c.KeepAlive
	unix := c.UnixSocket != ""
	refuse(unix && len(c.Source) > 0, "unix_socket", "and connection.source are both given; a Unix socket has no source address, so leave one of them out")
	refuse(unix && c.FastOpen, "unix_socket", "and connection.fast_open are both given; a Unix socket has no SYN to send with, so leave one of them out")
	refuse(unix && c.NoDelay != nil, "unix_socket", "and connection.no_delay are both given; that is TCP's, so leave one of them out")
	refuse(unix && k != (KeepAlivePlan{}), "unix_socket", "and connection.keep_alive.idle are both given; a Unix socket has no probes, so leave one of them out")
	refuse(unix && c.HappyEyeballs != 0, "unix_socket", "and connection.happy_eyeballs are both given; a Unix socket is the only address, so leave one of them out")
	refuse(unix && c.Addresses != "", "unix_socket", "and connection.addresses are both given; a Unix socket is the only address, so leave one of them out")
	refuse(unix && c.DNSLifetime != 0, "unix_socket", "and connection.dns_lifetime are both given; no name is looked up for a Unix socket, so leave one of them out")
	refuse(c.ProxyProtocol < 0 || c.ProxyProtocol > 2, "proxy_protocol", "is %d; use 1 or 2", c.ProxyProtocol)
	refuse(wrongProbeTime(k.Idle), "keep_alive.idle", "is %v; write whole seconds, from 1s to %v", time.Duration(k.Idle), longestProbe)
	refuse(wrongProbeTime(k.Interval), "keep_alive.interval", "is %v; write whole seconds, from 1s to %v", time.Duration(k.Interval), longestProbe)
	refuse(k.Count < 0 || k.Count > mostProbes, "keep_alive.count", "is %d; it must be from 1 to %d", k.Count, mostProbes)
	refuse(k.Idle == 0 && k != (KeepAlivePlan{}), "keep_alive", "has no idle time; say after how long a silence probes begin, as in 30s")
	refuse(c.SendBuffer < 0, "send_buffer", "is %d; it must be at least 1 byte", c.SendBuffer)
	refuse(c.ReceiveBuffer < 0, "receive_buffer", "is %d; it must be at least 1 byte", c.ReceiveBuffer)
	refuse(c.HappyEyeballs < 0 || time.Duration(c.HappyEyeballs) > longestTime, "happy_eyeballs", "is %v; use a time up to %v, such as %v", time.Duration(c.HappyEyeballs), longestTime, DefaultHappyEyeballs)
	refuse(!slices.Contains([]string{"", string(wire.InOrder), string(wire.InTurn), string(wire.Random)}, c.Addresses), "addresses", "is %q; use in-order, turn or random", c.Addresses)
	refuse(time.Duration(c.DNSLifetime) > longestTime, "dns_lifetime", "is %v; it must be at most %v, or forever", c.DNSLifetime, longestTime)
	return errors.Join(append(problems, c.validateSources(), c.validateSocket(problems))...)
}

// Bounds of probes: Linux takes no more.
const (
	longestProbe = 32767 * time.Second
	mostProbes   = 127
)

func wrongProbeTime(d Duration) bool {
	return d < 0 || time.Duration(d)%time.Second != 0 || time.Duration(d) > longestProbe
}

// validateSources looks at each address by itself, and then at all of them.
func (c *ConnectionPlan) validateSources() error {
	var problems []error
	for i, item := range c.Source {
		if _, err := ParseSources([]string{item}); err != nil {
			problems = append(problems, &KeyError{itemKey("connection.source", i, len(c.Source)), err.Error()})
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	_, err := c.socket()
	return err
}

// validateSocket asks what this system cannot do, of each option by itself so that its key can be named. Of keys that are wrong anywhere
// that was said.
func (c *ConnectionPlan) validateSocket(said []error) error {
	all, err := c.socket()
	if err != nil {
		all = wire.SocketOptions{} // of the sources, which are told by themselves
	}
	var problems []error
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
		key := "connection." + option.key
		known := func(err error) bool {
			e, ok := errors.AsType[*KeyError](err)
			return ok && strings.HasPrefix(e.Key, key)
		}
		if err := option.set.Validate(); err != nil && !slices.ContainsFunc(said, known) {
			problems = append(problems, &KeyError{key, "cannot be used: " + err.Error()})
		}
	}
	if err := all.Validate(); err != nil && len(problems) == 0 && len(said) == 0 {
		problems = append(problems, &KeyError{"connection", "cannot be used: " + err.Error()})
	}
	return errors.Join(problems...)
}

func (e *EmulationPlan) validate() error {
	if *e == (EmulationPlan{}) {
		return nil
	}
	var problems []error
	refuse := func(wrong bool, key, format string, args ...any) {
		if wrong {
			problems = append(problems, &KeyError{"emulate." + key, fmt.Sprintf(format, args...)})
		}
	}
	refuse(e.RTT < 0 || time.Duration(e.RTT) > wire.MaxRTT, "rtt", "is %v; it must be longer than 0 and at most %v", time.Duration(e.RTT), wire.MaxRTT)
	refuse(e.RTT == 0, "rtt", "is missing; a path is emulated from its round-trip time on, as in 40ms")
	refuse(e.Down != 0 && e.Down < wire.MinBitRate, "down", "is %d; it must be at least %d bits per second", e.Down, wire.MinBitRate)
	refuse(e.Up != 0 && e.Up < wire.MinBitRate, "up", "is %d; it must be at least %d bits per second", e.Up, wire.MinBitRate)
	refuse(e.Window < 0 || e.Window > 1000, "window", "is %d; it must be from 1 to 1000 segments", e.Window)
	if err := e.distance().Validate(); err != nil && len(problems) == 0 {
		problems = append(problems, &KeyError{"emulate", "cannot be done: " + err.Error()})
	}
	return errors.Join(problems...)
}

// validateNames looks at what the system's files have no part in.
func (t *TLSPlan) validateNames(key string) error {
	var problems []error
	refuse := func(wrong bool, part, format string, args ...any) bool {
		if wrong {
			problems = append(problems, &KeyError{key + "." + part, fmt.Sprintf(format, args...)})
		}
		return wrong
	}
	least, most := tlsVersion(t.Min), tlsVersion(t.Max)
	good := *t // without what was refused
	if refuse(t.Min != "" && !slices.Contains(tlsVersions(), t.Min), "min", "is %q; use %s", t.Min, tlsVersionNames) {
		good.Min = ""
	}
	if refuse(t.Max != "" && !slices.Contains(tlsVersions(), t.Max), "max", "is %q; use %s", t.Max, tlsVersionNames) {
		good.Max = ""
	}
	if refuse(good.Min != "" && good.Max != "" && least > most, "min", "is %s and %s.max is %s; the least must not be above the greatest", t.Min, key, t.Max) {
		good.Min, good.Max = "", ""
	}
	for i, name := range t.Curves {
		_, known := curveNamed(name)
		if refuse(!known, itemKey("curves", i, len(t.Curves)), "has %q; choose from %s", name, CurveNames()) {
			good.Curves = nil
		}
	}
	if refuse(slices.Contains(t.Ciphers, ""), "ciphers", "has an empty name; leave it out") {
		good.Ciphers = nil
	}
	if refuse(slices.Contains(t.ALPN, ""), "alpn", "has an empty name; leave it out") ||
		refuse(len(t.ALPN) > 1 && slices.Contains(t.ALPN, "none"), "alpn", "has none beside other protocols; keep one of them") {
		good.ALPN = nil
	}
	return errors.Join(append(problems, good.validateParts(key))...)
}

// validateParts makes a configuration of one part at a time, so that the key which it is about can be named.
func (t *TLSPlan) validateParts(key string) error {
	var problems []error
	versions := TLSPlan{Min: t.Min, Max: t.Max}
	if err := versions.usable(); err != nil {
		problems = append(problems, &KeyError{key + ".max", fmt.Sprintf("cannot be used: %v", err)})
		versions = TLSPlan{}
	}
	for _, part := range []struct {
		key string
		set TLSPlan
	}{
		{"curves", TLSPlan{Min: versions.Min, Max: versions.Max, Curves: t.Curves}},
		{"ciphers", TLSPlan{Min: versions.Min, Max: versions.Max, Ciphers: t.Ciphers}},
		{"alpn", TLSPlan{ALPN: t.ALPN}},
		{"server_name", TLSPlan{ServerName: t.ServerName}},
	} {
		if err := part.set.usable(); err != nil {
			problems = append(problems, &KeyError{key + "." + part.key, fmt.Sprintf("cannot be used: %v", err)})
		}
	}
	return errors.Join(problems...)
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
