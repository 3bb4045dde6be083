package workload

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"sessbench/workload/wire"
)

// parseResolve reads curl's "host:port:address[,address]"; IPv6 addresses may
// stand in brackets.
func parseResolve(rule string) (hostport string, addresses []string, err error) {
	bad := &KeyError{"session.resolve", fmt.Sprintf("has %q; write host:port:address, as in api.example.com:443:127.0.0.1", rule)}
	parts := splitColons(rule, 3)
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || !portOrNone(parts[1]) {
		return "", nil, bad
	}
	for _, a := range strings.Split(parts[2], ",") {
		a = strings.Trim(strings.TrimSpace(a), "[]")
		if net.ParseIP(a) == nil {
			return "", nil, bad
		}
		addresses = append(addresses, a)
	}
	return net.JoinHostPort(strings.ToLower(strings.Trim(parts[0], "[]")), parts[1]), addresses, nil
}

// parseConnectTo reads curl's "host:port:host:port", any part of which may be empty.
func parseConnectTo(rule string) (wire.Redirection, error) {
	parts := splitColons(rule, 4)
	if len(parts) != 4 || !portOrNone(parts[1]) || !portOrNone(parts[3]) {
		return wire.Redirection{}, &KeyError{"session.connect_to", fmt.Sprintf("has %q; write host:port:host:port, as in api.example.com:443:127.0.0.1:8443", rule)}
	}
	for i, p := range parts {
		parts[i] = strings.ToLower(strings.Trim(p, "[]"))
	}
	return wire.Redirection{FromHost: parts[0], FromPort: parts[1], ToHost: parts[2], ToPort: parts[3]}, nil
}

func portOrNone(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return s == "" || err == nil && n > 0
}

// splitColons splits s at colons outside brackets into n parts at most.
func splitColons(s string, n int) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range s {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ':' && depth == 0 && len(parts) < n-1:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}
