package wire

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Version 2 of the PROXY protocol (its specification at haproxy.org, section 2.2): the signature, and what
// the two bytes behind it say.
const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

	proxyLocal    = 0x20 // version 2: the ends are not told
	proxyProxied  = 0x21 // version 2: the ends are told
	proxyUnspec   = 0x00
	proxyTCP4     = 0x11
	proxyTCP6     = 0x21
	proxyUnix     = 0x31
	proxyUnixPath = 108 // bytes of either end's path
)

// announce sends the PROXY protocol's header with the two ends of cn's transport connection.
func (o *opener) announce(cn *conn) error {
	var raw [16 + 2*proxyUnixPath]byte
	var header []byte
	from, to := ends(&cn.sock)
	switch path, isUnix := strings.CutPrefix(cn.sock.addr, unixScheme); {
	case o.opts.Socket.ProxyProtocol == 1:
		header = appendProxyText(raw[:0], from, to)
	case isUnix && o.opts.Dial == nil:
		header = appendProxyUnix(raw[:0], path)
	default:
		header = appendProxyBinary(raw[:0], from, to)
	}
	if _, err := cn.sock.Write(header); err != nil {
		return transferFault(opSend, cn.sock.addr, err)
	}
	return nil
}

// ends returns the local and the remote address of a TCP connection; those of anything else are invalid.
func ends(s *sock) (from, to netip.AddrPort) {
	c, ok := s.raw.(net.Conn)
	if !ok {
		from = localEnd(s.raw)
		to, _ = netip.ParseAddrPort(s.addr)
		return bare(from), bare(to)
	}
	local, ok1 := c.LocalAddr().(*net.TCPAddr)
	remote, ok2 := c.RemoteAddr().(*net.TCPAddr)
	if !ok1 || !ok2 {
		return from, to
	}
	return bare(local.AddrPort()), bare(remote.AddrPort())
}

// bare returns an address without its zone, which means nothing elsewhere.
func bare(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// appendProxyText appends version 1. For what is not TCP it says no more than that.
func appendProxyText(raw []byte, from, to netip.AddrPort) []byte {
	if !sameFamily(from, to) {
		return append(raw, "PROXY UNKNOWN\r\n"...)
	}
	raw = append(raw, "PROXY TCP6 "...)
	if from.Addr().Is4() {
		raw[len(raw)-2] = '4'
	}
	raw = append(from.Addr().AppendTo(raw), ' ')
	raw = append(to.Addr().AppendTo(raw), ' ')
	raw = append(strconv.AppendUint(raw, uint64(from.Port()), 10), ' ')
	raw = strconv.AppendUint(raw, uint64(to.Port()), 10)
	return append(raw, "\r\n"...)
}

// appendProxyBinary appends version 2. For what is not TCP it says no more than that.
func appendProxyBinary(raw []byte, from, to netip.AddrPort) []byte {
	raw = append(raw, proxySignature...)
	if !sameFamily(from, to) {
		return append(raw, proxyLocal, proxyUnspec, 0, 0)
	}
	family, size := byte(proxyTCP4), byte(2*4+2*2)
	if from.Addr().Is6() {
		family, size = proxyTCP6, 2*16+2*2
	}
	raw = append(raw, proxyProxied, family, 0, size)
	raw = append(raw, from.Addr().AsSlice()...)
	raw = append(raw, to.Addr().AsSlice()...)
	raw = append(raw, byte(from.Port()>>8), byte(from.Port()))
	return append(raw, byte(to.Port()>>8), byte(to.Port()))
}

// appendProxyUnix appends version 2 for a Unix socket. Our end has no name.
func appendProxyUnix(raw []byte, path string) []byte {
	raw = append(raw, proxySignature...)
	raw = append(raw, proxyProxied, proxyUnix, 0, 2*proxyUnixPath)
	var both [2 * proxyUnixPath]byte
	copy(both[proxyUnixPath:], path)
	if path[0] == '@' { // of the abstract namespace: a zero byte in the system's form
		both[proxyUnixPath] = 0
	}
	return append(raw, both[:]...)
}

// sameFamily reports whether both addresses are there and of one family.
func sameFamily(a, b netip.AddrPort) bool {
	return a.IsValid() && b.IsValid() && a.Addr().Is4() == b.Addr().Is4()
}
