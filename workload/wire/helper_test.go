package wire

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A peer is one accepted connection of a scripted server.
type peer struct {
	net.Conn
	in *bufio.Reader
	n  int // which connection it is, from 1
}

// request reads one request and returns it as it came; "" at the end of the connection.
func (p *peer) request() string {
	var text strings.Builder
	length := 0
	for {
		line, err := p.in.ReadString('\n')
		if err != nil {
			return ""
		}
		text.WriteString(line)
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
			length, _ = strconv.Atoi(strings.TrimSpace(value))
		}
		if line == "\r\n" {
			break
		}
	}
	if _, err := io.CopyN(&text, p.in, int64(length)); err != nil {
		return ""
	}
	return text.String()
}

func (p *peer) say(text string) { _, _ = io.WriteString(p.Conn, text) }

// answer gives the same answer to every request until the connection ends.
func answer(text string) func(*peer) {
	return func(p *peer) {
		for p.request() != "" {
			p.say(text)
		}
	}
}

// await blocks until the other side has closed.
func (p *peer) await() { _, _ = io.Copy(io.Discard, p.in) }

const okText = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// A server runs a script for every connection.
type server struct {
	ln       net.Listener
	url      string
	accepted atomic.Int64
	wg       sync.WaitGroup
}

// serve starts a server; with a configuration it speaks TLS.
func serve(t testing.TB, config *tls.Config, script func(*peer)) *server {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, config, script)
}

// serveOn is serve on a listener of the caller's, which it closes.
func serveOn(t testing.TB, ln net.Listener, config *tls.Config, script func(*peer)) *server {
	t.Helper()
	s := &server{ln: ln, url: "http://" + ln.Addr().String()}
	if config != nil {
		ln, s.url = tls.NewListener(ln, config), "https://"+ln.Addr().String()
	}
	s.run(ln, script)
	t.Cleanup(func() { _ = s.ln.Close(); s.wg.Wait() })
	return s
}

// run accepts connections until ln is closed.
func (s *server) run(ln net.Listener, script func(*peer)) {
	s.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			n := int(s.accepted.Add(1))
			s.wg.Go(func() {
				defer func() { _ = c.Close() }()
				script(&peer{Conn: c, in: bufio.NewReader(c), n: n})
			})
		}
	})
}

func (s *server) addr() string { return s.ln.Addr().String() }

// newClient returns a client that is closed before servers stop.
func newClient(t testing.TB, opts *Options, policy Policy) *Client {
	t.Helper()
	c := NewClient(NewClock(), opts, policy, nil)
	t.Cleanup(func() {
		c.Close()
		checkLedger(t, c)
		if c.Open() != 0 {
			t.Errorf("%d connections open after Close", c.Open())
		}
	})
	return c
}

// checkLedger holds the rule that every connection opened is open or has ended in one way.
func checkLedger(t testing.TB, c *Client) {
	t.Helper()
	n, open := c.opener.ledger.read() // together: with a pool others may close a connection meanwhile
	if n.Opened != n.ClosedByPeer+n.Retired+n.Discarded+n.Evicted+int64(open) {
		t.Errorf("counts do not add up: %+v, open %d", n, open)
	}
}

// tripTo returns a call that is about to look for a connection.
func tripTo(t testing.TB, c *Client, target string) *trip {
	t.Helper()
	req := get(t, target)
	return &trip{req: req, resp: new(Response), place: placeOf(req, c.opts), limits: &c.opts.Limits,
		span: span{ex: new(Exchange), clock: c.clock, mark: c.clock.Now()}}
}

// kept returns the connection that a client's store was given last for the place of its last call.
func kept(t testing.TB, c *Client) *conn {
	t.Helper()
	if c.pool.recent == nil || c.pool.recent.idle.last == nil {
		t.Fatal("no connection is kept")
	}
	return c.pool.recent.idle.last.item
}

// result is what one call left behind.
type result struct {
	Exchange
	resp *Response
}

// call sends req and checks what holds for every exchange.
func call(t testing.TB, c *Client, req *Request) result {
	t.Helper()
	return callWith(t, context.Background(), c, req)
}

func callWith(t testing.TB, ctx context.Context, c *Client, req *Request) result {
	t.Helper()
	r := result{resp: new(Response)}
	before := c.Counts()
	c.Do(ctx, req, r.resp, &r.Exchange)
	p := r.Phases
	if sum := p.Acquire + p.DNS + p.Connect + p.TLS + p.Send + p.Wait + p.Receive; sum != r.Finished-r.Started {
		t.Errorf("phases add up to %v of %v: %+v", sum, r.Finished-r.Started, p)
	}
	if (r.Class == "") != (r.Err == nil) || ClassOf(r.Err) != r.Class {
		t.Errorf("class %q with error %v", r.Class, r.Err)
	}
	if r.Status != r.resp.Status {
		t.Errorf("status %d in the exchange, %d in the response", r.Status, r.resp.Status)
	}
	if got := c.Counts().Attempts - before.Attempts; got != int64(r.Attempts) {
		t.Errorf("%d attempts counted, %d in the exchange", got, r.Attempts)
	}
	checkLedger(t, c)
	return r
}

func newRequest(t testing.TB, method, target string, body string, headers ...Header) *Request {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewRequest(RequestSpec{Method: method, URL: u, Headers: headers, Body: []byte(body), KeepBody: true})
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func get(t testing.TB, target string, headers ...Header) *Request {
	t.Helper()
	return newRequest(t, "GET", target, "", headers...)
}

func wantOK(t testing.TB, r result, status int, body string) {
	t.Helper()
	if r.Err != nil || r.Status != status || string(r.resp.Body) != body {
		t.Fatalf("status %d, body %.80q, error %v; want %d, %.80q", r.Status, r.resp.Body, r.Err, status, body)
	}
}

func wantClass(t testing.TB, r result, class Class) {
	t.Helper()
	if r.Class != class {
		t.Fatalf("class %q (%v), want %q", r.Class, r.Err, class)
	}
}

// withoutTimeWait is for comparing tallies where which FIN was first is a race.
func withoutTimeWait(c Counts) Counts {
	c.TimeWait = 0
	return c
}

// wantCounts compares the tallies, but for TimeWait: which FIN is first is often a race.
func wantCounts(t testing.TB, c *Client, want Counts) {
	t.Helper()
	got := c.Counts()
	got.TimeWait = want.TimeWait
	if got != want {
		t.Errorf("counts\n%+v, want\n%+v", got, want)
	}
}

// identity returns a server configuration and a client's that trusts it.
func identity(t testing.TB) (srv, cli *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "wire test"},
		NotBefore:    time.Unix(0, 0), // bubbles live in the year 2000
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:     []string{"one.test", "two.test"},

		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	srv = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return srv, &tls.Config{RootCAs: roots}
}

// reset makes c end with an RST.
func reset(t testing.TB, c net.Conn) {
	t.Helper()
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		t.Error("no TCP connection")
		return
	}
	if err := errors.Join(tcp.SetLinger(0), tcp.Close()); err != nil {
		t.Error(err)
	}
}

// placeOf returns where the connection for req belongs.
func placeOf(req *Request, opts *Options) (at place) {
	at.find(req, opts)
	return at
}
