package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// cannedHTTP2 answers every HEADERS that ends a stream with the same small response, and allocates nothing.
func cannedHTTP2(p *peer) {
	if _, err := io.CopyN(io.Discard, p.in, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	out := appendFrameHeader(nil, 0, http2.FrameSettings, 0, 0)
	out = appendFrameHeader(out, 0, http2.FrameSettings, http2.FlagSettingsAck, 0)
	block := literals(":status", "200", "server", "bench", "content-type", "application/json", "content-length", "12")
	var head [frameHeader]byte
	for {
		if p.in.Buffered() == 0 && len(out) > 0 {
			if _, err := p.Conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		if _, err := io.ReadFull(p.in, head[:]); err != nil {
			return
		}
		n := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
		if _, err := p.in.Discard(n); err != nil {
			return
		}
		if http2.FrameType(head[3]) == http2.FrameHeaders {
			id := uint32(head[5])<<24 | uint32(head[6])<<16 | uint32(head[7])<<8 | uint32(head[8])
			out = appendBlock(out, id, block, frameSize, false)
			out = append(appendFrameHeader(out, 12, http2.FrameData, http2.FlagDataEndStream, id), "{\"ok\": true}"...)
		}
	}
}

// literals encodes names and values, as they are.
func literals(pairs ...string) []byte {
	var b []byte
	for i, text := range pairs {
		if i%2 == 0 {
			b = append(b, 0) // a new name, not added to the table
		}
		b = append(append(b, byte(len(text))), text...)
	}
	return b
}

// An h2peer is a server's side of an HTTP/2 connection, frame by frame.
type h2peer struct {
	*http2.Framer
	t    testing.TB
	peer *peer
	hbuf bytes.Buffer
	enc  *hpack.Encoder
}

// servePeer runs a script for every connection of an HTTP/2 server, after the preface and both SETTINGS.
func servePeer(t testing.TB, config *tls.Config, settings []http2.Setting, script func(p *h2peer)) *server {
	return serve(t, config, func(p *peer) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(p.in, preface); err != nil {
			return
		}
		if string(preface) != http2.ClientPreface {
			t.Errorf("preface %q", preface)
		}
		h := &h2peer{Framer: http2.NewFramer(p.Conn, p.in), t: t, peer: p}
		h.enc = hpack.NewEncoder(&h.hbuf)
		h.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		h.AllowIllegalWrites = true
		_ = h.WriteSettings(settings...)
		script(h)
	})
}

// await returns the next frame of a kind, passing over others; nil at the end.
func (p *h2peer) await(kind http2.FrameType) http2.Frame {
	for {
		f, err := p.ReadFrame()
		if err != nil {
			return nil
		}
		if f.Header().Type == kind {
			return f
		}
	}
}

// request returns the stream of the next request; 0 at the end.
func (p *h2peer) request() uint32 {
	if f := p.await(http2.FrameHeaders); f != nil {
		return f.Header().StreamID
	}
	return 0
}

// head writes a response head.
func (p *h2peer) head(id uint32, end bool, pairs ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.block(pairs...), EndHeaders: true, EndStream: end})
}

func (p *h2peer) block(pairs ...string) []byte {
	p.hbuf.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return p.hbuf.Bytes()
}

// rest reads until the connection ends.
func (p *h2peer) rest() {
	for {
		if _, err := p.ReadFrame(); err != nil {
			return
		}
	}
}

// goodbye returns the code of the GOAWAY that the client ends the connection with.
func (p *h2peer) goodbye() (http2.ErrCode, bool) {
	f, ok := p.await(http2.FrameGoAway).(*http2.GoAwayFrame)
	if !ok {
		return 0, false
	}
	return f.ErrCode, true
}

// compareBlocks decodes blocks one after the other with our decoder and the library's.
func compareBlocks(t *testing.T, blocks ...[]byte) {
	t.Helper()
	var ours headerDecoder
	theirs := hpack.NewDecoder(hpackTable, nil)
	for _, block := range blocks {
		var got, want []string
		err := ours.decode(block, func(name, value []byte) { got = append(got, string(name), string(value)) })
		fields, wantErr := theirs.DecodeFull(block)
		for _, f := range fields {
			want = append(want, f.Name, f.Value)
		}
		if err == error(errLateResize) {
			return // the library lets it pass where the table is empty
		}
		if wantErr != nil && strings.Contains(wantErr.Error(), "dynamic table size update") {
			return // there may be two in a row, which the library does not let pass
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%x: %v, the library says %v", block, err, wantErr)
		}
		if err != nil {
			return
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%x: %q, the library has %q", block, got, want)
		}
	}
}

func TestProbeOfH2CWaitsForTheServersSettings(t *testing.T) {
	h2c := Policy{HTTP: H2C}
	frames := make(chan http2.FrameType, 8)
	s := servePeer(t, nil, nil, func(p *h2peer) {
		defer close(frames)
		for {
			f, err := p.ReadFrame()
			if err != nil {
				return
			}
			frames <- f.Header().Type
		}
	})
	info, err := ProbeAs(t.Context(), endpoint(t, s.url), nil, h2c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Counts{Opened: 1, Retired: 1}); withoutTimeWait(info.Counts) != want {
		t.Errorf("counts %+v", info.Counts)
	}
	for kind := range frames {
		if kind == http2.FrameHeaders {
			t.Error("a request was sent")
		}
	}

	silent := &Options{Limits: Limits{ConnectTimeout: 50 * time.Millisecond, ReadTimeout: time.Minute}}
	for _, tc := range []struct {
		name   string
		script func(*peer)
		opts   *Options
		class  Class
	}{
		{"HTTP/1.1", func(p *peer) { p.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"); p.await() }, nil, ClassProtocol},
		{"nothing, and then the end", func(p *peer) { p.request() }, nil, ClassClosedEarly},
		{"nothing at all", (*peer).await, silent, ClassReadTimeout},
	} {
		s := serve(t, nil, tc.script)
		info, err := ProbeAs(t.Context(), endpoint(t, s.url), nil, h2c, tc.opts)
		if ClassOf(err) != tc.class || info.Counts.Opened != 1 {
			t.Errorf("%s: %v (class %q), %+v", tc.name, err, ClassOf(err), info.Counts)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s = serve(t, nil, func(p *peer) { _, _ = p.in.ReadByte(); cancel(); p.await() })
	if _, err := ProbeAs(ctx, endpoint(t, s.url), nil, h2c, nil); ClassOf(err) != ClassCanceled {
		t.Errorf("canceled: %v", err)
	}
}
