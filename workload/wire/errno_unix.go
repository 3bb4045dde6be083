//go:build !windows

package wire

import "syscall"

const (
	errnoNoAddress    = syscall.EADDRNOTAVAIL
	errnoProcessFiles = syscall.EMFILE
	errnoSystemFiles  = syscall.ENFILE
	errnoRefused      = syscall.ECONNREFUSED
	errnoReset        = syscall.ECONNRESET
	errnoAborted      = syscall.ECONNABORTED
	errnoPipe         = syscall.EPIPE
	errnoTimedOut     = syscall.ETIMEDOUT
)
