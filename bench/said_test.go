//go:build linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"sessbench/result"
	"sessbench/stats"
)

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestErrorsAreReadFromWhatToolsPrint(t *testing.T) {
	for _, c := range []struct {
		file  string
		parse func([]byte) (said, error)
		want  int64
	}{
		{"wrk.txt", parseWrk, 0},
		{"wrk-503.txt", parseWrk, 145821},
		{"ab.txt", parseAb, 0},
		{"ab-503.txt", parseAb, 200},
		{"h2load.txt", parseH2load, 0},
		{"h2load-503.txt", parseH2load, 200},
		{"hey.txt", parseHey, 0},
		{"hey-503.txt", parseHey, 200},
		{"hey-refused.txt", parseHey, 200},
		{"vegeta.json", parseVegeta, 0},
		{"vegeta-503.json", parseVegeta, 100},
		{"k6-503.json", parseK6, 1435},
	} {
		got, err := c.parse(recorded(t, c.file))
		if err != nil || got.Errors != c.want {
			t.Errorf("%s: %d errors, %v; want %d", c.file, got.Errors, err, c.want)
		}
	}
}

func TestWrkSocketErrorsAreAdded(t *testing.T) {
	got, err := parseWrk([]byte("  10 requests in 1.00s, 1MB read\n  Socket errors: connect 1, read 2, write 3, timeout 4\n"))
	if err != nil || got.Errors != 10 {
		t.Errorf("got %+v, %v; want 10 errors", got, err)
	}
}

func TestOutputWithoutASummaryIsAnError(t *testing.T) {
	for name, parse := range map[string]func([]byte) (said, error){
		"wrk": parseWrk, "ab": parseAb, "h2load": parseH2load, "hey": parseHey, "vegeta": parseVegeta,
		"k6": parseK6, "sessbench": parseSessbench, "refclient": parseRefclient,
	} {
		for _, out := range []string{"", "unable to connect to 127.0.0.1:1\n"} {
			if got, err := parse([]byte(out)); err == nil {
				t.Errorf("%s of %q: %+v, want an error", name, out, got)
			}
		}
	}
}

func TestLatenciesAreTurnedIntoSeconds(t *testing.T) {
	v, err := parseVegeta(recorded(t, "vegeta-503.json"))
	if err != nil || !near(v.Latency.P50, 177161e-9) || !near(v.Latency.P99, 2293254e-9) {
		t.Errorf("vegeta: %+v, %v", v.Latency, err)
	}
	k, err := parseK6(recorded(t, "k6-503.json"))
	if err != nil || !near(k.Latency.P50, 0.125795e-3) || !near(k.Latency.P99, 5.706252e-3) {
		t.Errorf("k6: %+v, %v", k.Latency, err)
	}
	if want := []string{"dropped 2567 iterations"}; !reflect.DeepEqual(k.Notes, want) {
		t.Errorf("k6 notes %q, want %q", k.Notes, want)
	}
}

func TestSessbenchResultIsRead(t *testing.T) {
	out, err := json.Marshal(result.Result{
		Schema: result.Schema,
		Arms: []result.Arm{{Name: "pooled", Numbers: result.Numbers{
			Errors:       3,
			ResponseTime: stats.Summary{P50: 0.001, P99: 0.002},
			ScheduleLag:  stats.Summary{P50: 0.00005, P99: 0.0004},
		}}},
		Warnings: []result.Warning{{Code: "generator_saturated"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseSessbench(out)
	want := said{
		Errors: 3, Latency: &quantiles{P50: 0.001, P99: 0.002}, Lag: &quantiles{P50: 0.00005, P99: 0.0004},
		Notes: []string{"generator_saturated"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}
