package session

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sessbench/internal/programs"
)

// keptCall measures a request with Keep, and returns the call.
func keptCall(t *testing.T, s *Session, r *Request) Call {
	t.Helper()
	r.Keep = true
	var call Call
	s.Measure(t.Context(), mustPrepare(t, s, r), &call)
	return call
}

// requireLast holds what is at hand against a status and a body.
func requireLast(t *testing.T, what string, l *Last, status int, body string) {
	t.Helper()
	data, err := l.Body()
	if l.Status() != status || string(data) != body || err != nil {
		t.Errorf("%s: %d %q, %v; want %d %q", what, l.Status(), data, err, status, body)
	}
}

func TestLastHasTheResponse(t *testing.T) {
	server := record(t, func(*received) string {
		return reply(404, "gone", "X-Two: a", "x-two: b", "X-Empty: ", "Set-Cookie: sid=1; Path=/", "Set-Cookie: sid=2; Path=/a", "Set-Cookie: sid=; Max-Age=0", "Set-Cookie: q=\"v\"")
	})
	s := measuredSession(t)
	keptCall(t, s, &Request{URL: server.url})
	l := s.Last()
	for range 2 { // it can be asked again
		requireLast(t, "plain", l, 404, "gone")
	}
	if l.Size() != 4 {
		t.Errorf("size %d", l.Size())
	}
	for name, want := range map[string]string{"x-TWO": "a", "X-Empty": "", "content-length": "4"} {
		if got, ok := l.Header(name); got != want || !ok {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
	if got, ok := l.Header("X-Other"); ok {
		t.Errorf("X-Other: %q", got)
	}
	for name, want := range map[string]string{"sid": "2", "q": `"v"`} {
		if got, ok := l.Cookie(name); got != want || !ok {
			t.Errorf("cookie %s: %q, %v", name, got, ok)
		}
	}
	if got, ok := l.Cookie("SID"); ok {
		t.Errorf("cookie SID: %q", got)
	}
	var names []string
	l.EachHeader(func(name, value string) { names = append(names, name+"="+value) })
	if got := strings.Join(names[:4], " "); got != "Content-Length=4 X-Two=a x-two=b X-Empty=" {
		t.Errorf("fields: %s", got)
	}
}

// Every coding is undone, and what it is undone with is used for one body after the other.
func TestLastUndoesCodings(t *testing.T) {
	body := sample(20 << 10)
	for coding := range encoders {
		packed := encode(t, coding, body)
		server := record(t, func(r *received) string {
			if r.Target == "/twice" {
				return reply(200, string(encode(t, "gzip", packed)), "Content-Encoding: "+codingName(coding), "Content-Encoding: gzip")
			}
			return reply(200, string(packed), "Content-Encoding: "+codingName(coding))
		})
		s := measuredSession(t)
		for _, path := range []string{"/", "/", "/twice"} {
			keptCall(t, s, &Request{URL: server.url + path})
			if got, err := s.Last().Body(); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s%s: %d bytes, %v; want %d", coding, path, len(got), err, len(body))
			}
		}
		keptCall(t, s, &Request{Method: "HEAD", URL: server.url})
		requireLast(t, coding+" without a body", s.Last(), 200, "")
	}
}

func TestLastSaysWhyThereIsNoBody(t *testing.T) {
	answer := ""
	server := record(t, func(*received) string { return answer })
	s := measuredSession(t)
	if _, err := s.Last().Body(); err == nil || s.Last().Status() != 0 {
		t.Errorf("before a call: %d, %v", s.Last().Status(), err)
	}
	answer = reply(200, "no gzip", "Content-Encoding: gzip")
	keptCall(t, s, &Request{URL: server.url})
	if data, err := s.Last().Body(); KindOf(err) != ErrContentDecoding || data != nil || s.Last().Size() != 7 {
		t.Errorf("a body that is not in its coding: %q, %v, size %d", data, err, s.Last().Size())
	}
	var call Call
	s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: server.url}), &call)
	if _, err := s.Last().Body(); !errors.Is(err, errNotKept) || s.Last().Status() != 200 || s.Last().Size() != 0 {
		t.Errorf("without Keep: %d, %v", s.Last().Status(), err)
	}
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nab" + hangUp
	call = keptCall(t, s, &Request{URL: server.url})
	if _, err := s.Last().Body(); KindOf(err) != ErrBrokenBody || err != call.Err || s.Last().Status() != 200 {
		t.Errorf("cut short: %d, %v", s.Last().Status(), err)
	}
	answer = hangUp
	keptCall(t, s, &Request{URL: server.url})
	if _, err := s.Last().Body(); err == nil || s.Last().Status() != 0 {
		t.Errorf("without a response: %d, %v", s.Last().Status(), err)
	}
	if _, ok := s.Last().Header("X-A"); ok {
		t.Error("it has a field of an earlier call")
	}
	answer = reply(200, "x")
	keptCall(t, s, &Request{URL: server.url})
	keptCall(t, s, &Request{URL: "nowhere://a.test/"}) // fails before anything is sent
	if s.Last().Status() != 0 {
		t.Errorf("a call that never began has status %d", s.Last().Status())
	}
}

// After redirects, challenges and retries it is the response that stands; hooks may have made another one of it.
func TestLastIsTheFinalResponse(t *testing.T) {
	fails := 1
	server := record(t, func(r *received) string {
		switch {
		case r.Target == "/from":
			return reply(302, "elsewhere", "Location: /to", "Set-Cookie: step=1")
		case r.Target == "/flaky" && fails > 0:
			fails--
			return reply(503, "later")
		}
		return reply(200, "at "+r.Target)
	})
	s := measuredSession(t)
	for range 3 { // the redirect is worked out, then remembered
		keptCall(t, s, &Request{URL: server.url + "/from"})
		requireLast(t, "redirect", s.Last(), 200, "at /to")
		if _, ok := s.Last().Cookie("step"); ok {
			t.Error("it has a cookie of the redirect")
		}
	}
	keptCall(t, s, &Request{URL: server.url + "/from", Follow: FollowNever})
	requireLast(t, "redirect that is not followed", s.Last(), 302, "elsewhere")
	retrying := testSession(t)
	retrying.Mount("http://", NewAdapter(AdapterOptions{Clock: retrying.Clock, Retries: &Retry{Total: new(2), Statuses: []int{503}}}))
	keptCall(t, retrying, &Request{URL: server.url + "/flaky"})
	requireLast(t, "retry", retrying.Last(), 200, "at /flaky")

	hooked := measuredSession(t)
	hooked.Hooks.After = []func(*Response) (*Response, error){func(r *Response) (*Response, error) {
		var nested Call
		hooked.Measure(t.Context(), mustPrepare(t, hooked, &Request{URL: server.url + "/nested", Hooks: Hooks{}}), &nested)
		r.Header = append(r.Header, r.Header[0])
		r.Header[len(r.Header)-1].Name, r.Header[len(r.Header)-1].Value = "Set-Cookie", "hooked=1"
		return r, nil
	}}
	hook := hooked.Hooks.After[0]
	hooked.Hooks.After = nil
	keptCall(t, hooked, &Request{URL: server.url + "/hooked", Hooks: Hooks{After: []func(*Response) (*Response, error){hook}}})
	requireLast(t, "hooks", hooked.Last(), 200, "at /hooked")
	if value, ok := hooked.Last().Cookie("hooked"); value != "1" || !ok || hooked.Last().Size() != int64(len("at /hooked")) {
		t.Errorf("hooks: cookie %q, size %d", value, hooked.Last().Size())
	}
}

func TestLastAfterADigestChallenge(t *testing.T) {
	server := newDigestServer(t)
	s := measuredSession(t)
	s.Auth = Digest{"me", "secret"}
	for _, attempts := range []int{2, 1} {
		call := keptCall(t, s, &Request{URL: server.url + "/a"})
		requireLast(t, "digest", s.Last(), 200, "welcome")
		if call.Attempts != attempts || call.Err != nil {
			t.Errorf("%+v", call)
		}
	}
}

// Asking for what is there costs nothing, and a kept body no more than its own memory.
func TestAllocationsOfLast(t *testing.T) {
	for _, c := range []struct {
		name  string
		body  string
		field string
		most  float64
	}{
		{"plain", strings.Repeat("x", 1000), "X-A: 1", 0},
		{"gzip", string(encode(t, "gzip", sample(1000))), "Content-Encoding: gzip", 5},
	} {
		s, p := keptPlainCall(t, reply(200, c.body, c.field))
		var call Call
		run := func() {
			s.Measure(t.Context(), p, &call)
			data, err := s.Last().Body()
			if s.Last().Status() != 200 || err != nil || len(data) < 1000 {
				t.Fatalf("%d, %d bytes, %v", s.Last().Status(), len(data), err)
			}
		}
		run()
		if n := programs.Allocs(200, run); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}

// keptPlainCall is plainCall with Keep, to a server that always answers the same.
func keptPlainCall(t testing.TB, answer string) (*Session, *Prepared) {
	t.Helper()
	s, _ := plainCall(t, func(*Session) {})
	p, err := s.Prepare(&Request{URL: cannedWith(t, answer), Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// A large body is not held for ever.
func TestLastGivesLargeBodiesUp(t *testing.T) {
	large := bytes.Repeat([]byte("x"), keepDecoded+1)
	body := reply(200, string(large))
	server := record(t, func(*received) string { return body })
	s := measuredSession(t)
	keptCall(t, s, &Request{URL: server.url})
	requireLast(t, "large", s.Last(), 200, string(large))
	body = reply(200, string(encode(t, "gzip", large)), "Content-Encoding: gzip")
	keptCall(t, s, &Request{URL: server.url})
	requireLast(t, "large, coded", s.Last(), 200, string(large))
	body = reply(200, "small")
	keptCall(t, s, &Request{URL: server.url})
	requireLast(t, "small", s.Last(), 200, "small")
	kept := cap(s.response.Body)
	if s.last.room != nil {
		kept += s.last.room.decoded.Cap()
	}
	if kept > keepDecoded {
		t.Errorf("%d bytes are kept", kept)
	}
}
