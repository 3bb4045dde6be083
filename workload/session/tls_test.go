package session

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// An authority issues certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.pem = pemText("CERTIFICATE", a.sign(a.cert, key))
	return a
}

func (a *authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) []byte {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

// issue returns a certificate and its key in PEM; change makes it special.
func (a *authority) issue(change func(*x509.Certificate)) (cert, key string) {
	a.t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		a.t.Fatal(err)
	}
	return pemText("CERTIFICATE", a.sign(template, own)), pemText("PRIVATE KEY", der)
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func forNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}

// listenTLS starts a server that greets whoever finishes the handshake, and returns its address.
func listenTLS(t testing.TB, config *tls.Config, certPEM, keyPEM string) string {
	t.Helper()
	own, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{own}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(10 * time.Second))
				if _, err := io.WriteString(c, "hello"); err == nil {
					_, _ = io.Copy(io.Discard, c)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	return ln.Addr().String()
}

// greeted connects to addr as host and reads the server's greeting.
func greeted(t testing.TB, addr, host string, setting TLS) error {
	t.Helper()
	config, err := setting.Config()
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = host
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", addr, config)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	greeting := make([]byte, len("hello"))
	_, err = io.ReadFull(c, greeting)
	return err
}

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRule_9_1_CertificatesAreVerified(t *testing.T) {
	ca, other := newAuthority(t, "one"), newAuthority(t, "other")
	for name, tc := range map[string]struct {
		issuer *authority
		change func(*x509.Certificate)
		host   string
		good   bool
	}{
		"right host":             {ca, forNames("a.test", "b.test"), "b.test", true},
		"another case":           {ca, forNames("a.test"), "A.Test", true},
		"wrong host":             {ca, forNames("a.test"), "b.test", false},
		"sub-domain":             {ca, forNames("a.test"), "x.a.test", false},
		"common name only":       {ca, func(c *x509.Certificate) { c.Subject.CommonName = "a.test" }, "a.test", false},
		"common name not needed": {ca, func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames = "b.test", []string{"a.test"} }, "a.test", true},
		"wildcard":               {ca, forNames("*.a.test"), "x.a.test", true},
		"wildcard, no label":     {ca, forNames("*.a.test"), "a.test", false},
		"wildcard, two labels":   {ca, forNames("*.a.test"), "y.x.a.test", false},
		"IP entry":               {ca, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }, "127.0.0.1", true},
		"IP as a name":           {ca, forNames("127.0.0.1"), "127.0.0.1", false},
		"other IP":               {ca, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }, "127.0.0.1", false},
		"expired":                {ca, func(c *x509.Certificate) { c.DNSNames, c.NotAfter = []string{"a.test"}, time.Unix(1, 0) }, "a.test", false},
		"not yet valid":          {ca, func(c *x509.Certificate) { c.DNSNames, c.NotBefore = []string{"a.test"}, time.Now().Add(time.Minute) }, "a.test", false},
		"unknown authority":      {other, forNames("a.test"), "a.test", false},
		"not for servers": {ca, func(c *x509.Certificate) {
			c.DNSNames, c.ExtKeyUsage = []string{"a.test"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, "a.test", false},
	} {
		t.Run(name, func(t *testing.T) {
			cert, key := tc.issuer.issue(tc.change)
			addr := listenTLS(t, new(tls.Config), cert, key)
			if err := greeted(t, addr, tc.host, TLS{CAPEM: ca.pem}); (err == nil) != tc.good {
				t.Errorf("verifying: %v", err)
			}
			var typed *tls.CertificateVerificationError
			if err := greeted(t, addr, tc.host, TLS{}); !errors.As(err, &typed) {
				t.Errorf("by the system's authorities: %v", err)
			}
			if err := greeted(t, addr, tc.host, TLS{Insecure: true}); err != nil {
				t.Errorf("insecure: %v", err)
			}
		})
	}
}

func TestRule_9_1_OldVersionsAreRefused(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(forNames("a.test"))
	for version, good := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		addr := listenTLS(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: version}, cert, key)
		if err := greeted(t, addr, "a.test", TLS{CAPEM: ca.pem}); (err == nil) != good {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

func TestRule_9_2_AuthoritiesAreReadFromFilesAndDirectories(t *testing.T) {
	ca, other := newAuthority(t, "one"), newAuthority(t, "other")
	cert, key := ca.issue(forNames("a.test"))
	addr := listenTLS(t, new(tls.Config), cert, key)

	dir := t.TempDir()
	bundle := writeFile(t, filepath.Join(dir, "bundle"), "# other\n"+other.pem+"\n# one\n"+ca.pem)
	only := writeFile(t, filepath.Join(dir, "other.pem"), other.pem)
	store := writeFile(t, filepath.Join(dir, "one.crt"), ca.pem)
	plain, hashed := filepath.Join(dir, "plain"), filepath.Join(dir, "hashed")
	for _, sub := range []string{plain, hashed, filepath.Join(plain, "sub")} {
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(plain, "one.pem"), ca.pem)
	writeFile(t, filepath.Join(plain, "README"), "no certificate")
	writeFile(t, filepath.Join(plain, "key.pem"), key)
	for name, to := range map[string]string{"5ed36f99.0": store, "0a1b2c3d.0": filepath.Join(dir, "gone")} {
		if err := os.Symlink(to, filepath.Join(hashed, name)); err != nil {
			t.Fatal(err)
		}
	}

	for name, tc := range map[string]struct {
		setting TLS
		good    bool
	}{
		"bundle":                 {TLS{CA: bundle}, true},
		"directory":              {TLS{CA: plain}, true},
		"hashed directory":       {TLS{CA: hashed}, true},
		"text":                   {TLS{CAPEM: ca.pem}, true},
		"another one's file":     {TLS{CA: only}, false},
		"another one's and text": {TLS{CA: only, CAPEM: ca.pem}, true},
	} {
		if err := greeted(t, addr, "a.test", tc.setting); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRule_9_2_UnusableFilesAreTLSErrors(t *testing.T) {
	ca := newAuthority(t, "one")
	cert, key := ca.issue(nil)
	_, otherKey := ca.issue(nil)
	dir := t.TempDir()
	certFile, keyFile := writeFile(t, filepath.Join(dir, "cert"), cert), writeFile(t, filepath.Join(dir, "key"), key)
	other := writeFile(t, filepath.Join(dir, "otherkey"), otherKey)
	junk := writeFile(t, filepath.Join(dir, "junk"), "s3cret")
	gone, empty, links := filepath.Join(dir, "gone"), filepath.Join(dir, "empty"), filepath.Join(dir, "links")
	if err := errors.Join(os.Mkdir(empty, 0o700), os.Mkdir(links, 0o700), os.Symlink(gone, filepath.Join(links, "1.0"))); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		setting TLS
		names   string
		missing bool
	}{
		"no CA file":                 {TLS{CA: gone}, gone, true},
		"no CA file, though unused":  {TLS{CA: gone, Insecure: true}, gone, true},
		"CA file without any":        {TLS{CA: junk}, junk, false},
		"CA file is a key":           {TLS{CA: keyFile}, keyFile, false},
		"empty directory":            {TLS{CA: empty}, empty, false},
		"directory of dangling ones": {TLS{CA: links}, links, true},
		"text without any":           {TLS{CAPEM: "s3cret"}, "PEM", false},
		"no certificate file":        {TLS{Cert: gone}, gone, true},
		"no key file":                {TLS{Cert: certFile, Key: gone}, gone, true},
		"certificate without a key":  {TLS{Cert: certFile}, certFile, false},
		"key without a certificate":  {TLS{Key: keyFile}, keyFile, false},
		"another certificate's key":  {TLS{Cert: certFile, Key: other}, other, false},
		"certificate that is none":   {TLS{Cert: junk, Key: keyFile}, junk, false},
		"key that is none":           {TLS{Cert: certFile, Key: junk}, junk, false},
		"certificate is a directory": {TLS{Cert: empty}, empty, false},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := tc.setting.Config()
			var typed *Error
			if config != nil || !errors.Is(err, ErrTLS) || !errors.Is(err, ErrConnection) || !errors.As(err, &typed) {
				t.Fatalf("%v, %v", config, err)
			}
			if !strings.Contains(err.Error(), tc.names) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error says %q", err)
			}
			if errors.Is(err, fs.ErrNotExist) != tc.missing {
				t.Errorf("what lies beneath is lost: %v", err)
			}
		})
	}
}

func TestRule_9_3_WhatIsTrusted(t *testing.T) {
	env := func(pairs ...string) environment {
		return func(name string) string { return Pairs(pairs...).Get(name) }
	}
	both := env("REQUESTS_CA_BUNDLE", "r.pem", "CURL_CA_BUNDLE", "c.pem")
	for name, tc := range map[string]struct {
		base, over *TLS
		env        environment
		want       TLS
	}{
		"nothing":                       {nil, nil, nil, TLS{}},
		"environment":                   {nil, nil, both, TLS{CA: "r.pem"}},
		"environment of curl":           {nil, nil, env("CURL_CA_BUNDLE", "c.pem"), TLS{CA: "c.pem"}},
		"empty environment":             {nil, nil, env(), TLS{}},
		"environment not trusted":       {&TLS{}, &TLS{}, nil, TLS{}},
		"request verifies":              {nil, &TLS{}, both, TLS{CA: "r.pem"}},
		"session verifies":              {&TLS{}, nil, both, TLS{CA: "r.pem"}},
		"request insecure":              {nil, &TLS{Insecure: true}, both, TLS{Insecure: true}},
		"request's path":                {nil, &TLS{CA: "q.pem"}, both, TLS{CA: "q.pem"}},
		"request's text":                {nil, &TLS{CAPEM: "q"}, both, TLS{CAPEM: "q"}},
		"session insecure":              {&TLS{Insecure: true}, nil, both, TLS{Insecure: true}},
		"session's path":                {&TLS{CA: "s.pem"}, nil, both, TLS{CA: "s.pem"}},
		"session's text":                {&TLS{CAPEM: "s"}, nil, both, TLS{CAPEM: "s"}},
		"request over session":          {&TLS{CA: "s.pem", CAPEM: "s"}, &TLS{CA: "q.pem"}, both, TLS{CA: "q.pem"}},
		"request's path over insecure":  {&TLS{Insecure: true}, &TLS{CA: "q.pem"}, both, TLS{CA: "q.pem"}},
		"request insecure over path":    {&TLS{CA: "s.pem"}, &TLS{Insecure: true}, both, TLS{Insecure: true}},
		"request verifies, not session": {&TLS{Insecure: true}, &TLS{}, nil, TLS{}},
		"certificate and environment":   {nil, &TLS{Cert: "q.crt"}, both, TLS{CA: "r.pem", Cert: "q.crt"}},
		"certificate and session's":     {&TLS{CA: "s.pem", Cert: "s.crt", Key: "s.key"}, &TLS{Cert: "q.crt"}, both, TLS{CA: "s.pem", Cert: "q.crt"}},
		"session's certificate":         {&TLS{Cert: "s.crt", Key: "s.key"}, &TLS{CA: "q.pem"}, both, TLS{CA: "q.pem", Cert: "s.crt", Key: "s.key"}},
		"session's certificate stays":   {&TLS{Cert: "s.crt"}, &TLS{}, nil, TLS{Cert: "s.crt"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := trusted(tc.base, tc.over, tc.env); got != tc.want {
				t.Errorf("%+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestRule_9_4_ClientCertificates(t *testing.T) {
	ca, other := newAuthority(t, "one"), newAuthority(t, "other")
	cert, key := ca.issue(forNames("a.test"))
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(ca.pem))

	dir := t.TempDir()
	own, ownKey := ca.issue(nil)
	strange, strangeKey := other.issue(nil)
	certFile, keyFile := writeFile(t, filepath.Join(dir, "cert"), own), writeFile(t, filepath.Join(dir, "key"), ownKey)
	joined := writeFile(t, filepath.Join(dir, "joined"), own+ownKey)
	keyFirst := writeFile(t, filepath.Join(dir, "keyfirst"), ownKey+own)
	strangers := writeFile(t, filepath.Join(dir, "strangers"), strange+strangeKey)

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		addr := listenTLS(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients, MaxVersion: version}, cert, key)
		for name, tc := range map[string]struct {
			setting TLS
			good    bool
		}{
			"pair":                {TLS{Cert: certFile, Key: keyFile}, true},
			"one file":            {TLS{Cert: joined}, true},
			"one file, key first": {TLS{Cert: keyFirst}, true},
			"none":                {TLS{}, false},
			"another authority's": {TLS{Cert: strangers}, false},
		} {
			t.Run(tls.VersionName(version)+"/"+name, func(t *testing.T) {
				tc.setting.CAPEM = ca.pem
				if err := greeted(t, addr, "a.test", tc.setting); (err == nil) != tc.good {
					t.Errorf("%v", err)
				}
			})
		}
	}
}
