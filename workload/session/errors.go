package session

import (
	"strings"
)

// A Kind is a kind of failure. Kinds are errors, for errors.Is.
type Kind string

// The kinds. What a kind also is stands behind it: errors.Is is true for all of them.
const (
	ErrConnection       Kind = "connection failed"               // refused, name resolution, reset or closed before a full head, unintelligible head
	ErrTimeout          Kind = "timeout"                         // any of them
	ErrConnectTimeout   Kind = "connect timeout"                 // also ErrConnection, ErrTimeout
	ErrReadTimeout      Kind = "read timeout"                    // also ErrTimeout
	ErrWriteTimeout     Kind = "write timeout"                   // also ErrTimeout
	ErrTotalTimeout     Kind = "total timeout"                   // also ErrTimeout
	ErrTLS              Kind = "TLS failed"                      // also ErrConnection
	ErrProxy            Kind = "proxy failed"                    // also ErrConnection
	ErrTooManyRedirects Kind = "too many redirects"              // Error.Response is the last one
	ErrBrokenBody       Kind = "broken response body"            // cut short, malformed chunks
	ErrContentDecoding  Kind = "content decoding failed"         // the body is not in its Content-Encoding, or is cut short in it
	ErrRetry            Kind = "retries exhausted"               // by status
	ErrInvalidURL       Kind = "invalid URL"                     // no host, an impossible host or port
	ErrInvalidProxyURL  Kind = "invalid proxy URL"               // also ErrInvalidURL
	ErrMissingScheme    Kind = "URL without a scheme"            // also ErrInvalidURL
	ErrInvalidScheme    Kind = "no adapter for the URL's scheme" // also ErrInvalidURL
	ErrHTTP             Kind = "unsuccessful status"             // from Response.Check only
	ErrInvalidJSON      Kind = "invalid JSON"                    // of a response, or a value that cannot be written so
	ErrInvalidHeader    Kind = "invalid header"                  // that cannot be sent; a response's contradictory Content-Length
	ErrInvalidArgument  Kind = "invalid argument"                // method, timeout, ...
	ErrTooLarge         Kind = "response too large"              // also ErrConnection
	ErrStreamConsumed   Kind = "body already consumed"           // a response's, partly read or closed
	ErrBody             Kind = "request body cannot be read"     // its reader failed, or has another length than it said
	ErrUnrewindable     Kind = "body cannot be sent again"       // a request's, whose reader was read and cannot seek
	ErrAuth             Kind = "authentication failed"           // an Auth's own error
	ErrHook             Kind = "hook failed"                     // a hook's own error
	ErrCanceled         Kind = "canceled"                        // the context ended
	ErrConcurrentUse    Kind = "session used by two goroutines"  // at the same time
	ErrLocalPorts       Kind = "no local port left"              // also ErrConnection
	ErrFiles            Kind = "no file descriptor left"         // also ErrConnection
)

// Error returns what the kind says.
func (k Kind) Error() string { return string(k) }

// Is reports whether k is a kind of target.
func (k Kind) Is(target error) bool {
	t, ok := target.(Kind)
	if !ok {
		return false
	}
	switch t {
	case ErrConnection:
		switch k {
		case ErrConnectTimeout, ErrTLS, ErrProxy, ErrTooLarge, ErrLocalPorts, ErrFiles:
			return true
		}
	case ErrTimeout:
		switch k {
		case ErrConnectTimeout, ErrReadTimeout, ErrWriteTimeout, ErrTotalTimeout:
			return true
		}
	case ErrInvalidURL:
		switch k {
		case ErrInvalidProxyURL, ErrMissingScheme, ErrInvalidScheme:
			return true
		}
	}
	return k == t
}

// An Error is why a call failed. errors.Is tells its Kind, errors.As what lies beneath. Its
// text has no secrets: of a URL it names neither user information nor query.
type Error struct {
	Kind     Kind
	URL      string      // of the hop; "" where there was none
	Response *Response   // the last one of that hop, where there was one
	History  []*Response // of the earlier hops
	Sent     *Sent       // the hop's request; nil where it never was complete
	Attempts []Attempt   // of the hop
	Err      error       // what happened; may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.URL != "" {
		b.WriteString(e.URL)
		b.WriteString(": ")
	}
	b.WriteString(string(e.Kind))
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the kind and what happened.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Timeout reports whether the error is a timeout, as net.Error does.
func (e *Error) Timeout() bool { return e.Kind.Is(ErrTimeout) }
