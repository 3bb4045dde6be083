package session

import (
	"net/netip"
	"net/url"
	"strings"
)

// bypasses reports whether a no_proxy list has an entry that covers u. Entries are separated
// by commas; blanks around and in them do not count, nor does case:
//
//	one.test, .one.test   that name and all below it
//	one.test:8080         the same, at that port
//	127.0.0.1, ::1        that address, where the URL has an address, in whatever spelling
//	10.0.0.0/8, fd00::/8  all addresses of that network
//	*                     everything
//
// A port is compared with the URL's, where it has none with its scheme's. Names are not looked up.
func bypasses(u *url.URL, list string) bool {
	if list == "" {
		return false
	}
	host := strings.TrimRight(strings.ToLower(u.Hostname()), ".")
	address, err := netip.ParseAddr(host)
	isAddress := err == nil
	address = address.Unmap().WithZone("")
	for entry := range strings.SplitSeq(strings.ToLower(list), ",") {
		entry = strings.ReplaceAll(strings.TrimSpace(entry), " ", "")
		if entry == "*" {
			return true
		}
		entry, ok := withoutPort(entry, u)
		entry = strings.TrimRight(entry, ".")
		switch {
		case !ok || entry == "":
		case isAddress:
			if coversAddress(entry, address) {
				return true
			}
		case coversName(entry, host):
			return true
		}
	}
	return false
}

// withoutPort strips a port, and brackets, from an entry; ok is false where the port is not u's.
func withoutPort(entry string, u *url.URL) (host string, ok bool) {
	colon := strings.LastIndexByte(entry, ':')
	bracket := strings.LastIndexByte(entry, ']')
	if colon < bracket || bracket < 0 && strings.Count(entry, ":") != 1 {
		return strings.Trim(entry, "[]"), true // without a port; an IPv6 address perhaps
	}
	return strings.Trim(entry[:colon], "[]"), entry[colon+1:] == urlPort(u)
}

func urlPort(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case strings.EqualFold(u.Scheme, "https"):
		return "443"
	}
	return "80"
}

func coversAddress(entry string, address netip.Addr) bool {
	if network, err := netip.ParsePrefix(entry); err == nil {
		return network.Contains(address)
	}
	one, err := netip.ParseAddr(entry)
	return err == nil && one.Unmap().WithZone("") == address
}

func coversName(entry, host string) bool {
	entry = strings.TrimLeft(entry, ".")
	if entry == "" || !strings.HasSuffix(host, entry) {
		return false
	}
	rest := host[:len(host)-len(entry)]
	return rest == "" || rest[len(rest)-1] == '.'
}
