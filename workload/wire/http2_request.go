package wire

import (
	"bytes"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// blocksKept is for how many requests a connection keeps the header block that they were last encoded to.
	blocksKept = 8
	// namesKept bounds the strings that an encoder keeps to encode them again.
	namesKept = 512
)

// A headerEncoder encodes request heads of one connection. The same head encoded again and again comes to the same
// block as soon as all its fields are in the dynamic table, so blocks are kept until the table changes.
type headerEncoder struct {
	hpack  *hpack.Encoder
	block  []byte // the one being encoded
	kept   []keptBlock
	oldest int // of kept, the next to be replaced
	adding int // changes of the dynamic table
	names  map[string]string
}

// A keptBlock is what a head comes to, as long as the dynamic table does not change.
type keptBlock struct {
	head   []byte
	secure bool
	block  []byte
	adding int
}

func (e *headerEncoder) init() {
	e.hpack = hpack.NewEncoder(e)
	e.names = make(map[string]string)
}

// Write is what the hpack encoder writes to.
func (e *headerEncoder) Write(p []byte) (int, error) {
	e.block = append(e.block, p...)
	return len(p), nil
}

// resize obeys a server's HEADER_TABLE_SIZE; it may only ask for less than is usual.
func (e *headerEncoder) resize(size uint32) {
	e.hpack.SetMaxDynamicTableSize(min(size, hpackTable))
	e.adding++
}

// encode returns the header block for a request whose HTTP/1.1 head, empty line included, is given. It is valid
// until the next call.
func (e *headerEncoder) encode(head []byte, secure bool) []byte {
	for i := range e.kept {
		if k := &e.kept[i]; k.adding == e.adding && k.secure == secure && bytes.Equal(k.head, head) {
			return k.block
		}
	}
	before := e.adding
	e.block = e.block[:0]
	e.fields(head, secure)
	if e.adding == before {
		e.keep(head, secure)
	}
	return e.block
}

func (e *headerEncoder) keep(head []byte, secure bool) {
	if len(e.kept) < blocksKept {
		e.kept = append(e.kept, keptBlock{})
		e.oldest = len(e.kept) - 1
	}
	k := &e.kept[e.oldest]
	e.oldest = (e.oldest + 1) % blocksKept
	*k = keptBlock{append(k.head[:0], head...), secure, append(k.block[:0], e.block...), e.adding}
}

func (e *headerEncoder) fields(head []byte, secure bool) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	method, line, _ := bytes.Cut(line, []byte(" "))
	target := line[:max(bytes.LastIndexByte(line, ' '), 0)]
	host, rest := cutHost(rest)
	e.field(":method", method)
	e.field(":authority", host)
	if secure {
		e.field(":scheme", []byte("https"))
	} else {
		e.field(":scheme", []byte("http"))
	}
	e.field(":path", target)
	var lowered [64]byte
	for len(rest) > 2 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		low := lowered[:0]
		for _, b := range name {
			low = append(low, lower(b))
		}
		if value = trimBlanks(value); sentByHTTP2(low, value) {
			e.field(e.name(low), value)
		}
	}
}

// cutHost returns the value of the Host line, which NewRequest writes first.
func cutHost(rest []byte) (host, after []byte) {
	line, after, _ := bytes.Cut(rest, []byte("\r\n"))
	_, host, _ = bytes.Cut(line, []byte(":"))
	return trimBlanks(host), after
}

// sentByHTTP2 reports whether a field is one of the request and not of an HTTP/1.1 connection (RFC 9113,
// section 8.2.2).
func sentByHTTP2(name, value []byte) bool {
	switch string(name) {
	case "host", "connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings":
		return false
	case "te":
		return equalFold(value, "trailers")
	}
	return !bytes.HasPrefix(name, []byte("proxy-"))
}

// name returns the string of those bytes, without making one where it is kept.
func (e *headerEncoder) name(b []byte) string {
	if s, ok := e.names[string(b)]; ok {
		return s
	}
	if len(e.names) >= namesKept {
		clear(e.names)
	}
	s := string(b)
	e.names[s] = s
	return s
}

func (e *headerEncoder) field(name string, value []byte) {
	start := len(e.block)
	// Writing to memory does not fail.
	_ = e.hpack.WriteField(hpack.HeaderField{Name: name, Value: e.name(value)})
	if b := e.block[start]; b&0xc0 == 0x40 || b&0xe0 == 0x20 {
		e.adding++ // a literal that is in the table from now on, or a change of the table's size
	}
}

// requestHead returns the part of a rendered request that is its head.
func requestHead(raw []byte) []byte {
	return raw[:bytes.Index(raw, []byte("\r\n\r\n"))+4]
}

// appendFrameHeader writes a frame's header (RFC 9113, section 4.1).
func appendFrameHeader(b []byte, length int, kind http2.FrameType, flags http2.Flags, stream uint32) []byte {
	return append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind), byte(flags),
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

// appendBlock writes a header block as HEADERS, and as CONTINUATION where it is too long for one frame.
func appendBlock(b []byte, stream uint32, block []byte, most int, last bool) []byte {
	kind, flags := http2.FrameHeaders, http2.Flags(0)
	if last {
		flags = http2.FlagHeadersEndStream
	}
	for {
		n := min(len(block), most)
		if n == len(block) {
			flags |= http2.FlagHeadersEndHeaders
		}
		b = append(appendFrameHeader(b, n, kind, flags, stream), block[:n]...)
		if block = block[n:]; len(block) == 0 {
			return b
		}
		kind, flags = http2.FrameContinuation, 0
	}
}

// appendWord writes a frame whose payload is a number of 32 bits: RST_STREAM, WINDOW_UPDATE.
func appendWord(b []byte, kind http2.FrameType, stream, n uint32) []byte {
	return append(appendFrameHeader(b, 4, kind, 0, stream), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// appendSettings writes our SETTINGS.
func appendSettings(b []byte, settings ...http2.Setting) []byte {
	b = appendFrameHeader(b, 6*len(settings), http2.FrameSettings, 0, 0)
	for _, s := range settings {
		b = append(b, byte(s.ID>>8), byte(s.ID), byte(s.Val>>24), byte(s.Val>>16), byte(s.Val>>8), byte(s.Val))
	}
	return b
}
