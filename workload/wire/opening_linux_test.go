package wire

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Two sources have twice the ports of one, and ports serve several servers at the same time.
func TestMoreSourcesHaveMorePorts(t *testing.T) {
	const ports = 600
	settings := map[string]string{"net/ipv4/ip_local_port_range": "20000 20599"}
	for name, tc := range map[string]struct {
		sources []string
		servers []string
		choice  AddressChoice
		want    int
	}{
		"system":                   {nil, []string{"127.0.0.1"}, InOrder, ports},
		"one":                      {[]string{"127.0.0.2"}, []string{"127.0.0.1"}, InOrder, ports},
		"two":                      {[]string{"127.0.0.2", "127.0.0.3"}, []string{"127.0.0.1"}, InOrder, 2 * ports},
		"one, two servers":         {[]string{"127.0.0.2"}, []string{"127.0.0.1", "127.0.0.4"}, InTurn, 2 * ports},
		"two, two servers in turn": {[]string{"127.0.0.2", "127.0.0.3"}, []string{"127.0.0.1", "127.0.0.4"}, InTurn, 4 * ports},
	} {
		t.Run(name, func(t *testing.T) {
			needFiles(t, 2*tc.want+200)
			inNamespace(t, settings, func(t *testing.T) {
				var seen peers
				resolve := map[string][]string{"a.test:80": tc.servers}
				for _, host := range tc.servers {
					ln, err := net.Listen("tcp", host+":80")
					if err != nil {
						t.Skip(err)
					}
					serveOn(t, ln, nil, func(p *peer) { seen.note(p); p.await() })
				}
				opts := &Options{Addresses: tc.choice, Resolve: resolve, Socket: SocketOptions{Source: addrs(tc.sources...)}}
				c := newClient(t, opts, Policy{})
				n, err := 0, error(nil)
				for ; err == nil && n <= tc.want; n++ {
					var cn *conn
					if cn, err = c.acquire(tripTo(t, c, "http://a.test")); err == nil {
						defer cn.close(retired)
					}
				}
				if class := ClassOf(err); class != ClassAddressExhausted || n-1 != tc.want {
					t.Errorf("%d connections, then %v; want %d", n-1, err, tc.want)
				}
				for host, n := range seen.hosts() {
					if len(tc.sources) > 0 && !strings.Contains(strings.Join(tc.sources, " "), host) || n > ports*len(tc.servers) {
						t.Errorf("%d connections from %s", n, host)
					}
				}
			})
		})
	}
}

// As many sources as Clients are used by one each, whatever was probed before.
func TestSourcesAreSpreadOverClients(t *testing.T) {
	probed := serve(t, nil, func(p *peer) { p.await() })
	var seen peers
	s := serve(t, nil, func(p *peer) { seen.note(p); answer(okText)(p) })
	opts := &Options{Turns: NewTurns(), Socket: SocketOptions{Source: addrs("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")}}
	if _, err := Probe(t.Context(), endpoint(t, probed.url), opts); err != nil {
		t.Fatal(err)
	}
	for range opts.Socket.Source {
		wantOK(t, call(t, newClient(t, opts, Policy{}), get(t, s.url)), 200, "ok")
	}
	if got := seen.hosts(); len(got) != len(opts.Socket.Source) {
		t.Errorf("connections came from %v, want one from each source", got)
	}
}

// fastListener listens with fast open.
func fastListener(t *testing.T) net.Listener {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		if outer := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 64) }); outer != nil {
			return outer
		}
		return err
	}}
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestFastOpen(t *testing.T) {
	srv, cli := identity(t)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			inNamespace(t, map[string]string{"net/ipv4/tcp_fastopen": "3"}, func(t *testing.T) {
				config := srv
				if scheme == "http" {
					config = nil
				}
				var seen peers
				s := serveOn(t, fastListener(t), config, func(p *peer) { seen.note(p); answer(okText)(p) })
				opts := &Options{TLS: cli, Limits: Limits{ConnectTimeout: time.Minute}, Socket: SocketOptions{FastOpen: true, Source: addrs("127.0.0.5")}}
				if err := opts.Socket.Validate(); err != nil {
					t.Fatal(err)
				}
				c := newClient(t, opts, Policy{RequestsPerConnection: 1})
				for range 5 {
					r := call(t, c, get(t, strings.Replace(s.url, "http:", scheme+":", 1)))
					wantOK(t, r, 200, "ok")
					if scheme == "http" && r.BytesOut != int64(len(get(t, s.url).Raw)) {
						t.Errorf("%d bytes out", r.BytesOut)
					}
				}
				// The first connection asks for the cookie that the others bring.
				if got, want := netstat(t, "TCPFastOpenActive"), "4"; got != want {
					t.Errorf("%s connections were opened fast, want %s", got, want)
				}
				if got := netstat(t, "TCPFastOpenPassive"); got != "4" {
					t.Errorf("the server took data with the SYN %s times, want 4", got)
				}
				if n := c.Counts(); n.Opened != 5 || n.Retired != 5 || n.OpenFailures != 0 || seen.hosts()["127.0.0.5"] != 5 {
					t.Errorf("%+v, from %v", n, seen.hosts())
				}
			})
		})
	}
}

// With a cookie, connecting asks nobody, so that a server which has gone shows when the request is sent.
func TestFastOpenToAServerThatHasGone(t *testing.T) {
	inNamespace(t, map[string]string{"net/ipv4/tcp_fastopen": "3"}, func(t *testing.T) {
		s := serveOn(t, fastListener(t), nil, answer(okText))
		c := newClient(t, &Options{Socket: SocketOptions{FastOpen: true, ProxyProtocol: 0}}, Policy{RequestsPerConnection: 1})
		wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
		_ = s.ln.Close()
		r := call(t, c, get(t, s.url))
		wantClass(t, r, ClassRefused)
		if n := c.Counts(); n.Opened != 2 || n.Discarded != 1 || r.Attempts != 1 {
			t.Errorf("%+v, %d attempts", n, r.Attempts)
		}
	})
}

// The header of the PROXY protocol goes with the SYN and tells the address that the connection has then.
func TestFastOpenWithTheProxyProtocol(t *testing.T) {
	inNamespace(t, map[string]string{"net/ipv4/tcp_fastopen": "3"}, func(t *testing.T) {
		ln := announcedOn(t, "tcp", "127.0.0.1:0")
		_ = ln.Listener.Close()
		ln.Listener = fastListener(t)
		s := serveOn(t, ln, nil, answer(okText))
		c := newClient(t, &Options{Socket: SocketOptions{FastOpen: true, ProxyProtocol: 1}}, Policy{RequestsPerConnection: 1})
		for range 3 {
			wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
			if got, want := <-ln.headers, <-ln.ends; got != want {
				t.Errorf("told %q, is %q", got, want)
			}
		}
		if got := netstat(t, "TCPFastOpenActive"); got != "2" {
			t.Errorf("%s connections were opened fast, want 2", got)
		}
	})
}

func TestFastOpenThatIsSwitchedOff(t *testing.T) {
	inNamespace(t, map[string]string{"net/ipv4/tcp_fastopen": "2"}, func(t *testing.T) {
		s := serve(t, nil, answer(okText))
		opts := &Options{Socket: SocketOptions{FastOpen: true}}
		if err := opts.Socket.Validate(); err == nil || !strings.Contains(err.Error(), "tcp_fastopen") {
			t.Errorf("%v", err)
		}
		c := newClient(t, opts, Policy{})
		r := call(t, c, get(t, s.url))
		wantClass(t, r, ClassConnect)
		if !strings.Contains(r.Err.Error(), "fast open") {
			t.Errorf("%v", r.Err)
		}
	})
}
