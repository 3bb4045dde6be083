package testserver

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
)

// BenchmarkDelay reports how late the delay route ends, measured in the server.
func BenchmarkDelay(b *testing.B) {
	for _, delay := range []string{"250us", "1ms", "5ms", "20ms"} {
		b.Run(delay, func(b *testing.B) {
			s := start(b, Config{})
			asked, err := parseDuration(delay)
			if err != nil {
				b.Fatal(err)
			}
			var late []time.Duration
			for b.Loop() {
				request := httptest.NewRequest("GET", "/delay/"+delay, nil)
				begun := time.Now()
				s.mux.ServeHTTP(httptest.NewRecorder(), request)
				late = append(late, time.Since(begun)-asked)
			}
			slices.Sort(late)
			b.ReportMetric(float64(late[len(late)/2])/1e3, "late-p50-µs")
			b.ReportMetric(float64(late[len(late)*99/100])/1e3, "late-p99-µs")
		})
	}
}

// BenchmarkRequest is the cost of the smallest request, client and server together,
// beside that of a net/http server that counts nothing.
func BenchmarkRequest(b *testing.B) {
	b.Run("counted", func(b *testing.B) { benchmarkRequests(b, start(b, Config{}).Addr()) })
	b.Run("bare", func(b *testing.B) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			writeText(w, "sessbench test server\n")
		}))
		b.Cleanup(s.Close)
		benchmarkRequests(b, s.Listener.Addr().String())
	})
}

func benchmarkRequests(b *testing.B, addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	c := &raw{conn, bufio.NewReader(conn), b}
	b.ReportAllocs()
	for b.Loop() {
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
		c.response()
	}
}

// BenchmarkConnection is the cost of a connection with one request.
func BenchmarkConnection(b *testing.B) {
	for name, cfg := range map[string]Config{"plain": {}, "tls": {TLS: true}} {
		b.Run(name, func(b *testing.B) {
			s := start(b, cfg)
			for b.Loop() {
				c := dial(b, s)
				c.ask("/")
				c.response()
				c.Close()
			}
		})
	}
}
