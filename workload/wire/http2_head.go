package wire

// What a response can be wrong in by RFC 9113, section 8: its stream is given up.
const (
	errPseudo    malformed = "malformed or missing pseudo header"
	errField     malformed = "header field that HTTP/2 does not allow"
	errNoHead    malformed = "body before a response head"
	errNoBody    malformed = "body where the response has none"
	errTrailers  malformed = "malformed trailers"
	errUpgrading malformed = "status 101 over HTTP/2"
)

// http2Proto is what Response.Proto says.
const http2Proto = "HTTP/2.0"

// An h2head builds a response head from decoded fields, in the form of HTTP/1.1's.
type h2head struct {
	headScan
	raw     []byte
	most    int
	list    int  // size of the fields as SETTINGS_MAX_HEADER_LIST_SIZE counts
	trailer bool // there is no status
	err     error
}

// begin starts a head that is written into raw.
func (h *h2head) begin(raw []byte, most int, trailer bool) {
	*h = h2head{raw: raw[:0], most: most, trailer: trailer}
	h.length = -1
}

func (h *h2head) field(name, value []byte) {
	if h.err == nil {
		h.err = h.take(name, value)
	}
}

func (h *h2head) take(name, value []byte) error {
	if h.list += len(name) + len(value) + hpackOverhead; h.list > h.most {
		return errHeadSize
	}
	switch {
	case len(name) > 0 && name[0] == ':':
		return h.pseudo(name, value)
	case h.status == 0 && !h.trailer:
		return errPseudo
	case !isToken(name) || !printable(value):
		return errField
	}
	for _, b := range name {
		if lower(b) != b {
			return errField
		}
	}
	if h.trailer {
		return nil
	}
	switch string(name) {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return errField
	case "set-cookie":
		h.cookies = true
	case "content-length":
		if err := h.contentLength(value); err != nil {
			return err
		}
	}
	h.raw = append(append(h.raw, name...), ": "...)
	h.raw = append(append(h.raw, value...), "\r\n"...)
	return nil
}

// pseudo takes :status, which comes first and once.
func (h *h2head) pseudo(name, value []byte) error {
	if string(name) != ":status" || h.trailer || h.status != 0 || len(value) != 3 {
		return errPseudo
	}
	for _, b := range value {
		if !isDigit(b) {
			return errPseudo
		}
		h.status = h.status*10 + int(b-'0')
	}
	if h.status < 100 {
		return errPseudo
	}
	h.raw = append(append(h.raw, http2Proto+" "...), value...)
	h.raw = append(h.raw, " \r\n"...)
	return nil
}

// finish ends the head, and returns what is wrong with it.
func (h *h2head) finish() error {
	switch {
	case h.err != nil:
		return h.err
	case h.trailer:
		return nil
	case h.status == 0:
		return errPseudo
	case h.status == 101:
		return errUpgrading
	}
	h.raw = append(h.raw, "\r\n"...)
	h.size = len(h.raw)
	h.named = true
	return nil
}

// takeHTTP2 keeps a head that was built in r.raw's room.
func (r *Response) takeHTTP2(h *h2head) {
	r.Status, r.head, r.raw, r.parsed, r.proto = h.status, h.head, h.raw, false, http2Proto
}
