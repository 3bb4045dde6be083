package session

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
)

// negotiate enters into config what t says of versions, key exchanges, ciphers and protocols.
func (t TLS) negotiate(config *tls.Config) error {
	if err := t.bound(config); err != nil {
		return err
	}
	if t.Curves != "" {
		curves, err := ParseCurves(t.Curves)
		if err != nil {
			return err
		}
		if config.MaxVersion != 0 && config.MaxVersion < tls.VersionTLS13 && !slices.ContainsFunc(curves, func(c tls.CurveID) bool { return !isHybrid(c) }) {
			return fmt.Errorf("TLS key exchanges %s are of TLS 1.3, and the newest version is %s; allow TLS 1.3 or add one such as X25519", t.Curves, t.MaxVersion)
		}
		config.CurvePreferences = curves
	}
	if t.Ciphers != "" {
		if err := t.chooseCiphers(config); err != nil {
			return err
		}
	}
	if t.ALPN != "" {
		protocols, err := parseALPN(t.ALPN)
		if err != nil {
			return err
		}
		config.NextProtos = protocols
	}
	return nil
}

// bound enters the versions.
func (t TLS) bound(config *tls.Config) error {
	config.MinVersion = tls.VersionTLS12
	var err error
	if t.MinVersion != "" {
		if config.MinVersion, err = ParseTLSVersion(t.MinVersion); err != nil {
			return fmt.Errorf("oldest version: %w", err)
		}
	}
	if t.MaxVersion == "" {
		return nil
	}
	if config.MaxVersion, err = ParseTLSVersion(t.MaxVersion); err != nil {
		return fmt.Errorf("newest version: %w", err)
	}
	switch {
	case config.MinVersion <= config.MaxVersion:
		return nil
	case t.MinVersion == "":
		return fmt.Errorf("the newest TLS version is %s, and the oldest is 1.2 unless it is named; name it too", t.MaxVersion)
	}
	return fmt.Errorf("the oldest TLS version is %s, and the newest %s is older; swap them", t.MinVersion, t.MaxVersion)
}

// chooseCiphers enters the cipher suites, of which one at least has to be of use.
func (t TLS) chooseCiphers(config *tls.Config) error {
	if config.MinVersion >= tls.VersionTLS13 {
		return errors.New("TLS cipher suites are given, and the oldest version is 1.3, where they cannot be chosen; allow TLS 1.2 or leave them out")
	}
	suites, err := parseCiphers(t.Ciphers)
	if err != nil {
		return err
	}
	usable := config.MaxVersion == 0
	for _, suite := range suites {
		config.CipherSuites = append(config.CipherSuites, suite.ID)
		usable = usable || slices.ContainsFunc(suite.SupportedVersions, func(version uint16) bool {
			return version >= config.MinVersion && version <= config.MaxVersion
		})
	}
	if !usable {
		return fmt.Errorf("none of the TLS cipher suites %s is of a version up to %s; allow TLS 1.2 or name others", t.Ciphers, t.MaxVersion)
	}
	return nil
}
