package wire

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// readWhole reads a response from text as from a connection that then ends.
func readWhole(text []byte, isHead bool) (*Response, *receiver, error) {
	r := newReceiver(&Options{MaxBodyBytes: 1 << 20})
	r.begin(bytes.NewReader(text))
	resp := new(Response)
	err := readResponse(r, &Request{Head: isHead, KeepBody: true}, resp)
	return resp, r, err
}

// readResponse reads what a call without a stream reads.
func readResponse(r *receiver, req *Request, resp *Response) error {
	if err := r.readFinal(resp); err != nil {
		return err
	}
	return r.readBody(req, resp)
}

// Whatever comes, reading ends without a panic; and where net/http understands a response as well,
// it understands the same. The same bytes in small pieces give the same response.
func FuzzResponse(f *testing.F) {
	for _, text := range []string{
		okText,
		"HTTP/1.1 200 OK\r\n\r\nto the end",
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nabc",
		"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n" + okText,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\nHTTP/1.1 ",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\nX: a\r\n b\r\nSet-Cookie: a=b\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
		"HTTP/1.1 200 OK\r\nA B: c\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes",
	} {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nX: a\r\n \t\r\n\r\nto the end"), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTrailer: Content-Length,\r\n X\r\nContent-Length: 1\r\n\r\na"), false)
	f.Fuzz(func(t *testing.T, text []byte, isHead bool) {
		resp, r, err := readWhole(text, isHead)
		inPieces, streamErr := readStreamed(text, isHead)
		if (err == nil) != (streamErr == nil) || err == nil && !bytes.Equal(inPieces.Body, resp.Body) {
			t.Errorf("streamed: %q, %v; whole: %q, %v", inPieces.Body, streamErr, resp.Body, err)
		}
		if err != nil {
			if class := transferFault(opReceive, "a", err).class; class != ClassProtocol && class != ClassTooLarge && class != ClassClosedEarly {
				t.Errorf("class %q for %v", class, err)
			}
			return
		}
		if resp.Status < 101 || resp.Status == 103 {
			t.Errorf("final status %d", resp.Status)
		}
		var fields fasthttp.ResponseHeader
		if err := fields.Read(bufio.NewReaderSize(bytes.NewReader(resp.plainHead()), len(resp.raw)+1)); err != nil || fields.StatusCode() != resp.Status {
			t.Errorf("fasthttp says %v, status %d", err, fields.StatusCode())
		}
		resp.Fields(func(name, value []byte) {})
		resp.Fields(func(name, value []byte) {
			if !isToken(name) || !printable(value) {
				t.Errorf("field %q: %q", name, value)
			}
		})
		resp.EachSetCookie(func(value []byte) {})

		slow := newReceiver(&Options{MaxBodyBytes: 1 << 20})
		slow.begin(oneByte{bytes.NewReader(text)})
		again := new(Response)
		if err := readResponse(slow, &Request{Head: isHead, KeepBody: true}, again); err != nil || again.Status != resp.Status || !bytes.Equal(again.Body, resp.Body) || slow.ended != r.ended {
			t.Errorf("in pieces: %v, %d, %q; whole: %d, %q", err, again.Status, again.Body, resp.Status, resp.Body)
		}
		r.begin(bytes.NewReader(text))
		if err := readResponse(r, &Request{Head: isHead, KeepBody: true}, again); err != nil || again.head != resp.head {
			t.Errorf("with its head known: %v, %+v; unknown: %+v", err, again.head, resp.head)
		}
		compare(t, text, isHead, resp)
	})
}

// compare reads text with net/http, skipping interim responses as its client does.
func compare(t *testing.T, text []byte, isHead bool, resp *Response) {
	method := "GET"
	if isHead {
		method = "HEAD"
	}
	br := bufio.NewReader(bytes.NewReader(text))
	for {
		std, err := http.ReadResponse(br, &http.Request{Method: method})
		if err != nil {
			return
		}
		if std.StatusCode >= 100 && std.StatusCode < 200 && std.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(std.Body)
		if err != nil {
			return
		}
		if std.StatusCode == 101 {
			body = nil // net/http hands over the rest of the connection
		}
		if std.StatusCode != resp.Status || !bytes.Equal(body, resp.Body) {
			t.Errorf("status %d, body %q; net/http has %d, %q", resp.Status, resp.Body, std.StatusCode, body)
		}
		compareFields(t, resp, std)
		if got, want := resp.Header("Location"), std.Header.Get("Location"); len(std.Header["Location"]) == 1 && string(got) != want {
			t.Errorf("Location %q; net/http has %q", got, want)
		}
		return
	}
}

// compareFields holds the fields against those of net/http, which takes some out.
func compareFields(t *testing.T, resp *Response, std *http.Response) {
	if resp.Reason() != "" && std.Status != strconv.Itoa(resp.Status)+" "+resp.Reason() {
		t.Errorf("reason %q; net/http has %q", resp.Reason(), std.Status)
	}
	left := std.Header.Clone()
	resp.Fields(func(name, value []byte) {
		key := http.CanonicalHeaderKey(string(name))
		if values := left[key]; len(values) > 0 {
			if oneBlank(values[0]) != oneBlank(string(value)) {
				t.Errorf("%s: %q; net/http has %q", key, value, values[0])
			}
			left[key] = values[1:]
		}
	})
	for key, values := range left {
		if len(values) > 0 {
			t.Errorf("%s: %q not among the fields", key, values)
		}
	}
}

// oneBlank makes one blank of several: where lines are joined net/http leaves those before.
func oneBlank(s string) string { return strings.Join(strings.Fields(s), " ") }

type oneByte struct{ from io.Reader }

func (o oneByte) Read(p []byte) (int, error) {
	return o.from.Read(p[:min(len(p), 1)])
}
