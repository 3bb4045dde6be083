package session

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"
)

// The other carriers: an adapter of net/http's transport, and the session as a transport of net/http's client.
func TestRule_10_1_RoundTripper(t *testing.T) {
	eachAdapter(t, func(t *testing.T, s *Session, base string) {
		var last *Response
		for range 2 {
			resp, err := s.Get(t.Context(), base+"/echo")
			if err != nil {
				t.Fatal(err)
			}
			last = resp
		}
		if !last.Reused() {
			t.Error("not reused")
		}
		s.Close()
		stream, err := s.Do(t.Context(), &Request{URL: base + "/echo", Stream: true})
		if err != nil || stream.Reused() {
			t.Fatalf("after Close: %+v, error %v", stream, err)
		}
		s.Close()
		if text, err := stream.Text(); text != "echo" || err != nil {
			t.Errorf("%q, error %v", text, err)
		}
	})
}

func TestRule_6_15_RoundTripperIsMeasured(t *testing.T) {
	server := newE2EServer(t)
	s := NewWith(Settings{})
	rt := &http.Transport{DisableCompression: true}
	if err := s.Mount("http://", Adapter{Transport: RoundTripperOn(s.Clock, rt), Retries: e2eRetries()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, path := range []string{"/flaky", "/unsteady"} {
		before := s.Clock.Now()
		call := measure(t, s, &Request{URL: server.URL + path})
		retries := map[string]int{"/flaky": 1, "/unsteady": 2}[path]
		if call.Err != nil || call.Retries != retries || call.Status != 200 {
			t.Errorf("%s: %+v", path, call)
		}
		if call.Started < before || call.Finished > s.Clock.Now() {
			t.Errorf("%s: from %v to %v is not on the session's clock", path, call.Started, call.Finished)
		}
	}
}

func TestRule_7_1_RoundTripperHasATotalOnly(t *testing.T) {
	bubble(t, AdapterOptions{}, mute, func(t *testing.T, s *Session) {
		mountPiped(t, s, mute, Retries(2))
		s.Timeout = &Timeout{Total: time.Minute}
		_, err := s.Get(t.Context(), pipeURL)
		wantKind(t, err, ErrTotalTimeout, ErrTimeout, "", ErrConnection)
		if call := measure(t, s, &Request{URL: pipeURL}); call.Class != "timeout" || call.Attempts != 1 || call.Finished-call.Started != time.Minute {
			t.Errorf("%+v", call)
		}
	})
}

// mountPiped has a transport of net/http's carry what goes to http, over connections at whose far end script is.
func mountPiped(t *testing.T, s *Session, script func(*farEnd), retries *Retry) {
	t.Helper()
	connect := piped(script)
	rt := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return connect(ctx, addr) }}
	if err := s.Mount("http://", Adapter{Transport: RoundTripperOn(s.Clock, rt), Retries: retries}); err != nil {
		t.Fatal(err)
	}
}

func TestRule_7_1_ClientOnASession(t *testing.T) {
	s := testSession(t)
	s.Timeout = &Timeout{Read: 20 * time.Millisecond}
	resp, err := clientOf(t, s).Get(listen(t, mute))
	if resp != nil {
		_ = resp.Body.Close()
	}
	wantKind(t, err, ErrReadTimeout, ErrTimeout, "", ErrConnection)
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("%v is no timeout to net/http", err)
	}
}

// A redirect, or an answer that is retried, whose body never ends holds nobody up.
func TestRule_3_14_6_6_StalledBodiesAreGivenUp(t *testing.T) {
	for name, answer := range map[string]string{
		"redirect": "HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 9\r\n\r\nhalf",
		"retried":  "HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\nhalf",
	} {
		script := func(f *farEnd) {
			f.request()
			if f.number == 1 {
				f.say(answer)
				f.await()
				return
			}
			f.say(reply(200, "fine"))
			f.await()
		}
		retries := &Retry{Total: countOf(1), Statuses: []int{503}}
		check := func(t *testing.T, s *Session) {
			t.Helper()
			began := time.Now()
			if resp := got(t, s, pipeURL, "fine"); resp.Reused() || time.Since(began) != discardTime {
				t.Errorf("%s: reused %t after %v", name, resp.Reused(), time.Since(began))
			}
		}
		bubble(t, AdapterOptions{Retries: retries}, script, check)
		bubble(t, AdapterOptions{}, script, func(t *testing.T, s *Session) {
			mountPiped(t, s, script, retries)
			check(t, s)
		})
	}
}
