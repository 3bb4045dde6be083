package session

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A digestServer is a recorder that knows Digest: me with secret, counting strictly.
type digestServer struct {
	*recorder
	nonce    string // that is good; another one is refused as stale
	status   int    // of refusals
	extra    string // in challenges, after realm and nonce
	headers  []string
	counted  map[string]int
	wrong    []string // what was wrong with answers
	answered []int    // the counts of good answers
}

func newDigestServer(t *testing.T) *digestServer {
	d := &digestServer{nonce: "n1", status: 401, extra: "qop=auth, opaque=o", counted: map[string]int{}}
	d.recorder = record(t, func(r *received) string {
		if r.has("Authorization") && d.good(t, r) {
			return reply(200, "welcome")
		}
		challenge := fmt.Sprintf(`WWW-Authenticate: Digest realm="r", nonce="%s", %s`, d.nonce, d.extra)
		return reply(d.status, "who are you?", append([]string{challenge}, d.headers...)...)
	})
	return d
}

func (d *digestServer) good(t *testing.T, r *received) bool {
	c := digestCredentials(t, r.get("Authorization"))
	switch {
	case c.URI != r.Target:
		d.wrong = append(d.wrong, "uri "+c.URI)
	case c.Nonce != d.nonce:
		return false
	case c.QOP != "" && c.Nc != d.counted[c.Nonce]+1:
		d.wrong = append(d.wrong, fmt.Sprintf("nc=%08x after %d", c.Nc, d.counted[c.Nonce]))
	case c.Response == expectedDigest(Digest{"me", "secret"}, r.Method, c):
		d.counted[c.Nonce]++
		d.answered = append(d.answered, c.Nc)
		return true
	}
	return false
}

// set changes how the server behaves.
func (d *digestServer) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// requireSound fails where an answer was other than it should be.
func (d *digestServer) requireSound(t *testing.T, counts ...int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.wrong) > 0 || !slices.Equal(d.answered, counts) {
		t.Errorf("wrong: %q; counts %v, want %v", d.wrong, d.answered, counts)
	}
}

func TestRule_4_7_DigestOverSockets(t *testing.T) {
	server := newDigestServer(t)
	s := measuredSession(t)
	s.Auth = Digest{"me", "secret"}
	first := mustDo(t, s, &Request{Method: "POST", URL: server.url + "/a?q=%20", Body: Text("data")})
	if got := statuses(first.History, first); !slices.Equal(got, []int{401, 200}) || !first.Reused() || has(first.History[0].Sent.Headers, "Authorization") {
		t.Errorf("first: %+v", first)
	}
	if text, err := first.History[0].Text(); text != "who are you?" || err != nil {
		t.Errorf("the 401 has %q, %v", text, err)
	}
	for i := range 2 {
		if got := string(server.all()[i].Body); got != "data" {
			t.Errorf("body of request %d: %q", i, got)
		}
	}
	if resp := mustGet(t, s, server.url+"/b"); resp.Status != 200 || len(resp.History) != 0 {
		t.Errorf("second: %+v", resp)
	}
	var call Call
	p := mustPrepare(t, s, &Request{URL: server.url + "/c"})
	for range 2 {
		if s.Measure(t.Context(), p, &call); call.Err != nil || call.Attempts != 1 || call.Status != 200 {
			t.Errorf("measured: %+v", call)
		}
	}
	server.requireSound(t, 1, 2, 3, 4)
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

// Every session counts for itself, also where they send the same request.
func TestRule_4_7_MeasuredSessionsHaveStateOfTheirOwn(t *testing.T) {
	one, two := newDigestServer(t), newDigestServer(t)
	auth := Digest{"me", "secret"}
	for _, server := range []*digestServer{one, two} {
		s := measuredSession(t)
		s.Auth = auth
		p := mustPrepare(t, s, &Request{URL: server.url + "/"})
		var call Call
		s.Measure(t.Context(), p, &call)
		q := call.Phases
		sum := q.Acquire + q.DNS + q.Connect + q.TLS + q.Send + q.Wait + q.Receive + call.Backoff
		if call.Err != nil || call.Status != 200 || call.Attempts != 2 || call.Redirects != 0 || call.Retries != 0 || !call.Reused || sum != call.Finished-call.Started {
			t.Errorf("first: %+v", call)
		}
		for range 3 {
			if s.Measure(t.Context(), p, &call); call.Err != nil || call.Attempts != 1 {
				t.Errorf("later: %+v", call)
			}
		}
		server.requireSound(t, 1, 2, 3, 4)
		server.set(func() { server.nonce, server.answered = "n2", nil })
		// Another session that sends it takes the first count of the new nonce; a state in common would go on
		// from there, one of its own begins anew, which this server refuses.
		other := measuredSession(t)
		if _, err := other.Send(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		s.Measure(t.Context(), p, &call)
		if call.Err != nil || call.Attempts != 2 {
			t.Errorf("with a new nonce: %+v", call)
		}
		server.mu.Lock()
		if len(server.answered) != 1 || len(server.wrong) == 0 {
			t.Errorf("two sessions have one count: %v, %q", server.answered, server.wrong)
		}
		server.mu.Unlock()
	}
}

func TestRule_4_8_OneAnswerForARequest(t *testing.T) {
	server := newDigestServer(t)
	s := testSession(t)
	s.Auth = Digest{"me", "wrong"}
	for range 2 {
		resp := mustGet(t, s, server.url)
		if text, _ := resp.Text(); resp.Status != 401 || !slices.Equal(statuses(resp.History, nil), []int{401}) || text != "who are you?" {
			t.Errorf("a wrong password: %+v", resp)
		}
	}
	if n := len(server.all()); n != 4 {
		t.Errorf("%d requests", n)
	}
	server.set(func() { server.wrong = nil })
	s.Auth = Digest{"me", "secret"}
	mustGet(t, s, server.url)
	mustGet(t, s, server.url)
	server.set(func() { server.nonce = "n2" })
	if resp := mustGet(t, s, server.url); resp.Status != 200 || len(resp.History) != 1 {
		t.Errorf("a new nonce: %+v", resp)
	}
	mustGet(t, s, server.url)
	server.requireSound(t, 1, 2, 1, 2)
}

func TestRule_4_8_WhatIsAnswered(t *testing.T) {
	for status, answered := range map[int]bool{400: true, 401: true, 403: true, 404: true, 500: false, 200: false} {
		server := newDigestServer(t)
		server.set(func() { server.status = status })
		for name, auth := range map[string]Auth{"digest": Digest{"me", "secret"}, "basic": nil} {
			resp := mustDo(t, testSession(t), &Request{URL: server.url, Auth: auth})
			if again := len(resp.History) == 1; again != (answered && auth != nil) {
				t.Errorf("%d with %s: answered %t", status, name, again)
			}
			server.set(func() { clear(server.counted) })
		}
	}
	server := record(t, func(*received) string { return reply(401, "no", "WWW-Authenticate: Basic realm=r") })
	if resp := mustDo(t, testSession(t), &Request{URL: server.url, Auth: Digest{"me", "secret"}}); len(resp.History) != 0 || len(server.all()) != 1 {
		t.Errorf("a challenge of another scheme: %+v", resp)
	}
}

func TestRule_4_8_BodiesAreSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		body *Body
		want []int
	}{
		"seekable": {Stream(strings.NewReader("data")), []int{401, 200}},
		"one shot": {Stream(bytes.NewBufferString("data")), []int{401}}, // deliberately returned as it is
	} {
		server := newDigestServer(t)
		resp := mustDo(t, testSession(t), &Request{Method: "PUT", URL: server.url, Body: c.body, Auth: Digest{"me", "secret"}})
		if got := statuses(resp.History, resp); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for i, r := range server.all() {
			if string(r.Body) != "data" {
				t.Errorf("%s: body of request %d: %q", name, i, r.Body)
			}
		}
	}
}

func TestRule_4_9_ChallengesOverSockets(t *testing.T) {
	for extra, answered := range map[string]bool{
		"qop=auth": true, `qop="auth-int,auth"`: true, "opaque=x": true, "qop=auth, algorithm=MD5": true,
		"qop=auth, algorithm=MD5-sess": true, "qop=auth, algorithm=SHA-256": true, "qop=auth, algorithm=SHA-512": true,
		"qop=auth, algorithm=SHA": true, "algorithm=SHA-256": true,
		"qop=auth-int": false, "qop=auth, algorithm=SHA3-256": false,
	} {
		server := newDigestServer(t)
		server.set(func() { server.extra = extra })
		s := testSession(t)
		s.Auth = Digest{"me", "secret"}
		resp := mustGet(t, s, server.url)
		if (resp.Status == 200) != answered || (len(resp.History) == 1) != answered {
			t.Errorf("%s: %d after %v", extra, resp.Status, statuses(resp.History, nil))
		}
		if answered && mustGet(t, s, server.url+"/2").Status != 200 {
			t.Errorf("%s: the second call failed", extra)
		}
		server.mu.Lock()
		if len(server.wrong) > 0 {
			t.Errorf("%s: %q", extra, server.wrong)
		}
		server.mu.Unlock()
	}
}

// 13.17: the Cookie line of the answer is made anew.
func TestRule_4_10_CookiesOfTheChallenge(t *testing.T) {
	for _, measured := range []bool{false, true} {
		server := newDigestServer(t)
		server.set(func() {
			server.headers = []string{"Set-Cookie: sid=new; Path=/", "Set-Cookie: old=; Max-Age=0; Path=/"}
		})
		s := measuredSession(t)
		for _, c := range []Cookie{{Name: "old", Value: "1", Domain: "127.0.0.1", Path: "/"}, {Name: "kept", Value: "1"}} {
			if err := s.Jar.Set(c); err != nil {
				t.Fatal(err)
			}
		}
		r := &Request{URL: server.url, Auth: Digest{"me", "secret"}, Cookies: []Cookie{{Name: "once", Value: "1"}}}
		if measured {
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, r), &call)
		} else {
			mustDo(t, s, r)
		}
		for i, want := range [][]string{{"kept=1", "old=1", "once=1"}, {"kept=1", "once=1", "sid=new"}} {
			got := strings.Split(server.all()[i].get("Cookie"), "; ")
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("measured %t, request %d: cookies %q, want %q", measured, i, got, want)
			}
		}
		if value, _, _ := s.Jar.Get("sid"); value != "new" {
			t.Error("the cookie is not in the jar")
		}
	}
}

// 13.18, 13.19: strangers get no answer, and the answered response is timed.
func TestRule_4_11_DigestAcrossOrigins(t *testing.T) {
	stranger := newDigestServer(t)
	home := newDigestServer(t)
	front := record(t, redirectsTo(307))
	for _, target := range []string{stranger.url + "/", stranger.at("front.test", "/"), home.url + "/"} {
		resp := mustDo(t, testSession(t), &Request{URL: front.at("front.test", "/go") + to(target), Auth: Digest{"me", "secret"}})
		if resp.Status != 401 || !slices.Equal(statuses(resp.History, nil), []int{307}) {
			t.Errorf("%s: %d after %v", target, resp.Status, statuses(resp.History, nil))
		}
	}
	for _, r := range append(stranger.all(), home.all()...) {
		if r.has("Authorization") {
			t.Errorf("a stranger got %v", r.Lines)
		}
	}
	s := testSession(t)
	s.Auth = Digest{"me", "secret"}
	resp := mustGet(t, s, home.url)
	if resp.Status != 200 || resp.Elapsed <= 0 || resp.Elapsed != resp.Attempts[0].Headed-resp.Attempts[0].Started || resp.History[0].Elapsed <= 0 {
		t.Errorf("%+v", resp)
	}
	// The origin itself may redirect; the next hop there is answered up front.
	same := record(t, func(r *received) string {
		switch {
		case !r.has("Authorization"):
			return reply(401, "", "WWW-Authenticate: Digest realm=r, nonce=n, qop=auth")
		case r.Target == "/":
			return moved(302, "/next")
		}
		return reply(200, "")
	})
	resp = mustGet(t, s, same.url)
	if got := statuses(resp.History, resp); !slices.Equal(got, []int{401, 302, 200}) {
		t.Errorf("statuses %v", got)
	}
	if c := digestCredentials(t, same.last(t).get("Authorization")); c.URI != "/next" || c.Nc != 2 {
		t.Errorf("the next hop has %+v", c)
	}
}
