package wire

import (
	"crypto/tls"
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
	Body     []byte   // copied where it is short; one longer than 64 KiB is not to be changed while the Request is in use
	KeepBody bool     // fill Response.Body
	Stream   bool     // Do returns with the head; the body is read from Response.Stream
	Upload   *Upload  // instead of Body

	// BriefRedirects: nobody wants the body of a redirect. So much of it is read as does not cost more than a
	// new connection would; if there is more, or it does not come, the connection is closed. That
	// is no failure.
	BriefRedirects bool
	Proxy          *Proxy // nil: straight to the URL's host

	// TLS is for this request instead of Options.TLS; nil: those. Connections are shared
	// by requests with the same pointer only.
	TLS *tls.Config
	// Limits are for this request instead of those of the Options; nil: those.
	Limits *Limits
}

// copiedBody is how long a body may be to be copied behind its head, so that both are written at once. A longer
// one is written behind it: many requests that differ in their heads, such as in cookies, share it.
const copiedBody = 64 << 10

// NewRequest renders a request. Only Host, and Content-Length where it is needed, are
// added to the headers asked for: Content-Length is the body's length, also 0 for a
// method other than GET and HEAD, unless the headers have one or a Transfer-Encoding. An
// Upload gets a Content-Length, or Transfer-Encoding: chunked where its length is unknown; of the
// caller's own headers it obeys Transfer-Encoding, and Content-Length must tell its length.
// A Host among the headers takes the place of the URL's, in first position.
// The target is the URL's escaped path ("/" where empty) and raw query; user information
// and fragment are not sent. An http request for an http or https proxy has the scheme and host
// in front of it, and the proxy's credentials in a Proxy-Authorization header, which
// takes the place of any among the headers; other requests with a Proxy have no
// such header.
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
	if err := spec.Proxy.Validate(); err != nil {
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
	body := spec.Body
	if spec.Upload != nil {
		body = nil
	}
	framing, err := framingOf(spec.Upload, own)
	if err != nil {
		return err
	}
	raw, err := appendRequestLine(req.Raw[:0], method, &spec, endpoint)
	if err != nil {
		return err
	}
	raw = appendHeaders(raw, &spec, own.host, endpoint)
	switch {
	case own.framed:
	case framing.chunked:
		raw = appendHeader(raw, "Transfer-Encoding", "chunked")
	case spec.Upload != nil:
		raw = appendLength(raw, framing.length)
	case len(body) > 0 || method != "GET" && method != "HEAD":
		raw = appendLength(raw, int64(len(body)))
	}
	raw = append(raw, "\r\n"...)
	var apart []byte
	if len(body) > copiedBody {
		body, apart = nil, body
	}
	*req = Request{
		Endpoint:   endpoint,
		Raw:        append(raw, body...),
		Head:       method == "HEAD",
		Idempotent: Idempotent(method),
		KeepBody:   spec.KeepBody,
		Close:      own.close,
		Spec:       spec,
		framing:    framing,
		apart:      apart,
	}
	return nil
}

func appendRequestLine(raw []byte, method string, spec *RequestSpec, e Endpoint) ([]byte, error) {
	raw = append(raw, method...)
	raw = append(raw, ' ')
	var err error
	if spec.Proxy.forwards(e) {
		raw, err = appendProxyTarget(raw, method, spec.URL, e)
	} else {
		raw, err = appendTarget(raw, method, spec.URL)
	}
	return append(raw, " HTTP/1.1\r\n"...), err
}

// appendHeaders writes Host, which is the caller's where host is its index, the caller's other headers, and what
// a proxy wants to know.
func appendHeaders(raw []byte, spec *RequestSpec, host int, e Endpoint) []byte {
	if host >= 0 {
		raw = appendHeader(raw, spec.Headers[host].Name, spec.Headers[host].Value)
	} else {
		raw = appendHost(raw, e)
	}
	drop := spec.Proxy.dropsAuthorization(e)
	for i, h := range spec.Headers {
		if i != host && !(drop && strings.EqualFold(h.Name, "Proxy-Authorization")) {
			raw = appendHeader(raw, h.Name, h.Value)
		}
	}
	if spec.Proxy.forwards(e) && spec.Proxy.HasUser {
		raw = spec.Proxy.appendAuthorization(raw)
	}
	return raw
}

// ownHeaders is what the caller's headers decide.
type ownHeaders struct {
	host   int    // index of Host, or -1
	framed bool   // Content-Length or Transfer-Encoding is there
	length string // Content-Length; "" where there is none
	coding string // Transfer-Encoding
	close  bool   // Connection: close is there
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
			if strings.EqualFold(h.Name, "Content-Length") {
				own.framed, own.length = true, h.Value
			}
		case len("Transfer-Encoding"):
			if strings.EqualFold(h.Name, "Transfer-Encoding") {
				own.framed, own.coding = true, h.Value
			}
		case len("Connection"):
			if strings.EqualFold(h.Name, "Connection") && hasListToken([]byte(h.Value), "close") {
				own.close = true
			}
		}
	}
	return own, nil
}

// A framing is how an upload's end is told.
type framing struct {
	chunked bool
	length  int64 // in bytes, which the body must have; -1: unknown
}

// framingOf lets the caller's headers decide, and otherwise whether the length is known.
func framingOf(upload *Upload, own ownHeaders) (framing, error) {
	if upload == nil {
		return framing{}, nil
	}
	f := framing{length: max(upload.Length, -1)}
	switch {
	case own.coding != "":
		if !hasListToken([]byte(own.coding), "chunked") {
			return f, errors.New("a Transfer-Encoding header without chunked for a body that is streamed")
		}
		f.chunked = true
	case own.length != "":
		n, err := strconv.ParseUint(strings.TrimSpace(own.length), 10, 63)
		if err != nil || f.length >= 0 && f.length != int64(n) {
			return f, errors.New("a Content-Length header that does not fit the body")
		}
		f.length = int64(n)
	default:
		f.chunked = f.length < 0
	}
	return f, nil
}

func appendLength(raw []byte, n int64) []byte {
	raw = append(raw, "Content-Length: "...)
	raw = strconv.AppendInt(raw, n, 10)
	return append(raw, "\r\n"...)
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

// Idempotent reports whether RFC 9110, section 9.2.2, calls the method idempotent: requests by it may be sent
// again, and in 0-RTT.
func Idempotent(method string) bool {
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
