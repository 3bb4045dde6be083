//go:build linux

package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCommandLines(t *testing.T) {
	pooled := work{URL: "http://127.0.0.1:1/", Conns: 32, Length: 3 * time.Second, Dir: "/d"}
	fresh := pooled
	fresh.URL, fresh.Use = "https://127.0.0.1:2/", useFresh
	again := fresh
	again.Use = useResumed
	two := pooled
	two.URL, two.Conns, two.Streams = "https://127.0.0.1:3/", 8, 4
	paced := pooled
	paced.Rate = 1000
	for _, c := range []struct {
		tool string
		work work
		want string
	}{
		{"sessbench", pooled, "run --arms pooled --warmup 0s -c 32 -d 3s -q --format json -k http://127.0.0.1:1/"},
		{"sessbench", fresh, "run --arms fresh --warmup 0s -c 32 -d 3s --curves X25519,P-256 -q --format json -k https://127.0.0.1:2/"},
		{"sessbench", again, "run --arms fresh-resumed --warmup 0s -c 32 -d 3s --curves X25519,P-256 -q --format json -k https://127.0.0.1:2/"},
		{"sessbench", two, "run --arms h2=shared-pool+http2+pool-8+streams-4 --warmup 0s -c 32 -d 3s --curves X25519,P-256 -q --format json -k https://127.0.0.1:3/"},
		{"h2load", two, "-m 4 -t1 -c 8 -D 3000ms https://127.0.0.1:3/"},
		{"hey", two, "-z 3s -c 32 -h2 https://127.0.0.1:3/"},
		{"vegeta", two, "attack -rate=0 -workers=32 -max-workers=32 -connections=32 -keepalive=true -http2=true -insecure -session-tickets=false -duration=3s -targets=/d/targets -output=/d/results"},
		{"vegeta", again, "attack -rate=0 -workers=32 -max-workers=32 -connections=32 -keepalive=false -http2=false -insecure -session-tickets=true -duration=3s -targets=/d/targets -output=/d/results"},
		{"sessbench", paced, "run --arms pooled --warmup 0s -c 32 -d 3s --rate 1000 --blocks 1 -q --format json -k http://127.0.0.1:1/"},
		{"sessbench-close", fresh, "run -H|Connection: close|--arms fresh --warmup 0s -c 32 -d 3s --curves X25519,P-256 -q --format json -k https://127.0.0.1:2/"},
		{"fasthttp", pooled, "-client fasthttp -pooled=true -c 32 -d 3s http://127.0.0.1:1/"},
		{"net/http", fresh, "-client net/http -pooled=false -c 32 -d 3s https://127.0.0.1:2/"},
		{"spin", paced, "-client spin -rate 1000 -c 32 -d 3s http://127.0.0.1:1/"},
		{"wrk", pooled, "-t1 -c32 -d3s http://127.0.0.1:1/"},
		{"wrk", fresh, "-t1 -c32 -d3s -H|Connection: close|https://127.0.0.1:2/"},
		{"ab", pooled, "-q -c 32 -t 3 -n 900000 -k http://127.0.0.1:1/"},
		{"ab", fresh, "-q -c 32 -t 3 -n 900000 https://127.0.0.1:2/"},
		{"h2load", pooled, "--h1 -t1 -c 32 -D 3000ms http://127.0.0.1:1/"},
		{"h2load", fresh, "--h1 -t1 -c 32 -D 3000ms -H|Connection: close|https://127.0.0.1:2/"},
		{"hey", pooled, "-z 3s -c 32 http://127.0.0.1:1/"},
		{"hey", fresh, "-z 3s -c 32 -disable-keepalive https://127.0.0.1:2/"},
		{"vegeta", pooled, "attack -rate=0 -workers=32 -max-workers=32 -connections=32 -keepalive=true -http2=false -insecure -session-tickets=false -duration=3s -targets=/d/targets -output=/d/results"},
		{"vegeta", paced, "attack -rate=1000/s -workers=32 -max-workers=32 -connections=32 -keepalive=true -http2=false -insecure -session-tickets=false -duration=3s -targets=/d/targets -output=/d/results"},
		{"k6", pooled, "run --quiet --no-usage-report --address||--config /d/config.json /d/script.js"},
	} {
		// A bar separates arguments where one holds a space or is empty.
		got := known(t, c.tool).argv(c.work)
		if want := split(c.want); !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", c.tool, got, want)
		}
	}
}

func split(line string) []string {
	var args []string
	for i, part := range strings.Split(line, "|") {
		if i%2 == 0 {
			args = append(args, strings.Fields(part)...)
		} else {
			args = append(args, part)
		}
	}
	return args
}

func known(t *testing.T, name string) contestant {
	t.Helper()
	for _, c := range contestants() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no contestant %q", name)
	return contestant{}
}

func TestK6ScriptStatesTheWork(t *testing.T) {
	w := work{URL: "https://127.0.0.1:2/", Use: useFresh, Conns: 32, Length: 3 * time.Second, Dir: "/d"}
	scenario, options := k6Options(t, w)
	if scenario["executor"] != "constant-vus" || scenario["vus"] != 32.0 || scenario["duration"] != "3s" {
		t.Errorf("closed model: %v", scenario)
	}
	if options["noConnectionReuse"] != true || options["insecureSkipTLSVerify"] != true {
		t.Errorf("fresh https: %v", options)
	}
	w.Use, w.Rate = usePooled, 1000
	scenario, options = k6Options(t, w)
	if scenario["executor"] != "constant-arrival-rate" || scenario["rate"] != 1000.0 || scenario["maxVUs"] != 32.0 {
		t.Errorf("open model: %v", scenario)
	}
	if options["noConnectionReuse"] != false {
		t.Errorf("pooled: %v", options)
	}
	script := k6Script(w)
	for _, want := range []string{`http.get("https://127.0.0.1:2/")`, `"/d/summary.json": JSON.stringify(data)`} {
		if !strings.Contains(script, want) {
			t.Errorf("script lacks %s:\n%s", want, script)
		}
	}
}

func k6Options(t *testing.T, w work) (scenario, options map[string]any) {
	t.Helper()
	_, rest, _ := strings.Cut(k6Script(w), "export const options = ")
	text, _, _ := strings.Cut(rest, ";\n")
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		t.Fatal(err)
	}
	return options["scenarios"].(map[string]any)["load"].(map[string]any), options
}

func TestToolsWithWholeSecondsRunForAtLeastOne(t *testing.T) {
	for tool, want := range map[string]time.Duration{
		"wrk": 2 * time.Second, "ab": 2 * time.Second, "k6": 2 * time.Second, "hey": 1100 * time.Millisecond,
	} {
		if got := known(t, tool).length(1100 * time.Millisecond); got != want {
			t.Errorf("%s: %v, want %v", tool, got, want)
		}
	}
}
