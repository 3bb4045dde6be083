package wire

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// A proxyServer is a scripted proxy that notes what it is asked.
type proxyServer struct {
	*server
	asked chan string // request heads; with SOCKS "version user:password host:port"
}

func (s *proxyServer) proxy(t testing.TB, kind ProxyKind) *Proxy {
	t.Helper()
	e := endpoint(t, s.url)
	return &Proxy{Kind: kind, Host: e.Host, Port: e.Port}
}

func serveProxy(t testing.TB, config *tls.Config, script func(s *proxyServer, p *peer)) *proxyServer {
	t.Helper()
	s := &proxyServer{asked: make(chan string, 64)}
	s.server = serve(t, config, func(p *peer) { script(s, p) })
	return s
}

// serveHTTPProxy answers requests itself and opens tunnels.
func serveHTTPProxy(t testing.TB, config *tls.Config) *proxyServer {
	t.Helper()
	return serveProxy(t, config, func(s *proxyServer, p *peer) {
		for {
			text := p.request()
			if text == "" {
				return
			}
			s.asked <- text
			if rest, ok := strings.CutPrefix(text, "CONNECT "); ok {
				target, _, _ := strings.Cut(rest, " ")
				_, port, _ := net.SplitHostPort(target)
				p.join("127.0.0.1:"+port, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
				return
			}
			p.say(okText)
		}
	})
}

// join connects the peer to an address, after saying that it does.
func (p *peer) join(addr, text string) {
	target, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	p.say(text)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(p.Conn, target)
		_ = p.Close()
	}()
	_, _ = io.Copy(target, p.in)
	_ = target.Close()
	<-done
}

// serveSOCKS speaks SOCKS4, 4A and 5; with a password it wants that of user "us er".
func serveSOCKS(t testing.TB, password string) *proxyServer {
	t.Helper()
	return serveProxy(t, nil, func(s *proxyServer, p *peer) {
		version, _ := p.in.ReadByte()
		switch version {
		case 4:
			s.socks4(p)
		case 5:
			s.socks5(p, password)
		}
	})
}

func (s *proxyServer) socks4(p *peer) {
	head := p.bytes(7)
	user, _ := p.in.ReadString(0)
	host := net.IP(head[3:7]).String()
	if strings.HasPrefix(host, "0.0.0.") {
		host, _ = p.in.ReadString(0)
		host = strings.TrimSuffix(host, "\x00")
	}
	port := strconv.Itoa(int(binary.BigEndian.Uint16(head[1:])))
	s.asked <- "4 " + strings.TrimSuffix(user, "\x00") + " " + net.JoinHostPort(host, port)
	p.join("127.0.0.1:"+port, "\x00\x5a\x00\x00\x00\x00\x00\x00")
}

func (s *proxyServer) socks5(p *peer, password string) {
	methods := p.bytes(int(p.bytes(1)[0]))
	credentials := ""
	if password == "" {
		p.say("\x05\x00")
	} else {
		if !strings.Contains(string(methods), "\x02") {
			p.say("\x05\xff")
			return
		}
		p.say("\x05\x02")
		p.bytes(1)
		user := p.bytes(int(p.bytes(1)[0]))
		given := p.bytes(int(p.bytes(1)[0]))
		credentials = string(user) + ":" + string(given)
		if credentials != "us er:"+password {
			p.say("\x01\x01")
			return
		}
		p.say("\x01\x00")
	}
	var host string
	switch head := p.bytes(4); head[3] {
	case 1:
		host = net.IP(p.bytes(4)).String()
	case 3:
		host = string(p.bytes(int(p.bytes(1)[0])))
	case 4:
		host = net.IP(p.bytes(16)).String()
	}
	port := strconv.Itoa(int(binary.BigEndian.Uint16(p.bytes(2))))
	s.asked <- "5 " + credentials + " " + net.JoinHostPort(host, port)
	p.join("127.0.0.1:"+port, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
}

// bytes reads n bytes, zeros at the end of the connection.
func (p *peer) bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(p.in, b)
	return b
}

// serveTarget is an origin server that notes what it is asked.
func serveTarget(t testing.TB, config *tls.Config) (*server, chan string) {
	t.Helper()
	asked := make(chan string, 64)
	return serve(t, config, func(p *peer) {
		for text := p.request(); text != ""; text = p.request() {
			asked <- text
			p.say(okText)
		}
	}), asked
}

// via is a GET through a proxy.
func via(t testing.TB, p *Proxy, target string, headers ...Header) *Request {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewRequest(RequestSpec{URL: u, Headers: headers, KeepBody: true, Proxy: p})
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// loggedIn returns p with a user and password.
func loggedIn(p *Proxy, user, password string) *Proxy {
	q := *p
	q.User, q.Password, q.HasUser = user, password, true
	return &q
}

// withLogin returns p with credentials that have all kinds of characters.
func withLogin(p *Proxy) *Proxy { return loggedIn(p, "us er", "päss:word") }

// noLookup fails the test where a name is looked up.
func noLookup(t testing.TB) func(context.Context, string) ([]string, error) {
	return func(_ context.Context, host string) ([]string, error) {
		t.Errorf("%s was looked up", host)
		return nil, errors.New("unexpected")
	}
}
