package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/proxy"
)

// A destination is what a SOCKS proxy is asked to connect to.
type destination struct {
	host string // a name, or an address without zone
	port uint16
}

const (
	errNoIPv4   reason = "no IPv4 address, which SOCKS4 needs"
	errLongName reason = "a name longer than SOCKS5 can carry"
)

// destination says what a SOCKS proxy is asked to connect to for cn. ConnectTo applies to it. A
// name is looked up here where the kind of proxy says so; the proxy is then asked for the first
// address that it can understand, and only for that one.
func (o *opener) destination(cn *conn, kind ProxyKind, sp *span) (destination, error) {
	host, port := o.opts.redirect(cn.endpoint)
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return destination{}, lookupFault(net.JoinHostPort(host, port), reason("invalid port"))
	}
	if kind == ProxySOCKS5H || kind == ProxySOCKS4A {
		if len(host) > socksField {
			return destination{}, lookupFault(host, errLongName)
		}
		return destination{withoutZone(host), uint16(number)}, nil
	}
	if !o.route.fixed || o.route.endpoint != cn.endpoint {
		if err := o.find(cn, &o.route, host, port, sp); err != nil {
			return destination{}, err
		}
		o.route.endpoint = cn.endpoint
	}
	for _, a := range o.route.addresses {
		if ip := a.ip.Addr(); kind == ProxySOCKS5 || ip.Is4() {
			return destination{ip.WithZone("").String(), a.ip.Port()}, nil
		}
	}
	return destination{}, lookupFault(host, errNoIPv4)
}

// askSOCKS5 asks a SOCKS5 proxy for a tunnel (RFC 1928, RFC 1929). s bounds the time.
func askSOCKS5(s *sock, p *Proxy, to destination) error {
	var auth *proxy.Auth
	if p.HasUser {
		auth = &proxy.Auth{User: p.User, Password: p.Password}
	}
	dialer, err := proxy.SOCKS5("tcp", s.addr, auth, established{s})
	if err != nil {
		return err
	}
	_, err = dialer.Dial("tcp", net.JoinHostPort(to.host, strconv.Itoa(int(to.port))))
	if err == nil || isA[*fault](err) || isEOF(err) || isReset(err) {
		return err
	}
	// The library puts words that mean nothing to us before the proxy's reason.
	return errors.New("the proxy did not connect: " + strings.TrimPrefix(cause(err).Error(), "unknown error "))
}

// established is a dialer that returns a connection that is there already.
type established struct{ s *sock }

func (d established) Dial(string, string) (net.Conn, error) { return d.s, nil }

func (d established) DialContext(context.Context, string, string) (net.Conn, error) {
	return d.s, nil
}

// The bytes of SOCKS4 (and 4A, which is the same with a name behind the request where
// the address is 0.0.0.x).
const (
	socks4Version = 4
	socks4Connect = 1
	socks4Granted = 90
	socks4NoAuth  = 92 // no identd, or another user: 93
)

// askSOCKS4 asks a SOCKS4 or SOCKS4A proxy for a tunnel. There is a user, but no password.
func askSOCKS4(rw io.ReadWriter, p *Proxy, to destination) error {
	ip, name := [4]byte{0, 0, 0, 1}, to.host
	if address, err := netip.ParseAddr(to.host); err == nil && address.Is4() {
		ip, name = address.As4(), ""
	}
	raw := []byte{socks4Version, socks4Connect, byte(to.port >> 8), byte(to.port)}
	raw = append(raw, ip[:]...)
	if p.HasUser {
		raw = append(raw, p.User...)
	}
	raw = append(raw, 0)
	if name != "" {
		raw = append(raw, name...)
		raw = append(raw, 0)
	}
	if _, err := rw.Write(raw); err != nil {
		return err
	}
	var answer [8]byte
	if _, err := io.ReadFull(rw, answer[:]); err != nil {
		return err
	}
	switch code := answer[1]; {
	case answer[0] != 0:
		return errVersion
	case code == socks4Granted:
		return nil
	case code == socks4NoAuth || code == socks4NoAuth+1:
		return errors.New("the proxy did not connect: it does not accept the user")
	default:
		return errors.New("the proxy did not connect: code " + strconv.Itoa(int(code)))
	}
}
