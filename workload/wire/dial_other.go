//go:build !linux

package wire

import (
	"context"
	"net"
)

// A dialer opens TCP connections.
type dialer struct{ net net.Dialer }

func newDialer() dialer { return dialer{} }

func (d *dialer) dial(s *sock, a address, _ bool) error {
	return dialWith(s, a.text, func(ctx context.Context, addr string) (net.Conn, error) {
		return d.net.DialContext(ctx, "tcp", addr)
	})
}
