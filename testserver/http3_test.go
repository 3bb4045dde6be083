package testserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sessbench/internal/programs"
)

// newHTTP3Client returns a net/http client that speaks HTTP/3 and keeps its connection, and its transport.
func newHTTP3Client(t testing.TB, s *Server, sessions tls.ClientSessionCache) (*http.Client, *http3.Transport) {
	t.Helper()
	transport := &http3.Transport{TLSClientConfig: &tls.Config{RootCAs: roots(t, s), ClientSessionCache: sessions}}
	t.Cleanup(func() { transport.Close() })
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, transport
}

func TestHTTP3NeedsTLS(t *testing.T) {
	for _, cfg := range []Config{{HTTP3: true}, {HTTP3: true, TLS: true, MaxTLSVersion: tls.VersionTLS12}} {
		if s, err := Start(cfg); err == nil {
			s.Close()
			t.Errorf("%+v: started", cfg)
		}
	}
}

func TestHTTP3SharesThePortAndTheCounts(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP2: true, HTTP3: true})
	client, _ := newHTTP3Client(t, s, nil)
	for range 3 {
		resp, body := get(t, client, s.URL()+"/bytes/30")
		if resp.Proto != "HTTP/3.0" || body != "abcdefghijklmnopqrstuvwxyzabcd" {
			t.Errorf("%s %q", resp.Proto, body)
		}
	}
	get(t, newClient(t, s), s.URL()+"/")
	stats := s.Stats()
	if stats.Connections != (Connections{Accepted: 2, Open: 2}) || stats.Handshakes != (Handshakes{Full: 2}) || stats.Requests != 4 ||
		stats.Protocols != (Protocols{HTTP2: 1, HTTP3: 3}) || stats.StreamsPeak != 1 || stats.EarlyData != 0 {
		t.Errorf("%+v", stats)
	}
	if per := stats.RequestsPerConnection; per.Connections[3] != 1 || per.Connections[1] != 1 {
		t.Errorf("%+v", per)
	}
	if stats.BytesIn < 2*1200 || stats.BytesOut < 2*1000 {
		t.Errorf("%d bytes in, %d out", stats.BytesIn, stats.BytesOut)
	}
	s.ResetStats()
	if stats := s.Stats(); stats.Protocols != (Protocols{}) || stats.StreamsPeak != 0 || stats.Connections != (Connections{Open: 2}) {
		t.Errorf("after a reset: %+v", stats)
	}
	get(t, client, s.URL()+"/bytes/5000")
	if stats := s.Stats(); stats.BytesOut < 5000 || stats.BytesOut > 8000 || stats.Protocols.HTTP3 != 1 {
		t.Errorf("since the reset: %+v", stats)
	}
}

func TestHTTP3RoutesAnswer(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true})
	client, _ := newHTTP3Client(t, s, nil)
	for path, want := range map[string]int{
		"/": 200, "/chunked/30": 200, "/status/204": 204, "/redirect/1": 302, "/echo": 200, "/interim": 200, "/private": 401,
		"/drip?bytes=2&interval=1ms": 200, "/eof": 501, "/httpbin/status/418": 418, "/stats": 200,
	} {
		if resp, _ := get(t, client, s.URL()+path); resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	if _, err := client.Get(s.URL() + "/reset"); err == nil {
		t.Error("/reset answered")
	}
	eventually(t, "the connection is closed", func() bool { return s.Stats().Connections.Open == 0 })
}

func TestStreamsPeakIsOfOneConnection(t *testing.T) {
	const many = 5
	for name, cfg := range map[string]Config{"h2": {TLS: true, HTTP2: true}, "h3": {TLS: true, HTTP3: true}, "http/1.1": {TLS: true}} {
		s := start(t, cfg)
		client := newClient(t, s)
		if cfg.HTTP3 {
			client, _ = newHTTP3Client(t, s, nil)
		}
		get(t, client, s.URL()+"/")
		s.Stall(time.Now(), time.Hour) // so that all are there at a time
		var all sync.WaitGroup
		for range many {
			all.Go(func() {
				if resp, err := client.Get(s.URL() + "/"); err == nil { // it ends with the server
					resp.Body.Close()
				}
			})
		}
		eventually(t, "all are there", func() bool { return s.Stats().Requests == many+1 })
		stats := s.Stats()
		want := int64(many)
		if name == "http/1.1" {
			want = 0
		}
		if stats.StreamsPeak != want {
			t.Errorf("%s: %d streams, want %d", name, stats.StreamsPeak, want)
		}
		s.Close()
		all.Wait()
	}
}

// early3 gets the root on a new connection, in 0-RTT where it can.
func early3(t *testing.T, s *Server, sessions tls.ClientSessionCache) string {
	t.Helper()
	client, transport := newHTTP3Client(t, s, sessions)
	defer transport.Close()
	req, err := http.NewRequestWithContext(t.Context(), http3.MethodGet0RTT, s.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHTTP3HandshakesAreToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  Config
		want Handshakes
	}{
		"tickets":    {Config{}, Handshakes{Full: 1, Resumed: 1}},
		"no tickets": {Config{DisableSessionTickets: true}, Handshakes{Full: 2}},
		"no 0-RTT":   {Config{Disable0RTT: true}, Handshakes{Full: 1, Resumed: 1}},
	} {
		if name == "tickets" && programs.EarlyDataRaces {
			continue
		}
		tc.cfg.TLS, tc.cfg.HTTP3 = true, true
		s := start(t, tc.cfg)
		sessions := tls.NewLRUClientSessionCache(1)
		for range 2 {
			early3(t, s, sessions)
		}
		eventually(t, name, func() bool { return s.Stats().Handshakes == tc.want })
		if early := s.Stats().EarlyData; early > 0 && name != "tickets" {
			t.Errorf("%s: %d requests in 0-RTT", name, early)
		}
	}
}

func TestForgottenSessionsAreNotResumed(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true, Disable0RTT: true})
	sessions, over := tls.NewLRUClientSessionCache(1), &tls.Config{RootCAs: roots(t, s), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	early3(t, s, sessions)
	handshakes(t, s, 1, over)
	s.ForgetSessions()
	early3(t, s, sessions)
	handshakes(t, s, 1, over)
	if got := s.Stats().Handshakes; got != (Handshakes{Full: 4}) {
		t.Errorf("%+v", got)
	}
	early3(t, s, sessions)
	handshakes(t, s, 1, over)
	if got := s.Stats().Handshakes; got != (Handshakes{Full: 4, Resumed: 2}) {
		t.Errorf("afterwards: %+v", got)
	}
}

func TestHTTP3HandshakeThatFailsIsCounted(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true})
	for _, config := range []*tls.Config{
		{NextProtos: []string{"h3"}}, // trusts nobody
		{InsecureSkipVerify: true, NextProtos: []string{"other"}},
	} {
		if _, err := quic.DialAddr(t.Context(), s.Addr(), config, nil); err == nil {
			t.Error("it succeeded")
		}
	}
	eventually(t, "both are counted", func() bool { return s.Stats().Handshakes == Handshakes{Failed: 2} })
	if got := s.Stats().Connections; got != (Connections{Accepted: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestHTTP3IdleConnectionsAreClosed(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true, IdleTimeout: time.Second})
	client, _ := newHTTP3Client(t, s, nil)
	get(t, client, s.URL()+"/")
	eventually(t, "it is closed", func() bool { return s.Stats().Connections.Open == 0 })
}

func TestHTTP3GoAwayAfterSoManyRequests(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true, MaxRequestsPerConn: 2})
	client, _ := newHTTP3Client(t, s, nil)
	get(t, client, s.URL()+"/")
	get(t, client, s.URL()+"/")
	eventually(t, "the client has closed", func() bool { return s.Stats().Connections == Connections{Accepted: 1} })
	get(t, client, s.URL()+"/close")
	eventually(t, "and again", func() bool { return s.Stats().Connections == Connections{Accepted: 2} })
}

func TestCloseClosesHTTP3Connections(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP3: true})
	q, err := quic.DialAddr(t.Context(), s.Addr(), &tls.Config{RootCAs: roots(t, s), NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is there", func() bool { return s.Stats().Handshakes.Full == 1 })
	s.Close()
	<-q.Context().Done()
	if e, ok := errors.AsType[*quic.ApplicationError](context.Cause(q.Context())); !ok || !e.Remote || e.ErrorCode != codeNoError {
		t.Errorf("%v", context.Cause(q.Context()))
	}
	if c, err := net.ListenPacket("udp", strings.TrimPrefix(s.URL(), "https://")); err != nil {
		t.Errorf("the port is taken: %v", err)
	} else {
		c.Close()
	}
}
