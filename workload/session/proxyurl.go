package session

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"sessbench/workload/wire"
)

// ParseProxy reads a proxy's URL as ProxyRule.URL describes it. Ports default to 80, with https to 443,
// with SOCKS to 1080; a path is passed over. The error is an *Error: ErrInvalidProxyURL, or for
// an unknown scheme plain ErrInvalidURL. It repeats nothing of the URL.
func ParseProxy(raw string) (*wire.Proxy, error) {
	raw = strings.TrimSpace(raw)
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		scheme, rest = "http", strings.TrimPrefix(raw, "//")
	}
	p := &wire.Proxy{Kind: wire.ProxyKind(strings.ToLower(scheme))}
	switch p.Kind {
	case wire.ProxyHTTP:
		p.Port = 80
	case wire.ProxyHTTPS:
		p.Port = 443
	case wire.ProxySOCKS4, wire.ProxySOCKS4A, wire.ProxySOCKS5, wire.ProxySOCKS5H:
		p.Port = 1080
	default:
		return nil, &Error{Kind: ErrInvalidURL, Err: errProxyScheme}
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, password, _ := strings.Cut(authority[:at], ":")
		p.User, p.Password, p.HasUser = unescaped(user), unescaped(password), at > 0
		authority = authority[at+1:]
	}
	if err := splitAuthority(p, authority); err != nil {
		return nil, &Error{Kind: ErrInvalidProxyURL, Err: err}
	}
	if err := p.Validate(); err != nil {
		return nil, &Error{Kind: ErrInvalidProxyURL, Err: err}
	}
	return p, nil
}

var (
	errProxyScheme = errors.New("the scheme of a proxy is http, https, socks5, socks5h, socks4 or socks4a")
	errProxyHost   = errors.New("the proxy's URL has no usable host")
	errProxyPort   = errors.New("the port in the proxy's URL is not a number from 1 to 65535")
)

// unescaped decodes percent signs; what is no escape stays as it is.
func unescaped(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// splitAuthority reads "host", "host:port" or the same with an IPv6 address in brackets into p, whose
// port stays as it is where there is none.
func splitAuthority(p *wire.Proxy, authority string) error {
	host, port := authority, ""
	if strings.HasPrefix(authority, "[") {
		var ok bool
		if host, port, ok = strings.Cut(authority[1:], "]"); !ok {
			return errProxyHost
		}
		host = strings.Replace(host, "%25", "%", 1) // before a zone (RFC 6874)
		if address, err := netip.ParseAddr(host); err != nil || !address.Is6() {
			return errProxyHost
		}
		if port != "" && port[0] != ':' {
			return errProxyPort
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(authority, ":")
	}
	if host == "" {
		return errProxyHost
	}
	p.Host = strings.ToLower(host)
	if port == "" {
		return nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return errProxyPort
	}
	p.Port = uint16(number)
	return nil
}
