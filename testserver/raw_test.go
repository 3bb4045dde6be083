package testserver

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestResetSendsRST(t *testing.T) {
	c := dial(t, start(t, Config{}))
	c.ask("/reset")
	if _, err := c.in.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v, want a reset", err)
	}
}

func TestResetBreaksTLSAndHTTP2Too(t *testing.T) {
	for _, cfg := range []Config{{TLS: true}, {TLS: true, HTTP2: true}, {HTTP2: true}} {
		s := start(t, cfg)
		if resp, err := newClient(t, s).Get(s.URL() + "/reset"); err == nil {
			resp.Body.Close()
			t.Errorf("%+v: response %d", cfg, resp.StatusCode)
		}
		eventually(t, "the connection is gone", func() bool { return s.Stats().Connections.Open == 0 })
	}
}

func TestCloseEarlySendsLessThanPromised(t *testing.T) {
	c := dial(t, start(t, Config{}))
	c.ask("/close-early?length=100&sent=7")
	if got, want := c.rest(), "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxxxxxxx"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEOFEndsTheBodyByClosing(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.ask("/eof?bytes=5")
	if got, want := c.rest(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nxxxxx"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, body := get(t, newClient(t, s), s.URL()+"/eof?bytes=2000"); len(body) != 2000 {
		t.Errorf("net/http's client read %d bytes", len(body))
	}
}

func TestMalformedIsMalformed(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	for kind := range nonsense() {
		resp, err := client.Get(s.URL() + "/malformed?kind=" + kind)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		if err == nil && kind != "header-name" { // net/http is lenient there
			t.Errorf("net/http's client takes %s for a good response", kind)
		}
	}
}

func TestHTTP10SaysSo(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.ask("/http10")
	resp, body := c.response()
	if resp.Proto != "HTTP/1.0" || body != "HTTP/1.0\n" || c.rest() != "" {
		t.Errorf("%s %q", resp.Proto, body)
	}
}

func TestHTTP10KeepAliveKeepsTheConnection(t *testing.T) {
	for _, cfg := range []Config{{}, {TLS: true}} {
		s := start(t, cfg)
		c := dial(t, s)
		for range 3 {
			c.ask("/http10-keepalive")
			if resp, _ := c.response(); resp.Proto != "HTTP/1.0" || resp.Header.Get("Connection") != "keep-alive" {
				t.Fatalf("%s %v", resp.Proto, resp.Header)
			}
			c.ask("/")
			if resp, _ := c.response(); resp.Proto != "HTTP/1.1" {
				t.Fatalf("then %s", resp.Proto)
			}
		}
		if stats := s.Stats(); stats.Connections.Accepted != 1 || stats.RequestsPerConnection.Connections[6] != 1 {
			t.Errorf("stats %+v", stats)
		}
	}
}

func TestPipelinedRequestsSurviveATakenConnection(t *testing.T) {
	c := dial(t, start(t, Config{IgnoreConnectionClose: true}))
	one := "GET /http10-keepalive HTTP/1.1\r\nHost: a\r\n\r\n"
	two := "GET /http10-keepalive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	c.send(strings.Repeat(one+two, 3) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	for range 6 {
		if resp, body := c.response(); resp.Proto != "HTTP/1.0" || body != "HTTP/1.0\n" {
			t.Fatalf("%s %q", resp.Proto, body)
		}
	}
	if _, body := c.response(); body != "sessbench test server\n" {
		t.Errorf("last %q", body)
	}
}

func TestSilentCloseDoesNotSayThatItCloses(t *testing.T) {
	c := dial(t, start(t, Config{}))
	for range 2 {
		c.ask("/silent-close?after=3")
		if _, body := c.response(); body != "stay\n" {
			t.Fatalf("%q", body)
		}
	}
	c.ask("/silent-close?after=3")
	resp, body := c.response()
	if resp.Close || body != "bye\n" {
		t.Errorf("close %v, body %q", resp.Close, body)
	}
	if rest := c.rest(); rest != "" {
		t.Errorf("then %q", rest)
	}
}

func TestOwnBytesNeedHTTP1(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP2: true})
	client := newClient(t, s)
	for _, path := range []string{"/eof", "/http10", "/http10-keepalive", "/silent-close", "/close-early", "/malformed"} {
		if resp, _ := get(t, client, s.URL()+path); resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s over HTTP/2: %d", path, resp.StatusCode)
		}
	}
}

func TestStallSendsHeadAndBytesBeforeTheSilence(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	c.ask("/stall?after=26&for=10m")
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	start := make([]byte, 26)
	if _, err := io.ReadFull(resp.Body, start); err != nil {
		t.Fatal(err)
	}
	if resp.ContentLength != 27 || string(start) != "abcdefghijklmnopqrstuvwxyz" {
		t.Errorf("length %d, start %q", resp.ContentLength, start)
	}
	c.Close() // the server notices, and does not wait ten minutes
	eventually(t, "the stalled request ends", func() bool { return s.Stats().ServiceTime.Count == 1 })
}

func TestIgnoringConnectionCloseKeepsTheConnection(t *testing.T) {
	for _, cfg := range []Config{{IgnoreConnectionClose: true}, {IgnoreConnectionClose: true, TLS: true}} {
		s := start(t, cfg)
		c := dial(t, s)
		for _, target := range []string{"/", "/bytes/100000", "/chunked/3000", "/status/204", "/httpbin/get", "/nowhere", "/status/304", "/echo"} {
			c.ask(target, "Connection: close")
			if resp, _ := c.response(); resp.Close {
				t.Errorf("%s: the response says that the connection closes", target)
			}
		}
		c.ask("/") // and those that did not ask for it
		c.response()
		c.ask("/close", "Connection: close") // the server's own wish stands
		if resp, _ := c.response(); !resp.Close {
			t.Error("/close does not say so")
		}
		if rest := c.rest(); rest != "" {
			t.Errorf("then %q", rest)
		}
		if stats := s.Stats(); stats.Connections.Accepted != 1 || stats.Requests != 10 {
			t.Errorf("stats %+v", stats)
		}
	}
}

func TestAKeptConnectionHasItsBodiesRead(t *testing.T) {
	c := dial(t, start(t, Config{IgnoreConnectionClose: true}))
	for range 3 {
		c.send("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 50000\r\n\r\n" + strings.Repeat("x", 50000))
		if _, body := c.response(); !strings.Contains(body, `"body_bytes": 50000`) {
			t.Fatal(body)
		}
	}
	c.send("HEAD /bytes/10 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
	resp, err := http.ReadResponse(c.in, &http.Request{Method: "HEAD"})
	if err != nil || resp.ContentLength != 10 {
		t.Fatalf("HEAD: %v, %v", resp, err)
	}
	if _, body := c.response(); body != "sessbench test server\n" {
		t.Errorf("after HEAD: %q", body)
	}
}

func TestConnectionCloseIsHonouredByDefault(t *testing.T) {
	c := dial(t, start(t, Config{}))
	c.ask("/", "Connection: close")
	resp, _ := c.response()
	if rest := c.rest(); !resp.Close || rest != "" {
		t.Errorf("close %v, then %q", resp.Close, rest)
	}
}

func TestMaxRequestsPerConnClosesAndSaysSo(t *testing.T) {
	for _, cfg := range []Config{{MaxRequestsPerConn: 3}, {MaxRequestsPerConn: 3, IgnoreConnectionClose: true}} {
		c := dial(t, start(t, cfg))
		for number := 1; number <= 3; number++ {
			c.ask("/", "Connection: close")
			if !cfg.IgnoreConnectionClose {
				number = 3 // the first one closes
			}
			if resp, _ := c.response(); resp.Close != (number == 3) {
				t.Errorf("%+v: request %d: close %v", cfg, number, resp.Close)
			}
		}
		if rest := c.rest(); rest != "" {
			t.Errorf("then %q", rest)
		}
	}
}

func TestMaxRequestsPerConnInEveryProtocol(t *testing.T) {
	for _, cfg := range []Config{{}, {TLS: true}, {TLS: true, HTTP2: true}, {HTTP2: true}} {
		cfg.MaxRequestsPerConn = 4
		s := start(t, cfg)
		client := newClient(t, s)
		for range 12 {
			get(t, client, s.URL()+"/")
		}
		if stats := s.Stats(); stats.Connections.Accepted != 3 || stats.RequestsPerConnection.Connections[4] != 3 {
			t.Errorf("%+v: stats %+v", cfg, stats)
		}
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	s := start(t, Config{IdleTimeout: time.Second})
	before, after := dial(t, s), dial(t, s)
	after.ask("/")
	after.response()
	for name, c := range map[string]*raw{"without a request": before, "after a request": after} {
		if _, err := c.in.ReadByte(); err != io.EOF {
			t.Errorf("%s: %v, want EOF", name, err)
		}
	}
}

func TestPutBackBytesAreReadFirst(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := &tap{Conn: near}
	c.putBack([]byte("cd"))
	c.putBack([]byte("ab"))
	go func() { io.WriteString(far, "ef"); far.Close() }()
	all, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(all, []byte("abcdef")) {
		t.Errorf("%q, %v", all, err)
	}
}
