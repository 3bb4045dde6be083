package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// A truthTally is what servers saw, whatever Clients think.
type truthTally struct {
	accepted, open   atomic.Int64 // connections
	full, resumed    atomic.Int64 // TLS handshakes
	requests, reused atomic.Int64 // reused: on a connection that had carried one before
	read, written    atomic.Int64 // bytes of the transport
	early            atomic.Int64 // connections with 0-RTT
}

// A truthServer is servers of one protocol at some addresses, which do with each request what its query asks
// for, and count together.
type truthServer struct {
	truthTally
	t      testing.TB
	http   Protocol
	config *tls.Config // nil: plain
	quit   chan struct{}
	hosts  []*truthHost
}

// A truthHost is the server at one address.
type truthHost struct {
	all  *truthServer
	addr string
	mu   sync.Mutex
	stop func() // ends all its connections and waits for whoever serves them
}

// A truthConn is one connection to a server.
type truthConn struct {
	requests atomic.Int64
	end      func(abruptly bool)
}

type truthKey struct{}

const anyPort = "127.0.0.1:0"

func newTruthServer(t testing.TB, p Protocol, config *tls.Config, hosts int) *truthServer {
	s := &truthServer{t: t, http: p, quit: make(chan struct{})}
	if config != nil {
		s.config = config.Clone()
		s.config.VerifyConnection = func(state tls.ConnectionState) error {
			if state.DidResume {
				s.resumed.Add(1)
			} else {
				s.full.Add(1)
			}
			return nil
		}
	}
	for range hosts {
		h := &truthHost{all: s, addr: anyPort}
		if err := h.start(); err != nil {
			t.Fatal(err)
		}
		s.hosts = append(s.hosts, h)
	}
	return s
}

func (s *truthServer) close() {
	close(s.quit)
	for _, h := range s.hosts {
		h.halt()
	}
}

func (h *truthHost) halt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}

func (h *truthHost) start() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all.http == HTTP3 {
		return h.startQUIC()
	}
	ln, err := net.Listen("tcp", h.addr)
	if err != nil {
		return err
	}
	if h.addr == anyPort {
		h.addr = ln.Addr().String()
	}
	s := h.all
	srv := &http.Server{Handler: s, Protocols: new(http.Protocols), TLSConfig: s.config.Clone(),
		ErrorLog: log.New(io.Discard, "", 0), ConnContext: truthContext}
	srv.Protocols.SetHTTP1(s.http == HTTP1)
	srv.Protocols.SetHTTP2(s.http == HTTP2)
	srv.Protocols.SetUnencryptedHTTP2(s.http == H2C)
	var wg sync.WaitGroup
	wg.Go(func() {
		if s.config != nil {
			_ = srv.ServeTLS(truthListener{ln, s}, "", "")
		} else {
			_ = srv.Serve(truthListener{ln, s})
		}
	})
	h.stop = func() { _ = srv.Close(); wg.Wait() }
	return nil
}

func (h *truthHost) startQUIC() error {
	udp, err := net.ListenPacket("udp", h.addr)
	if err != nil {
		return err
	}
	if h.addr == anyPort {
		h.addr = udp.LocalAddr().String()
	}
	s := h.all
	transport := &quic.Transport{Conn: truthPackets{udp, s}}
	ln, err := transport.ListenEarly(http3.ConfigureTLSConfig(s.config), &quic.Config{Allow0RTT: true, MaxIdleTimeout: http3Idle})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			q, err := ln.Accept(context.Background())
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.open.Add(1)
			wg.Go(func() { s.serveQUIC(q) })
		}
	})
	h.stop = func() {
		_ = ln.Close()
		_ = transport.Close()
		_ = udp.Close()
		wg.Wait()
	}
	return nil
}

func (s *truthServer) serveQUIC(q *quic.Conn) {
	defer s.open.Add(-1)
	c := &truthConn{end: func(abruptly bool) {
		code := quic.ApplicationErrorCode(codeNoError)
		if abruptly {
			code = 0x102 // H3_INTERNAL_ERROR
		}
		_ = q.CloseWithError(code, "")
	}}
	srv := &http3.Server{Handler: s, ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
		return context.WithValue(ctx, truthKey{}, c)
	}}
	_ = srv.ServeQUICConn(q)
	<-q.Context().Done()
	if q.ConnectionState().Used0RTT {
		s.early.Add(1)
	}
}

type truthListener struct {
	net.Listener
	s *truthServer
}

func (l truthListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.s.accepted.Add(1)
	l.s.open.Add(1)
	return &truthSocket{Conn: c, s: l.s}, nil
}

type truthSocket struct {
	net.Conn
	s    *truthServer
	once sync.Once
}

func (c *truthSocket) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.s.read.Add(int64(n))
	return n, err
}

func (c *truthSocket) Write(p []byte) (int, error) {
	c.s.written.Add(int64(len(p))) // before, so that nobody has what is not counted
	n, err := c.Conn.Write(p)
	c.s.written.Add(int64(n - len(p)))
	return n, err
}

func (c *truthSocket) Close() error {
	c.once.Do(func() { c.s.open.Add(-1) })
	return c.Conn.Close()
}

func (c *truthSocket) end(abruptly bool) {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && abruptly {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

func truthContext(ctx context.Context, c net.Conn) context.Context {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return context.WithValue(ctx, truthKey{}, &truthConn{end: c.(*truthSocket).end})
}

// truthPackets has what QUIC looks for to give a socket larger buffers, without which it drops what closes connections.
type truthPackets struct {
	net.PacketConn
	s *truthServer
}

func (p truthPackets) udp() *net.UDPConn { return p.PacketConn.(*net.UDPConn) }

func (p truthPackets) SetReadBuffer(n int) error  { return p.udp().SetReadBuffer(n) }
func (p truthPackets) SetWriteBuffer(n int) error { return p.udp().SetWriteBuffer(n) }

func (p truthPackets) SyscallConn() (syscall.RawConn, error) { return p.udp().SyscallConn() }

func (p truthPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, addr, err := p.PacketConn.ReadFrom(b)
	p.s.read.Add(int64(max(n, 0)))
	return n, addr, err
}

func (p truthPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	p.s.written.Add(int64(len(b)))
	return p.PacketConn.WriteTo(b, to)
}

// truthByte is what stands at place i of the body with that number: a mix-up is seen.
func truthByte(id, i int) byte { return byte(id*31 + i*7 + i>>8) }

func truthBody(id, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = truthByte(id, i)
	}
	return b
}

// ServeHTTP does what the query asks for.
func (s *truthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(truthKey{}).(*truthConn)
	s.requests.Add(1)
	if c.requests.Add(1) > 1 {
		s.reused.Add(1)
	}
	q := r.URL.Query()
	a := truthAnswer{s: s, c: c, w: w, r: r, act: q.Get("act"), id: number(q, "id"), size: number(q, "size")}
	if a.act != "early" {
		sum := crc32.NewIEEE()
		n, err := io.Copy(sum, r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // who sends is gone; net/http does not tell who waits for that
		}
		w.Header().Set("X-Got", fmt.Sprintf("%d %08x", n, sum.Sum32()))
	}
	w.Header().Set("X-Id", q.Get("id"))
	a.give()
}

func number(q url.Values, name string) int {
	n, _ := strconv.Atoi(q.Get(name))
	return n
}

type truthAnswer struct {
	s        *truthServer
	c        *truthConn
	w        http.ResponseWriter
	r        *http.Request
	act      string
	id, size int
}

func (a *truthAnswer) give() {
	body := truthBody(a.id, a.size)
	head := a.w.Header()
	if a.id%3 != 0 { // else chunked, where it is long
		head.Set("Content-Length", strconv.Itoa(a.size))
	}
	switch a.act {
	case "announce":
		head.Set("Connection", "close")
		_, _ = a.w.Write(body)
	case "silent":
		a.silent(body)
	case "idle":
		_, _ = a.w.Write(body)
		time.AfterFunc(time.Duration(a.id%5)*time.Millisecond, func() { a.c.end(a.id%2 == 0) })
	case "drop", "reset":
		a.c.end(a.act == "reset")
		panic(http.ErrAbortHandler)
	case "abort":
		panic(http.ErrAbortHandler)
	case "cut":
		_, _ = a.w.Write(body[:a.size/2])
		_ = http.NewResponseController(a.w).Flush()
		panic(http.ErrAbortHandler)
	case "stall", "stallhalf":
		if a.act == "stallhalf" && a.size > 0 && a.r.Method != "HEAD" { // half of nothing would be all
			_, _ = a.w.Write(body[:a.size/2])
			_ = http.NewResponseController(a.w).Flush()
		}
		select {
		case <-a.r.Context().Done():
		case <-a.s.quit:
		}
		panic(http.ErrAbortHandler)
	case "slow":
		for n := max(1, a.size/4); len(body) > n; body = body[n:] {
			_, _ = a.w.Write(body[:n])
			_ = http.NewResponseController(a.w).Flush()
		}
		_, _ = a.w.Write(body)
	case "redirect":
		head.Set("Location", "/elsewhere")
		a.w.WriteHeader(http.StatusFound)
		_, _ = a.w.Write(body)
	default:
		_, _ = a.w.Write(body)
	}
}

// silent ends the connection after a response that did not announce it.
func (a *truthAnswer) silent(body []byte) {
	hijacker, ok := a.w.(http.Hijacker)
	if !ok {
		_, _ = a.w.Write(body)
		_ = http.NewResponseController(a.w).Flush()
		a.c.end(false)
		return
	}
	c, buf, err := hijacker.Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	if a.r.Method == "HEAD" {
		body = nil
	}
	w := bufio.NewWriter(buf)
	_, _ = fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX-Id: %d\r\nX-Got: %s\r\n\r\n", a.size, a.id, a.w.Header().Get("X-Got"))
	_, _ = w.Write(body)
	_ = w.Flush()
	_ = buf.Flush()
}
