package workload_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/workload"
)

// A set-up that fails costs an iteration where the session ended with a block, and the next one is begun before the clock of the next block.
func TestASetUpThatFailsBetweenBlocksFailsIterations(t *testing.T) {
	l := startLedger(t)
	logins := 0
	l.refuse = func(path, _ string) int {
		if path == "/login" {
			if logins++; logins > 1 && logins < 4 {
				return http.StatusServiceUnavailable
			}
		}
		return 0
	}
	plan := l.plan()
	plan.Mix = operations("/items")
	plan.Session.RenewEvery = 5
	res := run(t, plan, "pooled", workload.Load{Workers: 1, Requests: 20, Blocks: 4, Seed: 1})
	a := res.Arms[0]
	// The second and the third log-in fail: before the clock of the second block, and for its first iteration.
	if a.Requests != 20 || a.ErrorClasses["setup"] != 1 || a.Errors != 1 || a.Sessions.SetupFailures != 2 || l.calls["/items"] != 19 {
		t.Errorf("%d requests, %v, %+v; the server had %d", a.Requests, a.ErrorClasses, a.Sessions, l.calls["/items"])
	}
}

// A feed that has a user for each session ends the load where it has no more of them, and what was measured stays.
func TestAFeedThatEndsBetweenBlocksEndsTheLoad(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(users, []byte("name\na\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for workers, want := range map[int][2]int64{ // least and most requests
		1: {15, 15}, // three blocks, a user in each
		5: {3, 5},   // the first block, of whose iterations two workers without a user may have taken one each
	} {
		l := startLedger(t)
		plan := l.plan()
		plan.Feeds = workload.Feeds{{Name: "users", CSV: users, Pick: workload.Unique}}
		plan.Setup[0].URL = "/login?name={{users.name}}"
		plan.Mix = operations("/items")
		plan.Session.RenewEvery = 5
		res := run(t, plan, "pooled", workload.Load{Workers: workers, Requests: 20, Blocks: 4, Seed: 1})
		a := res.Arms[0]
		if a.Requests < want[0] || a.Requests > want[1] || a.Errors != 0 || a.Sessions.Begun != 3 || a.Sessions.SetupRequests != 3 || a.Sessions.SetupFailures != 0 || l.calls["/login"] != 3 {
			t.Errorf("%d workers: %d requests, %d errors, %+v", workers, a.Requests, a.Errors, a.Sessions)
		}
		requireWarning(t, res, "feed_ended", false)
	}
	l := startLedger(t)
	plan := l.plan()
	plan.Feeds = workload.Feeds{{Name: "users", CSV: users, Pick: workload.Unique}}
	plan.Setup[0].URL = "/login?name={{users.name}}"
	plan.Mix = operations("/items?of={{users.name}}")
	plan.Arms, plan.Load = []workload.Arm{{Name: "pooled", Policy: "pooled"}}, workload.Load{Workers: 3, Requests: 20, Blocks: 4, Seed: 1}
	runner, err := workload.NewRunner(&plan, workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = runner.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "the feed users has too few rows") {
		t.Errorf("all rows are taken by set-ups: %v", err)
	}
}

// A rate that a feed's end cut short was not too much for the target.
func TestAFeedThatEndsIsNoOverload(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(users, []byte("name\na\nb\nc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := startLedger(t)
	plan := l.plan()
	plan.Feeds = workload.Feeds{{Name: "users", CSV: users, Pick: workload.Unique}}
	plan.Mix = operations("/items?of={{users.name}}")
	res := run(t, plan, "pooled", workload.Load{Workers: 4, Rate: 1000, Requests: 1000, Blocks: 1, Seed: 1})
	requireWarning(t, res, "feed_ended", false)
	for _, w := range res.Warnings {
		if w.Code == "overloaded" || res.Arms[0].Requests != 3 {
			t.Errorf("%d requests, %+v", res.Arms[0].Requests, w)
		}
	}
}

// A session that ends with the load takes its connections with it, though no other one follows: that is nobody's Connection: close.
func TestASessionThatEndsWithTheLoadIsNoDoubt(t *testing.T) {
	l := startLedger(t)
	plan := l.plan()
	plan.Mix = operations("/items")
	plan.Session.RenewEvery = 6
	res := run(t, plan, "pooled", workload.Load{Workers: 1, Requests: 6, Blocks: 1, Seed: 1})
	requireValid(t, res)
	if s := res.Arms[0].Sessions; s.Begun != 1 || res.Arms[0].Connections.Retired != 1 {
		t.Errorf("%+v, %+v", s, res.Arms[0].Connections)
	}
}

// Without a set-up a session begins with its first iteration: one that has none is not begun, and takes no leave.
func TestNoSessionIsBegunForNothing(t *testing.T) {
	l := startLedger(t)
	plan := l.plan()
	plan.Setup, plan.Mix, plan.Teardown = nil, operations("/login"), operations("/logout")
	plan.Session.RenewEvery = 1
	res := run(t, plan, "pooled", workload.Load{Workers: 3, Requests: 40, Blocks: 4, Seed: 1})
	requireValid(t, res)
	if s := res.Arms[0].Sessions; s.Begun != 40 || s.TeardownRequests != 40 || l.calls["/logout"] != 40 {
		t.Errorf("%+v, the server had %d log-outs of 40 sessions", s, l.calls["/logout"])
	}
}

// A threshold that ends the load lets users log out.
func TestSessionsAreEndedAfterAnEarlyEnd(t *testing.T) {
	l := startLedger(t)
	plan := l.plan()
	plan.Mix, plan.Teardown = operations("/items"), operations("/logout")
	plan.Thresholds = []workload.Threshold{{Condition: "pooled.requests < 15", AbortEarly: true}}
	res := run(t, plan, "pooled", workload.Load{Workers: 2, Requests: 40, Blocks: 4, Seed: 1})
	if s := res.Arms[0].Sessions; res.Arms[0].Requests != 20 || s.TeardownRequests != 2 || l.calls["/logout"] != 2 {
		t.Errorf("%d requests, %+v, the server had %d log-outs", res.Arms[0].Requests, s, l.calls["/logout"])
	}
}
