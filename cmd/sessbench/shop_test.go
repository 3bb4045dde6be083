package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
)

// shopPlan is the plan that examples/shop is about.
var shopPlan = filepath.Join(repository, "examples", "shop", "plan.yaml")

// Everything that the shop's plan does, over kept connections and over new ones: all checks pass, and what sessbench says of sessions,
// payments and connections is what the server counted.
func TestTheShopsBooksAreOurs(t *testing.T) {
	server, trust := server(t, testserver.Config{TLS: true, Shop: testserver.ShopConfig{RefuseEvery: 10}})
	res := measured(t, exitDone, append([]string{
		"compare", "--plan", shopPlan, "--set", "target=" + server.URL(), "-n", "400", "--warmup", "0s", "--blocks", "4", "--set", "session.renew_every=13",
	}, trust...)...)
	if !res.Valid || len(res.Arms) != 2 {
		t.Fatalf("valid %v, %d arms, warnings %+v", res.Valid, len(res.Arms), res.Warnings)
	}
	var sum books
	for i := range res.Arms {
		a := &res.Arms[i]
		holdChecks(t, a)
		sum.add(a)
		if s := a.Sessions; s.Begun <= s.Workers || s.SetupFailures != 0 || s.TeardownFailures != 0 || s.SetupRequests != 3*s.Begun || s.TeardownRequests != s.Begun {
			t.Errorf("%s: sessions %+v", a.Name, s)
		}
	}
	for _, threshold := range res.Thresholds {
		if !threshold.Met {
			t.Errorf("threshold %+v", threshold)
		}
	}
	pooled, fresh := &res.Arms[0], &res.Arms[1]
	if c := fresh.Connections; c.Opened != c.Attempts || c.ReusedRequests != 0 {
		t.Errorf("fresh: %+v", c)
	}
	if c := pooled.Connections; c.Opened != pooled.Sessions.Begun {
		t.Errorf("pooled opened %d connections for %d sessions", c.Opened, pooled.Sessions.Begun)
	}
	stats := server.Stats()
	if stats.Connections.Accepted != sum.opened+res.Preflight.Connections || stats.Handshakes.Full != sum.full+res.Preflight.TLSFull || stats.Handshakes.Resumed != 0 {
		t.Errorf("the server accepted %+v with %+v; the arms opened %d with %d full handshakes, and before them %+v",
			stats.Connections, stats.Handshakes, sum.opened, sum.full, res.Preflight)
	}
	if stats.Requests != sum.written {
		t.Errorf("the server saw %d requests, and %d were written", stats.Requests, sum.written)
	}
	if want := (testserver.ShopStats{Logins: sum.sessions, Logouts: sum.sessions, Payments: sum.payments, TooMany: sum.retries}); stats.Shop != want {
		t.Errorf("the shop counted %+v, want %+v", stats.Shop, want)
	}
	if sum.retries == 0 || sum.retries != (sum.payments+sum.retries)/10 {
		t.Errorf("%d payments, %d refused", sum.payments, sum.retries)
	}
}

// books are what sessbench says of all arms together.
type books struct{ opened, full, written, sessions, payments, retries int64 }

func (b *books) add(a *result.Arm) {
	b.opened += a.Connections.Opened
	b.full += a.Connections.TLSFull
	b.written += a.Connections.Attempts
	b.sessions += a.Sessions.Begun
	b.retries += a.Retries
	for _, o := range a.Operations {
		if o.Name == "checkout/pay" {
			b.payments += o.Requests - o.Errors
		}
	}
}

// holdChecks fails the test where an operation failed, or a check was not made for all of its calls.
func holdChecks(t *testing.T, a *result.Arm) {
	t.Helper()
	checks := map[string]int{}
	for _, o := range a.Operations {
		if o.Requests == 0 || o.Errors != 0 {
			t.Errorf("%s: %s has %d requests and %d errors: %v", a.Name, o.Name, o.Requests, o.Errors, o.ErrorClasses)
		}
		for _, c := range o.Checks {
			if c.Passed != o.Requests || c.Failed != 0 {
				t.Errorf("%s: %s: %+v of %d requests", a.Name, o.Name, c, o.Requests)
			}
			checks[o.Name]++
		}
	}
	if want := map[string]int{"list": 2, "item": 1, "search": 1, "checkout/add": 1, "checkout/pay": 2}; fmt.Sprint(checks) != fmt.Sprint(want) {
		t.Errorf("%s: checks %v, want %v", a.Name, checks, want)
	}
}

// guidesPlan writes the plan that a guide has to a directory with the shop's users, and returns its name.
func guidesPlan(t *testing.T, guide string) string {
	t.Helper()
	_, plan, _ := strings.Cut(readDocument(t, filepath.Join(repository, "docs", "how-to", guide)), "```yaml\n")
	plan, _, _ = strings.Cut(plan, "```")
	dir := t.TempDir()
	users := readDocument(t, filepath.Join(repository, "examples", "shop", "users.csv"))
	for name, text := range map[string]string{"plan.yaml": plan, "users.csv": users} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "plan.yaml")
}

func TestTheGuidesPlanLogsIn(t *testing.T) {
	server, trust := server(t, testserver.Config{TLS: true})
	res := measured(t, exitDone, append([]string{
		"run", "--plan", guidesPlan(t, "benchmark-an-api-behind-a-login.md"), "--set", "target=" + server.URL(), "-n", "200", "--warmup", "0s", "-c", "4", "--set", "session.renew_every=30",
	}, trust...)...)
	a := &res.Arms[0]
	if stats := server.Stats().Shop; a.Errors != 0 || a.Sessions.Begun < 5 || stats != (testserver.ShopStats{Logins: a.Sessions.Begun, Logouts: a.Sessions.Begun}) {
		t.Errorf("%d errors (%v), sessions %+v, and the shop counted %+v", a.Errors, a.ErrorClasses, a.Sessions, stats)
	}
}

func TestTheGuidesPlanComparesTwoVersions(t *testing.T) {
	_, password := testserver.ShopUser(0)
	t.Setenv("API_PASSWORD", password)
	old, _ := server(t, testserver.Config{})
	replacement, _ := server(t, testserver.Config{})
	res := measured(t, exitDone, "compare", "--plan", guidesPlan(t, "compare-two-versions.md"), "--set", "target="+old.URL(), "--set", "arms.new.target="+replacement.URL(),
		"-n", "80", "--warmup", "0s", "--blocks", "4", "-c", "8", "--set", "thresholds=[]")
	for i, server := range []*testserver.Server{old, replacement} {
		a := &res.Arms[i]
		if stats := server.Stats(); a.Errors != 0 || a.Requests != 80 || stats.Requests != a.Connections.Attempts || stats.Shop.Logins != 8 {
			t.Errorf("%s: %d requests, %d errors (%v); its server saw %d and %+v", a.Name, a.Requests, a.Errors, a.ErrorClasses, stats.Requests, stats.Shop)
		}
	}
}

// The example's users are the shop's.
func TestTheShopKnowsTheExamplesUsers(t *testing.T) {
	f, err := os.Open(filepath.Join(repository, "examples", "shop", "users.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) != 201 {
		t.Fatalf("%d rows, error %v; want a head and 200 users", len(rows), err)
	}
	for i, row := range rows {
		want := []string{"name", "password"}
		if i > 0 {
			want[0], want[1] = testserver.ShopUser(i - 1)
		}
		if !slices.Equal(row, want) {
			t.Errorf("line %d has %v, want %v", i+1, row, want)
		}
	}
}
