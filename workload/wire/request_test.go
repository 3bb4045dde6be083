package wire

import (
	"net/url"
	"strings"
	"testing"
)

func TestRequestIsRenderedAsAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		spec RequestSpec
		url  string
		want string
	}{
		"plain GET":     {RequestSpec{}, "http://Example.TEST", "GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"},
		"query":         {RequestSpec{Method: "HEAD"}, "http://a.test:8080/p%20q/%7e?b=1&a=%2F#frag", "HEAD /p%20q/%7e?b=1&a=%2F HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"},
		"empty query":   {RequestSpec{}, "http://a.test?", "GET /? HTTP/1.1\r\nHost: a.test\r\n\r\n"},
		"default ports": {RequestSpec{}, "https://user:pw@a.test:443/", "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"},
		"other's port":  {RequestSpec{}, "https://a.test:80/", "GET / HTTP/1.1\r\nHost: a.test:80\r\n\r\n"},
		"IPv6":          {RequestSpec{}, "http://[FE80::1%25eth0]:81/", "GET / HTTP/1.1\r\nHost: [fe80::1]:81\r\n\r\n"},
		"order and spelling": {RequestSpec{Headers: []Header{{"x-b", "1"}, {"X-A", "2"}, {"x-b", "3"}, {"empty", ""}}}, "http://a.test",
			"GET / HTTP/1.1\r\nHost: a.test\r\nx-b: 1\r\nX-A: 2\r\nx-b: 3\r\nempty: \r\n\r\n"},
		"own Host":   {RequestSpec{Headers: []Header{{"A", "1"}, {"hOST", "other"}, {"B", "2"}}}, "http://a.test", "GET / HTTP/1.1\r\nhOST: other\r\nA: 1\r\nB: 2\r\n\r\n"},
		"body":       {RequestSpec{Method: "PUT", Body: []byte("abc")}, "http://a.test", "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc"},
		"GET's body": {RequestSpec{Body: []byte("abc")}, "http://a.test", "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc"},
		"no body":    {RequestSpec{Method: "DELETE"}, "http://a.test", "DELETE / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"},
		"own length": {RequestSpec{Method: "POST", Headers: []Header{{"content-length", "3"}}, Body: []byte("abc")}, "http://a.test",
			"POST / HTTP/1.1\r\nHost: a.test\r\ncontent-length: 3\r\n\r\nabc"},
		"own encoding": {RequestSpec{Method: "POST", Headers: []Header{{"Transfer-Encoding", "chunked"}}, Body: []byte("0\r\n\r\n")}, "http://a.test",
			"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		"the server itself": {RequestSpec{Method: "OPTIONS"}, "http://a.test/x", "OPTIONS /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			tc.spec.URL = u
			req, err := NewRequest(tc.spec)
			if err != nil || string(req.Raw) != tc.want {
				t.Errorf("%v\n%q, want\n%q", err, req.Raw, tc.want)
			}
		})
	}
	star, err := NewRequest(RequestSpec{Method: "OPTIONS", URL: &url.URL{Scheme: "http", Host: "a.test", Path: "*"}})
	if err != nil || !strings.HasPrefix(string(star.Raw), "OPTIONS * HTTP/1.1\r\n") {
		t.Errorf("%q, %v", star.Raw, err)
	}
}

func TestRequestKnowsWhatItIs(t *testing.T) {
	for method, idempotent := range map[string]bool{
		"GET": true, "HEAD": true, "PUT": true, "DELETE": true, "OPTIONS": true, "TRACE": true,
		"POST": false, "PATCH": false, "get": false, "X-OTHER": false,
	} {
		req := newRequest(t, method, "https://a.test", "")
		if req.Idempotent != idempotent || req.Head != (method == "HEAD") || !req.KeepBody || req.Close {
			t.Errorf("%s: %+v", method, req)
		}
		if want := (Endpoint{TLS: true, Host: "a.test", Port: 443}); req.Endpoint != want {
			t.Errorf("endpoint %v", req.Endpoint)
		}
	}
}

func TestRequestMemoryIsUsedAgain(t *testing.T) {
	u, _ := url.Parse("http://a.test/x")
	req := newRequest(t, "GET", "http://a.test/a/much/longer/path", "", Header{"Connection", "close"})
	first := &req.Raw[0]
	if err := AppendRequest(req, RequestSpec{URL: u}); err != nil {
		t.Fatal(err)
	}
	if string(req.Raw) != "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n" || &req.Raw[0] != first || req.Close {
		t.Errorf("%q", req.Raw)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	good := &url.URL{Scheme: "http", Host: "a.test"}
	for name, spec := range map[string]RequestSpec{
		"no URL":           {},
		"other scheme":     {URL: &url.URL{Scheme: "ftp", Host: "a.test"}},
		"no host":          {URL: &url.URL{Scheme: "http", Path: "/"}},
		"blank in host":    {URL: &url.URL{Scheme: "http", Host: "a b"}},
		"foreign letters":  {URL: &url.URL{Scheme: "http", Host: "ä.test"}},
		"port 0":           {URL: &url.URL{Scheme: "http", Host: "a.test:0"}},
		"port too high":    {URL: &url.URL{Scheme: "http", Host: "a.test:65536"}},
		"blank in query":   {URL: &url.URL{Scheme: "http", Host: "a.test", RawQuery: "a b"}},
		"line in query":    {URL: &url.URL{Scheme: "http", Host: "a.test", RawQuery: "a\r\nX: y"}},
		"bad method":       {URL: good, Method: "GE T"},
		"CONNECT":          {URL: good, Method: "CONNECT"},
		"two Hosts":        {URL: good, Headers: []Header{{"Host", "a"}, {"host", "b"}}},
		"bad header":       {URL: good, Headers: []Header{{"A", "b\r\nc"}}},
		"bad header name":  {URL: good, Headers: []Header{{"A b", "c"}}},
		"bad own Host":     {URL: good, Headers: []Header{{"Host", "a\nb"}}},
		"host with a path": {URL: &url.URL{Scheme: "http", Host: "a.test/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			if req, err := NewRequest(spec); err == nil {
				t.Errorf("rendered %q", req.Raw)
			}
		})
	}
}

func TestValidateHeader(t *testing.T) {
	for _, h := range []Header{{"A", ""}, {"x-!#$%&'*+.^_`|~09", "a b\tc "}, {"A", "ümläut \xff"}} {
		if err := ValidateHeader(h.Name, h.Value); err != nil {
			t.Errorf("%q: %v", h, err)
		}
	}
	for _, h := range []Header{
		{"", "a"}, {"A:", "a"}, {"A B", "a"}, {"Ä", "a"}, {"A\n", "a"},
		{"A", " a"}, {"A", "\ta"}, {"A", "a\nb"}, {"A", "a\rb"}, {"A", "a\x00"}, {"A", "\x7f"}, {"A", "secret\x1b"},
	} {
		err := ValidateHeader(h.Name, h.Value)
		if err == nil {
			t.Errorf("%q accepted", h)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q repeats the value", err)
		}
	}
}
