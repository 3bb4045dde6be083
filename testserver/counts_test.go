package testserver

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"sync"
	"testing"
)

func TestKeptConnectionIsOneConnection(t *testing.T) {
	s := start(t, Config{})
	c := dial(t, s)
	for range 5 {
		c.ask("/bytes/1000")
		c.response()
	}
	stats := s.Stats()
	if stats.Connections != (Connections{Accepted: 1, Open: 1}) || stats.Requests != 5 {
		t.Errorf("stats %+v", stats)
	}
	if want := (RequestsPerConnection{Mean: 5, Connections: map[int64]int64{5: 1}}); !reflect.DeepEqual(stats.RequestsPerConnection, want) {
		t.Errorf("requests per connection %+v, want %+v", stats.RequestsPerConnection, want)
	}
	if request := int64(len("GET /bytes/1000 HTTP/1.1\r\nHost: test\r\n\r\n")); stats.BytesIn != 5*request || stats.BytesOut <= 5*1000 {
		t.Errorf("%d bytes in, %d out", stats.BytesIn, stats.BytesOut)
	}
	if stats.Handshakes != (Handshakes{}) {
		t.Errorf("handshakes %+v without TLS", stats.Handshakes)
	}
	c.Close()
	eventually(t, "the connection is closed", func() bool { return s.Stats().Connections.Open == 0 })
	if after := s.Stats(); after.BytesIn != stats.BytesIn || after.BytesOut != stats.BytesOut || !reflect.DeepEqual(after.RequestsPerConnection, stats.RequestsPerConnection) {
		t.Errorf("closing changed %+v to %+v", stats, after)
	}
}

func TestFreshConnectionsAreManyConnections(t *testing.T) {
	s := start(t, Config{})
	for range 5 {
		c := dial(t, s)
		c.ask("/")
		c.response()
		c.Close()
	}
	eventually(t, "all are closed", func() bool { return s.Stats().Connections.Open == 0 })
	stats := s.Stats()
	if want := (RequestsPerConnection{Mean: 1, Connections: map[int64]int64{1: 5}}); stats.Connections.Accepted != 5 || !reflect.DeepEqual(stats.RequestsPerConnection, want) {
		t.Errorf("stats %+v", stats)
	}
}

func TestAConnectionWithoutARequestIsCounted(t *testing.T) {
	s := start(t, Config{})
	dial(t, s).Close()
	eventually(t, "it came and went", func() bool { return s.Stats().Connections == Connections{Accepted: 1} })
	if per := s.Stats().RequestsPerConnection; per.Mean != 0 || len(per.Connections) != 0 {
		t.Errorf("requests per connection %+v", per)
	}
}

func TestHTTP2RequestsShareAConnection(t *testing.T) {
	for _, cfg := range []Config{{HTTP2: true}, {HTTP2: true, TLS: true}} {
		s := start(t, cfg)
		client := newClient(t, s)
		client.Transport.(*http.Transport).MaxConnsPerHost = 1 // or it might dial more than it uses
		get(t, client, s.URL()+"/")
		var all sync.WaitGroup
		for range 9 {
			all.Go(func() {
				resp, err := client.Get(s.URL() + "/delay/1ms")
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			})
		}
		all.Wait()
		stats := s.Stats()
		if stats.Connections != (Connections{Accepted: 1, Open: 1}) || stats.RequestsPerConnection.Connections[10] != 1 {
			t.Errorf("%+v: stats %+v", cfg, stats)
		}
		if cfg.TLS && stats.Handshakes != (Handshakes{Full: 1}) {
			t.Errorf("handshakes %+v", stats.Handshakes)
		}
	}
}

// handshakes opens n connections one after the other, with one request each.
func handshakes(t *testing.T, s *Server, n int, config *tls.Config) {
	t.Helper()
	for range n {
		c, err := tls.Dial("tcp", s.Addr(), config)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if _, err := io.ReadAll(c); err != nil { // TLS 1.3 sends its tickets after the handshake
			t.Fatal(err)
		}
		c.Close()
	}
}

func TestFullAndResumedHandshakesAreToldApart(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s := start(t, Config{TLS: true, MaxTLSVersion: version})
			config := &tls.Config{RootCAs: roots(t, s)}
			handshakes(t, s, 3, config)
			if got := s.Stats().Handshakes; got != (Handshakes{Full: 3}) {
				t.Errorf("without a session cache: %+v", got)
			}
			s.ResetStats()
			config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
			handshakes(t, s, 4, config)
			if got := s.Stats().Handshakes; got != (Handshakes{Full: 1, Resumed: 3}) {
				t.Errorf("with a session cache: %+v", got)
			}
		})
	}
}

func TestWithoutTicketsNothingIsResumed(t *testing.T) {
	s := start(t, Config{TLS: true, DisableSessionTickets: true})
	handshakes(t, s, 3, &tls.Config{RootCAs: roots(t, s), ClientSessionCache: tls.NewLRUClientSessionCache(1)})
	if got := s.Stats().Handshakes; got != (Handshakes{Full: 3}) {
		t.Errorf("handshakes %+v", got)
	}
}

func TestFailedHandshakesAreCountedApart(t *testing.T) {
	s := start(t, Config{TLS: true})
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
	io.Copy(io.Discard, c)
	c.Close()
	if _, err := tls.Dial("tcp", s.Addr(), &tls.Config{}); err == nil {
		t.Fatal("a client trusts an authority that it does not know")
	}
	eventually(t, "two failed", func() bool { return s.Stats().Handshakes == Handshakes{Failed: 2} })
	if stats := s.Stats(); stats.Connections.Accepted != 2 || stats.Requests != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func TestClientCertificateIsWanted(t *testing.T) {
	authority := start(t, Config{TLS: true})
	s := start(t, Config{TLS: true, ClientCAs: authority.CAPEM()})
	certPEM, keyPEM, err := authority.ClientCertificate("ann")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: roots(t, s), Certificates: []tls.Certificate{certificate}}
	handshakes(t, s, 2, config)
	if got := s.Stats().Handshakes; got != (Handshakes{Full: 2}) {
		t.Errorf("handshakes %+v", got)
	}
	if resp, err := newClient(t, s).Get(s.URL()); err == nil {
		resp.Body.Close()
		t.Errorf("without a certificate: %d", resp.StatusCode)
	}
	eventually(t, "the other one failed", func() bool { return s.Stats().Handshakes == Handshakes{Full: 2, Failed: 1} })
}

// observe asks for the statistics over HTTP.
func observe(t *testing.T, s *Server, client *http.Client) Stats {
	t.Helper()
	_, body := get(t, client, s.URL()+"/stats")
	var stats Stats
	if err := json.Unmarshal([]byte(body), &stats); err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestAskingForStatisticsDoesNotChangeThem(t *testing.T) {
	for name, cfg := range map[string]Config{"plain": {}, "tls": {TLS: true}, "h2": {TLS: true, HTTP2: true}, "h2c": {HTTP2: true}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, cfg)
			worker, observer := newClient(t, s), newClient(t, s)
			want := 0
			for range 3 {
				for range 2 {
					get(t, worker, s.URL()+"/")
					want++
				}
				got := observe(t, s, observer)
				if got.Connections != (Connections{Accepted: 1, Open: 1}) || got.Requests != int64(want) || got.RequestsPerConnection.Mean != float64(want) {
					t.Fatalf("after %d requests: %+v", want, got)
				}
				if cfg.TLS && got.Handshakes != (Handshakes{Full: 1}) {
					t.Fatalf("handshakes %+v", got.Handshakes)
				}
			}
			bytes := s.Stats().BytesIn + s.Stats().BytesOut
			observer.CloseIdleConnections()
			eventually(t, "the observer's connection is gone", func() bool {
				s.counts.mu.Lock()
				defer s.counts.mu.Unlock()
				return len(s.counts.open) == 1
			})
			if got := s.Stats(); got.Connections != (Connections{Accepted: 1, Open: 1}) || got.BytesIn+got.BytesOut != bytes {
				t.Errorf("after the observer has gone: %+v, bytes were %d", got, bytes)
			}
		})
	}
}

func TestAnObserverThatWorksIsCounted(t *testing.T) {
	s := start(t, Config{TLS: true})
	client := newClient(t, s)
	if got := observe(t, s, client); got.Connections != (Connections{}) || got.Handshakes != (Handshakes{}) {
		t.Errorf("only statistics: %+v", got)
	}
	get(t, client, s.URL()+"/")
	got := observe(t, s, client)
	if got.Connections != (Connections{Accepted: 1, Open: 1}) || got.Handshakes != (Handshakes{Full: 1}) || got.Requests != 1 {
		t.Errorf("after a request: %+v", got)
	}
}

func TestStatisticsOverHTTPAreTheOnesInProcess(t *testing.T) {
	s := start(t, Config{})
	get(t, newClient(t, s), s.URL()+"/delay/1ms")
	eventually(t, "the request has been served", func() bool { return s.Stats().ServiceTime.Count == 1 })
	over, in := observe(t, s, newClient(t, s)), s.Stats()
	over.Seconds, in.Seconds, over.CPUSeconds, in.CPUSeconds = 0, 0, 0, 0 // these go on
	if !reflect.DeepEqual(over, in) {
		t.Errorf("over HTTP %+v\nin process %+v", over, in)
	}
}

func TestResetBeginsAnew(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	for range 4 {
		get(t, client, s.URL()+"/delay/1ms")
	}
	eventually(t, "all have been served", func() bool { return s.Stats().ServiceTime.Count == 4 })
	resp, err := newClient(t, s).Post(s.URL()+"/stats/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	stats := s.Stats()
	stats.Seconds, stats.CPUSeconds = 0, 0
	want := Stats{
		Connections:           Connections{Open: 1},
		RequestsPerConnection: RequestsPerConnection{Connections: map[int64]int64{}},
		ServiceTime:           ServiceTime{Buckets: []Bucket{}},
	}
	if !reflect.DeepEqual(stats, want) {
		t.Errorf("after a reset %+v, want %+v", stats, want)
	}
	get(t, client, s.URL()+"/")
	if stats := s.Stats(); stats.Requests != 1 || stats.RequestsPerConnection.Connections[1] != 1 || stats.Connections != (Connections{Open: 1}) {
		t.Errorf("one request later %+v", stats)
	}
}

func TestServiceTimeHoldsTheDelay(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	for range 10 {
		get(t, client, s.URL()+"/delay/2ms")
	}
	eventually(t, "all have been served", func() bool { return s.Stats().ServiceTime.Count == 10 })
	got := s.Stats().ServiceTime
	if got.Mean < 0.002 || got.P50 < 0.002*0.98 || got.P50 > got.P90 || got.P90 > got.P99 || got.P99 > got.Max {
		t.Errorf("service time %+v", got)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	for name, cfg := range protocols {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s, err := Start(cfg)
			if err != nil {
				t.Fatal(err)
			}
			client := newClient(t, s)
			get(t, client, s.URL()+"/")
			var waiting sync.WaitGroup
			for range 4 { // these are under way when the server closes
				waiting.Go(func() {
					if resp, err := client.Get(s.URL() + "/delay/10m"); err == nil {
						resp.Body.Close()
						t.Error("a request outlived its server")
					}
				})
			}
			idle, err := net.Dial("tcp", s.Addr()) // in the middle of its handshake, with TLS
			if err != nil {
				t.Fatal(err)
			}
			defer idle.Close()
			eventually(t, "all requests have come", func() bool { return s.Stats().Requests == 5 })
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			waiting.Wait()
			client.CloseIdleConnections()
			eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
			if open := s.Stats().Connections.Open; open != 0 {
				t.Errorf("%d connections are open", open)
			}
			if err := s.Close(); err != nil {
				t.Errorf("second Close: %v", err)
			}
			if _, err := net.Dial("tcp", s.Addr()); err == nil {
				t.Error("still listening")
			}
		})
	}
}

func TestWrongConfigurationsAreRefused(t *testing.T) {
	for name, cfg := range map[string]Config{
		"client certificates without TLS": {ClientCAs: []byte("x")},
		"no certificate in the PEM":       {TLS: true, ClientCAs: []byte("x")},
		"negative idle timeout":           {IdleTimeout: -1},
		"negative requests":               {MaxRequestsPerConn: -1},
		"no such address":                 {Addr: "127.0.0.1:http:x"},
	} {
		if s, err := Start(cfg); err == nil {
			s.Close()
			t.Errorf("%s: started", name)
		}
	}
}

func TestTheAuthorityIsWrittenAsIs(t *testing.T) {
	s := start(t, Config{TLS: true})
	path := t.TempDir() + "/ca.pem"
	if err := s.WriteCA(path); err != nil {
		t.Fatal(err)
	}
	if err := start(t, Config{}).WriteCA(path); err == nil {
		t.Error("a certificate without TLS")
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		c, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: roots(t, s), ServerName: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Close()
	}
}
