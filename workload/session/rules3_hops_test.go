package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/workload/wire"
)

func TestRule_3_14_RedirectBodiesAreReadSoThatConnectionsStay(t *testing.T) {
	big := strings.Repeat("x", 100<<10)
	for name, c := range map[string]struct {
		answer      string
		connections int
	}{
		"none":               {moved(302, "/next"), 1},
		"sized":              {reply(302, big, "Location: /next"), 1},
		"chunked":            {"HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n0\r\n\r\n", 1},
		"of no gzip":         {reply(302, "not gzip at all", "Location: /next", "Content-Encoding: gzip"), 1},
		"cut short":          {"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 9\r\n\r\nmoved" + hangUp, 2},
		"a chunk cut short":  {"HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nmoved" + hangUp, 2},
		"a chunk of no size": {"HTTP/1.1 302 Found\r\nLocation: /next\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nmoved", 2},
		"with Retry-After":   {moved(302, "/next", "Retry-After: 3600"), 1},
		"until the end":      {"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\nmoved" + hangUp, 2},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				server := record(t, routed(map[string]string{"/": c.answer, "/next": reply(200, "there")}))
				resp := mustDo(t, testSession(t), &Request{URL: server.url, Stream: stream})
				if resp.Status != 200 || len(resp.History) != 1 || resp.begun == stream || resp.History[0].Attempts[0].Finished == 0 {
					t.Errorf("%+v", resp)
				}
				if text, err := resp.Text(); text != "there" || err != nil || server.connections() != c.connections {
					t.Errorf("%q, %v over %d connections, want %d", text, err, server.connections(), c.connections)
				}
			}
			server := record(t, routed(map[string]string{"/": c.answer, "/next": reply(200, "there")}))
			s := measuredSession(t)
			var call Call
			s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: server.url}), &call)
			if call.Err != nil || call.Class != "" || call.Status != 200 || call.Redirects != 1 || server.connections() != c.connections {
				t.Errorf("%+v over %d connections", call, server.connections())
			}
		})
	}
}

// pipeSession is a session within a bubble whose connections are served by script, each for itself.
func pipeSession(t *testing.T, script func(r *received, out io.Writer)) *Session {
	t.Helper()
	dial := func(context.Context, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			in := bufio.NewReader(there)
			for {
				r, err := readRequest(in)
				if err != nil {
					return
				}
				script(r, there)
			}
		}()
		return here, nil
	}
	s := NewWith(Settings{MaxRedirects: DefaultMaxRedirects})
	client := wire.NewClient(s.Clock, &wire.Options{Dial: dial}, wire.Policy{}, nil)
	if err := s.Mount("http://", Adapter{Transport: client}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// 13.34: neither silence nor endless data in a redirect's body holds a call up.
func TestRule_3_14_StalledAndEndlessBodiesAreBounded(t *testing.T) {
	const head = "HTTP/1.1 302 Found\r\nLocation: /next\r\n"
	for name, body := range map[string]func(io.Writer){
		"stalled": func(out io.Writer) {
			_, _ = io.WriteString(out, head+"Content-Length: 100\r\n\r\nmoved")
			time.Sleep(time.Hour)
		},
		"dripping": func(out io.Writer) {
			_, err := io.WriteString(out, head+"\r\n")
			for err == nil {
				time.Sleep(10 * time.Millisecond)
				_, err = io.WriteString(out, "x")
			}
		},
		"endless": func(out io.Writer) {
			_, err := io.WriteString(out, head+"\r\n")
			for err == nil {
				_, err = io.WriteString(out, strings.Repeat("x", 1<<10))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := pipeSession(t, func(r *received, out io.Writer) {
					if r.Target == "/next" {
						_, _ = io.WriteString(out, reply(200, "there"))
						return
					}
					body(out)
				})
				began := time.Now()
				resp := mustGet(t, s, "http://127.0.0.1/")
				if took := time.Since(began); took > discardTime {
					t.Errorf("it took %v", took)
				}
				if text, err := resp.Text(); text != "there" || err != nil || resp.Reused() {
					t.Errorf("%q, %v", text, err)
				}
				began = time.Now()
				var call Call
				s.Measure(t.Context(), mustPrepare(t, s, &Request{URL: "http://127.0.0.1/"}), &call)
				if call.Err != nil || call.Status != 200 || call.Redirects != 1 || time.Since(began) > discardTime {
					t.Errorf("measured: %+v", call)
				}
				if first, err := resp.History[0].Bytes(); err != nil || len(first) > discardLimit {
					t.Errorf("%d bytes of the redirect are kept, %v", len(first), err)
				}
				s.Close()
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

// Deliberately, other than in requests: Timeout.Total holds for the whole chain.
func TestRule_3_15_TimeoutsBeginAnew(t *testing.T) {
	const hops = 5
	for name, c := range map[string]struct {
		timeout Timeout
		want    Kind
	}{
		"none":               {Timeout{}, ""},
		"longer than a hop":  {Timeout{Connect: time.Second, Read: 1100 * time.Millisecond}, ""},
		"shorter than a hop": {Timeout{Read: 900 * time.Millisecond}, ErrReadTimeout},
		"of the whole":       {Timeout{Read: 1100 * time.Millisecond, Total: 4500 * time.Millisecond}, ErrTotalTimeout},
		"of more":            {Timeout{Total: 5500 * time.Millisecond}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := pipeSession(t, func(r *received, out io.Writer) {
					time.Sleep(time.Second)
					if len(r.Target) == hops {
						_, _ = io.WriteString(out, reply(200, ""))
						return
					}
					_, _ = io.WriteString(out, moved(302, r.Target+"x"))
				})
				r := &Request{URL: "http://127.0.0.1/", Timeout: &c.timeout}
				began := time.Now()
				resp, err := s.Do(t.Context(), r)
				took := time.Since(began)
				switch {
				case c.want == "" && (err != nil || len(resp.History) != hops-1 || took != hops*time.Second):
					t.Errorf("%+v, %v after %v", resp, err, took)
				case c.want != "" && KindOf(err) != c.want:
					t.Errorf("%v after %v", err, took)
				case c.want == ErrTotalTimeout && took != c.timeout.Total:
					t.Errorf("it took %v", took)
				}
				time.Sleep(time.Minute)
				var call Call
				s.Measure(t.Context(), mustPrepare(t, s, r), &call)
				if KindOf(call.Err) != c.want || c.want == "" && call.Finished-call.Started != hops*time.Second {
					t.Errorf("%+v", call)
				}
				s.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}

// tunnels is a proxy that leads every tunnel to secure, and keeps what was asked of it.
func tunnels(t *testing.T, secure *recorder) *recorder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{host: listener.Addr().String(), url: "http://" + listener.Addr().String()}
	ended := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request, err := readRequest(bufio.NewReader(conn))
			if err != nil {
				conn.Close()
				continue
			}
			r.mu.Lock()
			r.requests = append(r.requests, request)
			r.mu.Unlock()
			server, err := net.Dial("tcp", secure.host)
			if err != nil {
				conn.Close()
				continue
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			go func() { _, _ = io.Copy(server, conn); server.Close() }()
			go func() { _, _ = io.Copy(conn, server); conn.Close() }()
		}
	}()
	return r
}

func TestRule_3_17_ProxyAuthorizationIsMadeAnew(t *testing.T) {
	secure := recordTLS(t, func(*received) string { return reply(200, "there") })
	second := tunnels(t, secure)
	first := record(t, routed(map[string]string{
		"http://a.test/0": moved(302, "http://b.test/1"),
		"http://b.test/1": moved(302, "https://c.test/2"),
		"http://a.test/d": moved(302, "http://direct.test/"),
	}))
	direct := record(t, func(*received) string { return reply(200, "direct") })
	s := portsSession(t, direct, secure)
	// The proxies themselves are not at port 80.
	s.Proxies = Proxies{
		{For: "http", URL: strings.Replace(first.url, "://", "://one:1@", 1)},
		{For: "https", URL: strings.Replace(second.url, "://", "://two:2@", 1)},
		{For: "http://direct.test", URL: ""},
	}
	one, two := Basic{"one", "1"}.authorization(), Basic{"two", "2"}.authorization()
	for _, header := range []Fields{nil, Pairs("Proxy-Authorization", "Own 1")} {
		before := len(first.all())
		resp := mustDo(t, s, &Request{URL: "http://a.test/0", Headers: header})
		if got := statuses(resp.History, resp); !slices.Equal(got, []int{302, 302, 200}) {
			t.Fatalf("statuses %v", got)
		}
		for _, r := range first.all()[before:] {
			if r.get("Proxy-Authorization") != one {
				t.Errorf("the first proxy got %+v", r)
			}
		}
		if r := second.last(t); r.Method != "CONNECT" || r.Target != "c.test:443" || r.get("Proxy-Authorization") != two {
			t.Errorf("the second proxy got %+v", r)
		}
		if r := secure.last(t); r.Target != "/2" || r.has("Proxy-Authorization") {
			t.Errorf("the server got %+v", r)
		}
		mustDo(t, s, &Request{URL: "http://a.test/d", Headers: header})
		if r := direct.last(t); r.Target != "/" || r.has("Proxy-Authorization") {
			t.Errorf("the server without a proxy got %+v", r)
		}
	}
}

func TestRule_3_18_HooksRunForEveryHop(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/0": reply(302, "zero", "Location: /1", "Set-Cookie: hop=0"), "/1": reply(301, "one", "Location: /2", "Set-Cookie: hop=1"),
		"/2": reply(200, "two", "Set-Cookie: hop=2")}))
	s := measuredSession(t)
	var seen []string
	note := func(who string) func(*Response) (*Response, error) {
		return func(r *Response) (*Response, error) {
			value, _, _ := s.Jar.Get("hop")
			seen = append(seen, fmt.Sprintf("%s %d jar=%s history=%d begun=%t", who, r.Status, value, len(r.History), r.begun))
			return nil, nil
		}
	}
	s.Hooks.After = []func(*Response) (*Response, error){note("session")}
	r := &Request{URL: server.url + "/0", Hooks: Hooks{After: []func(*Response) (*Response, error){note("request")}}}
	want := []string{
		"session 302 jar= history=0 begun=false", "request 302 jar= history=0 begun=false",
		"session 301 jar=0 history=1 begun=false", "request 301 jar=0 history=1 begun=false",
		"session 200 jar=1 history=2 begun=false", "request 200 jar=1 history=2 begun=false"}
	mustDo(t, s, r)
	if !slices.Equal(seen, want) {
		t.Errorf("calls:\n%s", strings.Join(seen, "\n"))
	}
	seen = nil
	s.Jar.Clear()
	var call Call
	s.Measure(t.Context(), mustPrepare(t, s, r), &call)
	if !slices.Equal(seen, want) || call.Err != nil || call.Redirects != 2 || call.Attempts != 3 || call.Status != 200 {
		t.Errorf("measured: %+v, calls:\n%s", call, strings.Join(seen, "\n"))
	}
}

func TestRule_3_18_ReplacedResponses(t *testing.T) {
	server := record(t, routed(map[string]string{
		"/": reply(302, "moved", "Location: /next", "Set-Cookie: hop=0"), "/next": reply(200, "there"), "/other": reply(200, "other")}))
	s := testSession(t)
	replace := func(target string, with func() *Response) *Response {
		return mustDo(t, s, &Request{URL: server.url + target, Hooks: Hooks{After: []func(*Response) (*Response, error){
			func(r *Response) (*Response, error) {
				other := with()
				if other != nil {
					_ = r.Close()
				}
				return other, nil
			}}}})
	}
	resp := replace("/", func() *Response { return &Response{Status: 418} })
	if text, err := resp.Text(); text != "" || err != nil || resp.Status != 418 || resp.URL.Path != "/" || resp.Sent == nil {
		t.Errorf("a response without a body: %+v, %q, %v", resp, text, err)
	}
	resp = replace("/next", func() *Response { return &Response{Status: 200, Body: io.NopCloser(strings.NewReader("mine"))} })
	if text, err := resp.Text(); text != "mine" || err != nil {
		t.Errorf("a response with a body: %q, %v", text, err)
	}
	redirected := false
	resp = replace("/next", func() *Response {
		if redirected {
			return nil
		}
		redirected = true
		return &Response{Status: 303, Header: Header{{Name: "location", Value: "/other"}}}
	})
	if len(resp.History) != 1 || resp.History[0].Status != 303 || resp.URL.Path != "/other" {
		t.Errorf("a redirect: %+v", resp)
	}
	resp = mustDo(t, s, &Request{URL: server.url + "/next", Hooks: Hooks{After: []func(*Response) (*Response, error){
		func(r *Response) (*Response, error) {
			if _, err := r.Bytes(); err != nil { // so that its connection can be used
				return nil, err
			}
			return s.Get(t.Context(), server.url+"/other")
		}}}})
	if text, _ := resp.Text(); text != "other" || !resp.Reused() {
		t.Errorf("a response of a nested call: %q, %+v", text, resp)
	}
}

func TestRule_3_18_AHookThatFailsEndsTheCall(t *testing.T) {
	server := record(t, routed(map[string]string{"/": reply(302, "moved", "Location: /next"), "/next": reply(200, "there", "Set-Cookie: a=b")}))
	s := testSession(t)
	broken := errors.New("broken")
	_, err := s.Do(t.Context(), &Request{URL: server.url, Hooks: Hooks{After: []func(*Response) (*Response, error){
		func(r *Response) (*Response, error) {
			if r.Status == 200 {
				return nil, broken
			}
			return nil, nil
		}}}})
	e := requireKind(t, err, ErrHook)
	if !errors.Is(err, broken) || e.Response == nil || e.Response.Status != 200 || len(e.History) != 1 || s.Jar.Len() != 0 {
		t.Errorf("%+v", e)
	}
	if mustGet(t, s, server.url); server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}

func TestMeasureOfARedirect(t *testing.T) {
	server := record(t, routed(map[string]string{"/": reply(302, "moved", "Location: /next", "Set-Cookie: a=b"), "/next": reply(200, "there")}))
	for _, hooks := range []Hooks{{}, {After: []func(*Response) (*Response, error){func(*Response) (*Response, error) { return nil, nil }}}} {
		s := measuredSession(t)
		p := mustPrepare(t, s, &Request{Method: "POST", URL: server.url, Body: Text("data"), Hooks: hooks})
		for i := range 3 {
			before := len(server.all())
			var call Call
			s.Measure(t.Context(), p, &call)
			q := call.Phases
			if sum := q.Acquire + q.DNS + q.Connect + q.TLS + q.Send + q.Wait + q.Receive + call.Backoff; sum != call.Finished-call.Started {
				t.Errorf("call %d: the parts are %v, the whole %v", i, sum, call.Finished-call.Started)
			}
			if call.Err != nil || call.Redirects != 1 || call.Attempts != 2 || call.Retries != 0 || call.Status != 200 || !call.Reused || call.Backoff <= 0 {
				t.Errorf("call %d: %+v", i, call)
			}
			in := len(reply(302, "moved", "Location: /next", "Set-Cookie: a=b")) + len(reply(200, "there"))
			out := 0
			for _, r := range server.all()[before:] {
				out += len(r.Method+" "+r.Target+" "+r.Proto+"\r\n") + len("\r\n") + len(r.Body)
				for _, line := range r.Lines {
					out += len(line.Name + ": " + line.Value + "\r\n")
				}
			}
			if call.BytesIn != int64(in) || call.BytesOut != int64(out) {
				t.Errorf("call %d: %d bytes in, want %d; %d bytes out, want %d", i, call.BytesIn, in, call.BytesOut, out)
			}
		}
	}
}

// A 3xx without a Location is the answer, so all of its body is read.
func TestRule_3_14_WithoutALocationTheBodyIsTheAnswers(t *testing.T) {
	big := strings.Repeat("x", 2*discardLimit)
	server := record(t, routed(map[string]string{"/": reply(302, big)}))
	s := measuredSession(t)
	p := mustPrepare(t, s, &Request{URL: server.url})
	for range 2 {
		var call Call
		s.Measure(t.Context(), p, &call)
		if call.Err != nil || call.Status != 302 || call.BytesIn < int64(len(big)) {
			t.Errorf("%+v", call)
		}
	}
	if server.connections() != 1 {
		t.Errorf("%d connections", server.connections())
	}
}
