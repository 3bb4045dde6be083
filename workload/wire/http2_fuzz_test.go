package wire

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// A tape is a transport whose peer has said all that it will ever say.
type tape struct{ io.Reader }

func (tape) Write(p []byte) (int, error) { return len(p), nil }
func (tape) Close() error                { return nil }
func (tape) SetDeadline(time.Time) error { return nil }

// play carries out an exchange with a server that says this.
func play(t *testing.T, said io.Reader) (*Response, *Exchange) {
	u, err := url.Parse("http://a.test/")
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewRequest(RequestSpec{URL: u, KeepBody: true})
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(NewClock(), &Options{MaxBodyBytes: 1 << 20, MaxHeaderBytes: 4096}, Policy{HTTP: H2C}, nil)
	cn := &conn{endpoint: req.Endpoint, place: &place{endpoint: req.Endpoint}, ledger: &c.opener.ledger}
	cn.sock.raw, cn.sock.clock, cn.sock.watch = tape{said}, c.clock, c.watch
	cn.rw = &cn.sock
	c.opener.openHTTP2(cn)
	resp, ex := new(Response), new(Exchange)
	_ = on(context.Background(), c, cn, req, resp, ex)
	cn.mux.close(discarded)
	return resp, ex
}

// Whatever comes, reading ends without a panic and with a class that fits, and the same bytes in small pieces
// come to the same.
func FuzzHTTP2Frames(f *testing.F) {
	script := func(write func(p *http2.Framer)) {
		var b bytes.Buffer
		p := http2.NewFramer(&b, nil)
		p.AllowIllegalWrites = true
		_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 9})
		write(p)
		f.Add(b.Bytes())
	}
	head := literals(":status", "200", "content-length", "2")
	script(func(p *http2.Framer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head, EndHeaders: true, PadLength: 3})
		_ = p.WriteDataPadded(1, true, []byte("ok"), []byte{0, 0})
	})
	script(func(p *http2.Framer) {
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head[:5]})
		_ = p.WriteContinuation(1, true, head[5:])
		_ = p.WriteData(1, false, []byte("o"))
		_ = p.WriteData(1, false, []byte("k"))
		_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: literals("a", "b"), EndHeaders: true, EndStream: true})
	})
	script(func(p *http2.Framer) {
		_ = p.WritePing(false, [8]byte{})
		_ = p.WriteWindowUpdate(0, 7)
		_ = p.WriteWindowUpdate(1, 7)
		_ = p.WriteGoAway(1, http2.ErrCodeNo, []byte("why"))
		_ = p.WriteRSTStream(1, http2.ErrCodeRefusedStream)
	})
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Fuzz(func(t *testing.T, said []byte) {
		resp, ex := play(t, bytes.NewReader(said))
		switch ex.Class {
		case "", ClassProtocol, ClassTooLarge, ClassClosedEarly, ClassReset:
		default:
			t.Errorf("class %q: %v", ex.Class, ex.Err)
		}
		if ex.Err == nil {
			resp.Fields(func(name, value []byte) {
				if !isToken(name) || !printable(value) {
					t.Errorf("field %q: %q", name, value)
				}
			})
		}
		slow, slowly := play(t, oneByte{bytes.NewReader(said)})
		if slowly.Class != ex.Class || slow.Status != resp.Status || ex.Err == nil && !bytes.Equal(slow.Body, resp.Body) || !bytes.Equal(slow.raw, resp.raw) {
			t.Errorf("in pieces: %v, %d, %q; whole: %v, %d, %q", slowly.Err, slow.Status, slow.Body, ex.Err, resp.Status, resp.Body)
		}
	})
}
