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

// TLS says whom to trust, who we are and what is negotiated. It is comparable: requests with equal
// values share connections. The zero value verifies by the system's authorities.
//
// Proxies over https are verified in the same way, and versions, key exchanges, ciphers and the key
// log are theirs too. They are not shown the client's certificate; ALPN and ServerName are about
// servers only.
//
// A request's TLS counts before its session's, the server's verification (Insecure, CA, CAPEM), the
// client's certificate (Cert, Key) and every other field each for itself: one that has a certificate
// only leaves the session's verification as it is. The zero value asks for verification by the system's authorities.
type TLS struct {
	Insecure bool   // accept any certificate
	CA       string // PEM file, or directory of such, to trust instead of the system's
	CAPEM    string // the same in place of a file; with CA: as well as it
	Cert     string // PEM file of the client's certificate
	Key      string // PEM file of its key; "": in Cert

	MinVersion string // "1.0" to "1.3"; "": 1.2
	MaxVersion string // "": the newest
	// Curves are the key exchanges to offer, with commas between, such as "X25519,P-256" (see
	// ParseCurves); "": all that there are. Their order is crypto/tls's: post-quantum hybrids, which
	// cost more, come first.
	Curves string
	// Ciphers are the suites of TLS 1.2 and earlier to offer, with commas between, by IANA's or
	// OpenSSL's names; "": Go's. Their order is crypto/tls's, and those of TLS 1.3 cannot be chosen.
	Ciphers    string
	ALPN       string // protocols to offer, with commas between, or "none"; "": that of the HTTP version
	ServerName string // sent and compared with the certificate; "": the URL's host. An IP address is only compared
	KeyLog     string // file to which secrets are appended for tools such as Wireshark (NSS key log format)
}

// Config reads the files and returns a configuration of its own, for TLS 1.2 and later unless t says
// otherwise. Without a ServerName that is left to whoever connects, as are protocols without ALPN:
// NextProtos is nil then, and empty but not nil for "none". Names are compared with a certificate's
// subject alternative names only. A key log's file is made here. The error names the file or the value,
// says what to use in its place, and satisfies ErrTLS. Config may be called by any goroutine.
func (t TLS) Config() (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: t.Insecure, ServerName: t.ServerName}
	for _, part := range []func(*tls.Config) error{t.trust, t.identify, t.negotiate, t.log} {
		if err := part(config); err != nil {
			return nil, &Error{Kind: ErrTLS, Err: err}
		}
	}
	return config, nil
}

// A TLSFileError says which field of a TLS names a file that cannot be used; it is in the chain of Config's error, and
// of a handshake's whose secrets could not be written to the key log.
type TLSFileError struct {
	Field string // "CA", "Cert", "Key" or "KeyLog"
	Err   error
}

func (e *TLSFileError) Error() string { return e.Err.Error() }
func (e *TLSFileError) Unwrap() error { return e.Err }

// trust enters whom we trust, and under which name.
func (t TLS) trust(config *tls.Config) error {
	if t.CA != "" || t.CAPEM != "" {
		config.RootCAs = x509.NewCertPool()
	}
	if t.CA != "" {
		if err := addAuthorities(config.RootCAs, t.CA); err != nil {
			return &TLSFileError{"CA", err}
		}
	}
	if t.CAPEM != "" && !config.RootCAs.AppendCertsFromPEM([]byte(t.CAPEM)) {
		return errors.New("the CA text has no certificate; give it in PEM, beginning with -----BEGIN CERTIFICATE-----")
	}
	return checkServerName(t.ServerName)
}

// identify enters who we are.
func (t TLS) identify(config *tls.Config) error {
	if t.Cert == "" && t.Key == "" {
		return nil
	}
	if t.Cert == "" {
		return &TLSFileError{"Key", fmt.Errorf("key file %s without a certificate; name its file too", t.Key)}
	}
	own, err := clientCertificate(t.Cert, t.Key)
	if err != nil {
		return &TLSFileError{"Cert", err}
	}
	config.Certificates = []tls.Certificate{own}
	return nil
}

// log enters where secrets go.
func (t TLS) log(config *tls.Config) error {
	if t.KeyLog == "" {
		return nil
	}
	log, err := newKeyLog(t.KeyLog)
	if err != nil {
		return &TLSFileError{"KeyLog", err}
	}
	config.KeyLogWriter = log
	return nil
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
// whose setting is base (nil: none): verification, client certificate and each of the other fields by
// over where it has them, else by base. Where that leaves the system's authorities, the environment's
// CA bundle takes their place if env is not nil: REQUESTS_CA_BUNDLE, else CURL_CA_BUNDLE.
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
		t.MinVersion = cmp.Or(over.MinVersion, t.MinVersion)
		t.MaxVersion = cmp.Or(over.MaxVersion, t.MaxVersion)
		t.Curves = cmp.Or(over.Curves, t.Curves)
		t.Ciphers = cmp.Or(over.Ciphers, t.Ciphers)
		t.ALPN = cmp.Or(over.ALPN, t.ALPN)
		t.ServerName = cmp.Or(over.ServerName, t.ServerName)
		t.KeyLog = cmp.Or(over.KeyLog, t.KeyLog)
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

// forProxy returns t without what is only the server's to know.
func (t TLS) forProxy() TLS {
	t.Cert, t.Key, t.ALPN, t.ServerName = "", "", "", ""
	return t
}
