package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"sessbench/workload/wire"
)

const tripOK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\n\r\nok"

// A tripServer answers requests as a script says and keeps them as they came.
type tripServer struct {
	url  string
	mu   sync.Mutex
	seen []string
}

// serveTrips runs script for every connection; it ends the connection by returning.
func serveTrips(t *testing.T, script func(s *tripServer, in *bufio.Reader, out net.Conn)) *tripServer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &tripServer{url: "http://" + ln.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				script(s, bufio.NewReader(c), c)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); wg.Wait() })
	return s
}

// head reads a request's head and keeps it; "" at the end of the connection.
func (s *tripServer) head(in *bufio.Reader) string {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return ""
		}
		text.WriteString(line)
		if line == "\r\n" {
			break
		}
	}
	s.mu.Lock()
	s.seen = append(s.seen, text.String())
	s.mu.Unlock()
	return text.String()
}

func (s *tripServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// saying answers every request with the same text.
func saying(text string) func(*tripServer, *bufio.Reader, net.Conn) {
	return func(s *tripServer, in *bufio.Reader, out net.Conn) {
		for s.head(in) != "" {
			_, _ = io.WriteString(out, text)
		}
	}
}

// closeAfter answers one request and ends the connection.
func closeAfter(text string) func(*tripServer, *bufio.Reader, net.Conn) {
	return func(s *tripServer, in *bufio.Reader, out net.Conn) {
		s.head(in)
		_, _ = io.WriteString(out, text)
	}
}

// silence reads a request, and then waits for the other side to end the connection.
func silence(text string) func(*tripServer, *bufio.Reader, net.Conn) {
	return func(s *tripServer, in *bufio.Reader, out net.Conn) {
		s.head(in)
		_, _ = io.WriteString(out, text)
		_, _ = io.Copy(io.Discard, in)
	}
}

// plainOnly answers whatever it is told with words, as a server without TLS does.
func plainOnly(_ *tripServer, in *bufio.Reader, out net.Conn) {
	_, _ = in.ReadByte()
	_, _ = io.WriteString(out, "HTTP/1.1 400 Bad Request\r\n\r\n")
	_, _ = io.Copy(io.Discard, in)
}

// plainTrips returns an http.Transport that adds nothing.
func plainTrips(t *testing.T) *http.Transport {
	rt := &http.Transport{DisableCompression: true}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

// doTrip carries out one exchange over rt.
func doTrip(t *testing.T, rt http.RoundTripper, spec wire.RequestSpec, raw string) (*wire.Response, *wire.Exchange) {
	t.Helper()
	return doTripContext(t, t.Context(), RoundTripper(rt), spec, raw)
}

func doTripContext(t *testing.T, ctx context.Context, rt Transport, spec wire.RequestSpec, raw string) (*wire.Response, *wire.Exchange) {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	spec.URL, spec.KeepBody = u, !spec.Stream
	req, err := wire.NewRequest(spec)
	if err != nil {
		t.Fatal(err)
	}
	resp, ex := new(wire.Response), new(wire.Exchange)
	rt.Do(ctx, req, resp, ex)
	return resp, ex
}

func checkWhole(t *testing.T, ex *wire.Exchange) {
	t.Helper()
	p := ex.Phases
	if sum := p.Acquire + p.DNS + p.Connect + p.TLS + p.Send + p.Wait + p.Receive; sum != ex.Finished-ex.Started {
		t.Errorf("phases add up to %v of %v: %+v", sum, ex.Finished-ex.Started, p)
	}
	if (ex.Class == "") != (ex.Err == nil) || ex.Class != wire.ClassOf(ex.Err) {
		t.Errorf("class %q of error %v", ex.Class, ex.Err)
	}
}

func sortedLines(head string) []string {
	list := strings.Split(strings.TrimSuffix(head, "\r\n\r\n"), "\r\n")
	slices.Sort(list[1:])
	return list
}

func TestRoundTripperSendsWhatIsThere(t *testing.T) {
	body := []byte("hello")
	for _, c := range []struct {
		name string
		spec wire.RequestSpec
		want []string // sorted but for the request line; HOST stands for the server's
	}{
		{"nothing is added", wire.RequestSpec{}, []string{"GET /p?q=1 HTTP/1.1", "Host: HOST"}},
		{"headers", wire.RequestSpec{Headers: []wire.Header{{Name: "User-Agent", Value: "me"}, {Name: "Accept-Encoding", Value: "br"}, {Name: "X-A", Value: "1"}, {Name: "X-A", Value: "2"}}},
			[]string{"GET /p?q=1 HTTP/1.1", "Accept-Encoding: br", "Host: HOST", "User-Agent: me", "X-A: 1", "X-A: 2"}},
		{"host", wire.RequestSpec{Headers: []wire.Header{{Name: "hOST", Value: "other.test"}}}, []string{"GET /p?q=1 HTTP/1.1", "Host: other.test"}},
		{"close", wire.RequestSpec{Headers: []wire.Header{{Name: "Connection", Value: "Close"}}}, []string{"GET /p?q=1 HTTP/1.1", "Connection: Close", "Host: HOST"}},
		{"body", wire.RequestSpec{Method: "PUT", Body: body, Headers: []wire.Header{{Name: "Content-Length", Value: "5"}}},
			[]string{"PUT /p?q=1 HTTP/1.1", "Content-Length: 5", "Host: HOST"}},
		{"no body", wire.RequestSpec{Method: "POST"}, []string{"POST /p?q=1 HTTP/1.1", "Content-Length: 0", "Host: HOST"}},
		{"upload", wire.RequestSpec{Method: "POST", Upload: uploadOf("hello", 5)}, []string{"POST /p?q=1 HTTP/1.1", "Content-Length: 5", "Host: HOST"}},
		{"chunked upload", wire.RequestSpec{Method: "POST", Upload: uploadOf("hello", -1), Headers: []wire.Header{{Name: "Transfer-Encoding", Value: "chunked"}}},
			[]string{"POST /p?q=1 HTTP/1.1", "Host: HOST", "Transfer-Encoding: chunked"}},
		{"upload of unknown length", wire.RequestSpec{Method: "POST", Upload: uploadOf("hello", -1)},
			[]string{"POST /p?q=1 HTTP/1.1", "Host: HOST", "Transfer-Encoding: chunked"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serveTrips(t, func(s *tripServer, in *bufio.Reader, out net.Conn) {
				head := s.head(in)
				if strings.Contains(head, "chunked") {
					for line := ""; line != "0\r\n"; {
						line, _ = in.ReadString('\n')
					}
					_, _ = in.ReadString('\n')
				} else if strings.Contains(head, "Length: 5") {
					_, _ = io.CopyN(io.Discard, in, 5)
				}
				_, _ = io.WriteString(out, tripOK)
				_, _ = io.Copy(io.Discard, in)
			})
			rt := plainTrips(t)
			resp, ex := doTrip(t, rt, c.spec, strings.Replace(s.url, "://", "://user:pw@", 1)+"/p?q=1#frag")
			rt.CloseIdleConnections()
			if ex.Err != nil || string(resp.Body) != "ok" {
				t.Fatalf("%v, %q", ex.Err, resp.Body)
			}
			host := strings.TrimPrefix(s.url, "http://")
			got := sortedLines(strings.ReplaceAll(s.requests()[0], host, "HOST"))
			if !slices.Equal(got, c.want) {
				t.Errorf("sent %q, want %q", got, c.want)
			}
		})
	}
}

func uploadOf(text string, length int64) *wire.Upload {
	return &wire.Upload{Open: func() (io.Reader, error) { return strings.NewReader(text), nil }, Length: length}
}

func TestRule_1_3_RoundTripperAsksForNoCodingOfItsOwn(t *testing.T) {
	s := serveTrips(t, func(s *tripServer, in *bufio.Reader, out net.Conn) {
		for head := s.head(in); head != ""; head = s.head(in) {
			_, _ = io.WriteString(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n")
			if !strings.HasPrefix(head, "HEAD") {
				_, _ = io.WriteString(out, "raw")
			}
		}
	})
	for _, c := range []struct {
		name string
		rt   *http.Transport
		spec wire.RequestSpec
		want string
	}{
		{"transport that asks for gzip", new(http.Transport), wire.RequestSpec{}, "identity"},
		{"transport that does not", &http.Transport{DisableCompression: true}, wire.RequestSpec{}, ""},
		{"own", new(http.Transport), wire.RequestSpec{Headers: []wire.Header{{Name: "accept-encoding", Value: "gzip"}}}, "gzip"},
		{"HEAD", new(http.Transport), wire.RequestSpec{Method: "HEAD"}, ""},
		{"range", new(http.Transport), wire.RequestSpec{Headers: []wire.Header{{Name: "Range", Value: "bytes=0-2"}}}, ""},
	} {
		resp, ex := doTrip(t, c.rt, c.spec, s.url)
		c.rt.CloseIdleConnections()
		if ex.Err != nil || string(resp.Header("Content-Encoding")) != "gzip" || c.spec.Method != "HEAD" && string(resp.Body) != "raw" {
			t.Errorf("%s: %v, %q, %q", c.name, ex.Err, resp.Header("Content-Encoding"), resp.Body)
		}
		requests := s.requests()
		head, err := http.ReadRequest(bufio.NewReader(strings.NewReader(requests[len(requests)-1])))
		if err != nil {
			t.Fatal(err)
		}
		if got := head.Header.Get("Accept-Encoding"); got != c.want {
			t.Errorf("%s: Accept-Encoding %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRoundTripperReports(t *testing.T) {
	s := serveTrips(t, saying(tripOK))
	rt := plainTrips(t)
	for i := range 3 {
		resp, ex := doTrip(t, rt, wire.RequestSpec{}, s.url)
		checkWhole(t, ex)
		if ex.Err != nil || ex.Status != 200 || ex.Attempts != 1 || ex.Resent != 0 || ex.Reused != (i > 0) || ex.Headed < ex.Started || ex.Finished < ex.Headed {
			t.Errorf("exchange %d: %+v", i, ex)
		}
		if connected := ex.Phases.Connect > 0; connected == ex.Reused || ex.Phases.TLS != 0 {
			t.Errorf("exchange %d: %+v", i, ex.Phases)
		}
		var fields []string
		resp.Fields(func(name, value []byte) { fields = append(fields, string(name)+"="+string(value)) })
		slices.Sort(fields)
		if want := []string{"Content-Length=2", "X-A=2", "X-B=1", "X-B=3"}; !slices.Equal(fields, want) {
			t.Errorf("fields %q, want %q", fields, want)
		}
	}
}

func TestRoundTripperTLSPhase(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer s.Close()
	rt := s.Client().Transport
	for i := range 2 {
		resp, ex := doTrip(t, rt, wire.RequestSpec{}, s.URL)
		checkWhole(t, ex)
		if ex.Err != nil || string(resp.Body) != "ok" || (ex.Phases.TLS > 0) != (i == 0) {
			t.Errorf("%v, %q, %+v", ex.Err, resp.Body, ex.Phases)
		}
	}
}

func TestRoundTripperFollowsNothing(t *testing.T) {
	s := serveTrips(t, saying("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n"))
	resp, ex := doTrip(t, plainTrips(t), wire.RequestSpec{}, s.url)
	if ex.Err != nil || resp.Status != 302 || string(resp.Header("Location")) != "/next" || len(s.requests()) != 1 {
		t.Errorf("%v, %d, %d requests", ex.Err, resp.Status, len(s.requests()))
	}
}

func TestRoundTripperStream(t *testing.T) {
	more := make(chan struct{})
	s := serveTrips(t, func(s *tripServer, in *bufio.Reader, out net.Conn) {
		for s.head(in) != "" {
			_, _ = io.WriteString(out, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
			<-more
			_, _ = io.WriteString(out, "cd")
		}
	})
	rt := plainTrips(t)
	resp, ex := doTrip(t, rt, wire.RequestSpec{Stream: true}, s.url)
	if ex.Err != nil || resp.Status != 200 || ex.Headed == 0 || ex.Finished != 0 {
		t.Fatalf("with the head: %+v", ex)
	}
	more <- struct{}{}
	if body, err := io.ReadAll(resp.Stream); string(body) != "abcd" || err != nil {
		t.Fatalf("%q, %v", body, err)
	}
	checkWhole(t, ex)
	if n, err := resp.Stream.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("after the end: %d, %v", n, err)
	}
	if err := resp.Stream.Close(); err != nil || ex.Finished == 0 {
		t.Errorf("%v, %+v", err, ex)
	}

	resp, ex = doTrip(t, rt, wire.RequestSpec{Stream: true}, s.url)
	if ex.Err != nil || !ex.Reused {
		t.Fatalf("the connection was not kept: %+v", ex)
	}
	if err := resp.Stream.Close(); err != nil || ex.Finished == 0 {
		t.Errorf("closed early: %v, %+v", err, ex)
	}
	if _, err := resp.Stream.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("reading after Close: %v", err)
	}
	close(more)
}

func TestRoundTripperStreamWithoutABody(t *testing.T) {
	s := serveTrips(t, saying("HTTP/1.1 204 No Content\r\n\r\n"))
	resp, ex := doTrip(t, plainTrips(t), wire.RequestSpec{Stream: true}, s.url)
	if ex.Err != nil || ex.Finished == 0 {
		t.Fatalf("%+v", ex)
	}
	checkWhole(t, ex)
	if body, err := io.ReadAll(resp.Stream); len(body) != 0 || err != nil {
		t.Errorf("%q, %v", body, err)
	}
}

// A tripFunc is a round tripper that says nothing by httptrace.
type tripFunc func(*http.Request) (*http.Response, error)

func (f tripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestRoundTripperThatSaysNothing(t *testing.T) {
	good := tripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 201, Status: "201 Created", Proto: "HTTP/2.0"}, nil
	})
	resp, ex := doTrip(t, good, wire.RequestSpec{}, "http://h.test")
	checkWhole(t, ex)
	if ex.Err != nil || resp.Status != 201 || ex.Attempts != 1 || ex.Phases.Wait == 0 || ex.Phases.Acquire != 0 {
		t.Errorf("%+v", ex)
	}
	for want, err := range map[wire.Class]error{
		wire.ClassDNS:         &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}},
		wire.ClassClosedEarly: io.ErrUnexpectedEOF,
		wire.ClassProtocol:    errors.New("anything"),
		wire.ClassSend:        wire.Fault(wire.ClassSend, "send to", "", nil),
	} {
		_, ex := doTrip(t, tripFunc(func(*http.Request) (*http.Response, error) { return nil, err }), wire.RequestSpec{}, "http://h.test")
		checkWhole(t, ex)
		if ex.Class != want || (ex.Attempts == 0) != (want == wire.ClassDNS) {
			t.Errorf("%v: %q, %d attempts", err, ex.Class, ex.Attempts)
		}
	}
	_, ex = doTrip(t, tripFunc(func(*http.Request) (*http.Response, error) { return nil, nil }), wire.RequestSpec{}, "http://h.test")
	if ex.Err == nil {
		t.Error("neither response nor error, and no error of ours")
	}
}

func TestRoundTripperUploadThatFails(t *testing.T) {
	s := serveTrips(t, silence(""))
	reason := errors.New("disk on fire")
	for name, open := range map[string]func() (io.Reader, error){
		"open": func() (io.Reader, error) { return nil, reason },
		"read": func() (io.Reader, error) { return io.MultiReader(strings.NewReader("abc"), failingReader{reason}), nil },
	} {
		_, ex := doTrip(t, plainTrips(t), wire.RequestSpec{Method: "POST", Upload: &wire.Upload{Open: open, Length: -1}}, s.url)
		checkWhole(t, ex)
		if ex.Class != wire.ClassSend || !errors.Is(ex.Err, reason) {
			t.Errorf("%s: %q, %v", name, ex.Class, ex.Err)
		}
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// A round tripper may read a body when it has long answered; the caller has it back then.
func TestRoundTripperLeavesTheBodyAloneAfterwards(t *testing.T) {
	var body io.Reader
	rt := tripFunc(func(req *http.Request) (*http.Response, error) {
		body = req.Body
		return &http.Response{StatusCode: 413, Body: http.NoBody}, nil
	})
	source := strings.NewReader("hello")
	upload := &wire.Upload{Open: func() (io.Reader, error) { return source, nil }, Length: 5}
	if _, ex := doTrip(t, rt, wire.RequestSpec{Method: "POST", Upload: upload}, "http://h.test"); ex.Err != nil {
		t.Fatal(ex.Err)
	}
	if n, err := body.Read(make([]byte, 5)); n != 0 || err == nil || source.Len() != 5 {
		t.Errorf("read %d bytes, %v; %d left", n, err, source.Len())
	}
}

func TestRoundTripperCloses(t *testing.T) {
	rt := &closingTripper{}
	RoundTripper(rt).Close()
	if rt.closed != 1 {
		t.Errorf("closed %d times", rt.closed)
	}
	RoundTripper(tripFunc(nil)).Close() // has nothing to close
}

type closingTripper struct {
	tripFunc
	closed int
}

func (c *closingTripper) CloseIdleConnections() { c.closed++ }
