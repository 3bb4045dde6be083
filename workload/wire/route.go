package wire

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// An address is where a connection is opened to.
type address struct {
	ip   netip.AddrPort // invalid for a Unix socket
	text string         // "ip:port", or "unix:PATH"
}

// unixScheme stands before the path in the text of a Unix socket's address.
const unixScheme = "unix:"

// unix returns the path of a Unix socket, or "".
func (a *address) unix() string {
	if a.ip.IsValid() {
		return ""
	}
	return strings.TrimPrefix(a.text, unixScheme)
}

// A route is the addresses of an endpoint, in the order in which they were found.
type route struct {
	endpoint  Endpoint // that it was found for
	addresses []address
	fixed     bool // no name was looked up: valid for all connections
}

// toUnix makes r that to a Unix socket.
func (r *route) toUnix(path string) {
	*r = route{addresses: append(r.addresses[:0], address{text: unixScheme + path}), fixed: true}
}

// find fills r for a host and port that ConnectTo has been applied to: as an IP literal, by
// Resolve, or by name, which lookup is for. The endpoint is the caller's to set.
func (r *route) find(opts *Options, host, port string, lookup func() ([]string, error)) error {
	*r = route{addresses: r.addresses[:0]}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return lookupFault(net.JoinHostPort(host, port), reason("invalid port"))
	}
	hosts, fixed := []string{host}, true
	if _, err := netip.ParseAddr(host); err != nil {
		if hosts = opts.resolved(host, port); hosts == nil {
			fixed = false
			if hosts, err = lookup(); err != nil {
				return err
			}
		}
	}
	for _, h := range hosts {
		if ip, err := netip.ParseAddr(strings.Trim(h, "[]")); err == nil {
			ap := netip.AddrPortFrom(ip.Unmap(), uint16(number))
			r.addresses = append(r.addresses, address{ap, ap.String()})
		}
	}
	if len(r.addresses) == 0 {
		return lookupFault(host, errNoAddress)
	}
	r.fixed = fixed
	return nil
}

// redirect applies the first of the ConnectTo rules that fits.
func (o *Options) redirect(e Endpoint) (host, port string) {
	host, port = e.hostPort()
	for _, rule := range o.ConnectTo {
		if rule.FromHost != "" && !strings.EqualFold(strings.Trim(rule.FromHost, "[]"), host) ||
			rule.FromPort != "" && rule.FromPort != port {
			continue
		}
		if rule.ToHost != "" {
			host = strings.Trim(rule.ToHost, "[]")
		}
		if rule.ToPort != "" {
			port = rule.ToPort
		}
		break
	}
	return host, port
}

// resolved returns what Resolve says, or nil.
func (o *Options) resolved(host, port string) []string {
	if found := o.Resolve[net.JoinHostPort(host, port)]; found != nil {
		return found
	}
	return o.Resolve[net.JoinHostPort("*", port)]
}

func (o *Options) lookup(ctx context.Context, host string) ([]string, error) {
	if o.LookupHost != nil {
		return o.LookupHost(ctx, host)
	}
	return net.DefaultResolver.LookupHost(ctx, host)
}
