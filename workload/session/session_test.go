package session

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/workload/wire"
)

func TestSessionKeepsCookiesAndFollowsRedirects(t *testing.T) {
	server := record(t, func(r *received) string {
		switch r.Target {
		case "/login":
			return reply(302, "moved", "Location: /home#top", "Set-Cookie: sid=1; Path=/")
		default:
			return reply(200, "hello")
		}
	})
	s := testSession(t)
	resp, err := s.Post(t.Context(), server.url+"/login", Form(Pairs("user", "me")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := resp.Text()
	if err != nil || text != "hello" || resp.Status != 200 || resp.URL.String() != server.url+"/home#top" {
		t.Errorf("%d %q from %s, error %v", resp.Status, text, resp.URL, err)
	}
	if want := []string{"POST /login", "GET /home"}; !slices.Equal(server.targets(), want) {
		t.Errorf("the server got %q, want %q", server.targets(), want)
	}
	if got := server.last(t).get("Cookie"); got != "sid=1" {
		t.Errorf("the second hop sent the cookies %q", got)
	}
	if server.last(t).has("Content-Type") || server.last(t).has("Content-Length") {
		t.Errorf("the second hop has headers of the body: %v", server.last(t).Lines)
	}
	if len(resp.History) != 1 || resp.History[0].Status != 302 || server.connections() != 1 || !resp.Reused() {
		t.Errorf("history %v over %d connections, reused %t", resp.History, server.connections(), resp.Reused())
	}
}

func TestMeasureAllocatesNothingForAPlainRequest(t *testing.T) {
	s, p := plainCall(t, func(*Session) {})
	var call Call
	s.Measure(t.Context(), p, &call)
	ctx := t.Context()
	allocations := programs.Allocs(100, func() {
		s.Measure(ctx, p, &call)
		if call.Err != nil || call.Status != 200 || !call.Reused || call.Attempts != 1 {
			t.Fatalf("%+v", call)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// plainCall returns a session whose transport is a bare wire.Client, and a request to a server that allocates
// nothing.
func plainCall(t testing.TB, change func(*Session)) (*Session, *Prepared) {
	t.Helper()
	url := canned(t)
	s := NewWith(Settings{Follow: FollowNever})
	client := wire.NewClient(s.Clock, &wire.Options{}, wire.Policy{}, nil)
	t.Cleanup(client.Close)
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, Adapter{Transport: client}); err != nil {
			t.Fatal(err)
		}
	}
	change(s)
	p, err := s.Prepare(&Request{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestErrorsTellTheirKind(t *testing.T) {
	s := testSession(t)
	_, err := s.Get(t.Context(), "http://no.test/?secret=1")
	if !errors.Is(err, ErrConnection) || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	var e *Error
	if !errors.As(err, &e) || len(e.Attempts) != 1 || e.Sent == nil {
		t.Errorf("error %+v", e)
	}
}

func TestMeasuredInstantsAreOnTheSessionsClock(t *testing.T) {
	secure := recordTLS(t, func(*received) string { return reply(200, "") })
	plain := record(t, func(*received) string { return reply(302, "", "Location: "+secure.url) })
	s := NewWith(Settings{MaxRedirects: 1, TLS: &TLS{CAPEM: secure.caPEM}})
	defer s.Close()
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, NewAdapter(AdapterOptions{Clock: s.Clock})); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Prepare(&Request{URL: plain.url})
	if err != nil {
		t.Fatal(err)
	}
	var call Call
	before := s.Clock.Now()
	s.Measure(t.Context(), p, &call)
	after := s.Clock.Now()
	if call.Err != nil || call.Started < before || call.Finished > after || call.Backoff < 0 || call.Redirects != 1 {
		t.Errorf("between %v and %v: %+v", before, after, call)
	}
}
