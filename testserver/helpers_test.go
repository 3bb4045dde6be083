package testserver

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// start starts a server that the test's end closes.
func start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// roots returns a pool with the server's authority.
func roots(t testing.TB, s *Server) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CAPEM()) {
		t.Fatal("CAPEM holds no certificate")
	}
	return pool
}

// newClient returns a net/http client with connections of its own. It follows no
// redirects.
func newClient(t testing.TB, s *Server) *http.Client {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: s.cfg.HTTP2}
	if s.cfg.HTTP2 {
		// What a new connection of HTTP/2 is for gets it a moment before others may share it: a second
		// request could open another one.
		transport.MaxConnsPerHost = 1
	}
	if s.cfg.TLS {
		transport.TLSClientConfig = &tls.Config{RootCAs: roots(t, s)}
	} else if s.cfg.HTTP2 {
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// get gets a path and returns the response with its body read.
func get(t testing.TB, client *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: reading the body: %v", url, err)
	}
	return resp, string(body)
}

// A raw connection, for tests in which the bytes matter.
type raw struct {
	net.Conn
	in *bufio.Reader
	t  testing.TB
}

func dial(t testing.TB, s *Server) *raw {
	t.Helper()
	var c net.Conn
	var err error
	if s.cfg.TLS {
		c, err = tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: roots(t, s)})
	} else {
		c, err = net.Dial("tcp", s.Addr())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second)) // only a hang gets there
	return &raw{c, bufio.NewReader(c), t}
}

func (r *raw) send(text string) {
	r.t.Helper()
	if _, err := io.WriteString(r, text); err != nil {
		r.t.Fatal(err)
	}
}

// ask sends a GET with optional header lines.
func (r *raw) ask(target string, lines ...string) {
	r.t.Helper()
	head := append([]string{"GET " + target + " HTTP/1.1", "Host: test"}, lines...)
	r.send(strings.Join(head, "\r\n") + "\r\n\r\n")
}

// response reads one response with its body.
func (r *raw) response() (*http.Response, string) {
	r.t.Helper()
	resp, err := http.ReadResponse(r.in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(body)
}

// rest reads to the end of the connection.
func (r *raw) rest() string {
	r.t.Helper()
	all, err := io.ReadAll(r.in)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(all)
}

// eventually waits until a condition holds that another goroutine brings about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		<-tick.C
	}
}
