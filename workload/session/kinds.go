package session

import (
	"context"
	"errors"

	"sessbench/workload/wire"
)

// KindOf returns the kind of an error that came from this package, or "" for nil and for
// other errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return ""
}

// Class returns the word for the kind in results, such as "read_timeout".
func (k Kind) Class() string {
	switch k {
	case ErrConnectTimeout:
		return string(wire.ClassConnectTimeout)
	case ErrReadTimeout:
		return string(wire.ClassReadTimeout)
	case ErrWriteTimeout:
		return string(wire.ClassSend)
	case ErrTotalTimeout, ErrTimeout:
		return string(wire.ClassTimeout)
	case ErrTLS:
		return string(wire.ClassTLS)
	case ErrProxy, ErrInvalidProxyURL:
		return string(wire.ClassProxy)
	case ErrTooManyRedirects:
		return "too_many_redirects"
	case ErrBrokenBody:
		return "broken_body"
	case ErrContentDecoding:
		return "content_decoding"
	case ErrRetry, ErrHTTP:
		return "status"
	case ErrInvalidURL, ErrMissingScheme, ErrInvalidScheme:
		return "invalid_url"
	case ErrInvalidJSON:
		return "invalid_json"
	case ErrInvalidHeader:
		return "invalid_header"
	case ErrTooLarge:
		return string(wire.ClassTooLarge)
	case ErrStreamConsumed, ErrUnrewindable, ErrBody:
		return "body"
	case ErrAuth:
		return "auth"
	case ErrHook:
		return "hook"
	case ErrConcurrentUse:
		return "concurrent_use"
	case ErrCanceled:
		return string(wire.ClassCanceled)
	case ErrLocalPorts:
		return string(wire.ClassAddressExhausted)
	case ErrFiles:
		return string(wire.ClassFilesExhausted)
	case "":
		return ""
	case ErrConnection:
		return string(wire.ClassConnect)
	default:
		return "invalid_argument"
	}
}

// exchangeKind tells what kind of failure an exchange ended with; headed says that a whole
// response head had come.
func exchangeKind(err error, headed bool) Kind {
	known := KindOf(err)
	switch {
	case known == ErrUnrewindable:
		return known
	case wire.IsUpload(err): // its reader's error may be that of another call
		return ErrBody
	case known != "":
		return known
	}
	class := wire.ClassOf(err)
	if class != wire.ClassCanceled && class != wire.ClassTimeout && wire.ViaProxy(err) {
		return ErrProxy
	}
	switch class {
	case wire.ClassConnectTimeout:
		return ErrConnectTimeout
	case wire.ClassAddressExhausted:
		return ErrLocalPorts
	case wire.ClassFilesExhausted:
		return ErrFiles
	case wire.ClassTLS:
		return ErrTLS
	case wire.ClassProxy:
		return ErrProxy
	case wire.ClassReadTimeout:
		return ErrReadTimeout
	case wire.ClassTimeout:
		return ErrTotalTimeout
	case wire.ClassTooLarge:
		return ErrTooLarge
	case wire.ClassCanceled:
		return ErrCanceled
	case wire.ClassSend:
		if wire.IsTimeout(err) {
			return ErrWriteTimeout
		}
		return ErrConnection
	case wire.ClassReset, wire.ClassClosedEarly, wire.ClassProtocol:
		switch {
		case wire.IsLength(err):
			return ErrInvalidHeader
		case headed:
			return ErrBrokenBody
		}
	case "":
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return ErrCanceled
		}
	}
	return ErrConnection
}
