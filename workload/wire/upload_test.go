package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// uploading renders a request with a body that can be opened again and again.
func uploading(t testing.TB, target, body string, length int64, headers ...Header) *Request {
	t.Helper()
	return specified(t, target, RequestSpec{Method: "PUT", Headers: headers, KeepBody: true, Upload: &Upload{
		Open:   func() (io.Reader, error) { return strings.NewReader(body), nil },
		Length: length,
	}})
}

// echo answers every request with how its body was framed, and the body.
func echo(p *peer) {
	for {
		req, err := http.ReadRequest(p.in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		text := fmt.Sprintf("%d %q %s", req.ContentLength, req.TransferEncoding, body)
		p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
	}
}

func TestUploads(t *testing.T) {
	srv, cli := identity(t)
	long := strings.Repeat("0123456789abcdef", 20<<10)
	chunked := Header{"transfer-encoding", "Chunked"}
	for name, tc := range map[string]struct {
		body    string
		length  int64
		headers []Header
		want    string
	}{
		"length":                  {"hello", 5, nil, "5 [] "},
		"empty":                   {"", 0, nil, "0 [] "},
		"chunked":                 {"hello", -1, nil, `-1 ["chunked"] `},
		"chunked, empty":          {"", -1, nil, `-1 ["chunked"] `},
		"long":                    {long, int64(len(long)), nil, fmt.Sprint(len(long), " [] ")},
		"long, chunked":           {long, -1, nil, `-1 ["chunked"] `},
		"the caller's length":     {"hello", -1, []Header{{"content-length", "5"}}, "5 [] "},
		"the caller's chunks":     {"hello", 5, []Header{chunked}, `-1 ["chunked"] `},
		"both of them the caller": {"hello", -1, []Header{chunked}, `-1 ["chunked"] `},
	} {
		for scheme, config := range map[string]*tls.Config{"plain": nil, "TLS": srv} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				s := serve(t, config, echo)
				c := newClient(t, &Options{TLS: cli}, Policy{})
				req := uploading(t, s.url, tc.body, tc.length, tc.headers...)
				for range 2 {
					r := call(t, c, req)
					wantOK(t, r, 200, tc.want+tc.body)
					if r.BytesOut < int64(len(tc.body)) {
						t.Errorf("%d bytes out", r.BytesOut)
					}
				}
				if n := c.Counts(); n.Opened != 1 || n.Reused != 1 {
					t.Errorf("%+v", n)
				}
			})
		}
	}
}

func TestUploadHeadersThatDoNotFitAreRefused(t *testing.T) {
	u := &url.URL{Scheme: "http", Host: "a.test"}
	for _, tc := range []struct {
		length int64
		header Header
	}{
		{5, Header{"Content-Length", "6"}},
		{-1, Header{"Content-Length", "-1"}},
		{-1, Header{"Content-Length", "many"}},
		{-1, Header{"Transfer-Encoding", "gzip"}},
	} {
		if _, err := NewRequest(RequestSpec{Method: "PUT", URL: u, Headers: []Header{tc.header}, Upload: &Upload{Length: tc.length}}); err == nil {
			t.Errorf("%v with length %d was taken", tc.header, tc.length)
		}
	}
}

// pieces is a body that is read piece by piece, empty ones included.
type pieces struct{ left []string }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.left[0])
	p.left = p.left[1:]
	return n, nil
}

func TestEmptyPiecesOfAnUploadAreSkipped(t *testing.T) {
	s := serve(t, nil, echo)
	c := newClient(t, nil, Policy{})
	req := specified(t, s.url, RequestSpec{Method: "POST", KeepBody: true, Upload: &Upload{
		Open:   func() (io.Reader, error) { return &pieces{[]string{"a", "", "", "bc", ""}}, nil },
		Length: -1,
	}})
	wantOK(t, call(t, c, req), 200, `-1 ["chunked"] abc`)
}

func TestUploadsThatFail(t *testing.T) {
	broken := errors.New("broken body")
	for name, tc := range map[string]struct {
		open   func() (io.Reader, error)
		length int64
		is     error
		opened int64
	}{
		"cannot be opened": {func() (io.Reader, error) { return nil, broken }, 5, broken, 0},
		"cannot be read":   {func() (io.Reader, error) { return iotest.ErrReader(broken), nil }, -1, broken, 1},
		"breaks off": {func() (io.Reader, error) {
			return io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), nil
		}, 5, broken, 1},
		"breaks at its end": {func() (io.Reader, error) {
			return io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(broken)), nil
		}, 5, broken, 1},
		"too short":        {func() (io.Reader, error) { return strings.NewReader("hell"), nil }, 5, errBodyShort, 1},
		"too long":         {func() (io.Reader, error) { return strings.NewReader("hello!"), nil }, 5, errBodyLong, 1},
		"too long, slowly": {func() (io.Reader, error) { return iotest.OneByteReader(strings.NewReader("hello!")), nil }, 5, errBodyLong, 1},
		"gives nothing":    {func() (io.Reader, error) { return &pieces{make([]string, 1000)}, nil }, -1, io.ErrNoProgress, 1},
	} {
		t.Run(name, func(t *testing.T) {
			whole := make(chan bool, 1)
			s := serve(t, nil, func(p *peer) {
				req, err := http.ReadRequest(p.in)
				if err == nil {
					_, err = io.ReadAll(req.Body)
				}
				whole <- err == nil
			})
			c := newClient(t, nil, Policy{Resend: true})
			r := call(t, c, specified(t, s.url, RequestSpec{Method: "PUT", Upload: &Upload{Open: tc.open, Length: tc.length}}))
			wantClass(t, r, ClassSend)
			if !errors.Is(r.Err, tc.is) || IsTimeout(r.Err) {
				t.Errorf("%v", r.Err)
			}
			wantCounts(t, c, Counts{Opened: tc.opened, Attempts: tc.opened, Discarded: tc.opened})
			if tc.opened > 0 && <-whole {
				t.Error("the server took the request for whole")
			}
		})
	}
}

func TestResendingAnUploadOpensItAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		again error
		class Class
		want  Counts
	}{
		"can be":    {nil, "", Counts{Opened: 2, Attempts: 3, Reused: 1, ClosedByPeer: 1, Resent: 1}},
		"cannot be": {errors.New("read already"), ClassClosedEarly, Counts{Opened: 1, Attempts: 2, Reused: 1, ClosedByPeer: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := dyingServer(t, func(*peer) {})
			c := newClient(t, nil, Policy{Resend: true})
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			opens := 0
			req := specified(t, s.url, RequestSpec{Method: "PUT", KeepBody: true, Upload: &Upload{Length: 5, Open: func() (io.Reader, error) {
				if opens++; opens > 1 && tc.again != nil {
					return nil, tc.again
				}
				return strings.NewReader("hello"), nil
			}}})
			r := call(t, c, req)
			wantClass(t, r, tc.class)
			if opens != 2 || r.Resent != int(tc.want.Resent) {
				t.Errorf("opened %d times, resent %d", opens, r.Resent)
			}
			wantCounts(t, c, tc.want)
		})
	}
}

func TestStandstillInSendingIsBounded(t *testing.T) {
	body := strings.Repeat("x", 100<<10)
	for name, tc := range map[string]struct {
		limits Limits
		class  Class
		after  time.Duration
	}{
		"WriteTimeout":  {Limits{ReadTimeout: time.Second, WriteTimeout: 7 * time.Second}, ClassSend, 7 * time.Second},
		"ReadTimeout":   {Limits{ReadTimeout: 3 * time.Second}, ClassSend, 3 * time.Second},
		"the whole":     {Limits{ReadTimeout: 3 * time.Second, Timeout: 2 * time.Second}, ClassTimeout, 2 * time.Second},
		"client's own":  {Limits{}, ClassTimeout, time.Hour},
		"nothing holds": {Limits{WriteTimeout: 24 * time.Hour, Timeout: 25 * time.Hour}, ClassSend, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan struct{})
				defer close(ended)
				c := newClient(t, &Options{Limits: Limits{Timeout: time.Hour}, Dial: piped(func(p *peer) { <-ended })}, Policy{})
				req := uploading(t, pipeURL, body, -1)
				if tc.limits != (Limits{}) {
					req.Spec.Limits = &tc.limits
				}
				r := call(t, c, req)
				wantClass(t, r, tc.class)
				if got := r.Finished - r.Started; got != tc.after || !IsTimeout(r.Err) {
					t.Errorf("took %v, want %v; %v", got, tc.after, r.Err)
				}
			})
		})
	}
}

// A body that is slow to be read is no standstill of the peer.
func TestASlowBodyIsNoStandstill(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c := newClient(t, &Options{Limits: Limits{ReadTimeout: time.Second}, Dial: piped(echo)}, Policy{})
		req := specified(t, pipeURL, RequestSpec{Method: "POST", KeepBody: true, Upload: &Upload{Length: 3, Open: func() (io.Reader, error) {
			return slowReader{iotest.OneByteReader(strings.NewReader("abc"))}, nil
		}}})
		r := call(t, c, req)
		wantOK(t, r, 200, "3 [] abc")
		if r.Phases.Send < 30*time.Second {
			t.Errorf("%+v", r.Phases)
		}
	})
}

type slowReader struct{ io.Reader }

func (s slowReader) Read(p []byte) (int, error) {
	time.Sleep(10 * time.Second)
	return s.Reader.Read(p)
}

func TestIsTimeout(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("a"), false},
		{context.DeadlineExceeded, false},
		{&fault{ClassConnectTimeout, opConnect, "a", errConnectTime}, true},
		{&fault{ClassReadTimeout, opReceive, "a", errSilence}, true},
		{fmt.Errorf("b: %w", &fault{ClassTimeout, opReceive, "a", errCallTime}), true},
		{&fault{ClassSend, opSend, "a", errStuck}, true},
		{&fault{ClassSend, opSend, "a", errnoPipe}, false},
		{&fault{ClassSend, opUpload, "a", &fault{ClassReadTimeout, opReceive, "b", errSilence}}, false},
		{&fault{ClassRefused, opConnect, "a", errnoRefused}, false},
	} {
		if got := IsTimeout(tc.err); got != tc.want {
			t.Errorf("%v: %t", tc.err, got)
		}
	}
}

func TestRule_14_3_InterimResponsesAreSkippedAndNothingIsWaitedFor(t *testing.T) {
	requests := make(chan []byte, 1)
	s := serve(t, nil, func(p *peer) {
		// The body is read before anything is said: a client that waits would not come on.
		req, err := http.ReadRequest(p.in)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- fmt.Appendf(nil, "%s %q %s", req.Header.Get("Expect"), req.Header, body)
		p.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okText)
	})
	c := newClient(t, nil, Policy{})
	for name, req := range map[string]*Request{
		"body":   newRequest(t, "POST", s.url, "hello", Header{"Expect", "100-continue"}),
		"upload": uploading(t, s.url, "hello", 5, Header{"Expect", "100-continue"}),
	} {
		r := call(t, c, req)
		wantOK(t, r, 200, "ok")
		if r.resp.Header("Link") != nil || r.resp.Proto() != "HTTP/1.1" {
			t.Errorf("%s: fields of an interim response", name)
		}
		got := <-requests
		if !bytes.HasPrefix(got, []byte("100-continue ")) || !bytes.HasSuffix(got, []byte(" hello")) {
			t.Errorf("%s: %s", name, got)
		}
		for _, never := range []string{"Referer", "Cookie"} {
			if bytes.Contains(got, []byte(never)) {
				t.Errorf("%s: %s was added", name, never)
			}
		}
		c.Close()
	}
}

// Without it the pieces of a body would wait for the acknowledgement of what went before.
func TestUploadsAreNotHeldBack(t *testing.T) {
	s := serve(t, nil, func(p *peer) {
		for p.request() != "" {
			p.say(okText)
		}
	})
	c := newClient(t, nil, Policy{})
	wantOK(t, call(t, c, uploading(t, s.url, "hello", 5)), 200, "ok")
	if cn := kept(t, c); !cn.noDelay || cn.sock.held != nil || cn.sock.look != 0 {
		t.Errorf("%t, %d bytes held, look at %v", cn.noDelay, len(cn.sock.held), cn.sock.look)
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
}
