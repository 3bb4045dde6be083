package session

import (
	"bytes"
	"context"
	"net"
	"testing"

	"sessbench/workload/wire"
)

// canned starts a server that answers every read with the same bytes and allocates nothing doing so; it
// returns its URL.
func canned(t testing.TB) string {
	t.Helper()
	return cannedWith(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

func cannedWith(t testing.TB, response string) string {
	t.Helper()
	answer := []byte(response)
	return cannedBy(t, func([]byte) []byte { return answer })
}

// cannedBy is canned with what answer makes of each read; it is called by a goroutine for each connection.
func cannedBy(t testing.TB, answer func(request []byte) []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					if _, err := conn.Write(answer(buffer[:n])); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String() + "/"
}

// What a session adds to the bare exchange, feature by feature. The server allocates nothing, so the allocations
// are the client's.
func BenchmarkMeasure(b *testing.B) {
	b.Run("bare wire", func(b *testing.B) {
		_, p := plainCall(b, func(*Session) {})
		client := wire.NewClient(wire.NewClock(), &wire.Options{}, wire.Policy{}, nil)
		defer client.Close()
		var resp wire.Response
		var ex wire.Exchange
		b.ReportAllocs()
		for b.Loop() {
			client.Do(context.Background(), p.plain, &resp, &ex)
			if ex.Err != nil {
				b.Fatal(ex.Err)
			}
		}
	})
	for _, c := range []struct {
		name   string
		change func(*Session)
	}{
		{"plain", func(*Session) {}},
		{"headers and params", func(s *Session) {
			s.Headers, s.Params = Defaults().Headers, Pairs("locale", "en", "page", "1")
		}},
		{"cookies", func(s *Session) { _ = s.Jar.Set(Cookie{Name: "sid", Value: "1"}) }},
		{"basic", func(s *Session) { s.Auth = Basic{"me", "secret"} }},
		{"bearer", func(s *Session) { s.Auth = Bearer("token") }},
		{"hook before", func(s *Session) { s.Hooks.Before = []func(*Hop) error{func(*Hop) error { return nil }} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, p := plainCall(b, c.change)
			var call Call
			b.ReportAllocs()
			for b.Loop() {
				s.Measure(context.Background(), p, &call)
				if call.Err != nil {
					b.Fatal(call.Err)
				}
			}
		})
	}
	ok := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	for _, c := range []struct {
		name      string
		auth      Auth
		other     string // the answer to requests that lack what
		what      string
		redirects int
	}{
		{"digest", Digest{"me", "secret"}, "401 Unauthorized\r\nWWW-Authenticate: Digest realm=r, nonce=n, qop=auth", "\r\nAuthorization: Digest ", 0},
		{"redirect", nil, "302 Found\r\nLocation: /next", "GET /next ", 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			other, what := []byte("HTTP/1.1 "+c.other+"\r\nContent-Length: 0\r\n\r\n"), []byte(c.what)
			url := cannedBy(b, func(request []byte) []byte {
				if bytes.Contains(request, what) {
					return ok
				}
				return other
			})
			s, _ := plainCall(b, func(s *Session) { s.Auth, s.Follow, s.MaxRedirects = c.auth, FollowAlways, 1 })
			p, err := s.Prepare(&Request{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			var call Call
			b.ReportAllocs()
			for b.Loop() {
				s.Measure(context.Background(), p, &call)
				if call.Err != nil || call.Status != 200 || call.Redirects != c.redirects {
					b.Fatalf("%+v", call)
				}
			}
		})
	}
}
