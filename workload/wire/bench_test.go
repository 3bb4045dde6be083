package wire

import (
	"context"
	"net"
	"testing"
	"time"

	"sessbench/internal/programs"
)

// cannedServer answers every read with the same small response and allocates nothing.
func cannedServer(b testing.TB, script func(net.Conn)) string {
	b.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go script(c)
		}
	}()
	b.Cleanup(func() { _ = ln.Close(); <-done })
	return "http://" + ln.Addr().String()
}

const cannedText = "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Sun, 18 Oct 2026 10:00:00 GMT\r\n" +
	"Content-Type: application/json\r\nContent-Length: 12\r\nConnection: keep-alive\r\n\r\n{\"ok\": true}"

func canned(c net.Conn) {
	defer func() { _ = c.Close() }()
	buf := make([]byte, 4096)
	text := []byte(cannedText)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
		if _, err := c.Write(text); err != nil {
			return
		}
	}
}

func benchmark(b *testing.B, target string, opts *Options, policy Policy) {
	c := newClient(b, opts, policy)
	req := get(b, target)
	req.KeepBody = false
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var resp Response
	var ex Exchange
	b.ReportAllocs()
	for b.Loop() {
		if c.Do(ctx, req, &resp, &ex); ex.Err != nil {
			b.Fatal(ex.Err)
		}
	}
}

func TestPooledGetAllocatesNothing(t *testing.T) {
	c := newClient(t, &Options{Limits: Limits{ReadTimeout: time.Minute, Timeout: time.Hour}}, Policy{})
	req := get(t, cannedServer(t, canned))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var resp Response
	var ex Exchange
	var server []byte
	n := programs.Allocs(500, func() {
		if c.Do(ctx, req, &resp, &ex); ex.Err != nil {
			t.Fatal(ex.Err)
		}
		server = resp.Header("Server")
	})
	if n != 0 || string(server) != "bench" || string(resp.Body) != "{\"ok\": true}" {
		t.Errorf("%v allocations, Server %q, body %q", n, server, resp.Body)
	}
}

func BenchmarkPooled(b *testing.B) {
	benchmark(b, cannedServer(b, canned), &Options{Limits: Limits{ReadTimeout: 5 * time.Second, Timeout: time.Minute}}, Policy{})
}

func BenchmarkFresh(b *testing.B) {
	benchmark(b, cannedServer(b, canned), &Options{Limits: Limits{ReadTimeout: 5 * time.Second, Timeout: time.Minute}}, Policy{RequestsPerConnection: 1})
}

func BenchmarkPooledTLS(b *testing.B) {
	srv, cli := identity(b)
	s := serve(b, srv, func(p *peer) { canned(p.Conn) })
	benchmark(b, s.url, &Options{TLS: cli, Limits: Limits{ReadTimeout: 5 * time.Second}}, Policy{})
}

func BenchmarkFreshTLS(b *testing.B) {
	srv, cli := identity(b)
	s := serve(b, srv, func(p *peer) { canned(p.Conn) })
	benchmark(b, s.url, &Options{TLS: cli, Limits: Limits{ReadTimeout: 5 * time.Second}}, Policy{RequestsPerConnection: 1})
}
