package workload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sessbench/result"
)

// pipeServer answers requests over in-memory connections, so that a run can take
// place in virtual time. Its service time for the n-th request (from 0) is delay(n).
type pipeServer struct {
	delay  func(n int) time.Duration
	served atomic.Int64 // requests so far
}

func (s *pipeServer) dial(ctx context.Context, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		requests := bufio.NewReader(server)
		for {
			if _, err := http.ReadRequest(requests); err != nil {
				return
			}
			n := int(s.served.Add(1)) - 1
			time.Sleep(s.delay(n))
			if _, err := fmt.Fprint(server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
		}
	}()
	return client, nil
}

// runVirtually carries out a plan against s in the bubble's virtual time.
func runVirtually(t *testing.T, ctx context.Context, load Load, s *pipeServer) *result.Result {
	t.Helper()
	return runVirtualMix(t, ctx, load, s, Operation{Name: "get", Method: "GET", URL: "/"})
}

func runVirtualMix(t *testing.T, ctx context.Context, load Load, s *pipeServer, mix ...Operation) *result.Result {
	t.Helper()
	r, err := NewRunner(&Plan{
		Target:  "http://127.0.0.1/",
		Arms:    []Arm{{Name: "pooled", Policy: "pooled"}},
		Session: SessionPlan{TLS: TLSPlan{Verify: true}},
		Mix:     mix,
		Load:    load,
	}, Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.setup.wire.Dial = s.dial
	res, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute) // virtual: a server goroutine may still be in its delay
	return res
}

// A server that stalls for a second while calls fall due 100 times a second makes
// the calls behind the stall wait. Their response time tells; the service time
// does not: only the one stalled call has a long one.
func TestStallShowsInResponseTimeOnly(t *testing.T) {
	const (
		service = time.Millisecond
		stall   = time.Second
		gap     = 10 * time.Millisecond
		calls   = 200
		stalled = 50
	)
	delay := func(n int) time.Duration {
		if n == stalled {
			return stall
		}
		return service
	}
	var responses, lags []time.Duration // what they must be, by the schedule alone
	var free time.Duration
	for i := range calls {
		due := time.Duration(i) * gap
		start := max(free, due)
		free = start + delay(i)
		lags, responses = append(lags, start-due), append(responses, free-due)
	}
	slices.Sort(responses)
	slices.Sort(lags)
	const p99 = calls*99/100 - 1 // index in the sorted values

	synctest.Test(t, func(t *testing.T) {
		res := runVirtually(t, context.Background(), Load{
			Workers: 1, Rate: 100, Arrivals: Constant, Duration: Duration(2 * time.Second), Blocks: 1,
		}, &pipeServer{delay: delay})
		arm := res.Arms[0]
		if arm.Requests != calls || arm.Errors != 0 {
			t.Fatalf("%d calls with %d errors, want %d without", arm.Requests, arm.Errors, calls)
		}
		near := func(what string, got float64, want time.Duration) {
			t.Helper()
			// Three significant digits are what the histogram keeps.
			if diff := got/want.Seconds() - 1; diff > 0.001 || diff < -0.001 {
				t.Errorf("%s is %.6f s, want %.6f", what, got, want.Seconds())
			}
		}
		near("response time p99", arm.ResponseTime.P99, responses[p99])
		near("service time p99", arm.ServiceTime.P99, service)
		near("schedule lag p99", arm.ScheduleLag.P99, lags[p99])
		if arm.ResponseTime.Max != responses[calls-1].Seconds() || arm.ServiceTime.Max != stall.Seconds() {
			t.Errorf("longest response %v and service %v, want %v and %v", arm.ResponseTime.Max, arm.ServiceTime.Max, responses[calls-1], stall)
		}
		if arm.Connections.Opened != 1 {
			t.Errorf("%d sockets were opened, want 1", arm.Connections.Opened)
		}
	})
}

// An overloaded open model drops nothing: every arrival is served, late.
func TestOpenModelDropsNoArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := runVirtually(t, context.Background(), Load{
			Workers: 1, Rate: 100, Arrivals: Constant, Duration: Duration(time.Second), Blocks: 1,
		}, &pipeServer{delay: func(int) time.Duration { return 50 * time.Millisecond }})
		arm := res.Arms[0]
		if arm.Requests != 100 || arm.Seconds != 5 || arm.OfferedRate != 100 || arm.AchievedRate != 20 {
			t.Errorf("%d calls in %v s, offered %v and achieved %v per second; want 100 in 5 s, 100 and 20", arm.Requests, arm.Seconds, arm.OfferedRate, arm.AchievedRate)
		}
		if !slices.ContainsFunc(res.Warnings, func(w result.Warning) bool { return w.Code == "overloaded" }) {
			t.Errorf("no warning of the overload in %+v", res.Warnings)
		}
	})
}

// The rate offered is that of iterations: neither that they have several calls nor that the last ones' pauses and later steps come
// after the window makes anything of it. Where they begin late it does.
func TestTheOpenModelsRateIsOfIterations(t *testing.T) {
	visit := Operation{Name: "visit", Think: &Think{Constant: new(Duration(400 * time.Millisecond))}, Steps: []Operation{
		{Name: "a", Method: "GET", URL: "/a"}, {Name: "b", Method: "GET", URL: "/b"}, {Name: "c", Method: "GET", URL: "/c"},
	}}
	for workers, want := range map[int]struct {
		seconds    float64
		overloaded bool
	}{20: {1, false}, 4: {2.5, true}} { // 4 workers make 5 iterations per second: the last of 10 begins at 1.7 s
		synctest.Test(t, func(t *testing.T) {
			load := Load{Workers: workers, Rate: 10, Arrivals: Constant, Duration: Duration(time.Second), Blocks: 1}
			res := runVirtualMix(t, context.Background(), load, &pipeServer{delay: func(int) time.Duration { return 0 }}, visit)
			arm := &res.Arms[0]
			if arm.Requests != 30 || arm.OfferedRate != 10 || arm.Seconds != want.seconds {
				t.Errorf("%d workers: %d calls in %v s, %v iterations per second were offered; want 30 in %v s, and 10", workers, arm.Requests, arm.Seconds, arm.OfferedRate, want.seconds)
			}
			if overloaded := slices.ContainsFunc(res.Warnings, func(w result.Warning) bool { return w.Code == "overloaded" }); overloaded != want.overloaded {
				t.Errorf("%d workers: warnings %+v", workers, res.Warnings)
			}
		})
	}
}

// In the closed model nothing is late, and the warm-up is in no number.
func TestClosedModelHasNoLagAndExcludesTheWarmup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pipeServer{delay: func(n int) time.Duration {
			if n < 10 {
				return 100 * time.Millisecond
			}
			return 10 * time.Millisecond
		}}
		res := runVirtually(t, context.Background(), Load{
			Workers: 1, Duration: Duration(2 * time.Second), Warmup: Duration(time.Second), Blocks: 4,
		}, server)
		arm := res.Arms[0]
		if arm.WarmupRequests != 10 || arm.Requests != 200 {
			t.Errorf("%d calls in the warm-up and %d measured, want 10 and 200", arm.WarmupRequests, arm.Requests)
		}
		if arm.ResponseTime.Max != 0.010 || arm.ResponseTime.Min != 0.010 || arm.ScheduleLag.Max != 0 {
			t.Errorf("response time %v to %v, lag at most %v; want 0.01 and 0", arm.ResponseTime.Min, arm.ResponseTime.Max, arm.ScheduleLag.Max)
		}
		if len(arm.Trials) != 4 || arm.Trials[3].Requests != 50 || arm.Connections.Opened != 1 {
			t.Errorf("trials %+v over %d sockets, want 4 of 50 calls over one", arm.Trials, arm.Connections.Opened)
		}
	})
}

// An interrupt keeps what was measured. A part of a block is of no use to a comparison,
// and the calls made when a server was lost are of no use to anybody.
func TestInterruptKeepsWhatWasMeasured(t *testing.T) {
	interrupt := func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), 2495*time.Millisecond)
	}
	loss := func() (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(context.Background(), 2495*time.Millisecond, errors.New("the server is gone"))
	}
	for _, test := range []struct {
		name         string
		begin        func() (context.Context, context.CancelFunc)
		rate         float64
		trials       int
		calls        int64
		seconds, per float64
	}{
		{"closed", interrupt, 0, 3, 249, 2.495, 0},
		{"open", interrupt, 10, 3, 25, 2.495, 25 / 2.495},
		{"lost", loss, 0, 2, 200, 2, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := test.begin()
				defer cancel()
				res := runVirtually(t, ctx, Load{
					Workers: 1, Duration: Duration(10 * time.Second), Blocks: 10, Rate: test.rate,
				}, &pipeServer{delay: func(int) time.Duration { return 10 * time.Millisecond }})
				arm := res.Arms[0]
				if !res.Interrupted || len(arm.Trials) != test.trials || arm.Requests != test.calls || arm.Seconds != test.seconds || math.Abs(arm.OfferedRate-test.per) > 1e-9 {
					t.Errorf("interrupted %v with %d trials and %d calls in %v s, %v/s offered; want true, %d, %d, %v, %v", res.Interrupted,
						len(arm.Trials), arm.Requests, arm.Seconds, arm.OfferedRate, test.trials, test.calls, test.seconds, test.per)
				}
			})
		})
	}
}

// A count that does not divide by the blocks is still carried out whole.
func TestEveryRequestOfACountIsMade(t *testing.T) {
	for _, rate := range []float64{0, 1000} {
		synctest.Test(t, func(t *testing.T) {
			res := runVirtually(t, context.Background(), Load{Workers: 1, Requests: 23, Rate: rate, Blocks: 10},
				&pipeServer{delay: func(int) time.Duration { return time.Millisecond }})
			var made int64
			for _, trial := range res.Arms[0].Trials {
				made += trial.Requests
			}
			if made != 23 || res.Arms[0].Requests != 23 || len(res.Arms[0].Trials) != 10 {
				t.Errorf("rate %v: %d calls in %d trials, want 23 in 10", rate, made, len(res.Arms[0].Trials))
			}
		})
	}
}

func TestOrderOfArmsIsDrawnFromTheSeed(t *testing.T) {
	firsts := map[int]int{}
	for block := range 300 {
		a, b := order(1, block, 3), order(1, block, 3)
		if !slices.Equal(a, b) {
			t.Fatalf("block %d: %v and %v from the same seed", block, a, b)
		}
		sorted := slices.Sorted(slices.Values(a))
		if !slices.Equal(sorted, []int{0, 1, 2}) {
			t.Fatalf("block %d: %v is not an order of three arms", block, a)
		}
		firsts[a[0]]++
	}
	for arm := range 3 {
		if n := firsts[arm]; n < 60 || n > 140 { // 100 expected, standard deviation 8
			t.Errorf("arm %d came first in %d of 300 blocks", arm, n)
		}
	}
}

// Fifteen calls a second must not become sixteen, or twenty, because a block of a
// quarter of a second does not hold a whole number of them.
func TestALowRateIsAchievedAsOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := runVirtually(t, context.Background(), Load{
			Workers: 1, Rate: 15, Arrivals: Constant, Duration: Duration(2 * time.Second), Blocks: 8,
		}, &pipeServer{delay: func(int) time.Duration { return time.Millisecond }})
		arm := res.Arms[0]
		if arm.Requests != 30 || arm.Seconds != 2 || arm.OfferedRate != 15 || arm.AchievedRate != 15 {
			t.Errorf("%d calls in %v s, %v/s offered and %v/s achieved; want 30 in 2 s at 15/s",
				arm.Requests, arm.Seconds, arm.OfferedRate, arm.AchievedRate)
		}
	})
}

func TestAnOpenModelThatIsLongerThanTimeCanTellIsRefused(t *testing.T) {
	for _, load := range []Load{
		{Workers: 1, Blocks: 1, Rate: 1e-300, Requests: 1},
		{Workers: 1, Blocks: 1, Duration: Duration(longestRun) + 1},
		{Workers: 1, Blocks: 1, Duration: 1, Warmup: Duration(longestRun) + 1},
	} {
		if err := (&Plan{Load: load}).validateLoad(); err == nil {
			t.Errorf("%+v is valid", load)
		}
	}
}
