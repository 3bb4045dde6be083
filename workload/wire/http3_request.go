package wire

import (
	"strconv"
	"strings"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go/quicvarint"
)

// shortBody is how long a body may be to be copied behind its head, so that both go in one write.
const shortBody = 1 << 10

// encode returns the request's HEADERS frame, and behind it the body where that is short, as rest tells.
func (h *http3Conn) encode(req *Request) (frames, rest []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.block.Reset()
	if err := encodeFields(h.encoder, req); err != nil {
		return nil, nil, err
	}
	body := req.Spec.Body
	if req.Spec.Upload != nil {
		body = nil
	}
	frames = make([]byte, 0, h.block.Len()+min(len(body), shortBody)+frameFront)
	frames = appendFrame(frames, frameHeaders, h.block.Len())
	frames = append(frames, h.block.Bytes()...)
	if len(body) == 0 {
		return frames, nil, nil
	}
	frames = appendFrame(frames, frameData, len(body))
	if len(body) <= shortBody {
		return append(frames, body...), nil, nil
	}
	return frames, body, nil
}

// frameFront is the room for what stands before the payloads of two frames.
const frameFront = 2 * (1 + 8)

// appendFrame appends what stands before a payload of n bytes.
func appendFrame(b []byte, kind uint64, n int) []byte {
	return quicvarint.Append(quicvarint.Append(b, kind), uint64(n))
}

// encodeFields writes the request's field section (RFC 9114, section 4.3.1), with the caller's fields in their
// order. What concerns connections of HTTP/1.1 only is left out.
func encodeFields(enc *qpack.Encoder, req *Request) error {
	spec := &req.Spec
	method := spec.Method
	if method == "" {
		method = "GET"
	}
	var room [256]byte
	path, err := appendTarget(room[:0], method, spec.URL)
	if err != nil {
		return err
	}
	own, err := inspect(spec.Headers)
	if err != nil {
		return err
	}
	authority := string(appendAuthority(nil, req.Endpoint))
	if own.host >= 0 {
		authority = spec.Headers[own.host].Value
	}
	write := func(name, value string) { _ = enc.WriteField(qpack.HeaderField{Name: name, Value: value}) } // into memory
	write(":method", method)
	write(":scheme", "https")
	write(":authority", authority)
	write(":path", string(path))
	for _, h := range spec.Headers {
		if name := strings.ToLower(h.Name); !connectionField(name, h.Value) {
			write(name, h.Value)
		}
	}
	if n, tell := bodyLength(req, method); tell && own.length == "" {
		write("content-length", strconv.FormatInt(n, 10))
	}
	return enc.Close()
}

// bodyLength returns what Content-Length says about a request's body, if it is to be said, as in HTTP/1.1.
func bodyLength(req *Request, method string) (int64, bool) {
	if req.Spec.Upload != nil {
		return req.framing.length, req.framing.length >= 0
	}
	n := len(req.Spec.Body)
	return int64(n), n > 0 || method != "GET" && method != "HEAD"
}

// connectionField reports whether a field, whose name is in lower case, must not be sent (RFC 9114, section
// 4.2), or is said in another way.
func connectionField(name, value string) bool {
	switch name {
	case "host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
		return true
	case "te":
		return !strings.EqualFold(value, "trailers")
	}
	return false
}
