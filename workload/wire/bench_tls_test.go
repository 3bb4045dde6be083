package wire

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sessbench/internal/cputime"
	"sessbench/internal/programs"
)

// BenchmarkNginx is what a fresh https request costs us against nginx: cpu-ns/op is this process's CPU time alone.
func BenchmarkNginx(b *testing.B) {
	keys := map[string]func() (crypto.Signer, error){
		"RSA2048": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		"P256":    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
	}
	// CurveP256 is there for the sake of ECDSA certificates: OpenSSL takes the list for that of their curves too.
	hybrid, plain := []tls.CurveID{tls.X25519MLKEM768, tls.X25519, tls.CurveP256}, []tls.CurveID{tls.X25519, tls.CurveP256}
	for _, key := range []string{"RSA2048", "P256"} {
		for _, tc := range []struct {
			name    string
			version uint16
			curves  []tls.CurveID
			resume  bool
		}{
			{"TLS1.3/hybrid/full", tls.VersionTLS13, hybrid, false},
			{"TLS1.3/X25519/full", tls.VersionTLS13, plain, false},
			{"TLS1.3/hybrid/resumed", tls.VersionTLS13, hybrid, true},
			{"TLS1.3/X25519/resumed", tls.VersionTLS13, plain, true},
			{"TLS1.2/X25519/full", tls.VersionTLS12, plain, false},
			{"TLS1.2/X25519/resumed", tls.VersionTLS12, plain, true},
		} {
			b.Run(key+"/"+tc.name, func(b *testing.B) {
				address, roots := nginx(b, keys[key])
				policy := Policy{RequestsPerConnection: 1, ResumeTLS: tc.resume,
					TLS: TLSPolicy{MinVersion: tc.version, MaxVersion: tc.version, Curves: tc.curves}}
				opts := &Options{TLS: &tls.Config{RootCAs: roots}, Limits: Limits{ReadTimeout: 5 * time.Second}}
				benchmarkCPU(b, "https://"+address+"/", opts, policy)
			})
		}
	}
}

func benchmarkCPU(b *testing.B, target string, opts *Options, policy Policy) {
	c := newClient(b, opts, policy)
	req := get(b, target)
	req.KeepBody = false
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var resp Response
	var ex Exchange
	b.ReportAllocs()
	before := cputime.Used()
	for b.Loop() {
		if c.Do(ctx, req, &resp, &ex); ex.Err != nil {
			b.Fatal(ex.Err)
		}
	}
	b.ReportMetric(float64(cputime.Used()-before)/float64(b.N), "cpu-ns/op")
}

// nginx starts one with a certificate for key that an authority of the same kind issued, and returns
// its address and the authority.
func nginx(b testing.TB, key func() (crypto.Signer, error)) (address string, roots *x509.CertPool) {
	b.Helper()
	path := programs.Find(b, "nginx", "nginx-light")
	dir := b.TempDir()
	address = programs.Address(b)
	roots = issued(b, key, dir)
	config := fmt.Sprintf(`daemon off; master_process off; worker_processes 1; error_log stderr; pid nginx.pid;
events { worker_connections 1024; }
http {
	access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
	ssl_session_cache shared:s:1m; ssl_protocols TLSv1.2 TLSv1.3;
	server { listen %s ssl; ssl_certificate cert.pem; ssl_certificate_key key.pem; location / { return 200 "0123456789abcdef"; } }
}
`, address)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	programs.Start(b, address, path, "-p", dir, "-c", file, "-e", "stderr")
	return address, roots
}

// issued writes cert.pem and key.pem into dir, and returns who vouches for them.
func issued(b testing.TB, key func() (crypto.Signer, error), dir string) *x509.CertPool {
	b.Helper()
	authority, err := key()
	if err != nil {
		b.Fatal(err)
	}
	own, err := key()
	if err != nil {
		b.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: true}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, authority.Public(), authority)
	if err != nil {
		b.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, leaf, ca, own.Public(), authority)
	if err != nil {
		b.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		b.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(root)
	if err != nil {
		b.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return roots
}
