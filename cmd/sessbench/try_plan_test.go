package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/workload"
)

// tried carries out sessbench try in this process, against real servers.
func tried(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	c := newRealConsole()
	if code := c.sessbench(t, append([]string{"try"}, args...)...); code != wantCode {
		t.Fatalf("%q: exit code %d, want %d: %s%s", args, code, wantCode, c.err.String(), c.out.String())
	}
	return c.out.String()
}

func triedJSON(t *testing.T, wantCode int, args ...string) *result.Trace {
	t.Helper()
	trace := new(result.Trace)
	if err := json.Unmarshal([]byte(tried(t, wantCode, append(args, "--format", "json")...)), trace); err != nil {
		t.Fatal(err)
	}
	return trace
}

// operationsOf names what was carried out.
func operationsOf(t *result.Trace) string {
	var names []string
	for _, o := range t.Operations {
		name := o.Name
		if o.Scenario != "" {
			name = o.Scenario + "/" + name
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func TestTheShopIsTriedWithItsChecksAndValues(t *testing.T) {
	out := tried(t, exitDone, "--plan", shopPlan)
	at := 0
	for _, want := range []string{
		"== login form (setup) ==\n", "* extracted csrf = *** (form csrf)\n",
		"== log in (setup) ==\n* feed users, row 1: name = user-000, password = ***\n", "> csrf=***&user=user-000&password=***\n",
		"* check passed: status == 200 && json.user == users.name\n",
		"== list ==\n", "* check passed: full page (len(json.items) == 20)\n",
		"== gone ==\n", "* status 404, expected, took ",
		"== checkout/add ==\n", "== checkout/show ==\n", "* extracted total = 2638 (json total)\n",
		"== checkout/pay ==\n", "* check passed: right total (json.total == total)\n",
		"== log out (teardown) ==\n", "\n11 operations; 8 checks passed\n",
	} {
		i := strings.Index(out[at:], want)
		if i < 0 {
			t.Fatalf("%q is missing behind\n%s\nin\n%s", want, out[:at], out)
		}
		at += i + len(want)
	}
}

// secretsOf are the values that a trace of the shop has, and nobody is to see.
func secretsOf(trace *result.Trace) map[string]string {
	secrets := map[string]string{}
	for _, o := range trace.Operations {
		for _, v := range o.Extracted {
			if v.Name == "csrf" || v.Name == "checkout" {
				secrets[v.Name] = v.Value
			}
		}
		for _, c := range o.Jar {
			secrets["cookie "+c.Name] = c.Value
		}
		for _, row := range o.Feeds {
			if password, ok := row.Columns["password"]; ok {
				secrets["password"] = password
			}
		}
	}
	return secrets
}

func TestNoSecretOfTheShopIsShownUnasked(t *testing.T) {
	for _, show := range []bool{false, true} {
		for _, format := range []string{"text", "json"} {
			c := newRealConsole()
			var secrets map[string]string
			c.tryPlan = func(ctx context.Context, plan *workload.Plan, opts workload.Options) (*result.Trace, error) {
				trace, err := workload.Try(ctx, plan, opts)
				if err == nil {
					secrets = secretsOf(trace)
				}
				return trace, err
			}
			out := filepath.Join(t.TempDir(), "trace.json")
			args := []string{"try", "--plan", shopPlan, "--format", format, "--out", out}
			if show {
				args = append(args, "--show-secrets")
			}
			if code := c.sessbench(t, args...); code != exitDone {
				t.Fatalf("exit code %d: %s", code, c.err.String())
			}
			for _, name := range []string{"csrf", "checkout", "cookie shop_login", "cookie shop_session", "password"} {
				value, ok := secrets[name]
				if !ok || len(value) < 6 {
					t.Fatalf("the trace has %q", secrets)
				}
				for where, text := range map[string]string{"the output": c.out.String(), "the file": readDocument(t, out)} {
					if strings.Contains(text, value) != show {
						t.Errorf("%s as %s, secrets shown: %v: of %s, which is %s", where, format, show, name, value)
					}
				}
			}
		}
	}
}

func TestOnlyTriesWhatItNames(t *testing.T) {
	const begin, end = "login form, log in, first page, ", ", log out"
	for only, want := range map[string]string{
		"--only search":                     "search",
		"--only search --only list":         "list, search",
		"--only checkout":                   "checkout/add, checkout/show, checkout/pay",
		"--only checkout/add --only search": "search, checkout/add",
	} {
		if got := operationsOf(triedJSON(t, exitDone, append([]string{"--plan", shopPlan}, strings.Fields(only)...)...)); got != begin+want+end {
			t.Errorf("%s tries %s", only, got)
		}
	}
	for only, want := range map[string]string{
		"checkuot":     `nothing in the mix is named "checkuot"; did you mean checkout?`,
		"checkout/pya": `nothing in the mix is named "checkout/pya"; did you mean checkout/pay?`,
		"zzzzzzzzzz":   `nothing in the mix is named "zzzzzzzzzz"; name an operation, a scenario, or a step as scenario/step`,
		"log in":       `"log in" is not of the mix; the set-up and the teardown are carried out whatever is tried of it`,
	} {
		c := newTryConsole(secretTrace(), nil)
		if code := c.sessbench(t, "try", "--plan", shopPlan, "--only", only); code != exitUsage || c.plan != nil || c.err.String() != "sessbench: --only: "+want+"\n" {
			t.Errorf("%s: exit code %d, %s", only, code, c.err.String())
		}
	}
}

// A step whose value comes from another one says which value is missing, and is not sent.
func TestAnUnfilledTemplateNamesItsKeyAndVariable(t *testing.T) {
	out := tried(t, exitFailed, "--plan", shopPlan, "--only", "checkout/pay")
	const want = "== checkout/pay ==\n* FAILED, not sent: mix[4].steps[2].headers: variable checkout is not set; no response has given it\n"
	if !strings.Contains(out, want) {
		t.Errorf("%q is missing in %s", want, out)
	}
}

// expectations is a plan against a server that answers by the path.
const expectations = `
feeds: {one: {csv: one.csv, pick: unique, end: stop}}
setup: [{name: enter, get: /status/200}]
mix:
  - {name: a, get: "/status/{{one.code}}"}
  - name: flow
    steps:
      - {name: x, get: /status/200, check: [{good: "status == 200 && json.ok"}]}
      - {name: y, get: /status/200, extract: {id: {json: id}}}
      - {name: z, get: "/status/500", expect: [2xx, 404]}
  - {name: b, get: "/status/{{one.code}}"}
`

func TestWhatThePlanSaysIsHeldAgainstTheAnswers(t *testing.T) {
	s := script(t, func(r asked) string {
		return reply(map[string]int{"/status/200": 200, "/status/404": 404, "/status/500": 500}[r.URL.Path], "no JSON")
	})
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.yaml")
	for name, text := range map[string]string{plan: "target: " + s.url + expectations, filepath.Join(dir, "one.csv"): "code\n404\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out := tried(t, exitFailed, "--plan", plan)
	for _, want := range []string{
		"== a ==\n* feed one, row 1: code = 404\n", "* status 404, an error in a run (below 400 is expected), took ",
		"* check FAILED: good (status == 200 && json.ok); it cannot be told: the body is not JSON\n",
		"* a run would end the iteration of flow here; its next step is tried all the same\n\n== flow/y ==\n",
		"* extraction FAILED: variable id has no value: the body is not JSON (json id)\n",
		"* FAILED: status 500, and 2xx or 404 is expected, took ",
		"== b ==\n* FAILED, not sent: the feed one has no further row, which would end the load of a run (render)\n",
		"\n6 operations, 4 FAILED; 1 of 1 check FAILED; 1 status that a run would count as an error\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}

	// What no key of the plan speaks of is an answer like others.
	for _, test := range []struct {
		set  string
		code int
	}{
		{`mix.flow={name: c, get: /status/500}`, exitDone},
		{`mix.flow={name: c, get: /status/500, expect: [5xx]}`, exitDone},
		{`mix.flow={name: c, get: /status/500, check: status == 500}`, exitDone},
		{`mix.flow={name: c, get: /status/500, expect: [2xx]}`, exitFailed},
		{`mix.flow={name: c, get: /status/200, check: status == 500}`, exitFailed},
	} {
		tried(t, test.code, "--plan", plan, "--set", test.set, "--set", "mix.b={name: b, get: /status/200}")
	}
	if out := tried(t, exitDone, "--plan", plan, "--set", "setup=[{name: enter, get: /status/404}]", "--only", "a"); !strings.Contains(out, "\n* a run would give the session up here, and count its iteration as failed\n") {
		t.Error(out)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	for _, test := range []struct {
		terminal bool
		args     string
		want     bool
	}{
		{true, "", true}, {false, "", false}, {true, "--color never", false}, {false, "--color always", true}, {false, "--color auto", false},
		{true, "--color always --format json", false},
	} {
		c := newTryConsole(secretTrace(), nil)
		c.colors = func() bool { return test.terminal }
		args := append([]string{"try", "--plan", writePlan(t, smallPlan)}, strings.Fields(test.args)...)
		if code := c.sessbench(t, args...); code != exitDone || strings.Contains(c.out.String(), "\x1b[") != test.want {
			t.Errorf("%+v: exit code %d, %q", test, code, c.out.String())
		}
	}
	for _, environment := range []string{"NO_COLOR=1", "TERM=dumb"} {
		name, value, _ := strings.Cut(environment, "=")
		t.Setenv(name, value)
		if stdoutColors() {
			t.Errorf("colours with %s", environment)
		}
	}
}

func TestTrysTimeoutReachesStepsAndTeardown(t *testing.T) {
	c := newTryConsole(secretTrace(), nil)
	plan := writePlan(t, "target: http://127.0.0.1:9\nmix: [{name: s, steps: [{get: /, timeout: {read: 1s}}]}]\nteardown: [{get: /, timeout: {read: 1s}}]\n")
	if code := c.sessbench(t, "try", "--plan", plan, "--timeout", "3s"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if step, last := c.plan.Mix[0].Steps[0].Timeout.Total, c.plan.Teardown[0].Timeout.Total; step != seconds(3) || last != seconds(3) {
		t.Errorf("timeouts %v and %v", step, last)
	}
}
