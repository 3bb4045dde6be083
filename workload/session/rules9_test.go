package session

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// certified returns a server's configuration with a certificate of ca.
func certified(t *testing.T, ca *authority, change func(*x509.Certificate)) *tls.Config {
	t.Helper()
	cert, key := ca.issue(change)
	own, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{own}}
}

// wantTLS makes a call that has to fail for its certificate, with nothing sent.
func wantTLS(t *testing.T, s *Session, server *recorder, url string) {
	t.Helper()
	before := len(server.all())
	_, err := s.Get(t.Context(), url)
	if KindOf(err) != ErrTLS || !errors.Is(err, ErrConnection) {
		t.Errorf("%s: %v", url, err)
	}
	if after := len(server.all()); after != before {
		t.Errorf("%s: %d requests were sent", url, after-before)
	}
}

func TestRule_9_1_ChainAndNameAreChecked(t *testing.T) {
	ca := newAuthority(t, "ca")
	server := recordOver(t, certified(t, ca, forNames("one.test", "*.wild.test")), hello)
	s := testSession(t)
	wantTLS(t, s, server, server.at("one.test", "/"))
	s.TLS = &TLS{CAPEM: newAuthority(t, "other").pem}
	wantTLS(t, s, server, server.at("one.test", "/"))
	s.TLS = &TLS{CAPEM: ca.pem}
	wantGet(t, s, server.at("one.test", "/"), "hello")
	wantGet(t, s, server.at("a.wild.test", "/"), "hello")
	for _, host := range []string{"two.test", "a.b.wild.test", "wild.test", "127.0.0.1"} {
		wantTLS(t, s, server, server.at(host, "/"))
	}
	commonName := recordOver(t, certified(t, ca, func(c *x509.Certificate) { c.Subject.CommonName = "one.test" }), hello)
	wantTLS(t, s, commonName, commonName.at("one.test", "/"))
	address := recordOver(t, certified(t, ca, func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, []byte{127, 0, 0, 1}) }), hello)
	wantGet(t, s, address.url, "hello")
}

func TestRule_9_1_WithoutVerificationEverythingIsTakenAndSaid(t *testing.T) {
	one := recordOver(t, certified(t, newAuthority(t, "one"), forNames("elsewhere.test")), hello)
	two := recordTLS(t, hello)
	plain := record(t, hello)
	proxy := recordTLS(t, proxyScript)
	var said bytes.Buffer
	s := testSession(t)
	s.Logger = slog.New(slog.NewTextHandler(&said, nil))
	s.TLS = &TLS{Insecure: true}
	for range 2 {
		wantGet(t, s, one.at("one.test", "/"), "hello")
		wantGet(t, s, two.at("two.test", "/"), "hello")
		wantGet(t, s, plain.url, "hello")
		p, err := s.Prepare(&Request{URL: one.at("one.test", "/measured"), Proxies: rules("all", proxy.url)})
		if err != nil {
			t.Fatal(err)
		}
		var call Call
		if s.Measure(t.Context(), p, &call); call.Err != nil {
			t.Error(call.Err)
		}
	}
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("said: %s", said.String())
	}
	for i, r := range []struct{ whom, url string }{{"server", one.at("one.test", "")}, {"server", two.at("two.test", "")}, {"proxy", proxy.url}} {
		if !strings.Contains(lines[i], "level=WARN") || !strings.Contains(lines[i], "the "+r.whom+"'s certificate is not verified") ||
			!strings.Contains(lines[i], "host="+strings.TrimPrefix(r.url, "https://")) {
			t.Errorf("said %s of %s", lines[i], r.url)
		}
	}
	// Who is verified is not spoken of.
	said.Reset()
	s.TLS = &TLS{CAPEM: two.caPEM}
	wantGet(t, s, two.at("three.test", "/"), "hello")
	if said.Len() > 0 {
		t.Errorf("said: %s", said.String())
	}
}

func TestRule_9_2_AuthoritiesOfAFileOrDirectory(t *testing.T) {
	ca := newAuthority(t, "ca")
	server := recordOver(t, certified(t, ca, forNames("one.test")), hello)
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "1a2b3c4d.0"), ca.pem)
	for _, path := range []string{file, dir} {
		s := testSession(t)
		s.TLS = &TLS{CA: path}
		wantGet(t, s, server.at("one.test", "/"), "hello")
		// A path takes the place of everything else, in a request as well.
		s.TLS = &TLS{Insecure: true}
		wantDo(t, s, &Request{URL: server.at("one.test", "/"), TLS: &TLS{CA: path}}, "hello")
	}
	s := testSession(t)
	s.TLS = &TLS{CA: filepath.Join(dir, "none.pem")}
	opened := server.connections()
	_, err := s.Get(t.Context(), server.at("one.test", "/"))
	if KindOf(err) != ErrTLS || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.pem") {
		t.Errorf("%v", err)
	}
	if server.connections() != opened {
		t.Error("a connection was opened")
	}
}

func TestRule_9_3_TheEnvironmentsAuthorities(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	server := recordOver(t, certified(t, ca, forNames("one.test")), hello)
	url := server.at("one.test", "/")
	dir := t.TempDir()
	right, wrong := writeFile(t, filepath.Join(dir, "right"), ca.pem), writeFile(t, filepath.Join(dir, "wrong"), other.pem)
	for name, tc := range map[string]struct {
		requests, curl string
		ofSession      *TLS
		ofRequest      *TLS
		distrust       bool
		good           bool
	}{
		"of requests":            {requests: right, good: true},
		"of curl":                {curl: right, good: true},
		"requests before curl":   {requests: right, curl: wrong, good: true},
		"wrong":                  {requests: wrong, curl: right},
		"not trusted":            {requests: right, distrust: true},
		"request insecure":       {requests: wrong, ofRequest: &TLS{Insecure: true}, good: true},
		"request's path":         {requests: wrong, ofRequest: &TLS{CA: right}, good: true},
		"request verifies":       {requests: right, ofRequest: &TLS{}, good: true},
		"session insecure":       {requests: wrong, ofSession: &TLS{Insecure: true}, good: true},
		"session's path":         {requests: wrong, ofSession: &TLS{CA: right}, good: true},
		"session's wrong path":   {requests: right, ofSession: &TLS{CA: wrong}},
		"request over session's": {requests: right, ofSession: &TLS{Insecure: true}, ofRequest: &TLS{CA: wrong}},
	} {
		t.Run(name, func(t *testing.T) {
			noEnvironment(t)
			t.Setenv("REQUESTS_CA_BUNDLE", tc.requests)
			t.Setenv("CURL_CA_BUNDLE", tc.curl)
			s := testSession(t)
			s.TrustEnv, s.TLS, s.Logger = !tc.distrust, tc.ofSession, slog.New(slog.DiscardHandler)
			_, err := s.Do(t.Context(), &Request{URL: url, TLS: tc.ofRequest})
			if tc.good && err != nil || !tc.good && KindOf(err) != ErrTLS {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRule_9_4_CertificatesOfClients(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	cert, key := ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "me" })
	strange, strangeKey := other.issue(nil)
	dir := t.TempDir()
	certFile, keyFile := writeFile(t, filepath.Join(dir, "cert"), cert), writeFile(t, filepath.Join(dir, "key"), key)
	joined := writeFile(t, filepath.Join(dir, "joined"), cert+key)
	strangers := writeFile(t, filepath.Join(dir, "strange"), strange+strangeKey)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := certified(t, ca, forNames("one.test"))
			config.MaxVersion, config.ClientAuth, config.ClientCAs = version, tls.RequireAndVerifyClientCert, x509.NewCertPool()
			config.ClientCAs.AppendCertsFromPEM([]byte(ca.pem))
			server := recordOver(t, config, hello)
			url := server.at("one.test", "/")
			for _, own := range []TLS{{Cert: certFile, Key: keyFile}, {Cert: joined}} {
				s := testSession(t)
				s.TLS = &TLS{CAPEM: ca.pem, Cert: own.Cert, Key: own.Key}
				wantGet(t, s, url, "hello")
				s.TLS = &TLS{CAPEM: ca.pem}
				wantDo(t, s, &Request{URL: url, TLS: &own}, "hello") // the session's verification stays
			}
			served := len(server.all())
			for _, own := range []string{"", strangers} {
				s := testSession(t)
				s.TLS = &TLS{CAPEM: ca.pem, Cert: own}
				_, err := s.Get(t.Context(), url)
				if !errors.Is(err, ErrConnection) || errors.Is(err, ErrTimeout) {
					t.Errorf("with %q: %v", own, err)
				}
			}
			if len(server.all()) != served {
				t.Error("a request was served without a certificate")
			}
		})
	}
}

// Who we are is the target's business, not that of the proxy before it.
func TestRule_9_4_ProxiesAreNotShownTheCertificate(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key := ca.issue(nil)
	own := &TLS{CAPEM: ca.pem, Cert: writeFile(t, filepath.Join(t.TempDir(), "joined"), cert+key)}
	target := certified(t, ca, forNames("one.test"))
	target.ClientAuth = tls.RequireAnyClientCert
	shown := make(chan int, 10)
	proxying := certified(t, ca, forNames("proxy.test"))
	proxying.ClientAuth = tls.RequestClientCert
	proxying.VerifyConnection = func(state tls.ConnectionState) error {
		shown <- len(state.PeerCertificates)
		return nil
	}
	server, proxy := recordOver(t, target, hello), recordOver(t, proxying, proxyScript)
	s := testSession(t)
	s.TLS, s.Proxies = own, rules("all", proxy.at("proxy.test", ""))
	for range 2 {
		wantGet(t, s, server.at("one.test", "/"), "hello")
		wantGet(t, s, "http://one.test/", "by the proxy")
	}
	if proxy.connections() != 2 || server.connections() != 1 {
		t.Errorf("%d connections to the proxy, %d to the server", proxy.connections(), server.connections())
	}
	for range 2 {
		if n := <-shown; n != 0 {
			t.Errorf("the proxy was shown %d certificates", n)
		}
	}
}

func TestRule_9_5_HTTPSToAPortThatSpeaksPlainHTTP(t *testing.T) {
	s := testSession(t)
	_, err := s.Get(t.Context(), "https://"+plainText(t)+"/")
	if KindOf(err) != ErrTLS || !errors.Is(err, ErrConnection) {
		t.Errorf("%v", err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok {
		t.Errorf("%v", err)
	}
}

func TestRule_9_6_ConnectionsAreOfOneTLSSetting(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key := ca.issue(nil)
	dir := t.TempDir()
	file, joined := writeFile(t, filepath.Join(dir, "ca"), ca.pem), writeFile(t, filepath.Join(dir, "joined"), cert+key)
	config := certified(t, ca, forNames("one.test"))
	config.ClientAuth = tls.RequestClientCert
	server := recordOver(t, config, hello)
	settings := []TLS{{CAPEM: ca.pem}, {CA: file}, {Insecure: true}, {CAPEM: ca.pem, Cert: joined}}
	s := testSession(t)
	s.Logger = slog.New(slog.DiscardHandler)
	for range 3 {
		for _, setting := range settings {
			wantDo(t, s, &Request{URL: server.at("one.test", "/"), TLS: &setting}, "hello")
		}
	}
	var connections []int
	for _, r := range server.all() {
		connections = append(connections, r.Conn)
	}
	if !slices.Equal(connections, []int{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}) {
		t.Errorf("the requests came over the connections %v", connections)
	}
	// One that nobody looked at is of no use to those who would not have taken it.
	wantTLS(t, s, server, server.at("one.test", "/"))
}

func TestRule_9_6_RedirectsKeepTheSetting(t *testing.T) {
	next := map[string]string{}
	server := recordTLS(t, chainTo(next))
	next["/1"] = "/2"
	s := testSession(t)
	resp := wantDo(t, s, &Request{URL: server.at("one.test", "/1"), TLS: &TLS{CAPEM: server.caPEM}}, "hello")
	if server.connections() != 1 || len(resp.History) != 1 {
		t.Errorf("%d connections, history %v", server.connections(), resp.History)
	}
}
