package wire

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"sessbench/testserver"
)

// bufferSizes asks the system for those of a socket.
func bufferSizes(t *testing.T, c *net.UDPConn) (in, out int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		in, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		out, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	}); err != nil {
		t.Fatal(err)
	}
	return in, out
}

func TestHTTP3SocketsHaveTheBuffersAskedFor(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	sizes := func(o SocketOptions) (in, out int) {
		opts.Socket = o
		c := newClient(t, opts, Policy{HTTP: HTTP3})
		wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
		return bufferSizes(t, kept(t, c).mux.(*http3Conn).packets.UDPConn)
	}
	in, out := sizes(SocketOptions{})
	smallIn, smallOut := sizes(SocketOptions{ReceiveBuffer: 20_000, SendBuffer: 30_000})
	if smallIn < 20_000 || smallIn > 40_000 || smallOut < 30_000 || smallOut > 60_000 || in <= smallIn || out <= smallOut {
		t.Errorf("receive %d, send %d; without a choice %d and %d", smallIn, smallOut, in, out)
	}
}
