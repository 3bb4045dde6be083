package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sessbench/internal/programs"
	"sessbench/result"
)

// A witness is an HTTP server that notes what it can know of its clients' connections, and
// asks the system about their sockets, which are of the same process.
type witness struct {
	port uint16
	look func(fd int) int // asked of each client's socket, at each request; nil: nothing

	mu      sync.Mutex
	from    map[string]int // requests by the client's address
	to      map[string]int // and by the server's
	seen    map[int]int    // and by what look said
	headers []string       // what came before the first request of a connection
	closes  int            // requests with Connection: close
}

// witnesses starts a server on each of the loopback's addresses, with the same port.
func witnesses(t *testing.T, addresses ...string) *witness {
	t.Helper()
	w := &witness{from: map[string]int{}, to: map[string]int{}, seen: map[int]int{}}
	for _, address := range addresses {
		ln, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address, w.port))
		if err != nil {
			t.Fatal(err)
		}
		w.port = netip.MustParseAddrPort(ln.Addr().String()).Port()
		w.serve(t, ln)
	}
	return w
}

func (w *witness) serve(t *testing.T, ln net.Listener) {
	server := &http.Server{Handler: w}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
	})
}

func (w *witness) url() string { return fmt.Sprintf("http://127.0.0.1:%d/", w.port) }

func (w *witness) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from[at.Addr().String()]++
	w.to[strings.TrimSuffix(local.String(), fmt.Sprintf(":%d", w.port))]++
	if r.Close {
		w.closes++
	}
	if w.look != nil {
		w.seen[w.lookAt(at)]++
	}
}

// lookAt finds the socket with this address of its own among the process's files; -1: there is none.
func (w *witness) lookAt(client netip.AddrPort) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	for _, e := range entries {
		fd, _ := strconv.Atoi(e.Name())
		if name, err := unix.Getsockname(fd); err == nil {
			if here, ok := name.(*unix.SockaddrInet4); ok && netip.AddrPortFrom(netip.AddrFrom4(here.Addr), uint16(here.Port)) == client {
				return w.look(fd)
			}
		}
	}
	return -1
}

// bench runs one arm with flags, 12 requests by one worker.
func (w *witness) bench(t *testing.T, url string, flags ...string) *result.Result {
	t.Helper()
	return measured(t, exitDone, append([]string{"run", url, "-n", "12", "-c", "1", "--blocks", "4"}, flags...)...)
}

func TestSourceFlagIsWhereConnectionsComeFrom(t *testing.T) {
	w := witnesses(t, "127.0.0.1")
	w.bench(t, w.url(), "--arms", "fresh", "--source", "127.0.0.2,127.0.1.4-127.0.1.5")
	if got := slices.Sorted(maps.Keys(w.from)); !slices.Equal(got, []string{"127.0.0.2", "127.0.1.4", "127.0.1.5"}) {
		t.Errorf("requests came from %v", w.from)
	}
}

func TestAddressesFlagIsWhereConnectionsGo(t *testing.T) {
	all := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	for order, alike := range map[string]bool{"in-order": false, "turn": true} {
		w := witnesses(t, all...)
		w.bench(t, fmt.Sprintf("http://many.example:%d/", w.port), "--arms", "fresh", "--addresses", order,
			"--resolve", fmt.Sprintf("many.example:%d:%s", w.port, strings.Join(all, ",")))
		for i, address := range all {
			switch n := w.to[address]; {
			case alike && n != 4, !alike && i == 0 && n != 12:
				t.Errorf("%s: requests went to %v", order, w.to)
			}
		}
	}
}

// What the flags say of sockets is what the system has for them.
func TestSocketFlagsReachTheSystem(t *testing.T) {
	option := func(level, name int) func(int) int {
		return func(fd int) int {
			n, err := unix.GetsockoptInt(fd, level, name)
			if err != nil {
				return -2
			}
			return n
		}
	}
	for _, c := range []struct {
		flags string
		look  func(fd int) int
		want  int
	}{
		{"--tcp-keepalive 31s,7s,3", option(unix.SOL_SOCKET, unix.SO_KEEPALIVE), 1},
		{"--tcp-keepalive 31s,7s,3", option(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE), 31},
		{"--tcp-keepalive 31s,7s,3", option(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL), 7},
		{"--tcp-keepalive 31s,7s,3", option(unix.IPPROTO_TCP, unix.TCP_KEEPCNT), 3},
		{"", option(unix.SOL_SOCKET, unix.SO_KEEPALIVE), 0},
		{"--send-buffer 48k", option(unix.SOL_SOCKET, unix.SO_SNDBUF), 2 * 48 << 10}, // the system doubles it
		{"--receive-buffer 48k", option(unix.SOL_SOCKET, unix.SO_RCVBUF), 2 * 48 << 10},
		{"--tcp-nodelay on", option(unix.IPPROTO_TCP, unix.TCP_NODELAY), 1},
		{"--tcp-nodelay off", option(unix.IPPROTO_TCP, unix.TCP_NODELAY), 0},
		{"--tcp-fastopen", option(unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT), 1},
		{"", option(unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT), 0},
	} {
		for _, arm := range []string{"pooled", "fresh"} {
			w := witnesses(t, "127.0.0.1")
			w.look = c.look
			w.bench(t, w.url(), append(strings.Fields(c.flags), "--arms", arm)...)
			if w.seen[c.want] != 12 {
				t.Errorf("%s, %s: the system has %v (value: requests), want %d", arm, c.flags, w.seen, c.want)
			}
		}
	}
}

func TestUnixSocketFlag(t *testing.T) {
	w := witnesses(t)
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w.serve(t, ln)
	res := w.bench(t, "http://anywhere.example/", "--unix-socket", path)
	if w.to[path] != 12 {
		t.Errorf("requests came to %v", w.to)
	}
	// Nothing is to be doubted, not even that the target is near: readers of JSON get a list all the same.
	if res.Warnings == nil || len(res.Warnings) > 0 {
		t.Errorf("warnings are %#v, want an empty list", res.Warnings)
	}
}

// A proxied listener takes the PROXY protocol's header from each connection.
type proxied struct {
	net.Listener
	w *witness
}

type proxiedConn struct {
	net.Conn
	in *bufio.Reader
	w  *witness
}

func (l *proxied) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &proxiedConn{Conn: c, w: l.w}, nil
}

func (c *proxiedConn) Read(p []byte) (int, error) {
	if c.in == nil {
		c.in = bufio.NewReader(c.Conn)
		source, err := proxyHeader(c.in)
		if err != nil {
			return 0, err
		}
		c.w.mu.Lock()
		c.w.headers = append(c.w.headers, source+" "+c.RemoteAddr().String())
		c.w.mu.Unlock()
	}
	return c.in.Read(p)
}

// proxyHeader reads a header of version 1 or 2, and returns the source address in it.
func proxyHeader(in *bufio.Reader) (string, error) {
	start, err := in.Peek(12)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(start, []byte("\r\n\r\n\x00\r\nQUIT\n")) {
		line, err := in.ReadString('\n')
		words := strings.Fields(line)
		if err != nil || len(words) != 6 || words[0] != "PROXY" {
			return "", fmt.Errorf("no header: %q, %v", line, err)
		}
		return "1 " + net.JoinHostPort(words[2], words[4]), nil
	}
	header := make([]byte, 28)
	if _, err := io.ReadFull(in, header); err != nil {
		return "", err
	}
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte(header[16:20])), binary.BigEndian.Uint16(header[24:26]))
	return "2 " + from.String(), nil
}

func TestProxyProtocolFlag(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		w := witnesses(t)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		w.serve(t, &proxied{ln, w})
		w.bench(t, "http://"+ln.Addr().String()+"/", "--arms", "fresh", "--proxy-protocol", version)
		if len(w.headers) < 12 {
			t.Errorf("version %s: %d headers for 12 connections", version, len(w.headers))
		}
		for _, header := range w.headers {
			if words := strings.Fields(header); words[0] != version || words[1] != words[2] {
				t.Errorf("version %s: %q (version, source, where the connection came from)", version, header)
			}
		}
	}
}

// The ports that are said to be left in TIME_WAIT are those that the system has there. It keeps no more than so many for
// the whole machine, which other tests may fill: hence the namespace.
func TestTimeWaitIsTheSystems(t *testing.T) {
	for i, arm := range []string{"fresh", "fresh+close-server", "fresh+close-reset"} {
		t.Run(arm, func(t *testing.T) {
			programs.InNamespace(t, nil, func(t *testing.T) { timeWaitIsTheSystems(t, arm, fmt.Sprintf("127.0.7.%d", i+1)) })
		})
	}
}

func timeWaitIsTheSystems(t *testing.T, arm, address string) {
	w := witnesses(t, address)
	at := netip.AddrPortFrom(netip.MustParseAddr(address), w.port)
	res, said, code := child(t, "run", "http://"+at.String()+"/", "-n", "12", "-c", "1", "--blocks", "4", "--arms", arm)
	if code != exitDone {
		t.Fatalf("exit code %d: %s", code, said)
	}
	want := res.Arms[0].Connections.TimeWait
	if all := int64(12); arm == "fresh" && want != all || arm != "fresh" && want != 0 {
		t.Errorf("%d in TIME_WAIT", want)
	}
	// The connection before the run is closed by us, and is none of the arm's.
	here := want + res.Preflight.Connections
	server := int64(0)
	if arm == "fresh+close-server" {
		server = 12
		if w.closes != 12 {
			t.Errorf("%d requests told the server to close", w.closes)
		}
	}
	for end := time.Now().Add(10 * time.Second); ; {
		ours, theirs := timeWaits(t, at)
		if ours <= here && ours >= want && theirs >= server && theirs <= server+res.Preflight.Connections {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of our ports are in TIME_WAIT and %d of the server's; want %d and %d", ours, theirs, here, server)
		}
	}
}

// timeWaits counts the connections in TIME_WAIT to an address, and those from it.
func timeWaits(t *testing.T, at netip.AddrPort) (to, from int64) {
	t.Helper()
	text, err := os.ReadFile("/proc/thread-self/net/tcp") // of this thread's namespace
	if err != nil {
		t.Fatal(err)
	}
	ip := at.Addr().As4()
	end := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(ip[:]), at.Port())
	for _, line := range strings.Split(string(text), "\n") {
		const timeWait = "06"
		switch words := strings.Fields(line); {
		case len(words) < 4 || words[3] != timeWait:
		case strings.HasSuffix(words[2], end):
			to++
		case strings.HasSuffix(words[1], end):
			from++
		}
	}
	return to, from
}

// A source address that cannot reach the server is told as what it is.
func TestASourceOfAnotherFamily(t *testing.T) {
	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	defer six.Close()
	w := witnesses(t, "127.0.0.1")
	c := newRealConsole()
	code := c.sessbench(t, "run", w.url(), "-n", "1", "--source", "::1")
	if want := "name an address of the same family, IPv4 or IPv6, with --source\n"; code != exitFailed || !strings.HasSuffix(c.err.String(), want) {
		t.Errorf("exit code %d, %q, want %q", code, c.err.String(), want)
	}
	if len(w.from) > 0 {
		t.Errorf("requests came from %v", w.from)
	}
}
