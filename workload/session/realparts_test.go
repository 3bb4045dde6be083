package session

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/testserver"
)

// counting starts servers that count, without and with TLS.
func counting(t *testing.T) (plain, secure *testserver.Server) {
	t.Helper()
	var servers [2]*testserver.Server
	for i := range servers {
		server, err := testserver.Start(testserver.Config{TLS: i == 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		servers[i] = server
	}
	return servers[0], servers[1]
}

// proxied returns a session that trusts the server and goes through the proxy.
func proxied(t *testing.T, secure *testserver.Server, proxy string) *Session {
	t.Helper()
	s := testSession(t)
	s.TLS = &TLS{CAPEM: string(secure.CAPEM())}
	s.Proxies = rules("all", proxy)
	return s
}

// wantEchoes makes three calls and returns what the server says of the last one.
func wantEchoes(t *testing.T, s *Session, url string) testserver.Echo {
	t.Helper()
	var e testserver.Echo
	for range 3 {
		resp, err := s.Do(t.Context(), &Request{URL: url + "/echo?a=b", Cookies: []Cookie{{Name: "c", Value: "1"}}})
		if err != nil {
			t.Fatal(err)
		}
		e = testserver.Echo{}
		if err := resp.JSON(&e); err != nil || resp.Status != 200 || e.Target != "/echo?a=b" {
			t.Fatalf("%d, %v: %+v", resp.Status, err, e)
		}
		for _, line := range e.Headers {
			if strings.EqualFold(line[0], "Proxy-Authorization") {
				t.Error("the server was told the proxy's credentials")
			}
		}
	}
	return e
}

// wantConnections checks what the server counted.
func wantConnections(t *testing.T, server *testserver.Server, requests, connections int64) {
	t.Helper()
	if n := server.Stats(); n.Requests != requests || n.Connections.Accepted != connections {
		t.Errorf("%s counted %d requests over %d connections, want %d over %d", server.URL(), n.Requests, n.Connections.Accepted, requests, connections)
	}
}

func TestRealTinyproxy(t *testing.T) {
	for _, login := range []string{"", "us3r s3cret"} {
		t.Run("login "+login, func(t *testing.T) {
			plain, secure := counting(t)
			address := programs.Tinyproxy(t, login)
			proxy := "http://" + strings.Replace(login, " ", ":", 1) + "@" + address
			s := proxied(t, secure, strings.Replace(proxy, "//@", "//", 1))
			// tinyproxy ends its connections, on both sides, after each plain request. It does not say so
			// before, so a connection may die under a request; that is for retries to mend.
			if err := s.Mount("http://", NewAdapter(AdapterOptions{Retries: &Retry{Total: new(3)}})); err != nil {
				t.Fatal(err)
			}
			wantEchoes(t, s, plain.URL())
			wantConnections(t, plain, 3, 3)
			if e := wantEchoes(t, s, secure.URL()); e.Connection != 1 || e.Request != 3 {
				t.Errorf("the last request was number %d on connection %d", e.Request, e.Connection)
			}
			wantConnections(t, secure, 3, 1)

			if login != "" {
				wantRefusedByTinyproxy(t, plain, secure, address)
			}
		})
	}
}

// wantRefusedByTinyproxy asks with missing and wrong credentials: for plain http that is a response.
func wantRefusedByTinyproxy(t *testing.T, plain, secure *testserver.Server, address string) {
	t.Helper()
	for proxy, status := range map[string]int{"http://" + address: 407, "http://us3r:wr0ng@" + address: 401} {
		s := proxied(t, secure, proxy)
		resp, err := s.Get(t.Context(), plain.URL())
		if err != nil || resp.Status != status {
			t.Errorf("%+v, %v; want %d", resp, err, status)
		}
		_, err = s.Get(t.Context(), secure.URL())
		if KindOf(err) != ErrProxy || !strings.Contains(err.Error(), fmt.Sprint(status)) || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%v", err)
		}
	}
}

func TestRealMicrosocks(t *testing.T) {
	for _, login := range []string{"", "us3r:s3cret"} {
		var args []string
		if user, password, ok := strings.Cut(login, ":"); ok {
			args = []string{"-u", user, "-P", password}
		}
		for _, scheme := range []string{"socks5", "socks5h"} {
			t.Run(scheme+" login "+login, func(t *testing.T) {
				plain, secure := counting(t)
				address := programs.Microsocks(t, args...)
				s := proxied(t, secure, strings.Replace(scheme+"://"+login+"@"+address, "//@", "//", 1))
				for _, server := range []*testserver.Server{plain, secure} {
					if e := wantEchoes(t, s, server.URL()); e.Connection != 1 || e.Request != 3 {
						t.Errorf("the last request was number %d on connection %d", e.Request, e.Connection)
					}
					wantConnections(t, server, 3, 1)
				}
				if login == "" {
					return
				}
				for _, wrong := range []string{"", "us3r:wr0ng@"} {
					_, err := proxied(t, secure, scheme+"://"+wrong+address).Get(t.Context(), plain.URL())
					if KindOf(err) != ErrProxy || strings.Contains(err.Error(), "wr0ng") {
						t.Errorf("%v", err)
					}
				}
			})
		}
	}
}

// identities are PEM files of a server and a client, both issued by one authority.
type identities struct {
	dir, ca, cert, key, client, clientKey, joined string
}

// newIdentities writes them where Apache can read them.
func newIdentities(t *testing.T) *identities {
	t.Helper()
	ca, dir := newAuthority(t, "ca"), apacheDir(t)
	cert, key := ca.issue(func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, []byte{127, 0, 0, 1}) })
	client, clientKey := ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "me" })
	return &identities{
		dir: dir, ca: apacheFile(t, dir, "ca.pem", ca.pem),
		cert: apacheFile(t, dir, "cert.pem", cert), key: apacheFile(t, dir, "key.pem", key),
		client: apacheFile(t, dir, "client.pem", client), clientKey: apacheFile(t, dir, "client.key", clientKey),
		joined: apacheFile(t, dir, "joined.pem", client+clientKey),
	}
}

// wantOwnCertificate checks that the server at url demands a certificate, in both forms of ours.
func (own *identities) wantOwnCertificate(t *testing.T, url, body string) {
	t.Helper()
	for _, setting := range []TLS{{CA: own.ca, Cert: own.client, Key: own.clientKey}, {CA: own.ca, Cert: own.joined}} {
		s := testSession(t)
		s.TLS = &setting
		wantGet(t, s, url, body)
		if resp := wantGet(t, s, url, body); !resp.Reused() {
			t.Error("the second call took a connection of its own")
		}
	}
}

func TestRealNginxWantsACertificate(t *testing.T) {
	own := newIdentities(t)
	address := programs.Nginx(t, "ssl", fmt.Sprintf(`ssl_certificate %s; ssl_certificate_key %s;
		ssl_client_certificate %s; ssl_verify_client on;
		location / { return 200 "$ssl_client_s_dn"; }`, own.cert, own.key, own.ca))
	own.wantOwnCertificate(t, "https://"+address+"/", "CN=me")
	// nginx takes whoever comes and says what is missing in a response.
	s := testSession(t)
	s.TLS = &TLS{CA: own.ca}
	resp, err := s.Get(t.Context(), "https://"+address+"/")
	if err != nil || resp.Status != 400 {
		t.Errorf("%+v, %v", resp, err)
	}
	// The other way round, https to a port that does not speak it.
	_, err = s.Get(t.Context(), "https://"+programs.Nginx(t, "", `location / { return 200 "hello"; }`)+"/")
	if KindOf(err) != ErrTLS {
		t.Errorf("%v", err)
	}
}

func TestRealApacheWantsACertificate(t *testing.T) {
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		t.Run(version, func(t *testing.T) {
			own := newIdentities(t)
			url := startApache(t, fmt.Sprintf(`SSLEngine on
SSLProtocol %s
SSLCertificateFile %s
SSLCertificateKeyFile %s
SSLCACertificateFile %s
SSLVerifyClient require
AliasMatch "^/" "%s"
<Location "/">
Require all granted
</Location>
`, version, own.cert, own.key, own.ca, apacheFile(t, own.dir, "page.txt", "hello")))
			own.wantOwnCertificate(t, url+"/", "hello")
			// With TLS 1.3 that is told after our handshake, and then we may already be writing.
			s := testSession(t)
			s.TLS = &TLS{CA: own.ca}
			if _, err := s.Get(t.Context(), url+"/"); !errors.Is(err, ErrConnection) || errors.Is(err, ErrTimeout) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRealNginxWantsAPassword(t *testing.T) {
	hashed := sha1.Sum([]byte("pass:word"))
	users := writeFile(t, filepath.Join(t.TempDir(), "users"), "me:{SHA}"+base64.StdEncoding.EncodeToString(hashed[:])+"\n")
	address := programs.Nginx(t, "", `auth_basic "a realm"; auth_basic_user_file `+users+`;
		location / { try_files /none @said; } location @said { return 200 "$remote_user"; }`)
	s := testSession(t)
	wantDo(t, s, &Request{URL: "http://" + address + "/", Auth: Basic{"me", "pass:word"}}, "me")
	wantGet(t, s, "http://me:pass%3Aword@"+address+"/", "me")
	for _, auth := range []Auth{NoAuth{}, Basic{"me", "password"}, Digest{"me", "pass:word"}} {
		resp, err := s.Do(t.Context(), &Request{URL: "http://me:pass%3Aword@" + address + "/", Auth: auth})
		if err != nil || resp.Status != 401 || len(resp.History) != 0 {
			t.Errorf("%T: %+v, %v", auth, resp, err)
		}
	}
}

func TestRealApacheWantsDigest(t *testing.T) {
	server := digestApache(t, "AuthDigestQop auth\nAuthDigestNcCheck On")
	s := testSession(t)
	s.Auth = Digest{"user", "pass:word"}
	resp := wantGet(t, s, server+"/one/a?q=%22x%22", "hello\n")
	if len(resp.History) != 1 || resp.History[0].Status != 401 || !resp.Reused() {
		t.Errorf("history %v, reused %t", resp.History, resp.Reused())
	}
	for range 5 {
		if resp := wantGet(t, s, server+"/one/b", "hello\n"); len(resp.History) != 0 || !resp.Reused() {
			t.Errorf("history %v, reused %t", resp.History, resp.Reused())
		}
	}
	// Measured calls count up as well.
	p, err := s.Prepare(&Request{URL: server + "/one/c"})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var call Call
		if s.Measure(t.Context(), p, &call); call.Err != nil || call.Status != 200 || call.Attempts != 1 {
			t.Errorf("%+v", call)
		}
	}
	resp, err = s.Do(t.Context(), &Request{URL: server + "/one/d", Auth: Digest{"user", "wrong"}})
	if err != nil || resp.Status != 401 || len(resp.History) != 1 {
		t.Errorf("%+v, %v", resp, err)
	}
}
