package wire

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzHTTP3Head(f *testing.F) {
	for _, seed := range []string{ok3, "\x00\x00", ok3 + "\xc1", "\x02\x00\x80", ok3 + "\x27\x03connection\x05close", ok3 + "\x54\x012", ok3 + "\x5f\x1f\x83\xc0\xc1\xc2"} {
		f.Add([]byte(seed))
	}
	var resp Response
	f.Fuzz(func(t *testing.T, block []byte) {
		resp.reset()
		if resp.decode(block, 1<<12) != nil {
			return
		}
		if resp.Status < 100 || resp.Status > 999 || resp.head.length < -1 {
			t.Errorf("%+v", resp.head)
		}
		n := 0
		resp.Fields(func(name, value []byte) {
			n++
			if !isToken(name) || ValidateHeader(string(name), string(value)) != nil || resp.Header(string(name)) == nil {
				t.Errorf("%q: %q", name, value)
			}
		})
		if lines := strings.Count(string(resp.raw), "\r\n"); lines != n+2 {
			t.Errorf("%d fields in %d lines", n, lines)
		}
	})
}

func FuzzHTTP3Response(f *testing.F) {
	head := frame3(frameHeaders, ok3)
	for _, seed := range []string{
		head, head + frame3(frameData, "ok"), frame3(frameHeaders, "\x00\x00\xff\x00") + head, head + frame3(frameHeaders, "\x00\x00"),
		frame3(0x21, "x") + head + frame3(0x21, ""), head + "\x00\xc0\x00\x00\x00\x40\x00\x00\x00", frame3(frameHeaders, ok3+"\x54\x012") + frame3(frameData, "ok"),
	} {
		f.Add([]byte(seed))
	}
	const most = 1 << 16
	recv := newReceiver(&Options{MaxHeaderBytes: 1 << 12, MaxBodyBytes: most})
	f.Fuzz(func(t *testing.T, data []byte) {
		var resp Response
		recv.begin(bytes.NewReader(data))
		frames := frameReader{recv: recv}
		if frames.readFinal(&resp) != nil || frames.readBody(&resp.head, resp.head.bodiless(), &resp.Body) != nil {
			return
		}
		if resp.Status < 200 || len(resp.Body) > most || resp.head.length >= 0 && !resp.head.bodiless() && int64(len(resp.Body)) != resp.head.length {
			t.Errorf("status %d, length %d, body of %d bytes", resp.Status, resp.head.length, len(resp.Body))
		}
	})
}
