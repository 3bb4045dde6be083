package session

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"sessbench/workload/wire"
)

func httpRequest(t *testing.T, method, raw string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, raw, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestFromHTTP(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   Fields
	}{
		{"nothing", func(*http.Request) {}, Fields{}},
		{"by name", func(r *http.Request) {
			r.Header = http.Header{"X-B": {"1", "2"}, "X-A": {"3"}, "x-c": {"4"}}
		}, Fields{Set("X-A", "3"), Set("X-B", "1", "2"), Set("x-c", "4")}},
		{"host", func(r *http.Request) { r.Host = "other.test" }, Fields{Set("Host", "other.test")}},
		{"no host", func(r *http.Request) { r.Host = "" }, Fields{}},
		{"what net/http passes over", func(r *http.Request) {
			r.Header = http.Header{"Host": {"x"}, "Content-Length": {"7"}, "Transfer-Encoding": {"gzip"}, "Trailer": {"X"}}
		}, Fields{}},
		{"nil values", func(r *http.Request) { r.Header = http.Header{"Accept": nil, "Accept-Encoding": {}} },
			Fields{Remove("Accept"), {Name: "Accept-Encoding", Values: []string{}}}},
		{"empty value", func(r *http.Request) { r.Header = http.Header{"Accept": {""}} }, Fields{Set("Accept", "")}},
		{"empty agent", func(r *http.Request) { r.Header = http.Header{"User-Agent": {""}} }, Fields{Remove("User-Agent")}},
		{"close", func(r *http.Request) {
			r.Close = true
			r.Header = http.Header{"Connection": {"keep-alive"}}
		}, Fields{Set("Connection", "close")}},
	} {
		req := httpRequest(t, "PATCH", "http://u:p@h.test/p?q=1#f", nil)
		c.change(req)
		header := req.Header.Clone()
		r, body, err := fromHTTP(req)
		if err != nil {
			t.Fatal(err)
		}
		body.close()
		if r.Method != "PATCH" || r.URL != "http://u:p@h.test/p?q=1#f" || r.Body != nil || !reflect.DeepEqual(r.Headers, c.want) {
			t.Errorf("%s: %+v, want headers %+v", c.name, r, c.want)
		}
		if !reflect.DeepEqual(req.Header, header) {
			t.Errorf("%s: the request was changed: %v", c.name, req.Header)
		}
	}
	_, body, err := fromHTTP(&http.Request{Body: io.NopCloser(strings.NewReader(""))})
	body.close()
	if !errors.Is(err, ErrInvalidURL) {
		t.Errorf("no URL: %v", err)
	}
}

// A countingCloser counts how often it was closed.
type countingCloser struct {
	io.Reader
	closed int
}

func (c *countingCloser) Close() error { c.closed++; return nil }

func readBody(t *testing.T, open func() (io.Reader, error)) string {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRule_6_14_FromHTTPBodyWithGetBodyIsRewindable(t *testing.T) {
	req := httpRequest(t, "POST", "http://h.test", strings.NewReader("hello"))
	first := &countingCloser{Reader: strings.NewReader("hello")}
	req.Body = first
	r, body, err := fromHTTP(req)
	if err != nil || r.Body == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	for range 3 {
		if got := readBody(t, body.open); got != "hello" || !body.again() {
			t.Errorf("%q, again %v", got, body.again())
		}
	}
	if body.size() != 5 || first.closed != 1 {
		t.Errorf("size %d, the first one closed %d times", body.size(), first.closed)
	}
	body.close()
}

func TestRule_6_14_FromHTTPBodyWithoutGetBodyIsSentOnce(t *testing.T) {
	once := &countingCloser{Reader: strings.NewReader("hello")}
	req := httpRequest(t, "POST", "http://h.test", once)
	_, body, err := fromHTTP(req)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // opening alone, as for a connection that fails, uses nothing up
		if _, err := body.open(); err != nil || !body.again() {
			t.Fatalf("%v, again %v", err, body.again())
		}
	}
	if got := readBody(t, body.open); got != "hello" || body.size() != -1 {
		t.Errorf("%q, size %d", got, body.size())
	}
	if _, err := body.open(); !errors.Is(err, ErrUnrewindable) || body.again() {
		t.Errorf("a second time: %v, again %v", err, body.again())
	}
	body.close()
	if once.closed != 1 {
		t.Errorf("closed %d times", once.closed)
	}
}

func TestFromHTTPBodyThatCannotBeHadAgain(t *testing.T) {
	req := httpRequest(t, "POST", "http://h.test", strings.NewReader("hello"))
	reason := errors.New("gone")
	req.GetBody = func() (io.ReadCloser, error) { return nil, reason }
	_, body, err := fromHTTP(req)
	if err != nil {
		t.Fatal(err)
	}
	defer body.close()
	readBody(t, body.open)
	if _, err := body.open(); !errors.Is(err, ErrUnrewindable) || !errors.Is(err, reason) {
		t.Errorf("%v", err)
	}
}

func TestFromHTTPBodyLength(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int64
		none   bool
	}{
		{"known", func(*http.Request) {}, 5, false},
		{"unknown", func(r *http.Request) { r.ContentLength = -1 }, -1, false},
		{"0 with a body", func(r *http.Request) { r.ContentLength = 0 }, -1, false},
		{"chunked", func(r *http.Request) { r.TransferEncoding = []string{"chunked"} }, -1, false},
		{"NoBody", func(r *http.Request) { r.Body = http.NoBody }, 0, true},
		{"nil", func(r *http.Request) { r.Body = nil }, 0, true},
	} {
		req := httpRequest(t, "POST", "http://h.test", strings.NewReader("hello"))
		c.change(req)
		r, body, err := fromHTTP(req)
		if err != nil {
			t.Fatal(err)
		}
		if (r.Body == nil) != c.none || !c.none && body.size() != c.want {
			t.Errorf("%s: body %v, size %d", c.name, r.Body, body.size())
		}
		body.close()
	}
}

func TestToHTTP(t *testing.T) {
	for _, c := range []struct {
		name         string
		method       string
		status       int
		header       Header
		left         http.Header
		length       int64
		uncompressed bool
	}{
		{"plain", "GET", 200, Header{{Name: "Content-Length", Value: "2"}, {Name: "x-a", Value: "1"}, {Name: "X-A", Value: "2"}},
			http.Header{"Content-Length": {"2"}, "X-A": {"1", "2"}}, 2, false},
		{"unknown length", "GET", 200, nil, http.Header{}, -1, false},
		{"gzip", "GET", 200, Header{{Name: "Content-Length", Value: "9"}, {Name: "Content-Encoding", Value: "GZip"}}, http.Header{}, -1, true},
		{"several", "GET", 200, Header{{Name: "Content-Encoding", Value: "br, deflate"}, {Name: "Content-Encoding", Value: "zstd"}}, http.Header{}, -1, true},
		{"unknown coding", "GET", 200, Header{{Name: "Content-Length", Value: "9"}, {Name: "Content-Encoding", Value: "snappy"}},
			http.Header{"Content-Length": {"9"}, "Content-Encoding": {"snappy"}}, 9, false},
		{"unknown inside", "GET", 200, Header{{Name: "Content-Encoding", Value: "gzip, snappy, x-gzip, identity"}},
			http.Header{"Content-Encoding": {"gzip, snappy"}}, -1, true},
		{"identity", "GET", 200, Header{{Name: "Content-Length", Value: "2"}, {Name: "Content-Encoding", Value: "identity"}},
			http.Header{"Content-Length": {"2"}, "Content-Encoding": {"identity"}}, 2, false},
		{"HEAD", "HEAD", 200, Header{{Name: "Content-Length", Value: "9"}, {Name: "Content-Encoding", Value: "gzip"}},
			http.Header{"Content-Length": {"9"}, "Content-Encoding": {"gzip"}}, 9, false},
		{"304", "GET", 304, Header{{Name: "Content-Encoding", Value: "gzip"}}, http.Header{"Content-Encoding": {"gzip"}}, -1, false},
		{"204", "GET", 204, nil, http.Header{}, 0, false},
	} {
		req := httpRequest(t, c.method, "http://h.test", nil)
		resp := &Response{
			Status: c.status, Reason: "Why", Proto: "HTTP/1.0", Header: c.header,
			Body: io.NopCloser(strings.NewReader("hi")),
		}
		out := toHTTP(resp, req)
		if out.StatusCode != c.status || !strings.HasSuffix(out.Status, " Why") || out.Proto != "HTTP/1.0" || out.ProtoMajor != 1 || out.ProtoMinor != 0 || out.Request != req {
			t.Errorf("%s: %+v", c.name, out)
		}
		if !reflect.DeepEqual(out.Header, c.left) || out.ContentLength != c.length || out.Uncompressed != c.uncompressed {
			t.Errorf("%s: %v, length %d, uncompressed %v", c.name, out.Header, out.ContentLength, out.Uncompressed)
		}
		if got := readBody(t, func() (io.Reader, error) { return out.Body, nil }); got != "hi" {
			t.Errorf("%s: body %q", c.name, got)
		}
	}
}

func TestToHTTPFraming(t *testing.T) {
	resp := &Response{Status: 200, Proto: "odd", Header: Header{
		{Name: "Transfer-Encoding", Value: "chunked"}, {Name: "Content-Length", Value: "4"}, {Name: "Connection", Value: "x, Close"},
	}, data: []byte("read")}
	out := toHTTP(resp, httpRequest(t, "GET", "http://h.test", nil))
	if out.Status != "200" || out.ProtoMajor != 1 || !out.Close || out.ContentLength != -1 ||
		!reflect.DeepEqual(out.TransferEncoding, []string{"chunked"}) || !reflect.DeepEqual(out.Header, http.Header{"Connection": {"x, Close"}}) {
		t.Errorf("%+v", out)
	}
	if got := readBody(t, func() (io.Reader, error) { return out.Body, nil }); got != "read" {
		t.Errorf("body %q", got)
	}
}

// The default adapter carries requests over connections of its own, and keeps them unless told otherwise.
func TestNewAdapter(t *testing.T) {
	for keep, opts := range map[bool]AdapterOptions{
		true:  {Retries: Retries(2)},
		false: {PoolConnections: -1},
	} {
		s := serveTrips(t, saying(tripOK))
		a := NewAdapter(opts)
		if a.Retries != opts.Retries {
			t.Errorf("retries %+v", a.Retries)
		}
		for i := range 2 {
			resp, ex := doTripContext(t, t.Context(), a.Transport, wire.RequestSpec{}, s.url)
			if ex.Err != nil || string(resp.Body) != "ok" || ex.Reused != (keep && i > 0) {
				t.Errorf("keep %v, exchange %d: %+v", keep, i, ex)
			}
		}
		a.Transport.Close()
		var m mounts
		if err := m.set("http://", a); err != nil {
			t.Error(err)
		}
		if u, _ := url.Parse(s.url); m.find(u).Transport != a.Transport {
			t.Error("not found")
		}
	}
}
