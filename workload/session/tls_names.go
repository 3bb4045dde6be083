package session

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sessbench/internal/nearest"
)

// ParseTLSVersion returns the number of a version of TLS: "1.2", or as others write it, "TLS 1.2" or "TLSv1.2".
// The error says which there are. It may be called by any goroutine.
func ParseTLSVersion(name string) (uint16, error) {
	number := strings.ToLower(strings.TrimSpace(name))
	number = strings.TrimLeft(strings.TrimPrefix(number, "tls"), "v -_")
	switch number {
	case "1", "1.0":
		return tls.VersionTLS10, nil
	case "1.1":
		return tls.VersionTLS11, nil
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	}
	return 0, fmt.Errorf("there is no TLS version %q; use 1.0, 1.1, 1.2 or 1.3", name)
}

// ParseCurves returns the key exchanges that a list with commas names: as package crypto/tls calls them, or
// "P-256", "secp256r1" or "prime256v1" for CurveP256 and the like; case does not count. The error says which there
// are. It may be called by any goroutine.
func ParseCurves(list string) ([]tls.CurveID, error) {
	var curves []tls.CurveID
	for _, name := range split(list) {
		curve, err := parseCurve(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(curves, curve) {
			curves = append(curves, curve)
		}
	}
	return curves, nil
}

func parseCurve(name string) (tls.CurveID, error) {
	switch plainName(name) {
	case "X25519MLKEM768":
		return tls.X25519MLKEM768, nil
	case "SECP256R1MLKEM768", "P256MLKEM768":
		return tls.SecP256r1MLKEM768, nil
	case "SECP384R1MLKEM1024", "P384MLKEM1024":
		return tls.SecP384r1MLKEM1024, nil
	case "X25519":
		return tls.X25519, nil
	case "CURVEP256", "P256", "SECP256R1", "PRIME256V1":
		return tls.CurveP256, nil
	case "CURVEP384", "P384", "SECP384R1":
		return tls.CurveP384, nil
	case "CURVEP521", "P521", "SECP521R1":
		return tls.CurveP521, nil
	}
	return 0, unknown("TLS key exchange", name, CurveNames())
}

// CurveNames returns the names of the key exchanges that ParseCurves knows, one for each, hybrids of a classical and
// a post-quantum one first. It may be called by any goroutine.
func CurveNames() []string {
	return []string{"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "X25519", "P-256", "P-384", "P-521"}
}

// isHybrid reports whether a key exchange is a post-quantum hybrid, which TLS 1.3 alone has.
func isHybrid(curve tls.CurveID) bool {
	return curve == tls.X25519MLKEM768 || curve == tls.SecP256r1MLKEM768 || curve == tls.SecP384r1MLKEM1024
}

// parseCiphers returns the cipher suites of TLS 1.2 and earlier that a list with commas names: by IANA's names, which
// are those of package crypto/tls, or OpenSSL's.
func parseCiphers(list string) ([]*tls.CipherSuite, error) {
	var suites []*tls.CipherSuite
	for _, name := range split(list) {
		suite, err := parseCipher(name)
		if err != nil {
			return nil, err
		}
		suites = append(suites, suite)
	}
	return suites, nil
}

func parseCipher(name string) (*tls.CipherSuite, error) {
	plain := plainCipher(name)
	var names []string
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		newest := slices.Max(suite.SupportedVersions)
		if newest == tls.VersionTLS13 {
			if plainName(suite.Name) == plainName(name) {
				return nil, fmt.Errorf("TLS cipher suite %q is one of TLS 1.3, where they cannot be chosen; name those of TLS 1.2, and 1.2 as the newest version to see them used", name)
			}
			continue
		}
		// OpenSSL leaves the key exchange out where it is RSA.
		known := plainCipher(suite.Name)
		if known == plain || known == "RSA"+plain {
			return suite, nil
		}
		if !suite.Insecure {
			names = append(names, suite.Name)
		}
	}
	return nil, unknown("TLS cipher suite", name, names)
}

// plainCipher returns what IANA's and OpenSSL's names of a cipher suite have in common.
func plainCipher(name string) string {
	plain := strings.TrimPrefix(plainName(name), "TLS")
	plain = strings.Replace(plain, "WITH", "", 1)
	plain = strings.Replace(plain, "CBC", "", 1)
	return strings.Replace(plain, "CHACHA20POLY1305SHA256", "CHACHA20POLY1305", 1)
}

// plainName returns a name without what is written in one way or another.
func plainName(name string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToUpper(name))
}

// parseALPN returns the names of protocols in a list with commas; an empty list, which is not nil, for "none".
func parseALPN(list string) ([]string, error) {
	names := split(list)
	if len(names) == 1 && strings.EqualFold(names[0], "none") {
		return []string{}, nil
	}
	for _, name := range names {
		switch {
		case name == "" || len(name) > 255:
			return nil, fmt.Errorf("ALPN list %q has a name of %d bytes; use 1 to 255", list, len(name))
		case strings.EqualFold(name, "none"):
			return nil, fmt.Errorf("ALPN list %q says none and names protocols; use one or the other", list)
		}
	}
	return names, nil
}

// checkServerName says what cannot be the name of a server.
func checkServerName(name string) error {
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	if len(name) > 253 {
		return errors.New("TLS server name is longer than 253 bytes")
	}
	for _, r := range name {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\?#@[]<>":,`, r) {
			return fmt.Errorf("TLS server name %q has %q in it; use a host's name without a port, or an IP address", name, r)
		}
	}
	return nil
}

// split returns the names in a list with commas, without the blanks around them.
func split(list string) []string {
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// unknown says that a name is none, and which there are.
func unknown(what, name string, known []string) error {
	if near := nearest.To(name, known); near != "" {
		return fmt.Errorf("there is no %s %q; did you mean %s? There are %s", what, name, near, strings.Join(known, ", "))
	}
	return fmt.Errorf("there is no %s %q; there are %s", what, name, strings.Join(known, ", "))
}
