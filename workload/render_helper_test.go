package workload

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// What a session has of a response is, with the time that a call took, what scripts look at.
var _ script.Response = struct {
	*session.Last
	timed
}{}

type timed struct{}

func (timed) Duration() time.Duration { return 0 }

// A rawServer keeps requests as they came: the head without what all of them have, and the body.
type rawServer struct {
	url  string
	addr string

	mu       sync.Mutex
	requests []string
	conns    int
}

// dropped are the lines that every request of a test has.
func dropped(line, addr string) bool {
	return line == "Host: "+addr || line == "Accept: */*" || line == "Connection: keep-alive" ||
		strings.HasPrefix(line, "User-Agent: ") || strings.HasPrefix(line, "Accept-Encoding: ")
}

// newRawServer answers with what answer makes of each request; nil: an empty 200.
func newRawServer(t testing.TB, answer func(request string) string) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rawServer{url: "http://" + l.Addr().String(), addr: l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			r.conns++
			r.mu.Unlock()
			serving.Go(func() { r.serve(c, answer) })
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return r
}

func (r *rawServer) serve(c net.Conn, answer func(string) string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		q, err := readRaw(in, r.addr)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.requests = append(r.requests, q)
		r.mu.Unlock()
		said := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		if answer != nil {
			said = answer(q)
		}
		if _, err := io.WriteString(c, said); err != nil {
			return
		}
	}
}

// readRaw reads a request: its lines, joined by " | ", and behind an empty one its body.
func readRaw(in *bufio.Reader, addr string) (string, error) {
	var lines []string
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			break
		}
		fmt.Sscanf(line, "Content-Length: %d", &length)
		if !dropped(line, addr) && !strings.HasPrefix(line, "Content-Length: ") {
			lines = append(lines, strings.TrimSuffix(line, " HTTP/1.1"))
		}
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(in, body); err != nil {
		return "", err
	}
	if length > 0 {
		lines = append(lines, "", string(body))
	}
	return strings.Join(lines, " | "), nil
}

func (r *rawServer) last(t testing.TB) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) == 0 {
		t.Fatal("the server got no request")
	}
	return r.requests[len(r.requests)-1]
}

// rowOf has the same row for everybody.
type rowOf []string

func (r rowOf) Value(_, column int) (string, error) {
	if r[column] == "END" {
		return "", script.ErrEnded
	}
	return r[column], nil
}

// A bench is what an operation is rendered with: names f.a to f.d of a feed, and variables v and n that were taken from
// a response.
type renderBench struct {
	names   *script.Names
	scope   *script.Scope
	with    *session.Session
	session *session.Session
	target  *url.URL
	row     rowOf
}

func newRenderBench(t testing.TB, target string) *renderBench {
	t.Helper()
	b := &renderBench{names: new(script.Names), row: rowOf{"a1", "b 2", "c/3", `d"4`}}
	if err := b.names.AddFeed("f", []string{"a", "b", "c", "d"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v", "n", "unset"} {
		if err := b.names.AddVariable(name); err != nil {
			t.Fatal(err)
		}
	}
	b.scope = b.names.NewScope()
	b.scope.Feeds = b.row
	b.take(t, `{"v":"<v&1>","n":{"deep":[1,2.5,true,null,"x"]}}`)
	b.with, b.session = renderSession(t), renderSession(t)
	var err error
	if b.target, err = url.Parse(target); err != nil {
		t.Fatal(err)
	}
	return b
}

// take sets the variables from a response.
func (b *renderBench) take(t testing.TB, body string) {
	t.Helper()
	for _, name := range []string{"v", "n"} {
		x, err := b.names.Extractor(name, script.Extraction{JSON: name})
		if err != nil {
			t.Fatal(err)
		}
		b.scope.Look(answered(body))
		if err := x.Take(b.scope); err != nil {
			t.Fatal(err)
		}
	}
	b.scope.Look(nil)
}

// answered is a response with a body only.
type answered string

func (a answered) Status() int                     { return 200 }
func (a answered) Header(string) (string, bool)    { return "", false }
func (a answered) EachHeader(func(string, string)) {}
func (a answered) Cookie(string) (string, bool)    { return "", false }
func (a answered) Body() ([]byte, error)           { return []byte(a), nil }
func (a answered) Size() int64                     { return int64(len(a)) }
func (a answered) Duration() time.Duration         { return 0 }

func renderSession(t testing.TB) *session.Session {
	t.Helper()
	s := session.New()
	s.TrustEnv, s.Logger = false, quiet()
	s.Follow = session.FollowNever
	t.Cleanup(s.Close)
	return s
}

// send renders o, sends it, and returns whether that was for one call only.
func (b *renderBench) send(t testing.TB, o *Operation, keep bool) (*rendering, error) {
	t.Helper()
	if o.Method == "" {
		o.Method = "GET"
	}
	g, err := newRendering(o, b.with, b.target, b.names, keep, "mix[2]")
	if err != nil {
		return nil, err
	}
	return g, b.sendAgain(t, g)
}

func (b *renderBench) sendAgain(t testing.TB, g *rendering) error {
	t.Helper()
	p, once, err := g.request(b.session, b.scope)
	if err != nil {
		return err
	}
	var call session.Call
	if once {
		b.session.MeasureOnce(t.Context(), p, &call)
	} else {
		b.session.Measure(t.Context(), p, &call)
	}
	return call.Err
}

// way says how a rendering makes its requests.
func (g *rendering) way() string {
	switch {
	case g.fixed != nil:
		return "fixed"
	case g.varied != nil:
		return "varied"
	}
	return "filled"
}
