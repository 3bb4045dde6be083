package session

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// Other than in requests, elapsed is that of the last attempt (13.27): each one can be seen.
func TestRule_7_8_ElapsedIsUntilTheHeadOfOneAttempt(t *testing.T) {
	const second = time.Second
	script := func(f *farEnd) {
		for {
			r := f.request()
			if r == nil {
				return
			}
			if r.Target == "/moved" {
				time.Sleep(3 * second)
				f.say(reply(302, "", "Location: /end"))
				continue
			}
			time.Sleep(2 * second)
			f.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
			f.drip("fine", 10*second)
		}
	}
	options := AdapterOptions{}
	connect := piped(script)
	options.Wire.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		time.Sleep(5 * second)
		return connect(ctx, addr)
	}
	bubble(t, options, nil, func(t *testing.T, s *Session) {
		resp := got(t, s, pipeURL+"/moved", "fine")
		if first := resp.History[0].Elapsed; first != 8*second || resp.Elapsed != 2*second {
			t.Errorf("elapsed %v and %v, want connecting and the head of each hop", first, resp.Elapsed)
		}
		if a := resp.Attempts[0]; a.Headed-a.Started != 2*second || a.Finished-a.Started != 42*second {
			t.Errorf("%+v", a.Exchange)
		}
		stream := streamed(t, s, pipeURL)
		time.Sleep(time.Hour)
		if readOut(t, stream); stream.Elapsed != 2*second {
			t.Errorf("streamed: elapsed %v", stream.Elapsed)
		}
	})
}

func TestRule_7_9_ALateAnswerIsNeverTheNextOnes(t *testing.T) {
	script := func(f *farEnd) {
		for i := 0; f.request() != nil; i++ {
			if f.number == 1 {
				time.Sleep(10 * time.Second)
				f.say(reply(200, "late"))
				continue
			}
			f.say(reply(200, "fine"))
		}
	}
	bubble(t, AdapterOptions{}, script, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * time.Second}
		_, err := s.Get(t.Context(), pipeURL)
		wantKind(t, err, ErrReadTimeout)
		time.Sleep(20 * time.Second)
		for i := range 2 {
			if resp := got(t, s, pipeURL, "fine"); resp.Reused() != (i > 0) {
				t.Errorf("reused %t", resp.Reused())
			}
		}
	})
	// With a repeat, which has a connection of its own.
	bubble(t, AdapterOptions{Retries: Retries(1)}, script, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * time.Second}
		if resp := got(t, s, pipeURL, "fine"); len(resp.Attempts) != 2 || resp.Reused() {
			t.Errorf("%d attempts, reused %t", len(resp.Attempts), resp.Reused())
		}
	})
}

// What requests lacks: a limit for the whole call.
func TestTotalCoversAllOfACall(t *testing.T) {
	const second = time.Second
	endless := func(f *farEnd) {
		for f.request() != nil {
			time.Sleep(2 * second)
			f.say(reply(302, "", "Location: /on"))
		}
	}
	failing := func(f *farEnd) {
		for f.request() != nil {
			time.Sleep(2 * second)
			f.say(reply(503, ""))
		}
	}
	dripping := func(f *farEnd) {
		for f.request() != nil {
			f.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
			f.drip(strings.Repeat("x", 100), second)
		}
	}
	limits := &Timeout{Read: 3 * second, Total: 11 * second}
	retries := &Retry{Statuses: []int{503}, Backoff: second / 4} // 0, 0.5, 1, 2, 4 s
	for name, tc := range map[string]struct {
		script  func(*farEnd)
		retries *Retry
	}{
		"redirects":   {endless, nil},
		"retries":     {failing, &Retry{Statuses: []int{503}}},
		"with sleeps": {failing, retries},
		"sleep":       {failing, &Retry{Statuses: []int{503}, Backoff: time.Minute}},
		"a body":      {dripping, nil},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t, AdapterOptions{Retries: tc.retries}, tc.script, &Request{URL: pipeURL, Timeout: limits}, 11*second,
				ErrTotalTimeout, ErrTimeout, "", ErrReadTimeout, ErrConnection)
		})
	}
	t.Run("the error tells of the hop and its attempts", func(t *testing.T) {
		bubble(t, AdapterOptions{Retries: retries}, failing, func(t *testing.T, s *Session) {
			_, err := s.Do(t.Context(), &Request{URL: pipeURL + "/x?secret", Timeout: limits})
			e, ok := errors.AsType[*Error](err)
			if !ok || len(e.Attempts) != 4 || e.URL != pipeURL+"/x" || e.Sent == nil {
				t.Fatalf("%+v", err)
			}
			var waits []time.Duration
			for _, a := range e.Attempts {
				waits = append(waits, a.Backoff)
			}
			if want := []time.Duration{0, 0, second / 2, second}; !slices.Equal(waits, want) {
				t.Errorf("waited %v, want %v", waits, want)
			}
		})
	})
	t.Run("an error in the last hop's body names it", func(t *testing.T) {
		script := func(f *farEnd) {
			f.request()
			f.say(reply(302, "", "Location: /end"))
			dripping(f)
		}
		bubble(t, AdapterOptions{}, script, func(t *testing.T, s *Session) {
			_, err := s.Do(t.Context(), &Request{URL: pipeURL + "/begin", Timeout: limits})
			if e, ok := errors.AsType[*Error](err); !ok || e.URL != pipeURL+"/end" || len(e.History) != 1 || e.Response == nil {
				t.Errorf("%+v", err)
			}
		})
	})
	t.Run("hooks count too", func(t *testing.T) {
		bubble(t, AdapterOptions{}, mute, func(t *testing.T, s *Session) {
			s.Hooks.Before = append(s.Hooks.Before, func(*Hop) error { time.Sleep(6 * second); return nil })
			began := time.Now()
			_, err := s.Do(t.Context(), &Request{URL: pipeURL, Timeout: &Timeout{Total: 11 * second}})
			if wantKind(t, err, ErrTotalTimeout); time.Since(began) != 11*second {
				t.Errorf("failed after %v", time.Since(began))
			}
		})
	})
}
