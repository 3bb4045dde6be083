package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sessbench/internal/programs"
)

// Scenes drawn at random run against servers that count, and what Clients say must be what servers saw. A scene is made
// of its seed alone, but for who comes first: WIRE_TRUTH_SEED=n runs one, WIRE_TRUTH_FOR=5m new ones for so long.
func TestTruth(t *testing.T) {
	srv, cli := identity(t)
	programs.Seeds(t, "WIRE_TRUTH", 30, func(t *testing.T, seed uint64) { drawTruth(seed).run(t, srv, cli) })
}

// A truthRun is one scene under way.
type truthRun struct {
	*truthScene
	t      *testing.T
	server *truthServer
	opts   *Options
	clock  Clock
	pool   *Pool

	mu        sync.Mutex
	sum       truthSum
	completed atomic.Int64
}

// A truthSum is what the exchanges of all Clients add up to.
type truthSum struct {
	attempts, resent, heads int64
	in, out                 int64
	failed                  map[Class]int64
}

// truthPatience is how long anything may take that has to happen.
const truthPatience = 20 * time.Second

func (sc *truthScene) run(t *testing.T, srv, cli *tls.Config) {
	before := countLeft()
	r := &truthRun{truthScene: sc, t: t, clock: NewClock(), opts: &Options{Limits: sc.limits}}
	r.sum.failed = make(map[Class]int64)
	var config *tls.Config
	if sc.secure {
		config, r.opts.TLS = srv, cli
	}
	if sc.buffers {
		r.opts.Buffers = new(Buffers)
	}
	if sc.shared != nil {
		r.pool = NewPool(*sc.shared)
	}
	r.server = newTruthServer(t, sc.http, config, sc.hosts)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if sc.cancel != 0 {
		defer time.AfterFunc(sc.cancel, cancel).Stop()
	}
	if sc.shut != 0 && r.pool != nil {
		defer time.AfterFunc(sc.shut, r.pool.Close).Stop()
	}
	clients := r.load(ctx)
	if clients != nil {
		r.check(clients)
	}
	r.server.close()
	if !r.await(func() bool { return countLeft().within(before) }) {
		r.fail("left behind: %+v, before: %+v\n%s", countLeft(), before, stacks())
	}
	if t.Failed() {
		t.Logf("%v\nfailures %v", sc, r.sum.failed)
	}
}

// load lets all Clients do their calls, and returns them when they have.
func (r *truthRun) load(ctx context.Context) []*Client {
	clients := make([]*Client, r.clients)
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = NewClient(r.clock, r.opts, r.policy, r.pool)
		wg.Go(func() { r.work(ctx, clients[i], i) })
	}
	if r.outage {
		wg.Go(r.breakDown)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
		return clients
	case <-time.After(2 * truthPatience):
		r.fail("calls do not return\n%s", stacks())
		return nil
	}
}

// breakDown stops a server in the middle and starts it again.
func (r *truthRun) breakDown() {
	h := r.server.hosts[0]
	want := int64(r.clients*r.calls) / 2
	r.await(func() bool { return r.completed.Load() >= want })
	h.halt()
	if !r.await(func() bool {
		return r.completed.Load() >= want+int64(r.clients) || r.completed.Load() == int64(r.clients*r.calls)
	}) {
		r.fail("no call ends while a server is gone")
	}
	_ = h.start() // that its port is taken meanwhile is as good as staying away
}

// work is one worker's calls.
func (r *truthRun) work(ctx context.Context, c *Client, n int) {
	rnd := rand.New(rand.NewPCG(r.seed, uint64(n)+1))
	var later func()
	for i := range r.calls {
		call, err := r.drawCall(rnd, r.server, n<<16+i+1)
		if err != nil {
			r.fail("%v", err)
			return
		}
		callCtx, cancel := call.context(ctx)
		finish := r.call(callCtx, c, call)
		if later != nil {
			later()
		}
		if later = nil; call.stream == "later" {
			later = func() { finish(); cancel() }
		} else {
			finish()
			cancel()
		}
		if call.rest {
			c.Rest()
		}
		if call.close {
			c.Close()
		}
		r.completed.Add(1)
	}
	if later != nil {
		later()
	}
	c.Close()
}

// call begins a call and returns how to end it.
func (r *truthRun) call(ctx context.Context, c *Client, call *truthCall) func() {
	resp, ex := new(Response), new(Exchange)
	before := c.counts
	c.Do(ctx, call.req, resp, ex)
	if got := c.counts.Attempts - before.Attempts; got != int64(ex.Attempts) {
		r.fail("%d attempts counted, %d in the exchange", got, ex.Attempts)
	}
	return func() {
		body, err := r.readStream(call, resp)
		if err != nil && ex.Err == nil {
			r.fail("a stream fails with %v, and its exchange does not", err)
		}
		r.settle(ctx, call, resp, ex, body)
	}
}

// readStream reads a body that is streamed. Other than its own end may be nil for one that was given up.
func (r *truthRun) readStream(call *truthCall, resp *Response) (body []byte, err error) {
	if resp.Stream == nil {
		return nil, nil
	}
	in := resp.Stream
	defer func() {
		if err := in.Close(); err != nil {
			r.fail("closing a stream: %v", err)
		}
	}()
	switch call.stream {
	case "early":
		_, err = in.Read(make([]byte, 10))
		if err == io.EOF {
			err = nil
		}
		return nil, err
	case "bits":
		piece := make([]byte, 999)
		for {
			n, err := in.Read(piece)
			body = append(body, piece[:n]...)
			switch {
			case err == io.EOF:
				return body, nil
			case err != nil:
				return nil, err
			}
			runtime.Gosched()
		}
	}
	body, err = io.ReadAll(in)
	if err != nil {
		body = nil
	}
	return body, err
}

// settle looks at one exchange that is over.
func (r *truthRun) settle(ctx context.Context, call *truthCall, resp *Response, ex *Exchange, streamed []byte) {
	p := ex.Phases
	if sum := p.Acquire + p.DNS + p.Connect + p.TLS + p.Send + p.Wait + p.Receive; sum != ex.Finished-ex.Started {
		r.fail("phases add up to %v of %v: %+v", sum, ex.Finished-ex.Started, ex)
	}
	for _, d := range []time.Duration{p.Acquire, p.DNS, p.Connect, p.TLS, p.Send, p.Wait, p.Receive, ex.Finished - ex.Started} {
		if d < 0 {
			r.fail("a phase below zero: %+v", ex)
		}
	}
	if (ex.Class == "") != (ex.Err == nil) || ClassOf(ex.Err) != ex.Class {
		r.fail("class %q with error %v", ex.Class, ex.Err)
	}
	if ex.Headed != 0 && (ex.Headed < ex.Started || ex.Headed > ex.Finished) || ex.Status != 0 && ex.Headed == 0 {
		r.fail("head complete at a wrong time: %+v", ex)
	}
	switch {
	case ex.Class != "" && !r.faults:
		r.fail("%s fails with %v: %+v", call.act, ex.Err, ex)
	case ex.Class == ClassCanceled && ctx.Err() == nil && r.shut == 0:
		r.fail("canceled, and was not: %v", ex.Err)
	case ex.Class == ClassProtocol, ex.Class == ClassTooLarge, ex.Class == ClassDNS, ex.Class == ClassProxy, ex.Class == ClassTLS && !r.outage:
		if !(ex.Class == ClassProtocol && (call.act == "abort" || call.act == "cut" || call.act == "drop" || call.act == "reset" || r.http == HTTP3)) {
			r.fail("%s of HTTP %s fails with class %s: %v", call.act, r.http, ex.Class, ex.Err)
		}
	case ex.Class == "":
		if err := call.fits(resp, streamed); err != nil {
			r.fail("%s %s: %v", call.act, call.req.Spec.URL, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.sum
	s.attempts += int64(ex.Attempts)
	s.resent += int64(ex.Resent)
	s.in += ex.BytesIn
	s.out += ex.BytesOut
	if ex.Status != 0 {
		s.heads++
	}
	if ex.Class != "" {
		s.failed[ex.Class]++
	}
}

// fits reports a response that is not that to the call.
func (c *truthCall) fits(resp *Response, streamed []byte) error {
	status := 200
	if c.act == "redirect" {
		status = 302
	}
	if resp.Status != status || string(resp.Header("X-Id")) != strconv.Itoa(c.id) {
		return fmt.Errorf("status %d of call %q, want %d of %d", resp.Status, resp.Header("X-Id"), status, c.id)
	}
	if got := string(resp.Header("X-Got")); got != c.got {
		return fmt.Errorf("the server got %q, and was sent %q", got, c.got)
	}
	body, whole := resp.Body, c.req.KeepBody && !(status == 302 && c.req.Spec.BriefRedirects)
	if c.stream != "" {
		body, whole = streamed, c.stream != "early"
	}
	want := truthBody(c.id, c.size)
	if c.req.Head {
		want = nil
	}
	if whole && !bytes.Equal(body, want) {
		return errors.New("another body than the server sent")
	}
	return nil
}

// await waits until something is so, and reports whether it is.
func (r *truthRun) await(is func() bool) bool {
	for end := time.Now().Add(truthPatience); !is(); {
		if time.Now().After(end) {
			return false
		}
		wait, cancel := context.WithTimeout(context.Background(), 100*time.Microsecond)
		<-wait.Done()
		cancel()
	}
	return true
}

func (r *truthRun) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Errorf(format, args...)
}

// A leftover is what a scene may leave behind.
type leftover struct{ goroutines, files int }

func countLeft() leftover {
	l := leftover{goroutines: runtime.NumGoroutine()}
	if names, err := os.ReadDir("/proc/self/fd"); err == nil {
		l.files = len(names)
	}
	return l
}

func (l leftover) within(o leftover) bool { return l.goroutines <= o.goroutines && l.files <= o.files }
