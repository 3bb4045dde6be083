package session_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	session "sessbench/workload/plainsession"
	"sessbench/workload/wire"
)

// An echo is a server that keeps the requests' heads as they came and answers
// each with the next of its replies, or with the last one again.
type echo struct {
	url   *url.URL
	heads chan string

	mu      sync.Mutex
	replies []string
}

func startEcho(t *testing.T, replies ...string) *echo {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{url: parse(t, "http://"+listener.Addr().String()+"/"), heads: make(chan string, 16), replies: replies}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { e.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return e
}

func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	requests := bufio.NewReader(conn)
	for {
		head, err := readHead(requests)
		if err != nil {
			return
		}
		e.heads <- head
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n%s\r\n", e.reply())
	}
}

func (e *echo) reply() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	reply := e.replies[0]
	if len(e.replies) > 1 {
		e.replies = e.replies[1:]
	}
	return reply
}

func readHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == "\r\n" {
			return head.String(), nil
		}
		head.WriteString(line)
	}
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// send makes one call and returns the head that the server got.
func (e *echo) send(t *testing.T, s *session.Session, r *session.Request) string {
	t.Helper()
	var ex wire.Exchange
	if err := s.Do(context.Background(), r, &ex); err != nil {
		t.Fatal(err)
	}
	if ex.Err != nil || ex.Status != 200 {
		t.Fatalf("status %d, error %v", ex.Status, ex.Err)
	}
	return <-e.heads
}

func newSession(t *testing.T, config *session.Config) *session.Session {
	t.Helper()
	client := wire.NewClient(wire.NewClock(), &wire.Options{}, wire.Policy{}, nil)
	t.Cleanup(client.Close)
	return session.New(config, client)
}

func newRequest(t *testing.T, config *session.Config, u *url.URL, headers ...wire.Header) *session.Request {
	t.Helper()
	r, err := session.NewRequest(config, wire.RequestSpec{Method: "GET", URL: u, Headers: headers})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRequestHeadersTakeTheDefaultsPlaceWhateverTheirCase(t *testing.T) {
	e := startEcho(t, "")
	config := &session.Config{Headers: []wire.Header{{Name: "User-Agent", Value: "a"}, {Name: "Accept", Value: "*/*"}, {Name: "X-Last", Value: "z"}}}
	head := e.send(t, newSession(t, config), newRequest(t, config, e.url,
		wire.Header{Name: "X-New", Value: "1"}, wire.Header{Name: "accept", Value: "text/html"}, wire.Header{Name: "ACCEPT", Value: "text/plain"}))
	want := "GET / HTTP/1.1\r\nHost: " + e.url.Host + "\r\nUser-Agent: a\r\naccept: text/html\r\nACCEPT: text/plain\r\nX-Last: z\r\nX-New: 1\r\n"
	if head != want {
		t.Errorf("sent %q, want %q", head, want)
	}
}

func TestCookiesAreKeptAndSentBack(t *testing.T) {
	e := startEcho(t,
		"Set-Cookie: a=1; Path=/\r\nSet-Cookie: hidden=x; Path=/other\r\nSet-Cookie: not a cookie\r\n",
		"Set-Cookie: a=2; Path=/\r\nSet-Cookie: b=3\r\n",
		"Set-Cookie: a=gone; Path=/; Max-Age=0\r\n", "")
	config := &session.Config{Origin: e.url}
	s, r := newSession(t, config), newRequest(t, config, e.url)
	for i, want := range []string{"", "Cookie: a=1\r\n", "Cookie: a=2; b=3\r\n", "Cookie: b=3\r\n"} {
		head := e.send(t, s, r)
		_, cookie, _ := strings.Cut(head, "Host: "+e.url.Host+"\r\n")
		if cookie != want {
			t.Errorf("request %d carried %q, want %q", i, cookie, want)
		}
	}
	if head := e.send(t, newSession(t, config), r); strings.Contains(head, "Cookie") {
		t.Errorf("another session sent the first one's cookies: %q", head)
	}
}

func TestGivenCookiesAreReplacedByTheServers(t *testing.T) {
	e := startEcho(t, "Set-Cookie: sid=new; Path=/\r\n", "")
	cookies, err := session.ParseCookies("sid=given; lang=en")
	if err != nil {
		t.Fatal(err)
	}
	config := &session.Config{Origin: e.url, Cookies: cookies}
	s, r := newSession(t, config), newRequest(t, config, e.url)
	for _, want := range []string{"Cookie: sid=given; lang=en\r\n", "Cookie: lang=en; sid=new\r\n"} {
		head := e.send(t, s, r)
		if !strings.HasSuffix(head, want) && !strings.HasSuffix(head, "Cookie: sid=new; lang=en\r\n") {
			t.Errorf("sent %q, want %q in it", head, want)
		}
	}
}

func TestExplicitCookieHeaderSuppressesTheJar(t *testing.T) {
	e := startEcho(t, "Set-Cookie: a=1\r\n", "")
	config := &session.Config{Origin: e.url}
	s, r := newSession(t, config), newRequest(t, config, e.url, wire.Header{Name: "Cookie", Value: "mine=1"})
	e.send(t, s, r)
	if head := e.send(t, s, r); !strings.HasSuffix(head, "\r\nCookie: mine=1\r\n") || strings.Count(head, "Cookie") != 1 {
		t.Errorf("sent %q", head)
	}
}

func TestBasicAuthentication(t *testing.T) {
	e := startEcho(t, "")
	inURL := *e.url
	inURL.User = url.UserPassword("url", "pass:word")
	userOnly := *e.url
	userOnly.User = url.User("solo")
	cases := []struct {
		name    string
		basic   *session.Basic
		url     *url.URL
		headers []wire.Header
		want    string
	}{
		{"given", &session.Basic{User: "me", Password: "é"}, e.url, nil, "Basic bWU6w6k="},
		{"given takes the header's place", &session.Basic{User: "me", Password: ""}, e.url, []wire.Header{{Name: "authorization", Value: "Bearer x"}}, "Basic bWU6"},
		{"in the URL", nil, &inURL, nil, "Basic dXJsOnBhc3M6d29yZA=="},
		{"a header before the URL", nil, &inURL, []wire.Header{{Name: "Authorization", Value: "Bearer x"}}, "Bearer x"},
		{"a user without password", nil, &userOnly, nil, "Basic c29sbzo="},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			config := &session.Config{Basic: c.basic}
			head := e.send(t, newSession(t, config), newRequest(t, config, c.url, c.headers...))
			if !strings.HasSuffix(head, "\r\nAuthorization: "+c.want+"\r\n") || strings.Count(strings.ToLower(head), "authorization") != 1 {
				t.Errorf("sent %q, want Authorization %q once", head, c.want)
			}
		})
	}
}

func TestParseCookies(t *testing.T) {
	got, err := session.ParseCookies(" a=1; b=x=y ;;c=")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil || string(text) != `{"a":"1","b":"x=y","c":""}` {
		t.Errorf("cookies are %s (%v)", text, err)
	}
	for _, bad := range []string{"a", "=1", "a=1; b", "a=1\r\nX: y"} {
		if got, err := session.ParseCookies(bad); err == nil {
			t.Errorf("%q was taken for %v", bad, got)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the message has line breaks: %q", bad, err)
		}
	}
}

// A cookie is not sent after its life, though nothing else changed the jar.
func TestExpiredCookiesAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{reply: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: short=1; Max-Age=2\r\nSet-Cookie: long=2\r\n\r\n"}
		client := wire.NewClient(wire.NewClock(), &wire.Options{Dial: transport.dial}, wire.Policy{}, nil)
		defer client.Close()
		config := &session.Config{}
		s := session.New(config, client)
		r := newRequest(t, config, parse(t, "http://127.0.0.1/"))
		for _, want := range []string{"", "short=1; long=2", "short=1; long=2", "long=2"} {
			var ex wire.Exchange
			if err := s.Do(t.Context(), r, &ex); err != nil || ex.Err != nil {
				t.Fatal(err, ex.Err)
			}
			_, cookie, _ := strings.Cut(transport.head, "Cookie: ")
			if got := strings.TrimSpace(cookie); got != want {
				t.Errorf("sent %q, want %q", got, want)
			}
			transport.reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
			time.Sleep(900 * time.Millisecond)
		}
	})
}

// scripted answers every request on an in-memory connection with reply.
type scripted struct{ reply, head string }

func (s *scripted) dial(context.Context, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		for requests := bufio.NewReader(server); ; {
			head, err := readHead(requests)
			if err != nil {
				return
			}
			s.head = head
			if _, err := io.WriteString(server, s.reply); err != nil {
				return
			}
		}
	}()
	return client, nil
}

// What a session adds to the exchange itself: nothing without cookies. The server
// allocates nothing, so the allocations are the client's.
func BenchmarkDo(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	go answer(listener, []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	u := &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	bare, err := session.NewRequest(&session.Config{}, wire.RequestSpec{Method: "GET", URL: u})
	if err != nil {
		b.Fatal(err)
	}
	cases := []struct {
		name   string
		config *session.Config
	}{
		{"plain", &session.Config{}},
		{"cookies", &session.Config{Origin: u, Cookies: session.Cookies{{Name: "sid", Value: "1"}}}},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			client := wire.NewClient(wire.NewClock(), &wire.Options{}, wire.Policy{}, nil)
			defer client.Close()
			s := session.New(c.config, client)
			var ex wire.Exchange
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Do(context.Background(), bare, &ex); err != nil || ex.Err != nil {
					b.Fatal(err, ex.Err)
				}
			}
		})
	}
}

// answer serves one connection after the other with the same bytes for every read.
func answer(listener net.Listener, reply []byte) {
	buffer := make([]byte, 4096)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		for {
			if _, err := conn.Read(buffer); err != nil {
				break
			}
			if _, err := conn.Write(reply); err != nil {
				break
			}
		}
		conn.Close()
	}
}
