package session

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sessbench/workload/wire"
)

// A crowd is a server that answers when all of its requests are under way, and knows how much memory was in use then.
type crowd struct {
	size     int64
	arrived  atomic.Int64
	all      chan struct{} // closed when all are there, or one will not come
	give     sync.Once
	inFlight int64

	mu      sync.Mutex
	cookies map[string]int64 // bytes that came by cookie
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first, _ := io.CopyN(io.Discard, r.Body, 100_000)
	if c.arrived.Add(1) == c.size {
		c.inFlight = heapInUse()
		c.giveUp()
	}
	<-c.all
	rest, _ := io.Copy(io.Discard, r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cookies[r.Header.Get("Cookie")] += first + rest
}

func (c *crowd) giveUp() { c.give.Do(func() { close(c.all) }) }

// Sessions that differ in their cookies send one body, which is in memory once.
func TestALargeBodyIsNotHeldBySessions(t *testing.T) {
	const sessions, size = 50, 20 << 20
	body := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(body)
	for _, protocol := range []wire.Protocol{wire.HTTP1, wire.HTTP2} {
		t.Run("HTTP/"+string(protocol), func(t *testing.T) {
			c := &crowd{size: sessions, all: make(chan struct{}), cookies: map[string]int64{}}
			server := httptest.NewUnstartedServer(c)
			server.EnableHTTP2 = protocol == wire.HTTP2
			server.Config.HTTP2 = &http.HTTP2Config{MaxReadFrameSize: 16 << 10} // for each connection it has a buffer of that size
			server.StartTLS()
			defer server.Close()
			defer c.giveUp()

			var buffers wire.Buffers
			list := make([]*Session, sessions)
			for i := range list {
				s := testSession(t)
				s.Logger, s.TLS = slog.New(slog.DiscardHandler), &TLS{Insecure: true}
				options := AdapterOptions{Policy: wire.Policy{HTTP: protocol}}
				options.Wire.Buffers = &buffers
				if err := s.Mount("https://", NewAdapter(options)); err != nil {
					t.Fatal(err)
				}
				if err := s.Jar.Set(Cookie{Name: "sid", Value: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
				list[i] = s
			}
			p, err := list[0].Prepare(&Request{Method: "POST", URL: server.URL, Body: Bytes(body)})
			if err != nil {
				t.Fatal(err)
			}
			before := heapInUse()
			var group sync.WaitGroup
			for _, s := range list {
				group.Go(func() {
					var call Call
					if s.Measure(context.Background(), p, &call); call.Err != nil || call.Status != 200 {
						t.Errorf("status %d, %v", call.Status, call.Err)
						c.giveUp()
					}
				})
			}
			group.Wait()
			after := heapInUse() - before
			t.Logf("%.1f MB while sending, %.1f MB afterwards", float64(c.inFlight-before)/(1<<20), float64(after)/(1<<20))
			// The server's buffers are among it.
			if most := int64(8 * size); c.inFlight-before > most || after > most {
				t.Errorf("%d sessions take %d bytes while they send %d, and %d afterwards", sessions, c.inFlight-before, size, after)
			}
			if len(c.cookies) != sessions {
				t.Errorf("%d cookies came", len(c.cookies))
			}
			for cookie, n := range c.cookies {
				if n != size {
					t.Errorf("%s: %d bytes came", cookie, n)
				}
			}
			runtime.KeepAlive(list)
		})
	}
}
