package wire

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A greeting is what a server saw of a client.
type greeting struct {
	hello   tls.ClientHelloInfo
	resumed bool
	version uint16
	curve   tls.CurveID
}

// greeters starts a TLS server that tells of every handshake, and gives the same answer to every request.
func greeters(t *testing.T, srv *tls.Config) (*server, chan greeting) {
	t.Helper()
	seen := make(chan greeting, 64)
	hellos := make(chan tls.ClientHelloInfo, 64)
	srv.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		hellos <- *hello
		return nil, nil
	}
	s := serve(t, srv, func(p *peer) {
		conn, ok := p.Conn.(*tls.Conn)
		if !ok || conn.Handshake() != nil {
			return
		}
		state := conn.ConnectionState()
		seen <- greeting{<-hellos, state.DidResume, state.Version, state.CurveID}
		answer(okText)(p)
	})
	return s, seen
}

func TestPolicyBoundsWhatIsOffered(t *testing.T) {
	both := []uint16{tls.VersionTLS13, tls.VersionTLS12}
	for name, tc := range map[string]struct {
		settings *tls.Config
		policy   TLSPolicy
		versions []uint16
		curves   []tls.CurveID
	}{
		"defaults": {&tls.Config{}, TLSPolicy{}, both, []tls.CurveID{
			tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024, tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}},
		"versions": {&tls.Config{}, TLSPolicy{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS13}, []uint16{tls.VersionTLS13}, nil},
		"policy's before settings'": {&tls.Config{MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP384}},
			TLSPolicy{MaxVersion: tls.VersionTLS13, Curves: []tls.CurveID{tls.X25519, tls.CurveP256}}, both, []tls.CurveID{tls.X25519, tls.CurveP256}},
		"settings' where policy says nothing": {&tls.Config{MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP384}},
			TLSPolicy{}, []uint16{tls.VersionTLS12}, []tls.CurveID{tls.CurveP384}},
	} {
		t.Run(name, func(t *testing.T) {
			srv, cli := identity(t)
			s, seen := greeters(t, srv)
			settings := tc.settings.Clone()
			settings.RootCAs = cli.RootCAs
			c := newClient(t, &Options{TLS: settings}, Policy{TLS: tc.policy})
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			got := <-seen
			if !slices.Equal(got.hello.SupportedVersions, tc.versions) {
				t.Errorf("versions %x, want %x", got.hello.SupportedVersions, tc.versions)
			}
			if tc.curves != nil && !slices.Equal(got.hello.SupportedCurves, tc.curves) {
				t.Errorf("curves %v, want %v", got.hello.SupportedCurves, tc.curves)
			}
			for shaken, n := range c.Handshakes() {
				if n != 1 || shaken.Version != tls.VersionName(got.version) || shaken.Curve != got.curve.String() {
					t.Errorf("%d times %+v, the server says %s and %s", n, shaken, tls.VersionName(got.version), got.curve)
				}
			}
		})
	}
}

// A policy's versions that a server does not have fail; there is no silent step.
func TestPolicyVersionThatTheServerLacks(t *testing.T) {
	srv, cli := identity(t)
	srv.MaxVersion = tls.VersionTLS12
	s := serve(t, srv, answer(okText))
	c := newClient(t, &Options{TLS: cli}, Policy{TLS: TLSPolicy{MinVersion: tls.VersionTLS13}})
	wantClass(t, call(t, c, get(t, s.url)), ClassTLS)
	wantCounts(t, c, Counts{Opened: 1, Discarded: 1, OpenFailures: 1})
	if len(c.Handshakes()) != 0 {
		t.Errorf("a handshake that failed was entered: %v", c.Handshakes())
	}
}

func TestProtocolsOffered(t *testing.T) {
	for name, tc := range map[string]struct {
		own    []string
		server []string
		want   []string
		class  Class
		says   []string
	}{
		"by the version":         {nil, []string{"h2", "http/1.1"}, []string{"http/1.1"}, "", nil},
		"settings'":              {[]string{"x", "http/1.1"}, []string{"http/1.1"}, []string{"x", "http/1.1"}, "", nil},
		"none":                   {[]string{}, []string{"http/1.1"}, nil, "", nil},
		"server has no choice":   {nil, nil, []string{"http/1.1"}, "", nil},
		"server chooses another": {[]string{"h2", "http/1.1"}, []string{"h2"}, []string{"h2", "http/1.1"}, ClassProtocol, []string{"h2", "http/1.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			srv, cli := identity(t)
			srv.NextProtos = tc.server
			cli.NextProtos = tc.own
			s, seen := greeters(t, srv)
			c := newClient(t, &Options{TLS: cli}, Policy{})
			r := call(t, c, get(t, s.url))
			wantClass(t, r, tc.class)
			for _, word := range tc.says {
				if !strings.Contains(r.Err.Error(), word) {
					t.Errorf("%q is not in %q", word, r.Err)
				}
			}
			if got := <-seen; !slices.Equal(got.hello.SupportedProtos, tc.want) {
				t.Errorf("offered %q, want %q", got.hello.SupportedProtos, tc.want)
			}
		})
	}
}

func TestSpoken(t *testing.T) {
	for _, tc := range []struct {
		p      Protocol
		chosen string
		good   bool
	}{
		{"", "", true}, {HTTP1, "http/1.1", true}, {HTTP1, "h2", false},
		{HTTP2, "h2", true}, {HTTP2, "", false}, {HTTP2, "http/1.1", false},
		{HTTP3, "h3", true}, {HTTP3, "", false},
	} {
		if err := spoken(tc.p, tc.chosen); (err == nil) != tc.good {
			t.Errorf("%q after %q: %v", tc.chosen, tc.p, err)
		}
	}
}

// Tickets are offered for as long as the policy says, whatever the server allows, and a full handshake follows.
func TestTicketsAge(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			srv, cli := identity(t)
			srv.MaxVersion = version
			cli.Time, srv.Time = time.Now, time.Now
			synctest.Test(t, func(t *testing.T) {
				var resumed []bool
				opts := &Options{TLS: cli, Dial: piped(func(p *peer) {
					server := tls.Server(p.Conn, srv)
					if server.Handshake() == nil {
						resumed = append(resumed, server.ConnectionState().DidResume)
						canned(server)
					}
				})}
				c := newClient(t, opts, Policy{RequestsPerConnection: 1, ResumeTLS: true, TicketLifetime: time.Minute})
				for _, pause := range []time.Duration{0, 59 * time.Second, 61 * time.Second, 0} {
					time.Sleep(pause)
					r := call(t, c, get(t, "https://127.0.0.1"))
					wantOK(t, r, 200, `{"ok": true}`)
				}
				synctest.Wait()
				if want := []bool{false, true, false, true}; !slices.Equal(resumed, want) {
					t.Errorf("the server resumed %v, want %v", resumed, want)
				}
				if n := c.Counts(); n.TLSFull != 2 || n.TLSResumed != 2 {
					t.Errorf("full %d, resumed %d", n.TLSFull, n.TLSResumed)
				}
			})
		})
	}
}
