package workload

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessbench/internal/programs"
	"sessbench/stats"
	"sessbench/workload/wire"
)

// iterationAnswer is what every request of the benchmark is answered with.
const iterationAnswer = `{"id": 4711, "name": "a thing", "price": 12.5, "tags": ["new", "blue"], "stock": {"berlin": 3, "oslo": 0}}`

// An iterationCase is a mix whose iterations are measured; most is how many allocations one may take on average.
type iterationCase struct {
	name string
	mix  []Operation
	most float64
}

func iterationCases() []iterationCase {
	get := func(url string) Operation { return Operation{Name: "get", Method: "GET", URL: url} }
	with := func(o Operation, change func(o *Operation)) Operation { change(&o); return o }
	checked := func(text string) Operation {
		return with(get("/items/1"), func(o *Operation) { o.Check = []Check{{Expr: text}} })
	}
	extracting := with(get("/items"), func(o *Operation) { o.Extract = []Extraction{{Name: "id", JSON: "id"}} })
	many := func(n int) (mix []Operation) {
		for i := range n {
			mix = append(mix, Operation{Name: fmt.Sprintf("operation %d", i), Weight: 1 + i%7, Method: "GET", URL: fmt.Sprintf("/items/%d", i)})
		}
		return mix
	}
	steps := func(o ...Operation) []Operation {
		for i := range o {
			o[i].Name = fmt.Sprintf("step %d", i)
		}
		return []Operation{{Name: "scenario", Steps: o}}
	}
	return []iterationCase{
		{"static", []Operation{get("/items/1")}, 0},
		{"template in URL", []Operation{get("/items/{{rows.id}}")}, 1},
		{"three columns in JSON", []Operation{{Name: "post", Method: "POST", URL: "/items",
			JSON: json.RawMessage(`{"id": "{{rows.id}}", "name": "{{rows.name}}", "note": "it is {{rows.note}}"}`)}}, 2},
		{"check of status", []Operation{checked("status == 200")}, 0},
		{"check of JSON", []Operation{checked("json.id == 4711")}, 3},
		{"three checks of JSON", []Operation{with(get("/items/1"), func(o *Operation) {
			o.Check = []Check{{Expr: "json.id == 4711"}, {Expr: "json.stock.oslo == 0"}, {Expr: `json.name == "a thing"`}}
		})}, 8},
		{"extraction, used by the next step", steps(extracting, get("/items/{{id}}")), 3},
		{"scenario of 3 steps", steps(get("/a"), get("/b"), get("/c")), 0},
		{"mix of 10", many(10), 0},
		{"mix of 10,000", many(10_000), 1}, // a session keeps the requests of a thousand ready
	}
}

// loop makes one worker, and returns what carries out so many iterations of its worker loop, and what tells of the trial so far.
func (c *iterationCase) loop(t testing.TB) (iterate func(n int), trial func() stats.Trial) {
	t.Helper()
	feed := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(feed, []byte("id,name,note\n1,anne,kind\n2,ben,tall\n3,cleo,wise\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := &Plan{
		Target:  cannedServer(t, iterationAnswer, "Content-Type: application/json"),
		Arms:    []Arm{{Name: "pooled", Policy: "pooled"}},
		Session: SessionPlan{TLS: TLSPlan{Verify: true}, Timeout: Timeout{Connect: Duration(time.Minute), Read: Duration(time.Minute)}},
		Mix:     c.mix,
		Load:    Load{Workers: 1, Requests: 1, Blocks: 1},
	}
	for _, o := range append(c.mix[:1:1], c.mix[0].Steps...) {
		if strings.Contains(o.URL+string(o.JSON), "rows.") {
			plan.Feeds = Feeds{{Name: "rows", CSV: feed, Pick: RoundRobin}}
		}
	}
	r, err := NewRunner(plan, Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	r.clock = wire.NewClock()
	t.Cleanup(r.close)
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	to := r.newRecording()
	iterate = func(n int) {
		p := r.pacing.pacer(r.clock, &r.sleeper, 0, extent{count: int64(n)}, 0, nil)
		if err := r.arms[0].workers[0].run(t.Context(), p, to); err != nil {
			t.Fatal(err)
		}
	}
	return iterate, func() (trial stats.Trial) { to.calls.Trial(&trial); return trial }
}

// BenchmarkIteration is the whole worker loop, from the pacer to the recorder, with a server in the same process.
func BenchmarkIteration(b *testing.B) {
	for _, c := range iterationCases() {
		b.Run(c.name, func(b *testing.B) {
			iterate, trial := c.loop(b)
			iterate(max(100, 3*len(c.mix)))
			b.ReportAllocs()
			b.ResetTimer()
			iterate(b.N)
			b.StopTimer()
			if total := trial().Total(); total.Errors > 0 {
				b.Fatal(total.Classes)
			}
		})
	}
}

// What iterations allocate on average, server included, which allocates nothing.
func TestAllocationsOfIterations(t *testing.T) {
	for _, c := range iterationCases() {
		iterate, trial := c.loop(t)
		const iterations = 500
		iterate(max(iterations, 3*len(c.mix)))
		if n := programs.Allocs(3, func() { iterate(iterations) }) / iterations; n > c.most+0.1 { // the first call for an operation takes some, and a new second of the series
			t.Errorf("%s: %.2f allocations, want at most %v", c.name, n, c.most)
		} else {
			t.Logf("%s: %.2f", c.name, n)
		}
		if total := trial().Total(); total.Errors > 0 || total.Requests == 0 {
			t.Errorf("%s: %d calls, %v", c.name, total.Requests, total.Classes)
		}
	}
}
