package wire

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/internal/programs"
)

// OpenSSL's server says on its page what it negotiated, which is what we say.
func TestHandshakesAreWhatOpenSSLSays(t *testing.T) {
	path := programs.Find(t, "openssl", "openssl")
	dir := t.TempDir()
	roots := issued(t, func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }, dir)
	address := programs.Address(t)
	programs.Start(t, address, path, "s_server", "-accept", address, "-www", "-quiet",
		"-cert", filepath.Join(dir, "cert.pem"), "-key", filepath.Join(dir, "key.pem"))
	for version, cipher := range map[uint16]string{tls.VersionTLS12: "ECDHE-ECDSA-AES128-GCM-SHA256", tls.VersionTLS13: "TLS_AES_"} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			opts := &Options{TLS: &tls.Config{RootCAs: roots, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}}
			c := newClient(t, opts, Policy{RequestsPerConnection: 1, ResumeTLS: true,
				TLS: TLSPolicy{MinVersion: version, MaxVersion: version, Curves: []tls.CurveID{tls.X25519, tls.CurveP256}}})
			for _, want := range []string{"New", "Reused"} {
				r := call(t, c, get(t, "https://"+address+"/"))
				if r.Err != nil || r.Status != 200 {
					t.Fatalf("status %d, %v", r.Status, r.Err)
				}
				page := string(r.resp.Body)
				name := strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1)
				if words := want + ", " + name + ", Cipher is " + cipher; !strings.Contains(page, words) {
					t.Errorf("%q is not on the page", words)
				}
				// Its releases write the name in one case or the other. Of a session that is resumed TLS 1.2 says no groups.
				const groups = "shared groups: x25519:secp256r1"
				if want == "New" && !strings.Contains(strings.ToLower(page), groups) {
					t.Errorf("%q is not on the page", groups)
				}
			}
			for h, n := range c.Handshakes() {
				if n != 1 || h.Version != tls.VersionName(version) || h.Curve != "X25519" || h.Certificate != "ECDSA P-256" {
					t.Errorf("%d times %+v", n, h)
				}
			}
			if n := c.Counts(); n.TLSFull != 1 || n.TLSResumed != 1 {
				t.Errorf("full %d, resumed %d", n.TLSFull, n.TLSResumed)
			}
		})
	}
}
