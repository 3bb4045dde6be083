//go:build !linux

package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// unixPath is how long the path of a Unix socket can be, on the system that allows least.
const unixPath = 103

// supported says what this system cannot do of the options.
func (o *SocketOptions) supported() error {
	if o.FastOpen {
		return errors.New("fast open is there on Linux only")
	}
	if strings.HasPrefix(o.UnixSocket, "@") {
		return errors.New("the abstract namespace of Unix sockets (@) is there on Linux only")
	}
	for _, ip := range o.Source {
		ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: ip.AsSlice(), Zone: ip.Zone()})
		if err != nil {
			return fmt.Errorf("the source address %s cannot be used: %w", ip, cause(err))
		}
		_ = ln.Close()
	}
	return nil
}

// localEnd is asked only for what is no net.Conn, and there is no such transport here.
func localEnd(transport) (local netip.AddrPort) { return local }
