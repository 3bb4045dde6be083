package wire

import "golang.org/x/sys/windows"

// Winsock numbers its errors apart from the portable names of package syscall.
const (
	errnoNoAddress    = windows.WSAEADDRNOTAVAIL
	errnoProcessFiles = windows.WSAEMFILE
	errnoSystemFiles  = windows.ERROR_TOO_MANY_OPEN_FILES
	errnoRefused      = windows.WSAECONNREFUSED
	errnoReset        = windows.WSAECONNRESET
	errnoAborted      = windows.WSAECONNABORTED
	errnoPipe         = windows.ERROR_BROKEN_PIPE
	errnoTimedOut     = windows.WSAETIMEDOUT
)
