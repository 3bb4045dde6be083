package workload_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sessbench/testserver"
	"sessbench/workload"
	"sessbench/workload/planfile"
)

// twoTargets is a plan that logs in and asks for what only those see who have, at the servers of its arms.
func twoTargets(first, second string) *workload.Plan {
	return &workload.Plan{
		Target: first,
		Arms: []workload.Arm{
			{Name: "v1", Policy: "pooled"},
			{Name: "v2", Policy: "pooled", Target: second},
			{Name: "v2-fresh", Policy: "fresh", Target: second},
		},
		Session: workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}},
		Setup: []workload.Operation{{Name: "log in", Method: "POST", URL: "/login",
			Form: workload.Fields{}.Add("user", "me").Add("password", "mine")}},
		Mix:  []workload.Operation{{Name: "mine", Method: "GET", URL: "/private"}},
		Load: workload.Load{Workers: 3, Requests: 60, Blocks: 5, Seed: 1},
	}
}

// Every arm's requests, set-up and check before the run go to its own target: a login at the one server is none at the other.
func TestArmsHaveTargetsOfTheirOwn(t *testing.T) {
	var servers [2]*testserver.Server
	for i := range servers {
		var err error
		if servers[i], err = testserver.Start(testserver.Config{}); err != nil {
			t.Fatal(err)
		}
		defer servers[i].Close()
	}
	runner, err := workload.NewRunner(twoTargets(servers[0].URL(), servers[1].URL()), workload.Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	res, err := runner.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !res.Valid || res.Preflight.Connections != 2 || res.Target.URL != servers[0].URL()+"/private" {
		t.Errorf("valid %v, %+v, target %s, warnings %+v", res.Valid, res.Preflight, res.Target.URL, res.Warnings)
	}
	wantTargets := []string{"", servers[1].URL() + "/private", servers[1].URL() + "/private"}
	opened, written := [2]int64{1, 1}, [2]int64{}
	for i := range res.Arms {
		a := &res.Arms[i]
		if a.Requests != 60 || a.Errors != 0 || a.Target != wantTargets[i] {
			t.Errorf("%s: %d requests, %d errors (%v), target %q", a.Name, a.Requests, a.Errors, a.ErrorClasses, a.Target)
		}
		at := min(i, 1)
		opened[at] += a.Connections.Opened
		written[at] += a.Connections.Attempts
	}
	for i, s := range servers {
		if stats := s.Stats(); stats.Requests != written[i] || stats.Connections.Accepted != opened[i] {
			t.Errorf("server %d saw %d requests on %d connections; %d were written on %d", i, stats.Requests, stats.Connections.Accepted, written[i], opened[i])
		}
	}
	if c := res.Comparison("response_time.p50", "v2"); c == nil || c.Blocks != 5 {
		t.Errorf("comparison %+v", c)
	}
}

func TestATargetThatDoesNotAnswerIsNamed(t *testing.T) {
	server, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	gone, err := testserver.Start(testserver.Config{})
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	runner, err := workload.NewRunner(twoTargets(server.URL(), gone.URL()), workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runner.Run(context.Background()); err == nil || !strings.HasPrefix(err.Error(), gone.URL()+" cannot be reached") {
		t.Errorf("error %v", err)
	}
}

// A server that picks what the connection is not for is there, and speaks TLS.
func TestAnotherProtocolByALPNIsNoDeadServer(t *testing.T) {
	server, err := testserver.Start(testserver.Config{TLS: true, HTTP2: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	plan := &workload.Plan{
		Target:  server.URL(),
		Arms:    []workload.Arm{{Name: "pooled", Policy: "pooled"}},
		Session: workload.SessionPlan{TLS: workload.TLSPlan{ALPN: []string{"h2", "http/1.1"}}},
		Mix:     operations("/"),
		Load:    workload.Load{Workers: 1, Requests: 1, Blocks: 1},
	}
	runner, err := workload.NewRunner(plan, workload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runner.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "(--alpn), or name the version of HTTP that the server chose") {
		t.Errorf("error %v", err)
	}
}

func TestTargetsOfArmsAreChecked(t *testing.T) {
	for want, change := range map[string]func(p *workload.Plan){
		`arms[1] has "v2", which has a target that has scheme "ftp"; use http or https`:                                                        func(p *workload.Plan) { p.Arms[1].Target = "ftp://b/" },
		`arms[1] has "v2", which has a target that names no host; write it as in http://localhost:8080/`:                                       func(p *workload.Plan) { p.Arms[1].Target = "http://" },
		`arms[1] has "v2", which has a target with the scheme https, and the plan's has http; use the same one, or the comparison is of TLS`:   func(p *workload.Plan) { p.Arms[1].Target = "HTTPS://b" },
		`arms[0] has "v1", which has a target of its own; name the first arm's as the plan's target, which is that of all arms that have none`: func(p *workload.Plan) { p.Arms[0].Target = "http://c" },
		`arms[1] has "v2", which has a target of its own; name the first arm's as the plan's target, which is that of all arms that have none`: func(p *workload.Plan) { p.Target = "" },
		`arms[1] has "v2", which has a target, but all URLs of the mix name their hosts; write them without, as in get: /items`:                func(p *workload.Plan) { p.Mix[0].URL = "http://a/private" },
	} {
		p := twoTargets("http://a", "http://b")
		change(p)
		if err := p.Validate(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestTargetsOfArmsAreWrittenAndRead(t *testing.T) {
	p := twoTargets("http://a", "http://b")
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	read, err := planfile.Parse(filepath.Join(t.TempDir(), "plan.json"), data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read.Arms, p.Arms) {
		t.Errorf("read %+v, want %+v", read.Arms, p.Arms)
	}
	p.Arms[1].Target = "http://me:hunter2@b"
	masked := p.Masked()
	if got := masked.Arms[1].Target; strings.Contains(got, "hunter2") || !strings.Contains(got, "@b") {
		t.Errorf("masked %q", got)
	}
	if p.Arms[1].Target != "http://me:hunter2@b" {
		t.Error("masking changed the plan")
	}
}
