//go:build linux

package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestReportIsAsRecorded(t *testing.T) {
	pooled := workload{name: "pooled-http", title: "Pooled, http", url: func(*nginx, string) string { return "" }}
	fresh := workload{name: "fresh-https", title: "Fresh, https", use: useFresh, url: pooled.url}
	pacing := workload{name: "pacing", title: "Pacing: open model"}
	d := document{
		made:     "2030-01-02, commit abc1234",
		host:     []string{"CPU: one"},
		method:   []string{"Rounds: 2"},
		versions: []string{"wrk 4.1.0"},
		tools:    []string{"sessbench", "wrk", "hey", "k6"},
		missing:  map[string]string{"k6": "go install failed"},
		about:    map[string]string{"wrk": "written in C"},
		baseline: "sessbench",
		conns:    32,
		ran:      []workload{pooled, fresh, pacing},
		samples: []sample{
			{Workload: "pooled-http", Tool: "sessbench", Round: 1, Seconds: 1, Wall: 1, CPU: 1.2, Memory: 20 << 20, Requests: 100000, Connections: 33},
			{Workload: "pooled-http", Tool: "wrk", Round: 1, Seconds: 1, Wall: 1, CPU: 1, Memory: 5 << 20, Requests: 100000, Connections: 33},
			{Workload: "pooled-http", Tool: "hey", Round: 1, Seconds: 1, Wall: 1, CPU: 1, Memory: 50 << 20, Requests: 40000, Connections: 113, Said: said{Errors: 7}},
			{Workload: "pooled-http", Tool: "sessbench", Round: 2, Seconds: 1, Wall: 1, CPU: 1, Memory: 20 << 20, Requests: 80000, Connections: 33, Said: said{Notes: []string{"generator_saturated"}}},
			{Workload: "pooled-http", Tool: "wrk", Round: 2, Seconds: 1, Wall: 2.5, CPU: 1, Memory: 5 << 20, Requests: 100000, Connections: 33},
			{Workload: "pooled-http", Tool: "hey", Round: 2, Seconds: 1, Failure: "exit status 1: no"},
			{Workload: "fresh-https", Tool: "sessbench", Round: 1, Seconds: 1, Wall: 1, CPU: 1, Memory: 20 << 20, Requests: 2000, Connections: 2001, TLSFull: 2000},
			{Workload: "fresh-https", Tool: "wrk", Round: 1, Seconds: 1, Wall: 1, CPU: 1, Memory: 5 << 20, Requests: 3000, Connections: 3020, TLSFull: 32, TLSResumed: 2968},
			{Workload: "pacing", Tool: "sessbench", Round: 1, Seconds: 1, Wall: 1.25, CPU: 0.1, Requests: 1000,
				Said: said{Latency: &quantiles{P50: 0.0001, P99: 0.0004}, Lag: &quantiles{P50: 0.00006, P99: 0.0006}},
				Pace: &pace{Arrived: 1000, Due: 1000, Deviation: quantiles{P50: 0.00002, P99: 0.0003}, Worst: 0.001, Held: quantiles{P50: 0.00003, P99: 0.00009}}},
			{Workload: "pacing", Tool: "hey", Round: 1, Seconds: 1, Wall: 1, CPU: 0.1, Requests: 990,
				Pace: &pace{Arrived: 990, Due: 1000, Deviation: quantiles{P50: 0.0002, P99: 0.003}, Worst: 0.01, Held: quantiles{P50: 0.00003, P99: 0.00009}}, Again: 2, Stolen: 0.004},
		},
	}
	golden := filepath.Join("testdata", "report.md")
	got := d.render()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(recorded(t, "report.md")); got != want {
		t.Errorf("the report differs from %s (-update writes it anew); got:\n%s", golden, got)
	}
}

func TestRunsWithoutAFigureFailASmokeTest(t *testing.T) {
	good := sample{Tool: "wrk", Requests: 1}
	if err := unusable([]sample{good}); err != nil {
		t.Error(err)
	}
	for name, samples := range map[string][]sample{
		"nothing ran":         nil,
		"a tool failed":       {good, {Tool: "hey", Requests: 1, Failure: "exit status 1"}},
		"a tool sent nothing": {good, {Tool: "hey"}},
	} {
		if unusable(samples) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
