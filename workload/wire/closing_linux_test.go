package wire

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func portOf(t testing.TB, a net.Addr) uint16 {
	t.Helper()
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		t.Error(err)
	}
	return at.Port()
}

// systemStates reads the state of both sides of the loopback connections between a server's port and
// clients' ports; 0 where the system knows nothing of a side any more.
func systemStates(t testing.TB, server uint16, clients []uint16) (client, serving []int) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	states := map[[2]uint16]int{}
	ours := fmt.Sprintf(":%04X ", server)
	for _, line := range strings.Split(string(text), "\n")[1:] {
		if !strings.Contains(line, ours) { // there may be thousands
			continue
		}
		var n, from, to, state int
		var fromIP, toIP string
		line = strings.NewReplacer(":", " ").Replace(line)
		if _, err := fmt.Sscanf(line, "%d %s %x %s %x %x", &n, &fromIP, &from, &toIP, &to, &state); err == nil {
			states[[2]uint16{uint16(from), uint16(to)}] = state
		}
	}
	for _, port := range clients {
		client = append(client, states[[2]uint16{port, server}])
		serving = append(serving, states[[2]uint16{server, port}])
	}
	return client, serving
}

// settled waits until all connections are in TIME_WAIT or forgotten on both sides, and counts the former.
func settled(t testing.TB, server uint16, clients []uint16) (client, serving int64) {
	t.Helper()
	const timeWait = 6
	for end := time.Now().Add(10 * time.Second); ; {
		here, there := systemStates(t, server, clients)
		client, serving = 0, 0
		moving := 0
		for i := range clients {
			for _, side := range []struct {
				state int
				count *int64
			}{{here[i], &client}, {there[i], &serving}} {
				switch side.state {
				case 0:
				case timeWait:
					*side.count++
				default:
					moving++
				}
			}
		}
		if moving == 0 {
			return client, serving
		}
		if time.Now().After(end) {
			t.Fatalf("connections never came to their end: states %v here, %v there", here, there)
		}
	}
}

// portServer is a server that notes where its clients came from.
type portServer struct {
	*server
	mu    sync.Mutex
	ports []uint16
}

func servePorts(t testing.TB, script func(*peer)) *portServer {
	t.Helper()
	s := new(portServer)
	s.server = serve(t, nil, func(p *peer) {
		s.mu.Lock()
		s.ports = append(s.ports, portOf(t, p.RemoteAddr()))
		s.mu.Unlock()
		script(p)
	})
	return s
}

func (s *portServer) settled(t testing.TB) (client, serving int64) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return settled(t, portOf(t, s.ln.Addr()), s.ports)
}

func TestWhoKeepsThePort(t *testing.T) {
	srv, cli := identity(t)
	const n = 20
	const announced = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
	for name, tc := range map[string]struct {
		policy       Policy
		text         string
		told, closes bool // the server is told to close, and closes after its answer
		here, there  int64
		how          Counts
	}{
		"closed by us":                  {Policy{RequestsPerConnection: 1}, okText, false, false, n, 0, Counts{Retired: n}},
		"closed by us, no alert":        {Policy{RequestsPerConnection: 1, NoCloseNotify: true}, okText, false, false, n, 0, Counts{Retired: n}},
		"closed by the server":          {Policy{Close: CloseByServer}, okText, true, true, 0, n, Counts{ClosedByPeer: n}},
		"reset":                         {Policy{RequestsPerConnection: 1, Close: CloseByReset}, okText, false, false, 0, 0, Counts{Retired: n, Reset: n}},
		"announced, but not yet done":   {Policy{}, announced, false, false, n, 0, Counts{ClosedByPeer: n}},
		"announced, reset":              {Policy{Close: CloseByReset}, announced, false, false, 0, 0, Counts{ClosedByPeer: n, Reset: n}},
		"announced, waited for":         {Policy{Close: CloseByServer}, announced, false, true, 0, n, Counts{ClosedByPeer: n}},
		"ended with the body":           {Policy{}, "HTTP/1.1 200 OK\r\n\r\nok", false, true, 0, n, Counts{ClosedByPeer: n}},
		"ended with the body, to reset": {Policy{Close: CloseByReset}, "HTTP/1.1 200 OK\r\n\r\nok", false, true, 0, n, Counts{ClosedByPeer: n}},
	} {
		for _, scheme := range []string{"http", "https"} {
			t.Run(name+", "+scheme, func(t *testing.T) {
				s := servePorts(t, func(p *peer) {
					under := p.Conn // closed without an alert, to which an RST would be the answer
					if scheme == "https" {
						p.Conn = tls.Server(under, srv)
						p.in.Reset(p.Conn)
					}
					p.request()
					p.say(tc.text)
					if !tc.closes {
						_, _ = io.Copy(io.Discard, under) // to our FIN: at our alert it could be the first to close
					}
				})
				c := newClient(t, &Options{TLS: cli}, tc.policy)
				var headers []Header
				if tc.told {
					headers = []Header{closeHeader}
				}
				for range n {
					wantOK(t, call(t, c, get(t, scheme+"://"+s.addr(), headers...)), 200, "ok")
				}
				if here, there := s.settled(t); here != tc.here || there != tc.there {
					t.Errorf("%d ports in TIME_WAIT here and %d there, want %d and %d", here, there, tc.here, tc.there)
				}
				want := tc.how
				want.Opened, want.Attempts, want.TimeWait = n, n, tc.here
				if scheme == "https" {
					want.TLSFull = n
				}
				if got := c.Counts(); got != want {
					t.Errorf("counts\n%+v, want\n%+v", got, want)
				}
			})
		}
	}
}

// A server that sends its own alert after ours sends it to a closed socket. The RST that it gets frees our port, which
// nobody could know when we closed.
func TestAnAnswerToOurAlertFreesThePort(t *testing.T) {
	srv, cli := identity(t)
	s := servePorts(t, func(p *peer) {
		secure := tls.Server(p.Conn, srv)
		p.Conn = secure
		p.in.Reset(p.Conn)
		answer(okText)(p)
		_ = secure.Close()
	})
	c := newClient(t, &Options{TLS: cli}, Policy{RequestsPerConnection: 1})
	const n = 20
	for range n {
		wantOK(t, call(t, c, get(t, "https://"+s.addr())), 200, "ok")
	}
	if here, there := s.settled(t); here != 0 || there != 0 {
		t.Errorf("%d ports in TIME_WAIT here, %d there", here, there)
	}
}

func TestUnreadInputLeavesNoPort(t *testing.T) {
	const size = 1 << 20
	s := servePorts(t, func(p *peer) {
		p.request()
		p.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)))
		p.await()
	})
	c := newClient(t, &Options{MaxBodyBytes: 10}, Policy{})
	wantClass(t, call(t, c, get(t, s.url)), ClassTooLarge)
	if here, there := s.settled(t); here != 0 || there != 0 {
		t.Errorf("%d ports in TIME_WAIT here, %d there", here, there)
	}
	if got, want := c.Counts(), (Counts{Opened: 1, Attempts: 1, Discarded: 1}); got != want {
		t.Errorf("counts\n%+v, want\n%+v", got, want)
	}
}
