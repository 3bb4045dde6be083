//go:build !linux && !windows

package wire

import (
	"errors"
	"syscall"
)

// setBuffers sets the sizes that are not 0.
func setBuffers(fd uintptr, send, receive int) (err error) {
	if send > 0 {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, send)
	}
	if receive > 0 {
		err = errors.Join(err, syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receive))
	}
	return err
}
