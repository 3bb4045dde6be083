package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// streamed renders a request whose response is streamed.
func streamed(t testing.TB, method, target string) *Request {
	t.Helper()
	return specified(t, target, RequestSpec{Method: method, Stream: true})
}

func specified(t testing.TB, target string, spec RequestSpec) *Request {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	spec.URL = u
	req, err := NewRequest(spec)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// begun is a call whose response is being streamed.
type begun struct {
	ex   *Exchange
	resp *Response
}

func begin(t testing.TB, ctx context.Context, c *Client, req *Request) begun {
	t.Helper()
	b := begun{new(Exchange), new(Response)}
	c.Do(ctx, req, b.resp, b.ex)
	if b.ex.Err != nil || b.resp.Stream == nil {
		t.Fatalf("stream %v, error %v", b.resp.Stream, b.ex.Err)
	}
	b.sums(t)
	return b
}

// sums checks that the phases add up, and that the head has its place among the instants.
func (b begun) sums(t testing.TB) {
	t.Helper()
	p := b.ex.Phases
	if sum := p.Acquire + p.DNS + p.Connect + p.TLS + p.Send + p.Wait + p.Receive; sum != b.ex.Finished-b.ex.Started {
		t.Errorf("phases add up to %v of %v", sum, b.ex.Finished-b.ex.Started)
	}
	if b.ex.Headed < b.ex.Started || b.ex.Headed > b.ex.Finished {
		t.Errorf("started %v, headed %v, finished %v", b.ex.Started, b.ex.Headed, b.ex.Finished)
	}
}

// rest reads the stream to its end.
func (b begun) rest(t testing.TB) string {
	t.Helper()
	text, err := io.ReadAll(b.resp.Stream)
	if err != nil || b.ex.Err != nil {
		t.Errorf("reading on: %v, %v", err, b.ex.Err)
	}
	b.sums(t)
	return string(text)
}

var framings = map[string]string{
	"length":  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n",
}

func TestRule_5_6_AStreamHoldsItsConnectionUntilItsEnd(t *testing.T) {
	srv, cli := identity(t)
	for name, text := range framings {
		for scheme, config := range map[string]*tls.Config{"plain": nil, "TLS": srv} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				s := serve(t, config, answer(text))
				c := newClient(t, &Options{TLS: cli}, Policy{})
				first := begin(t, t.Context(), c, streamed(t, "GET", s.url))
				second := begin(t, t.Context(), c, streamed(t, "GET", s.url))
				whole := call(t, c, get(t, s.url))
				wantOK(t, whole, 200, "hello")
				if n := c.Counts(); n.Opened != 3 || c.Open() != 3 {
					t.Errorf("opened %d, open %d", n.Opened, c.Open())
				}
				if got := second.rest(t); got != "hello" {
					t.Errorf("second: %q", got)
				}
				if got := first.rest(t); got != "hello" {
					t.Errorf("first: %q", got)
				}
				if first.ex.BytesIn < int64(len(text)) {
					t.Errorf("%d bytes in", first.ex.BytesIn)
				}
				// One connection is kept; the others came back beyond that.
				if n := c.Counts(); n.Evicted != 2 || c.Open() != 1 {
					t.Errorf("%+v, open %d", n, c.Open())
				}
				wantOK(t, call(t, c, get(t, s.url)), 200, "hello")
				if n := c.Counts(); n.Reused != 1 {
					t.Errorf("%+v", n)
				}
				if n, err := first.resp.Stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					t.Errorf("after the end: %d, %v", n, err)
				}
			})
		}
	}
}

func TestRule_5_6_ClosingAStreamEarlyCostsTheConnection(t *testing.T) {
	s := serve(t, nil, answer(framings["length"]))
	c := newClient(t, nil, Policy{})
	b := begin(t, t.Context(), c, streamed(t, "GET", s.url))
	if _, err := io.ReadFull(b.resp.Stream, make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.resp.Stream.Close(); err != nil {
			t.Error(err)
		}
	}
	b.sums(t)
	if n, err := b.resp.Stream.Read(make([]byte, 9)); n != 0 || ClassOf(err) != ClassCanceled {
		t.Errorf("after Close: %d, %v", n, err)
	}
	if b.ex.Err != nil {
		t.Error("closing is no failure:", b.ex.Err)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Discarded: 1})
	wantOK(t, call(t, c, get(t, s.url)), 200, "hello")
}

func TestRule_5_6_AResponseWithoutABodyGivesItsConnectionBackAtOnce(t *testing.T) {
	for name, tc := range map[string]struct{ method, text string }{
		"HEAD":        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
		"204":         {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
		"304":         {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"},
		"zero length": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, answer(tc.text))
			c := newClient(t, nil, Policy{})
			for range 3 {
				b := begin(t, t.Context(), c, streamed(t, tc.method, s.url))
				defer func() { _ = b.resp.Stream.Close() }()
				if kept(t, c) == nil || b.rest(t) != "" {
					t.Error("a body, or a connection that did not come back")
				}
			}
			wantCounts(t, c, Counts{Opened: 1, Attempts: 3, Reused: 2})
		})
	}
}

func TestAStreamThatEndsWithTheConnection(t *testing.T) {
	s := serve(t, nil, func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\n\r\nto the end") })
	c := newClient(t, nil, Policy{})
	if got := begin(t, t.Context(), c, streamed(t, "GET", s.url)).rest(t); got != "to the end" {
		t.Errorf("%q", got)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1})
}

func TestStreamsFailAsWholeResponsesDo(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		class Class
		end   Counts
	}{
		"short":        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ClassClosedEarly, Counts{ClosedByPeer: 1}},
		"short chunk":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", ClassClosedEarly, Counts{ClosedByPeer: 1}},
		"no last one":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ClassClosedEarly, Counts{ClosedByPeer: 1}},
		"bad chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", ClassProtocol, Counts{Discarded: 1}},
		"bad end":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n", ClassProtocol, Counts{Discarded: 1}},
		"large chunks": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9\r\nand more!\r\n", ClassTooLarge, Counts{Discarded: 1}},
		"large to end": {"HTTP/1.1 200 OK\r\n\r\nhello and more", ClassTooLarge, Counts{Discarded: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, func(p *peer) { p.request(); p.say(tc.text) })
			c := newClient(t, &Options{MaxBodyBytes: 9}, Policy{})
			b := begin(t, t.Context(), c, streamed(t, "GET", s.url))
			text, err := io.ReadAll(iotest.OneByteReader(b.resp.Stream))
			if ClassOf(err) != tc.class || b.ex.Class != tc.class || !errors.Is(b.ex.Err, err) {
				t.Errorf("read %q, %v; exchange %q, %v; want %q", text, err, b.ex.Class, b.ex.Err, tc.class)
			}
			if !strings.HasPrefix(string(text), "hello") {
				t.Errorf("read %q", text)
			}
			b.sums(t)
			tc.end.Opened, tc.end.Attempts = 1, 1
			wantCounts(t, c, tc.end)
		})
	}
	t.Run("announced too large", func(t *testing.T) {
		s := serve(t, nil, answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"))
		c := newClient(t, &Options{MaxBodyBytes: 9}, Policy{})
		r := call(t, c, streamed(t, "GET", s.url))
		wantClass(t, r, ClassTooLarge)
		if r.Status != 200 || r.resp.Stream != nil {
			t.Errorf("status %d, stream %v", r.Status, r.resp.Stream)
		}
	})
}

func TestLimitsHoldWhileAStreamIsRead(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
	for name, tc := range map[string]struct {
		limits Limits
		idle   time.Duration // before the caller reads
		cancel time.Duration
		class  Class
		after  time.Duration
	}{
		"silence":            {Limits{ReadTimeout: 3 * time.Second, Timeout: time.Minute}, 20 * time.Second, 0, ClassReadTimeout, 23 * time.Second},
		"whole call":         {Limits{ReadTimeout: 3 * time.Second, Timeout: 5 * time.Second}, 4 * time.Second, 0, ClassTimeout, 5 * time.Second},
		"whole call, unread": {Limits{Timeout: 5 * time.Second}, 7 * time.Second, 0, ClassTimeout, 7 * time.Second},
		"canceled":           {Limits{Timeout: time.Minute}, time.Second, 4 * time.Second, ClassCanceled, 4 * time.Second},
		"canceled, unread":   {Limits{}, 6 * time.Second, 4 * time.Second, ClassCanceled, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tc.cancel > 0 {
					time.AfterFunc(tc.cancel, cancel)
				}
				c := newClient(t, &Options{Dial: piped(func(p *peer) { p.request(); p.say(head); p.await() })}, Policy{})
				req := streamed(t, "GET", pipeURL)
				req.Spec.Limits = &tc.limits
				b := begin(t, ctx, c, req)
				time.Sleep(tc.idle)
				_, err := b.resp.Stream.Read(make([]byte, 9))
				if ClassOf(err) != tc.class || b.ex.Class != tc.class {
					t.Errorf("%v, exchange %q, want %q", err, b.ex.Class, tc.class)
				}
				if got := b.ex.Finished - b.ex.Started; got != tc.after || b.ex.Phases.Receive != got {
					t.Errorf("took %v, received for %v, want %v", got, b.ex.Phases.Receive, tc.after)
				}
				wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Discarded: 1})
			})
		})
	}
}

// The context of a later call has no bearing on a stream, nor the other way round.
func TestAStreamKeepsItsContext(t *testing.T) {
	s := serve(t, nil, answer(framings["length"]))
	c := newClient(t, nil, Policy{})
	mine, cancelMine := context.WithCancel(t.Context())
	first := begin(t, mine, c, streamed(t, "GET", s.url))
	other, cancelOther := context.WithCancel(t.Context())
	second := begin(t, other, c, streamed(t, "GET", s.url))
	cancelOther()
	if got := first.rest(t); got != "hello" {
		t.Errorf("%q", got)
	}
	cancelMine()
	if _, err := io.ReadAll(second.resp.Stream); err != nil && ClassOf(err) != ClassCanceled {
		t.Error(err)
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "hello")
}

func TestStreamsOutliveTheClosingOfTheirClient(t *testing.T) {
	s := serve(t, nil, answer(framings["chunked"]))
	c := newClient(t, nil, Policy{})
	b := begin(t, t.Context(), c, streamed(t, "GET", s.url))
	c.Close()
	if got := b.rest(t); got != "hello" {
		t.Errorf("%q", got)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1})
	wantOK(t, call(t, c, get(t, s.url)), 200, "hello")
}

func TestALongStreamIsReadInPieces(t *testing.T) {
	srv, cli := identity(t)
	long := strings.Repeat("0123456789abcdef", 40<<10)
	s := serve(t, srv, func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for rest := long; rest != ""; rest = rest[10<<10:] {
			p.say("2800\r\n" + rest[:10<<10] + "\r\n")
		}
		p.say("0\r\n\r\n")
		p.await()
	})
	c := newClient(t, &Options{TLS: cli}, Policy{})
	b := begin(t, t.Context(), c, streamed(t, "GET", s.url))
	if err := iotest.TestReader(b.resp.Stream, []byte(long)); err != nil {
		t.Error(err)
	}
	if b.ex.BytesIn < int64(len(long)) || c.Open() != 1 {
		t.Errorf("%d bytes in, %d open", b.ex.BytesIn, c.Open())
	}
}

// readStreamed reads a response from text as a stream does.
func readStreamed(text []byte, isHead bool) (*Response, error) {
	r := newReceiver(&Options{MaxBodyBytes: 1 << 20})
	r.begin(bytes.NewReader(text))
	resp := new(Response)
	req := &Request{Head: isHead}
	err := r.readFinal(resp)
	if err != nil || !hasBody(req, &resp.head) {
		return resp, err
	}
	if err := r.fits(&resp.head); err != nil {
		return resp, err
	}
	b := bodyOf(&resp.head, r)
	piece := make([]byte, 3)
	for err == nil {
		var n int
		n, err = b.read(r, piece)
		resp.Body = append(resp.Body, piece[:n]...)
	}
	if err == io.EOF {
		err = nil
	}
	return resp, err
}

// A heldConn keeps what is written until it is closed, so that all of it leaves at once.
type heldConn struct {
	net.Conn
	held []byte
	hold bool
}

func (c *heldConn) Write(p []byte) (int, error) {
	if !c.hold {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

// SetWriteDeadline does nothing: TLS lets writing fail after its alert.
func (c *heldConn) SetWriteDeadline(time.Time) error { return nil }

// TLS 1.2 tells of a closing alert that is there already together with the bytes before it.
func TestAStreamIsWholeWhoseLastBytesComeWithTheEnd(t *testing.T) {
	srv, cli := identity(t)
	srv.MaxVersion = tls.VersionTLS12
	const size = 5000
	s := serve(t, nil, func(p *peer) {
		under := &heldConn{Conn: p.Conn}
		c := tls.Server(under, srv)
		if (&peer{Conn: c, in: bufio.NewReader(c)}).request() == "" {
			return
		}
		under.hold = true
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", size)
		_, _ = c.Write(make([]byte, size))
		_ = c.CloseWrite()
		_, _ = p.Conn.Write(under.held)
	})
	c := newClient(t, &Options{TLS: cli}, Policy{})
	b := begin(t, context.Background(), c, streamed(t, "GET", "https://"+s.addr()+"/"))
	body, err := io.ReadAll(b.resp.Stream)
	if len(body) != size || err != nil || b.ex.Err != nil {
		t.Errorf("%d bytes, %v, %v", len(body), err, b.ex.Err)
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1, TLSFull: 1})
}
