package workload_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sessbench/workload"
	"sessbench/workload/session"
)

// A truthScene is what one seed makes: a plan, and how badly servers behave.
type truthScene struct {
	seed     uint64
	plan     workload.Plan
	secure   bool
	numbered bool // every operation tells its worker, session and iteration, and numbers its calls
	flawed   bool // something fails
	retried  bool // 503 is, with what is then left of it
	last     bool // returned
	cut      time.Duration
	ops      map[string]*truthOp // by their key, the end of their path
	feeds    []*truthFeed
	lines    int // of the trace
	random   *rand.Rand
	dir      string
}

// A truthOp is an operation.
type truthOp struct {
	key, name  string // name: in the result
	part       string
	item, step int
	last       bool // of its scenario
	method     string
	place      string // of values: "", "header", "form", "json", "body"
	flaw       string // what happens to every nth request
	nth        int64
	extract    string
	uses       *truthOp // whose value it sends back; nil: none
	feeds      []*truthFeed
	okCheck    int  // which of its checks is about ok; -1: none
	redirects  bool // once, to itself
	statusToo  bool // a check is about the status
	expects404 bool
	checks     int
}

// A truthFeed is a feed in a file.
type truthFeed struct {
	name string
	pick workload.Pick
	end  workload.End
	rows int
}

func (f *truthFeed) wraps() bool {
	return f.end == workload.Wrap || f.end == "" && f.pick != workload.Unique
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (sc *truthScene) one(in int) bool { return sc.random.IntN(in) == 0 }

func drawTruth(t *testing.T, seed uint64) *truthScene {
	r := rand.New(rand.NewPCG(seed, 0))
	sc := &truthScene{seed: seed, random: r, ops: map[string]*truthOp{}, dir: t.TempDir(),
		secure: r.IntN(3) == 0, numbered: r.IntN(4) > 0, flawed: r.IntN(2) == 0}
	p := &sc.plan
	p.Session = workload.SessionPlan{TLS: workload.TLSPlan{Verify: true}, RenewEvery: int64(pick(r, 0, 0, 1, 2, 5))}
	if sc.flawed && sc.one(3) {
		sc.retried, sc.last = true, sc.one(2)
		p.Session.Adapters = workload.Adapters{{Prefix: map[bool]string{true: "https://", false: "http://"}[sc.secure], Retries: &session.Retry{Total: new(2), Statuses: []int{503}, ReturnLast: sc.last}}}
	}
	sc.drawArms()
	sc.drawFeeds(t)
	sc.drawMix()
	sc.drawLoad(t)
	sc.plan.Session.Follow = true
	if sc.one(8) {
		sc.plan.Thresholds = []workload.Threshold{{Condition: pick(r, "arm0.requests < 30", "arm0.errors == 0"), AbortEarly: true}}
	} else if sc.one(8) {
		sc.cut = time.Duration(1 + r.IntN(80_000_000))
	}
	return sc
}

func (sc *truthScene) drawArms() {
	r := sc.random
	if sc.plan.HTTP = pick(r, "1.1", "1.1", "h2c"); sc.secure {
		sc.plan.HTTP = pick(r, "1.1", "2")
	}
	for i := range pick(r, 1, 2, 2, 3) {
		a := workload.Arm{Name: fmt.Sprintf("arm%d", i), Policy: pick(r, "pooled", "fresh", "reuse-3", "shared-pool")}
		if sc.secure {
			a.Policy = pick(r, a.Policy, "fresh-resumed")
			a.HTTP = pick(r, "", "", "1.1", "2")
		}
		if a.Policy == "shared-pool" && sc.one(2) {
			a.PoolSize = 1 + r.IntN(3)
		}
		http := sc.plan.HTTP
		if a.HTTP != "" {
			http = a.HTTP
		}
		a.NoResend = sc.one(4)
		a.Close = pick(r, "", "", "reset")
		if strings.HasPrefix(a.Policy, "fresh") && http == "1.1" {
			a.Close = pick(r, a.Close, "server")
		}
		if a.Policy == "pooled" || a.Policy == "shared-pool" {
			a.Close = ""
		}
		sc.plan.Arms = append(sc.plan.Arms, a)
	}
}

func (sc *truthScene) drawFeeds(t *testing.T) {
	r := sc.random
	if !sc.numbered {
		return
	}
	for i := range r.IntN(3) {
		f := &truthFeed{name: fmt.Sprintf("f%d", i), rows: pick(r, 1, 3, 7, 50, 500),
			pick: pick(r, workload.PerWorker, workload.RoundRobin, workload.AtRandom, workload.Unique), end: pick(r, "", "", workload.Wrap, workload.Stop)}
		feed := workload.Feed{Name: f.name, Pick: f.pick, End: f.end}
		if f.pick == workload.Unique && f.end == workload.Wrap || f.pick == workload.AtRandom {
			f.end, feed.End = "", ""
		}
		path := filepath.Join(sc.dir, f.name)
		var text strings.Builder
		if sc.one(2) {
			feed.CSV = path
			w := csv.NewWriter(&text)
			_ = w.Write([]string{"id", "val"})
			for n := range f.rows {
				_ = w.Write([]string{strconv.Itoa(n), truthText(n)})
			}
			w.Flush()
		} else {
			feed.JSONL = path
			for n := range f.rows {
				_ = json.NewEncoder(&text).Encode(map[string]any{"id": n, "val": truthText(n)})
			}
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		sc.feeds = append(sc.feeds, f)
		sc.plan.Feeds = append(sc.plan.Feeds, feed)
	}
}

func (sc *truthScene) drawMix() {
	r, p := sc.random, &sc.plan
	var known *truthOp // whose value every session has
	for i := range pick(r, 0, 0, 1, 2) {
		o := sc.operation("setup", i, 0, nil)
		p.Setup = append(p.Setup, o)
		if op := sc.ops[fmt.Sprintf("setup%d-0", i)]; op.extract != "" {
			known = op
		}
	}
	for i := range 1 + r.IntN(6) {
		if sc.one(3) {
			scenario := workload.Operation{Name: fmt.Sprintf("scenario%d", i), Think: sc.think()}
			var before *truthOp
			for j := range 1 + r.IntN(4) {
				uses := known
				if before != nil && before.extract != "" {
					uses = before
				}
				scenario.Steps = append(scenario.Steps, sc.operation("mix", i, j, uses))
				before = sc.ops[fmt.Sprintf("mix%d-%d", i, j)]
				before.name = scenario.Name + "/" + before.name
			}
			before.last = true
			p.Mix = append(p.Mix, scenario)
			continue
		}
		o := sc.operation("mix", i, 0, known)
		sc.ops[fmt.Sprintf("mix%d-0", i)].last = true
		p.Mix = append(p.Mix, o)
	}
	for i := range p.Mix {
		p.Mix[i].Weight = pick(r, 0, 1, 3)
	}
	for i := range pick(r, 0, 0, 1, 2) {
		p.Teardown = append(p.Teardown, sc.operation("teardown", i, 0, known))
	}
}

func (sc *truthScene) think() *workload.Think {
	d := func(us int) workload.Duration { return workload.Duration(time.Duration(us) * time.Microsecond) }
	return pick(sc.random, nil, nil, nil, &workload.Think{Constant: new(d(200))}, &workload.Think{Uniform: &[2]workload.Duration{0, d(1000)}},
		&workload.Think{Exponential: new(d(300)), Max: d(1000)})
}
