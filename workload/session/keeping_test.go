package session

import (
	"context"
	"fmt"
	"testing"

	"sessbench/workload/wire"
)

// A carrier is a Transport that a function answers for.
type carrier func(req *wire.Request, resp *wire.Response)

func (f carrier) Do(_ context.Context, req *wire.Request, resp *wire.Response, ex *wire.Exchange) {
	f(req, resp)
	*ex = wire.Exchange{Started: 1, Finished: 2, Attempts: 1, Status: resp.Status}
}

func (carrier) Close() {}

func carried(t *testing.T, f carrier) *Session {
	t.Helper()
	s := NewWith(Settings{MaxRedirects: 5})
	if err := s.Mount("http://", Adapter{Transport: f}); err != nil {
		t.Fatal(err)
	}
	return s
}

// redirecting answers "/" with a redirect to where to says, and all else with 200.
func redirecting(to func() string) carrier {
	return func(req *wire.Request, resp *wire.Response) {
		if req.Spec.URL.Path == "/" {
			resp.Fill(302, "", "", []wire.Header{{Name: "Location", Value: to()}}, nil, nil)
			return
		}
		resp.Fill(200, "", "", nil, nil, nil)
	}
}

func measureAll(t *testing.T, s *Session, p *Prepared, times int) {
	t.Helper()
	var call Call
	for range times {
		if s.Measure(t.Context(), p, &call); call.Err != nil || call.Status != 200 {
			t.Fatalf("%d, %v", call.Status, call.Err)
		}
	}
}

// A server that puts a state or a nonce into its redirects must not fill the memory of thousands of sessions.
func TestRedirectsToEverNewPlacesLeaveNothingBehind(t *testing.T) {
	n := 0
	s := carried(t, redirecting(func() string { n++; return fmt.Sprintf("/%d", n) }))
	p, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, s, p, 3*stepsKept)
	if len(s.steps) != 0 || len(s.ready) != 1 {
		t.Errorf("%d next hops and %d requests are kept", len(s.steps), len(s.ready))
	}
}

func TestARedirectThatComesAgainIsKept(t *testing.T) {
	s := carried(t, redirecting(func() string { return "/there" }))
	p, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, s, p, 10)
	if len(s.steps) != 1 || len(s.ready) != 2 {
		t.Errorf("%d next hops and %d requests are kept", len(s.steps), len(s.ready))
	}
}

func TestNextHopsAreKeptWithinBounds(t *testing.T) {
	n := 0
	s := carried(t, redirecting(func() string { n++; return fmt.Sprintf("/%d", n/2) }))
	p, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, s, p, 5*stepsKept)
	if len(s.steps) == 0 || len(s.steps) > stepsKept || len(s.ready) > stepsKept+1 {
		t.Errorf("%d next hops and %d requests are kept", len(s.steps), len(s.ready))
	}
}

func TestRequestsAreKeptReadyWithinBounds(t *testing.T) {
	for _, cookies := range []int{0, 1, 200} { // none, one, and another one for each call
		s := carried(t, redirecting(func() string { return "/there" }))
		n := 0
		for round := range 3 {
			for size := range 60 {
				p, err := s.Prepare(&Request{Method: "POST", URL: "http://a.test/x", Body: Bytes(make([]byte, size<<10))})
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if n < cookies {
						if err := s.Jar.Set(Cookie{Name: "n", Value: fmt.Sprint(n)}); err != nil {
							t.Fatal(err)
						}
						n++
					}
					measureAll(t, s, p, 1)
				}
			}
			own := 0
			for p, r := range s.ready {
				own += r.own(p)
			}
			if own != s.readyOwn || own > readyBytes || len(s.ready) == 0 || (cookies > 0) != (own > 0) {
				t.Errorf("%d cookies, round %d: %d requests of %d bytes are kept, %d are known of", cookies, round, len(s.ready), own, s.readyOwn)
			}
			if cookies == 0 && len(s.ready) != 60*(round+1) {
				t.Errorf("%d requests that all sessions share are kept, of %d", len(s.ready), 60*(round+1))
			}
		}
	}
}

// Two jars may have come to the same number of changes.
func TestAnotherJarIsAskedForItsOwnCookies(t *testing.T) {
	var sent string
	s := carried(t, func(req *wire.Request, resp *wire.Response) {
		sent = ""
		for _, h := range req.Spec.Headers {
			if h.Name == "Cookie" {
				sent = h.Value
			}
		}
		resp.Fill(200, "", "", nil, nil, nil)
	})
	p, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		s.Jar = new(Jar)
		if err := s.Jar.Set(Cookie{Name: name, Value: "1"}); err != nil {
			t.Fatal(err)
		}
		if measureAll(t, s, p, 1); sent != name+"=1" {
			t.Errorf("sent %q, want the cookie %s", sent, name)
		}
	}
	s.Jar = nil
	if measureAll(t, s, p, 1); sent != "" {
		t.Errorf("sent %q without a jar", sent)
	}
}

// A looseAuth has a type that can be compared, and may have a value that cannot.
type looseAuth struct{ state any }

func (looseAuth) Authenticate(h *Hop) error { h.SetHeader("X-Auth", "1"); return nil }
func (a looseAuth) Session() Auth           { return a }

func TestAnAuthWhoseValueCannotBeComparedIsUsed(t *testing.T) {
	s := carried(t, func(_ *wire.Request, resp *wire.Response) { resp.Fill(200, "", "", nil, nil, nil) })
	s.Auth = looseAuth{state: []int{1}}
	p, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	s.Auth = looseAuth{state: 1}
	other, err := s.Prepare(&Request{URL: "http://a.test/"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, s, other, 2)
	measureAll(t, s, p, 2)
	if len(s.auths) != 1 {
		t.Errorf("%d Auths are kept, want the one that can be compared", len(s.auths))
	}
}

// An askedAuth sends credentials once it was asked for them; the slice makes its values incomparable.
type askedAuth struct {
	realms []string
	asked  *bool
}

func (a askedAuth) Session() Auth { return askedAuth{a.realms, new(bool)} }

func (a askedAuth) Authenticate(h *Hop) error {
	if *a.asked {
		h.SetHeader("Authorization", "asked")
	}
	return nil
}

func (a askedAuth) Answer(_ *Hop, status int, _ []string) bool {
	*a.asked = status == 401
	return *a.asked
}

func TestAnAnswerComesFromTheAuthThatWasAsked(t *testing.T) {
	server := record(t, func(r *received) string {
		if r.get("Authorization") != "asked" {
			return reply(401, "", "WWW-Authenticate: Own")
		}
		return reply(200, "in")
	})
	s := testSession(t)
	s.Auth = askedAuth{realms: []string{"a"}}
	for range 2 {
		resp, err := s.Get(t.Context(), server.url)
		if err != nil || resp.Status != 200 || len(resp.History) != 1 {
			t.Errorf("%+v, %v", resp, err)
		}
	}
}
