package wire

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// A server3 runs a handler for every request, or a script for every connection.
type server3 struct {
	url      string
	opts     *Options // that trust it
	accepted atomic.Int64
	ln       *quic.EarlyListener
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns []*quic.Conn
}

// listen3 starts a server on which serve is run for every connection.
func listen3(t testing.TB, config *quic.Config, serve func(*quic.Conn)) *server3 {
	t.Helper()
	srv, cli := identity(t)
	config.MaxIdleTimeout = http3Idle
	ln, err := quic.ListenAddrEarly("127.0.0.1:0", http3.ConfigureTLSConfig(srv), config)
	if err != nil {
		t.Fatal(err)
	}
	s := &server3{url: "https://" + ln.Addr().String(), opts: &Options{TLS: cli}, ln: ln}
	s.wg.Go(func() {
		for {
			q, err := ln.Accept(context.Background())
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.mu.Lock()
			s.conns = append(s.conns, q)
			s.mu.Unlock()
			s.wg.Go(func() { serve(q) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		s.end(codeNoError)
		s.wg.Wait()
	})
	return s
}

// end closes all connections.
func (s *server3) end(code quic.ApplicationErrorCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.conns {
		_ = q.CloseWithError(code, "secret text of the server")
	}
}

// script3 starts a server with a handler.
func script3(t testing.TB, handler http.HandlerFunc) *server3 {
	t.Helper()
	h := &http3.Server{Handler: handler}
	return listen3(t, &quic.Config{}, func(q *quic.Conn) { _ = h.ServeQUICConn(q) })
}

// raw3 starts a server that sends the same bytes on every request's stream, and ends it where fin says so. It has a
// control stream with settings.
func raw3(t testing.TB, control, answer string, fin bool) *server3 {
	t.Helper()
	return listen3(t, &quic.Config{}, func(q *quic.Conn) {
		if str, err := q.OpenUniStream(); err == nil {
			_, _ = str.Write([]byte(control))
		}
		for {
			str, err := q.AcceptStream(context.Background())
			if err != nil {
				return
			}
			_, _ = str.Write([]byte(answer))
			if fin {
				_ = str.Close()
			}
		}
	})
}

// settings is a control stream that has nothing to say.
const settings = "\x00\x04\x00"
