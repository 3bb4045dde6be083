package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const farRTT = 40 * time.Millisecond

// roundsOf is the arithmetic that the emulation is held to: how many round trips a sender needs
// for so many bytes, when its window begins with so many segments.
func roundsOf(size int64, segments int) int {
	return int(math.Ceil(math.Log2(float64(size)/float64(segments*1460) + 1)))
}

// pipedTLS is piped with a TLS server.
func pipedTLS(config *tls.Config, script func(*peer)) func(context.Context, string) (net.Conn, error) {
	return piped(func(p *peer) {
		p.Conn = tls.Server(p.Conn, config)
		p.in = bufio.NewReader(p.Conn)
		script(p)
		_ = p.Conn.Close()
	})
}

// bodyText is a response with a body of so many bytes.
func bodyText(size int) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("b", size))
}

// sized returns a body that makes a whole response of bodyText's so many bytes.
func sized(t *testing.T, whole int) string {
	t.Helper()
	for body := whole; body >= 0; body-- {
		if text := bodyText(body); len(text) == whole {
			return text
		}
	}
	t.Fatalf("no response has %d bytes", whole)
	return ""
}

func TestRoundTripsOfARequest(t *testing.T) {
	srv, cli := identity(t)
	version := func(v uint16) *tls.Config {
		c := cli.Clone()
		c.MinVersion, c.MaxVersion = v, v
		return c
	}
	for name, tc := range map[string]struct {
		tls    *tls.Config
		policy Policy
		first  Phases // in round trips
		second Phases
	}{
		"plain, fresh":       {nil, Policy{RequestsPerConnection: 1}, Phases{Connect: 1, Wait: 1}, Phases{Connect: 1, Wait: 1}},
		"plain, pooled":      {nil, Policy{}, Phases{Connect: 1, Wait: 1}, Phases{Wait: 1}},
		"TLS 1.3, fresh":     {version(tls.VersionTLS13), Policy{RequestsPerConnection: 1}, Phases{Connect: 1, TLS: 1, Wait: 1}, Phases{Connect: 1, TLS: 1, Wait: 1}},
		"TLS 1.3, resumed":   {version(tls.VersionTLS13), Policy{RequestsPerConnection: 1, ResumeTLS: true}, Phases{Connect: 1, TLS: 1, Wait: 1}, Phases{Connect: 1, TLS: 1, Wait: 1}},
		"TLS 1.3, pooled":    {version(tls.VersionTLS13), Policy{}, Phases{Connect: 1, TLS: 1, Wait: 1}, Phases{Wait: 1}},
		"TLS 1.2, fresh":     {version(tls.VersionTLS12), Policy{RequestsPerConnection: 1}, Phases{Connect: 1, TLS: 2, Wait: 1}, Phases{Connect: 1, TLS: 2, Wait: 1}},
		"TLS 1.2, resumed":   {version(tls.VersionTLS12), Policy{RequestsPerConnection: 1, ResumeTLS: true}, Phases{Connect: 1, TLS: 2, Wait: 1}, Phases{Connect: 1, TLS: 1, Wait: 1}},
		"server by a header": {nil, Policy{}, Phases{Connect: 1, Wait: 1}, Phases{Wait: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				opts := &Options{TLS: tc.tls, Distance: &Distance{RTT: farRTT}, Dial: piped(answer(okText))}
				url := pipeURL
				if tc.tls != nil {
					opts.Dial, url = pipedTLS(srv, answer(okText)), "https://127.0.0.1/"
				}
				c := newClient(t, opts, tc.policy)
				for i, want := range []Phases{tc.first, tc.second} {
					r := call(t, c, get(t, url))
					wantOK(t, r, 200, "ok")
					for _, p := range []*time.Duration{&want.Connect, &want.TLS, &want.Wait} {
						*p *= farRTT
					}
					if r.Phases != want {
						t.Errorf("request %d: %+v, want %+v", i+1, r.Phases, want)
					}
				}
				wantResumed := int64(0)
				if tc.policy.ResumeTLS {
					wantResumed = 1
				}
				if got := c.Counts().TLSResumed; got != wantResumed {
					t.Errorf("%d handshakes resumed, want %d", got, wantResumed)
				}
			})
		})
	}
}

// Head and body of the response together are what the window is spent on.
func TestRoundsOfABody(t *testing.T) {
	for _, segments := range []int{1, 10, 32} {
		window := segments * segmentBytes
		for _, whole := range []int{100, window, window + 1, 3 * window, 3*window + 1, 7 * window, 7*window + 1, 100_038, 1_000_000} {
			t.Run(fmt.Sprintf("%d bytes, window %d", whole, segments), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					opts := &Options{Distance: &Distance{RTT: farRTT, InitialWindow: segments}, Dial: piped(answer(sized(t, whole)))}
					c := newClient(t, opts, Policy{})
					fresh, warm := call(t, c, get(t, pipeURL)), call(t, c, get(t, pipeURL))
					rounds := time.Duration(roundsOf(int64(whole), segments))
					if want := (Phases{Connect: farRTT, Wait: farRTT, Receive: (rounds - 1) * farRTT}); fresh.Phases != want {
						t.Errorf("fresh: %+v, want %+v", fresh.Phases, want)
					}
					// The window is now twice what was in flight in the last round but one at least.
					if want := max(rounds-1, 1); warm.Phases.Wait != farRTT || warm.Phases.Receive >= want*farRTT {
						t.Errorf("warm: %+v, want less than %d rounds", warm.Phases, want+1)
					}
					if rounds > 1 && warm.Phases.Receive >= fresh.Phases.Receive {
						t.Errorf("warm: %+v, fresh: %+v", warm.Phases, fresh.Phases)
					}
				})
			})
		}
	}
}

// With the default window 100 kB take three rounds and then one.
func TestRoundsOfAWarmConnection(t *testing.T) {
	srv, cli := identity(t)
	bubble(t, func(t *testing.T) {
		opts := &Options{TLS: cli, Distance: &Distance{RTT: farRTT}, Dial: pipedTLS(srv, answer(bodyText(100_000)))}
		c := newClient(t, opts, Policy{})
		// Two halves of a window that was twice what was sent do not hold it any more.
		rto := farRTT + 200*time.Millisecond
		for i, tc := range []struct {
			idle   time.Duration
			rounds time.Duration
		}{{0, 3}, {0, 1}, {2*rto - farRTT, 1}, {2*rto - farRTT + 1, 2}, {time.Hour, 3}} {
			time.Sleep(tc.idle) // the server's last segment left one round trip ago
			r := call(t, c, get(t, "https://127.0.0.1/"))
			if got := r.Phases.Wait + r.Phases.Receive; got != tc.rounds*farRTT {
				t.Errorf("request %d after %v: %v, want %d round trips", i+1, tc.idle, got, tc.rounds)
			}
		}
	})
}

func TestRoundsOfAnUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		var taken time.Duration // until the server had the request
		script := func(p *peer) {
			for p.request() != "" {
				taken = time.Since(began)
				p.say(okText)
			}
		}
		// Requests of no more than 32 KiB are sent without looking for an early answer.
		c := newClient(t, &Options{Distance: &Distance{RTT: farRTT, InitialWindow: 2}, Dial: piped(script)}, Policy{})
		req := newRequest(t, "POST", pipeURL, strings.Repeat("u", 30_000))
		rounds := time.Duration(roundsOf(int64(len(req.Raw)), 2))
		if rounds != 4 {
			t.Fatalf("%d rounds", rounds)
		}
		r := call(t, c, req)
		if want := (Phases{Connect: farRTT, Send: (rounds - 1) * farRTT, Wait: farRTT}); r.Phases != want {
			t.Errorf("fresh: %+v, want %+v", r.Phases, want)
		}
		if want := rounds * farRTT; taken != want { // connecting, and all rounds but the first
			t.Errorf("the server had it after %v, want %v", taken, want)
		}
		if r := call(t, c, req); r.Phases != (Phases{Send: farRTT, Wait: farRTT}) {
			t.Errorf("warm: %+v, want two round trips", r.Phases)
		}
	})
}

// Looking for an early answer does not hold up what is on its way.
func TestRoundsOfALargeUpload(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for _, up := range []int64{0, 10_000_000} {
			opts := &Options{Distance: &Distance{RTT: farRTT, Up: up, InitialWindow: 1000}, Dial: piped(answer(okText))}
			c := newClient(t, opts, Policy{RequestsPerConnection: 1})
			req := newRequest(t, "POST", pipeURL, strings.Repeat("u", 3_000_000))
			want := farRTT // two rounds
			if up > 0 {
				want = time.Duration(len(req.Raw)+len(req.apart)) * 8 * time.Second / time.Duration(up)
			}
			r := call(t, c, req)
			wantOK(t, r, 200, "ok")
			if got := r.Phases.Send; got < want || got > want+glance+time.Microsecond {
				t.Errorf("up %d: sending took %v, want %v and a glance at most", up, got, want)
			}
		}
	})
}

func TestBandwidth(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rate, size = 10_000_000, 1_000_000
		// All within the first window.
		opts := &Options{Distance: &Distance{RTT: farRTT, Down: rate, InitialWindow: 1000}, Dial: piped(answer(sized(t, size)))}
		c := newClient(t, opts, Policy{})
		first := segmentBytes * 8 * time.Second / rate
		for range 2 {
			r := call(t, c, get(t, pipeURL))
			if got, want := r.Phases.Wait+r.Phases.Receive, farRTT+800*time.Millisecond; got != want {
				t.Errorf("took %v, want %v", got, want)
			}
			if r.Phases.Wait != farRTT+first {
				t.Errorf("first segment after %v, want %v", r.Phases.Wait, farRTT+first)
			}
		}
	})
}

// A window that grows from ten segments on fills a path of 50 kB in its third round. Until then
// the link is idle for what is left of a round trip after each window.
func TestBandwidthOfAFreshConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const rate, size = 10_000_000, 1_000_000
		opts := &Options{Distance: &Distance{RTT: farRTT, Down: rate}, Dial: piped(answer(sized(t, size)))}
		c := newClient(t, opts, Policy{})
		segment := segmentBytes * 8 * time.Second / rate
		// Each window begins when the first segment of the one before was acknowledged, which sends two
		// at a time from then on: the link is never idle within a window.
		idle := farRTT + segment - 10*segment + farRTT + segment - 20*segment
		r := call(t, c, get(t, pipeURL))
		if got, want := r.Phases.Wait+r.Phases.Receive, farRTT+800*time.Millisecond+idle; got != want {
			t.Errorf("fresh: took %v, want %v", got, want)
		}
		r = call(t, c, get(t, pipeURL))
		if got, want := r.Phases.Wait+r.Phases.Receive, farRTT+800*time.Millisecond; got != want {
			t.Errorf("warm: took %v, want %v", got, want)
		}
	})
}

func TestDistanceOfDialing(t *testing.T) {
	refused := func(context.Context, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errnoRefused)}
	}
	exhausted := func(context.Context, string) (net.Conn, error) {
		return nil, os.NewSyscallError("connect", errnoNoAddress)
	}
	for name, tc := range map[string]struct {
		opts   Options
		cancel time.Duration
		class  Class
		after  time.Duration
	}{
		"refused":         {Options{Dial: refused}, 0, ClassRefused, farRTT},
		"no port is left": {Options{Dial: exhausted}, 0, ClassAddressExhausted, 0},
		"too far":         {Options{Dial: piped(answer(okText)), Limits: Limits{ConnectTimeout: farRTT - 1}}, 0, ClassConnectTimeout, farRTT - 1},
		"call too short":  {Options{Dial: piped(answer(okText)), Limits: Limits{Timeout: farRTT / 2}}, 0, ClassTimeout, farRTT / 2},
		"interrupted":     {Options{Dial: piped(answer(okText))}, farRTT / 4, ClassCanceled, farRTT / 4},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx := context.Background()
				if tc.cancel > 0 {
					var stop context.CancelFunc
					ctx, stop = context.WithTimeout(ctx, tc.cancel)
					defer stop()
				}
				tc.opts.Distance = &Distance{RTT: farRTT}
				c := newClient(t, &tc.opts, Policy{})
				r := callWith(t, ctx, c, get(t, pipeURL))
				wantClass(t, r, tc.class)
				if r.Phases != (Phases{Connect: tc.after}) {
					t.Errorf("phases %+v, want %v of connecting", r.Phases, tc.after)
				}
			})
		})
	}
}

// An end of the connection is not known before it has come the whole way.
func TestDistanceOfAnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		untilEnd := func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\n\r\nto the end")
			time.Sleep(time.Second)
		}
		c := newClient(t, &Options{Distance: &Distance{RTT: farRTT}, Dial: piped(untilEnd)}, Policy{})
		r := call(t, c, get(t, pipeURL))
		wantOK(t, r, 200, "to the end")
		if want := (Phases{Connect: farRTT, Wait: farRTT, Receive: time.Second}); r.Phases != want {
			t.Errorf("%+v, want %+v", r.Phases, want)
		}
	})
	bubble(t, func(t *testing.T) {
		late := func(p *peer) { p.request(); p.say(okText); time.Sleep(time.Second) }
		c := newClient(t, &Options{Distance: &Distance{RTT: farRTT}, Dial: piped(late)}, Policy{})
		wantOK(t, call(t, c, get(t, pipeURL)), 200, "ok")
		cn := kept(t, c)
		time.Sleep(time.Second - time.Nanosecond)
		if got := cn.unused(); got != peerQuiet {
			t.Errorf("state %v before the end can be known", got)
		}
		time.Sleep(time.Nanosecond)
		if got := cn.unused(); got != peerClosed {
			t.Errorf("state %v, the end came", got)
		}
		wantOK(t, call(t, c, get(t, pipeURL)), 200, "ok") // on a new one
		if n := c.Counts(); n.Opened != 2 || n.ClosedByPeer != 1 {
			t.Errorf("%+v", n)
		}
	})
}

// With a proxy it is the path to it that is longer: a tunnel takes its own round trip.
func TestDistanceOfAProxy(t *testing.T) {
	srv, cli := identity(t)
	tunnel := func(p *peer) {
		p.request()
		p.say("HTTP/1.1 200 OK\r\n\r\n")
		p.Conn = tls.Server(p.Conn, srv)
		p.in = bufio.NewReader(p.Conn)
		answer(okText)(p)
		_ = p.Conn.Close()
	}
	for name, tc := range map[string]struct {
		url    string
		script func(*peer)
		want   Phases // in round trips
	}{
		"forwarded": {"http://one.test/", answer(okText), Phases{Connect: 1, Wait: 1}},
		"tunnel":    {"https://one.test/", tunnel, Phases{Connect: 2, TLS: 1, Wait: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newClient(t, &Options{TLS: cli, Distance: &Distance{RTT: farRTT}, Dial: piped(tc.script)}, Policy{})
				req := via(t, &Proxy{Kind: ProxyHTTP, Host: "127.0.0.1", Port: 1}, tc.url)
				r := call(t, c, req)
				wantOK(t, r, 200, "ok")
				want := Phases{Connect: tc.want.Connect * farRTT, TLS: tc.want.TLS * farRTT, Wait: farRTT}
				if r.Phases != want {
					t.Errorf("%+v, want %+v", r.Phases, want)
				}
			})
		})
	}
}

func TestDistanceValidate(t *testing.T) {
	if err := (*Distance)(nil).Validate(); err != nil {
		t.Errorf("none: %v", err)
	}
	for _, d := range []Distance{
		{RTT: 1}, {RTT: 10 * time.Second, Down: 1000, Up: 1000, InitialWindow: 1}, {RTT: farRTT, Down: math.MaxInt64, Up: math.MaxInt64, InitialWindow: 1000},
	} {
		if err := d.Validate(); err != nil {
			t.Errorf("%+v: %v", d, err)
		}
	}
	for want, d := range map[string]Distance{
		"an emulated round trip must be longer than 0 and at most 10s, not 0s":                           {},
		"an emulated round trip must be longer than 0 and at most 10s, not -1ns":                         {RTT: -1},
		"an emulated round trip must be longer than 0 and at most 10s, not 10.001s":                      {RTT: 10_001 * time.Millisecond},
		"an emulated bandwidth must be at least 1000 bits per second, or 0 for no limit, not 999 (down)": {RTT: 1, Down: 999},
		"an emulated bandwidth must be at least 1000 bits per second, or 0 for no limit, not -1 (up)":    {RTT: 1, Up: -1},
		"an emulated initial window must be of 1 to 1000 segments, not 1001":                             {RTT: 1, InitialWindow: 1001},
		"an emulated initial window must be of 1 to 1000 segments, not -1":                               {RTT: 1, InitialWindow: -1},
	} {
		if err := d.Validate(); err == nil || err.Error() != want {
			t.Errorf("%+v: %v, want %q", d, err, want)
		}
	}
}

// What is written is what is read, however it is split, over a narrow path in both directions.
func TestDistantKeepsBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		here, there := net.Pipe()
		d := &Distance{RTT: farRTT, Down: 3_000_000, Up: 777_777, InitialWindow: 3}
		far := d.over(here, NewClock()).(*distant)
		far.begin()
		go func() { _, _ = io.Copy(there, there) }()
		text := make([]byte, 200_000)
		for i := range text {
			text[i] = byte(i * i >> 7)
		}
		go func() {
			for rest := text; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)/3)
				if m, err := far.Write(rest[:n]); m != n || err != nil {
					t.Errorf("%d of %d written, %v", m, n, err)
				}
				rest = rest[n:]
			}
		}()
		got := make([]byte, len(text))
		if _, err := io.ReadFull(far, got); err != nil || string(got) != string(text) {
			t.Errorf("other bytes came back, %v", err)
		}
		if err := far.Close(); err != nil {
			t.Error(err)
		}
	})
}

// What a redirect's body takes over the path does not cost its connection.
func TestARedirectsBodyIsReadOverADistance(t *testing.T) {
	bubble(t, func(t *testing.T) {
		redirect := strings.Replace(bodyText(100_000), "200 OK\r\n", "302 Found\r\nLocation: /x\r\n", 1)
		c := newClient(t, &Options{Dial: piped(answer(redirect)), Distance: &Distance{RTT: 2 * time.Second}}, Policy{})
		req := get(t, pipeURL)
		req.Spec.BriefRedirects = true
		if r := call(t, c, req); r.Err != nil || r.Phases.Receive <= skimTime {
			t.Errorf("%+v; a body that takes longer than near by was to be read", r.Exchange)
		}
		wantCounts(t, c, Counts{Opened: 1, Attempts: 1})
		kept(t, c)
	})
}
