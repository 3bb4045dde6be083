package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"testing"

	"sessbench/internal/programs"
)

// What is told of handshakes is what the server negotiated, with its certificates as it sent them.
func TestHandshakesAreTold(t *testing.T) {
	for name, tc := range map[string]struct {
		key  func() (crypto.Signer, error)
		text string
	}{
		"RSA":     {func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }, "RSA 2048"},
		"P-256":   {func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }, "ECDSA P-256"},
		"P-384":   {func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) }, "ECDSA P-384"},
		"Ed25519": {func() (crypto.Signer, error) { _, key, err := ed25519.GenerateKey(rand.Reader); return key, err }, "Ed25519"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(name+"/"+tls.VersionName(version), func(t *testing.T) {
				dir := t.TempDir()
				roots := issued(t, tc.key, dir)
				pair, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
				if err != nil {
					t.Fatal(err)
				}
				pair.Certificate = append(pair.Certificate, pair.Certificate[0]) // a chain of two
				srv := &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: version, NextProtos: []string{"http/1.1"}}
				ciphers := make(chan string, 8)
				s := serve(t, srv, func(p *peer) {
					if conn, ok := p.Conn.(*tls.Conn); ok && conn.Handshake() == nil {
						ciphers <- tls.CipherSuiteName(conn.ConnectionState().CipherSuite)
						answer(okText)(p)
					}
				})
				c := newClient(t, &Options{TLS: &tls.Config{RootCAs: roots}}, Policy{RequestsPerConnection: 1, ResumeTLS: true})
				for range 4 {
					wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
				}
				full := Handshake{Version: tls.VersionName(version), Cipher: <-ciphers, Curve: "X25519MLKEM768", ALPN: "http/1.1",
					Certificate: tc.text, ChainBytes: 2 * len(pair.Certificate[0])}
				if version == tls.VersionTLS12 {
					full.Curve = "X25519"
				}
				resumed := full
				resumed.Resumed = true
				if got, want := c.Handshakes(), (map[Handshake]int64{full: 1, resumed: 3}); !maps.Equal(got, want) {
					t.Errorf("\n%+v, want\n%+v", got, want)
				}
			})
		}
	}
}

// There is no key exchange to name where the server's RSA key carries the secret.
func TestHandshakeWithoutAKeyExchange(t *testing.T) {
	dir := t.TempDir()
	roots := issued(t, func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }, dir)
	pair, err := tls.LoadX509KeyPair(dir+"/cert.pem", dir+"/key.pem")
	if err != nil {
		t.Fatal(err)
	}
	suites := []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
	s := serve(t, &tls.Config{Certificates: []tls.Certificate{pair}, CipherSuites: suites}, answer(okText))
	opts := &Options{TLS: &tls.Config{RootCAs: roots, CipherSuites: suites, MaxVersion: tls.VersionTLS12, NextProtos: []string{}}}
	info, err := Probe(t.Context(), endpoint(t, s.url), opts)
	want := Handshake{Version: "TLS 1.2", Cipher: "TLS_RSA_WITH_AES_128_GCM_SHA256", Certificate: "RSA 2048", ChainBytes: len(pair.Certificate[0])}
	if err != nil || info.Handshake != want || info.Curve != "" {
		t.Errorf("%+v, %v; want %+v", info, err, want)
	}
}

func TestHandshakesOfPlainConnectionsAreNone(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	if got := c.Handshakes(); len(got) != 0 {
		t.Errorf("%v", got)
	}
	info, err := Probe(t.Context(), endpoint(t, s.url), nil)
	if err != nil || info.Handshake != (Handshake{}) {
		t.Errorf("%+v, %v", info, err)
	}
}

// Kinds come and go in any order, more of them than are kept, and none is counted twice or not at all.
func TestHandshakesOfManyKinds(t *testing.T) {
	one, other := []*x509.Certificate{{Raw: make([]byte, 100)}}, []*x509.Certificate{{Raw: make([]byte, 200)}}
	var h handshakes
	want := map[Handshake]int64{}
	for i := range 500 {
		state := tls.ConnectionState{Version: tls.VersionTLS12 + uint16(i)%2, CipherSuite: tls.TLS_AES_128_GCM_SHA256 + uint16(i)%3,
			CurveID: tls.CurveP256, DidResume: i%5 == 0, PeerCertificates: one}
		if i%7 == 0 {
			state.PeerCertificates, state.NegotiatedProtocol = other, "h2"
		}
		h.enter(&state)
		want[handshakeOf(&state)]++
		if got := h.latest(); got != handshakeOf(&state) {
			t.Fatalf("%d: the latest is %+v", i, got)
		}
	}
	if got := h.all(); !maps.Equal(got, want) || len(got) < 2*kindsKept {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestEnteringAKnownHandshakeAllocatesNothing(t *testing.T) {
	chain := []*x509.Certificate{{Raw: make([]byte, 100)}}
	full := tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, CurveID: tls.X25519, NegotiatedProtocol: "h2", PeerCertificates: chain}
	resumed := full
	resumed.DidResume = true
	var h handshakes
	h.enter(&full)
	h.enter(&resumed)
	if n := programs.Allocs(100, func() { h.enter(&full); h.enter(&resumed); h.enter(&resumed) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
