package testserver

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

// protocols are the ways in which every route must work.
var protocols = map[string]Config{
	"http/1.1":      {},
	"http/1.1 tls":  {TLS: true},
	"h2 tls":        {TLS: true, HTTP2: true},
	"h2c":           {HTTP2: true},
	"ignores close": {IgnoreConnectionClose: true},
}

func TestRoutesAnswerInEveryProtocol(t *testing.T) {
	for name, cfg := range protocols {
		t.Run(name, func(t *testing.T) {
			s := start(t, cfg)
			client := newClient(t, s)
			for _, test := range []struct {
				path, body string
				status     int
			}{
				{"/", "sessbench test server\n", 200},
				{"/bytes/0", "", 200},
				{"/bytes/30", "abcdefghijklmnopqrstuvwxyzabcd", 200},
				{"/chunked/0", "", 200},
				{"/chunked/30?chunk=7", "abcdefghijklmnopqrstuvwxyzabcd", 200},
				{"/status/204", "", 204},
				{"/status/503", "503 Service Unavailable\n", 503},
				{"/redirect/3", "", 302},
				{"/delay/250us", "delayed\n", 200},
				{"/stall?after=27&for=1ms", "abcdefghijklmnopqrstuvwxyzab", 200},
				{"/drip?bytes=5&interval=1ms", "abcde", 200},
				{"/stall-once?at=2&for=1ms", "request 1\n", 200},
				{"/interim", "after 103 and 102\n", 200},
				{"/close", "this connection closes\n", 200},
				{"/httpbin/status/418", "I'm a teapot!", 418},
				{"/nowhere", "404 page not found\n", 404},
			} {
				resp, body := get(t, client, s.URL()+test.path)
				if resp.StatusCode != test.status || body != test.body && !strings.HasPrefix(test.path, "/httpbin") {
					t.Errorf("%s: %d %q, want %d %q", test.path, resp.StatusCode, body, test.status, test.body)
				}
				if h2 := resp.ProtoMajor == 2; h2 != cfg.HTTP2 {
					t.Errorf("%s: came by %s", test.path, resp.Proto)
				}
			}
		})
	}
}

func TestBytesArriveWholeWithTheirLength(t *testing.T) {
	s := start(t, Config{})
	const n = 3<<20 + 17
	resp, err := newClient(t, s).Get(fmt.Sprintf("%s/bytes/%d", s.URL(), n))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ContentLength != n {
		t.Errorf("Content-Length %d, want %d", resp.ContentLength, n)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) != n {
		t.Fatalf("%d bytes, error %v; want %d", len(body), err, n)
	}
	for i, b := range body {
		if want := 'a' + byte(i%26); b != want {
			t.Fatalf("byte %d is %q, want %q", i, b, want)
		}
	}
}

func TestChunkedTrailersDescribeTheBody(t *testing.T) {
	for name, cfg := range protocols {
		t.Run(name, func(t *testing.T) {
			s := start(t, cfg)
			req, err := http.NewRequest("GET", s.URL()+"/chunked/5000", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Close = cfg.IgnoreConnectionClose // our own response writer has trailers too
			resp, err := newClient(t, s).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.ContentLength != -1 {
				t.Errorf("Content-Length %d", resp.ContentLength)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Trailer.Get("X-Bytes"); got != "5000" || len(body) != 5000 {
				t.Errorf("trailer X-Bytes %q, body of %d", got, len(body))
			}
			if got, want := resp.Trailer.Get("X-Crc32"), fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)); got != want {
				t.Errorf("trailer X-Crc32 %q, want %q", got, want)
			}
		})
	}
}

func TestRedirectsCountDownToTheRoot(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	var path []string
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		path = append(path, r.URL.RequestURI())
		return nil
	}
	resp, body := get(t, client, s.URL()+"/redirect/3?status=307")
	want := []string{"/redirect/2?status=307", "/redirect/1?status=307", "/"}
	if !reflect.DeepEqual(path, want) || resp.StatusCode != 200 || body != "sessbench test server\n" {
		t.Errorf("went %q to %d %q, want %q", path, resp.StatusCode, body, want)
	}
}

func TestInterimResponsesComeFirst(t *testing.T) {
	s := start(t, Config{IgnoreConnectionClose: true})
	for _, closing := range []bool{false, true} {
		var codes []int
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			codes = append(codes, code)
			return nil
		}}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", s.URL()+"/interim", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Close = closing
		resp, err := newClient(t, s).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := []int{103, 102}; !reflect.DeepEqual(codes, want) || resp.StatusCode != 200 {
			t.Errorf("interim %v, then %d; want %v, then 200", codes, resp.StatusCode, want)
		}
	}
}

func TestPrivateWantsTheLogin(t *testing.T) {
	s := start(t, Config{TLS: true})
	client := newClient(t, s)
	client.Jar, _ = cookiejar.New(nil)
	if resp, _ := get(t, client, s.URL()+"/private"); resp.StatusCode != 401 {
		t.Fatalf("status %d without a login", resp.StatusCode)
	}
	resp, err := client.PostForm(s.URL()+"/login", url.Values{"user": {"ann.b"}, "password": {"x"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if cookies := resp.Cookies(); resp.StatusCode != 200 || len(cookies) != 1 || !cookies[0].HttpOnly {
		t.Fatalf("login: %d, cookies %v", resp.StatusCode, cookies)
	}
	if resp, body := get(t, client, s.URL()+"/private"); resp.StatusCode != 200 || body != "ann.b\n" {
		t.Errorf("%d %q after the login", resp.StatusCode, body)
	}
}

func TestAForgedSessionIsRefused(t *testing.T) {
	s, other := start(t, Config{}), start(t, Config{})
	for _, token := range []string{"", ".", "YW5u", "YW5u.AAAA", other.sign("ann")} {
		if user, ok := s.verify(token); ok {
			t.Errorf("token %q passed as %q", token, user)
		}
	}
	if user, ok := s.verify(s.sign("ann")); !ok || user != "ann" {
		t.Errorf("own token: %q, %v", user, ok)
	}
}

func TestEveryNthFlakyRequestFails(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	statuses := func(query string, n int) (codes []int) {
		for range n {
			resp, _ := get(t, client, s.URL()+"/flaky?"+query)
			codes = append(codes, resp.StatusCode)
		}
		return codes
	}
	if got, want := statuses("every=3&status=500", 7), []int{200, 200, 500, 200, 200, 500, 200}; !reflect.DeepEqual(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
	if got, want := statuses("every=2", 2), []int{200, 503}; !reflect.DeepEqual(got, want) {
		t.Errorf("another query: statuses %v, want %v", got, want)
	}
	s.ResetCounters()
	if got, want := statuses("every=3&status=500", 3), []int{200, 200, 500}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a reset: statuses %v, want %v", got, want)
	}
}

func TestOnlyTheNthRequestStalls(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	var took []time.Duration
	for range 3 {
		begun := time.Now()
		get(t, client, s.URL()+"/stall-once?at=2&for=30ms")
		took = append(took, time.Since(begun))
	}
	if took[1] < 30*time.Millisecond {
		t.Errorf("requests took %v, the second should have stalled", took)
	}
	if longest := s.Stats().ServiceTime.Max; longest < 0.030 {
		t.Errorf("longest service time %v s", longest)
	}
}

func TestWaitingRoutesAreNeverEarly(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	for path, least := range map[string]time.Duration{
		"/delay/3ms":                 3 * time.Millisecond,
		"/stall?for=3ms":             3 * time.Millisecond,
		"/drip?bytes=4&interval=2ms": 6 * time.Millisecond,
	} {
		begun := time.Now()
		get(t, client, s.URL()+path)
		if took := time.Since(begun); took < least {
			t.Errorf("%s took %v", path, took)
		}
	}
}

func TestAStallHoldsEverythingUntilItsEnd(t *testing.T) {
	s := start(t, Config{StallFor: 50 * time.Millisecond})
	end := s.stall.Load().to
	client := newClient(t, s)
	get(t, client, s.URL()+"/stats") // answers in the meantime
	get(t, client, s.URL()+"/")
	if early := time.Until(end); early > 0 {
		t.Errorf("answered %v before the end of the stall", early)
	}

	resp, err := client.Post(s.URL()+"/stall-all?for=20ms", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	end = s.stall.Load().to
	get(t, client, s.URL()+"/")
	if early := time.Until(end); early > 0 {
		t.Errorf("answered %v before the end of the second stall", early)
	}
}

func TestEchoTellsTheRequestAsItWasSent(t *testing.T) {
	s := start(t, Config{TLS: true})
	c := dial(t, s)
	body := strings.Repeat("x", 100_000)
	for number := range int64(3) {
		c.send("POST /echo?a=%20b HTTP/1.1\r\nx-LAST: 1\r\nHost: example.test\r\nContent-Length: 100000\r\nAccept:  */* \r\nx-last: 2\r\n\r\n" + body)
		_, text := c.response()
		var got Echo
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		want := Echo{
			Method: "POST", Target: "/echo?a=%20b", Proto: "HTTP/1.1",
			Headers:   [][2]string{{"x-LAST", "1"}, {"Host", "example.test"}, {"Content-Length", "100000"}, {"Accept", "*/*"}, {"x-last", "2"}},
			InOrder:   true,
			BodyBytes: 100_000, Connection: 1, Request: number + 1,
			Client: c.LocalAddr().String(), TLS: "full",
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("request %d:\n got %+v\nwant %+v", number+1, got, want)
		}
	}
}

func TestEchoKnowsWhenItDoesNotKnowTheOrder(t *testing.T) {
	s := start(t, Config{TLS: true, HTTP2: true})
	_, text := get(t, newClient(t, s), s.URL()+"/echo")
	var got Echo
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.InOrder || got.Proto != "HTTP/2.0" || len(got.Headers) < 2 || got.Headers[0] != [2]string{"Host", s.Addr()} {
		t.Errorf("echo %+v", got)
	}
}

func TestNonsenseIsAnsweredWith400AndTheReason(t *testing.T) {
	s := start(t, Config{})
	client := newClient(t, s)
	for path, reason := range map[string]string{
		"/bytes/-1":                    "n: \"-1\" is not a whole number from 0",
		"/bytes/x":                     "n: \"x\" is not",
		"/chunked/5?chunk=0":           "chunk: \"0\" is not",
		"/status/99":                   "code: \"99\" is not a whole number from 200 to 599",
		"/redirect/0":                  "n: \"0\" is not",
		"/delay/soon":                  "duration: \"soon\" is not a duration",
		"/delay/-1s":                   "duration: \"-1s\" is not",
		"/delay/11m":                   "from 0s to 10m0s",
		"/stall?after=1&for=x":         "for: \"x\"",
		"/drip?bytes=many":             "bytes: \"many\"",
		"/flaky?every=0":               "every: \"0\"",
		"/stall-once?at=0":             "at: \"0\"",
		"/close-early?length=5&sent=5": "sent: 5 is not less than the length 5",
		"/malformed?kind=weird":        "\"weird\" is none of chunk, chunk-cut,",
		"/eof?bytes=-1":                "bytes: \"-1\"",
		"/silent-close?after=0":        "after: \"0\"",
		"/drip?bytes=%zz":              "query: invalid URL escape",
	} {
		resp, body := get(t, client, s.URL()+path)
		if resp.StatusCode != 400 || !strings.Contains(body, reason) {
			t.Errorf("%s: %d %q, want 400 with %q", path, resp.StatusCode, body, reason)
		}
	}
	resp, err := client.PostForm(s.URL()+"/login", url.Values{"user": {"ann"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("login without a password: %d", resp.StatusCode)
	}
}

func TestRememberedQueriesAreBounded(t *testing.T) {
	var tallies tallies
	request := func(i int) *http.Request {
		return &http.Request{URL: &url.URL{Path: "/flaky", RawQuery: fmt.Sprint(i)}}
	}
	for i := range maxTallies {
		if _, err := tallies.next(request(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tallies.next(request(maxTallies)); err == nil {
		t.Error("one more query than the bound was accepted")
	}
	if n, err := tallies.next(request(0)); n != 2 || err != nil {
		t.Errorf("a known query: %d, %v", n, err)
	}
}

func FuzzParameters(f *testing.F) {
	for _, seed := range []string{"", "0", "-1", "5ms", "9223372036854775808", "1e9s", "+3", "0x10", "1h", "250us"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseNumber(text, 1, 1000); err == nil && (n < 1 || n > 1000) {
			t.Errorf("number %q gave %d", text, n)
		}
		if d, err := parseDuration(text); err == nil && (d < 0 || d > maxPause) {
			t.Errorf("duration %q gave %v", text, d)
		}
	})
}

func FuzzHeadOfARequest(f *testing.F) {
	f.Add([]byte("GET /echo HTTP/1.1\r\nHost: a\r\nB:  c \r\n\r\nbody"))
	f.Add([]byte("GET /echo HTTP/1.1\r\n\r\n"))
	f.Add([]byte("GET /echo HTTP/1.1\r\nno colon\r\n\r\n"))
	f.Fuzz(func(t *testing.T, read []byte) {
		r := &http.Request{Method: "GET", RequestURI: "/echo", Proto: "HTTP/1.1"}
		headers, ok := headersOf(read, r)
		if !ok && headers != nil {
			t.Errorf("headers %q from a head that was not understood", headers)
		}
		for _, h := range headers {
			if strings.Contains(h[0], ":") || strings.Contains(h[1], "\r\n") {
				t.Errorf("header %q", h)
			}
		}
	})
}
