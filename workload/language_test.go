package workload

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sessbench/workload/session"
)

// ofMix is a plan that is right but for its operations.
func ofMix(mix ...Operation) *Plan {
	return &Plan{Target: "http://h/", Arms: []Arm{{Name: "pooled", Policy: "pooled"}}, Mix: mix, Load: Load{Workers: 1, Duration: Duration(1e9), Blocks: 1}}
}

func planProblems(p *Plan) []string {
	var list []string
	for _, e := range p.Problems() {
		list = append(list, e.Error())
	}
	return list
}

// A plan that no file was read for is checked as one from a file is.
func TestTextsOfAnyPlanAreCompiled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users.csv")
	if err := os.WriteFile(file, []byte("name,password\njoe,x\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	p := ofMix(
		Operation{Name: "a", Method: "POST", URL: "/{{id}}/{{users.name}}/{{users.nme}}", JSON: json.RawMessage(`{"a":["x","{{idd}}"],"{{":{"b":"{{token}}"}}`),
			Headers: Fields{session.Set("X", "a", "{{x}}")}, Check: []Check{{Expr: "status == 200"}, {Name: "n", Expr: "statsu == 200"}}},
		Operation{Name: "b", Steps: []Operation{
			{Name: "c", Method: "GET", URL: "/", Extract: []Extraction{{Name: "id", JSON: "id"}, {Name: "bad", Regexp: "("}}},
			{Name: "d", Method: "PUT", URL: "/", Body: []byte("{{id}} {{"), Auth: &Auth{Basic: &BasicAuth{Password: "{{pw}}"}}},
			{Name: "e", Method: "PUT", URL: "/", Body: []byte("{{nothing}}"), BodyFile: "x"},
		}},
	)
	p.Feeds = Feeds{{Name: "users", CSV: file}}
	p.Setup = []Operation{{Name: "s", Method: "GET", URL: "/", Extract: []Extraction{{Name: "token", Header: "X"}}}}
	p.Teardown = []Operation{{Name: "t", Method: "GET", URL: "/?{{tokn}}"}}
	var got []string
	for _, problem := range planProblems(p) {
		got = append(got, strings.SplitN(problem, ";", 2)[0])
	}
	want := []string{
		"mix[0].url refers to users.nme, which the feed users does not have",
		"mix[0].headers.X[1] refers to x, which is not known here",
		"mix[0].json.a[1] refers to idd, which is not known here",
		"mix[0].check[1] refers to statsu, which is not known here",
		"mix[1].steps[0].extract.bad.regexp is no regular expression (RE2): missing closing )",
		"mix[1].steps[1].auth.basic.password refers to pw, which is not known here",
		"mix[1].steps[1].body has {{ without }}",
		"teardown[0].url refers to tokn, which is not known here",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("problems\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	offsets := map[string]int{}
	for _, e := range p.TextProblems() {
		offsets[e.Key] = e.Offset
	}
	if offsets["mix[0].url"] != strings.Index(p.Mix[0].URL, "users.nme")+len("users.") && offsets["mix[0].url"] != strings.Index(p.Mix[0].URL, "users.nme") {
		t.Errorf("offset %d in %s", offsets["mix[0].url"], p.Mix[0].URL)
	}
}

// Where a feed is missing, not every use of it is told.
func TestAMissingFeedIsToldOnce(t *testing.T) {
	p := ofMix(Operation{Name: "a", Method: "GET", URL: "/{{users.name}}/{{users.password}}"})
	p.Feeds = Feeds{{Name: "users", CSV: filepath.Join(t.TempDir(), "missing.csv")}}
	got := planProblems(p)
	if len(got) != 1 || !strings.HasPrefix(got[0], "feeds.users.csv cannot be read: ") {
		t.Errorf("%q", got)
	}
}

func TestWhatOperationsCannotHave(t *testing.T) {
	step := func(o Operation) Operation { return Operation{Name: "s", Steps: []Operation{o}} }
	get := Operation{Name: "o", Method: "GET", URL: "/"}
	with := func(change func(*Operation)) Operation {
		o := get
		change(&o)
		return o
	}
	for want, p := range map[string]*Plan{
		"mix[0].url is given beside steps":             ofMix(Operation{Name: "s", Method: "GET", URL: "/", Steps: []Operation{get}}),
		"mix[0].check is given beside steps":           ofMix(Operation{Name: "s", Check: []Check{{Expr: "true"}}, Steps: []Operation{get}}),
		"mix[0].steps is empty":                        ofMix(Operation{Name: "s", Steps: []Operation{}}),
		"mix[0] has no name":                           ofMix(Operation{Steps: []Operation{get}}),
		"mix[0].weight is -1":                          ofMix(Operation{Name: "s", Weight: -1, Steps: []Operation{get}}),
		"mix[0].steps[0].steps is given inside":        ofMix(step(step(get))),
		"mix[0].steps[0].weight is given, but":         ofMix(step(with(func(o *Operation) { o.Weight = 1 }))),
		"mix[0].steps[0].rate is given, but":           ofMix(step(with(func(o *Operation) { o.Rate = 1 }))),
		"mix[0].steps[0].method is \"\"":               ofMix(step(Operation{Name: "x"})),
		"mix[0].expect[1] is \"7\"":                    ofMix(with(func(o *Operation) { o.Expect = []string{"2xx", "7"} })),
		"mix[0].check[0] is empty":                     ofMix(with(func(o *Operation) { o.Check = []Check{{Name: "x"}} })),
		"mix[0].extract.a says not from where":         ofMix(with(func(o *Operation) { o.Extract = []Extraction{{Name: "a"}} })),
		"mix[0].extract.a has 2 sources":               ofMix(with(func(o *Operation) { o.Extract = []Extraction{{Name: "a", JSON: "a", Form: "b"}} })),
		"mix[0].think has 0 kinds":                     ofMix(with(func(o *Operation) { o.Think = &Think{} })),
		"setup[0].weight is given, but":                {Setup: []Operation{with(func(o *Operation) { o.Weight = 1 })}},
		"teardown[0].steps is given, but":              {Teardown: []Operation{step(get)}},
		"session.renew_every is -1":                    {Session: SessionPlan{RenewEvery: -1}},
		"feeds.a names no file":                        {Feeds: Feeds{{Name: "a"}}},
		"feeds.a.jsonl is given beside csv":            {Feeds: Feeds{{Name: "a", CSV: "a", JSONL: "b"}}},
		"feeds.a.pick is \"each\"":                     {Feeds: Feeds{{Name: "a", CSV: "a", Pick: "each"}}},
		"feeds.a.end is \"go\"":                        {Feeds: Feeds{{Name: "a", CSV: "a", End: "go"}}},
		"mix[1].steps[0].name is \"b\", as an earlier": ofMix(with(func(o *Operation) { o.Name = "a/b" }), Operation{Name: "a", Steps: []Operation{with(func(o *Operation) { o.Name = "b" })}}),
	} {
		found := false
		for _, problem := range planProblems(p) {
			found = found || strings.HasPrefix(problem, want)
		}
		if !found {
			t.Errorf("%q, want %s", planProblems(p), want)
		}
	}
}

// What is filled in later is no reason to refuse a URL now.
func TestURLsWithTemplatesAreURLs(t *testing.T) {
	for requestURL, want := range map[string]string{
		"{{a}}": "", "{{a}}:80/x": "", "http://{{a}}:{{b}}/{{c}}?{{d}}={{e}}": "", "/a/{{ a + \"/\" }}": "", "/{{a}}%2": "mix[0].url is not a URL", "ftp://{{a}}/": "mix[0].url has scheme",
	} {
		o := Operation{Method: "GET", URL: requestURL}
		err := o.validate("mix[0]")
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", requestURL, err, want)
		}
	}
}
