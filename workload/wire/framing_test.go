package wire

import (
	"slices"
	"strings"
	"testing"
)

// The server gives an answer, and "second" to the next request on the same connection: a response
// that was read to its end leaves the connection usable.
func twoAnswers(first string, closing bool) func(*peer) {
	return func(p *peer) {
		if p.n > 1 {
			answer(okText)(p)
			return
		}
		p.request()
		p.say(first)
		if closing {
			return
		}
		if p.request() != "" {
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
			p.await()
		}
	}
}

func TestResponseIsReadToItsEndAndTheConnectionReused(t *testing.T) {
	big := strings.Repeat("x", 3*bodyBuffer+17)
	for name, tc := range map[string]struct {
		method, text string
		status       int
		body         string
	}{
		"length":                    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
		"length 0":                  {"GET", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, ""},
		"no reason":                 {"GET", "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", 200, "a"},
		"later minor version":       {"GET", "HTTP/1.2 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a"},
		"large":                     {"GET", "HTTP/1.1 404 No\r\nContent-Length: 49169\r\n\r\n" + big, 404, big},
		"equal lengths":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\ncontent-length:  3\r\n\r\nabc", 200, "abc"},
		"folded field":              {"GET", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
		"chunked":                   {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", 200, "abc0123456789"},
		"chunked in capitals":       {"GET", "HTTP/1.1 200 OK\r\ntransfer-encoding:CHUNKED \r\n\r\n3\r\nabc\r\n000\r\n\r\n", 200, "abc"},
		"trailers":                  {"GET", "HTTP/1.1 200 OK\r\nTrailer: Set-Cookie, Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\n", 200, "a"},
		"encoding beats length":     {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, "a"},
		"large chunk":               {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc011\r\n" + big + "\r\n0\r\n\r\n", 200, big},
		"204 with a length":         {"GET", "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", 204, ""},
		"304 with a length":         {"GET", "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", 304, ""},
		"HEAD with a length":        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 200, ""},
		"HEAD without a length":     {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", 200, ""},
		"HEAD chunked":              {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, ""},
		"interim":                   {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\nContent-Length: 7\r\n\r\nHTTP/1.1 199 Odd\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a"},
		"1.0 with keep-alive":       {"GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\na", 200, "a"},
		"other connection options":  {"GET", "HTTP/1.1 200 OK\r\nConnection: closed, x-close\r\nContent-Length: 1\r\n\r\na", 200, "a"},
		"head larger than a buffer": {"GET", "HTTP/1.1 200 OK\r\nX: " + big + "\r\nContent-Length: 1\r\n\r\na", 200, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, twoAnswers(tc.text, false))
			c := newClient(t, nil, Policy{})
			r := call(t, c, newRequest(t, tc.method, s.url, ""))
			wantOK(t, r, tc.status, tc.body)
			if r.BytesIn != int64(len(tc.text)) {
				t.Errorf("%d bytes in, want %d", r.BytesIn, len(tc.text))
			}
			again := call(t, c, get(t, s.url))
			wantOK(t, again, 200, "second")
			if !again.Reused {
				t.Error("second call opened a new connection")
			}
			wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
		})
	}
}

func TestConnectionThatTheServerEndsIsNotReused(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		closing bool
		status  int
		body    string
		want    Counts // after a second call on a new connection
	}{
		"close":              {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", false, 200, "a", Counts{ClosedByPeer: 1}},
		"close in a list":    {"HTTP/1.1 200 OK\r\nConnection: foo , CLOSE\r\nContent-Length: 1\r\n\r\na", false, 200, "a", Counts{ClosedByPeer: 1}},
		"close twice":        {"HTTP/1.1 200 OK\r\nConnection: foo\r\nconnection: close\r\nContent-Length: 1\r\n\r\na", false, 200, "a", Counts{ClosedByPeer: 1}},
		"1.0":                {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", false, 200, "a", Counts{ClosedByPeer: 1}},
		"1.0 to the end":     {"HTTP/1.0 200 OK\r\n\r\nabc", true, 200, "abc", Counts{ClosedByPeer: 1}},
		"1.0 is not chunked": {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na", false, 200, "a", Counts{ClosedByPeer: 1}},
		"to the end":         {"HTTP/1.1 200 OK\r\n\r\nabc", true, 200, "abc", Counts{ClosedByPeer: 1}},
		"to the end, empty":  {"HTTP/1.1 200 OK\r\n\r\n", true, 200, "", Counts{ClosedByPeer: 1}},
		"101":                {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", false, 101, "", Counts{Discarded: 1}},
		"extra bytes":        {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", false, 200, "a", Counts{Discarded: 1}},
		"extra line":         {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na\r\n", false, 200, "a", Counts{Discarded: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, twoAnswers(tc.text, tc.closing))
			c := newClient(t, nil, Policy{})
			wantOK(t, call(t, c, get(t, s.url)), tc.status, tc.body)
			if c.Open() != 0 {
				t.Error("connection kept")
			}
			r := call(t, c, get(t, s.url))
			wantOK(t, r, 200, "ok")
			if r.Reused {
				t.Error("reused a connection that is gone")
			}
			tc.want.Opened, tc.want.Attempts = 2, 2
			wantCounts(t, c, tc.want)
		})
	}
}

func TestExtraBytesAtTheEdgeOfTheBufferAreNotTheNextResponse(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\nX: "
	body := strings.Repeat("b", 4000)
	pad := strings.Repeat("p", readBuffer-len(head)-len("\r\n\r\n")-len(body))
	text := head + pad + "\r\n\r\n" + body
	if len(text) != readBuffer {
		t.Fatal("the response does not fill the buffer exactly")
	}
	srv, cli := identity(t)
	t.Run("plain", func(t *testing.T) {
		s := serve(t, nil, twoAnswers(text+okText, false))
		c := newClient(t, nil, Policy{})
		wantOK(t, call(t, c, get(t, s.url)), 200, body)
		if n := c.Counts(); n.Discarded != 1 || c.Open() != 0 {
			t.Errorf("kept with unread input: %+v", n)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		s := serve(t, srv, func(p *peer) {
			p.request()
			// Two records in one segment, the second of which a reader of the first leaves.
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 16384\r\n\r\n" + strings.Repeat("b", 16384) + "garbage")
			p.await()
		})
		c := newClient(t, &Options{TLS: cli}, Policy{})
		wantOK(t, call(t, c, get(t, s.url)), 200, strings.Repeat("b", 16384))
		if n := c.Counts(); n.Discarded != 1 {
			t.Errorf("kept with unread input: %+v", n)
		}
	})
}

func TestMalformedResponseIsAProtocolError(t *testing.T) {
	for name, text := range map[string]string{
		"garbage":                "SSH-2.0-OpenSSH_9.6\r\n",
		"nul bytes":              "\x00\x00\x00\x00\x00\x00\x00\x00",
		"empty line first":       "\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2":                 "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"no status":              "HTTP/1.1\r\n\r\n",
		"short status":           "HTTP/1.1 20 OK\r\n\r\n",
		"long status":            "HTTP/1.1 2000 OK\r\n\r\n",
		"status in letters":      "HTTP/1.1 abc OK\r\n\r\n",
		"status below 100":       "HTTP/1.1 099 OK\r\n\r\n",
		"two blanks":             "HTTP/1.1  200 OK\r\n\r\n",
		"control in the reason":  "HTTP/1.1 200 O\x00K\r\nContent-Length: 0\r\n\r\n",
		"no colon":               "HTTP/1.1 200 OK\r\nContent-Length 0\r\n\r\n",
		"blank in a name":        "HTTP/1.1 200 OK\r\nX Y: z\r\nContent-Length: 0\r\n\r\n",
		"blank before colon":     "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
		"no name":                "HTTP/1.1 200 OK\r\n: z\r\nContent-Length: 0\r\n\r\n",
		"nul in a value":         "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
		"CR in a value":          "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
		"bare LF":                "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"continuation first":     "HTTP/1.1 200 OK\r\n X: y\r\nContent-Length: 0\r\n\r\n",
		"continued length":       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\na",
		"differing lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"list of lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nab",
		"negative length":        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"signed length":          "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
		"empty length":           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"overflowing length":     "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"unknown encoding":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"encoding twice":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunk size in words":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"chunk size empty":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"chunk size negative":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
		"chunk size too long":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00000000000000001\r\n",
		"chunk size then text":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 2\r\n",
		"chunk line with LF":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n",
		"chunk longer than said": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"chunk line endless":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 2*readBuffer),
		"trailer without colon":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nabc\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, func(p *peer) { p.request(); p.say(text); p.await() })
			c := newClient(t, nil, Policy{})
			r := call(t, c, get(t, s.url))
			wantClass(t, r, ClassProtocol)
			wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Discarded: 1})
			if !strings.Contains(r.Err.Error(), s.addr()) {
				t.Errorf("%q does not name the address", r.Err)
			}
		})
	}
}

func TestResponseThatBreaksOffIsClosedEarly(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         "",
		"in the line":     "HTTP/1.",
		"in the head":     "HTTP/1.1 200 OK\r\nX: y\r\n",
		"after a 100":     "HTTP/1.1 100 Continue\r\n\r\n",
		"in the body":     "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
		"in a chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab",
		"behind a chunk":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
		"in the trailers": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, func(p *peer) { p.request(); p.say(text) })
			c := newClient(t, nil, Policy{Resend: true})
			wantClass(t, call(t, c, get(t, s.url)), ClassClosedEarly)
			wantCounts(t, c, Counts{Opened: 1, Attempts: 1, ClosedByPeer: 1})
		})
	}
}

func TestResponsesBeyondTheLimitsAreTooLarge(t *testing.T) {
	opts := &Options{MaxHeaderBytes: 1000, MaxBodyBytes: 100}
	body := strings.Repeat("b", 101)
	head := "X: " + strings.Repeat("h", 990) + "\r\n"
	for name, text := range map[string]string{
		"head":          "HTTP/1.1 200 OK\r\n" + head + "\r\n",
		"endless head":  "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("h", 2000),
		"interim heads": strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 50),
		"length":        "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + body,
		"chunks":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n63\r\n" + body[:99] + "\r\n2\r\nxx\r\n0\r\n\r\n",
		"trailers":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + head + head + "\r\n",
		"to the end":    "HTTP/1.1 200 OK\r\n\r\n" + body,
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, func(p *peer) { p.request(); p.say(text); p.await() })
			c := newClient(t, opts, Policy{})
			wantClass(t, call(t, c, get(t, s.url)), ClassTooLarge)
			wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Discarded: 1})
		})
	}
	s := serve(t, nil, answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"+body[:100]))
	wantOK(t, call(t, newClient(t, opts, Policy{}), get(t, s.url)), 200, body[:100])
}

func TestBodyIsDroppedUnlessKept(t *testing.T) {
	for name, text := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("b", 100000),
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + strings.Repeat("b", 100000) + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil, answer(text))
			c := newClient(t, nil, Policy{})
			req := get(t, s.url)
			req.KeepBody = false
			for range 2 {
				r := call(t, c, req)
				wantOK(t, r, 200, "")
				if r.BytesIn != int64(len(text)) {
					t.Errorf("read %d bytes of %d", r.BytesIn, len(text))
				}
			}
			wantCounts(t, c, Counts{Opened: 1, Attempts: 2, Reused: 1})
		})
	}
}

func TestResponseGivesFieldsAsSent(t *testing.T) {
	text := "HTTP/1.1 200 OK\r\nSET-cookie: a=1; Path=/\r\nX-One: first\r\nx-one: second\r\n" +
		"Set-Cookie: a=2\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
	s := serve(t, nil, func(p *peer) {
		p.request()
		p.say(text)
		p.request()
		p.say("HTTP/1.1 200 OK\r\n\r\n")
	})
	c := newClient(t, nil, Policy{})
	r := call(t, c, get(t, s.url))
	wantOK(t, r, 200, "")
	if got := string(r.resp.Header("x-ONE")); got != "first" {
		t.Errorf("X-One is %q", got)
	}
	if got := string(r.resp.Header("location")); got != "/there" {
		t.Errorf("Location is %q", got)
	}
	if got := r.resp.Header("Content-Type"); got != nil {
		t.Errorf("Content-Type made up: %q", got)
	}
	var cookies []string
	r.resp.EachSetCookie(func(v []byte) { cookies = append(cookies, string(v)) })
	if !r.resp.HasSetCookie() || !slices.Equal(cookies, []string{"a=1; Path=/", "a=2"}) {
		t.Errorf("cookies %q", cookies)
	}
	n := 0
	r.resp.Fields(func(name, value []byte) { n++ })
	if n != 6 {
		t.Errorf("%d fields, want 6", n)
	}

	c.Do(t.Context(), get(t, s.url), r.resp, &r.Exchange)
	if r.Err != nil || r.resp.HasSetCookie() || r.resp.Header("X-One") != nil || r.resp.Header("Connection") != nil {
		t.Errorf("fields from elsewhere: %v, %q", r.Err, r.resp.Header("Connection"))
	}
	r.resp.Fields(func(name, value []byte) { t.Errorf("field %q made up", name) })
}
