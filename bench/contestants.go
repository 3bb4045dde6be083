//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A work is what one run asks of a contestant.
type work struct {
	URL     string
	Use     use
	Conns   int           // connections, or workers where a tool has those
	Streams int           // HTTP/2 with so many at a time on each connection; 0: HTTP/1.1
	Length  time.Duration // how long to offer load
	Rate    int           // requests per second in the open model; 0: closed model
	Dir     string        // scratch files of this run, absolute
}

// pooled says whether connections are kept.
func (w work) pooled() bool { return w.Use == usePooled }

// workers is how many requests are under way at a time.
func (w work) workers() int { return w.Conns * max(1, w.Streams) }

// A contestant is a load generator and how to make it do a work.
type contestant struct {
	name   string
	binary string // the program's file name
	about  string // for the table's notes

	// argv is the command line without the program; files are written into the
	// work's directory before.
	argv  func(work) []string
	files func(work) map[string]string
	env   []string

	closed, open bool // the models it can offer
	limited      bool // it can slow a closed model down to a rate, which is what it has for an open one
	http2        bool // it can offer many streams on a connection
	freshOnly    bool // it takes no part where connections are kept
	wholeSeconds bool // its duration takes no fractions, or is at least one second
	okExits      []int
	stopped      func(work) bool // it does not end by itself in this work

	// said reads what the tool itself reports; nil where nothing is asked of it.
	said func(ctx context.Context, binary string, w work, stdout []byte) (said, error)
}

// A said is what a tool reports about its own run. Times are seconds.
type said struct {
	Errors  int64      `json:"errors"`
	Latency *quantiles `json:"latency,omitempty"`
	Lag     *quantiles `json:"lag,omitempty"` // start of a request behind its schedule
	GC      float64    `json:"gc,omitempty"`  // CPU seconds of garbage collection; 0: not told
	Notes   []string   `json:"notes,omitempty"`
}

// quantiles are seconds; those of P90 and P999 that a tool does not tell are 0.
type quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90,omitempty"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9,omitempty"`
}

// length is how long the contestant is told to run where d is asked for.
func (c contestant) length(d time.Duration) time.Duration {
	if c.wholeSeconds {
		return time.Duration(math.Ceil(d.Seconds())) * time.Second
	}
	return d
}

// contestants are all that the harness knows, the subject first.
func contestants() []contestant {
	return []contestant{
		sessbench(), sessbenchClose(), reference("fasthttp"), reference("net/http"), spinner(),
		wrk(), ab(), h2load(), hey(), vegeta(), k6(),
	}
}

func sessbench() contestant {
	return contestant{
		name: "sessbench", binary: "sessbench", closed: true, open: true, http2: true,
		okExits: []int{4}, // see expected
		argv: func(w work) []string {
			args := []string{"run", "--arms", arm(w), "--warmup", "0s",
				"-c", strconv.Itoa(w.workers()), "-d", w.Length.String()}
			if w.Rate > 0 {
				// One block: a pause between blocks would look like lateness.
				args = append(args, "--rate", strconv.Itoa(w.Rate), "--blocks", "1")
			}
			if strings.HasPrefix(w.URL, "https:") {
				args = append(args, "--curves", classicCurves)
			}
			return append(args, "-q", "--format", "json", "-k", w.URL)
		},
		said: func(_ context.Context, _ string, w work, stdout []byte) (said, error) {
			s, err := parseSessbench(stdout)
			s.Notes = slices.DeleteFunc(s.Notes, func(code string) bool { return expected(code, w) })
			return s, err
		},
	}
}

// Go offers a post-quantum key exchange unless it is told not to, which costs the client even where the
// server cannot do it, as OpenSSL 3.0 cannot. The tools in C and older builds of those in Go do not offer it. So that all
// do the same work, nobody does.
const (
	classicCurves = "X25519,P-256"
	classicGo     = "GODEBUG=tlsmlkem=0"
)

// sessbenchClose has the server close the connection first, as it does for all other
// tools. Then it is the server that has to keep the connection's ports.
func sessbenchClose() contestant {
	c := sessbench()
	plain := c.argv
	c.name, c.open, c.http2, c.freshOnly = "sessbench-close", false, false, true
	c.about = "sessbench with the header Connection: close, which makes it the same exchange as that of the other tools"
	c.argv = func(w work) []string { return append([]string{"run", "-H", "Connection: close"}, plain(w)[1:]...) }
	return c
}

// expected says whether a warning of sessbench follows from what the harness made it do:
// load this machine, accept any certificate, and in the closed model keep its only CPU
// busy, for which it calls the run invalid (exit code 4).
func expected(code string, w work) bool {
	return code == "loopback" || code == "unverified_tls" || code == "generator_saturated" && w.Rate == 0
}

func arm(w work) string {
	switch {
	case w.Streams > 0:
		return fmt.Sprintf("h2=shared-pool+http2+pool-%d+streams-%d", w.Conns, w.Streams)
	case w.Use == useFresh:
		return "fresh"
	case w.Use == useResumed:
		return "fresh-resumed"
	}
	return "pooled"
}

// reference is one of the two bare clients of cmd/refclient.
func reference(client string) contestant {
	return contestant{
		name: client, binary: "refclient", closed: true, env: []string{classicGo},
		about: "bare client of that library in a loop, no measurement of single requests",
		argv: func(w work) []string {
			return []string{"-client", client, "-pooled=" + strconv.FormatBool(w.pooled()),
				"-c", strconv.Itoa(w.Conns), "-d", w.Length.String(), w.URL}
		},
		said: fromStdout(parseRefclient),
	}
}

func spinner() contestant {
	return contestant{
		name: "spin", binary: "refclient", open: true,
		about: "sends from a loop that never sleeps: what this machine and this measurement can do at best",
		argv: func(w work) []string {
			return []string{"-client", "spin", "-rate", strconv.Itoa(w.Rate),
				"-c", strconv.Itoa(w.Conns), "-d", w.Length.String(), w.URL}
		},
		said: fromStdout(parseRefclient),
	}
}

func wrk() contestant {
	return contestant{
		name: "wrk", binary: "wrk", closed: true, wholeSeconds: true,
		argv: func(w work) []string {
			args := []string{"-t1", "-c" + strconv.Itoa(w.Conns), "-d" + strconv.Itoa(int(w.Length.Seconds())) + "s"}
			if !w.pooled() {
				args = append(args, "-H", "Connection: close")
			}
			return append(args, w.URL)
		},
		said: fromStdout(parseWrk),
	}
}

func ab() contestant {
	return contestant{
		name: "ab", binary: "ab", closed: true, wholeSeconds: true,
		about: "speaks HTTP/1.0",
		argv: func(w work) []string {
			// -t alone implies -n 50000; ab allots 32 bytes for each request of -n.
			seconds := int(w.Length.Seconds())
			args := []string{"-q", "-c", strconv.Itoa(w.Conns),
				"-t", strconv.Itoa(seconds), "-n", strconv.Itoa(seconds * 300_000)}
			if w.pooled() {
				args = append(args, "-k")
			}
			return append(args, w.URL)
		},
		said: fromStdout(parseAb),
	}
}

func h2load() contestant {
	return contestant{
		name: "h2load", binary: "h2load", closed: true, http2: true,
		argv: func(w work) []string {
			version := []string{"--h1"}
			if w.Streams > 0 {
				version = []string{"-m", strconv.Itoa(w.Streams)}
			}
			args := append(version, "-t1", "-c", strconv.Itoa(w.Conns),
				"-D", strconv.FormatInt(w.Length.Milliseconds(), 10)+"ms")
			if !w.pooled() {
				args = append(args, "-H", "Connection: close")
			}
			return append(args, w.URL)
		},
		about: "with fresh connections and a duration h2load 1.52 never ends; it is stopped when its time is up",
		stopped: func(w work) bool {
			return !w.pooled()
		},
		said: func(_ context.Context, _ string, w work, stdout []byte) (said, error) {
			if !w.pooled() {
				return said{}, nil // stopped before its summary
			}
			return parseH2load(stdout)
		},
	}
}

func hey() contestant {
	return contestant{
		name: "hey", binary: "hey", closed: true, limited: true, http2: true, env: []string{classicGo},
		argv: func(w work) []string {
			args := []string{"-z", w.Length.String(), "-c", strconv.Itoa(w.workers())}
			if w.Streams > 0 {
				args = append(args, "-h2")
			}
			if w.Rate > 0 { // of each worker
				args = append(args, "-q", strconv.FormatFloat(float64(w.Rate)/float64(w.workers()), 'f', -1, 64))
			}
			if !w.pooled() {
				args = append(args, "-disable-keepalive")
			}
			return append(args, w.URL)
		},
		said: fromStdout(parseHey),
	}
}

func vegeta() contestant {
	return contestant{
		name: "vegeta", binary: "vegeta", closed: true, open: true, http2: true, env: []string{classicGo},
		files: func(w work) map[string]string {
			return map[string]string{"targets": "GET " + w.URL + "\n"}
		},
		argv: func(w work) []string {
			n := strconv.Itoa(w.workers())
			rate := "0"
			if w.Rate > 0 {
				rate = strconv.Itoa(w.Rate) + "/s"
			}
			return []string{"attack", "-rate=" + rate, "-workers=" + n, "-max-workers=" + n, "-connections=" + n,
				"-keepalive=" + strconv.FormatBool(w.pooled()), "-http2=" + strconv.FormatBool(w.Streams > 0), "-insecure",
				"-session-tickets=" + strconv.FormatBool(w.Use == useResumed),
				"-duration=" + w.Length.String(),
				"-targets=" + filepath.Join(w.Dir, "targets"), "-output=" + filepath.Join(w.Dir, "results")}
		},
		said: func(ctx context.Context, binary string, w work, _ []byte) (said, error) {
			out, err := exec.CommandContext(ctx, binary, "report", "-type=json", filepath.Join(w.Dir, "results")).Output()
			if err != nil {
				return said{}, fmt.Errorf("vegeta report: %w", err)
			}
			s, err := parseVegeta(out)
			if err != nil || w.Rate == 0 {
				return s, err
			}
			if out, err = exec.CommandContext(ctx, binary, "report", "-type=hdrplot", filepath.Join(w.Dir, "results")).Output(); err == nil {
				s.Latency.P999 = vegetaP999(out)
			}
			return s, err
		},
	}
}

func k6() contestant {
	return contestant{
		name: "k6", binary: "k6", closed: true, open: true, http2: true, wholeSeconds: true,
		env: []string{classicGo, "K6_NO_USAGE_REPORT=true", "K6_AUTO_EXTENSION_RESOLUTION=false"},
		files: func(w work) map[string]string {
			return map[string]string{"script.js": k6Script(w), "config.json": "{}\n"}
		},
		argv: func(w work) []string {
			return []string{"run", "--quiet", "--no-usage-report", "--address", "",
				"--config", filepath.Join(w.Dir, "config.json"), filepath.Join(w.Dir, "script.js")}
		},
		said: func(_ context.Context, _ string, w work, _ []byte) (said, error) {
			b, err := os.ReadFile(filepath.Join(w.Dir, "summary.json"))
			if err != nil {
				return said{}, err
			}
			return parseK6(b)
		},
	}
}

func k6Script(w work) string {
	scenario := map[string]any{
		"executor": "constant-vus", "vus": w.workers(), "duration": w.Length.String(), "gracefulStop": "2s",
	}
	if w.Rate > 0 {
		scenario = map[string]any{
			"executor": "constant-arrival-rate", "rate": w.Rate, "timeUnit": "1s", "duration": w.Length.String(),
			"preAllocatedVUs": w.Conns, "maxVUs": w.Conns, "gracefulStop": "2s",
		}
	}
	options := map[string]any{
		"scenarios":             map[string]any{"load": scenario},
		"noConnectionReuse":     !w.pooled(),
		"insecureSkipTLSVerify": true,
		"discardResponseBodies": true,
		"summaryTrendStats":     []string{"med", "p(90)", "p(99)", "p(99.9)"},
	}
	return fmt.Sprintf(`import http from 'k6/http';
export const options = %s;
export default function () { http.get(%s); }
export function handleSummary(data) { return { %s: JSON.stringify(data) }; }
`, jsonText(options), jsonText(w.URL), jsonText(filepath.Join(w.Dir, "summary.json")))
}

// jsonText renders maps, strings, numbers and booleans, which cannot fail.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// fromStdout adapts a parser of what a tool prints.
func fromStdout(parse func([]byte) (said, error)) func(context.Context, string, work, []byte) (said, error) {
	return func(_ context.Context, _ string, _ work, stdout []byte) (said, error) { return parse(stdout) }
}
