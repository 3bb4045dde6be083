package workload

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sessbench/workload/session"
	"sessbench/workload/wire"
)

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	return bytes.Equal(x, y)
}

// What a plan says of connections is what they are opened with.
func TestConnectionOptions(t *testing.T) {
	off := false
	p := &Plan{
		Session: SessionPlan{Timeout: Timeout{Connect: Duration(time.Second)}, Resolve: []string{"h:1:127.0.0.1"}},
		Connection: ConnectionPlan{
			Source: []string{"127.0.0.2-127.0.0.3"}, UnixSocket: "@s", ProxyProtocol: 2, FastOpen: true, NoDelay: &off,
			KeepAlive:  KeepAlivePlan{Idle: Duration(30 * time.Second), Interval: Duration(5 * time.Second), Count: 3},
			SendBuffer: 1, ReceiveBuffer: 2, HappyEyeballs: Duration(time.Second), Addresses: "random", DNSLifetime: Forever,
		},
		Emulate: EmulationPlan{RTT: Duration(time.Second), Down: 3, Up: 4},
	}
	got, err := p.wireOptions()
	want := wire.Options{
		Limits:  wire.Limits{ConnectTimeout: time.Second},
		Resolve: map[string][]string{"h:1": {"127.0.0.1"}},
		Socket: wire.SocketOptions{
			Source:     []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")},
			UnixSocket: "@s", ProxyProtocol: 2, FastOpen: true, NoDelay: &off,
			KeepAlive:  wire.KeepAlive{Idle: 30 * time.Second, Interval: 5 * time.Second, Count: 3},
			SendBuffer: 1, ReceiveBuffer: 2,
		},
		Addresses:     wire.Random,
		HappyEyeballs: time.Second,
		Distance:      &wire.Distance{RTT: time.Second, Down: 3, Up: 4, InitialWindow: 10},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v\nwant %+v", got, err, want)
	}
	settings := (&TLSPlan{Verify: true, Min: "1.2", Max: "1.3", Curves: []string{"X25519", "P-256"}, Ciphers: []string{"a", "b"}, ALPN: []string{"none"}, ServerName: "s", KeyLog: "k"}).session(nil)
	if *settings != (session.TLS{MinVersion: "1.2", MaxVersion: "1.3", Curves: "X25519,P-256", Ciphers: "a,b", ALPN: "none", ServerName: "s", KeyLog: "k"}) {
		t.Errorf("%+v", settings)
	}
}

func TestWrongConnections(t *testing.T) {
	for want, change := range map[string]func(p *Plan){
		`connection.source has "x"; write an address, a range as in 10.0.0.1-10.0.0.9, or a prefix as in 10.0.0.0/28`: func(p *Plan) { p.Connection.Source = []string{"x"} },
		"connection.unix_socket and connection.source are both given; a Unix socket has no source address, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.Source = "/s", []string{"127.0.0.1"}
		},
		"connection.proxy_protocol is 3; use 1 or 2":                                 func(p *Plan) { p.Connection.ProxyProtocol = 3 },
		"connection.keep_alive.idle is 1.5s; write whole seconds, from 1s to 9h6m7s": func(p *Plan) { p.Connection.KeepAlive.Idle = Duration(1500 * time.Millisecond) },
		"connection.keep_alive.count is -1; it must be from 1 to 127":                func(p *Plan) { p.Connection.KeepAlive.Count = -1 },
		"connection.keep_alive has no idle time; say after how long a silence probes begin, as in 30s": func(p *Plan) {
			p.Connection.KeepAlive.Count = 3
		},
		"connection.send_buffer is -1; it must be at least 1 byte":                           func(p *Plan) { p.Connection.SendBuffer = -1 },
		"connection.receive_buffer is -1; it must be at least 1 byte":                        func(p *Plan) { p.Connection.ReceiveBuffer = -1 },
		"connection.happy_eyeballs is -1ns; use a time up to 24000h0m0s, such as 250ms":      func(p *Plan) { p.Connection.HappyEyeballs = -1 },
		`connection.addresses is "first"; use in-order, turn or random`:                      func(p *Plan) { p.Connection.Addresses = "first" },
		"emulate.rtt is missing; a path is emulated from its round-trip time on, as in 40ms": func(p *Plan) { p.Emulate.Down = 1 },
		"emulate.rtt is 1h0m0s; it must be longer than 0 and at most 10s":                    func(p *Plan) { p.Emulate.RTT = Duration(time.Hour) },
		"emulate.down is -1; it must be at least 1000 bits per second":                       func(p *Plan) { p.Emulate = EmulationPlan{RTT: 1, Down: -1} },
		"emulate.up is 999; it must be at least 1000 bits per second":                        func(p *Plan) { p.Emulate = EmulationPlan{RTT: 1, Up: 999} },
		"emulate.window is 1001; it must be from 1 to 1000 segments":                         func(p *Plan) { p.Emulate = EmulationPlan{RTT: 1, Window: 1001} },
		"connection.unix_socket and connection.fast_open are both given; a Unix socket has no SYN to send with, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.FastOpen = "/s", true
		},
		"connection.unix_socket and connection.no_delay are both given; that is TCP's, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.NoDelay = "/s", new(bool)
		},
		"connection.unix_socket and connection.keep_alive.idle are both given; a Unix socket has no probes, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.KeepAlive.Idle = "/s", Duration(time.Second)
		},
		"connection.unix_socket and connection.happy_eyeballs are both given; a Unix socket is the only address, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.HappyEyeballs = "/s", Duration(DefaultHappyEyeballs)
		},
		"connection.unix_socket and connection.addresses are both given; a Unix socket is the only address, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.Addresses = "/s", "turn"
		},
		"connection.unix_socket and connection.dns_lifetime are both given; no name is looked up for a Unix socket, so leave one of them out": func(p *Plan) {
			p.Connection.UnixSocket, p.Connection.DNSLifetime = "/s", Forever
		},
		`arms[0] has "pooled", which has close reset, but a Unix socket is not TCP and knows no reset; use close client, or leave connection.unix_socket out`: func(p *Plan) {
			p.Connection.UnixSocket, p.Arms[0].Close = "/s", "reset"
		},
		`arms[0] has "pooled", which has dns_lifetime, but no name is looked up for a Unix socket; leave it (+dns-TIME) or connection.unix_socket out`: func(p *Plan) {
			p.Connection.UnixSocket, p.Arms[0].DNSLifetime = "/s", new(Lifetime)
		},
		"session.tls.max cannot be used: the newest TLS version is 1.1, and the oldest is 1.2 unless it is named; name it too": func(p *Plan) { p.Session.TLS.Max = "1.1" },
		"session.tls.ciphers cannot be used: TLS cipher suites are given, and the oldest version is 1.3, where they cannot be chosen; allow TLS 1.2 or leave them out": func(p *Plan) {
			p.Session.TLS.Min, p.Session.TLS.Ciphers = "1.3", []string{"ECDHE-RSA-AES128-GCM-SHA256"}
		},
		`session.tls.server_name cannot be used: TLS server name "a b" has ' ' in it; use a host's name without a port, or an IP address`: func(p *Plan) { p.Session.TLS.ServerName = "a b" },
		`session.tls.min is "1"; use 1.0, 1.1, 1.2 or 1.3`:                                            func(p *Plan) { p.Session.TLS.Min = "1" },
		`session.tls.max is "2"; use 1.0, 1.1, 1.2 or 1.3`:                                            func(p *Plan) { p.Session.TLS.Max = "2" },
		"session.tls.min is 1.3 and session.tls.max is 1.2; the least must not be above the greatest": func(p *Plan) { p.Session.TLS.Min, p.Session.TLS.Max = "1.3", "1.2" },
		`session.tls.curves has "X448"; choose from ` + CurveNames():                                  func(p *Plan) { p.Session.TLS.Curves = []string{"X448"} },
		"session.tls.ciphers has an empty name; leave it out":                                         func(p *Plan) { p.Session.TLS.Ciphers = []string{""} },
		"session.tls.alpn has none beside other protocols; keep one of them":                          func(p *Plan) { p.Session.TLS.ALPN = []string{"none", "h2"} },
	} {
		p := planWith(t, "http://h/", "pooled")
		change(p)
		if err := p.Validate(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What an arm and its session say of TLS has to come to something, before the run and not in its handshakes.
func TestArmsAgainstTheSessionsTLS(t *testing.T) {
	for _, c := range []struct {
		arm     string
		session TLSPlan
		want    string // of the error; "" for none
	}{
		{"pooled+tls1.2", TLSPlan{Min: "1.3"}, ""}, // the arm's own counts
		{"pooled+tls1.3", TLSPlan{Max: "1.2"}, ""},
		{"pooled+tls1.3", TLSPlan{Ciphers: []string{"ECDHE-RSA-AES128-GCM-SHA256"}}, ""},
		{"pooled+curve-P-256", TLSPlan{Curves: []string{"X25519"}}, ""},
		{"pooled+http2", TLSPlan{ALPN: []string{"http/1.1", "h2"}}, ""},
		{"pooled+tls-max-1.2", TLSPlan{Min: "1.3"}, "takes TLS from 1.3 to 1.2"},
		{"pooled+tls-min-1.3", TLSPlan{Max: "1.2"}, "takes TLS from 1.3 to 1.2"},
		{"pooled+tls-max-1.1", TLSPlan{}, "the newest TLS version is 1.1, and the oldest is 1.2 unless it is named; name it too"},
		{"pooled+tls1.2+curve-X25519MLKEM768", TLSPlan{}, "TLS key exchanges X25519MLKEM768 are of TLS 1.3"},
		{"pooled+curve-X25519MLKEM768", TLSPlan{Max: "1.2"}, "TLS key exchanges X25519MLKEM768 are of TLS 1.3"},
		{"pooled+tls1.2", TLSPlan{Curves: []string{"X25519MLKEM768"}}, "TLS key exchanges X25519MLKEM768 are of TLS 1.3"},
		{"pooled+tls1.1", TLSPlan{Ciphers: []string{"ECDHE-RSA-AES128-GCM-SHA256"}}, "none of the TLS cipher suites"},
		{"pooled+http2", TLSPlan{ALPN: []string{"http/1.1"}}, "speaks HTTP/2, but session.tls.alpn does not offer that; add h2 to it, or leave it out"},
		{"pooled+http3", TLSPlan{ALPN: []string{"none"}}, "speaks HTTP/3, but that is offered by ALPN as h3 and nothing else; leave session.tls.alpn out"},
	} {
		p := planWith(t, "https://h/", c.arm)
		c.session.Verify = true
		p.Session.TLS = c.session
		switch err := p.Validate(); {
		case c.want == "" && err != nil:
			t.Errorf("%s with %+v: %v", c.arm, c.session, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "arms[0] has ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s with %+v: %v, want %s", c.arm, c.session, err, c.want)
		}
	}
}

// What is TCP's is no setting of a run over QUIC alone, and one of a comparison with it.
func TestSettingsOfTCPWithoutTCP(t *testing.T) {
	for key, change := range map[string]func(c *ConnectionPlan){
		"connection.fast_open":       func(c *ConnectionPlan) { c.FastOpen = true },
		"connection.no_delay":        func(c *ConnectionPlan) { c.NoDelay = new(bool) },
		"connection.keep_alive.idle": func(c *ConnectionPlan) { c.KeepAlive.Idle = Duration(time.Second) },
	} {
		for arms, want := range map[string]string{
			"pooled+http3,fresh+http3": key + " is TCP's, and every arm speaks HTTP/3; leave it out",
			"pooled,fresh+http3":       "",
		} {
			p := planWith(t, "https://h/", arms)
			change(&p.Connection)
			if err := p.Validate(); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
				t.Errorf("%s with %s: %v", arms, key, err)
			}
		}
	}
}

func TestLifetimes(t *testing.T) {
	for text, want := range map[string]Lifetime{"0s": 0, "60s": Lifetime(time.Minute), "forever": Forever} {
		var l Lifetime
		if err := l.UnmarshalText([]byte(text)); err != nil || l != want {
			t.Errorf("%s: %v, %v", text, l, err)
		}
		var again Lifetime
		if err := again.UnmarshalText([]byte(l.String())); err != nil || again != l {
			t.Errorf("%s: %v after it was written and read, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "-1s", "never", "60", "Forever"} {
		var l Lifetime
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, l)
		}
	}
}

// A trial of a plan is made over the path that the plan says, and tells it.
func TestATrialRunTellsTheEmulatedPathAndTheKeyLog(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	p := planWith(t, server.URL, "pooled")
	p.Emulate = EmulationPlan{RTT: Duration(time.Millisecond)}
	p.Session.TLS.KeyLog = filepath.Join(t.TempDir(), "keys.log")
	var said bytes.Buffer
	trace, err := Try(t.Context(), p, Options{UserAgent: "test", Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if trace.Emulation == nil || trace.Emulation.RTT != 0.001 || trace.Failed() {
		t.Errorf("emulation %+v, failed %v", trace.Emulation, trace.Failed())
	}
	if !strings.Contains(said.String(), "level=WARN") || !strings.Contains(said.String(), p.Session.TLS.KeyLog) {
		t.Errorf("the log has %q", said.String())
	}
}

func TestSpeaks(t *testing.T) {
	p := planWith(t, "https://h/", "pooled,pooled+http2")
	if p.HTTP = "3"; !p.Speaks("2") || !p.Speaks("3") || p.Speaks("h2c") {
		t.Errorf("2 %v, 3 %v, h2c %v", p.Speaks("2"), p.Speaks("3"), p.Speaks("h2c"))
	}
}
