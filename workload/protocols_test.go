package workload_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/internal/programs"
	"sessbench/result"
	"sessbench/testserver"
	"sessbench/workload"
)

// A protocolServer is a counting server for one version of HTTP.
type protocolServer struct {
	*testserver.Server
	plan workload.Plan // that suits it, without arms and load
}

func startProtocol(t *testing.T, http string, config testserver.Config) *protocolServer {
	t.Helper()
	config.TLS = config.TLS || http == "2" || http == "3"
	config.HTTP2 = http == "2" || http == "h2c"
	config.HTTP3 = http == "3"
	server, err := testserver.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	s := &protocolServer{Server: server, plan: workload.Plan{
		Target:  server.URL() + "/",
		HTTP:    http,
		Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}},
		Mix:     []workload.Operation{{Name: "GET /", Method: "GET", URL: "/"}},
	}}
	if config.TLS {
		s.plan.Session.TLS.CA = filepath.Join(t.TempDir(), "ca.pem")
		if err := server.WriteCA(s.plan.Session.TLS.CA); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// run carries out a plan with one arm.
func run(t *testing.T, plan workload.Plan, arm string, load workload.Load) *result.Result {
	t.Helper()
	arms, err := workload.ParseArms(arm)
	if err != nil {
		t.Fatal(err)
	}
	plan.Arms, plan.Load = arms, load
	runner, err := workload.NewRunner(&plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Over every version of HTTP every policy does what it says, and what the report says of it is what the
// server saw.
func TestEveryPolicyOverEveryProtocolIsWhatTheServerSaw(t *testing.T) {
	const requests, workers = 120, 4
	for _, http := range []string{"1.1", "1.1 tls", "2", "h2c", "3"} {
		http, secure := strings.CutSuffix(http, " tls")
		for _, c := range []struct {
			arm    string
			opened [2]int64 // least and most
			only   string   // the version it is for; "": every one, "n": those that are multiplexed
		}{
			{"pooled", [2]int64{1, workers}, ""},
			{"fresh", [2]int64{requests, requests}, ""},
			{"fresh-resumed", [2]int64{requests, requests}, ""},
			{"reuse-5", [2]int64{requests / 5, requests/5 + workers}, ""},
			{"shared-pool", [2]int64{1, workers}, ""},
			{"shared-pool+pool-2", [2]int64{1, 2}, ""},
			{"shared-pool+requests-5", [2]int64{requests / 5, requests/5 + workers}, ""},
			{"shared-pool+streams-2", [2]int64{1, 2}, "n"},
			{"shared-pool+pool-1+streams-3", [2]int64{1, 1}, "n"},
			{"fresh+0rtt", [2]int64{requests, requests}, "3"},
			{"reuse-5+0rtt", [2]int64{requests / 5, requests/5 + workers}, "3"},
		} {
			if c.only == "n" && http == "1.1" || c.only == "3" && http != "3" {
				continue
			}
			if strings.HasSuffix(c.arm, "+0rtt") && programs.EarlyDataRaces {
				continue
			}
			t.Run(strings.Join([]string{http, c.arm}, "/"), func(t *testing.T) {
				s := startProtocol(t, http, testserver.Config{TLS: secure})
				res := run(t, s.plan, c.arm, workload.Load{Workers: workers, Requests: requests, Blocks: 4, Seed: 1})
				requireValid(t, res)
				s.requireCounts(t, res)
				requirePhases(t, res)
				if n := res.Arms[0].Connections.Opened; n < c.opened[0] || n > c.opened[1] {
					t.Errorf("%d connections, want %d to %d", n, c.opened[0], c.opened[1])
				}
			})
		}
	}
}

func requireValid(t *testing.T, res *result.Result) {
	t.Helper()
	for _, w := range res.Warnings {
		if w.Invalid {
			t.Errorf("the run is not valid: %s: %s", w.Code, w.Detail)
		}
	}
	if a := res.Arms[0]; a.Errors != 0 {
		t.Errorf("%d errors: %v", a.Errors, a.ErrorClasses)
	}
}

// requireCounts holds a result with one arm against what the server counted.
func (s *protocolServer) requireCounts(t *testing.T, res *result.Result) {
	t.Helper()
	arm, stats := &res.Arms[0], s.Stats()
	c := &arm.Connections
	byVersion := map[string]int64{"1.1": stats.Protocols.HTTP1, "2": stats.Protocols.HTTP2, "h2c": stats.Protocols.HTTP2, "3": stats.Protocols.HTTP3}
	streams := int64(0)
	if s.plan.HTTP != "1.1" {
		streams = c.Attempts
	}
	// Of HTTP/3 the check before the run may close before the server has heard that the handshake is complete.
	abandoned := int64(0)
	if s.plan.HTTP == "3" {
		abandoned = min(stats.Handshakes.Failed, res.Preflight.Connections)
	}
	for _, count := range []struct {
		what      string
		got, want int64
	}{
		{"requests", c.Attempts, stats.Requests},
		{"requests of that version", c.Attempts, byVersion[s.plan.HTTP]},
		{"streams", c.Streams, streams},
		{"measured requests", arm.Requests + arm.WarmupRequests + c.StaleRetries, c.Attempts},
		{"connections", c.Opened + res.Preflight.Connections, stats.Connections.Accepted},
		{"full handshakes", c.TLSFull + res.Preflight.TLSFull, stats.Handshakes.Full + abandoned},
		{"resumed handshakes", c.TLSResumed, stats.Handshakes.Resumed},
		{"failed handshakes", abandoned, stats.Handshakes.Failed},
	} {
		if count.got != count.want {
			t.Errorf("%s: %d in the report, %d at the server", count.what, count.got, count.want)
		}
	}
	// What is open here may not have come to the server yet, and what ended here may have ended there.
	if stats.StreamsPeak > max(c.StreamsPeak, int64(arm.Policy.Streams)) || c.StreamsPeak > int64(max(1, arm.Policy.Streams)) {
		t.Errorf("at most %d streams on a connection in the report and %d at the server, %d are allowed", c.StreamsPeak, stats.StreamsPeak, arm.Policy.Streams)
	}
	// Each side calls early what it sent, or began to serve, before its own handshake was complete: they need not
	// agree on every single one.
	if early := arm.Policy.EarlyData; early != (stats.EarlyData > 0) || early != (c.EarlyData > 0) || c.EarlyData > stats.Handshakes.Resumed {
		t.Errorf("%d requests in 0-RTT in the report and %d at the server, %d handshakes were resumed", c.EarlyData, stats.EarlyData, stats.Handshakes.Resumed)
	}
}

// requirePhases holds that phases add up to the mean.
func requirePhases(t *testing.T, res *result.Result) {
	t.Helper()
	arm := &res.Arms[0]
	sum := 0.0
	for _, p := range arm.Phases {
		sum += p.Mean
	}
	if diff := sum - arm.ServiceTime.Mean; diff > 1e-8 || diff < -1e-8 {
		t.Errorf("phases add up to %.9f s, the mean service time is %.9f s", sum, arm.ServiceTime.Mean)
	}
	if arm.Policy.HTTP == "3" && arm.Phases["connect"].Max != 0 {
		t.Errorf("QUIC has no connect phase; %+v", arm.Phases["connect"])
	}
}

// HTTP/2 and 3 have no Connection header: a request's own is left out, and that is said, for nothing closes then.
// Over HTTP/1.1 it is sent, and an arm that wanted to keep its connections is not what it says.
func TestAConnectionHeaderOfTheRequestsOwn(t *testing.T) {
	for http, want := range map[string]struct {
		code, detail string
		valid        bool
	}{
		"1.1": {"closed_by_request", "", false},
		"2":   {"header_not_sent", "the request's own header Connection was not sent, for it is about connections of HTTP/1.1 and HTTP/2 does not have it", true},
		"h2c": {"header_not_sent", "the request's own header Connection was not sent, for it is about connections of HTTP/1.1 and HTTP/2 does not have it", true},
		"3":   {"header_not_sent", "the request's own header Connection was not sent, for it is about connections of HTTP/1.1 and HTTP/3 does not have it", true},
	} {
		s := startProtocol(t, http, testserver.Config{})
		s.plan.Mix[0].Headers = workload.Fields{}.Add("Connection", "close")
		load := workload.Load{Workers: 2, Requests: 40, Blocks: 1}
		res := run(t, s.plan, "pooled", load)
		requireWarning(t, res, want.code, !want.valid)
		if res.Valid != want.valid || want.valid && res.Arms[0].Connections.Opened > 2 {
			t.Errorf("HTTP/%s: valid %v, %+v", http, res.Valid, res.Arms[0].Connections)
		}
		for _, w := range res.Warnings {
			if w.Code == want.code && want.detail != "" && w.Detail != want.detail {
				t.Errorf("HTTP/%s: %q, want %q", http, w.Detail, want.detail)
			}
		}
		steps := s.plan // in a step of a scenario it is no other
		steps.Mix = []workload.Operation{{Name: "scenario", Steps: s.plan.Mix}}
		requireWarning(t, run(t, steps, "pooled", load), want.code, !want.valid)
		s.plan.Mix[0].Headers = workload.Fields{}.Add("Connection", "keep-alive").Add("TE", "trailers")
		for _, w := range run(t, s.plan, "pooled", load).Warnings {
			if w.Code == "header_not_sent" {
				t.Errorf("HTTP/%s: %s", http, w.Detail)
			}
		}
	}
}

// A server that says GOAWAY after some requests loses none, and is counted as the one that closes.
func TestPooledOverAServerThatSaysGoodbye(t *testing.T) {
	const limit = 7
	for _, http := range []string{"1.1", "2", "h2c", "3"} {
		s := startProtocol(t, http, testserver.Config{MaxRequestsPerConn: limit})
		res := run(t, s.plan, "pooled", workload.Load{Workers: 3, Requests: 200, Blocks: 2})
		requireValid(t, res)
		requireWarning(t, res, "closed_by_peer", false)
		c, stats := res.Arms[0].Connections, s.Stats()
		if stats.Requests != 200 || c.Opened+res.Preflight.Connections != stats.Connections.Accepted || c.Attempts-c.StaleRetries != 200 {
			t.Errorf("HTTP/%s: %+v; the server had %d requests on %d connections", http, c, stats.Requests, stats.Connections.Accepted)
		}
		if c.Opened < 200/limit || c.ClosedByPeer < c.Opened-3 {
			t.Errorf("HTTP/%s: %d connections of which the server closed %d", http, c.Opened, c.ClosedByPeer)
		}
	}
}

// A server without h2c takes the connection like any other, and yet no load is offered to it.
func TestAServerWithoutH2CIsNotLoaded(t *testing.T) {
	s := startProtocol(t, "1.1", testserver.Config{})
	s.plan.HTTP = "h2c"
	s.plan.Arms = []workload.Arm{{Name: "a", Policy: "fresh"}}
	s.plan.Load = workload.Load{Workers: 2, Requests: 20, Blocks: 1}
	runner, err := workload.NewRunner(&s.plan, workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = runner.Run(context.Background())
	if err == nil || !strings.HasSuffix(err.Error(), "the server does not speak HTTP/2; leave h2c out, or switch HTTP/2 without TLS on there") {
		t.Errorf("%v", err)
	}
	if n := s.Stats().Connections.Accepted; n != 1 {
		t.Errorf("%d connections, want that of the check alone", n)
	}
}
