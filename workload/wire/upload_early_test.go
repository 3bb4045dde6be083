package wire

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"
	"time"
)

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestRule_12_15_AnEarlyAnswerIsDelivered(t *testing.T) {
	srv, cli := identity(t)
	const answerText = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
	large := RequestSpec{Method: "POST", KeepBody: true, Body: make([]byte, 32<<20)}
	stream := RequestSpec{Method: "POST", KeepBody: true, Upload: &Upload{Length: -1, Open: func() (io.Reader, error) { return endless{}, nil }}}
	for name, tc := range map[string]struct {
		spec   RequestSpec
		script func(*peer)
	}{
		"takes no more":            {stream, func(p *peer) { _, _ = p.in.Peek(1); p.say(answerText) }},
		"takes no more of a body":  {large, func(p *peer) { _, _ = p.in.Peek(1); p.say(answerText) }},
		"goes on taking":           {stream, func(p *peer) { _, _ = p.in.Peek(1); p.say(answerText); p.await() }},
		"after an interim one":     {stream, func(p *peer) { p.say("HTTP/1.1 100 Continue\r\n\r\n"); _, _ = p.in.Peek(1); p.say(answerText) }},
		"after much was taken":     {stream, func(p *peer) { _, _ = io.CopyN(io.Discard, p.in, 9<<20); p.say(answerText) }},
		"takes no more, and sends": {stream, func(p *peer) { p.say(answerText[:30]); _, _ = p.in.Peek(1); p.say(answerText[30:]) }},
	} {
		for scheme, config := range map[string]*tls.Config{"plain": nil, "TLS": srv} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				done := make(chan struct{})
				s := serve(t, config, func(p *peer) {
					tc.script(p)
					<-done
				})
				c := newClient(t, &Options{TLS: cli}, Policy{})
				r := call(t, c, specified(t, s.url, tc.spec))
				close(done)
				wantOK(t, r, 413, "big")
				if n := c.Counts(); n.Discarded != 1 || n.Attempts != 1 {
					t.Errorf("%+v", n)
				}
			})
		}
	}
}

func TestRule_12_15_AnAnswerBeforeTheConnectionEndsIsDelivered(t *testing.T) {
	srv, cli := identity(t)
	for scheme, config := range map[string]*tls.Config{"plain": nil, "TLS": srv} {
		t.Run(scheme, func(t *testing.T) {
			// What the client sends after this meets a reset.
			s := serve(t, config, func(p *peer) {
				_, _ = p.in.Peek(1)
				p.say("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
			})
			c := newClient(t, &Options{TLS: cli}, Policy{})
			req := specified(t, s.url, RequestSpec{Method: "POST", KeepBody: true, Upload: &Upload{Length: -1, Open: func() (io.Reader, error) {
				return endless{}, nil
			}}})
			r := call(t, c, req)
			wantOK(t, r, 413, "big")
			if n := c.Counts(); n.ClosedByPeer != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}

// An interim response is no answer: the body follows it, and its server is slow to take it.
func TestRule_12_15_AnInterimResponseIsNoAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newClient(t, &Options{Dial: piped(func(p *peer) {
			_, _ = p.in.Peek(1)
			p.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 ")
			time.Sleep(time.Minute)
			p.say("Processing\r\n\r\n")
			echo(p)
		})}, Policy{})
		body := strings.Repeat("x", 100<<10)
		wantOK(t, call(t, c, uploading(t, pipeURL, body, -1)), 200, `-1 ["chunked"] `+body)
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1})
	})
}
