package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// dontDelay makes the system send short segments at once. Pieces of a body that is read
// while it is sent may be short, and each would wait for the acknowledgement of the one before,
// which the peer may delay.
func (cn *conn) dontDelay() {
	if cn.noDelay {
		return
	}
	cn.noDelay = true
	sc, ok := cn.sock.raw.(syscall.Conn)
	if !ok {
		return
	}
	if control, err := sc.SyscallConn(); err == nil {
		_ = control.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		})
	}
}
