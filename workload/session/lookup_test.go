package session

import (
	"context"
	"net"
	"strings"
)

// lookupTest knows localhost and the names under .test.
func lookupTest(_ context.Context, host string) ([]string, error) {
	if host == "localhost" || host == "test" || strings.HasSuffix(host, ".test") && !strings.HasPrefix(host, "no.") {
		return []string{"127.0.0.1"}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}
