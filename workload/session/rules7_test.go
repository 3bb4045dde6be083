package session

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// mute takes requests and says nothing.
func mute(f *farEnd) {
	for f.request() != nil {
	}
}

// timed makes a call in a bubble that is to fail with a kind when some time has passed, by Do and by Measure.
func timed(t *testing.T, options AdapterOptions, script func(*farEnd), r *Request, after time.Duration, kinds ...Kind) {
	t.Helper()
	bubble(t, options, script, func(t *testing.T, s *Session) {
		began := time.Now()
		_, err := s.Do(t.Context(), r)
		wantKind(t, err, kinds...)
		if took := time.Since(began); took != after {
			t.Errorf("failed after %v, want %v", took, after)
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Timeout() != e.Kind.Is(ErrTimeout) {
			t.Errorf("%+v", err)
		}
		call := measure(t, s, r)
		wantKind(t, call.Err, kinds...)
		if took := call.Finished - call.Started; took != after || call.Class != kinds[0].Class() {
			t.Errorf("measured, failed after %v, want %v; class %q", took, after, call.Class)
		}
	})
}

func TestRule_7_1_ConnectAndRead(t *testing.T) {
	stuck := AdapterOptions{}
	stuck.Wire.Dial = func(ctx context.Context, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }
	both := &Timeout{Connect: 3 * time.Second, Read: 5 * time.Second}
	timed(t, stuck, nil, &Request{URL: pipeURL, Timeout: both}, 3*time.Second, ErrConnectTimeout, ErrConnection, ErrTimeout, "", ErrReadTimeout)
	timed(t, AdapterOptions{}, mute, &Request{URL: pipeURL, Timeout: both}, 5*time.Second, ErrReadTimeout, ErrTimeout, "", ErrConnection, ErrConnectTimeout)
	timed(t, AdapterOptions{}, mute, &Request{URL: pipeURL, Timeout: &Timeout{Read: time.Second}}, time.Second, ErrReadTimeout, ErrTimeout)
	stuck.Wire.Dial = nil // other than in requests, the look-up counts
	stuck.Wire.LookupHost = func(ctx context.Context, _ string) ([]string, error) { <-ctx.Done(); return nil, ctx.Err() }
	timed(t, stuck, mute, &Request{URL: pipeURL, Timeout: both}, 3*time.Second, ErrConnectTimeout, ErrConnection, ErrTimeout)
}

// Nothing is limited unless somebody says so; each part is unlimited by itself.
func TestRule_7_1_NoLimitByDefault(t *testing.T) {
	slow := func(f *farEnd) {
		for f.request() != nil {
			time.Sleep(100 * time.Hour)
			f.say(reply(200, "fine"))
		}
	}
	options := AdapterOptions{}
	connect := piped(slow)
	options.Wire.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		time.Sleep(10 * time.Hour)
		return connect(ctx, addr)
	}
	bubble(t, options, nil, func(t *testing.T, s *Session) {
		if resp := got(t, s, pipeURL, "fine"); resp.Elapsed != 110*time.Hour {
			t.Errorf("elapsed %v", resp.Elapsed)
		}
		for _, timeout := range []Timeout{{}, {Connect: time.Second}} {
			if _, err := s.Do(t.Context(), &Request{URL: pipeURL, Timeout: &timeout}); err != nil {
				t.Errorf("%+v: %v", timeout, err)
			}
		}
	})
	bubble(t, options, nil, func(t *testing.T, s *Session) {
		_, err := s.Do(t.Context(), &Request{URL: pipeURL, Timeout: &Timeout{Read: time.Second}})
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != ErrReadTimeout || e.Attempts[0].Phases.Connect != 10*time.Hour {
			t.Errorf("%+v", err)
		}
	})
}

// The request's limits take the place of the session's as a whole, and those the place of the adapter's.
func TestRule_7_1_TheRequestBeforeTheSession(t *testing.T) {
	options := AdapterOptions{}
	options.Wire.ReadTimeout = 9 * time.Second
	bubble(t, options, mute, func(t *testing.T, s *Session) {
		for _, tc := range []struct {
			session, request *Timeout
			after            time.Duration
		}{
			{nil, nil, 9 * time.Second},
			{&Timeout{Read: 5 * time.Second}, nil, 5 * time.Second},
			{&Timeout{Read: 5 * time.Second}, &Timeout{Read: 2 * time.Second}, 2 * time.Second},
			{&Timeout{Read: 5 * time.Second}, &Timeout{Read: 7 * time.Second}, 7 * time.Second},
			{&Timeout{Read: 5 * time.Second}, &Timeout{Total: 8 * time.Second}, 8 * time.Second},
		} {
			s.Timeout = tc.session
			call := measure(t, s, &Request{URL: pipeURL, Timeout: tc.request})
			if call.Err == nil || call.Finished-call.Started != tc.after {
				t.Errorf("session %+v, request %+v: %+v", tc.session, tc.request, call)
			}
		}
	})
}

// With sockets: the system connects, and nobody speaks.
func TestRule_7_1_AServerThatNeverAcceptsOrAnswers(t *testing.T) {
	for name, url := range map[string]string{"never accepts": unheard(t), "never answers": listen(t, mute)} {
		s := testSession(t)
		s.Timeout = &Timeout{Connect: time.Minute, Read: 20 * time.Millisecond}
		_, err := s.Get(t.Context(), url)
		if wantKind(t, err, ErrReadTimeout, ErrTimeout, "", ErrConnection); KindOf(err) != ErrReadTimeout {
			t.Errorf("%s: %v", name, err)
		}
		if call := measure(t, s, &Request{Method: "POST", URL: url}); call.Class != "read_timeout" || call.Reused {
			t.Errorf("%s: %+v", name, call)
		}
	}
}

func TestRule_7_2_OnlySilenceCounts(t *testing.T) {
	answer := reply(200, "fine")
	dripping := func(f *farEnd) {
		for f.request() != nil {
			f.drip(answer, 2*time.Second)
		}
	}
	bubble(t, AdapterOptions{}, dripping, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * time.Second}
		resp := got(t, s, pipeURL, "fine")
		whole, head := time.Duration(len(answer))*2*time.Second, time.Duration(len(answer)-4)*2*time.Second
		if ex := resp.Attempts[0]; ex.Finished-ex.Started != whole || resp.Elapsed != head {
			t.Errorf("took %v, elapsed %v", ex.Finished-ex.Started, resp.Elapsed)
		}
		if call := measure(t, s, &Request{URL: pipeURL}); call.Err != nil || call.Finished-call.Started != whole {
			t.Errorf("%+v", call)
		}
	})
	timed(t, AdapterOptions{}, dripping, &Request{URL: pipeURL, Timeout: &Timeout{Read: time.Second}}, time.Second, ErrReadTimeout)
	halfway := func(f *farEnd) {
		f.request()
		time.Sleep(2 * time.Second)
		f.say("HTTP/1.1 200 OK\r\n")
		f.await()
	}
	timed(t, AdapterOptions{}, halfway, &Request{URL: pipeURL, Timeout: &Timeout{Read: 3 * time.Second}}, 5*time.Second, ErrReadTimeout, "", ErrConnection)
}

// The reader's own time is no silence of the server's.
func TestRule_7_2_ASlowReaderIsNoSilence(t *testing.T) {
	script := func(f *farEnd) {
		for f.request() != nil {
			f.say(reply(200, "fine"))
		}
	}
	bubble(t, AdapterOptions{}, script, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: time.Second}
		resp := streamed(t, s, pipeURL)
		time.Sleep(time.Hour)
		if text, err := resp.Text(); text != "fine" || err != nil {
			t.Errorf("%q, error %v", text, err)
		}
	})
}

func TestRule_7_3_EveryAttemptAndHopBeginsAnew(t *testing.T) {
	const second = time.Second
	script := func(f *farEnd) {
		for i := 0; ; i++ {
			r := f.request()
			if r == nil {
				return
			}
			time.Sleep(2 * second)
			switch {
			case r.Target == "/end":
				f.say(reply(200, "fine"))
			case i%3 == 2:
				f.say(reply(302, "", "Location: /end"))
			default:
				f.say(reply(503, "", "Retry-After: 60"))
			}
		}
	}
	options := AdapterOptions{Retries: Retries(5)}
	bubble(t, options, script, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * second, Connect: second}
		call := measure(t, s, &Request{URL: pipeURL})
		if call.Err != nil || call.Attempts != 4 || call.Finished-call.Started != 128*second || call.Backoff != 120*second {
			t.Errorf("%+v", call)
		}
	})
	bubble(t, options, script, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * second}
		if resp := got(t, s, pipeURL, "fine"); resp.Elapsed != 2*second {
			t.Errorf("elapsed %v", resp.Elapsed)
		}
	})
}

func TestRule_7_4_SilenceInTheBodyIsAReadTimeout(t *testing.T) {
	script := func(f *farEnd) {
		f.request()
		f.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		f.await()
	}
	limits := &Timeout{Read: 3 * time.Second}
	timed(t, AdapterOptions{}, script, &Request{URL: pipeURL, Timeout: limits}, 3*time.Second, ErrReadTimeout, ErrTimeout, "", ErrConnection, ErrBrokenBody)
	bubble(t, AdapterOptions{}, script, func(t *testing.T, s *Session) {
		resp, err := s.Do(t.Context(), &Request{URL: pipeURL, Timeout: limits, Stream: true})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(resp.Body)
		if string(data) != "half" {
			t.Errorf("read %q", data)
		}
		wantKind(t, err, ErrReadTimeout, ErrTimeout, "", ErrConnection)
		if resp.Attempts[0].Class != "read_timeout" {
			t.Errorf("%+v", resp.Attempts[0].Exchange)
		}
	})
}

// requests refuses 0, which is no limit with us, as null is with it.
func TestRule_7_5_NegativeTimesAreRefused(t *testing.T) {
	server := record(t, fine)
	for name, timeout := range map[string]Timeout{
		"connect": {Connect: -1}, "read": {Read: -time.Second}, "write": {Write: -1}, "total": {Read: time.Second, Total: -1},
	} {
		s := testSession(t)
		_, err := s.Do(t.Context(), &Request{URL: server.url, Timeout: &timeout})
		wantKind(t, err, ErrInvalidArgument, "", ErrTimeout)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		s.Timeout = &timeout
		_, err = s.Get(t.Context(), server.url)
		wantKind(t, err, ErrInvalidArgument)
	}
	if server.connections() != 0 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestRule_7_6_AStalledHandshakeIsAConnectTimeout(t *testing.T) {
	timed(t, AdapterOptions{}, (*farEnd).await, &Request{URL: "https://a.test", Timeout: &Timeout{Connect: 4 * time.Second, Read: time.Second}},
		4*time.Second, ErrConnectTimeout, ErrConnection, ErrTimeout, "", ErrReadTimeout, ErrTLS)
	s := testSession(t)
	s.Timeout = &Timeout{Connect: 20 * time.Millisecond, Read: time.Minute}
	_, err := s.Get(t.Context(), strings.Replace(unheard(t), "http:", "https:", 1))
	wantKind(t, err, ErrConnectTimeout, ErrConnection, "", ErrReadTimeout)
}

func TestRule_7_7_SendingHasALimitOfItsOwn(t *testing.T) {
	deaf := func(f *farEnd) { time.Sleep(time.Hour) }
	body := Text(strings.Repeat("x", 1<<20))
	for name, tc := range map[string]struct {
		limits Timeout
		after  time.Duration
	}{
		"write":            {Timeout{Connect: time.Second, Read: 9 * time.Second, Write: 4 * time.Second}, 4 * time.Second},
		"as read, if none": {Timeout{Connect: time.Second, Read: 9 * time.Second}, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			timed(t, AdapterOptions{}, deaf, &Request{Method: "PUT", URL: pipeURL, Body: body, Timeout: &tc.limits},
				tc.after, ErrWriteTimeout, ErrTimeout, "", ErrConnection, ErrReadTimeout, ErrConnectTimeout)
		})
	}
	sipping := func(f *farEnd) { // a bit every two seconds is no standstill
		for range 14 {
			time.Sleep(2 * time.Second)
			_, _ = io.ReadFull(f.in, make([]byte, 4096))
		}
		_, _ = f.in.ReadString('$')
		f.say(reply(200, "fine"))
		f.await()
	}
	bubble(t, AdapterOptions{}, sipping, func(t *testing.T, s *Session) {
		s.Timeout = &Timeout{Read: 3 * time.Second}
		call := measure(t, s, &Request{Method: "PUT", URL: pipeURL, Body: Text(strings.Repeat("x", 60_000) + "$")})
		if call.Err != nil || call.Phases.Send < 24*time.Second {
			t.Errorf("%+v", call)
		}
	})
}
