// Package testserver is an HTTP server with known, settable behaviour that counts
// connections, handshakes and requests. What it counted is the truth that a client's
// own numbers are held against.
//
// The routes are listed in routes.go. All of them speak HTTP/1.1 and, where
// Config.HTTP2 and HTTP3 say so, HTTP/2 and HTTP/3. Those that write a response byte by byte
// answer 501 over these, and know nothing of Config.MaxRequestsPerConn. A parameter that
// makes no sense is answered with 400 and a sentence.
package testserver

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A Config says how a Server behaves. The zero value is a plain HTTP/1.1 server on a
// free port of 127.0.0.1 that never closes a connection of its own accord.
type Config struct {
	Addr string // host:port to listen on; "": 127.0.0.1 and a free port

	TLS                   bool   // HTTPS, with a certificate made at the start
	DisableSessionTickets bool   // every TLS handshake is a full one
	MaxTLSVersion         uint16 // tls.VersionTLS12, ...; 0: the newest
	ClientCAs             []byte // PEM; not empty: a client must show a certificate signed by one of them

	HTTP2 bool // offer HTTP/2 as well: by ALPN with TLS, else with prior knowledge (h2c)

	// HTTP3 listens for HTTP/3 as well, on UDP and the same port number. It takes TLS, and a
	// MaxTLSVersion that lets it be 1.3.
	HTTP3       bool
	Disable0RTT bool // tickets for HTTP/3 do not allow requests within the handshake

	// IdleTimeout: a connection that waits longer for its next (or first) request is closed; 0: never. Of
	// HTTP/3 it is 10 minutes without any packet then.
	IdleTimeout time.Duration
	// MaxRequestsPerConn: with this response, "Connection: close" is said and done; 0: never. HTTP/2 and
	// HTTP/3 say GOAWAY; with HTTP/3 that may come just before or just after the response, the client is
	// the one to close, and further requests are rejected.
	MaxRequestsPerConn int

	// IgnoreConnectionClose keeps the connection open after a request that said
	// "Connection: close", and does not say it in the response (HTTP/1.1 only). It shows
	// that closing is the client's doing. Such requests' bodies are held in memory, up
	// to 16 MiB.
	IgnoreConnectionClose bool

	// StallAfter and StallFor make every request that comes between StallAfter from the
	// start and StallFor later wait for the end of that time. StallFor 0: no stall. See
	// Server.Stall.
	StallAfter, StallFor time.Duration

	Shop ShopConfig // of the routes under /shop/

	ErrorLog *log.Logger // what net/http's server complains of; nil: dropped
}

const (
	handshakeTimeout = 10 * time.Second
	maxHeaderBytes   = 1 << 20
)

// A Server is a running test server. All methods may be called by any goroutine.
type Server struct {
	cfg       Config
	authority *authority // nil without TLS
	listener  *listener
	http      http.Server
	http3     *http3Listener // nil without HTTP/3
	quicTLS   *tls.Config    // the same
	mux       *http.ServeMux // what is counted
	statsMux  *http.ServeMux // what is not
	counts    *counts
	tallies   tallies
	shop      *shop
	cookieKey []byte
	filler    []byte
	stall     atomic.Pointer[stall]

	served   chan struct{}  // closed when the accepting goroutine has ended
	conns    sync.WaitGroup // net/http's goroutine for each connection
	handlers sync.WaitGroup // running handlers
	close    func() error
}

// Start starts a server. It is listening when Start returns.
func Start(cfg Config) (*Server, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if !cfg.TLS && len(cfg.ClientCAs) > 0 {
		return nil, errors.New("testserver: client certificates need TLS")
	}
	if cfg.HTTP3 && !cfg.TLS {
		return nil, errors.New("testserver: HTTP/3 needs TLS")
	}
	if cfg.HTTP3 && cfg.MaxTLSVersion != 0 && cfg.MaxTLSVersion < tls.VersionTLS13 {
		return nil, errors.New("testserver: HTTP/3 needs TLS 1.3")
	}
	if cfg.IdleTimeout < 0 || cfg.MaxRequestsPerConn < 0 || cfg.StallAfter < 0 || cfg.StallFor < 0 {
		return nil, errors.New("testserver: negative limit")
	}
	if err := cfg.Shop.validate(); err != nil {
		return nil, fmt.Errorf("testserver: %w", err)
	}
	s := &Server{cfg: cfg, counts: newCounts(), cookieKey: make([]byte, 32), filler: newFiller(), served: make(chan struct{})}
	s.shop = newShop(cfg.Shop, cfg.TLS)
	fillRandom(s.cookieKey)
	if cfg.StallFor > 0 {
		s.Stall(time.Now().Add(cfg.StallAfter), cfg.StallFor)
	}
	s.mux, s.statsMux = s.routes()
	s.configureHTTP()
	if err := s.listen(); err != nil {
		return nil, fmt.Errorf("testserver: %w", err)
	}
	s.close = sync.OnceValue(s.shutDown)
	go func() {
		defer close(s.served)
		s.http.Serve(s.listener) // ends with ErrServerClosed, by Close
	}()
	return s, nil
}

// fillRandom fills b with what nobody can guess.
func fillRandom(b []byte) { rand.Read(b) } // never fails

func (s *Server) configureHTTP() {
	logger := s.cfg.ErrorLog
	if logger == nil {
		logger = log.New(io.Discard, "", 0)
	}
	// Zero would mean ReadTimeout to net/http, which is not what is meant here.
	idle := s.cfg.IdleTimeout
	if idle == 0 {
		idle = -1
	}
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(s.cfg.HTTP2)
	protocols.SetUnencryptedHTTP2(s.cfg.HTTP2)
	s.http = http.Server{
		Handler:           http.HandlerFunc(s.serve),
		IdleTimeout:       idle,
		ReadHeaderTimeout: idle, // idleness before the first request
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         &protocols,
		ErrorLog:          logger,
		ConnContext:       withConn,
		ConnState:         s.connState,
	}
}

func (s *Server) listen() error {
	if s.cfg.TLS {
		var err error
		if s.authority, err = newAuthority(time.Now()); err != nil {
			return err
		}
		if s.http.TLSConfig, err = s.authority.serverConfig(&s.cfg); err != nil {
			return err
		}
	}
	inner, err := s.bind()
	if err != nil {
		return err
	}
	s.listener = newListener(inner, s.http.TLSConfig, s.counts)
	return nil
}

// bind takes the port, for UDP as well where there is HTTP/3. A free one that is free for TCP only is
// given back.
func (s *Server) bind() (net.Listener, error) {
	_, port, _ := net.SplitHostPort(s.cfg.Addr)
	for try := 1; ; try++ {
		inner, err := net.Listen("tcp", s.cfg.Addr)
		if err != nil || !s.cfg.HTTP3 {
			return inner, err
		}
		if err = s.listenHTTP3(inner.Addr(), s.http.TLSConfig); err == nil {
			return inner, nil
		}
		inner.Close()
		if port != "0" || try == portTries {
			return nil, err
		}
	}
}

// connState keeps count of net/http's connection goroutines.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		connOf(c).serving.Store(true)
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		// HTTP/2 connections are reported closed twice.
		if connOf(c).serving.CompareAndSwap(true, false) {
			s.conns.Done()
		}
	}
}

// Addr returns the host and port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL returns the server's URL, without a slash at the end.
func (s *Server) URL() string {
	if s.cfg.TLS {
		return "https://" + s.Addr()
	}
	return "http://" + s.Addr()
}

// CAPEM returns the certificate of the authority that signed the server's, in PEM.
// It is nil without TLS. The server's own names are localhost, 127.0.0.1 and ::1.
func (s *Server) CAPEM() []byte {
	if s.authority == nil {
		return nil
	}
	return s.authority.pem
}

// WriteCA writes what CAPEM returns to a file.
func (s *Server) WriteCA(path string) error {
	if s.authority == nil {
		return errors.New("testserver: no certificate without TLS")
	}
	return os.WriteFile(path, s.authority.pem, 0o644)
}

// ClientCertificate returns a new client certificate and its key in PEM, signed by
// the same authority as the server's own. A server given CAPEM of another one as
// ClientCAs accepts it.
func (s *Server) ClientCertificate(commonName string) (certPEM, keyPEM []byte, err error) {
	if s.authority == nil {
		return nil, nil, errors.New("testserver: no certificate without TLS")
	}
	return s.authority.clientCertificate(commonName, time.Now())
}

// Close closes the listener and every connection, whatever they are at, and waits for
// the server's goroutines to end.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	err := s.listener.Close()
	if s.http3 != nil {
		err = errors.Join(err, s.http3.close())
	}
	s.http.Close()
	<-s.served
	s.counts.closeAll()
	s.conns.Wait()
	s.handlers.Wait()
	return err
}

// serve is the way of every request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.handlers.Add(1)
	defer s.handlers.Done()
	c := connIn(r.Context())
	if tls := c.tls.Load(); tls != nil {
		r.TLS = tls // net/http has not seen it: it was handed a tap
	}
	if isStats(r.URL.Path) {
		s.counts.observed(c)
		s.statsMux.ServeHTTP(w, r)
		return
	}
	start := time.Now()
	number := s.counts.begin(c, r.ProtoMajor)
	defer func() { s.counts.end(c, time.Since(start)) }()
	if c.tap != nil {
		c.tap.take()
	}
	if s.cfg.MaxRequestsPerConn > 0 && number >= int64(s.cfg.MaxRequestsPerConn) {
		sayClose(w, r)
	}
	if s.waitOutStall(r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	if s.cfg.IgnoreConnectionClose && r.Close && r.ProtoMajor == 1 && r.ProtoMinor == 1 {
		s.serveKept(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// A stall is a time in which nothing is answered.
type stall struct{ from, to time.Time }

// Stall makes every request that comes between from and from+d wait for the end of
// that time before it is handled; /stats answers throughout. It takes the place of an
// earlier stall.
func (s *Server) Stall(from time.Time, d time.Duration) {
	s.stall.Store(&stall{from, from.Add(d)})
}

func (s *Server) waitOutStall(ctx context.Context) error {
	stall := s.stall.Load()
	if stall == nil || time.Now().Before(stall.from) {
		return nil
	}
	return sleepUntil(ctx, stall.to)
}
