package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// socksField is the longest user, password or name that SOCKS5 can carry (RFC 1928, RFC 1929).
const socksField = 255

// Validate reports why p cannot be used. The error has no credentials. A nil Proxy is
// valid: it is none.
func (p *Proxy) Validate() error {
	if p == nil {
		return nil
	}
	switch p.Kind {
	case ProxyHTTP, ProxyHTTPS, ProxySOCKS4, ProxySOCKS4A, ProxySOCKS5, ProxySOCKS5H:
	default:
		return fmt.Errorf("unknown kind of proxy %q", string(p.Kind))
	}
	switch {
	case p.Host == "":
		return errors.New("proxy without a host")
	case !validHost(p.Host):
		return errors.New("proxy with an invalid host")
	case p.Port == 0:
		return errors.New("proxy without a port")
	case !p.HasUser:
		return nil
	}
	switch p.Kind {
	case ProxySOCKS5, ProxySOCKS5H:
		if p.User == "" || len(p.User) > socksField || len(p.Password) > socksField {
			return errors.New("user and password for a SOCKS5 proxy are 1 to 255 bytes, the password may be empty")
		}
	case ProxySOCKS4, ProxySOCKS4A:
		if strings.IndexByte(p.User, 0) >= 0 {
			return errors.New("user for a SOCKS4 proxy has a zero byte")
		}
	}
	return nil
}

// String returns "kind://host:port", without credentials.
func (p *Proxy) String() string {
	return string(p.Kind) + "://" + p.endpoint().String()
}

// endpoint is where the proxy itself is reached.
func (p *Proxy) endpoint() Endpoint {
	return Endpoint{TLS: p.Kind == ProxyHTTPS, Host: p.Host, Port: p.Port}
}

// socks reports whether p speaks SOCKS rather than HTTP.
func (p *Proxy) socks() bool { return p.Kind != ProxyHTTP && p.Kind != ProxyHTTPS }

// forwards reports whether requests to e are given to the proxy itself, which passes them on, rather
// than sent through a tunnel that it opens. A connection for requests that it forwards serves all
// endpoints without TLS.
func (p *Proxy) forwards(e Endpoint) bool { return p != nil && !e.TLS && !p.socks() }

// appendProxyTarget writes the absolute-form of u (RFC 9112, section 3.2.2).
func appendProxyTarget(raw []byte, method string, u *url.URL, e Endpoint) ([]byte, error) {
	raw = append(raw, "http://"...)
	raw = appendAuthority(raw, e)
	if method == "OPTIONS" && u.EscapedPath() == "*" {
		return raw, nil // what the last proxy makes "*" of (RFC 9112, section 3.2.4)
	}
	return appendTarget(raw, method, u)
}

// dropsAuthorization reports whether a Proxy-Authorization header among those asked for stays
// behind: because there are credentials to take its place, or because the request goes through a
// tunnel to somebody who must not see it.
func (p *Proxy) dropsAuthorization(e Endpoint) bool {
	return p != nil && (p.HasUser || !p.forwards(e))
}

// appendAuthorization writes the Proxy-Authorization header (RFC 7617, in UTF-8).
func (p *Proxy) appendAuthorization(raw []byte) []byte {
	raw = append(raw, "Proxy-Authorization: Basic "...)
	raw = base64.StdEncoding.AppendEncode(raw, []byte(p.User+":"+p.Password))
	return append(raw, "\r\n"...)
}

// ViaProxy reports whether err, of this package, is the failure of a proxy: it could not be reached, or did
// not connect us. ClassOf tells which. What came of a connection that the proxy
// made is no such failure, nor is the end of the call's time or context, nor a want of
// local ports or files.
func ViaProxy(err error) bool { return isA[*proxyFault](err) }

// A proxyFault is a *fault of a proxy.
type proxyFault struct{ err error }

func (f *proxyFault) Error() string { return "proxy: " + f.err.Error() }
func (f *proxyFault) Unwrap() error { return f.err }

// proxied marks err, of reaching a proxy, as the proxy's, unless it is ours.
func proxied(err error) error {
	switch ClassOf(err) {
	case ClassCanceled, ClassTimeout, ClassAddressExhausted, ClassFilesExhausted:
		return err
	}
	return &proxyFault{err}
}

// A ProxyStatusError is a proxy's refusal to open a tunnel.
type ProxyStatusError struct {
	Status int    // other than 200
	Reason string // as the proxy gave it, shortened; may be empty
}

func (e *ProxyStatusError) Error() string {
	text := "the proxy answered CONNECT with " + strconv.Itoa(e.Status)
	if e.Reason != "" {
		text += " " + e.Reason
	}
	return text
}

// What a proxy can be wrong in, beside a malformed answer: class proxy.
const (
	errHungUp  reason = "the proxy ended the connection without a whole answer"
	errTooSoon reason = "the proxy sent bytes behind its answer"
	errVersion reason = "the proxy answered in another protocol"
)

// opTunnel is the operation that faults name while a proxy is asked to connect.
const opTunnel = "tunnel through"

// tunnelFault classes an error that came while a proxy was asked to connect.
func tunnelFault(addr string, err error) error {
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	class := ClassProxy
	switch {
	case isEOF(err), isReset(err):
		err = errHungUp
	case isTLS(err):
		class = ClassTLS
	}
	return &fault{class, opTunnel, addr, cause(err)}
}

// withoutZone strips what only the local system understands from an IPv6 address.
func withoutZone(host string) string {
	host, _, _ = strings.Cut(host, "%")
	return host
}

// authority is what a proxy is asked to connect to.
func (e Endpoint) authority() string {
	return net.JoinHostPort(withoutZone(e.Host), strconv.Itoa(int(e.Port)))
}
