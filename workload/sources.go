package workload

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxSources bounds the addresses that a plan's sources stand for: each has tens of thousands of ports.
const maxSources = 4096

// ParseSources returns the addresses that a list stands for, in its order: addresses, ranges written
// first-last, and prefixes such as 10.0.0.0/28, whose network and (for IPv4) broadcast addresses are left out. The
// error is what to write after the name of the list.
func ParseSources(list []string) ([]netip.Addr, error) {
	var all []netip.Addr
	seen := map[netip.Addr]bool{}
	for _, item := range list {
		first, last, err := sourceRange(strings.TrimSpace(item))
		if err != nil {
			return nil, err
		}
		for at := first; ; at = at.Next() {
			switch {
			case seen[at]:
				return nil, fmt.Errorf("has %v twice; leave it out once", at)
			case len(all) == maxSources:
				return nil, fmt.Errorf("stands for more than %d addresses; name fewer", maxSources)
			}
			seen[at] = true
			all = append(all, at)
			if at == last {
				break
			}
		}
	}
	return all, nil
}

func sourceRange(item string) (first, last netip.Addr, err error) {
	if prefix, err := netip.ParsePrefix(item); err == nil {
		first, last = ends(prefix.Masked())
		return first, last, sourceProblem(item, first, last)
	}
	from, to, ranged := strings.Cut(item, "-")
	if !ranged {
		to = from
	}
	first, err1 := netip.ParseAddr(strings.TrimSpace(from))
	last, err2 := netip.ParseAddr(strings.TrimSpace(to))
	switch {
	case err1 != nil || err2 != nil:
		return first, last, fmt.Errorf("has %q; write an address, a range as in 10.0.0.1-10.0.0.9, or a prefix as in 10.0.0.0/28", item)
	case first.Is4() != last.Is4():
		return first, last, fmt.Errorf("has the range %q, with an IPv4 and an IPv6 end; write one of each family, as in 10.0.0.1-10.0.0.9,fd00::1-fd00::9", item)
	case last.Less(first):
		return first, last, fmt.Errorf("has the range %q, whose end does not come after its beginning; write it as in 10.0.0.1-10.0.0.9", item)
	}
	return first, last, sourceProblem(item, first, last)
}

func sourceProblem(item string, first, last netip.Addr) error {
	for _, at := range []netip.Addr{first, last} {
		if at.IsUnspecified() || at.IsMulticast() {
			return fmt.Errorf("has %q, which is no address of this machine; name addresses that it has", item)
		}
	}
	return nil
}

// ends are the first and last address of a prefix that a host can have.
func ends(p netip.Prefix) (first, last netip.Addr) {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	first = p.Addr()
	last, _ = netip.AddrFromSlice(bytes)
	if host := len(bytes)*8 - p.Bits(); host > 1 {
		first = first.Next()
		if first.Is4() {
			last = last.Prev()
		}
	}
	return first, last
}
