package session

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// A cookieScope is what of a request decides about cookies.
type cookieScope struct {
	host    string // canonical
	ip      bool
	path    string // escaped, as it is sent
	https   bool
	foreign bool // see Jar.header
}

// scopeOf returns the scope of a request to u with that Host header, if it has a host.
func scopeOf(u *url.URL, host string) (s cookieScope, ok bool) {
	if host == "" {
		host = u.Host
	}
	s.host, ok = cookieHost((&url.URL{Host: host}).Hostname())
	if !ok {
		return s, false
	}
	s.ip = isAddress(s.host)
	s.path = u.EscapedPath()
	if !strings.HasPrefix(s.path, "/") {
		s.path = "/"
	}
	s.https = strings.EqualFold(u.Scheme, "https")
	return s, true
}

// takes reports whether c is sent.
func (s *cookieScope) takes(c *Cookie) bool {
	if c.Secure && !s.https || c.Domain == "" && s.foreign {
		return false
	}
	return s.inDomain(c) && s.inPath(c.Path)
}

// inDomain is the domain-match of RFC 6265, section 5.1.3.
func (s *cookieScope) inDomain(c *Cookie) bool {
	if c.Domain == "" || c.Domain == s.host {
		return true
	}
	return !c.HostOnly && !s.ip && hasLabels(s.host, c.Domain)
}

// hasLabels reports whether host is a sub-domain of domain.
func hasLabels(host, domain string) bool {
	n := len(host) - len(domain)
	return n > 0 && host[n-1] == '.' && host[n:] == domain
}

// inPath is the path-match of RFC 6265, section 5.1.4.
func (s *cookieScope) inPath(path string) bool {
	if !strings.HasPrefix(s.path, path) {
		return false
	}
	return len(s.path) == len(path) || strings.HasSuffix(path, "/") || s.path[len(path)] == '/'
}

// directory is the default-path of RFC 6265, section 5.1.4.
func (s *cookieScope) directory() string {
	if i := strings.LastIndexByte(s.path, '/'); i > 0 {
		return s.path[:i]
	}
	return "/"
}

// domainFor returns the domain of a cookie with that Domain attribute from s.host, if that host may
// set it: RFC 6265, sections 5.2.3 and 5.3. A domain without an inner dot is for that host only
// to set.
func (s *cookieScope) domainFor(attribute []byte, publicSuffixes bool) (domain string, hostOnly, ok bool) {
	if len(attribute) > 0 && attribute[0] == '.' {
		attribute = attribute[1:]
	}
	if len(attribute) == 0 {
		return s.host, true, true
	}
	if s.ip {
		host, ok := cookieHost(strings.Trim(string(attribute), "[]"))
		return s.host, true, ok && host == s.host
	}
	if !onlyASCII(attribute) {
		ascii, err := idna.Lookup.ToASCII(string(attribute))
		if err != nil {
			return "", false, false
		}
		attribute = []byte(ascii)
	}
	n := len(s.host) - len(attribute)
	if n < 0 || !foldsTo(s.host[n:], attribute) || n > 0 && s.host[n-1] != '.' {
		return "", false, false
	}
	domain = s.host[n:]
	if n > 0 && (domain[0] == '.' || !strings.Contains(domain, ".")) {
		return "", false, false
	}
	if publicSuffixes {
		if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
			return domain, true, n == 0
		}
	}
	return domain, false, true
}

// foldsTo compares without ASCII case, and without turning b into a string.
func foldsTo(s string, b []byte) bool {
	if len(s) != len(b) {
		return false
	}
	for i := range b {
		if lowerByte(s[i]) != lowerByte(b[i]) {
			return false
		}
	}
	return true
}

func lowerByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}

func onlyASCII[T string | []byte](text T) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}

// cookieHost returns host, a name or an address without brackets and port, in the form in which
// hosts are compared: in ASCII and lower case, without a final dot, IPv6 by RFC 5952. ok is false for
// what is neither.
func cookieHost(host string) (canonical string, ok bool) {
	if !onlyASCII(host) {
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", false
		}
		host = ascii
	}
	host = strings.TrimSuffix(host, ".")
	if host == "" || host[0] == '.' || host[len(host)-1] == '.' {
		return "", false
	}
	for i := 0; i < len(host); i++ {
		if host[i] <= ' ' || host[i] == 0x7f || strings.IndexByte(`"#,/;<=>?@[\]^{|}`, host[i]) >= 0 {
			return "", false
		}
	}
	if !strings.Contains(host, ":") {
		return strings.ToLower(host), true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return "", false
	}
	var room [64]byte
	if text := address.AppendTo(room[:0]); string(text) != host {
		return string(text), true
	}
	return host, true
}

// isAddress reports whether a canonical host is an address.
func isAddress(host string) bool {
	if strings.Contains(host, ":") {
		return true
	}
	if host == "" || host[len(host)-1] < '0' || host[len(host)-1] > '9' {
		return false // spares the hosts of most calls the parser
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
