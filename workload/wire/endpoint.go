package wire

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// EndpointOf returns where u's requests go. The scheme must be http or https, the host
// must be ASCII (international names in their xn-- form); ports default to 80 and 443.
func EndpointOf(u *url.URL) (Endpoint, error) {
	var e Endpoint
	if u == nil {
		return e, errors.New("no URL")
	}
	switch strings.ToLower(u.Scheme) {
	case "http":
		e.Port = 80
	case "https":
		e.TLS, e.Port = true, 443
	default:
		return e, fmt.Errorf("URL scheme %q is neither http nor https", u.Scheme)
	}
	e.Host = strings.ToLower(u.Hostname())
	if e.Host == "" {
		return e, errors.New("URL without a host")
	}
	if !validHost(e.Host) {
		return e, fmt.Errorf("invalid host %q", e.Host)
	}
	if text := u.Port(); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return e, fmt.Errorf("invalid port %q", text)
		}
		e.Port = uint16(port)
	}
	return e, nil
}

// validHost reports whether host has no byte that could not stand in a URL's.
func validHost(host string) bool {
	for i := 0; i < len(host); i++ {
		if b := host[i]; b <= ' ' || b >= 0x7f || strings.IndexByte(`/\?#@[]<>"`, b) >= 0 {
			return false
		}
	}
	return true
}

// hostPort returns host and port apart.
func (e Endpoint) hostPort() (host, port string) { return e.Host, strconv.Itoa(int(e.Port)) }

// String returns "host:port", with brackets around an IPv6 address.
func (e Endpoint) String() string {
	return net.JoinHostPort(e.hostPort())
}

// appendHost writes the Host line.
func appendHost(raw []byte, e Endpoint) []byte {
	raw = append(raw, "Host: "...)
	raw = appendAuthority(raw, e)
	return append(raw, "\r\n"...)
}

// appendAuthority writes host and port: no default port, no IPv6 zone.
func appendAuthority(raw []byte, e Endpoint) []byte {
	if strings.IndexByte(e.Host, ':') >= 0 {
		raw = append(raw, '[')
		raw = append(raw, withoutZone(e.Host)...)
		raw = append(raw, ']')
	} else {
		raw = append(raw, e.Host...)
	}
	if e.TLS && e.Port != 443 || !e.TLS && e.Port != 80 {
		raw = append(raw, ':')
		raw = strconv.AppendUint(raw, uint64(e.Port), 10)
	}
	return raw
}
