package planfile

import (
	"strconv"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// connection reads how connections are opened.
func (v value) connection(c *workload.ConnectionPlan) {
	v.keys("connection", []key{
		{"source", func(v value) { c.Source = v.texts() }},
		{"unix_socket", func(v value) { c.UnixSocket = v.socketPath() }},
		{"proxy_protocol", func(v value) { c.ProxyProtocol = v.atLeastOne() }},
		{"fast_open", func(v value) { c.FastOpen = v.bool() }},
		{"no_delay", func(v value) { set := v.bool(); c.NoDelay = &set }},
		{"keep_alive", func(v value) { v.keepAlive(&c.KeepAlive) }},
		{"send_buffer", func(v value) { c.SendBuffer = v.bytes() }},
		{"receive_buffer", func(v value) { c.ReceiveBuffer = v.bytes() }},
		{"happy_eyeballs", func(v value) { c.HappyEyeballs = v.happyEyeballs() }},
		{"addresses", func(v value) { c.Addresses = v.word() }},
		{"dns_lifetime", func(v value) { c.DNSLifetime = *v.lifetime() }},
	})
}

// socketPath reads a path, which is relative to the plan's directory unless it stands for the abstract namespace.
func (v value) socketPath() string {
	if v.node.Kind == yaml.ScalarNode && len(v.node.Value) > 0 && v.node.Value[0] == '@' {
		return v.text()
	}
	return v.file()
}

// keepAlive reads a mapping, or the idle time alone.
func (v value) keepAlive(k *workload.KeepAlivePlan) {
	if v.node.Kind == yaml.ScalarNode && !v.isNull() {
		v.places[v.path+".idle"] = v.places[v.path]
		k.Idle = v.longerThanZero()
		return
	}
	v.keys("keep_alive", []key{
		{"idle", func(v value) { k.Idle = v.longerThanZero() }},
		{"interval", func(v value) { k.Interval = v.longerThanZero() }},
		{"count", func(v value) { k.Count = v.atLeastOne() }},
	})
}

// happyEyeballs reads a time, or true for the usual one.
func (v value) happyEyeballs() workload.Duration {
	if v.node.Kind == yaml.ScalarNode && v.node.ShortTag() == "!!bool" {
		if !v.bool() {
			return 0
		}
		return workload.Duration(workload.DefaultHappyEyeballs)
	}
	return v.longerThanZero()
}

// bytes reads a size such as 65536 or 64k.
func (v value) bytes() int {
	n, err := workload.ParseBytes(v.size())
	if err != nil {
		v.fail("%s", err)
	}
	return n
}

// bitRate reads a rate such as 20M.
func (v value) bitRate() int64 {
	n, err := workload.ParseBitRate(v.size())
	if err != nil {
		v.fail("%s", err)
	}
	return n
}

// size is a number with or without a unit, as it is written.
func (v value) size() string {
	text, ok := v.scalar("!!str", "!!int", "!!float")
	if n, err := strconv.ParseInt(text, 0, 64); ok && err == nil { // YAML has 0x10 and 1_000
		return strconv.FormatInt(n, 10)
	}
	return text
}

// emulation reads a path that is emulated, or its round-trip time alone.
func (v value) emulation(e *workload.EmulationPlan) {
	if v.node.Kind == yaml.ScalarNode && !v.isNull() {
		v.places[v.path+".rtt"] = v.places[v.path]
		e.RTT = v.longerThanZero()
		return
	}
	v.keys("emulate", []key{
		{"rtt", func(v value) { e.RTT = v.longerThanZero() }},
		{"down", func(v value) { e.Down = v.bitRate() }},
		{"up", func(v value) { e.Up = v.bitRate() }},
		{"window", func(v value) { e.Window = v.atLeastOne() }},
	})
}
