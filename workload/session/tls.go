package session

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// TLS says whom to trust and who we are. It is comparable: requests with equal
// values share connections. The zero value verifies by the system's authorities.
// Proxies over https are verified in the same way, and are not shown the client's certificate.
//
// A request's TLS counts before its session's, the server's verification (Insecure, CA, CAPEM) and
// the client's certificate (Cert, Key) each for itself: one that has a certificate only leaves the
// session's verification as it is. The zero value asks for verification by the system's authorities.
type TLS struct {
	Insecure bool   // accept any certificate
	CA       string // PEM file, or directory of such, to trust instead of the system's
	CAPEM    string // the same in place of a file; with CA: as well as it
	Cert     string // PEM file of the client's certificate
	Key      string // PEM file of its key; "": in Cert
}

// Config reads the files and returns a configuration of its own for TLS 1.2 and later; the server's name is left
// to whoever connects. Names are compared with a certificate's subject alternative names only. The
// error names the file and satisfies ErrTLS. Config may be called by any goroutine.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.Insecure}
	if t.CA != "" || t.CAPEM != "" {
		config.RootCAs = x509.NewCertPool()
	}
	if t.CA != "" {
		if err := addAuthorities(config.RootCAs, t.CA); err != nil {
			return nil, &Error{Kind: ErrTLS, Err: err}
		}
	}
	if t.CAPEM != "" && !config.RootCAs.AppendCertsFromPEM([]byte(t.CAPEM)) {
		return nil, &Error{Kind: ErrTLS, Err: errors.New("the CA text has no certificate; give it in PEM, beginning with -----BEGIN CERTIFICATE-----")}
	}
	if t.Cert != "" || t.Key != "" {
		own, err := clientCertificate(t.Cert, t.Key)
		if err != nil {
			return nil, &Error{Kind: ErrTLS, Err: err}
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config, nil
}

// addAuthorities adds the certificates of a PEM file, or of the files of a directory.
func addAuthorities(pool *x509.CertPool, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("CA %s: %w; name a PEM file or a directory of such", path, withoutPath(err))
	}
	if info.IsDir() {
		return addDirectory(pool, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("CA file %s: %w", path, withoutPath(err))
	}
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("CA file %s has no certificate; name one in PEM", path)
	}
	return nil
}

// addDirectory adds the certificates of all files in a directory, hashed names or not. What has none is
// passed over, as is what cannot be read: such directories also hold keys, revocation
// lists and links that lead nowhere.
func addDirectory(pool *x509.CertPool, path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("CA directory %s: %w", path, withoutPath(err))
	}
	found := false
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		// Stat follows links, of which hashed directories consist; a pipe would block the reading.
		info, statErr := os.Stat(name)
		if statErr != nil || !info.Mode().IsRegular() {
			err = cmp.Or(err, statErr)
			continue
		}
		text, readErr := os.ReadFile(name)
		err = cmp.Or(err, readErr)
		found = pool.AppendCertsFromPEM(text) || found
	}
	switch {
	case found:
		return nil
	case err != nil:
		return fmt.Errorf("CA directory %s has no readable certificate: %w", path, err)
	}
	return fmt.Errorf("CA directory %s has no certificate; put PEM files into it", path)
}

// clientCertificate reads the PEM file of a certificate, with its chain if it has one, and that of its key.
func clientCertificate(cert, key string) (tls.Certificate, error) {
	if cert == "" {
		return tls.Certificate{}, fmt.Errorf("key file %s without a certificate; name its file too", key)
	}
	certText, err := os.ReadFile(cert)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate file %s: %w; name a PEM file", cert, withoutPath(err))
	}
	keyText, files := certText, "certificate file "+cert+" (which must have the key too unless its file is named)"
	if key != "" {
		if keyText, err = os.ReadFile(key); err != nil {
			return tls.Certificate{}, fmt.Errorf("key file %s: %w; name a PEM file", key, withoutPath(err))
		}
		files = "certificate file " + cert + " with key file " + key
	}
	own, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: %w; both are PEM, the key without a password", files, err)
	}
	return own, nil
}

// withoutPath returns what happened to a file without its name, which our texts have already.
func withoutPath(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// trusted returns what holds for a request whose own setting is over (nil: none) in a session
// whose setting is base (nil: none): verification and client certificate by over where it has them, else by
// base. Where that leaves the system's authorities, the environment's CA bundle takes their place if env is not
// nil: REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE.
func trusted(base, over *TLS, env environment) TLS {
	var t TLS
	if base != nil {
		t = *base
	}
	if over != nil {
		if over.verification() != (TLS{}) || *over == (TLS{}) {
			t.Insecure, t.CA, t.CAPEM = over.Insecure, over.CA, over.CAPEM
		}
		if over.Cert != "" || over.Key != "" {
			t.Cert, t.Key = over.Cert, over.Key
		}
	}
	if env != nil && t.verification() == (TLS{}) {
		t.CA = env("REQUESTS_CA_BUNDLE")
		if t.CA == "" {
			t.CA = env("CURL_CA_BUNDLE")
		}
	}
	return t
}

// verification returns t with nothing but what says how servers are verified.
func (t TLS) verification() TLS { return TLS{Insecure: t.Insecure, CA: t.CA, CAPEM: t.CAPEM} }
