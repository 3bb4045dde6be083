package planfile

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const overridden = `target: http://h/
session: &session
  headers: {Accept: text/html}
  adapters: {"https://api.example.com/": {retries: 3}}
  timeout: 9s
mix:
  - &item {name: list, get: /items, timeout: {read: 1s}}
  - {<<: *item, name: v1.list}
  - {post: /items}
load: {workers: 3}
`

// readWith reads a plan from a file of its own, with overrides.
func readWith(t *testing.T, plan string, overrides ...string) (*File, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(plan), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWith(file, overrides)
	if err != nil {
		err = &stringError{strings.ReplaceAll(err.Error(), file, "plan.yaml")}
	}
	return got, err
}

type stringError struct{ text string }

func (e *stringError) Error() string { return e.text }

// What is set counts as if the file had it.
func TestOverridesAreAsIfTheFileSaidSo(t *testing.T) {
	t.Setenv("PLANFILE_TEST_HOST", "h.example")
	for set, inFile := range map[string][2]string{
		"load.rate=500":                                         {"{workers: 3}", "{workers: 3, rate: 500}"},
		"load.workers=4":                                        {"{workers: 3}", "{workers: 4}"},
		"load={requests: 7}":                                    {"{workers: 3}", "{requests: 7}"},
		"output.file=r.json":                                    {"load:", "output: {file: r.json}\nload:"},
		"target=https://${PLANFILE_TEST_HOST}":                  {"http://h/", "https://h.example"},
		"session.headers.Accept=text/plain":                     {"text/html", "text/plain"},
		"session.headers.X.Y=":                                  {"text/html", "text/html, X: {Y: ''}"},
		`session.headers."X.Y"=`:                                {"text/html", "text/html, X.Y: ''"},
		"session.headers.Accept=null":                           {"text/html", "null"},
		"session.headers.Accept=[a, b]":                         {"text/html", "[a, b]"},
		"session.adapters.https://api.example.com/.retries=5":   {"retries: 3", "retries: 5"},
		`session.adapters."https://api.example.com/".retries=5`: {"retries: 3", "retries: 5"},
		"mix[0].weight=3":                                       {"&item {", "&item {weight: 3, "},
		"mix.list.weight=3":                                     {"name: list", "weight: 3, name: list"},
		"mix.v1.list.weight=3":                                  {"name: v1.list", "name: v1.list, weight: 3"},
		"mix.POST /items.weight=3":                              {"post: /items", "post: /items, weight: 3"},
		`mix."POST /items".weight=3`:                            {"post: /items", "post: /items, weight: 3"},
		"mix[1].timeout.read=2s":                                {"name: v1.list", "name: v1.list, timeout: {read: 2s}"},
		"mix[1].name=other":                                     {"name: v1.list", "name: other"},
	} {
		if strings.HasPrefix(set, "session.headers.X.Y=") { // a text in the place of a list of them is wrong either way
			continue
		}
		changed := strings.Replace(overridden, inFile[0], inFile[1], 1)
		if strings.HasPrefix(set, "mix[0]") || strings.HasPrefix(set, "mix.list") { // not what the anchor stands for elsewhere
			changed = strings.Replace(changed, "{<<: *item, name: v1.list}", "{get: /items, timeout: {read: 1s}, name: v1.list}", 1)
		}
		want, err := readWith(t, changed)
		if err != nil {
			t.Errorf("%s: %v", changed, err)
			continue
		}
		got, err := readWith(t, overridden, set)
		if err != nil {
			t.Errorf("%s: %v", set, err)
			continue
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if string(a) != string(b) {
			t.Errorf("%s: plan\n%s\nwant\n%s", set, a, b)
		}
	}
}

func TestLaterOverridesCount(t *testing.T) {
	got, err := readWith(t, overridden, "load.workers=4", "load.rate=7", "load.workers=5")
	if err != nil || got.Load.Workers != 5 || got.Load.Rate != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsWrongWithAnOverrideIsSaid(t *testing.T) {
	for set, want := range map[string]string{
		"load.rte=5":                       "--set load.rte=5: load.rte: is no key of a plan; did you mean rate?",
		"laod.rate=5":                      "--set laod.rate=5: laod: is no key of a plan; did you mean load?",
		"load.rate=fast":                   "--set load.rate=fast: load.rate: is a text; write a number",
		"load.rate":                        "--set load.rate: is not what --set takes; write a key, an equals sign and its value, as in --set load.rate=500",
		"=5":                               "--set =5: is not what --set takes; write a key, an equals sign and its value, as in --set load.rate=500",
		"load.workers=0":                   "--set load.workers=0: load.workers: is 0; it must be at least 1",
		"load={workers: 1, rte: 2}":        "--set load={workers: 1, rte: 2}: load.rte: is no key of a plan; did you mean rate?",
		"load=[":                           "--set load=[: is not YAML: did not find expected node content; check brackets, quotes and indentation here and above",
		"load..rate=5":                     "--set load..rate=5: load: has no key before \".rate\"; write it as in load.rate=500, and a list that the plan does not have as a whole",
		"mix[3].weight=3":                  "--set mix[3].weight=3: mix: has no such item; it has 3, mix[0] to mix[2], which can also be written mix.list, mix.v1.list, mix.POST /items",
		"mix[x].weight=3":                  "--set mix[x].weight=3: mix: has no such item; it has 3, mix[0] to mix[2], which can also be written mix.list, mix.v1.list, mix.POST /items",
		"mix.lst.weight=3":                 "--set mix.lst.weight=3: mix: has no such item; it has 3, mix[0] to mix[2], which can also be written mix.list, mix.v1.list, mix.POST /items",
		"session.timeout.read=1s":          "--set session.timeout.read=1s: session.timeout: is a text, in which nothing can be set; set it as a whole",
		"session.auth.bearer=[hunter2]":    "--set session.auth.bearer=***: session.auth.bearer: is a list; write a text, in quotes where it is empty",
		"session.auth={bearer: [hunter2]}": "--set session.auth=***: session.auth.bearer: is a list; write a text, in quotes where it is empty",
		"target=ftp://me:hunter2@h/":       "--set target=ftp://***@h/: target: has scheme \"ftp\"; use http or https",
	} {
		_, err := readWith(t, overridden, set)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", set, err, want)
		}
	}
}

// All that is wrong is told, each with where it comes from.
func TestProblemsOfFileAndOverridesAreToldTogether(t *testing.T) {
	_, err := readWith(t, "mix: [{gte: /}]\n", "load.rte=5", "load.workers=0")
	want := `plan.yaml:1:8: mix[0].gte: is no key of a plan; did you mean get?
    mix: [{gte: /}]
           ^
--set load.rte=5: load.rte: is no key of a plan; did you mean rate?
--set load.workers=0: load.workers: is 0; it must be at least 1`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant\n%s", err, want)
	}
}

func FuzzOverride(f *testing.F) {
	for _, set := range []string{
		"load.rate=500", "mix[0].weight=3", "mix.list.weight=3", `mix."POST /items".json={a: [1, "{{worker}}"]}`, "session.headers.Accept=", "mix[1].timeout.read=2s",
		"session.adapters.https://api.example.com/.retries=5", "=", "a[", "mix[9999999999999999999]=1", "mix=[*x]", "load=&a {x: *a}", "mix[0].<<=*item", `"\x00"=1`, "mix[-1]=2",
	} {
		f.Add(set)
	}
	f.Fuzz(func(t *testing.T, set string) {
		if strings.Contains(set, "include") || strings.Contains(set, "file") || strings.Contains(set, "csv") { // which would read files
			return
		}
		got, err := parse("plan.yaml", []byte(overridden), []string{set})
		if err != nil {
			var wrong *Error
			if !errors.As(err, &wrong) || got != nil || err.Error() == "" {
				t.Fatalf("plan %v, error %v", got, err)
			}
			return
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}
