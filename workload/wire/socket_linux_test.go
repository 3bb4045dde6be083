package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// option asks the system for an option of the connection that c keeps.
func option(t *testing.T, c *Client, level, name int) int {
	t.Helper()
	control, err := kept(t, c).sock.raw.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	if err := control.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) }); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// systemBuffers returns the sizes of the buffers that the system gives a socket.
func systemBuffers(t *testing.T, c *Client) (send, receive int) {
	return option(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF), option(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF)
}

func TestSocketsAreLeftAlone(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	for name, o := range map[string][2]int{
		"SO_KEEPALIVE":            {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
		"TCP_NODELAY":             {unix.IPPROTO_TCP, unix.TCP_NODELAY},
		"TCP_FASTOPEN_CONNECT":    {unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT},
		"IP_BIND_ADDRESS_NO_PORT": {unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT},
	} {
		if got := option(t, c, o[0], o[1]); got != 0 {
			t.Errorf("%s is %d", name, got)
		}
	}
	if c.opener.dialer.opts != nil {
		t.Error("options are looked at for every connection")
	}
}

func TestKeepAliveProbes(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Socket: SocketOptions{KeepAlive: KeepAlive{7 * time.Second, 3 * time.Second, 5}}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	got := [4]int{option(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE), option(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE),
		option(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL), option(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT)}
	if want := [4]int{1, 7, 3, 5}; got != want {
		t.Errorf("%v, want %v", got, want)
	}
	// The kernel runs the timer (fourth field from tr: 02 is keep-alive).
	if line := procTCP(t, localEnd(kept(t, c).sock.raw)); len(line) == 0 || !strings.HasPrefix(line[5], "02:") {
		t.Errorf("no keep-alive timer in %q", line)
	}
}

// procTCP returns the fields of an IPv4 connection in /proc/net/tcp. Earlier ones to other servers may be left from the same port.
func procTCP(t *testing.T, local netip.AddrPort) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	ip := local.Addr().As4()
	const timeWait = "06"
	want := strings.ToUpper(hexBytes(ip[3], ip[2], ip[1], ip[0]) + ":" + hexBytes(byte(local.Port()>>8), byte(local.Port())))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 5 && f[1] == want && f[3] != timeWait {
			return f
		}
	}
	return nil
}

func hexBytes(all ...byte) string {
	const digits = "0123456789abcdef"
	var text []byte
	for _, b := range all {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

func TestSocketBuffers(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, &Options{Socket: SocketOptions{SendBuffer: 20_000, ReceiveBuffer: 30_000}}, Policy{})
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	if send, receive := systemBuffers(t, c); send != 40_000 || receive != 60_000 {
		t.Errorf("%d and %d bytes, want twice 20000 and 30000", send, receive)
	}
}

func TestNoDelay(t *testing.T) {
	srv, cli := identity(t)
	yes, no := true, false
	for name, tc := range map[string]struct {
		config *tls.Config
		opts   SocketOptions
		want   int
	}{
		"plain":             {nil, SocketOptions{}, 0},
		"TLS":               {srv, SocketOptions{}, 1},
		"plain, set":        {nil, SocketOptions{NoDelay: &yes}, 1},
		"TLS, not set":      {srv, SocketOptions{NoDelay: &no}, 0},
		"header before":     {nil, SocketOptions{ProxyProtocol: 1}, 1},
		"header, but not":   {nil, SocketOptions{ProxyProtocol: 1, NoDelay: &no}, 0},
		"another option":    {srv, SocketOptions{SendBuffer: 20_000}, 1},
		"another one plain": {nil, SocketOptions{SendBuffer: 20_000}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tc.config, func(p *peer) {
				if tc.opts.ProxyProtocol != 0 {
					_, _ = p.in.ReadString('\n')
				}
				answer(okText)(p)
			})
			c := newClient(t, &Options{TLS: cli, Socket: tc.opts}, Policy{})
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			if got := option(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY); got != tc.want {
				t.Errorf("TCP_NODELAY %d, want %d", got, tc.want)
			}
		})
	}
}

// An upload in pieces sets TCP_NODELAY, unless it was said that it is not to be.
func TestUploadsKeepToNoDelay(t *testing.T) {
	s := serve(t, nil, echo)
	no := false
	for want, opts := range map[int]*Options{1: {}, 0: {Socket: SocketOptions{NoDelay: &no}}} {
		c := newClient(t, opts, Policy{})
		wantOK(t, call(t, c, uploading(t, s.url, "abc", -1)), 200, "-1 [\"chunked\"] abc")
		if got := option(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY); got != want {
			t.Errorf("TCP_NODELAY %d, want %d", got, want)
		}
	}
}

// peers notes the addresses that connections come from.
type peers struct {
	mu   sync.Mutex
	seen []netip.AddrPort
}

func (p *peers) note(c net.Conn) {
	p.mu.Lock()
	p.seen = append(p.seen, netip.MustParseAddrPort(c.RemoteAddr().String()))
	p.mu.Unlock()
}

// hosts returns how many connections came from each host.
func (p *peers) hosts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := map[string]int{}
	for _, a := range p.seen {
		n[a.Addr().String()]++
	}
	return n
}

func addrs(all ...string) (parsed []netip.Addr) {
	for _, a := range all {
		parsed = append(parsed, netip.MustParseAddr(a))
	}
	return parsed
}

func TestSourceAddresses(t *testing.T) {
	var p peers
	s := serve(t, nil, func(c *peer) { p.note(c); answer(okText)(c) })
	opts := &Options{Turns: NewTurns(), Socket: SocketOptions{Source: addrs("127.0.0.2", "::1", "::ffff:127.0.0.3")}}
	fresh := newClient(t, opts, Policy{RequestsPerConnection: 1})
	for range 6 {
		wantOK(t, call(t, fresh, get(t, s.url)), 200, "ok")
	}
	if got := p.hosts(); got["127.0.0.2"] != 3 || got["127.0.0.3"] != 3 {
		t.Errorf("%v", got)
	}
	// Workers with a connection each spread.
	for range 3 {
		c := newClient(t, opts, Policy{})
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		if option(t, c, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT) != 1 {
			t.Error("a port was taken before the destination was known")
		}
	}
	if got := p.hosts(); got["127.0.0.2"] < 4 || got["127.0.0.3"] < 4 || len(p.seen) != 9 {
		t.Errorf("%v", got)
	}
}

func TestSourceAddressesThatCannotBe(t *testing.T) {
	s := serve(t, nil, answer(okText))
	for source, says := range map[string]string{"::1": "family", "192.0.2.1": "not one of this machine's"} {
		opts := &Options{Socket: SocketOptions{Source: addrs(source)}}
		c := newClient(t, opts, Policy{})
		r := call(t, c, get(t, s.url))
		wantClass(t, r, ClassConnect)
		if !strings.Contains(r.Err.Error(), says) || !strings.Contains(r.Err.Error(), s.addr()) {
			t.Errorf("%v", r.Err)
		}
		wantCounts(t, c, Counts{OpenFailures: 1})
	}
}

// The addresses that no source can reach are passed over.
func TestASourceChoosesAmongAddresses(t *testing.T) {
	s := serve(t, nil, answer(okText))
	p := port(endpoint(t, s.url))
	c := newClient(t, &Options{Socket: SocketOptions{Source: addrs("127.0.0.2")},
		Resolve: map[string][]string{"a.test:" + p: {"::1", "127.0.0.1"}}}, Policy{})
	wantOK(t, call(t, c, get(t, "http://a.test:"+p)), 200, "ok")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 1})
}

func TestSourceAddressOfAProxy(t *testing.T) {
	var p peers
	proxy := serveProxy(t, nil, func(_ *proxyServer, c *peer) { p.note(c); answer(okText)(c) })
	c := newClient(t, &Options{Socket: SocketOptions{Source: addrs("127.0.0.9")}}, Policy{})
	if r := call(t, c, via(t, proxy.proxy(t, ProxyHTTP), "http://server.test/")); r.Err != nil {
		t.Fatal(r.Err)
	}
	if got := p.hosts(); got["127.0.0.9"] != 1 {
		t.Errorf("%v", got)
	}
}

// serveUnix serves a script at a Unix socket.
func serveUnix(t *testing.T, path string, config *tls.Config, script func(*peer)) *server {
	t.Helper()
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, config, script)
}

func TestUnixSockets(t *testing.T) {
	srv, cli := identity(t)
	lookup := func(context.Context, string) ([]string, error) {
		t.Error("a name was looked up")
		return nil, os.ErrInvalid
	}
	for name, path := range map[string]string{
		"path":     filepath.Join(t.TempDir(), "server"),
		"abstract": "@sessbench-" + t.Name() + hexBytes(byte(os.Getpid()>>8), byte(os.Getpid())),
	} {
		for scheme, config := range map[string]*tls.Config{"http": nil, "https": srv} {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				requests := make(chan string, 2)
				var names []string
				if config != nil {
					config = config.Clone()
					config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
						names = append(names, h.ServerName)
						return nil, nil
					}
				}
				s := serveUnix(t, path, config, func(p *peer) {
					for text := p.request(); text != ""; text = p.request() {
						requests <- text
						p.say(okText)
					}
				})
				c := newClient(t, &Options{TLS: cli, LookupHost: lookup, Socket: SocketOptions{UnixSocket: path}}, Policy{})
				for range 2 {
					wantOK(t, call(t, c, get(t, scheme+"://one.test")), 200, "ok")
				}
				if got := <-requests; !strings.Contains(got, "Host: one.test\r\n") {
					t.Errorf("%q", got)
				}
				if config != nil && !slices.Equal(names, []string{"one.test"}) {
					t.Errorf("server names %q", names)
				}
				if s.accepted.Load() != 1 || kept(t, c).sock.addr != "unix:"+path {
					t.Errorf("%d connections, to %s", s.accepted.Load(), kept(t, c).sock.addr)
				}
			})
		}
	}
}

func TestUnixSocketThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nobody")
	c := newClient(t, &Options{Socket: SocketOptions{UnixSocket: path}}, Policy{})
	r := call(t, c, get(t, "http://one.test"))
	wantClass(t, r, ClassConnect)
	if !strings.HasPrefix(r.Err.Error(), "connect unix:"+path+": ") {
		t.Errorf("%q", r.Err)
	}
}

// With a proxy, the proxy is at the socket; it is told the server's name.
func TestProxyAtAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "proxy")
	for _, kind := range []ProxyKind{ProxyHTTP, ProxySOCKS5H} {
		t.Run(string(kind), func(t *testing.T) {
			asked := make(chan string, 1)
			serveUnix(t, path, nil, func(p *peer) {
				if kind == ProxyHTTP {
					asked <- p.request()
				} else {
					p.bytes(3)
					p.say("\x05\x00")
					asked <- string(p.bytes(5 + len("one.test") + 2))
					p.say("\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
					p.request()
				}
				p.say(okText)
				p.await()
			})
			c := newClient(t, &Options{Socket: SocketOptions{UnixSocket: path}}, Policy{})
			wantOK(t, call(t, c, via(t, &Proxy{Kind: kind, Host: "proxy.test", Port: 3128}, "http://one.test/")), 200, "ok")
			if got := <-asked; !strings.Contains(got, "one.test") {
				t.Errorf("%q", got)
			}
		})
	}
}

// fullUnix returns the path of a Unix socket whose queue is full, and a function that takes one
// connection out of it.
func fullUnix(t *testing.T) (path string, accept func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "full")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	queued, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queued.Close() })
	return path, func() {
		c, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = unix.Close(c) })
	}
}

func TestFullUnixSocket(t *testing.T) {
	path, accept := fullUnix(t)
	c := newClient(t, &Options{Limits: Limits{ConnectTimeout: 20 * time.Millisecond}, Socket: SocketOptions{UnixSocket: path}}, Policy{})
	r := call(t, c, get(t, "http://one.test"))
	wantClass(t, r, ClassConnectTimeout)
	if r.Phases.Connect < 20*time.Millisecond {
		t.Errorf("%+v", r.Phases)
	}
	ctx, cancel := context.WithCancel(t.Context())
	c = newClient(t, &Options{Socket: SocketOptions{UnixSocket: path}}, Policy{})
	c.follow(ctx)
	onceConnecting(c, cancel)
	wantClass(t, callWith(t, ctx, c, get(t, "http://one.test")), ClassCanceled)

	c = newClient(t, &Options{Socket: SocketOptions{UnixSocket: path}}, Policy{})
	onceConnecting(c, accept)
	cn, err := c.acquire(tripTo(t, c, "http://one.test"))
	if err != nil {
		t.Fatal(err)
	}
	cn.close(retired)
	wantCounts(t, c, Counts{Opened: 1, Retired: 1})
}
