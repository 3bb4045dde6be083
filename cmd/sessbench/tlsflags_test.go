package main

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sessbench/testserver"
)

// A tlsWitness is an HTTPS server that notes what each connection negotiated.
type tlsWitness struct {
	*httptest.Server
	mu      sync.Mutex
	offered []*tls.ClientHelloInfo
	states  map[string]tls.ConnectionState // by the client's address
}

func newTLSWitness(t *testing.T, change func(*tls.Config)) *tlsWitness {
	t.Helper()
	w := &tlsWitness{states: map[string]tls.ConnectionState{}}
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.states[r.RemoteAddr] = *r.TLS
	}))
	w.TLS = &tls.Config{MinVersion: tls.VersionTLS10, GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.offered = append(w.offered, hello)
		return nil, nil
	}}
	if change != nil {
		change(w.TLS)
	}
	w.StartTLS()
	t.Cleanup(w.Close)
	return w
}

// clientCertificate writes a certificate and its key for --cert and --key.
func (w *tlsWitness) clientCertificate(t *testing.T) []string {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeIdentity(t, w.TLS.Certificates[0], cert, key)
	return []string{"--cert", cert, "--key", key}
}

// What the flags and modifiers say of TLS is what the server negotiated, on every connection.
func TestTLSFlagsReachTheServer(t *testing.T) {
	for _, c := range []struct {
		flags string
		arm   string
		holds func(s *tls.ConnectionState) bool
	}{
		{"--tls-max 1.2", "fresh", func(s *tls.ConnectionState) bool { return s.Version == tls.VersionTLS12 }},
		{"--tls-min 1.3", "fresh", func(s *tls.ConnectionState) bool { return s.Version == tls.VersionTLS13 }},
		{"--tls-min 1.3", "fresh+tls1.2", func(s *tls.ConnectionState) bool { return s.Version == tls.VersionTLS12 }},
		{"", "fresh+tls-max-1.2", func(s *tls.ConnectionState) bool { return s.Version == tls.VersionTLS12 }},
		{"", "fresh", func(s *tls.ConnectionState) bool { return s.CurveID == tls.X25519MLKEM768 && !s.DidResume }},
		{"--curves P-384", "fresh", func(s *tls.ConnectionState) bool { return s.CurveID == tls.CurveP384 }},
		{"--curves P-384", "fresh+curve-P-256", func(s *tls.ConnectionState) bool { return s.CurveID == tls.CurveP256 }},
		{"--tls-max 1.2 --ciphers ECDHE-RSA-AES256-GCM-SHA384", "fresh", func(s *tls.ConnectionState) bool {
			return s.CipherSuite == tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
		}},
		{"--sni other.example", "fresh", func(s *tls.ConnectionState) bool { return s.ServerName == "other.example" }},
		{"", "fresh", func(s *tls.ConnectionState) bool { return s.NegotiatedProtocol == "http/1.1" }},
		{"--alpn none", "fresh", func(s *tls.ConnectionState) bool { return s.NegotiatedProtocol == "" }},
	} {
		w := newTLSWitness(t, nil)
		args := append([]string{"run", w.URL, "-k", "-n", "8", "-c", "1", "--blocks", "4", "--arms", c.arm}, strings.Fields(c.flags)...)
		measured(t, exitDone, args...)
		if len(w.states) != 8 {
			t.Errorf("%s %s: %d connections carried 8 requests", c.arm, c.flags, len(w.states))
		}
		for _, s := range w.states {
			if !c.holds(&s) {
				t.Errorf("%s %s: the server negotiated %s, %s, %v, ALPN %q, name %q", c.arm, c.flags,
					tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), s.CurveID, s.NegotiatedProtocol, s.ServerName)
				break
			}
		}
	}
}

func TestCertFlagIsShownToTheServer(t *testing.T) {
	w := newTLSWitness(t, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert })
	args := []string{"run", w.URL, "-k", "-n", "8", "-c", "1", "--blocks", "4", "--arms", "fresh"}
	measured(t, exitDone, append(args, w.clientCertificate(t)...)...)
	for _, s := range w.states {
		if len(s.PeerCertificates) != 1 || !bytes.Equal(s.PeerCertificates[0].Raw, w.TLS.Certificates[0].Certificate[0]) {
			t.Errorf("the server was shown %d certificates", len(s.PeerCertificates))
		}
	}
	if len(w.states) != 8 {
		t.Errorf("%d connections carried 8 requests", len(w.states))
	}
}

// The key log has a line of every kind for each handshake, the one before the run included.
func TestKeyLogFlagWritesEveryConnection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.log")
	w := newTLSWitness(t, nil)
	measured(t, exitDone, "run", w.URL, "-k", "-n", "8", "-c", "1", "--blocks", "4", "--arms", "fresh", "--key-log", file)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(text), "CLIENT_TRAFFIC_SECRET_0 "); got != len(w.offered) || got < 8 {
		t.Errorf("%d connections in the log, the server had %d", got, len(w.offered))
	}
}

// What ends a handshake is named by the flag that mends it.
func TestHandshakesThatFailNameTheFlag(t *testing.T) {
	w := newTLSWitness(t, func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP521} })
	for name, c := range map[string]struct{ flags, flag string }{
		"key exchange":             {"--curves X25519", "--curves"},
		"key exchange over HTTP/2": {"--curves X25519 --http 2", "--curves"},
		"HTTP/2":                   {"--http 2", "HTTP/2 by ALPN"},
		"protocols offered":        {"--alpn other", "(--alpn)"},
		"header before TLS":        {"--proxy-protocol 1", "--proxy-protocol"},
		"header before HTTP/2":     {"--proxy-protocol 2 --http 2", "--proxy-protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			out := newRealConsole()
			args := append([]string{"run", w.URL, "-k", "-n", "1"}, strings.Fields(c.flags)...)
			if code := out.sessbench(t, args...); code != exitFailed {
				t.Fatalf("exit code %d, want %d", code, exitFailed)
			}
			if _, hint, _ := strings.Cut(out.err.String(), "; "); !strings.Contains(hint, c.flag) {
				t.Errorf("%s\nwant a hint with %q", out.err.String(), c.flag)
			}
		})
	}
	t.Run("key log", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip(err)
		}
		out := newRealConsole()
		if code := out.sessbench(t, "run", w.URL, "-k", "-n", "1", "--key-log", "/dev/full"); code != exitFailed {
			t.Fatalf("exit code %d, want %d", code, exitFailed)
		}
		if !strings.Contains(out.err.String(), "with --key-log") {
			t.Errorf("%s\nwant a hint at --key-log", out.err.String())
		}
	})
}

// Calls that end in the queue of a pool say nothing of the server.
func TestCallsThatWaitInVainForAPoolAreToldApart(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	c := newRealConsole()
	if code := c.sessbench(t, "run", "--arms", "shared-pool+pool-1", "-c", "10", "-n", "10", "--blocks", "1", "--timeout", "500ms", s.URL()+"/delay/200ms"); code != exitDone && code != exitFailed {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if out := strings.Join(strings.Fields(c.out.String()), " "); !strings.Contains(out, "try: calls waited for a connection of the shared pool until their time was over") {
		t.Errorf("no hint at the pool in\n%s", c.out.String())
	}
}

// A shared pool of one connection makes workers wait for it: the server sees no second one.
func TestPoolOfOneIsOneConnection(t *testing.T) {
	for arm, one := range map[string]bool{"shared-pool+pool-1": true, "pooled": false} {
		var mu sync.Mutex
		from := map[string]bool{}
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			from[r.RemoteAddr] = true
		}))
		defer s.Close()
		measured(t, exitDone, "run", s.URL, "-n", "400", "-c", "8", "--blocks", "4", "--arms", arm)
		if len(from) == 1 != one {
			t.Errorf("%s: %d connections", arm, len(from))
		}
	}
}

// An emulated round trip is in the phases that cost one, whatever else is.
func TestEmulatedRoundTripsAreInThePhases(t *testing.T) {
	w := newTLSWitness(t, nil)
	const rtt = 0.02
	for _, c := range []struct {
		arm                string
		connect, tls, wait float64 // round trips
	}{
		{"pooled", 0, 0, 1},
		{"fresh", 1, 1, 1},
		{"fresh-resumed", 1, 1, 1},
		{"fresh+tls1.2", 1, 2, 1},
	} {
		res := measured(t, exitDone, "run", w.URL, "-k", "-n", "12", "-c", "1", "--blocks", "4", "--arms", c.arm, "--emulate-rtt", "20ms")
		phases := res.Arms[0].Phases
		for name, rounds := range map[string]float64{"connect": c.connect, "tls": c.tls, "wait": c.wait} {
			// A phase that begins late, because the one before was known of late, is shorter by that.
			if got := phases[name].P50; got < (rounds-0.5)*rtt {
				t.Errorf("%s: %s took %v s, less than %v round trips of %v s", c.arm, name, got, rounds, rtt)
			}
		}
		if least := (c.connect + c.tls + c.wait) * rtt; res.Arms[0].ServiceTime.P50 < least {
			t.Errorf("%s: %v s, less than %v", c.arm, res.Arms[0].ServiceTime.P50, least)
		}
		if res.Emulation == nil || res.Emulation.RTT != rtt {
			t.Errorf("%s: the result tells the path %+v", c.arm, res.Emulation)
		}
	}
}

// A path that is too long for the time to connect is not the server's fault.
func TestConnectTimeoutOnAnEmulatedPath(t *testing.T) {
	w := newTLSWitness(t, nil)
	for _, http := range []string{"1.1", "2"} {
		out := newRealConsole()
		code := out.sessbench(t, "run", w.URL, "-k", "-n", "1", "--http", http, "--emulate-rtt", "10s", "--connect-timeout", "20ms")
		if code != exitFailed || !strings.Contains(out.err.String(), "raise --connect-timeout") {
			t.Errorf("HTTP/%s: exit code %d, want %d and a hint at --connect-timeout: %s", http, code, exitFailed, out.err.String())
		}
	}
}

// What an arm does with idle connections is seen by the server: each request comes over a new one.
func TestIdleModifierEndsConnections(t *testing.T) {
	for arm, kept := range map[string]bool{"pooled+idle-1ms": false, "pooled+age-1ms": false, "pooled+idle-10m": true, "pooled+age-10m": true} {
		opened := make(chan net.Conn, 100)
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.Config.ConnState = func(c net.Conn, state http.ConnState) {
			if state == http.StateActive {
				opened <- c
			}
		}
		s.Start()
		defer s.Close()
		res := measured(t, exitDone, "run", s.URL, "--rate", "20", "-d", "500ms", "-c", "1", "--blocks", "1", "--warmup", "0s", "--arms", arm)
		connections := map[net.Conn]bool{}
		for len(opened) > 0 {
			connections[<-opened] = true
		}
		// A load generator that was held up makes two requests close together.
		if n := int64(len(connections)); kept && n != 1 || !kept && n <= res.Arms[0].Requests/2 {
			t.Errorf("%s: %d connections for %d requests", arm, n, res.Arms[0].Requests)
		}
	}
}
