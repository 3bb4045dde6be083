package planfile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sessbench/workload"
	"sessbench/workload/script"
	"sessbench/workload/session"
)

func TestTheLanguagesShortFormsAndDefaults(t *testing.T) {
	got, err := readFiles(t, `-- plan.yaml --
target: http://h/
arms: [pooled]
feeds: {users: {csv: data/users.csv, pick: unique}}
setup: [{post: /login, form: {user: "{{users.name}}"}, expect: 2XX, extract: {token: {json: token}, n: {regexp: '\d+', default: 7}}}]
mix:
  - {get: "/items/{{ n }}/{{token+'}'}}?x={{n}}", expect: [200, "4xx"], check: status == 200, think: 200ms}
  - {get: "{{token}}/b", check: [status == 200, {named: size > 0, other: size > 1}], think: {uniform: [1s, 2s], max: 90s}}
  - {get: "http://{{token}}/c/{{n}}", check: {named: size > 0}}
  - name: buy
    think: {exponential: 2s}
    steps: [{post: /cart}, {post: /cart}, {name: pay, post: /pay, json: {id: "{{n}}", "a b": {c: ["{{token}}"]}}}]
teardown: [{delete: /session}]
load: {rate: 10, max_workers: 20, duration: 3s}
thresholds: [pooled.error_rate < 1%, {condition: pooled.error_rate < 5%, abort_early: true, grace: 1s}]
session: {renew_every: 3}
-- data/users.csv --
name,password
joe,x`)
	if err != nil {
		t.Fatal(err)
	}
	if csv := got.Feeds[0].CSV; !strings.HasSuffix(csv, filepath.Join("data", "users.csv")) {
		t.Errorf("feed in %s", csv)
	}
	second := workload.Duration(time.Second)
	pause := workload.Duration(200 * time.Millisecond)
	twice := 2 * second
	get := func(name, url string) workload.Operation {
		return workload.Operation{Name: name, Method: "GET", URL: url}
	}
	a, b, c := get("GET /items/{n}/{...}", "/items/{{ n }}/{{token+'}'}}?x={{n}}"), get("GET {token}/b", "{{token}}/b"), get("GET /c/{n}", "http://{{token}}/c/{{n}}")
	a.Expect, a.Check, a.Think = []string{"200", "4xx"}, []workload.Check{{Expr: "status == 200"}}, &workload.Think{Constant: &pause}
	b.Check = []workload.Check{{Expr: "status == 200"}, {Name: "named", Expr: "size > 0"}, {Name: "other", Expr: "size > 1"}}
	b.Think = &workload.Think{Uniform: &[2]workload.Duration{second, twice}, Max: 90 * second}
	c.Check = []workload.Check{{Name: "named", Expr: "size > 0"}}
	post := func(name, url string) workload.Operation {
		return workload.Operation{Name: name, Method: "POST", URL: url}
	}
	pay := post("pay", "/pay")
	pay.JSON = json.RawMessage(`{"id":"{{n}}","a b":{"c":["{{token}}"]}}`)
	login := post("POST /login", "/login")
	login.Form, login.Expect = workload.Fields{session.Set("user", "{{users.name}}")}, []string{"2xx"}
	login.Extract = []workload.Extraction{{Name: "token", JSON: "token"}, {Name: "n", Regexp: `\d+`, Default: pointer("7")}}
	want := *got.Plan
	want.Setup = []workload.Operation{login}
	want.Mix = []workload.Operation{a, b, c,
		{Name: "buy", Think: &workload.Think{Exponential: &twice}, Steps: []workload.Operation{post("POST /cart", "/cart"), post("POST /cart #2", "/cart"), pay}}}
	want.Teardown = []workload.Operation{{Name: "DELETE /session", Method: "DELETE", URL: "/session"}}
	want.Load = workload.Load{Workers: 10, MaxWorkers: 20, Duration: 3 * second, Rate: 10, Arrivals: workload.Constant, Warmup: second * 3 / 10, Blocks: 10, Seed: 1}
	want.Thresholds = []workload.Threshold{{Condition: "pooled.error_rate < 1%"}, {Condition: "pooled.error_rate < 5%", AbortEarly: true, Grace: second}}
	want.Session.RenewEvery = 3
	if !reflect.DeepEqual(*got.Plan, want) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("plan\n%s\nwant\n%s", g, w)
	}
}

func TestDefaultsOfShapedLoads(t *testing.T) {
	second := workload.Duration(time.Second)
	for load, want := range map[string]workload.Load{
		"{stages: [{rate: 5, duration: 1s}, {rate: 5, duration: 500ms}], blocks: 4}":         {Workers: 10, Arrivals: workload.Constant, Warmup: second * 6 / 10, Blocks: 4, Seed: 1},
		"{stages: [{workers: 50, duration: 1h}, {workers: 30, duration: 1h}]}":               {Workers: 50, Warmup: 2 * second, Blocks: 10, Seed: 1},
		"{stages: [{workers: 5, duration: 1s}], workers: 7, warmup: 0s, seed: 3, blocks: 1}": {Workers: 7, Blocks: 1, Seed: 3},
		"{trace: a.txt}": {Workers: 10, Trace: "a.txt", Blocks: 10, Seed: 1},
	} {
		got, err := Parse("x", []byte("mix: [{get: /}]\nload: "+load))
		if err != nil {
			t.Errorf("%s: %v", load, err)
			continue
		}
		got.Load.Stages = nil
		if !reflect.DeepEqual(got.Load, want) {
			t.Errorf("%s: %+v, want %+v", load, got.Load, want)
		}
	}
}

// A secret with braces in it is sent as it is.
func TestVariablesAreNoTemplates(t *testing.T) {
	t.Setenv("PLANFILE_TEST_BRACES", `a{{id}}{{"`)
	got, err := Parse("x", []byte(`mix: [{post: "/{{worker}}", body: "${PLANFILE_TEST_BRACES}-{{worker}}", check: "body != '${PLANFILE_TEST_BRACES}'"}]`))
	if err != nil {
		t.Fatal(err)
	}
	var names script.Names
	body, err := names.Template(string(got.Mix[0].Body))
	if err != nil {
		t.Fatal(err)
	}
	scope := names.NewScope()
	scope.Worker = 7
	filled, err := body.Append(nil, scope)
	if err != nil || string(filled) != `a{{id}}{{"-7` {
		t.Errorf("%s, %v", filled, err)
	}
	if check := got.Mix[0].Check[0].Expr; check != `body != 'a{{id}}{{"'` {
		t.Errorf("check %s", check)
	}
}

// A large body is in memory once, however many operations send it; a file of a form is not read at all.
func TestABodyFileIsReadOnce(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large.bin")
	if err := os.WriteFile(large, make([]byte, 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	plan := "mix:\n" + strings.Repeat("  - {put: /, body_file: large.bin}\n", 100) + "  - {post: /, multipart: {files: [{field: f, path: large.bin}]}}\n"
	got, err := Parse(filepath.Join(dir, "plan.yaml"), []byte(plan))
	if err != nil {
		t.Fatal(err)
	}
	first := got.Mix[0].Body
	for _, o := range got.Mix[:100] {
		if len(o.Body) != 1<<20 || &o.Body[0] != &first[0] {
			t.Fatal("a body of its own")
		}
	}
	tooLarge := filepath.Join(dir, "sparse.bin")
	f, err := os.Create(tooLarge)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(maxSize + 1); err != nil {
		t.Skip(err)
	}
	_, err = Parse(filepath.Join(dir, "plan.yaml"), []byte("mix: [{post: /, multipart: {files: [{field: f, path: sparse.bin}]}}]"))
	if err == nil || !strings.Contains(err.Error(), "cannot be read: is larger than 100 MB; make it smaller; name a file of at most 100 MB") {
		t.Errorf("error %v", err)
	}
}

// What a run finds out later has its place in the file that says it.
func TestWhatIsFoundLaterHasItsPlace(t *testing.T) {
	got, err := readFiles(t, "-- plan.yaml --\ninclude: mix.yaml\n-- mix.yaml --\nmix:\n  - {name: s, steps: [{get: /}, {post: /x}]}", "mix.s.weight=3")
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"mix[0].steps[1].url": "mix.yaml:2:34: mix[0].steps[1].url: is wrong",
		"mix[0].weight":       "--set mix.s.weight=3: mix[0].weight: is wrong",
		"load.rate":           "plan.yaml:1:1: load.rate: is wrong",
	} {
		err := got.Wrong(&workload.KeyError{Key: key, Problem: "is wrong"})
		if first, _, _ := strings.Cut(err.Error(), "\n"); !strings.HasSuffix(first, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
