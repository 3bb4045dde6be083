package session

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRule_5_4_TheConnectionReturnedLastGoesFirst(t *testing.T) {
	server := record(t, fine)
	s := testSession(t)
	open := []*Response{streamed(t, s, server.url), streamed(t, s, server.url), streamed(t, s, server.url)}
	for _, i := range []int{1, 2, 0} {
		readOut(t, open[i])
	}
	for range 3 { // one after the other as they are not read
		open = append(open, streamed(t, s, server.url))
	}
	if want := []int{1, 2, 3, 1, 3, 2}; !slices.Equal(server.conns(), want) {
		t.Errorf("connections %v, want %v", server.conns(), want)
	}
	for _, resp := range open[3:] {
		readOut(t, resp)
	}
}

func TestRule_5_5_StreamsHoldConnectionsAndTheSizeIsKept(t *testing.T) {
	server := record(t, fine)
	s := sessionWith(t, AdapterOptions{PoolMaxSize: 1})
	one, two := streamed(t, s, server.url), streamed(t, s, server.url)
	readOut(t, one)
	readOut(t, two) // beyond the size
	for range 2 {
		got(t, s, server.url, "fine")
	}
	if want := []int{1, 2, 1, 1}; !slices.Equal(server.conns(), want) {
		t.Errorf("connections %v, want %v", server.conns(), want)
	}
}

// Where requests has 0 we have a negative number.
func TestRule_5_5_WithoutASizeAllAreKept(t *testing.T) {
	server := record(t, fine)
	s := sessionWith(t, AdapterOptions{PoolMaxSize: -1})
	for range 2 {
		var open []*Response
		for range 12 {
			open = append(open, streamed(t, s, server.url))
		}
		for _, resp := range open {
			readOut(t, resp)
		}
	}
	if server.connections() != 12 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestRule_5_5_TenAreKeptByDefault(t *testing.T) {
	server := record(t, fine)
	s := testSession(t)
	for range 2 {
		var open []*Response
		for range 12 {
			open = append(open, streamed(t, s, server.url))
		}
		for _, resp := range open {
			readOut(t, resp)
		}
	}
	if server.connections() != 14 {
		t.Errorf("%d connections for twice twelve, want 14", server.connections())
	}
}

func TestRule_5_5_AFailureGivesItsConnectionUp(t *testing.T) {
	for name, block := range map[string]bool{"not blocking": false, "blocking": true} {
		t.Run(name, func(t *testing.T) {
			server := record(t, func(r *received) string {
				switch r.Target {
				case "/garbage":
					return "nonsense\r\n\r\n" + hangUp
				case "/short":
					return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort" + hangUp
				}
				return reply(200, "fine")
			})
			s := sessionWith(t, AdapterOptions{PoolMaxSize: 1, PoolBlock: block})
			for _, path := range []string{"/garbage", "/short"} {
				if _, err := s.Get(t.Context(), server.url+path); err == nil {
					t.Errorf("%s: no error", path)
				}
				if call := measure(t, s, &Request{URL: server.url + path}); call.Err == nil {
					t.Errorf("%s: no error", path)
				}
			}
			got(t, s, server.url, "fine")
			got(t, s, server.url, "fine")
			if want := []int{1, 2, 3, 4, 5, 5}; !slices.Equal(server.conns(), want) {
				t.Errorf("connections %v, want %v", server.conns(), want)
			}
		})
	}
}

// The call waits in the pool until another goroutine has read the first response.
func TestRule_5_5_BlockedCallsWaitForTheReader(t *testing.T) {
	script := func(f *farEnd) {
		for f.request() != nil {
			f.say(reply(200, strings.Repeat("fine", 10_000)))
		}
	}
	bubble(t, AdapterOptions{PoolMaxSize: 1, PoolBlock: true}, script, func(t *testing.T, s *Session) {
		first := streamed(t, s, pipeURL)
		var reader sync.WaitGroup
		reader.Go(func() {
			time.Sleep(time.Hour)
			readOut(t, first)
		})
		second := got(t, s, pipeURL, strings.Repeat("fine", 10_000))
		reader.Wait()
		if ex := second.Attempts[0]; ex.Phases.Acquire != time.Hour || !ex.Reused || second.Elapsed != time.Hour {
			t.Errorf("waited %v, reused %t, elapsed %v", ex.Phases.Acquire, ex.Reused, second.Elapsed)
		}
	})
}

// The same with sockets, coded bodies, and nobody who waits for anybody: what is shared must be safe.
func TestRule_5_5_AnotherGoroutineReadsWhileTheSessionGoesOn(t *testing.T) {
	packed := string(gzipped(t, strings.Repeat("fine", 10_000)))
	server := record(t, func(*received) string { return reply(200, packed, "Content-Encoding: gzip") })
	for name, block := range map[string]bool{"not blocking": false, "blocking": true} {
		t.Run(name, func(t *testing.T) {
			s := sessionWith(t, AdapterOptions{PoolMaxSize: 2, PoolBlock: block})
			var readers sync.WaitGroup
			for range 50 {
				resp := streamed(t, s, server.url)
				readers.Go(func() {
					if data, err := resp.Bytes(); len(data) != 40_000 || err != nil {
						t.Errorf("%d bytes, error %v", len(data), err)
					}
				})
			}
			readers.Wait()
		})
	}
	if n := server.connections(); n > 52 {
		t.Errorf("%d connections", n)
	}
}

func TestRule_5_5_BlockedCallsEndInTime(t *testing.T) {
	script := func(f *farEnd) {
		for f.request() != nil {
			f.say(reply(200, "fine"))
		}
	}
	bubble(t, AdapterOptions{PoolMaxSize: 1, PoolBlock: true}, script, func(t *testing.T, s *Session) {
		first := streamed(t, s, pipeURL)
		began := time.Now()
		_, err := s.Do(t.Context(), &Request{URL: pipeURL, Timeout: &Timeout{Read: time.Second, Connect: time.Second, Total: time.Minute}})
		wantKind(t, err, ErrTotalTimeout, ErrTimeout, "", ErrConnection, ErrReadTimeout)
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
		call := measure(t, s, &Request{URL: pipeURL, Timeout: &Timeout{Total: time.Minute}})
		if call.Class != "timeout" || call.Phases.Acquire != time.Minute || call.Attempts != 0 {
			t.Errorf("%+v", call)
		}
		readOut(t, first)
		if resp := got(t, s, pipeURL, "fine"); !resp.Reused() || resp.Elapsed != 0 {
			t.Error("the connection was lost to those who had given up")
		}
	})
}

func TestRule_5_6_AStreamEndsWithItsBodyOrByClosing(t *testing.T) {
	server := record(t, func(r *received) string {
		switch {
		case r.Target == "/204":
			return "HTTP/1.1 204 No Content\r\n\r\n"
		case r.Method == "HEAD":
			return "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
		case r.Target == "/empty":
			return reply(200, "")
		case r.Target == "/chunked":
			return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n"
		}
		return reply(200, strings.Repeat("x", 100_000))
	})
	s := testSession(t)
	begin := func(method, path string) *Response {
		t.Helper()
		resp, err := s.Do(t.Context(), &Request{Method: method, URL: server.url + path, Stream: true})
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	// None of these holds its connection, read or not (13.35).
	begin("GET", "/204")
	begin("HEAD", "/")
	begin("GET", "/empty")
	held := begin("GET", "/chunked")
	begin("GET", "/204") // opens another one, and keeps it
	if data, err := io.ReadAll(held.Body); string(data) != "fine" || err != nil {
		t.Errorf("%q, error %v", data, err)
	}
	early := begin("GET", "/") // over the first one again
	if n, err := io.ReadFull(early.Body, make([]byte, 10)); n != 10 || err != nil {
		t.Fatal(n, err)
	}
	if err := early.Close(); err != nil {
		t.Fatal(err)
	}
	begin("GET", "/204") // the second one
	begin("GET", "/204")
	if want := []int{1, 1, 1, 1, 2, 1, 2, 2}; !slices.Equal(server.conns(), want) {
		t.Errorf("connections %v, want %v", server.conns(), want)
	}
	if _, err := early.Bytes(); !errors.Is(err, ErrStreamConsumed) {
		t.Errorf("a body that was closed: %v", err)
	}
}
