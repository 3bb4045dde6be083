package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/testserver"
)

// The arms of a comparison are asked for the same things with the same values in each block, however the load is offered, and nothing
// that should be unique comes twice.
func TestArmsGetTheSameIterations(t *testing.T) {
	const plan = `
arms: [pooled, fresh]
feeds: {rows: {csv: rows.csv, pick: round-robin}, any: {csv: rows.csv, pick: random}}
mix:
  - {name: a, weight: 7, get: "/a?x={{randint(1, 1000000)}}&any={{any.n}}", headers: {Idempotency-Key: "{{uuid()}}"}}
  - {name: row, weight: 2, get: "/row?n={{rows.n}}"}
  - {name: c, steps: [{post: /c1, json: {x: "{{choice(1, 2, 3)}}", y: "{{rand()}}"}}, {get: /c2}]}
load: {warmup: 0s, blocks: 4, workers: 8, seed: 7}
`
	file := planFile(t, plan, "rows.csv", "n\n1\n2\n3\n4\n5\n6\n7\n")
	for name, load := range map[string][]string{
		"count":    {"-n", "800"},
		"constant": {"-d", "400ms", "-r", "1000"},
		"poisson":  {"-d", "400ms", "-r", "1000", "--arrivals", "poisson"},
		"stages":   {"--set", "load.stages=[{rate: 1000, duration: 150ms}, {rate: 500, duration: 50ms, shape: spike}]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startScribe(t)
			res := measured(t, exitDone, append([]string{"compare", "--plan", file, "--set", "target=" + s.URL}, load...)...)
			seen := s.take()
			parts := trialsOf(t, res, seen)
			for block := range 4 {
				pooled, fresh := parts[fmt.Sprint("pooled ", block)], parts[fmt.Sprint("fresh ", block)]
				if len(pooled) < 50 || !slices.Equal(wanted(pooled), wanted(fresh)) {
					t.Errorf("block %d: %d and %d requests, which are not the same", block, len(pooled), len(fresh))
				}
			}
			if slices.Equal(wanted(parts["pooled 0"]), wanted(parts["pooled 1"])) {
				t.Error("two blocks have the same requests")
			}
			keys := map[string]bool{}
			for _, a := range seen {
				if a.key != "" && keys[a.key] {
					t.Errorf("the key %s came twice", a.key)
				}
				keys[a.key] = true
			}
		})
	}
}

// wanted is what was asked for, whatever its order.
func wanted(seen []sighting) []string {
	var list []string
	for _, a := range seen {
		list = append(list, a.method+" "+a.path+" "+a.query+" "+a.body)
	}
	slices.Sort(list)
	return list
}

// Weights are shares of the iterations, and the report's numbers are the server's.
func TestTheMixHasItsShares(t *testing.T) {
	s := startScribe(t)
	const n = 10_000
	res := measured(t, exitDone, "run", "--plan", planFile(t, `
arms: [pooled]
mix: [{name: a, weight: 7, get: /a}, {name: b, weight: 2, get: /b}, {name: c, get: /c}]
`), "--set", "target="+s.URL, "-n", fmt.Sprint(n), "--warmup", "0s", "--blocks", "1", "-c", "4")
	seen := map[string]int64{}
	for _, a := range s.take() {
		seen[strings.TrimPrefix(a.path, "/")]++
	}
	for i, share := range []float64{0.7, 0.2, 0.1} {
		o := res.Arms[0].Operations[i]
		if o.Requests != seen[o.Name] {
			t.Errorf("%s: %d requests, the server saw %d", o.Name, o.Requests, seen[o.Name])
		}
		// Four standard deviations of a binomial share.
		if off := float64(o.Requests) - share*n; off*off > 16*n*share*(1-share) {
			t.Errorf("%s: %d of %d iterations, want a share of %v", o.Name, o.Requests, n, share)
		}
	}
}

// A feed that ends ends the load of all arms at the same row, with a warning, and every row was sent once by each arm.
func TestAFeedEndsTheLoadOfAllArms(t *testing.T) {
	const rows = 150
	text := "n\n"
	for i := range rows {
		text += fmt.Sprintln(i)
	}
	for name, more := range map[string][]string{
		"iterations":  {"--set", `mix=[{get: "/row?n={{rows.n}}"}]`},
		"open model":  {"--set", `mix=[{get: "/row?n={{rows.n}}"}]`, "-r", "2000"},
		"new session": {"--set", `setup=[{get: "/row?n={{rows.n}}"}]`, "--set", "session.renew_every=1", "--set", "mix=[{get: /items}]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startScribe(t)
			res := measured(t, exitDone, append([]string{"compare", "--plan", planFile(t, `
arms: [pooled, fresh]
feeds: {rows: {csv: rows.csv, pick: unique}}
mix: [{get: /}]
load: {workers: 4, duration: 40s, warmup: 0s, blocks: 4}
`, "rows.csv", text), "--set", "target=" + s.URL}, more...)...)
			seen := map[string]int{}
			for _, a := range s.take() {
				if a.path == "/row" {
					seen[a.query]++
				}
			}
			for i := range rows {
				if got := seen[fmt.Sprint("n=", i)]; got != 2 {
					t.Errorf("row %d was sent %d times by two arms", i, got)
				}
			}
			for _, a := range res.Arms {
				if a.Requests != rows || a.Errors != 0 {
					t.Errorf("%s: %d requests and %d errors, want %d", a.Name, a.Requests, a.Errors, rows)
				}
				if s := a.Sessions; name == "new session" && (s.Begun != rows || s.SetupRequests != rows) {
					t.Errorf("%s: sessions %+v", a.Name, s)
				}
			}
			of := func(w result.Warning) bool { return w.Code == "feed_ended" }
			if !slices.ContainsFunc(res.Warnings, of) {
				t.Errorf("warnings %+v", res.Warnings)
			}
		})
	}
}

// Scenarios, sessions that are renewed, extraction, checks and redirects are the same over every protocol and pool.
func TestPlansRunOverEveryProtocol(t *testing.T) {
	const plan = `
session: {renew_every: 7, follow: true}
arms: [pooled, fresh, shared-pool]
setup: [{get: "/httpbin/cookies/set?user=worker-{{worker}}"}, {get: /httpbin/uuid, extract: {id: {json: uuid}}}]
mix:
  - {name: zip, get: /httpbin/gzip, check: [unpacked: json.gzipped]}
  - {name: visit, steps: [{get: /httpbin/redirect/2, check: status == 200}, {get: "/httpbin/cookies?id={{id}}", check: 'body contains "worker-" + string(worker)'}]}
teardown: [{get: /httpbin/headers}]
load: {workers: 3, requests: 60, warmup: 0s, blocks: 2}
`
	for _, http := range []string{"1.1", "2", "3"} {
		t.Run(http, func(t *testing.T) {
			server, trust := server(t, testserver.Config{TLS: true, HTTP2: http == "2", HTTP3: http == "3"})
			res := measured(t, exitDone, append([]string{"compare", "--plan", planFile(t, plan), "--set", "target=" + server.URL(), "--http", http}, trust...)...)
			var written int64
			for _, a := range res.Arms {
				written += a.Connections.Attempts
				if a.Errors != 0 || a.Sessions.TeardownRequests != a.Sessions.Begun || a.Sessions.SetupRequests != 2*a.Sessions.Begun || a.Sessions.Begun < 9 {
					t.Errorf("%s: %v, sessions %+v", a.Name, a.ErrorClasses, a.Sessions)
				}
				if own := res.Arms[0].Scenarios[0]; a.Scenarios[0].Completed != own.Begun || own.Begun == 0 {
					t.Errorf("%s: %+v", a.Name, a.Scenarios)
				}
			}
			if got := server.Stats().Requests; got != written {
				t.Errorf("the server saw %d requests, and %d were written", got, written)
			}
		})
	}
}

// What is wrong with answers is told by its class and counted; the exit code is that of the gravest thing.
func TestWhatIsWrongWithAnswersIsCounted(t *testing.T) {
	s := startScribe(t)
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, `{"id":17}`)
	}
	file := planFile(t, `
arms: [pooled]
mix:
  - {name: right, get: /gone, expect: [404]}
  - {name: status, get: /gone}
  - {name: check, get: /x, check: [same: json.id == 18, kind: json.id == 17]}
  - {name: extract, get: /x, extract: {none: {json: missing}}}
  - {name: render, get: "/x?{{none}}"}
  - {name: broken, steps: [{get: /gone, name: one}, {get: /never, name: two}]}
load: {workers: 2, requests: 300, warmup: 0s, blocks: 1}
`)
	args := []string{"run", "--plan", file, "--set", "target=" + s.URL}
	a := measured(t, exitDone, args...).Arms[0]
	for _, o := range a.Operations {
		class := o.Name
		switch o.Name {
		case "broken/one":
			class = "status"
		case "broken/two":
			if o.Requests != 0 {
				t.Errorf("%d requests of a step after one that failed", o.Requests)
			}
			continue
		case "right":
			if o.Requests == 0 || o.Errors != 0 {
				t.Errorf("an expected 404 has errors: %v", o.ErrorClasses)
			}
			continue
		}
		if o.Requests == 0 || o.ErrorClasses[class] != o.Requests || len(o.ErrorClasses) != 1 {
			t.Errorf("%s: %d requests, %v", o.Name, o.Requests, o.ErrorClasses)
		}
		if o.Name == "check" && (o.Checks[0].Failed != o.Requests || o.Checks[1].Passed != o.Requests) {
			t.Errorf("%+v of %d requests", o.Checks, o.Requests)
		}
	}
	for code, more := range map[int][]string{
		exitHeld:  {"--set", `thresholds=["pooled.operations.right.error_rate == 0", "pooled.error_rate < 1%"]`},
		exitDone:  {"--set", `thresholds=["pooled.operations.check.checks.kind.failed == 0"]`, "--fail-if", "pooled.error_rate > 99%"},
		exitUsage: {"--set", `thresholds=["pooled.nonsense < 1"]`},
	} {
		c := newRealConsole()
		if got := c.sessbench(t, append(slices.Clone(args), more...)...); got != code {
			t.Errorf("%q: exit code %d, want %d: %s", more, got, code, c.err.String())
		}
	}
}
