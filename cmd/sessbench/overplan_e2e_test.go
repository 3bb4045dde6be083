package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
)

func TestAPlanIsMeasuredAndItsThresholdsAreJudged(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	plan := writePlan(t, `
target: `+s.URL()+`
arms: [pooled, {name: twice, requests_per_connection: 2}]
session: {tls: {ca: `+trust[1]+`}, headers: {X-From: plan}}
mix: [{name: small, get: /bytes/100}]
load: {requests: 40, workers: 1, blocks: 4}
thresholds:
  - pooled.operations.small.response_time.p99 < 1m
  - twice.connections.opened < 20
  - {condition: pooled.offered_rate > 3, abort_early: true}
`)
	out := filepath.Join(t.TempDir(), "r.json")
	res := measured(t, exitHeld, "compare", "--plan", plan, "-o", out)
	if len(res.Arms) != 2 || res.Arms[0].Requests != 40 || res.Arms[1].Connections.Opened != 20 || res.Arms[0].Operations[0].Name != "small" {
		t.Fatalf("%d arms, the first with %d requests, the last with %+v", len(res.Arms), res.Arms[0].Requests, res.Arms[1].Connections)
	}
	judged := res.Thresholds
	if len(judged) != 3 || !judged[0].Met || judged[0].Value <= 0 || judged[1].Met || judged[1].Value != 20 || judged[2].Met || judged[2].Problem == "" || judged[2].Aborted {
		t.Errorf("%+v", judged)
	}

	// What was saved is a plan too, for one arm of it and with other requests.
	again := measured(t, exitHeld, "run", "--plan", out, "--arms", "twice", "--set", "thresholds=[twice.requests > 60]", "-n", "60", "--set", "mix.small.get=/bytes/7")
	if a := again.Arms[0]; a.Name != "twice" || a.Requests != 60 || a.Connections.Opened != 30 || a.BytesIn >= res.Arms[1].BytesIn*2 || again.Thresholds[0].Value != 60 {
		t.Errorf("%+v, %+v", a.Connections, again.Thresholds)
	}
	if saved, err := result.ReadFile(out); err != nil || saved.Arms[0].Requests != 40 {
		t.Errorf("the saved result was replaced: %v", err)
	}

	c := newRealConsole()
	row := regexp.MustCompile(`(?m)^twice\.connections\.opened < 20 +20  FAIL$`)
	if code := c.sessbench(t, "report", out); code != exitDone || !row.MatchString(c.out.String()) {
		t.Errorf("exit code %d, report\n%s", code, c.out.String())
	}
}

func TestAURLAndFlagsTakeThePlaceOfWhatAPlanSays(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	nobody := writePlan(t, "target: http://127.0.0.1:1\nmix: [{post: bytes/5, json: {a: 1}}]\nload: {duration: 10h}\nthresholds: [pooled.requests == 20]\n")
	res := measured(t, exitDone, "run", "--plan", nobody, s.URL()+"/redirect/../", "-n", "20", "-c", "1", "-X", "GET", "--body", "")
	if a := res.Arms[0]; a.Requests != 20 || a.Errors != 0 || a.Status["200"] != 20 || a.Operations[0].Name != "GET /bytes/5" && a.Operations[0].Name != "GET bytes/5" {
		t.Errorf("%d requests, %d errors, status %v of %s", a.Requests, a.Errors, a.Status, a.Operations[0].Name)
	}
	if !res.Thresholds[0].Met {
		t.Errorf("%+v", res.Thresholds)
	}
}

// What no run can tell is refused before anything is sent.
func TestConditionsOfAPlanAreCheckedBeforeTheLoad(t *testing.T) {
	s, _ := server(t, testserver.Config{})
	plan := writePlan(t, "target: "+s.URL()+"\nmix: [{name: list, get: /}]\nthresholds: [pooled.operations.lst.error_rate < 1%]\n")
	c := newRealConsole()
	if code := c.sessbench(t, "compare", "--plan", plan); code != exitUsage || !strings.Contains(c.err.String(), plan+`:3:14: thresholds[0]: cannot be judged: there is no "lst" in operations; did you mean list?`) {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
	if opened := s.Stats().Connections.Accepted; opened != 0 {
		t.Errorf("%d connections were opened", opened)
	}
}

// Files that flags name are where the user is, and those of the plan are where it is.
func TestFlagsNameFilesWhereTheUserIs(t *testing.T) {
	s, trust := server(t, testserver.Config{TLS: true})
	dir := t.TempDir()
	t.Chdir(dir)
	authorities, err := os.ReadFile(trust[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("plans", 0o777); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"ca.pem": authorities, filepath.Join("plans", "plan.yaml"): []byte("mix: [{get: /}]\nsession: {tls: {ca: wrong.pem}}\n")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	res := measured(t, exitDone, "run", "--plan", filepath.Join("plans", "plan.yaml"), s.URL(), "-n", "10", "-c", "1", "--cacert", "ca.pem", "-o", "r.json")
	if res.Arms[0].Errors != 0 || !strings.Contains(string(res.Plan), `"ca": "ca.pem"`) && !strings.Contains(string(res.Plan), `"ca":"ca.pem"`) {
		t.Errorf("%s", res.Plan)
	}
	// From the saved result, too.
	if err := os.Rename("r.json", filepath.Join("plans", "r.json")); err != nil {
		t.Fatal(err)
	}
	measured(t, exitDone, "run", "--plan", filepath.Join("plans", "r.json"))
}
