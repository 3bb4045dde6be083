package session

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/workload/wire"
)

// A farEnd is the server's end of a connection, for what a recorder cannot do: to be slow, or silent.
type farEnd struct {
	net.Conn
	in     *bufio.Reader
	number int // of the connection, from 1
}

// request reads a request; nil at the end of the connection.
func (f *farEnd) request() *received {
	r, err := readRequest(f.in)
	if err != nil {
		return nil
	}
	r.Conn = f.number
	return r
}

func (f *farEnd) say(text string) { _, _ = io.WriteString(f.Conn, text) }

// drip says a text in pieces of one byte, with a pause before each of them.
func (f *farEnd) drip(text string, pause time.Duration) {
	for i := range len(text) {
		time.Sleep(pause)
		f.say(text[i : i+1])
	}
}

// await returns when the client has ended the connection.
func (f *farEnd) await() { _, _ = io.Copy(io.Discard, f.in) }

// piped returns what connects to script by pipes, for use within a bubble.
func piped(script func(*farEnd)) func(context.Context, string) (net.Conn, error) {
	number := 0
	return func(context.Context, string) (net.Conn, error) {
		near, far := net.Pipe()
		number++
		f := &farEnd{Conn: far, in: bufio.NewReader(far), number: number}
		go func() {
			defer far.Close()
			script(f)
		}()
		return near, nil
	}
}

// listen runs script for every connection to 127.0.0.1 and returns the URL.
func listen(t testing.TB, script func(*farEnd)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for number := 1; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f := &farEnd{Conn: conn, in: bufio.NewReader(conn), number: number}
			serving.Go(func() {
				defer conn.Close()
				script(f)
			})
		}
	})
	t.Cleanup(func() { listener.Close(); serving.Wait() })
	return "http://" + listener.Addr().String()
}

// unheard returns the URL of a listener that accepts nothing: the system connects, and nobody speaks.
func unheard(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "http://" + listener.Addr().String()
}

// sessionWith is testSession with an adapter of these options, which is on the session's clock.
func sessionWith(t testing.TB, options AdapterOptions) *Session {
	t.Helper()
	s := NewWith(Defaults())
	s.TrustEnv = false
	options.Clock = s.Clock
	if options.Wire.LookupHost == nil {
		options.Wire.LookupHost = lookupTest
	}
	a := NewAdapter(options)
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, a); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.Close)
	return s
}

// bubble runs a test in which time passes by waiting only, with a session that is connected to script. It
// fails if a goroutine of the session's is left when everything is closed.
func bubble(t *testing.T, options AdapterOptions, script func(*farEnd), test func(*testing.T, *Session)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(1000 * time.Hour) }) // scripts that sleep come to their end
		if options.Wire.Dial == nil {
			options.Wire.Dial = piped(script)
		}
		test(t, sessionWith(t, options))
	})
}

// pipeURL is where sessions in bubbles go.
const pipeURL = "http://a.test"

// A plot is what happens to attempts, in turn: "refused", "drop", "garbage", "silence", or an answer. After the
// last one everything is answered with 200.
type plot struct {
	mu      sync.Mutex
	left    []string
	got     []*received
	dialled int
}

func (p *plot) next(wanted func(string) bool) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.left) == 0 || !wanted(p.left[0]) {
		return "", false
	}
	event := p.left[0]
	p.left = p.left[1:]
	return event, true
}

// dial refuses where that is next, and else connects.
func (p *plot) dial() func(context.Context, string) (net.Conn, error) {
	connect := piped(p.serve)
	return func(ctx context.Context, addr string) (net.Conn, error) {
		p.mu.Lock()
		p.dialled++
		p.mu.Unlock()
		switch event, _ := p.next(isDialEvent); event {
		case "refused":
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		case "unreachable":
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ENETUNREACH}
		case "unconnected":
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return connect(ctx, addr)
	}
}

func isDialEvent(event string) bool {
	return event == "refused" || event == "unreachable" || event == "unconnected"
}

func (p *plot) serve(f *farEnd) {
	for {
		r := f.request()
		if r == nil {
			return
		}
		p.mu.Lock()
		p.got = append(p.got, r)
		p.mu.Unlock()
		event, ok := p.next(func(string) bool { return true })
		switch {
		case !ok:
			f.say(reply(200, "fine"))
		case event == "drop":
			return
		case event == "garbage":
			f.say("what is it?\r\n\r\n")
			return
		case event == "silence":
			f.await()
			return
		default:
			f.say(event)
		}
	}
}

// attempts returns how many were made, of those that were refused too.
func (p *plot) attempts(events []string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := len(slices.DeleteFunc(slices.Clone(events[:len(events)-len(p.left)]), func(e string) bool { return !isDialEvent(e) }))
	return refused + len(p.got)
}

// played makes a call of one method in a bubble while a plot goes on, and shows what comes of it.
type played struct {
	resp    *Response
	err     error
	call    Call
	plot    *plot
	tries   int
	session *Session
}

// play makes the same call by Do, or by Measure.
func play(t *testing.T, retries *Retry, method string, measured bool, events ...string) (got played) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		got.plot = &plot{left: events}
		options := AdapterOptions{Retries: retries}
		options.Wire.Dial = got.plot.dial()
		options.Wire.ConnectTimeout, options.Wire.ReadTimeout = 7*time.Second, 5*time.Second
		got.session = sessionWith(t, options)
		request := &Request{Method: method, URL: pipeURL}
		if !measured {
			got.resp, got.err = got.session.Do(t.Context(), request)
		} else if p, err := got.session.Prepare(request); err != nil {
			t.Fatal(err)
		} else {
			got.session.Measure(t.Context(), p, &got.call)
			got.err = got.call.Err
			checkCall(t, &got.call)
		}
		got.tries = got.plot.attempts(events)
	})
	return got
}

// made returns the attempts that the caller is told of.
func (p *played) made() []Attempt {
	if e, ok := errors.AsType[*Error](p.err); ok {
		return e.Attempts
	}
	return p.resp.Attempts
}

// checkCall holds that a call's parts add up.
func checkCall(t testing.TB, c *Call) {
	t.Helper()
	if sum := phaseSum(c.Phases) + c.Backoff; sum != c.Finished-c.Started {
		t.Errorf("phases and backoff are %v, the call took %v: %+v", sum, c.Finished-c.Started, c)
	}
	if (c.Err == nil) != (c.Class == "") {
		t.Errorf("error %v of class %q", c.Err, c.Class)
	}
}

func phaseSum(p wire.Phases) time.Duration {
	return p.Acquire + p.DNS + p.Connect + p.TLS + p.Send + p.Wait + p.Receive
}

// wantKind holds that an error is of all these kinds, and of none of those after a "".
func wantKind(t testing.TB, err error, kinds ...Kind) {
	t.Helper()
	want := true
	for _, kind := range kinds {
		if kind == "" {
			want = false
			continue
		}
		if errors.Is(err, kind) != want {
			t.Errorf("%q is of kind %q: %t", err, kind, !want)
		}
	}
}

// got makes a GET that has to succeed with a body.
func got(t testing.TB, s *Session, url, body string) *Response {
	t.Helper()
	resp, err := s.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := resp.Text(); err != nil || text != body {
		t.Fatalf("%s: body %q, want %q, error %v", url, text, body, err)
	}
	return resp
}

// measure makes a measured GET, or the given request.
func measure(t testing.TB, s *Session, r *Request) Call {
	t.Helper()
	p, err := s.Prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	var call Call
	s.Measure(t.Context(), p, &call)
	checkCall(t, &call)
	return call
}

// streamed begins a GET whose body is left to be read.
func streamed(t testing.TB, s *Session, url string) *Response {
	t.Helper()
	resp, err := s.Do(t.Context(), &Request{URL: url, Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// readOut reads a streamed body to its end.
func readOut(t testing.TB, resp *Response) {
	t.Helper()
	if _, err := resp.Bytes(); err != nil {
		t.Fatal(err)
	}
}

// conns returns the numbers of the connections over which the requests came.
func (r *recorder) conns() []int {
	var list []int
	for _, q := range r.all() {
		list = append(list, q.Conn)
	}
	return list
}
