package session

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// hostPort normalises the host and port of an authority: the host in lower case and ASCII, the port
// without leading zeros, nothing for an empty port. The errors repeat nothing of it.
func hostPort(text string) (string, error) {
	var host, port string
	if literal, ok := strings.CutPrefix(text, "["); ok {
		address, rest, ok := strings.Cut(literal, "]")
		if !ok || rest != "" && rest[0] != ':' {
			return "", errors.New("the brackets of the IPv6 address do not close before the port")
		}
		var err error
		if host, err = ipv6Host(address); err != nil {
			return "", err
		}
		port = strings.TrimPrefix(rest, ":")
	} else {
		host, port, _ = strings.Cut(text, ":")
		var err error
		if host, err = nameHost(host); err != nil {
			return "", err
		}
	}
	if port == "" {
		return host, nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errors.New("the port is not a number from 1 to 65535")
	}
	return host + ":" + strings.TrimLeft(port, "0"), nil
}

// ipv6Host checks what stands between brackets. A zone may follow "%25" (RFC 6874) or a bare "%".
func ipv6Host(literal string) (string, error) {
	address, zone, zoned := strings.Cut(literal, "%")
	if ip, err := netip.ParseAddr(address); err != nil || !ip.Is6() {
		return "", errors.New("there is no IPv6 address in the brackets of the host")
	}
	address = strings.ToLower(address)
	if !zoned {
		return "[" + address + "]", nil
	}
	zone = strings.TrimPrefix(zone, "25")
	for i := 0; i < len(zone); i++ {
		if !isUnreserved(zone[i]) {
			zone = ""
		}
	}
	if zone == "" {
		return "", errors.New("the IPv6 address has an unusable zone")
	}
	return "[" + address + "%" + zone + "]", nil
}

// nameHost returns a name or an IPv4 address in lower case, international names in their ASCII
// form by UTS 46 (non-transitional, with the rules for looking up).
func nameHost(name string) (string, error) {
	name = unescape(requote(name, isHostByte))
	ascii := true
	for i := 0; i < len(name); i++ {
		ascii = ascii && name[i] < 0x80
	}
	if ascii {
		name = strings.ToLower(name)
	} else {
		valid := utf8.ValidString(name)
		var err error
		if name, err = idna.Lookup.ToASCII(name); err != nil || !valid {
			return "", errors.New("the host is no valid international name")
		}
	}
	if name == "" {
		return "", errors.New("there is no host")
	}
	for i := 0; i < len(name); i++ {
		if !isHostByte(name[i]) {
			return "", errors.New("the host has a character that no name can have")
		}
	}
	return name, nil
}

// checkLabels refuses hosts that no resolver could know: with a label that is empty (but for the root's at
// the end), starts with "*", or is longer than DNS allows (RFC 1035, section 2.3.4).
func checkLabels(u *url.URL) error {
	host := u.Hostname()
	if strings.Contains(host, ":") {
		return nil
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		if label == "" || label[0] == '*' || len(label) > 63 {
			return errors.New(`the host has a label that is empty, starts with "*", or is longer than 63 bytes`)
		}
	}
	return nil
}
