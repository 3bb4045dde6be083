package workload_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload"
)

// A ledger is a server that keeps books of who asked for what.
type ledger struct {
	*httptest.Server
	mu      sync.Mutex
	users   int
	calls   map[string]int64 // by path
	order   map[string][]string
	refuse  func(path string, user string) int // status instead of 200; nil: none
	remotes map[string]bool
}

func startLedger(t *testing.T) *ledger {
	l := &ledger{calls: map[string]int64{}, order: map[string][]string{}, remotes: map[string]bool{}}
	l.Server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(l.Close)
	return l
}

func (l *ledger) serve(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[r.URL.Path]++
	l.remotes[r.RemoteAddr] = true
	user := ""
	if c, err := r.Cookie("user"); err == nil {
		user = c.Value
	}
	if r.URL.Path == "/login" {
		if user != "" {
			http.Error(w, "logged in already", http.StatusConflict)
			return
		}
		l.users++
		user = fmt.Sprint(l.users)
		http.SetCookie(w, &http.Cookie{Name: "user", Value: user, Path: "/"})
	}
	l.order[user] = append(l.order[user], r.URL.Path)
	if l.refuse != nil {
		if status := l.refuse(r.URL.Path, user); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	if user == "" {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func operations(specs ...string) []workload.Operation {
	var list []workload.Operation
	for _, spec := range specs {
		list = append(list, workload.Operation{Name: "GET " + spec, Method: "GET", URL: spec})
	}
	return list
}

func (l *ledger) plan() workload.Plan {
	return workload.Plan{
		Target:  l.URL,
		Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}},
		Setup:   operations("/login"),
	}
}

// Every session is set up before its first request and taken leave of at its end; neither is measured, and connections and
// requests are those that the server saw.
func TestSessionsAreSetUpAndEnded(t *testing.T) {
	for _, arm := range []string{"pooled", "fresh", "reuse-3", "shared-pool"} {
		t.Run(arm, func(t *testing.T) {
			l := startLedger(t)
			plan := l.plan()
			plan.Mix, plan.Teardown = operations("/items"), operations("/logout")
			plan.Session.RenewEvery = 5
			res := run(t, plan, arm, workload.Load{Workers: 3, Requests: 60, Blocks: 4, Seed: 1})
			requireValid(t, res)
			a := res.Arms[0]
			if a.Requests != 60 || l.calls["/items"] != 60 {
				t.Errorf("%d requests, the server had %d", a.Requests, l.calls["/items"])
			}
			s := a.Sessions
			if s.Begun < 12 || s.Begun > 15 || s.SetupRequests != s.Begun || s.Begun != l.calls["/login"] || s.SetupFailures != 0 {
				t.Errorf("%+v, the server had %d log-ins; each session makes 5 iterations", s, l.calls["/login"])
			}
			if s.TeardownRequests != l.calls["/logout"] || s.TeardownRequests != s.Begun || s.TeardownFailures != 0 {
				t.Errorf("%+v, the server had %d log-outs", s, l.calls["/logout"])
			}
			for user, calls := range l.order {
				if calls[0] != "/login" || calls[len(calls)-1] != "/logout" || len(calls) > 7 {
					t.Errorf("user %s: %v", user, calls)
				}
			}
			if got := int64(len(l.remotes)); got != a.Connections.Opened && got != a.Connections.Opened+res.Preflight.Connections {
				t.Errorf("%d connections, the server saw %d", a.Connections.Opened, got)
			}
		})
	}
}

// A scenario's steps follow each other in one session; one that fails ends the iteration.
func TestAScenarioIsMadeInOrder(t *testing.T) {
	l := startLedger(t)
	payments := 0
	l.refuse = func(path, _ string) int {
		if path == "/pay" {
			if payments++; payments%4 == 0 {
				return http.StatusServiceUnavailable
			}
		}
		return 0
	}
	plan := l.plan()
	plan.Mix = []workload.Operation{{Name: "checkout", Steps: operations("/cart", "/pay", "/receipt")}}
	res := run(t, plan, "pooled", workload.Load{Workers: 2, Requests: 40, Blocks: 4, Seed: 1})
	a := res.Arms[0]
	if len(a.Scenarios) != 1 || a.Scenarios[0].Name != "checkout" || a.Scenarios[0].Begun != 40 || a.Scenarios[0].Completed != 30 || a.Scenarios[0].Time.Count != 30 {
		t.Errorf("%+v", a.Scenarios)
	}
	for name, want := range map[string]int64{"checkout/GET /cart": 40, "checkout/GET /pay": 40, "checkout/GET /receipt": 30} {
		o := a.Operation(name)
		if o == nil || o.Requests != want || l.calls[strings.TrimPrefix(name, "checkout/GET ")] != want {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if a.Requests != 110 || a.Errors != 10 || a.ErrorClasses["status"] != 10 {
		t.Errorf("%d requests, %d errors %v", a.Requests, a.Errors, a.ErrorClasses)
	}
	mean := a.Scenarios[0].Time.Mean
	var steps float64
	for _, o := range a.Operations {
		steps += o.ServiceTime.Mean
	}
	if mean < steps/2 {
		t.Errorf("an iteration took %v, its steps together %v", mean, steps)
	}
}

// A plan says which statuses are no errors.
func TestAStatusCanBeExpected(t *testing.T) {
	l := startLedger(t)
	l.refuse = func(path, _ string) int {
		if path == "/gone" {
			return http.StatusNotFound
		}
		return 0
	}
	plan := l.plan()
	plan.Mix = operations("/gone")
	for expect, errors := range map[string]int64{"": 8, "404": 0, "4xx": 0, "2xx": 8, "410": 8} {
		plan.Mix[0].Expect = nil
		if expect != "" {
			plan.Mix[0].Expect = []string{"503", expect}
		}
		arms, err := workload.ParseArms("pooled")
		if err != nil {
			t.Fatal(err)
		}
		asked := plan
		asked.Arms, asked.Load = arms, workload.Load{Workers: 1, Requests: 8, Blocks: 1, Seed: 1}
		res := runAnyhow(t, asked)
		if got := res.Arms[0].ErrorClasses["status"]; got != errors {
			t.Errorf("expect %q: %d errors, want %d", expect, got, errors)
		}
	}
}

// runAnyhow carries out a plan whose calls may all fail.
func runAnyhow(t *testing.T, plan workload.Plan) *result.Result {
	t.Helper()
	runner, err := workload.NewRunner(&plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, _ := runner.Run(context.Background())
	if res == nil {
		t.Fatal("there is no result")
	}
	return res
}

// A trial that is left out of the result, because the run was ended in its middle, is left out of the checks as well.
func TestChecksOfATrialThatIsLeftOutDoNotCount(t *testing.T) {
	l := startLedger(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l.refuse = func(string, string) int {
		if l.calls["/items"] == 50 { // two blocks are 40
			cancel()
		}
		return http.StatusOK
	}
	plan := l.plan()
	plan.Setup, plan.Mix = nil, operations("/items")
	plan.Mix[0].Check = []workload.Check{{Expr: "status == 200"}}
	plan.Arms = []workload.Arm{{Name: "pooled", Policy: "pooled"}, {Name: "fresh", Policy: "fresh"}}
	plan.Load = workload.Load{Workers: 2, Requests: 40, Blocks: 4, Seed: 1}
	runner, err := workload.NewRunner(&plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range res.Arms {
		if c := a.Operations[0].Checks[0]; a.Requests != 20 || c.Passed != 20 || c.Failed != 0 {
			t.Errorf("%s: %d requests, check %+v", a.Name, a.Requests, c)
		}
	}
}

// Without a session nothing can be measured: a set-up that fails before the first trial ends the run, and says why.
func TestASetUpThatFailsEndsTheRun(t *testing.T) {
	l := startLedger(t)
	l.refuse = func(path, _ string) int {
		if path == "/login" {
			return http.StatusForbidden
		}
		return 0
	}
	plan := l.plan()
	plan.Mix = operations("/items")
	arms, err := workload.ParseArms("pooled")
	if err != nil {
		t.Fatal(err)
	}
	plan.Arms, plan.Load = arms, workload.Load{Workers: 2, Requests: 10, Blocks: 1, Seed: 1}
	runner, err := workload.NewRunner(&plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = runner.Run(context.Background())
	if want := `arm pooled: set-up "GET /login": it was answered with status 403`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if l.calls["/items"] != 0 {
		t.Error("load was offered nevertheless")
	}
}

// Later, it is tried again when an iteration is due, and costs that one where it fails again.
func TestASetUpThatFailsLaterFailsIterations(t *testing.T) {
	l := startLedger(t)
	logins := 0
	l.refuse = func(path, _ string) int {
		if path == "/login" {
			if logins++; logins%3 != 1 {
				return http.StatusTooManyRequests
			}
		}
		return 0
	}
	plan := l.plan()
	plan.Mix = operations("/items")
	plan.Session.RenewEvery = 2
	res := run(t, plan, "pooled", workload.Load{Workers: 1, Requests: 20, Blocks: 2, Seed: 1})
	a := res.Arms[0]
	if a.Requests != 20 || a.ErrorClasses["setup"]*2 > a.Sessions.SetupFailures || a.ErrorClasses["setup"] < 5 || a.Requests-a.Errors != l.calls["/items"] {
		t.Errorf("%d requests, %v, %+v; the server had %d", a.Requests, a.ErrorClasses, a.Sessions, l.calls["/items"])
	}
	found := false
	for _, w := range res.Warnings {
		found = found || w.Code == "setup_failed"
	}
	if !found || !res.Valid {
		t.Errorf("valid %v, warnings %+v", res.Valid, res.Warnings)
	}
}

// Pauses are between the calls: they count for the scenario, not for the calls.
func TestPausesAreNotServiceTime(t *testing.T) {
	l := startLedger(t)
	pause := workload.Duration(20 * time.Millisecond)
	plan := l.plan()
	plan.Mix = []workload.Operation{{Name: "visit", Steps: operations("/a", "/b"), Think: &workload.Think{Constant: &pause}}}
	res := run(t, plan, "pooled", workload.Load{Workers: 2, Requests: 10, Blocks: 1, Seed: 1})
	a := res.Arms[0]
	if a.Scenarios[0].Time.Min < 0.020 {
		t.Errorf("an iteration with a pause of 20 ms took %v s", a.Scenarios[0].Time.Min)
	}
	if lag := a.ScheduleLag.Max; lag != 0 {
		t.Errorf("a lag of %v s in the closed model", lag)
	}
}

// A pause ends with the load: what nobody will follow is not waited for.
func TestPausesDoNotOutlastTheLoad(t *testing.T) {
	for name, load := range map[string]workload.Load{
		"time":   {Workers: 4, Duration: workload.Duration(200 * time.Millisecond), Blocks: 2, Seed: 1},
		"count":  {Workers: 4, Requests: 8, Blocks: 2, Seed: 1},
		"stages": {Stages: []workload.Stage{{Duration: workload.Duration(100 * time.Millisecond), Workers: new(4), Shape: workload.Step}}, Blocks: 2, Seed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLedger(t)
			plan := l.plan()
			plan.Mix = operations("/items")
			plan.Mix[0].Think = &workload.Think{Constant: new(workload.Duration(time.Hour))}
			a := run(t, plan, "pooled", load).Arms[0]
			if a.Requests != 8 || l.calls["/items"] != 8 {
				t.Errorf("%d requests, the server had %d; 4 workers make one in each of 2 blocks", a.Requests, l.calls["/items"])
			}
			if planned := 0.2; load.Requests == 0 && a.Seconds < planned {
				t.Errorf("the load lasted %v s, and %v s were planned", a.Seconds, planned)
			}
		})
	}
}
