package wire

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// A Header is one header field of a request, as it is to be written.
type Header struct{ Name, Value string }

// A RequestSpec is what NewRequest renders.
type RequestSpec struct {
	Method   string // "" is GET; CONNECT is refused
	URL      *url.URL
	Headers  []Header // written in this order and spelling, after Host
	Body     []byte   // copied
	KeepBody bool     // fill Response.Body
}

// NewRequest renders a request. Only Host, and Content-Length where it is needed, are
// added to the headers asked for: Content-Length is the body's length, also 0 for a
// method other than GET and HEAD, unless the headers have one or a Transfer-Encoding.
// A Host among the headers takes the place of the URL's, in first position.
// The target is the URL's escaped path ("/" where empty) and raw query; user information
// and fragment are not sent.
func NewRequest(spec RequestSpec) (*Request, error) {
	req := new(Request)
	if err := AppendRequest(req, spec); err != nil {
		return nil, err
	}
	return req, nil
}

// AppendRequest is NewRequest into an existing Request, whose Raw is overwritten and
// reused. After an error req is not to be sent.
func AppendRequest(req *Request, spec RequestSpec) error {
	endpoint, err := EndpointOf(spec.URL)
	if err != nil {
		return err
	}
	method := spec.Method
	if method == "" {
		method = "GET"
	}
	if !isToken(method) || method == "CONNECT" {
		return fmt.Errorf("unusable method %q", method)
	}
	own, err := inspect(spec.Headers)
	if err != nil {
		return err
	}
	raw := append(req.Raw[:0], method...)
	raw = append(raw, ' ')
	if raw, err = appendTarget(raw, method, spec.URL); err != nil {
		return err
	}
	raw = append(raw, " HTTP/1.1\r\n"...)
	if own.host >= 0 {
		raw = appendHeader(raw, spec.Headers[own.host].Name, spec.Headers[own.host].Value)
	} else {
		raw = appendHost(raw, endpoint)
	}
	for i, h := range spec.Headers {
		if i != own.host {
			raw = appendHeader(raw, h.Name, h.Value)
		}
	}
	if !own.framed && (len(spec.Body) > 0 || method != "GET" && method != "HEAD") {
		raw = append(raw, "Content-Length: "...)
		raw = strconv.AppendInt(raw, int64(len(spec.Body)), 10)
		raw = append(raw, "\r\n"...)
	}
	raw = append(raw, "\r\n"...)
	*req = Request{
		Endpoint:   endpoint,
		Raw:        append(raw, spec.Body...),
		Head:       method == "HEAD",
		Idempotent: isIdempotent(method),
		KeepBody:   spec.KeepBody,
		Close:      own.close,
	}
	return nil
}

// ownHeaders is what the caller's headers decide.
type ownHeaders struct {
	host   int  // index of Host, or -1
	framed bool // Content-Length or Transfer-Encoding is there
	close  bool // Connection: close is there
}

func inspect(headers []Header) (ownHeaders, error) {
	own := ownHeaders{host: -1}
	for i, h := range headers {
		if err := ValidateHeader(h.Name, h.Value); err != nil {
			return own, err
		}
		switch len(h.Name) {
		case len("Host"):
			if !strings.EqualFold(h.Name, "Host") {
				continue
			}
			if own.host >= 0 {
				return own, errors.New("more than one Host header")
			}
			own.host = i
		case len("Content-Length"):
			own.framed = own.framed || strings.EqualFold(h.Name, "Content-Length")
		case len("Transfer-Encoding"):
			own.framed = own.framed || strings.EqualFold(h.Name, "Transfer-Encoding")
		case len("Connection"):
			if strings.EqualFold(h.Name, "Connection") && hasListToken([]byte(h.Value), "close") {
				own.close = true
			}
		}
	}
	return own, nil
}

func appendHeader(raw []byte, name, value string) []byte {
	raw = append(raw, name...)
	raw = append(raw, ": "...)
	raw = append(raw, value...)
	return append(raw, "\r\n"...)
}

// appendTarget writes the origin-form of u, or "*" for OPTIONS of the server itself.
func appendTarget(raw []byte, method string, u *url.URL) ([]byte, error) {
	path := u.EscapedPath()
	if path == "" || path[0] != '/' && !(path == "*" && method == "OPTIONS") {
		raw = append(raw, '/')
	}
	start := len(raw)
	raw = append(raw, path...)
	if u.ForceQuery || u.RawQuery != "" {
		raw = append(raw, '?')
		raw = append(raw, u.RawQuery...)
	}
	for _, b := range raw[start:] {
		if b <= ' ' || b == 0x7f {
			return nil, errors.New("URL with an unescaped blank or control character")
		}
	}
	return raw, nil
}

// isIdempotent reports whether RFC 9110, section 9.2.2, calls the method idempotent.
func isIdempotent(method string) bool {
	switch method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// ValidateHeader reports why a header field cannot be sent: a name that is no token,
// or a value with a line break, another control character but tab, or a leading blank.
// The error does not repeat the value, which may be a secret.
func ValidateHeader(name, value string) error {
	if !isToken(name) {
		return fmt.Errorf("invalid header name %q", name)
	}
	if value != "" && (value[0] == ' ' || value[0] == '\t') {
		return fmt.Errorf("value of header %s starts with a blank", name)
	}
	for i := 0; i < len(value); i++ {
		switch b := value[i]; {
		case b == '\r' || b == '\n':
			return fmt.Errorf("value of header %s has a line break", name)
		case b < ' ' && b != '\t' || b == 0x7f:
			return fmt.Errorf("value of header %s has a control character", name)
		}
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return len(s) > 0
}

func tokenByte(b byte) bool {
	if 'a' <= b|0x20 && b|0x20 <= 'z' || '0' <= b && b <= '9' {
		return true
	}
	switch b {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
