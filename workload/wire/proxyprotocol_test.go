package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/internal/programs"
)

// readProxyHeader reads a PROXY protocol header of either version, and says it in words: "from to", "unknown", "local",
// or "unix PATH". size is how long it was.
func readProxyHeader(in *bufio.Reader) (text string, size int, err error) {
	start, err := in.Peek(5)
	if err != nil {
		return "", 0, err
	}
	if string(start) == "PROXY" {
		line, err := in.ReadString('\n')
		var family, from, to string
		var fromPort, toPort uint16
		switch n, _ := fmt.Sscanf(line, "PROXY %s %s %s %d %d\r\n", &family, &from, &to, &fromPort, &toPort); {
		case err != nil:
			return "", 0, err
		case line == "PROXY UNKNOWN\r\n":
			return "unknown", len(line), nil
		case n != 5 || len(line) > 107 || !strings.HasSuffix(line, "\r\n"):
			return "", 0, fmt.Errorf("header %q", line)
		case (family == "TCP4") != netip.MustParseAddr(from).Is4():
			return "", 0, fmt.Errorf("family in %q", line)
		}
		return fmt.Sprint(netip.AddrPortFrom(netip.MustParseAddr(from), fromPort), " ", netip.AddrPortFrom(netip.MustParseAddr(to), toPort)), len(line), nil
	}
	return readProxyBinary(in)
}

func readProxyBinary(in io.Reader) (text string, size int, err error) {
	var fixed struct {
		Signature       [12]byte
		Version, Family byte
		Length          uint16
	}
	if err := binary.Read(in, binary.BigEndian, &fixed); err != nil {
		return "", 0, err
	}
	if fixed.Signature != [12]byte{0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a} {
		return "", 0, fmt.Errorf("signature %x", fixed.Signature)
	}
	rest := make([]byte, fixed.Length)
	if _, err := io.ReadFull(in, rest); err != nil {
		return "", 0, err
	}
	ends := func(n int) string {
		from, _ := netip.AddrFromSlice(rest[:n])
		to, _ := netip.AddrFromSlice(rest[n : 2*n])
		return fmt.Sprint(netip.AddrPortFrom(from, binary.BigEndian.Uint16(rest[2*n:])), " ", netip.AddrPortFrom(to, binary.BigEndian.Uint16(rest[2*n+2:])))
	}
	size = 16 + len(rest)
	switch kind := [3]int{int(fixed.Version), int(fixed.Family), len(rest)}; kind {
	case [3]int{0x20, 0x00, 0}:
		return "local", size, nil
	case [3]int{0x21, 0x11, 12}:
		return ends(4), size, nil
	case [3]int{0x21, 0x21, 36}:
		return ends(16), size, nil
	case [3]int{0x21, 0x31, 216}:
		return "unix " + strings.TrimRight(string(rest[108:]), "\x00"), size, nil
	default:
		return "", 0, fmt.Errorf("version, family and length %x", kind)
	}
}

// An announced listener takes the header off every connection it accepts.
type announced struct {
	net.Listener
	headers chan string // what was told
	sizes   chan int
	ends    chan string // what is
}

func (l *announced) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	in := bufio.NewReader(c)
	text, size, err := readProxyHeader(in)
	if err != nil {
		text = err.Error()
	}
	l.headers <- text
	l.sizes <- size
	l.ends <- fmt.Sprint(c.RemoteAddr(), " ", c.LocalAddr())
	return buffered{c, in}, nil
}

type buffered struct {
	net.Conn
	in *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

func announcedOn(t *testing.T, network, addr string) *announced {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Skip(err)
	}
	return &announced{ln, make(chan string, 8), make(chan int, 8), make(chan string, 8)}
}

func TestProxyProtocol(t *testing.T) {
	srv, cli := identity(t)
	for _, version := range []int{1, 2} {
		for _, host := range []string{"127.0.0.1", "[::1]"} {
			for scheme, config := range map[string]*tls.Config{"http": nil, "https": srv} {
				t.Run(fmt.Sprint(version, host, scheme), func(t *testing.T) {
					ln := announcedOn(t, "tcp", host+":0")
					serveOn(t, ln, config, answer(okText))
					opts := &Options{TLS: cli, Socket: SocketOptions{ProxyProtocol: version},
						ConnectTo: []Redirection{{ToHost: host, ToPort: port(endpoint(t, "http://"+ln.Addr().String()))}}}
					c := newClient(t, opts, Policy{})
					with := call(t, c, get(t, scheme+"://one.test"))
					wantOK(t, with, 200, "ok")
					if got, want := <-ln.headers, <-ln.ends; got != want {
						t.Errorf("told %q, is %q", got, want)
					}
					wantOK(t, call(t, c, get(t, scheme+"://one.test")), 200, "ok")
					wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1, TLSFull: int64(len(scheme) - len("http"))})
					if scheme == "http" {
						if want := int64(len(get(t, "http://one.test").Raw) + <-ln.sizes); with.BytesOut != want {
							t.Errorf("%d bytes sent, want %d", with.BytesOut, want)
						}
					}
				})
			}
		}
	}
}

// A Unix socket and what is no socket have no such ends.
func TestProxyProtocolWhereThereIsNoTCP(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server")
	piped := func(context.Context, string) (net.Conn, error) { return net.Dial("unix", path) }
	for want, opts := range map[string]*Options{
		"unknown":      {Socket: SocketOptions{UnixSocket: path, ProxyProtocol: 1}},
		"unix " + path: {Socket: SocketOptions{UnixSocket: path, ProxyProtocol: 2}},
		"local":        {Socket: SocketOptions{ProxyProtocol: 2}, Dial: piped},
	} {
		ln := announcedOn(t, "unix", path)
		s := serveOn(t, ln, nil, answer(okText))
		c := newClient(t, opts, Policy{})
		wantOK(t, call(t, c, get(t, "http://127.0.0.1")), 200, "ok")
		if got := <-ln.headers; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		_ = s.ln.Close()
	}
	if raw := appendProxyUnix(nil, "@name"); string(raw[16+108:16+108+6]) != "\x00name\x00" {
		t.Errorf("%q", raw)
	}
}

// Through a proxy the header is the proxy's, before its own TLS.
func TestProxyProtocolTowardsAProxy(t *testing.T) {
	srv, cli := identity(t)
	target, asked := serveTarget(t, srv)
	ln := announcedOn(t, "tcp", "127.0.0.1:0")
	serveOn(t, ln, srv, func(p *peer) {
		if text := p.request(); strings.HasPrefix(text, "CONNECT ") {
			p.join(target.addr(), "HTTP/1.1 200 OK\r\n\r\n")
		}
	})
	e := endpoint(t, "http://"+ln.Addr().String())
	proxy := &Proxy{Kind: ProxyHTTPS, Host: e.Host, Port: e.Port, TLS: cli}
	c := newClient(t, &Options{TLS: cli, Socket: SocketOptions{ProxyProtocol: 2}}, Policy{})
	wantOK(t, call(t, c, via(t, proxy, target.url)), 200, "ok")
	if got, want := <-ln.headers, <-ln.ends; got != want {
		t.Errorf("told %q, is %q", got, want)
	}
	if got := <-asked; !strings.HasPrefix(got, "GET / ") {
		t.Errorf("%q", got)
	}
}

func TestPeerThatDoesNotTakeTheHeader(t *testing.T) {
	broken := errors.New("broken wire")
	dial := func(context.Context, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { _ = theirs.Close() })
		return unwritable{ours, broken}, nil
	}
	c := newClient(t, &Options{Dial: dial, Socket: SocketOptions{ProxyProtocol: 1}}, Policy{})
	r := call(t, c, get(t, "http://127.0.0.1"))
	wantClass(t, r, ClassSend)
	if !errors.Is(r.Err, broken) || r.Attempts != 0 {
		t.Errorf("%v, %d attempts", r.Err, r.Attempts)
	}
	wantCounts(t, c, Counts{Opened: 1, Discarded: 1, OpenFailures: 1})
}

type unwritable struct {
	net.Conn
	err error
}

func (u unwritable) Write([]byte) (int, error) { return 0, u.err }

// nginx reads the same out of both versions as we say.
func TestProxyProtocolIsUnderstoodByNginx(t *testing.T) {
	addr := programs.Nginx(t, "proxy_protocol", `location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port $remote_addr:$remote_port"; }`)
	for version := 1; version <= 2; version++ {
		c := newClient(t, &Options{Socket: SocketOptions{ProxyProtocol: version}}, Policy{})
		for range 2 {
			r := call(t, c, get(t, "http://"+addr))
			f := strings.Fields(string(r.resp.Body))
			if len(f) != 3 || !strings.HasPrefix(f[0], "127.0.0.1:") || f[0] != f[2] || f[1] != addr {
				t.Errorf("version %d: %d %q", version, r.Status, r.resp.Body)
			}
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
	}
}
