package main

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sessbench/workload"
)

// connectionValues are the flags about connections, as they were given.
type connectionValues struct {
	http                      string
	source                    []string
	unixSocket                string
	proxyProtocol             int
	fastOpen                  bool
	noDelay, keepAlive        string
	sendBuffer, receiveBuffer string
	happyEyeballs             time.Duration
	addresses, dnsLifetime    string

	tlsMin, tlsMax        string
	curves, ciphers, alpn string
	sni, keyLog           string

	rtt      time.Duration
	down, up string
	window   int
}

// addProtocolFlag adds the version of HTTP.
func (v *connectionValues) addProtocolFlag(f *pflag.FlagSet) {
	f.StringVar(&v.http, "http", "", "`version` of HTTP of arms that do not say: 1.1, 2, h2c or 3\n(default 1.1)")
}

// addAddressFlags adds what is about finding and choosing addresses.
func (v *connectionValues) addAddressFlags(f *pflag.FlagSet) {
	f.StringVar(&v.dnsLifetime, "dns-lifetime", "", "`time` for which a name's addresses are used again, or forever\n(default 0s: each connection looks the name up)")
	f.StringVar(&v.addresses, "addresses", "", "`order` in which a name's addresses are used: in-order, turn\nor random (default in-order)")
	f.DurationVar(&v.happyEyeballs, "happy-eyeballs", 0, "try the next address too when one has not answered for so\nlong (RFC 8305); another `delay` as --happy-eyeballs=100ms")
	f.Lookup("happy-eyeballs").NoOptDefVal = workload.DefaultHappyEyeballs.String()
}

// socketFlags are about the sockets that are made.
func (v *connectionValues) socketFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.StringArrayVar(&v.source, "source", nil, "local `addresses` to connect from, in turn: a list of addresses,\nranges (10.0.0.1-10.0.0.9), prefixes (10.0.0.0/28); repeatable")
	f.StringVar(&v.unixSocket, "unix-socket", "", "`path` of a Unix socket to connect to instead of an address;\n@name is one of the abstract namespace")
	f.IntVar(&v.proxyProtocol, "proxy-protocol", 0, "`version` of the PROXY protocol header to begin with: 1 or 2")
	f.BoolVar(&v.fastOpen, "tcp-fastopen", false, "send the first bytes with the SYN (TCP Fast Open)")
	f.StringVar(&v.noDelay, "tcp-nodelay", "", "`switch` for TCP_NODELAY: on or off (default on where it matters)")
	f.StringVar(&v.keepAlive, "tcp-keepalive", "", "`times` of probes to a silent peer, as IDLE[,INTERVAL[,COUNT]]:\n30s,5s,3")
	f.StringVar(&v.sendBuffer, "send-buffer", "", "`bytes` of a socket's send buffer, as in 256k")
	f.StringVar(&v.receiveBuffer, "receive-buffer", "", "`bytes` of a socket's receive buffer, as in 256k")
	return f
}

// addTLSFlags adds what is about TLS, beside whom to trust and who we are.
func (v *connectionValues) addTLSFlags(f *pflag.FlagSet) {
	f.StringVar(&v.tlsMin, "tls-min", "", "least `version`: 1.0, 1.1, 1.2 or 1.3 (default 1.2)")
	f.StringVar(&v.tlsMax, "tls-max", "", "greatest `version` (default 1.3)")
	f.StringVar(&v.curves, "curves", "", "`list` of key exchanges to offer, as in X25519MLKEM768,X25519,P-256")
	f.StringVar(&v.ciphers, "ciphers", "", "`list` of cipher suites of TLS 1.2 to offer")
	f.StringVar(&v.alpn, "alpn", "", "`list` of protocols to offer by ALPN, or none (default by --http)")
	f.StringVar(&v.sni, "sni", "", "server `name` to send and to verify, instead of the URL's host")
	f.StringVar(&v.keyLog, "key-log", "", "`file` to append the secrets of connections to, for Wireshark")
}

// emulationFlags are about a longer path.
func (v *connectionValues) emulationFlags() *pflag.FlagSet {
	f := newFlagSet()
	f.DurationVar(&v.rtt, "emulate-rtt", 0, "round-trip `time` to add to that of the real path, as in 40ms")
	f.StringVar(&v.down, "emulate-down", "", "`bits` per second towards us, as in 20M (default no limit)")
	f.StringVar(&v.up, "emulate-up", "", "`bits` per second from us, as in 5M (default no limit)")
	f.IntVar(&v.window, "emulate-window", workload.DefaultWindow, "`number` of segments that a sender may begin with")
	return f
}

// connection is what the flags say of opening connections.
func (b planner) connection() (workload.ConnectionPlan, error) {
	f := b.flags
	c := workload.ConnectionPlan{
		UnixSocket:    f.unixSocket,
		ProxyProtocol: f.proxyProtocol,
		FastOpen:      f.fastOpen,
		HappyEyeballs: workload.Duration(f.happyEyeballs),
		Addresses:     f.addresses,
	}
	for _, list := range f.source {
		c.Source = append(c.Source, splitList(list)...)
	}
	switch {
	case b.given("proxy-protocol") && f.proxyProtocol == 0:
		return c, usagef("--proxy-protocol is 0; use 1 or 2")
	case b.given("happy-eyeballs") && f.happyEyeballs == 0:
		return c, usagef("--happy-eyeballs is 0s; use a positive time, such as %v", workload.DefaultHappyEyeballs)
	case b.given("tcp-nodelay") && f.noDelay != "on" && f.noDelay != "off":
		return c, usagef("--tcp-nodelay is %q; use on or off", f.noDelay)
	case b.given("tcp-nodelay"):
		on := f.noDelay == "on"
		c.NoDelay = &on
	}
	var err error
	if c.KeepAlive, err = b.keepAlive(); err != nil {
		return c, err
	}
	for _, buffer := range []struct {
		flag, text string
		into       *int
	}{{"send-buffer", f.sendBuffer, &c.SendBuffer}, {"receive-buffer", f.receiveBuffer, &c.ReceiveBuffer}} {
		if b.given(buffer.flag) {
			if *buffer.into, err = workload.ParseBytes(buffer.text); err != nil {
				return c, usagef("--%s %v", buffer.flag, err)
			}
		}
	}
	if b.given("dns-lifetime") {
		if err := c.DNSLifetime.UnmarshalText([]byte(f.dnsLifetime)); err != nil {
			return c, usagef("--dns-lifetime is %q; write a time with its unit, such as 60s, or forever", f.dnsLifetime)
		}
	}
	return c, nil
}

// keepAlive reads IDLE[,INTERVAL[,COUNT]].
func (b planner) keepAlive() (k workload.KeepAlivePlan, err error) {
	if !b.given("tcp-keepalive") {
		return k, nil
	}
	text := b.flags.keepAlive
	bad := usagef("--tcp-keepalive is %q; write whole seconds and a number, as in 30s or 30s,5s,3", text)
	parts := strings.Split(text, ",")
	if len(parts) > 3 {
		return k, bad
	}
	for i, into := range []*workload.Duration{&k.Idle, &k.Interval} {
		if i >= len(parts) {
			return k, nil
		}
		d, err := workload.ParseTime(parts[i])
		if err != nil || d < time.Second || d%time.Second != 0 && d < math.MaxInt64 {
			return k, bad
		}
		*into = workload.Duration(d)
	}
	if len(parts) == 3 {
		if k.Count, err = strconv.Atoi(parts[2]); err != nil || k.Count < 1 {
			return k, bad
		}
	}
	return k, nil
}

// tls is what the flags say of TLS.
func (b planner) tls() workload.TLSPlan {
	f := b.flags
	return workload.TLSPlan{
		Verify: !f.insecure, CA: f.caCert, Cert: f.cert, Key: f.key,
		Min: f.tlsMin, Max: f.tlsMax, Curves: splitList(f.curves), Ciphers: splitList(f.ciphers), ALPN: splitList(f.alpn),
		ServerName: f.sni, KeyLog: f.keyLog,
	}
}

// emulation is what the flags say of the path.
func (b planner) emulation() (workload.EmulationPlan, error) {
	f := b.flags
	e := workload.EmulationPlan{RTT: workload.Duration(f.rtt)}
	if b.given("emulate-rtt") && f.rtt <= 0 {
		return e, usagef("--emulate-rtt is %v; it must be longer than 0", f.rtt)
	}
	if b.given("emulate-window") {
		if e.Window = f.window; f.window < 1 {
			return e, usagef("--emulate-window is %d; it must be from 1 to 1000 segments", f.window)
		}
	}
	for _, limit := range []struct {
		flag, text string
		into       *int64
	}{{"emulate-down", f.down, &e.Down}, {"emulate-up", f.up, &e.Up}} {
		if !b.given(limit.flag) {
			continue
		}
		var err error
		if *limit.into, err = workload.ParseBitRate(limit.text); err != nil {
			return e, usagef("--%s %v", limit.flag, err)
		}
	}
	return e, nil
}

// emptyConnectionFlags finds a flag that was given nothing.
func (b planner) emptyConnectionFlags() error {
	var problems []error
	f := b.flags
	for _, text := range []struct{ flag, value, say string }{
		{"http", f.http, "use 1.1, 2, h2c or 3"},
		{"source", strings.Join(f.source, ""), "name an address of this machine"},
		{"unix-socket", f.unixSocket, "name the path of a socket"},
		{"addresses", f.addresses, "use in-order, turn or random"},
		{"tls-min", f.tlsMin, "use 1.0, 1.1, 1.2 or 1.3"},
		{"tls-max", f.tlsMax, "use 1.0, 1.1, 1.2 or 1.3"},
		{"curves", f.curves, "choose from " + workload.CurveNames()},
		{"ciphers", f.ciphers, "name a suite, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		{"alpn", f.alpn, "name a protocol, or none"},
		{"sni", f.sni, "name a server"},
		{"key-log", f.keyLog, "name a file"},
	} {
		if b.given(text.flag) && text.value == "" {
			problems = append(problems, usagef("--%s is empty; %s", text.flag, text.say))
		}
	}
	return errors.Join(problems...)
}

// splitList splits at commas; of nothing it makes nil.
func splitList(list string) []string {
	if list == "" {
		return nil
	}
	parts := strings.Split(list, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// completeConnections lets the shell complete what is chosen from few words.
func completeConnections(cmd *cobra.Command) {
	completeWords(cmd, "http", "1.1", "2", "h2c", "3")
	completeWords(cmd, "proxy-protocol", "1", "2")
	completeWords(cmd, "tcp-nodelay", "on", "off")
	completeWords(cmd, "addresses", "in-order", "turn", "random")
	completeWords(cmd, "tls-min", "1.0", "1.1", "1.2", "1.3")
	completeWords(cmd, "tls-max", "1.0", "1.1", "1.2", "1.3")
	completeWords(cmd, "curves", splitList(workload.CurveNames())...)
	if cmd.Flags().Lookup("arms") != nil {
		cmd.RegisterFlagCompletionFunc("arms", completeArms)
	}
}

// completeArms completes the last arm of a list: its policy, or the modifier behind it.
func completeArms(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before, item := "", typed
	if at := strings.LastIndexByte(typed, ','); at >= 0 {
		before, item = typed[:at+1], typed[at+1:]
	}
	if at := strings.IndexByte(item, '='); at >= 0 {
		before, item = before+item[:at+1], item[at+1:]
	}
	words := []string{"pooled", "fresh", "fresh-resumed", "reuse-10", "shared-pool"}
	if at := strings.LastIndexByte(item, '+'); at >= 0 {
		before, words = before+item[:at], nil
		item = item[at:]
		for _, m := range workload.Modifiers() {
			words = append(words, m.Example)
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, item) })
	for i := range words {
		words[i] = before + words[i]
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}
