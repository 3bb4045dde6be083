package wire

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"net"
	"testing"
)

func TestFreshTLSHandshakesAreFull(t *testing.T) {
	srv, cli := identity(t)
	// A cache in the options is not a policy.
	cli.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	s := serve(t, srv, answer(okText))
	c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1})
	for range 3 {
		r := call(t, c, get(t, s.url))
		wantOK(t, r, 200, "ok")
		if r.Phases.TLS <= 0 || r.BytesIn < 500 || r.BytesOut < 200 {
			t.Errorf("handshake not accounted for: %+v", r.Exchange)
		}
	}
	wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 3, TLSFull: 3})
}

func TestResumedTLSHandshakesAreCountedByTheConnectionsState(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			srv, cli := identity(t)
			srv.MaxVersion = version
			s := serve(t, srv, answer(okText))
			policy := Policy{RequestsPerConnection: 1, ResumeTLS: true}
			c := newClient(t, &Options{TLS: cli}, policy)
			for range 3 {
				wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			}
			wantCounts(t, c, Counts{Opened: 3, Attempts: 3, Retired: 3, TLSFull: 1, TLSResumed: 2})

			// Sessions are one Client's.
			other := newClient(t, &Options{TLS: cli}, policy)
			wantOK(t, call(t, other, get(t, s.url)), 200, "ok")
			if n := other.Counts(); n.TLSFull != 1 || n.TLSResumed != 0 {
				t.Errorf("another Client's session was used: %+v", n)
			}
		})
	}
	t.Run("refused by the server", func(t *testing.T) {
		srv, cli := identity(t)
		srv.SessionTicketsDisabled = true
		s := serve(t, srv, answer(okText))
		c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1, ResumeTLS: true})
		for range 2 {
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		}
		wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Retired: 2, TLSFull: 2})
	})
}

// A recordingConn keeps what was read.
type recordingConn struct {
	net.Conn
	got bytes.Buffer
}

func (r *recordingConn) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.got.Write(p[:n])
	return n, err
}

func TestTLSIsClosedWithAnAlert(t *testing.T) {
	srv, cli := identity(t)
	srv.MaxVersion = tls.VersionTLS12 // whose records show that they are alerts
	last := make(chan byte, 1)
	s := serve(t, nil, func(p *peer) {
		r := &recordingConn{Conn: p.Conn}
		p.Conn = tls.Server(r, srv)
		p.in = bufio.NewReader(p.Conn)
		p.request()
		p.say(okText)
		p.await()
		var kind byte
		for b := r.got.Bytes(); len(b) >= 5; b = b[5+int(binary.BigEndian.Uint16(b[3:])):] {
			kind = b[0]
		}
		last <- kind
	})
	c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1})
	wantOK(t, call(t, c, get(t, "https://"+s.addr())), 200, "ok")
	const alert = 21
	if kind := <-last; kind != alert {
		t.Errorf("the last record is of type %d", kind)
	}
}

func TestCertificateThatIsNotTrustedIsATLSError(t *testing.T) {
	srv, cli := identity(t)
	s := serve(t, srv, answer(okText))
	for name, config := range map[string]*tls.Config{
		"unknown authority": {RootCAs: x509.NewCertPool()},
		"another name":      {RootCAs: cli.RootCAs, ServerName: "three.test"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &Options{TLS: config}, Policy{})
			r := call(t, c, get(t, s.url))
			wantClass(t, r, ClassTLS)
			if r.Attempts != 0 || r.BytesIn == 0 {
				t.Errorf("attempts %d, bytes %d", r.Attempts, r.BytesIn)
			}
			wantCounts(t, c, Counts{Opened: 1, Discarded: 1, OpenFailures: 1})
		})
	}
	c := newClient(t, &Options{TLS: &tls.Config{InsecureSkipVerify: true}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
}

func TestTLSToAPlainServerIsATLSError(t *testing.T) {
	s := serve(t, nil, func(p *peer) { p.say("HTTP/1.1 400 Bad Request\r\n\r\n"); p.await() })
	c := newClient(t, nil, Policy{})
	wantClass(t, call(t, c, get(t, "https://"+s.addr())), ClassTLS)
}

func TestHandshakeThatBreaksOffIsClassedByTheConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		end   func(*peer)
		class Class
	}{
		"closed": {func(p *peer) { _, _ = p.in.Peek(1); _, _ = p.in.Discard(p.in.Buffered()) }, ClassClosedEarly},
		"reset":  {func(p *peer) { _, _ = p.in.Peek(1); reset(t, p.Conn) }, ClassReset},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, tc.end)
			c := newClient(t, nil, Policy{})
			wantClass(t, call(t, c, get(t, "https://"+s.addr())), tc.class)
			wantCounts(t, c, Counts{Opened: 1, ClosedByPeer: 1, OpenFailures: 1})
		})
	}
}

func TestServerNameIsTheURLsHost(t *testing.T) {
	srv, cli := identity(t)
	names := make(chan string, 4)
	srv.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		names <- h.ServerName
		return nil, nil
	}
	s := serve(t, srv, answer(okText))
	e := endpoint(t, s.url)
	redirect := []Redirection{{ToHost: "127.0.0.1", ToPort: port(e)}}
	override := cli.Clone()
	override.ServerName = "two.test"
	for _, tc := range []struct {
		url, name string
		opts      *Options
	}{
		{"https://ONE.test", "one.test", &Options{TLS: cli, ConnectTo: redirect}},
		{"https://one.test", "two.test", &Options{TLS: override, ConnectTo: redirect}},
		{s.url, "", &Options{TLS: cli}}, // an address is no server name
	} {
		c := newClient(t, tc.opts, Policy{})
		wantOK(t, call(t, c, get(t, tc.url)), 200, "ok")
		if got := <-names; got != tc.name {
			t.Errorf("%s: server name %q, want %q", tc.url, got, tc.name)
		}
	}
}

func TestBodyOverTLSEndsWithTheConnection(t *testing.T) {
	srv, cli := identity(t)
	s := serve(t, srv, func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\n\r\nabc") })
	c := newClient(t, &Options{TLS: cli}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "abc")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1, TLSFull: 1})
}

func tlsServer(c net.Conn, config *tls.Config) net.Conn { return tls.Server(c, config) }

func TestAlertAfterTheHandshakeIsATLSError(t *testing.T) {
	srv, cli := identity(t)
	// With TLS 1.3 a client learns only from its first read that its certificate is missing.
	srv.ClientAuth = tls.RequireAnyClientCert
	s := serve(t, srv, answer(okText))
	c := newClient(t, &Options{TLS: cli}, Policy{Resend: true})
	r := call(t, c, get(t, s.url))
	wantClass(t, r, ClassTLS)
	if r.Attempts != 1 {
		t.Errorf("%d attempts", r.Attempts)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Discarded: 1, TLSFull: 1})
}
