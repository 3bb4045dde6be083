package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Whatever a proxy answers to CONNECT, reading ends, with a tunnel only for what net/http too takes for
// a 200; in small pieces it is the same.
func FuzzTunnelAnswer(f *testing.F) {
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.0 200 Connection established\r\nA: b\r\n\r\nbehind",
		"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 502 \xc3\xa9\xff" + strings.Repeat("x", 120) + "\r\n\r\n",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 101\r\n\r\n",
		"",
	} {
		f.Add([]byte(text))
	}
	const limit = 4 << 10
	f.Fuzz(func(t *testing.T, text []byte) {
		refusal, left, err := readTunnelAnswer(bytes.NewReader(text), limit)
		again, leftAgain, errAgain := readTunnelAnswer(oneByte{bytes.NewReader(text)}, limit)
		if err == nil && refusal != nil && (again == nil || *again != *refusal) {
			t.Errorf("%v whole, %v in pieces", refusal, again)
		}
		if (err == nil) != (errAgain == nil) && err != error(errTooSoon) {
			t.Errorf("%v whole, %v in pieces", err, errAgain)
		}
		if err == nil && left > leftAgain {
			t.Errorf("%d left whole, %d in pieces", left, leftAgain)
		}
		if err != nil {
			if f, ok := errors.AsType[*fault](tunnelFault("a", err)); !ok || f.class != ClassProxy {
				t.Errorf("class of %v", err)
			}
			return
		}
		if refusal != nil {
			if refusal.Status == 200 || len(refusal.Reason) > reasonLength || !printable([]byte(refusal.Reason)) {
				t.Errorf("%+v", refusal)
			}
			return
		}
		br := bufio.NewReader(bytes.NewReader(text))
		for {
			std, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
			if err != nil {
				return // net/http is stricter in places
			}
			if std.StatusCode >= 200 || std.StatusCode == 101 {
				if std.StatusCode != 200 {
					t.Errorf("a tunnel for %d", std.StatusCode)
				}
				return
			}
		}
	})
}

// Whatever a SOCKS4 proxy answers, only a grant opens a tunnel.
func FuzzSOCKS4Answer(f *testing.F) {
	f.Add([]byte("\x00\x5a\x00\x00\x00\x00\x00\x00"), "one.test")
	f.Add([]byte("\x00\x5b\x00\x00\x00\x00\x00\x00"), "127.0.0.1")
	f.Add([]byte("HTTP/1.1"), "::1")
	f.Fuzz(func(t *testing.T, answer []byte, host string) {
		var sent bytes.Buffer
		err := askSOCKS4(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(answer), &sent}, &Proxy{}, destination{host, 80})
		granted := len(answer) >= 8 && answer[0] == 0 && answer[1] == socks4Granted
		if (err == nil) != granted {
			t.Errorf("%v for %q", err, answer)
		}
		if n := sent.Len(); n != 9 && n != 9+len(host)+1 {
			t.Errorf("sent %q", sent.Bytes())
		}
	})
}
