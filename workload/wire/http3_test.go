package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/testserver"
)

// serve3 starts a server that counts, and returns options that trust it.
func serve3(t testing.TB, config testserver.Config) (*testserver.Server, *Options) {
	t.Helper()
	config.TLS, config.HTTP3 = true, true
	s, err := testserver.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CAPEM()) {
		t.Fatal("no certificate")
	}
	return s, &Options{TLS: &tls.Config{RootCAs: roots}}
}

// eventually waits for what another goroutine or process brings about.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		<-tick.C
	}
}

// farAway is a path so long that no handshake is complete before a request in 0-RTT has been sent, and taken.
func farAway() *Distance { return &Distance{RTT: 100 * time.Millisecond} }

const rootBody = "sessbench test server\n"

func TestHTTP3PooledIsOneConnection(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	for i := range 5 {
		r := call(t, c, get(t, s.URL()+"/"))
		wantOK(t, r, 200, rootBody)
		p := r.Phases
		if p.Connect != 0 || (p.TLS > 0) != (i == 0) || p.Send <= 0 || p.Wait <= 0 {
			t.Errorf("request %d: phases %+v", i, p)
		}
		if r.Reused != (i > 0) || r.BytesIn <= 0 || r.BytesOut <= 0 || i == 0 && (r.BytesIn < 1000 || r.BytesOut < 1200) {
			t.Errorf("request %d: %+v", i, r.Exchange)
		}
		if r.resp.Proto() != "HTTP/3.0" || string(r.resp.Header("Content-Length")) != "22" || r.Headed == 0 {
			t.Errorf("%s, %q, headed %v", r.resp.Proto(), r.resp.Header("content-length"), r.Headed)
		}
	}
	wantCounts(t, c, Counts{Opened: 1, Attempts: 5, Reused: 4, TLSFull: 1, Streams: 5, StreamsPeak: 1})
	stats := s.Stats()
	if stats.Connections.Accepted != 1 || stats.Handshakes != (testserver.Handshakes{Full: 1}) || stats.Protocols.HTTP3 != 5 || stats.EarlyData != 0 {
		t.Errorf("server: %+v", stats)
	}
	c.Close()
	eventually(t, "the server knows that the connection is closed", func() bool { return s.Stats().Connections.Open == 0 })
}

func TestHTTP3FreshIsAConnectionAndAFullHandshakeEach(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1})
	for range 4 {
		r := call(t, c, get(t, s.URL()+"/"))
		wantOK(t, r, 200, rootBody)
		if r.Phases.TLS <= 0 || r.Reused {
			t.Errorf("%+v", r.Exchange)
		}
	}
	wantCounts(t, c, Counts{Opened: 4, Attempts: 4, Retired: 4, TLSFull: 4, Streams: 4, StreamsPeak: 1})
	if stats := s.Stats(); stats.Connections.Accepted != 4 || stats.Handshakes != (testserver.Handshakes{Full: 4}) {
		t.Errorf("server: %+v", stats)
	}
	eventually(t, "all are closed", func() bool { return s.Stats().Connections.Open == 0 })
}

func TestHTTP3FreshResumedResumesWithoutEarlyData(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true})
	for range 4 {
		wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	}
	wantCounts(t, c, Counts{Opened: 4, Attempts: 4, Retired: 4, TLSFull: 1, TLSResumed: 3, Streams: 4, StreamsPeak: 1})
	stats := s.Stats()
	if stats.Connections.Accepted != 4 || stats.Handshakes != (testserver.Handshakes{Full: 1, Resumed: 3}) || stats.EarlyData != 0 {
		t.Errorf("server: %+v", stats)
	}
}

// skipEarlyDataRaces is for tests whose requests go in 0-RTT.
func skipEarlyDataRaces(t *testing.T) {
	t.Helper()
	if programs.EarlyDataRaces {
		t.Skip("the QUIC library has a data race of its own there")
	}
}

func TestHTTP3EarlyDataIsTaken(t *testing.T) {
	skipEarlyDataRaces(t)
	s, opts := serve3(t, testserver.Config{})
	opts.Distance = farAway()
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true, EarlyData: true})
	for range 4 {
		wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	}
	wantCounts(t, c, Counts{Opened: 4, Attempts: 4, Retired: 4, TLSFull: 1, TLSResumed: 3, Streams: 4, StreamsPeak: 1, EarlyData: 3})
	eventually(t, "the handshakes are counted", func() bool {
		return s.Stats().Handshakes == testserver.Handshakes{Full: 1, Resumed: 3}
	})
	if got := s.Stats().EarlyData; got != 3 {
		t.Errorf("the server got %d requests in 0-RTT", got)
	}
}

func TestHTTP3EarlyDataIsForIdempotentRequestsOnly(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	opts.Distance = farAway()
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true, EarlyData: true})
	for range 3 {
		wantOK(t, call(t, c, newRequest(t, "POST", s.URL()+"/", "body")), 200, rootBody)
	}
	if n := c.Counts(); n.TLSResumed != 2 || n.EarlyData != 0 {
		t.Errorf("%+v", n)
	}
	if stats := s.Stats(); stats.EarlyData != 0 || stats.Handshakes != (testserver.Handshakes{Full: 1, Resumed: 2}) {
		t.Errorf("server: %+v", stats)
	}
}

func TestHTTP3EarlyDataThatIsRejectedIsSentAgainOnTheSameConnection(t *testing.T) {
	skipEarlyDataRaces(t)
	s, opts := serve3(t, testserver.Config{})
	opts.Distance = farAway()
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 2, ResumeTLS: true, EarlyData: true})
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	s.ForgetSessions()
	r := call(t, c, get(t, s.URL()+"/bytes/30"))
	wantOK(t, r, 200, "abcdefghijklmnopqrstuvwxyzabcd")
	if r.Attempts != 2 || r.Resent != 0 || r.Phases.TLS <= 0 {
		t.Errorf("%+v", r.Exchange)
	}
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	wantCounts(t, c, Counts{Opened: 2, Attempts: 5, Reused: 2, Retired: 2, TLSFull: 2, Streams: 5, StreamsPeak: 1})
	stats := s.Stats()
	if stats.Connections.Accepted != 2 || stats.Handshakes != (testserver.Handshakes{Full: 2}) || stats.Requests != 4 || stats.EarlyData != 0 {
		t.Errorf("server: %+v", stats)
	}
}

func TestHTTP3ServerWithoutEarlyDataIsNotSentAny(t *testing.T) {
	s, opts := serve3(t, testserver.Config{Disable0RTT: true})
	c := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true, EarlyData: true})
	for range 2 {
		wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	}
	wantCounts(t, c, Counts{Opened: 2, Attempts: 2, Retired: 2, TLSFull: 1, TLSResumed: 1, Streams: 2, StreamsPeak: 1})
}

func TestHTTP3LeavesNoGoroutineAndNoSocket(t *testing.T) {
	s, opts := serve3(t, testserver.Config{})
	warm := newClient(t, opts, Policy{HTTP: HTTP3, RequestsPerConnection: 1})
	wantOK(t, call(t, warm, get(t, s.URL()+"/")), 200, rootBody)
	eventually(t, "it is closed at the server", func() bool { return s.Stats().Connections.Open == 0 })
	ours := func() int {
		return strings.Count(stacks(), "wire.(*http3Conn)") + strings.Count(stacks(), "quic.(*Transport).dial")
	}
	c := newClient(t, opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, c, get(t, s.URL()+"/")), 200, rootBody)
	if ours() == 0 {
		t.Error("there are none to look for")
	}
	udp := kept(t, c).mux.(*http3Conn).packets
	c.Close()
	eventually(t, "the goroutines have ended", func() bool { return ours() == 0 })
	if _, err := udp.Write([]byte{0}); err == nil {
		t.Error("the socket is open")
	}
}

// stacks returns those of all goroutines.
func stacks() string {
	buf := make([]byte, 1<<22)
	return string(buf[:runtime.Stack(buf, true)])
}

func TestHTTP3ConnectionCarriesManyExchangesAtATime(t *testing.T) {
	const many = 32
	var there sync.WaitGroup
	there.Add(many)
	s := script3(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/meet" { // none is answered before all are there
			there.Done()
			there.Wait()
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	first := newClient(t, s.opts, Policy{HTTP: HTTP3})
	wantOK(t, call(t, first, get(t, s.url+"/")), 200, "/")
	cn := kept(t, first)
	var wg sync.WaitGroup
	var sum Counts
	var mu sync.Mutex
	for range many {
		wg.Go(func() {
			c := NewClient(first.clock, s.opts, Policy{HTTP: HTTP3}, nil)
			c.recv = c.opener.spare.take(c.opts)
			trip := tripTo(t, c, s.url+"/meet")
			if err := cn.mux.do(c, trip, func(error) {}); err != nil || string(trip.resp.Body) != "/meet" {
				t.Errorf("status %d, body %q, %v", trip.resp.Status, trip.resp.Body, err)
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Add(c.Counts())
		})
	}
	wg.Wait()
	if sum.StreamsPeak != many || s.accepted.Load() != 1 {
		t.Errorf("peak %d, %d connections", sum.StreamsPeak, s.accepted.Load())
	}
}

func TestHTTP3RefusesWhatItCannotDo(t *testing.T) {
	proxied := get(t, "https://127.0.0.1:1/")
	proxied.Spec.Proxy = &Proxy{Kind: ProxyHTTP, Host: "127.0.0.1", Port: 1}
	for want, tc := range map[string]struct {
		req  *Request
		opts *Options
	}{
		"HTTP/3 needs https":                            {get(t, "http://127.0.0.1:1/"), nil},
		"HTTP/3 does not go through a proxy":            {proxied, nil},
		"HTTP/3 does not go through a Unix socket":      {get(t, "https://127.0.0.1:1/"), &Options{Socket: SocketOptions{UnixSocket: "x"}}},
		"HTTP/3 does not go through a stream transport": {get(t, "https://127.0.0.1:1/"), &Options{Dial: func(context.Context, string) (net.Conn, error) { return nil, nil }}},
	} {
		c := newClient(t, tc.opts, Policy{HTTP: HTTP3})
		r := call(t, c, tc.req)
		wantClass(t, r, ClassProtocol)
		if !strings.HasSuffix(r.Err.Error(), want) {
			t.Errorf("%v", r.Err)
		}
		wantCounts(t, c, Counts{OpenFailures: 1})
	}
}

func benchmark3(b *testing.B, policy Policy) {
	s := script3(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{\"ok\": true}") })
	s.opts.ReadTimeout = 5 * time.Second
	benchmark(b, s.url, s.opts, policy)
}

func BenchmarkPooledHTTP3(b *testing.B) { benchmark3(b, Policy{HTTP: HTTP3}) }
func BenchmarkFreshHTTP3(b *testing.B)  { benchmark3(b, Policy{HTTP: HTTP3, RequestsPerConnection: 1}) }
func BenchmarkFreshResumedHTTP3(b *testing.B) {
	benchmark3(b, Policy{HTTP: HTTP3, RequestsPerConnection: 1, ResumeTLS: true})
}

// Clients of a pool resume the same session at the same time, and QUIC writes to what it resumes.
func TestHTTP3ConnectionsResumeASessionEachOnItsOwn(t *testing.T) {
	s := script3(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	pool := NewPool(PoolOptions{})
	defer pool.Close()
	policy := Policy{HTTP: HTTP3, SharedPool: true, ResumeTLS: true, RequestsPerConnection: 1}
	clock, req := NewClock(), get(t, s.url)
	first := NewClient(clock, s.opts, policy, pool)
	name := "127.0.0.1"
	kept := pool.sessions.of(nil, 0, clock)
	for known := false; !known; _, known = kept.Get(name) { // it comes at the server's leisure
		wantOK(t, call(t, first, req), 200, "ok")
	}
	var together sync.WaitGroup
	for range 8 {
		c := NewClient(clock, s.opts, policy, pool)
		together.Go(func() {
			r := call(t, c, req)
			if n := c.Counts(); r.Err != nil || n.TLSResumed != 1 {
				t.Errorf("%v, %+v", r.Err, n)
			}
		})
	}
	together.Wait()

	one, _ := sessionCopies{kept}.Get(name)
	two, _ := sessionCopies{kept}.Get(name)
	if one == nil || two == nil {
		t.Fatal("no session is kept")
	}
	_, a, _ := one.ResumptionState()
	_, b, _ := two.ResumptionState()
	if a.EarlyData = !a.EarlyData; a.EarlyData == b.EarlyData {
		t.Error("two connections write to the same session")
	}
}
