// Package testserver is a stand-in.
package testserver

import (
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"
)

type Config struct {
	Addr                  string
	TLS                   bool
	IdleTimeout           time.Duration
	MaxRequestsPerConn    int
	HTTP2                 bool
	DisableSessionTickets bool
	IgnoreConnectionClose bool
}

type Stats struct {
	Connections Connections
	Handshakes  Handshakes
	Requests    int64
}
type Connections struct{ Accepted, Open int64 }
type Handshakes struct{ Full, Resumed, Failed int64 }

type Server struct {
	s        *httptest.Server
	requests atomic.Int64
}

func Start(c Config) (*Server, error) {
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, err
	}
	s := &Server{}
	s.s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.requests.Add(1) }))
	s.s.Listener.Close()
	s.s.Listener = l
	if c.TLS {
		s.s.StartTLS()
	} else {
		s.s.Start()
	}
	return s, nil
}

func (s *Server) URL() string { return s.s.URL }

func (s *Server) CAPEM() []byte {
	if s.s.Certificate() == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.s.Certificate().Raw})
}

func (s *Server) WriteCA(path string) error { return os.WriteFile(path, s.CAPEM(), 0o666) }

func (s *Server) Stats() Stats { return Stats{Requests: s.requests.Load()} }

func (s *Server) Close() error { s.s.Close(); return nil }
