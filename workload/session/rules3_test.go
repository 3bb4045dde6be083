package session

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

// moved is a redirect without a body.
func moved(status int, location string, headers ...string) string {
	return reply(status, "", append(headers, "Location: "+location)...)
}

// routed answers by target, and with an empty 200 where there is no answer.
func routed(answers map[string]string) func(*received) string {
	return func(r *received) string {
		if answer, ok := answers[r.Target]; ok {
			return answer
		}
		return reply(200, "")
	}
}

// redirectsTo sends a request for /go?to=URL there, and answers any other one itself.
func redirectsTo(status int) func(*received) string {
	return func(r *received) string {
		path, query, _ := strings.Cut(r.Target, "?")
		values, err := url.ParseQuery(query)
		if path != "/go" || err != nil {
			return reply(200, "there")
		}
		return moved(status, values.Get("to"))
	}
}

// to is the query with which redirectsTo sends a request to target.
func to(target string) string { return "?to=" + url.QueryEscape(target) }

// measuredSession is testSession with transports on the session's clock, for Measure.
func measuredSession(t testing.TB) *Session {
	t.Helper()
	s := testSession(t)
	client := wire.NewClient(s.Clock, &wire.Options{LookupHost: lookupTest}, wire.Policy{}, nil)
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, Adapter{Transport: client}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func mustPrepare(t testing.TB, s *Session, r *Request) *Prepared {
	t.Helper()
	p, err := s.Prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustDo(t testing.TB, s *Session, r *Request) *Response {
	t.Helper()
	resp, err := s.Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func mustGet(t testing.TB, s *Session, address string) *Response {
	t.Helper()
	return mustDo(t, s, &Request{URL: address})
}

func requireTargets(t *testing.T, server *recorder, want ...string) {
	t.Helper()
	if got := server.targets(); !slices.Equal(got, want) {
		t.Errorf("the server got %q, want %q", got, want)
	}
}

func requireKind(t *testing.T, err error, want Kind) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != want {
		t.Fatalf("error %v, want %s", err, want)
	}
	return e
}

// statuses are those of a chain, the last response's at the end.
func statuses(history []*Response, last *Response) []int {
	var list []int
	for _, r := range history {
		list = append(list, r.Status)
	}
	if last != nil {
		list = append(list, last.Status)
	}
	return list
}

func TestRule_3_1_FollowingIsOnButForHead(t *testing.T) {
	server := record(t, routed(map[string]string{"/": moved(307, "/next")}))
	ctx, address := t.Context(), server.url+"/"
	for name, call := range map[string]func(*Session) (*Response, error){
		"GET":     func(s *Session) (*Response, error) { return s.Get(ctx, address) },
		"OPTIONS": func(s *Session) (*Response, error) { return s.Options(ctx, address) },
		"POST":    func(s *Session) (*Response, error) { return s.Post(ctx, address, nil) },
		"PUT":     func(s *Session) (*Response, error) { return s.Put(ctx, address, nil) },
		"PATCH":   func(s *Session) (*Response, error) { return s.Patch(ctx, address, nil) },
		"DELETE":  func(s *Session) (*Response, error) { return s.Delete(ctx, address) },
		"HEAD":    func(s *Session) (*Response, error) { return s.Do(ctx, &Request{Method: "HEAD", URL: address}) },
		"FOO":     func(s *Session) (*Response, error) { return s.Do(ctx, &Request{Method: "FOO", URL: address}) },
	} {
		resp, err := call(testSession(t))
		if err != nil || resp.Status != 200 || len(resp.History) != 1 || server.last(t).Method != name {
			t.Errorf("%s: %+v, %v", name, resp, err)
		}
	}
	s := testSession(t)
	if resp, err := s.Head(ctx, address); err != nil || resp.Status != 307 || len(resp.History) != 0 {
		t.Errorf("Head: %+v, %v", resp, err)
	}
	s.Follow = FollowAlways
	if resp, err := s.Head(ctx, address); err != nil || resp.Status != 200 {
		t.Errorf("Head of a session that always follows: %+v, %v", resp, err)
	}
	s.Follow = FollowNever
	for follow, want := range map[Follow]int{FollowDefault: 307, FollowAlways: 200, FollowNever: 307} {
		if resp := mustDo(t, s, &Request{URL: address, Follow: follow}); resp.Status != want {
			t.Errorf("a session that never follows, request %d: %d, want %d", follow, resp.Status, want)
		}
	}
}

func TestRule_3_2_StatusesOverSockets(t *testing.T) {
	for _, c := range []struct {
		status   int
		headers  []string
		followed bool
	}{
		{301, []string{"Location: /next"}, true}, {302, []string{"Location: /next"}, true},
		{303, []string{"Location: /next"}, true}, {307, []string{"Location: /next"}, true},
		{308, []string{"location: /next"}, true},
		{302, []string{"Location: /next", "Location: /other"}, true}, // the first counts
		{300, []string{"Location: /next"}, false}, {304, []string{"Location: /next"}, false},
		{305, []string{"Location: /next"}, false}, {306, []string{"Location: /next"}, false},
		{201, []string{"Location: /next"}, false}, {200, []string{"Location: /next"}, false},
		{302, nil, false}, {301, []string{"Location:"}, false}, {307, []string{"Location:  "}, false},
	} {
		want := []string{"GET /"}
		if c.followed {
			want = append(want, "GET /next")
		}
		t.Run(fmt.Sprint(c.status, c.headers), func(t *testing.T) {
			server := record(t, routed(map[string]string{"/": reply(c.status, "", c.headers...)}))
			resp := mustGet(t, testSession(t), server.url+"/")
			requireTargets(t, server, want...)
			if !c.followed && (resp.Status != c.status || resp.Next != nil || len(resp.History) != 0) {
				t.Errorf("%+v", resp)
			}
			s := measuredSession(t)
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: server.url + "/"}), &call)
			requireTargets(t, server, append(want, want...)...)
			if call.Err != nil || call.Redirects != len(want)-1 || call.Attempts != len(want) {
				t.Errorf("%+v", call)
			}
		})
	}
}

// Deliberately, other than in requests: 301 leaves PUT, PATCH and DELETE as they are, body included.
func TestRule_3_3_EveryMethodAndStatus(t *testing.T) {
	for _, row := range []struct {
		status int
		next   map[string]string // with a "+" the body goes along
	}{
		{301, map[string]string{"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "PUT+", "PATCH": "PATCH+", "DELETE": "DELETE+"}},
		{302, map[string]string{"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "GET", "PATCH": "GET", "DELETE": "GET"}},
		{303, map[string]string{"GET": "GET", "HEAD": "HEAD", "POST": "GET", "PUT": "GET", "PATCH": "GET", "DELETE": "GET"}},
		{307, map[string]string{"GET": "GET+", "HEAD": "HEAD+", "POST": "POST+", "PUT": "PUT+", "PATCH": "PATCH+", "DELETE": "DELETE+"}},
		{308, map[string]string{"GET": "GET+", "HEAD": "HEAD+", "POST": "POST+", "PUT": "PUT+", "PATCH": "PATCH+", "DELETE": "DELETE+"}},
	} {
		server := record(t, routed(map[string]string{"/": moved(row.status, "/next")}))
		for method, next := range row.next {
			t.Run(fmt.Sprint(row.status, " ", method), func(t *testing.T) {
				next, kept := strings.CutSuffix(next, "+")
				s := measuredSession(t)
				r := &Request{Method: method, URL: server.url + "/", Body: JSON(1.5), Headers: Pairs(
					"Content-Encoding", "identity", "Content-Language", "en", "X-Own", "1")}
				check := func() {
					t.Helper()
					got := server.last(t)
					if got.Method != next || got.Target != "/next" || (string(got.Body) == "1.5") != kept || got.get("X-Own") != "1" {
						t.Errorf("next hop: %+v", got)
					}
					for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language"} {
						if got.has(name) != kept {
							t.Errorf("next hop has %s: %t, want %t", name, got.has(name), kept)
						}
					}
					if got.has("Transfer-Encoding") {
						t.Errorf("next hop: %v", got.Lines)
					}
				}
				mustDo(t, s, r)
				check()
				var call Call
				for range 2 { // the second time the next hop is known
					s.Measure(t.Context(), mustPrepare(t, s, r), &call)
					if call.Err != nil || call.Status != 200 {
						t.Fatalf("%+v", call)
					}
					check()
				}
			})
		}
	}
}

func TestRule_3_3_ADroppedBodyNeverComesBack(t *testing.T) {
	server := record(t, routed(map[string]string{"/": moved(307, "/1"), "/1": moved(302, "/2"), "/2": moved(307, "/3")}))
	resp := mustDo(t, testSession(t), &Request{Method: "PUT", URL: server.url + "/", Body: Text("data")})
	requireTargets(t, server, "PUT /", "PUT /1", "GET /2", "GET /3")
	for i, want := range []string{"data", "data", "", ""} {
		if got := string(server.all()[i].Body); got != want {
			t.Errorf("body of hop %d: %q, want %q", i, got, want)
		}
	}
	if got := statuses(resp.History, resp); !slices.Equal(got, []int{307, 302, 307, 200}) {
		t.Errorf("statuses %v", got)
	}
}

func TestRule_3_4_BodiesAreSentAgain(t *testing.T) {
	for _, status := range []int{307, 308} {
		server := record(t, routed(map[string]string{"/": moved(status, "/next")}))
		reader := strings.NewReader("skipped body")
		if _, err := reader.Seek(int64(len("skipped ")), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		for name, body := range map[string]*Body{"bytes": Bytes([]byte("body")), "a seekable reader": Stream(reader)} {
			mustDo(t, testSession(t), &Request{Method: "POST", URL: server.url + "/", Body: body})
			all := server.all()
			if first, second := string(all[len(all)-2].Body), string(all[len(all)-1].Body); first != "body" || second != "body" {
				t.Errorf("%s: first %q, then %q", name, first, second)
			}
		}
	}
}

// 13.13: what can be read once is not sent again empty.
func TestRule_3_4_OneShotBodiesFail(t *testing.T) {
	for name, open := range map[string]func() *Body{
		"of a known length": func() *Body { return Stream(bytes.NewBufferString("body")) },
		"of any length":     func() *Body { return Stream(io.LimitReader(strings.NewReader("body"), 4)) },
	} {
		t.Run(name, func(t *testing.T) {
			server := record(t, routed(map[string]string{"/": moved(308, "/next"), "/drop": moved(303, "/next")}))
			s := testSession(t)
			_, err := s.Post(t.Context(), server.url+"/", open())
			e := requireKind(t, err, ErrUnrewindable)
			requireTargets(t, server, "POST /")
			if e.Response == nil || e.Response.Status != 308 || string(server.last(t).Body) != "body" {
				t.Errorf("%+v", e)
			}
			if mustDo(t, s, &Request{Method: "POST", URL: server.url + "/drop", Body: open()}).Status != 200 {
				t.Error("a redirect that drops the body did not do without it")
			}
			if server.connections() != 1 {
				t.Errorf("%d connections", server.connections())
			}
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, &Request{Method: "POST", URL: server.url + "/", Body: open()}), &call)
			requireKind(t, call.Err, ErrUnrewindable)
			if call.Class != "body" || call.Status != 308 || call.Attempts != 1 || call.Redirects != 0 {
				t.Errorf("%+v", call)
			}
		})
	}
}

func TestRule_3_5_AChainOfLocations(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/d/e/1?a=1&s=9":       moved(302, "two"),
		"/d/e/two":             moved(302, "../three"),
		"/d/three":             moved(302, "?q=4"),
		"/d/three?q=4":         moved(302, "/a b"),
		"/a%20b":               moved(302, "/é?x=%2F&y= z"),
		"/%C3%A9?x=%2F&y=%20z": moved(302, "/latin\xe9"),
	}))
	s := testSession(t)
	s.Params = Pairs("s", "9")
	resp := mustGet(t, s, server.url+"/d/e/1?a=1")
	requireTargets(t, server, "GET /d/e/1?a=1&s=9", "GET /d/e/two", "GET /d/three", "GET /d/three?q=4",
		"GET /a%20b", "GET /%C3%A9?x=%2F&y=%20z", "GET /latin%E9")
	if resp.Status != 200 || len(resp.History) != 6 || server.connections() != 1 {
		t.Errorf("%+v over %d connections", resp, server.connections())
	}
}

func TestRule_3_5_NetworkPathsTakeTheScheme(t *testing.T) {
	for name, start := range map[string]func(testing.TB, func(*received) string) *recorder{"http": record, "https": recordTLS} {
		server := start(t, redirectsTo(302))
		s := testSession(t)
		s.TLS = &TLS{CAPEM: server.caPEM}
		there := server.at("b.test", "/x")
		resp := mustGet(t, s, server.at("a.test", "/go")+to(strings.TrimPrefix(there, name+":")))
		if resp.URL.String() != there || server.last(t).Target != "/x" || !strings.HasPrefix(server.last(t).get("Host"), "b.test:") {
			t.Errorf("%s: %s, %+v", name, resp.URL, server.last(t))
		}
	}
}

func TestRule_3_6_FragmentsOverSockets(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/1": moved(302, "/2"), "/2": moved(302, "/3#new"), "/3": moved(302, "/4"), "/4": moved(302, "/5#"),
	}))
	resp := mustGet(t, testSession(t), server.url+"/1#old")
	for i, want := range []string{"/1#old", "/2#old", "/3#new", "/4#new"} {
		if got := resp.History[i].URL.String(); got != server.url+want {
			t.Errorf("hop %d: %s, want %s", i, got, want)
		}
	}
	if got := resp.URL.String(); got != server.url+"/5#new" {
		t.Errorf("last hop: %s", got)
	}
	requireTargets(t, server, "GET /1", "GET /2", "GET /3", "GET /4", "GET /5")
}

func TestRule_3_7_TheLimit(t *testing.T) {
	server := record(t, func(r *received) string { return reply(302, "moved", "Location: /again", "Set-Cookie: last=yes") })
	for _, n := range []int{0, 3, DefaultMaxRedirects} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := measuredSession(t)
			s.MaxRedirects = n
			before := len(server.all())
			_, err := s.Get(t.Context(), server.url+"/")
			e := requireKind(t, err, ErrTooManyRedirects)
			if made := len(server.all()) - before; made != n+1 {
				t.Errorf("%d requests, want %d", made, n+1)
			}
			if len(e.History) != n || e.Response == nil || e.Response.Status != 302 || len(e.Response.History) != n {
				t.Errorf("%d earlier responses, the last is %+v", len(e.History), e.Response)
			}
			if text, err := e.Response.Text(); text != "moved" || err != nil {
				t.Errorf("the last response has %q, %v", text, err)
			}
			if value, _, _ := s.Jar.Get("last"); value != "yes" {
				t.Error("the last response's cookie is not in the jar")
			}
			if resp := mustDo(t, s, &Request{URL: server.url + "/", Follow: FollowNever}); resp.Status != 302 {
				t.Errorf("without following: %+v", resp)
			}
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: server.url + "/"}), &call)
			requireKind(t, call.Err, ErrTooManyRedirects)
			if call.Class != "too_many_redirects" || call.Redirects != n || call.Attempts != n+1 || call.Status != 302 {
				t.Errorf("%+v", call)
			}
		})
	}
	s := testSession(t)
	s.MaxRedirects = 3
	three := record(t, routed(map[string]string{"/": moved(302, "/1"), "/1": moved(302, "/2"), "/2": moved(302, "/3")}))
	if resp := mustGet(t, s, three.url); resp.Status != 200 || len(resp.History) != 3 {
		t.Errorf("as many as allowed: %+v", resp)
	}
}
