package wire

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// What a server may say before and around a response.
func TestHTTP2ReadsWhatServersMaySend(t *testing.T) {
	long := strings.Repeat("v", 9000)
	for name, script := range map[string]func(p *h2peer, id uint32){
		"continuation": func(p *h2peer, id uint32) {
			b := p.block(":status", "200", "x-long", long, "content-length", "2")
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: b[:1]})
			_ = p.WriteContinuation(id, false, b[1:4000])
			_ = p.WriteContinuation(id, false, nil)
			_ = p.WriteContinuation(id, true, b[4000:])
			_ = p.WriteData(id, true, []byte("ok"))
		},
		"padding and priority": func(p *h2peer, id uint32) {
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.block(":status", "200", "x-long", long),
				EndHeaders: true, PadLength: 200, Priority: http2.PriorityParam{StreamDep: 0, Weight: 3}})
			_ = p.WriteDataPadded(id, false, []byte("o"), make([]byte, 255))
			_ = p.WriteDataPadded(id, true, []byte("k"), make([]byte, 1))
		},
		"interim and trailers": func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "100")
			p.head(id, false, ":status", "103", "link", "</a>")
			p.head(id, false, ":status", "200", "x-long", long)
			_ = p.WriteData(id, false, []byte("ok"))
			p.head(id, true, "x-sum", "1")
		},
		"other frames": func(p *h2peer, id uint32) {
			_ = p.WritePing(false, [8]byte{1})
			_ = p.WriteRawFrame(0xbe, 0xff, 77, []byte("unknown"))
			_ = p.WritePriority(id, http2.PriorityParam{Weight: 1})
			_ = p.WriteSettings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 100}, http2.Setting{ID: 0xffff, Val: 1})
			p.head(id, false, ":status", "200", "x-long", long)
			_ = p.WriteData(id, false, nil)
			_ = p.WriteData(id, false, []byte("ok"))
			_ = p.WriteData(id, true, nil)
			_ = p.WriteRSTStream(id, http2.ErrCodeNo)
			_ = p.WriteWindowUpdate(id, 9)
		},
		"graceful shutdown": func(p *h2peer, id uint32) {
			_ = p.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
			_ = p.WriteGoAway(id, http2.ErrCodeNo, []byte("bye"))
			p.head(id, false, ":status", "200", "x-long", long)
			_ = p.WriteData(id, true, []byte("ok"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := servePeer(t, nil, nil, func(p *h2peer) {
				for id := p.request(); id != 0; id = p.request() {
					script(p, id)
				}
			})
			c := newClient(t, nil, Policy{HTTP: H2C})
			for range 3 {
				r := call(t, c, get(t, s.url, Header{"Accept", "x"}))
				wantOK(t, r, 200, "ok")
				if string(r.resp.Header("X-Long")) != long {
					t.Errorf("X-Long has %d bytes", len(r.resp.Header("X-Long")))
				}
			}
			opened := int64(1)
			if name == "graceful shutdown" {
				opened = 3
			}
			if n := c.Counts(); n.Opened != opened || s.accepted.Load() != opened {
				t.Errorf("%+v, %d accepted", n, s.accepted.Load())
			}
		})
	}
}

// What is wrong on a stream costs the stream.
func TestHTTP2MalformedStreams(t *testing.T) {
	for name, tc := range map[string]struct {
		class  Class
		code   http2.ErrCode
		script func(p *h2peer, id uint32)
	}{
		"upper case":   {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", "X-A", "b") }},
		"connection":   {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", "connection", "close") }},
		"line break":   {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", "a", "b\r\nc: d") }},
		"no status":    {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, "a", "b") }},
		"late status":  {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, "a", "b", ":status", "200") }},
		"two statuses": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", ":status", "200") }},
		"bad status":   {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "2x0") }},
		"upgrade":      {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "101") }},
		"bad length":   {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", "content-length", "-1") }},
		"large head": {ClassTooLarge, http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "200", "a", strings.Repeat("a", 5000))
		}},
		"large body": {ClassTooLarge, http2.ErrCodeCancel, func(p *h2peer, id uint32) { p.head(id, false, ":status", "200", "content-length", "3000") }},
		"endless hints": {ClassTooLarge, http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			for range 1000 {
				p.head(id, false, ":status", "103", "link", "</style.css>")
			}
		}},
		"data first": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { _ = p.WriteData(id, false, []byte("x")) }},
		"too long": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "200", "content-length", "2")
			_ = p.WriteData(id, false, []byte("abc"))
		}},
		"too short": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "200", "content-length", "2")
			_ = p.WriteData(id, true, []byte("a"))
		}},
		"trailers go on": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			p.head(id, false, ":status", "200")
			p.head(id, false, "a", "b")
		}},
		"no increment": {ClassProtocol, http2.ErrCodeProtocol, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameWindowUpdate, 0, id, make([]byte, 4)) }},
		"overflow": {ClassProtocol, http2.ErrCodeFlowControl, func(p *h2peer, id uint32) {
			_ = p.WriteWindowUpdate(id, 1<<31-1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			codes := make(chan http2.ErrCode, 9)
			s := servePeer(t, nil, nil, func(p *h2peer) {
				id := p.request()
				tc.script(p, id)
				if f, ok := p.await(http2.FrameRSTStream).(*http2.RSTStreamFrame); ok && f.StreamID == id {
					codes <- f.ErrCode
				}
				close(codes)
				for id = p.request(); id != 0; id = p.request() {
					p.head(id, true, ":status", "204")
				}
			})
			c := newClient(t, &Options{MaxHeaderBytes: 4096, MaxBodyBytes: 2000}, Policy{HTTP: H2C})
			wantClass(t, call(t, c, get(t, s.url)), tc.class)
			wantOK(t, call(t, c, get(t, s.url)), 204, "")
			if code, ok := <-codes; !ok || code != tc.code {
				t.Errorf("reset with %v (%t), want %v", code, ok, tc.code)
			}
			if n := c.Counts(); n.Opened != 1 || n.Reused != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// What is wrong with the connection costs the connection.
func TestHTTP2MalformedConnections(t *testing.T) {
	raw := func(kind http2.FrameType, flags http2.Flags, id uint32, n int) func(*h2peer, uint32) {
		return func(p *h2peer, _ uint32) { _ = p.WriteRawFrame(kind, flags, id, make([]byte, n)) }
	}
	for name, tc := range map[string]struct {
		code   http2.ErrCode
		script func(p *h2peer, id uint32)
	}{
		"block":           {http2.ErrCodeCompression, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameHeaders, 4, id, []byte{0xff, 0xff, 0xff}) }},
		"no such entry":   {http2.ErrCodeCompression, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameHeaders, 4, id, []byte{0x80 | 62}) }},
		"table too large": {http2.ErrCodeCompression, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameHeaders, 4, id, []byte{0x3f, 0xff, 0x7f}) }},
		"idle stream":     {http2.ErrCodeProtocol, raw(http2.FrameHeaders, 4, 99, 1)},
		"even stream":     {http2.ErrCodeProtocol, raw(http2.FrameData, 0, 2, 1)},
		"data on 0":       {http2.ErrCodeProtocol, raw(http2.FrameData, 0, 0, 1)},
		"push":            {http2.ErrCodeProtocol, raw(http2.FramePushPromise, 4, 1, 5)},
		"continuation":    {http2.ErrCodeProtocol, raw(http2.FrameContinuation, 4, 1, 5)},
		"interrupted head": {http2.ErrCodeProtocol, func(p *h2peer, id uint32) {
			_ = p.WriteRawFrame(http2.FrameHeaders, 0, id, p.block(":status", "200"))
			_ = p.WritePing(false, [8]byte{})
		}},
		"endless head": {http2.ErrCodeEnhanceYourCalm, func(p *h2peer, id uint32) {
			_ = p.WriteRawFrame(http2.FrameHeaders, 0, id, nil)
			for range 100 {
				if p.WriteRawFrame(http2.FrameContinuation, 0, id, make([]byte, 10000)) != nil {
					return
				}
			}
		}},
		"empty continuations": {http2.ErrCodeEnhanceYourCalm, func(p *h2peer, id uint32) {
			_ = p.WriteRawFrame(http2.FrameHeaders, 0, id, nil)
			for range 50_000 {
				if p.WriteRawFrame(http2.FrameContinuation, 0, id, nil) != nil {
					return
				}
			}
		}},
		"padding":          {http2.ErrCodeProtocol, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameHeaders, 4|8, id, []byte{9, 1}) }},
		"data padding":     {http2.ErrCodeProtocol, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameData, 8, id, []byte{9, 1}) }},
		"no padding":       {http2.ErrCodeFrameSize, func(p *h2peer, id uint32) { _ = p.WriteRawFrame(http2.FrameData, 8, id, nil) }},
		"large frame":      {http2.ErrCodeFrameSize, raw(http2.FrameData, 0, 1, 16385)},
		"short ping":       {http2.ErrCodeFrameSize, raw(http2.FramePing, 0, 0, 7)},
		"ping on a stream": {http2.ErrCodeProtocol, raw(http2.FramePing, 0, 1, 8)},
		"short reset":      {http2.ErrCodeFrameSize, raw(http2.FrameRSTStream, 0, 1, 3)},
		"idle reset":       {http2.ErrCodeProtocol, raw(http2.FrameRSTStream, 0, 7, 4)},
		"short settings":   {http2.ErrCodeFrameSize, raw(http2.FrameSettings, 0, 0, 5)},
		"settings' stream": {http2.ErrCodeProtocol, raw(http2.FrameSettings, 0, 1, 6)},
		"full ack":         {http2.ErrCodeFrameSize, raw(http2.FrameSettings, 1, 0, 6)},
		"push enabled":     {http2.ErrCodeProtocol, func(p *h2peer, _ uint32) { _ = p.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 1}) }},
		"window setting": {http2.ErrCodeFlowControl, func(p *h2peer, _ uint32) {
			_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31})
		}},
		"frame setting":   {http2.ErrCodeProtocol, func(p *h2peer, _ uint32) { _ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 100}) }},
		"short goaway":    {http2.ErrCodeFrameSize, raw(http2.FrameGoAway, 0, 0, 7)},
		"goaway's stream": {http2.ErrCodeProtocol, raw(http2.FrameGoAway, 0, 1, 8)},
		"short window":    {http2.ErrCodeFrameSize, raw(http2.FrameWindowUpdate, 0, 0, 3)},
		"no increment":    {http2.ErrCodeProtocol, raw(http2.FrameWindowUpdate, 0, 0, 4)},
		"overflow":        {http2.ErrCodeFlowControl, func(p *h2peer, _ uint32) { _ = p.WriteWindowUpdate(0, 1<<31-1) }},
	} {
		t.Run(name, func(t *testing.T) {
			codes := make(chan http2.ErrCode, 1)
			s := servePeer(t, nil, nil, func(p *h2peer) {
				defer close(codes)
				tc.script(p, p.request())
				if code, ok := p.goodbye(); ok {
					codes <- code
				}
				p.rest()
			})
			c := newClient(t, nil, Policy{HTTP: H2C})
			want := ClassProtocol
			if tc.code == http2.ErrCodeEnhanceYourCalm {
				want = ClassTooLarge
			}
			wantClass(t, call(t, c, get(t, s.url)), want)
			if code, ok := <-codes; !ok || code != tc.code {
				t.Errorf("ended with %v (%t), want %v", code, ok, tc.code)
			}
			if n := c.Counts(); n.Discarded != 1 || n.Opened != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// A server that speaks something else is a failure that says so.
func TestHTTP2NotSpoken(t *testing.T) {
	srv, cli := identity(t)
	plain, secure := serve(t, nil, answer(okText)), serve(t, srv, answer(okText))
	for name, tc := range map[string]struct {
		url    string
		policy Policy
		why    malformed
	}{
		"no ALPN":       {secure.url, Policy{HTTP: HTTP2}, "the server negotiated no protocol by ALPN, and the connection is for h2"},
		"plain":         {plain.url, Policy{HTTP: HTTP2}, errPlainHTTP2},
		"secure h2c":    {secure.url, Policy{HTTP: H2C}, errSecureH2C},
		"HTTP/1 server": {plain.url, Policy{HTTP: H2C}, errNotHTTP2},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "HTTP/1 server" {
				plain = serve(t, nil, func(p *peer) { p.say("HTTP/1.1 400 Bad Request\r\n\r\n"); p.await() })
				tc.url = plain.url
			}
			c := newClient(t, &Options{TLS: cli}, tc.policy)
			r := call(t, c, get(t, tc.url))
			wantClass(t, r, ClassProtocol)
			if !strings.HasSuffix(r.Err.Error(), string(tc.why)) {
				t.Error(r.Err)
			}
		})
	}
}

// The server's windows bound what is sent of a body, also where it takes some back.
func TestHTTP2FlowControlOfBodies(t *testing.T) {
	const size = 200_000
	settings := []http2.Setting{{ID: http2.SettingInitialWindowSize, Val: 10}, {ID: http2.SettingMaxFrameSize, Val: 20_000}}
	s := servePeer(t, nil, settings, func(p *h2peer) {
		before := 65535 // until it knows our settings, a client may send so much
		for id := p.request(); id != 0; id = p.request() {
			got, allowed := 0, 10
			for end := false; !end; {
				if got >= allowed {
					_ = p.WriteWindowUpdate(id, uint32(got-allowed+7001))
					allowed = got + 7001
				}
				f, ok := p.await(http2.FrameData).(*http2.DataFrame)
				if !ok {
					return
				}
				if got += len(f.Data()); got > max(allowed, before) {
					t.Errorf("%d bytes sent, %d allowed", got, allowed)
				}
				if end = f.StreamEnded(); len(f.Data()) > 0 {
					_ = p.WriteWindowUpdate(0, uint32(len(f.Data())))
				}
			}
			before = 0
			if got != size {
				t.Errorf("%d bytes came", got)
			}
			p.head(id, true, ":status", "204")
		}
	})
	c := newClient(t, nil, Policy{HTTP: H2C})
	body := strings.Repeat("b", size)
	for range 2 {
		wantOK(t, call(t, c, newRequest(t, "POST", s.url, body)), 204, "")
		wantOK(t, call(t, c, uploading(t, s.url, body, -1)), 204, "")
	}
}

// What was refused, or was above the last stream that a server heard of, may be sent again.
func TestHTTP2Resends(t *testing.T) {
	for name, refuse := range map[string]func(p *h2peer, id uint32){
		"refused": func(p *h2peer, id uint32) { _ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
		"goaway":  func(p *h2peer, id uint32) { _ = p.WriteGoAway(id-2, http2.ErrCodeNo, nil) },
		"end":     func(p *h2peer, id uint32) { _ = p.peer.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			s := servePeer(t, nil, nil, func(p *h2peer) {
				for id := p.request(); id != 0; id = p.request() {
					if id == 3 && p.peer.n == 1 {
						refuse(p, id)
						continue
					}
					p.head(id, true, ":status", "204")
				}
			})
			c := newClient(t, nil, Policy{HTTP: H2C, Resend: true})
			wantOK(t, call(t, c, get(t, s.url)), 204, "")
			r := call(t, c, get(t, s.url))
			wantOK(t, r, 204, "")
			if r.Attempts != 2 || r.Resent != 1 {
				t.Errorf("%+v", r.Exchange)
			}
		})
	}
}

// What the server did not process may be sent again whatever it does there, and were it the first on its connection.
func TestHTTP2ResendsWhatWasNotProcessed(t *testing.T) {
	for name, refuse := range map[string]func(p *h2peer, id uint32){
		"refused": func(p *h2peer, id uint32) { _ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
		"goaway":  func(p *h2peer, _ uint32) { _ = p.WriteGoAway(0, http2.ErrCodeNo, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			var taken atomic.Int64
			s := servePeer(t, nil, nil, func(p *h2peer) {
				for id := p.request(); id != 0; id = p.request() {
					if taken.Add(1) == 1 {
						refuse(p, id)
						continue
					}
					p.head(id, true, ":status", "204")
				}
			})
			c := newClient(t, nil, Policy{HTTP: H2C, Resend: true})
			r := call(t, c, newRequest(t, "POST", s.url, "x"))
			wantOK(t, r, 204, "")
			if r.Attempts != 2 || r.Resent != 1 {
				t.Errorf("%+v", r.Exchange)
			}
			c = newClient(t, nil, Policy{HTTP: H2C})
			taken.Store(0)
			if r := call(t, c, get(t, s.url)); r.Err == nil || r.Attempts != 1 {
				t.Errorf("sent again against the policy: %+v", r.Exchange)
			}
		})
	}
}

// A request takes the next connection of those that are there, which may refuse it as well.
func TestHTTP2ResendsSeveralTimes(t *testing.T) {
	for refused, want := range map[int]int{1: 204, mostResends: 204, mostResends + 1: 0} {
		s := servePeer(t, nil, nil, func(p *h2peer) {
			for id := p.request(); id != 0; id = p.request() {
				if id > 1 && int(id) <= 1+2*refused {
					_ = p.WriteRSTStream(id, http2.ErrCodeRefusedStream)
					continue
				}
				p.head(id, true, ":status", "204")
			}
		})
		c := newClient(t, nil, Policy{HTTP: H2C, Resend: true})
		wantOK(t, call(t, c, get(t, s.url)), 204, "")
		r := call(t, c, get(t, s.url))
		if r.Status != want || r.Attempts != 1+min(refused, mostResends) || r.Resent != r.Attempts-1 {
			t.Errorf("refused %d times: %+v", refused, r.Exchange)
		}
	}
}

// Whoever finds the connection ended takes another one, whatever the policy says of sending again.
func TestHTTP2NoticesTheEndOfAnIdleConnection(t *testing.T) {
	answered, ended := make(chan struct{}), make(chan struct{})
	s := servePeer(t, nil, nil, func(p *h2peer) {
		p.head(p.request(), true, ":status", "204")
		if p.peer.n == 1 {
			<-answered
			_ = p.WriteGoAway(1, http2.ErrCodeNo, nil)
			_ = p.peer.Close()
			close(ended)
			return
		}
		p.rest()
	})
	c := newClient(t, nil, Policy{HTTP: H2C})
	wantOK(t, call(t, c, get(t, s.url)), 204, "")
	close(answered)
	<-ended
	m := kept(t, c).mux.(*h2conn)
	m.mu.Lock()
	m.used = -time.Hour
	m.mu.Unlock()
	wantOK(t, call(t, c, newRequest(t, "POST", s.url, "x")), 204, "")
	if n := c.Counts(); n.Opened != 2 || n.ClosedByPeer != 1 || n.Attempts != 2 {
		t.Errorf("%+v", n)
	}
}

// Decoding header blocks agrees with package hpack, whatever comes.
func FuzzHTTP2Blocks(f *testing.F) {
	f.Add(literals(":status", "200", "a", "b"), []byte{0x82, 0xbe})
	f.Add([]byte("\x40\x01a\x01b\x41\x02cd\xbe\xbf"), []byte{0xbe, 0xbf, 0x20, 0x3f, 0xe1, 0x1f, 0x7f, 0x00, 0x01, 'x'})
	f.Add([]byte{0x20, 0x58, 0x84, 0x1f, 0xff, 0xff, 0xff}, []byte{0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first)+len(second) < 4096 {
			compareBlocks(t, bytes.Repeat(first, 40), second, first)
		}
	})
}
