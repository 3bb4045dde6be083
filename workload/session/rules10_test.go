package session

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/internal/programs"
)

func TestRule_10_1_CloseEndsIdleConnections(t *testing.T) {
	closed := make(chan int, 3)
	script := func(f *farEnd) {
		for f.request() != nil {
			f.say(reply(200, "fine"))
		}
		closed <- f.number
	}
	url, proxy := listen(t, script), listen(t, script)
	s := testSession(t)
	own := NewAdapter(AdapterOptions{})
	if err := s.Mount(url+"/own", own); err != nil {
		t.Fatal(err)
	}
	got(t, s, url, "fine")
	got(t, s, url+"/own", "fine")
	s.Proxies = Proxies{{For: "http", URL: proxy}}
	got(t, s, "http://a.test/", "fine")
	s.Close()
	numbers := []int{<-closed, <-closed, <-closed}
	slices.Sort(numbers)
	if want := []int{1, 1, 2}; !slices.Equal(numbers, want) {
		t.Errorf("closed %v, want %v", numbers, want)
	}
	s.Close() // again
}

func TestRule_10_2_TheSessionGoesOn(t *testing.T) {
	server := record(t, func(*received) string { return reply(200, "fine", "Set-Cookie: a=1; Path=/") })
	s := testSession(t)
	s.Headers = s.Headers.With(Set("X-Own", "mine"))
	p, err := s.Prepare(&Request{URL: server.url})
	if err != nil {
		t.Fatal(err)
	}
	var call Call
	for i := range 3 {
		s.Measure(t.Context(), p, &call)
		if call.Err != nil || call.Reused {
			t.Errorf("call %d: %+v", i, call)
		}
		if resp := got(t, s, server.url, "fine"); !resp.Reused() {
			t.Errorf("call %d: not reused", i)
		}
		s.Close()
	}
	if last := server.last(t); last.get("Cookie") != "a=1" || last.get("X-Own") != "mine" || server.connections() != 3 {
		t.Errorf("%d connections, last %+v", server.connections(), last)
	}
}

func TestRule_10_3_StreamsStayReadableAndCloseThen(t *testing.T) {
	long := strings.Repeat("x", 500_000)
	for name, end := range map[string]func(*testing.T, *Response){
		"read": func(t *testing.T, resp *Response) {
			if data, err := resp.Bytes(); string(data) != long || err != nil {
				t.Errorf("%d bytes, error %v", len(data), err)
			}
		},
		"closed": func(t *testing.T, resp *Response) {
			if err := resp.Close(); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan int, 2)
			url := listen(t, func(f *farEnd) {
				for f.request() != nil {
					f.say(reply(200, long))
				}
				closed <- f.number
			})
			s := testSession(t)
			resp := streamed(t, s, url)
			s.Close()
			end(t, resp)
			if n := <-closed; n != 1 {
				t.Errorf("connection %d was closed first", n)
			}
			if again := got(t, s, url, long); again.Reused() {
				t.Error("the connection of the stream was used again")
			}
		})
	}
}

// A bubble does not end before its goroutines have.
func TestRule_10_1_NoGoroutineIsLeft(t *testing.T) {
	script := func(f *farEnd) {
		for {
			r := f.request()
			switch {
			case r == nil:
				return
			case r.Target == "/silent":
				f.await()
			case r.Target == "/drop":
				return
			case r.Target == "/long":
				f.say(reply(200, strings.Repeat("x", 100_000)))
			default:
				f.say(reply(200, "fine"))
			}
		}
	}
	bubble(t, AdapterOptions{Retries: Retries(1)}, script, func(t *testing.T, s *Session) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.Timeout = &Timeout{Read: time.Second, Total: time.Minute}
		for _, path := range []string{"/", "/drop", "/silent", "/long"} {
			_, _ = s.Get(ctx, pipeURL+path)
		}
		open, cut := streamed(t, s, pipeURL+"/long"), streamed(t, s, pipeURL+"/long")
		s.Close()
		readOut(t, open)
		if err := cut.Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}

// The same with sockets and TLS.
func TestRule_10_1_NoGoroutineIsLeftOfSockets(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("use", func(t *testing.T) {
		plain, secure := record(t, fine), recordTLS(t, fine)
		s := testSession(t)
		s.TLS = &TLS{CAPEM: secure.caPEM}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for _, url := range []string{plain.url, secure.url, "http://" + programs.Refusing(t)} {
			for range 3 {
				_, _ = s.Get(ctx, url)
			}
			if resp, err := s.Do(ctx, &Request{URL: url, Stream: true}); err == nil {
				readOut(t, resp)
			}
		}
	})
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
