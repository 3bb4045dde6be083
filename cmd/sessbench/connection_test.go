package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"sessbench/workload"
	"sessbench/workload/wire"
)

// Each flag about connections sets its key of the plan, to a value that a plan file can have too.
func TestConnectionFlagsBecomeThePlan(t *testing.T) {
	keyLog := filepath.Join(t.TempDir(), "keys.log")
	tried := map[string]bool{}
	for _, c := range []struct {
		args string
		want string // of the plan's JSON, by key
	}{
		{"--http 2", `http="2"`},
		{"--source 127.0.0.2,127.0.0.4-127.0.0.6 --source 127.1.0.0/29", `connection.source=["127.0.0.2","127.0.0.4-127.0.0.6","127.1.0.0/29"]`},
		{"--unix-socket /run/s", `connection.unix_socket="/run/s"`},
		{"--proxy-protocol 2", `connection.proxy_protocol=2`},
		{"--tcp-fastopen", `connection.fast_open=true`},
		{"--tcp-nodelay off", `connection.no_delay=false`},
		{"--tcp-nodelay on", `connection.no_delay=true`},
		{"--tcp-keepalive 30s", `connection.keep_alive={"idle":"30s"}`},
		{"--tcp-keepalive 1m,5s", `connection.keep_alive={"idle":"1m0s","interval":"5s"}`},
		{"--tcp-keepalive 30s,5s,3", `connection.keep_alive={"idle":"30s","interval":"5s","count":3}`},
		{"--send-buffer 256k", `connection.send_buffer=262144`},
		{"--receive-buffer 4M", `connection.receive_buffer=4194304`},
		{"--happy-eyeballs", `connection.happy_eyeballs="250ms"`},
		{"--happy-eyeballs=100ms", `connection.happy_eyeballs="100ms"`},
		{"--addresses turn", `connection.addresses="turn"`},
		{"--dns-lifetime 60s", `connection.dns_lifetime="1m0s"`},
		{"--dns-lifetime forever", `connection.dns_lifetime="forever"`},
		{"--tls-min 1.2", `session.tls.min="1.2"`},
		{"--tls-max 1.3", `session.tls.max="1.3"`},
		{"--curves X25519,P-256", `session.tls.curves=["X25519","P-256"]`},
		{"--ciphers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", `session.tls.ciphers=["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]`},
		{"--alpn none", `session.tls.alpn=["none"]`},
		{"--sni other.example", `session.tls.server_name="other.example"`},
		{"--key-log " + keyLog, fmt.Sprintf("session.tls.key_log=%q", keyLog)},
		{"--emulate-rtt 40ms", `emulate={"rtt":"40ms"}`},
		{"--emulate-rtt 40ms --emulate-down 20M", `emulate.down=20000000`},
		{"--emulate-rtt 40ms --emulate-up 500k", `emulate.up=500000`},
		{"--emulate-rtt 40ms --emulate-window 4", `emulate.window=4`},
	} {
		args := append([]string{"run", "https://127.0.0.1:9/"}, strings.Fields(c.args)...)
		data, err := json.Marshal(planOf(t, args...))
		if err != nil {
			t.Fatal(err)
		}
		key, want, _ := strings.Cut(c.want, "=")
		if got := valueAt(t, data, key); got != want {
			t.Errorf("%s: %s is %s, want %s", c.args, key, got, want)
		}
		for _, word := range strings.Fields(c.args) {
			if name, ok := strings.CutPrefix(word, "--"); ok {
				name, _, _ = strings.Cut(name, "=")
				tried[name] = true
			}
		}
	}
	for _, b := range bindings() {
		section, _, _ := strings.Cut(b.key, ".")
		if (section == "connection" || section == "emulate" || section == "http") && !tried[b.flag] {
			t.Errorf("--%s was not tried", b.flag)
		}
	}
}

// valueAt returns the JSON under a path of keys.
func valueAt(t *testing.T, data []byte, path string) string {
	t.Helper()
	for _, key := range strings.Split(path, ".") {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		data = object[key]
	}
	return string(data)
}

// Without a flag nothing is said, so that a saved plan is as short as before.
func TestConnectionsAreLeftAloneWithoutFlags(t *testing.T) {
	data, err := json.Marshal(planOf(t, "run", "https://127.0.0.1:9/"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"connection", "emulate", "http"} {
		if value := valueAt(t, data, key); value != "" {
			t.Errorf("%s is %s", key, value)
		}
	}
}

func TestBadConnectionFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--http 4", `--http is "4"; use 1.1, 2, h2c or 3`},
		{"--http=", "--http is empty; use 1.1, 2, h2c or 3"},
		{"--http h2c", `--arms has "pooled", which speaks h2c, but the target is https; use http 2 for HTTP/2 over TLS`},
		{"--source=", "--source is empty; name an address of this machine"},
		{"--source h", `--source has "h"; write an address, a range as in 10.0.0.1-10.0.0.9, or a prefix as in 10.0.0.0/28`},
		{"--unix-socket /s --source 127.0.0.1", "--unix-socket and --source are both given; a Unix socket has no source address, so leave one of them out"},
		{"--unix-socket /s --http 3", `--arms has "pooled", which speaks HTTP/3, but that does not go over Unix sockets; leave --unix-socket out`},
		{"--tcp-keepalive 30s --http 3", "--tcp-keepalive is TCP's, and every arm speaks HTTP/3; leave it out"},
		{"--tcp-nodelay on --http 3", "--tcp-nodelay is TCP's, and every arm speaks HTTP/3; leave it out"},
		{"--happy-eyeballs --arms pooled+http3", `--arms has "pooled-http3", which speaks HTTP/3, but happy eyeballs are for TCP connections; leave --happy-eyeballs out`},
		{"--alpn h3 --http 3", `--arms has "pooled", which speaks HTTP/3, but that is offered by ALPN as h3 and nothing else; leave --alpn out`},
		{"--arms fresh+http3+0rtt -X POST", `--arms has "fresh-http3-0rtt", which has early_data, but no request of the mix is by a method that may go in 0-RTT, where it can be replayed; use GET or another idempotent method, or leave early_data (+0rtt) out`},
		{"--unix-socket /s --addresses turn", "--unix-socket and --addresses are both given; a Unix socket is the only address, so leave one of them out"},
		{"--unix-socket /s --arms fresh+close-reset", `--arms has "fresh-close-reset", which has close reset, but a Unix socket is not TCP and knows no reset; use close client, or leave --unix-socket out`},
		{"--unix-socket /s --tcp-fastopen", "--unix-socket and --tcp-fastopen are both given; a Unix socket has no SYN to send with, so leave one of them out"},
		{"--emulate-rtt 30s", "--emulate-rtt is 30s; it must be longer than 0 and at most 10s"},
		{"--emulate-rtt 40ms --emulate-down 1", "--emulate-down is 1; it must be at least 1000 bits per second"},
		{"--tls-min 1.3 --ciphers ECDHE-RSA-AES128-GCM-SHA256", "--ciphers cannot be used: TLS cipher suites are given, and the oldest version is 1.3, where they cannot be chosen; allow TLS 1.2 or leave them out"},
		{"--http 2 --alpn http/1.1", `--arms has "pooled", which speaks HTTP/2, but --alpn does not offer that; add h2 to it, or leave it out`},
		{"--proxy-protocol 0", "--proxy-protocol is 0; use 1 or 2"},
		{"--proxy-protocol 3", "--proxy-protocol is 3; use 1 or 2"},
		{"--tcp-nodelay maybe", `--tcp-nodelay is "maybe"; use on or off`},
		{"--tcp-keepalive 1ms", `--tcp-keepalive is "1ms"; write whole seconds and a number, as in 30s or 30s,5s,3`},
		{"--tcp-keepalive 30s,5s,0", `--tcp-keepalive is "30s,5s,0"; write whole seconds and a number, as in 30s or 30s,5s,3`},
		{"--tcp-keepalive 1s,1s,1,1", `--tcp-keepalive is "1s,1s,1,1"; write whole seconds and a number, as in 30s or 30s,5s,3`},
		{"--tcp-keepalive=", `--tcp-keepalive is ""; write whole seconds and a number, as in 30s or 30s,5s,3`},
		{"--send-buffer 1X", `--send-buffer is "1X"; write a number of bytes, such as 65536, 64k or 4M`},
		{"--receive-buffer=", `--receive-buffer is ""; write a number of bytes, such as 65536, 64k or 4M`},
		{"--happy-eyeballs=0s", "--happy-eyeballs is 0s; use a positive time, such as 250ms"},
		{"--happy-eyeballs=soon", `--happy-eyeballs is "soon"; write a number with its unit, such as 500ms, 10s or 2m`},
		{"--addresses first", `--addresses is "first"; use in-order, turn or random`},
		{"--dns-lifetime never", `--dns-lifetime is "never"; write a time with its unit, such as 60s, or forever`},
		{"--tls-min 1.4", `--tls-min is "1.4"; use 1.0, 1.1, 1.2 or 1.3`},
		{"--tls-min 1.3 --tls-max 1.2", "--tls-min is 1.3 and --tls-max is 1.2; the least must not be above the greatest"},
		{"--curves X448", `--curves has "X448"; choose from ` + workload.CurveNames()},
		{"--curves=", "--curves is empty; choose from " + workload.CurveNames()},
		{"--alpn none,h2", "--alpn has none beside other protocols; keep one of them"},
		{"--sni=", "--sni is empty; name a server"},
		{"--key-log=", "--key-log is empty; name a file"},
		{"--emulate-rtt 0s", "--emulate-rtt is 0s; it must be longer than 0"},
		{"--emulate-down 1M", "--emulate-rtt is missing; a path is emulated from its round-trip time on, as in 40ms"},
		{"--emulate-rtt 40ms --emulate-up fast", `--emulate-up is "fast"; write a number of bits per second, such as 500k, 20M or 1G`},
		{"--emulate-rtt 40ms --emulate-window 0", "--emulate-window is 0; it must be from 1 to 1000 segments"},
		{"--arms shared-pool+streams-3", `--arms has "shared-pool-streams-3", which has streams, but HTTP/1.1 carries one request at a time; add http 2, h2c or 3 (+http2, +h2c, +http3)`},
	} {
		con := newConsole(nil, nil)
		code := con.sessbench(t, append([]string{"run", "https://127.0.0.1:9/"}, strings.Fields(c.args)...)...)
		if want := "sessbench: " + c.want + "\n"; code != exitUsage || con.err.String() != want || con.plan != nil {
			t.Errorf("%s: exit code %d, %q, want %q", c.args, code, con.err.String(), want)
		}
	}
}

// Files are asked for by what pools may have open, and for a second attempt at once.
func TestFilesArePoolsConnections(t *testing.T) {
	far := uint64(100 * (&wire.Distance{}).Files()) // of as many connections over a longer path
	for args, want := range map[string]uint64{
		"--arms pooled":                                   100 + otherFiles,
		"--arms shared-pool+pool-8":                       8 + otherFiles,
		"--arms shared-pool+http2+streams-10":             10 + otherFiles,
		"--arms shared-pool+pool-8+overflow":              100 + otherFiles,
		"--arms fresh --happy-eyeballs":                   200 + otherFiles,
		"--arms pooled+http2 --dns-lifetime 1m":           100 + otherFiles,
		"--arms shared-pool+http3 --emulate-rtt 1s":       1 + otherFiles,
		"--arms pooled --emulate-rtt 1s":                  far + otherFiles,
		"--arms pooled --emulate-rtt 1s --happy-eyeballs": far + 100 + otherFiles,
	} {
		c := newConsole(goodResult(), nil)
		var asked uint64
		c.raiseFileLimit = func(need uint64) (uint64, error) { asked = need; return need, nil }
		if code := c.sessbench(t, append([]string{"run", "https://127.0.0.1:9/", "-c", "100"}, strings.Fields(args)...)...); code != exitDone || asked != want {
			t.Errorf("%s: exit code %d, %d files, want %d: %s", args, code, asked, want, c.err.String())
		}
	}
}

// Whoever has secrets written to a disk is told so.
func TestAKeyLogIsAnnounced(t *testing.T) {
	c := newConsole(goodResult(), nil)
	file := filepath.Join(t.TempDir(), "keys.log")
	c.sessbench(t, "run", "https://127.0.0.1:9/", "-q", "--key-log", file)
	if want := "sessbench: warning: the TLS secrets of every connection go to " + file; !strings.HasPrefix(c.err.String(), want) {
		t.Errorf("%q, want %q", c.err.String(), want)
	}
}

func TestShellsCompleteArmsWithModifiers(t *testing.T) {
	for typed, want := range map[string]string{
		"po":                    "pooled",
		"pooled,h2=shared":      "pooled,h2=shared-pool",
		"pooled,h2=fresh+ht":    "pooled,h2=fresh+http2",
		"fresh+http3+0":         "fresh+http3+0rtt",
		"a=shared-pool+pool-8+": "a=shared-pool+pool-8+overflow",
	} {
		c := newConsole(nil, nil)
		c.sessbench(t, cobra.ShellCompRequestCmd, "compare", "--arms="+typed)
		if !strings.Contains(c.out.String(), want+"\n") {
			t.Errorf("%s: %q, want %s", typed, c.out.String(), want)
		}
	}
}

// Help lists every modifier.
func TestHelpHasTheModifiers(t *testing.T) {
	c := newConsole(nil, nil)
	c.sessbench(t, "compare", "--help")
	for _, m := range workload.Modifiers() {
		if !strings.Contains(c.out.String(), "\n  "+m.Word+m.Value+" ") {
			t.Errorf("help lacks %s", m.Word)
		}
	}
}
