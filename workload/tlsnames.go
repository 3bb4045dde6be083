package workload

import (
	"crypto/tls"
	"strings"

	"sessbench/workload/session"
)

const tlsVersionNames = "1.0, 1.1, 1.2 or 1.3"

// tlsVersions are those that there are, as plans and results write them.
func tlsVersions() []string { return []string{"1.0", "1.1", "1.2", "1.3"} }

// tlsVersion returns what package crypto/tls calls a version, 0 for none.
func tlsVersion(name string) uint16 {
	version, err := session.ParseTLSVersion(name)
	if err != nil {
		return 0
	}
	return version
}

// CurveNames lists the key exchanges that can be chosen.
func CurveNames() string { return strings.Join(session.CurveNames(), ", ") }

// curveNamed returns a key exchange's name as CurveNames has it.
func curveNamed(text string) (name string, known bool) {
	ids, err := session.ParseCurves(text)
	if err != nil || len(ids) != 1 {
		return text, false
	}
	for _, name := range session.CurveNames() {
		if same, err := session.ParseCurves(name); err == nil && same[0] == ids[0] {
			return name, true
		}
	}
	return text, false
}

// curveIDs returns those of the names that are known; nil for none.
func curveIDs(names []string) []tls.CurveID {
	var ids []tls.CurveID
	for _, name := range names {
		if id, err := session.ParseCurves(name); err == nil {
			ids = append(ids, id...)
		}
	}
	return ids
}
