package wire

import (
	"bufio"
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// piped returns a Dial that connects to script by a net.Pipe, for use within a bubble.
func piped(script func(*peer)) func(context.Context, string) (net.Conn, error) {
	n := 0
	return func(context.Context, string) (net.Conn, error) {
		here, there := net.Pipe()
		n++
		p := &peer{Conn: there, in: bufio.NewReader(there), n: n}
		go func() {
			defer func() { _ = there.Close() }()
			script(p)
		}()
		return here, nil
	}
}

// bubble runs a test in a bubble, and lets scripts that sleep come to their end behind it.
func bubble(t *testing.T, test func(*testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { time.Sleep(2 * time.Hour) })
		test(t)
	})
}

const pipeURL = "http://127.0.0.1/"

// In a bubble no time passes but by waiting, so durations are exact.
func TestTimeouts(t *testing.T) {
	silent := func(p *peer) { p.request(); p.await() }
	drip := func(text string, gap time.Duration) func(*peer) {
		return func(p *peer) {
			for p.request() != "" {
				for i := range text {
					time.Sleep(gap)
					p.say(text[i : i+1])
				}
			}
		}
	}
	for name, tc := range map[string]struct {
		opts   Options
		script func(*peer)
		target string
		body   string
		class  Class
		after  time.Duration
		phases Phases
	}{
		"silence before the response": {Options{Limits: Limits{ReadTimeout: 3 * time.Second, Timeout: time.Minute}}, silent, pipeURL, "",
			ClassReadTimeout, 3 * time.Second, Phases{Wait: 3 * time.Second}},
		"silence within the head": {Options{Limits: Limits{ReadTimeout: 3 * time.Second}}, func(p *peer) {
			p.request()
			time.Sleep(2 * time.Second)
			p.say("HTTP/1.1 200")
			p.await()
		}, pipeURL, "", ClassReadTimeout, 5 * time.Second, Phases{Wait: 2 * time.Second, Receive: 3 * time.Second}},
		"silence within the body": {Options{Limits: Limits{ReadTimeout: 3 * time.Second}}, func(p *peer) {
			p.request()
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
			time.Sleep(2 * time.Second)
			p.say("a")
			p.await()
		}, pipeURL, "", ClassReadTimeout, 5 * time.Second, Phases{Receive: 5 * time.Second}},
		"a dripping response is not silent": {Options{Limits: Limits{ReadTimeout: 3 * time.Second}}, drip(okText, 2*time.Second), pipeURL, "",
			"", 80 * time.Second, Phases{Wait: 2 * time.Second, Receive: 78 * time.Second}},
		"but has to end in time": {Options{Limits: Limits{ReadTimeout: 3 * time.Second, Timeout: 7 * time.Second}}, drip(okText, 2*time.Second), pipeURL, "",
			ClassTimeout, 7 * time.Second, Phases{Wait: 2 * time.Second, Receive: 5 * time.Second}},
		"whole call": {Options{Limits: Limits{Timeout: 5 * time.Second}}, silent, pipeURL, "",
			ClassTimeout, 5 * time.Second, Phases{Wait: 5 * time.Second}},
		"TLS handshake": {Options{Limits: Limits{ConnectTimeout: 4 * time.Second, ReadTimeout: time.Second, Timeout: time.Minute}}, (*peer).await, "https://127.0.0.1", "",
			ClassConnectTimeout, 4 * time.Second, Phases{TLS: 4 * time.Second}},
		"whole call, in the handshake": {Options{Limits: Limits{ConnectTimeout: 4 * time.Second, Timeout: 3 * time.Second}}, (*peer).await, "https://127.0.0.1", "",
			ClassTimeout, 3 * time.Second, Phases{TLS: 3 * time.Second}},
		"request not taken": {Options{Limits: Limits{ReadTimeout: 3 * time.Second}}, func(p *peer) { time.Sleep(time.Hour) }, pipeURL, "",
			ClassSend, 3 * time.Second, Phases{Send: 3 * time.Second}},
		"request not taken, whole call": {Options{Limits: Limits{ReadTimeout: 3 * time.Second, Timeout: 2 * time.Second}}, func(p *peer) { time.Sleep(time.Hour) }, pipeURL, "",
			ClassTimeout, 2 * time.Second, Phases{Send: 2 * time.Second}},
		"request taken slowly": {Options{Limits: Limits{ReadTimeout: 3 * time.Second}}, func(p *peer) {
			b := make([]byte, 1)
			for range 5 {
				time.Sleep(2 * time.Second)
				_, _ = p.Read(b)
			}
			answer(okText)(p)
		}, pipeURL, "", "", 10 * time.Second, Phases{Send: 10 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				tc.opts.Dial = piped(tc.script)
				c := newClient(t, &tc.opts, Policy{RequestsPerConnection: 1})
				r := call(t, c, newRequest(t, "POST", tc.target, tc.body))
				wantClass(t, r, tc.class)
				if got := r.Finished - r.Started; got != tc.after {
					t.Errorf("took %v, want %v", got, tc.after)
				}
				if r.Phases != tc.phases {
					t.Errorf("phases %+v, want %+v", r.Phases, tc.phases)
				}
				if r.Class == "" {
					wantCounts(t, c, Counts{Opened: 1, Attempts: 1, Retired: 1})
				} else if n := c.Counts(); n.Discarded != 1 {
					t.Errorf("not discarded: %+v", n)
				}
			})
		})
	}
}

func TestTimeoutsOfNameResolutionAndDialling(t *testing.T) {
	stuck := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	lookup := func(ctx context.Context, _ string) ([]string, error) { return nil, stuck(ctx) }
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return nil, stuck(ctx) }
	one := map[string][]string{"a.test:80": {"127.0.0.1"}}
	four := map[string][]string{"a.test:80": {"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"}}
	for name, tc := range map[string]struct {
		opts   Options
		class  Class
		phases Phases
	}{
		"lookup":             {Options{Limits: Limits{ConnectTimeout: 4 * time.Second, Timeout: 5 * time.Second}, LookupHost: lookup}, ClassConnectTimeout, Phases{DNS: 4 * time.Second}},
		"lookup, whole call": {Options{Limits: Limits{ConnectTimeout: 4 * time.Second, Timeout: 3 * time.Second}, LookupHost: lookup}, ClassTimeout, Phases{DNS: 3 * time.Second}},
		"dial":               {Options{Limits: Limits{ConnectTimeout: 4 * time.Second}, Dial: dial, Resolve: one}, ClassConnectTimeout, Phases{Connect: 4 * time.Second}},
		"dial, whole call":   {Options{Limits: Limits{Timeout: 3 * time.Second}, Dial: dial, Resolve: one}, ClassTimeout, Phases{Connect: 3 * time.Second}},
		"all addresses":      {Options{Limits: Limits{ConnectTimeout: 4 * time.Second}, Dial: dial, Resolve: four}, ClassConnectTimeout, Phases{Connect: 4 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newClient(t, &tc.opts, Policy{})
				r := call(t, c, get(t, "http://a.test"))
				wantClass(t, r, tc.class)
				if r.Phases != tc.phases {
					t.Errorf("phases %+v, want %+v", r.Phases, tc.phases)
				}
				want := Counts{OpenFailures: 1}
				if tc.opts.LookupHost != nil {
					want.Lookups = 1
				}
				wantCounts(t, c, want)
			})
		})
	}
}

func TestAnAddressThatDoesNotAnswerLeavesTimeToTheNext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		good := piped(answer(okText))
		c := newClient(t, &Options{
			Limits:  Limits{ConnectTimeout: 4 * time.Second},
			Resolve: map[string][]string{"a.test:80": {"127.0.0.1", "127.0.0.2"}},
			Dial: func(ctx context.Context, addr string) (net.Conn, error) {
				if addr == "127.0.0.2:80" {
					return good(ctx, addr)
				}
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}, Policy{})
		r := call(t, c, get(t, "http://a.test"))
		wantOK(t, r, 200, "ok")
		if r.Phases.Connect != 2*time.Second {
			t.Errorf("connecting took %v", r.Phases.Connect)
		}
	})
}

// The deadline that is set goes off while it is too early, in use and in idleness, and over
// TLS; none of that may be seen.
func TestEarlyAlarmsAreNotSeen(t *testing.T) {
	srv, cli := identity(t)
	script := func(p *peer) {
		for i := 0; p.request() != ""; i++ {
			time.Sleep(time.Duration(i%4) * time.Second)
			p.say(okText)
		}
	}
	secure := func(p *peer) {
		p.Conn = tlsServer(p.Conn, srv)
		p.in = bufio.NewReader(p.Conn)
		script(p)
	}
	for name, tc := range map[string]struct {
		target string
		script func(*peer)
	}{
		"plain": {pipeURL, script},
		"TLS":   {"https://127.0.0.1", secure},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c := newClient(t, &Options{TLS: cli, Limits: Limits{ReadTimeout: 4 * time.Second, Timeout: 5 * time.Second}, Dial: piped(tc.script)}, Policy{})
				for i := range 20 {
					r := call(t, c, get(t, tc.target))
					wantOK(t, r, 200, "ok")
					if want := time.Duration(i%4) * time.Second; r.Phases.Wait != want {
						t.Errorf("call %d waited %v, want %v", i, r.Phases.Wait, want)
					}
					time.Sleep(time.Duration(i) * time.Second)
				}
				if n := c.Counts(); n.Opened != 1 || n.Reused != 19 {
					t.Errorf("%+v", n)
				}
			})
		})
	}
}

func TestEndOfTheContextEndsABlockedCall(t *testing.T) {
	block := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	stuck := func(p *peer) { p.await() }
	for name, tc := range map[string]struct {
		opts   Options
		target string
		phases Phases
	}{
		"waiting":   {Options{Limits: Limits{ReadTimeout: time.Minute, Timeout: time.Hour}, Dial: piped(stuck)}, pipeURL, Phases{Wait: time.Second}},
		"no limits": {Options{Dial: piped(stuck)}, pipeURL, Phases{Wait: time.Second}},
		"sending":   {Options{Dial: piped(func(*peer) { time.Sleep(time.Hour) })}, pipeURL, Phases{Send: time.Second}},
		"handshake": {Options{Limits: Limits{ConnectTimeout: time.Minute}, Dial: piped(stuck)}, "https://127.0.0.1", Phases{TLS: time.Second}},
		"lookup":    {Options{LookupHost: func(ctx context.Context, _ string) ([]string, error) { return nil, block(ctx) }}, "http://a.test", Phases{DNS: time.Second}},
		"dialling":  {Options{Limits: Limits{ConnectTimeout: time.Minute}, Dial: func(ctx context.Context, _ string) (net.Conn, error) { return nil, block(ctx) }}, pipeURL, Phases{Connect: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := newClient(t, &tc.opts, Policy{})
				for i := range 2 {
					time.AfterFunc(time.Second, cancel)
					r := callWith(t, ctx, c, get(t, tc.target))
					wantClass(t, r, ClassCanceled)
					if i == 0 && r.Phases != tc.phases {
						t.Errorf("phases %+v, want %+v", r.Phases, tc.phases)
					}
					if i == 1 && (r.Phases != Phases{} || r.Attempts != 0) {
						t.Errorf("a call with an ended context did something: %+v", r.Exchange)
					}
				}
			})
		})
	}
}

func TestEndOfTheContextEndsACallOnARealSocket(t *testing.T) {
	for name, prefix := range map[string]string{"plain": "http://", "handshake": "https://"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := serve(t, nil, func(p *peer) {
				_, _ = p.in.Peek(1)
				cancel()
				p.await()
			})
			c := newClient(t, nil, Policy{})
			wantClass(t, callWith(t, ctx, c, get(t, prefix+s.addr())), ClassCanceled)
			if c.Open() != 0 {
				t.Error("left open")
			}
		})
	}
}

func TestAContextThatEndsBetweenCallsLeavesTheConnectionUsable(t *testing.T) {
	s := serve(t, nil, answer(okText))
	c := newClient(t, nil, Policy{})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		wantOK(t, callWith(t, ctx, c, get(t, s.url)), 200, "ok")
		cancel()
	}
	wantOK(t, call(t, c, get(t, s.url)), 200, "ok")
	wantCounts(t, c, Counts{Opened: 1, Attempts: 4, Reused: 3})
}

func TestTimeoutOnARealSocket(t *testing.T) {
	srv, cli := identity(t)
	for name, s := range map[string]*server{
		"plain": serve(t, nil, func(p *peer) { p.request(); p.await() }),
		"TLS":   serve(t, srv, func(p *peer) { p.request(); p.await() }),
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, &Options{TLS: cli, Limits: Limits{ReadTimeout: 20 * time.Millisecond}}, Policy{Resend: true})
			r := call(t, c, get(t, s.url))
			wantClass(t, r, ClassReadTimeout)
			if r.Attempts != 1 || r.Phases.Wait < 20*time.Millisecond {
				t.Errorf("%+v", r.Exchange)
			}
			if n := c.Counts(); n.Discarded != 1 {
				t.Errorf("%+v", n)
			}
		})
	}
}
