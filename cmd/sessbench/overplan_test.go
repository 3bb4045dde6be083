package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload"
	"sessbench/workload/session"
)

// planOver is the plan that a command line with a plan file comes to.
func planOver(t *testing.T, command, plan string, args ...string) *workload.Plan {
	t.Helper()
	return planOf(t, append([]string{command, "--plan", writePlan(t, plan)}, args...)...)
}

// overResult is planOver where the run comes to a result.
func overResult(t *testing.T, res *result.Result, command, plan string, args ...string) *workload.Plan {
	t.Helper()
	c := newConsole(res, nil)
	if code := c.sessbench(t, append([]string{command, "--plan", writePlan(t, plan)}, args...)...); code != exitHeld {
		t.Fatalf("%q: exit code %d: %s", args, code, c.err.String())
	}
	return c.plan
}

// refused is what a command line is refused with, before anything is started.
func refused(t *testing.T, args ...string) string {
	t.Helper()
	c := newConsole(goodResult(), nil)
	if code := c.sessbench(t, args...); code != exitUsage || c.plan != nil || c.out.Len() > 0 {
		t.Errorf("%q: exit code %d, printed %q", args, code, c.out.String())
	}
	return c.err.String()
}

// One value for each flag that has a key. A plan file that says nothing but the target comes to what the flag alone does.
func TestEveryFlagCountsOverAPlanAsItDoesAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, file := range []string{"ca.pem", "client.pem", "client.key", "body"} {
		if err := os.WriteFile(file, []byte("PEM"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	values := map[string][]string{
		"arms": {"five=reuse-5+age-5s"}, "http": {"1.1"}, "header": {"X-A: $b ${c} \"d\""}, "user": {"me:p$${w}"}, "digest": {"true", "--user", "me:pw"},
		"cookie": {"a=1; b=2"}, "connect-timeout": {"0s"}, "read-timeout": {"2s"}, "timeout": {"3s"}, "location": {"true", "--max-redirects", "30"}, "max-redirects": {"3", "-L"},
		"trust-env": {"true"}, "proxy": {"u:p@proxy:3128"}, "insecure": {"true"}, "cacert": {"ca.pem"}, "cert": {"client.pem"},
		"key": {"client.key", "--cert", "client.pem"}, "tls-min": {"1.2"}, "tls-max": {"1.3"}, "curves": {"X25519,P-256"}, "ciphers": {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
		"alpn": {"http/1.1"}, "sni": {"other.example"}, "key-log": {"keys.txt"}, "resolve": {"h:80:127.0.0.1"}, "connect-to": {"::127.0.0.1:1"},
		"source": {"127.0.0.1,127.0.0.2"}, "unix-socket": {"s.sock"}, "proxy-protocol": {"2"}, "tcp-fastopen": {"true"}, "tcp-nodelay": {"off"},
		"tcp-keepalive": {"30s,5s"}, "send-buffer": {"64k"}, "receive-buffer": {"128k"}, "happy-eyeballs": {"100ms"}, "addresses": {"turn"},
		"dns-lifetime": {"forever"}, "emulate-rtt": {"40ms"}, "emulate-down": {"20M", "--emulate-rtt", "1ms"}, "emulate-up": {"5M", "--emulate-rtt", "1ms"}, "emulate-window": {"4", "--emulate-rtt", "1ms"},
		"method": {"PUT"}, "body": {"x", "-X", "POST"}, "body-file": {"body", "-X", "POST"},
		"workers": {"3"}, "max-workers": {"30", "-r", "5"}, "duration": {"20s"}, "requests": {"77"}, "rate": {"12.5"}, "arrivals": {"poisson", "-r", "5"}, "warmup": {"0s"},
		"blocks": {"4"}, "seed": {"18446744073709551615"}, "fail-if": {"pooled.requests > 300", "--arms", "pooled"}, "out": {"r.json"}, "format": {"json"}, "quiet": {"true"},
	}
	if err := os.Mkdir("plans", 0o777); err != nil {
		t.Fatal(err)
	}
	for _, bound := range bindings() {
		if bound.flag == "URL" {
			continue
		}
		value, ok := values[bound.flag]
		if !ok {
			t.Errorf("no value of --%s is tried", bound.flag)
			continue
		}
		target := "https://127.0.0.1:9"
		if slices.Contains([]string{"source", "unix-socket"}, bound.flag) || strings.HasPrefix(bound.flag, "emulate") {
			target = "http://127.0.0.1:9"
		}
		base := filepath.Join("plans", "plan.yaml")
		if err := os.WriteFile(base, []byte("target: "+target+"\narms: [pooled]\nmix: [{get: /}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args := append([]string{"--" + bound.flag + "=" + value[0]}, value[1:]...)
		alone := planOf(t, append([]string{"run", target}, args...)...)
		over := planOf(t, append([]string{"run", "--plan", base}, args...)...)
		want, err := json.Marshal(alone)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(over)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) || string(over.Mix[0].Body) != string(alone.Mix[0].Body) {
			t.Errorf("--%s: plan\n%s, want\n%s", bound.flag, got, want)
		}
	}
}

const fullPlan = `target: http://127.0.0.1:9
arms: [pooled, {name: five, requests_per_connection: 5}]
session:
  headers: {accept: text/html, Accept-Language: null, X-Kept: "1"}
  cookies: {a: "1", b: "2"}
  auth: {basic: {user: me, password: pw}}
  trust_env: true
mix: [{name: item, get: /items/1}]
load: {requests: 500, workers: 7, rate: 9, blocks: 5}
fail_if: [pooled.requests > 3]
output: {quiet: true}
`

func TestFlagsTakeThePlaceOfWhatThePlanSays(t *testing.T) {
	got := overResult(t, with(goodResult(), func(r *result.Result) { r.Arms[0].Name = "fresh" }), "compare", fullPlan, "-H", "Accept: */*", "-b", "b=3; c=4", "-d", "20s", "--trust-env=false", "--fail-if", "fresh.requests > 4", "--set", "load.workers=8",
		"--set", "load.seed=5", "--arms", "five,fresh", "-X", "PUT", "--body", "x")
	want := workload.Fields{{Name: "Accept-Language"}, session.Set("X-Kept", "1"), session.Set("Accept", "*/*")}
	if !reflect.DeepEqual(got.Session.Headers, want) {
		t.Errorf("headers %+v", got.Session.Headers)
	}
	if c := got.Session.Cookies; len(c) != 3 || c[0].Value != "1" || c[1].Value != "3" || c[2].Value != "4" {
		t.Errorf("cookies %+v", c)
	}
	load := workload.Load{Workers: 8, Duration: seconds(20), Rate: 9, Arrivals: workload.Constant, Warmup: seconds(2), Blocks: 5, Seed: 5}
	if !reflect.DeepEqual(got.Load, load) || got.Session.TrustEnv || got.Session.Auth.Basic.Password != "pw" || !got.Output.Quiet || got.Output.Format != "text" {
		t.Errorf("plan %+v", got)
	}
	if names := armNames(got.Arms); !slices.Equal(names, []string{"five", "fresh"}) || got.Arms[0].RequestsPerConnection != 5 || !slices.Equal(got.FailIf, []string{"fresh.requests > 4"}) {
		t.Errorf("arms %+v, conditions %v", got.Arms, got.FailIf)
	}
	if o := got.Mix[0]; o.Name != "item" || o.Method != "PUT" || string(o.Body) != "x" || o.URL != "/items/1" {
		t.Errorf("operation %+v", o)
	}
}

func TestAURLIsThePlansTarget(t *testing.T) {
	got := planOver(t, "compare", "target: http://other\nmix: [{get: items}]\n", "https://u:p@h.example/v1/?x=1")
	if got.Target != "https://h.example/v1/?x=1" || got.Session.Auth.Basic.Password != "p" || got.Mix[0].URL != "items" {
		t.Errorf("target %s, %+v", got.Target, got.Session.Auth)
	}
	if names := armNames(got.Arms); !slices.Equal(names, []string{"pooled", "fresh-resumed", "fresh"}) { // as TLS is
		t.Errorf("arms %v", names)
	}
	// What does not fit the plan's own target may fit the URL.
	if got := planOver(t, "run", "arms: [pooled+h2c]\nmix: [{get: /}]\n", anyURL); got.Arms[0].HTTP != "h2c" {
		t.Errorf("arms %+v", got.Arms)
	}
}

func TestWhichArmsOfAPlanAreMeasured(t *testing.T) {
	const mix = "target: http://127.0.0.1:9\nmix: [{get: /}]\n"
	for _, test := range []struct{ command, plan, arms, want string }{
		{"run", mix, "", "pooled"},
		{"run", mix, "fresh", "fresh"},
		{"run", mix + "arms: [fresh]\n", "", "fresh"},
		{"run", mix + "arms: [fresh, pooled]\n", "pooled", "pooled"},
		{"run", mix + "arms: [fresh, pooled]\n", "reuse-7", "reuse-7"},
		{"compare", mix, "", "pooled fresh"},
		{"compare", mix + "arms: [fresh, pooled]\n", "", "fresh pooled"},
		{"compare", mix + "arms: [fresh, pooled]\n", "pooled, x=fresh", "pooled x"},
	} {
		args := []string{}
		if test.arms != "" {
			args = []string{"--arms", test.arms}
		}
		if got := strings.Join(armNames(planOver(t, test.command, test.plan, args...).Arms), " "); got != test.want {
			t.Errorf("%s of %q with --arms %q: %s, want %s", test.command, test.plan, test.arms, got, test.want)
		}
	}
}

func TestAPlanIsReadFromStandardInput(t *testing.T) {
	c := newConsole(goodResult(), nil)
	c.stdin = strings.NewReader(strings.Replace(fullPlan, "> 3", "> 300", 1))
	if code := c.sessbench(t, "run", "--plan", "-", "--arms", "pooled"); code != exitDone || len(c.plan.Arms) != 1 || c.plan.Load.Requests != 500 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}

func TestWhatIsWrongIsSaidWhereItIsToBeMended(t *testing.T) {
	const two = "target: http://127.0.0.1:9\nmix: [{get: /a}, {get: /b}]\nthresholds: [pooled.error_rate < 1%, fresh.operations.GET /b.requests > 1]\n"
	for _, test := range []struct {
		command, plan string
		args          []string
		want          string
	}{
		{"run", fullPlan, nil, "the plan has 2 arms, pooled, five; run takes one: name it, as in --arms pooled\n"},
		{"run", fullPlan, []string{"--arms", "pooled,fresh"}, "--arms names 2 arms; run takes one, and sessbench compare takes several\n"},
		{"compare", fullPlan, []string{"--set", "arms=[pooled]"}, "the plan has one arm, pooled; name others with --arms, as in --arms pooled,fresh, or use sessbench run\n"},
		{"compare", fullPlan, []string{"--arms", "fivee"}, "--arms has the unknown policy \"fivee\"; "},
		{"compare", fullPlan, []string{"-c", "0"}, "--workers is 0; it must be at least 1\n"},
		{"compare", fullPlan, []string{"-c", "5", "--set", "load.workers=0"}, "--set load.workers=0: load.workers: is 0; it must be at least 1\n"},
		{"compare", fullPlan, []string{"--fail-if", "fife.requests > 1"}, "--fail-if \"fife.requests > 1\": there is no \"fife\"; did you mean five?\n"},
		{"compare", fullPlan, []string{"--arms", "five,fresh"}, "PLAN:10:11: fail_if[0]: cannot be judged: there is no \"pooled\"; there is five, fresh, gain\n    fail_if: [pooled.requests > 3]\n              ^\n"},
		{"compare", two, []string{"-X", "PUT"}, "--method is about a single request, and the plan's mix has others; change one of them, as in --set 'mix[0].weight=2'\n"},
		{"run", two, nil, "PLAN:3:38: thresholds[1]: cannot be judged: there is no \"fresh\"; there is pooled, gain\n    thresholds: [pooled.error_rate < 1%, fresh.operations.GET /b.requests > 1]\n                                         ^\n"},
		{"compare", strings.Replace(two, "/b.", "/c.", 1), nil, "PLAN:3:38: thresholds[1]: cannot be judged: there is no \"GET /c\" in operations; did you mean GET /a?\n"},
		{"compare", two, []string{"--set", "thresholds[0]=pooled.error_rate < 1ms"}, "--set thresholds[0]=pooled.error_rate < 1ms: thresholds[0]: cannot be judged: pooled.error_rate is a share, "},
		{"compare", fullPlan, []string{"-d", "5s", "-n", "3"}, "--duration and --requests are both given; a run ends by one of them\n"},
		{"compare", fullPlan, []string{"-o", "-"}, "--out is -; name a file, or write the result to standard output with --format json\n"},
		{"compare", fullPlan, []string{"--set", "output.format=xml"}, "--format is \"xml\"; use text or json\n"},
		{"compare", fullPlan, []string{"--set", "load.wrkers=1"}, "--set load.wrkers=1: load.wrkers: is no key of a plan; did you mean workers?\n"},
		{"compare", "mix: [{gte: /}]\n", []string{"-c", "0"}, "--workers is 0; it must be at least 1\nsessbench: PLAN:1:8: mix[0].gte: is no key of a plan; did you mean get?\n    mix: [{gte: /}]\n           ^\n"},
	} {
		plan := writePlan(t, test.plan)
		got := refused(t, append([]string{test.command, "--plan", plan}, test.args...)...)
		if got = strings.ReplaceAll(got, plan, "PLAN"); !strings.HasPrefix(got, "sessbench: "+test.want) {
			t.Errorf("%s %q: message\n%s, want\nsessbench: %s", test.command, test.args, got, test.want)
		}
	}
	for args, want := range map[string]string{
		"run --plan= " + anyURL:           "--plan is empty; name a file",
		"run --set load.rate=3 " + anyURL: "--set is given without --plan; name the plan's file, as in --plan plan.yaml",
		"run --plan - --body-file -":      "--plan and --body-file are both -; standard input can be read once",
		"run --plan missing.yaml":         "the plan missing.yaml cannot be read: no such file or directory; check the file's name and permissions",
		"run --max-workers 5 " + anyURL:   "--max-workers is given without --rate; add a rate, as in --rate 500",
	} {
		if got := refused(t, strings.Fields(args)...); got != "sessbench: "+want+"\n" {
			t.Errorf("%s: message %q, want %q", args, got, want)
		}
	}
}

// What shows only when the plan is carried out has its place, too.
func TestWhatTheRunnerFindsHasItsPlaceInThePlan(t *testing.T) {
	for args, want := range map[string]string{
		"":             "PLAN:8:20: mix[0].url: is odd\n    mix: [{name: item, get: /items/1}]\n",
		"--cert x.pem": "--cert does not fit --key\n",
	} {
		c := newConsole(nil, nil)
		c.newRunner = func(*workload.Plan, workload.Options) (runner, error) {
			if args != "" {
				return nil, &workload.KeyError{Key: "session.tls.cert", Problem: "does not fit session.tls.key"}
			}
			return nil, &workload.KeyError{Key: "mix[0].url", Problem: "is odd"}
		}
		t.Chdir(t.TempDir())
		if err := os.WriteFile("x.pem", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		plan := writePlan(t, fullPlan)
		code := c.sessbench(t, append([]string{"compare", "--plan", plan}, strings.Fields(args)...)...)
		if got := strings.ReplaceAll(c.err.String(), plan, "PLAN"); code != exitUsage || !strings.HasPrefix(got, "sessbench: "+want) {
			t.Errorf("%q: exit code %d, message\n%s, want\n%s", args, code, got, want)
		}
	}
}

// savedWith is a file with a result whose plan is given.
func savedWith(t *testing.T, plan string) string {
	t.Helper()
	return saved(t, "r.json", with(goodResult(), func(r *result.Result) { r.Plan = json.RawMessage(plan) }))
}

func TestThePlanInASavedResultIsAPlan(t *testing.T) {
	file := savedWith(t, `{"target": "http://127.0.0.1:9", "arms": ["fresh"], "mix": [{"name": "a", "get": "/"}], "load": {"workers": 4, "duration": "2s"}, "output": {"file": "old.json", "format": "json", "quiet": true}}`)
	got := planOf(t, "run", "--plan", file, "-c", "5")
	if got.Load.Workers != 5 || got.Load.Duration != seconds(2) || got.Arms[0].Name != "fresh" || got.Output != (workload.Output{Format: "text"}) {
		t.Errorf("plan %+v", got)
	}
	c := newTryConsole(secretTrace(), nil)
	if code := c.sessbench(t, "try", "--plan", file); code != exitDone || c.plan.Target != "http://127.0.0.1:9" {
		t.Errorf("try: exit code %d: %s", code, c.err.String())
	}
	// What is wrong has its place in the file.
	file = savedWith(t, `{"arms": ["fresh"], "mix": [{"name": "a", "gte": "/"}]}`)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(data), `"gte"`)
	line := strings.Count(before, "\n") + 1
	want := "sessbench: r.json:" + itoa(line) + ":"
	if got := refused(t, "run", "--plan", file); !strings.HasPrefix(got, want) || !strings.Contains(got, "mix[0].gte: is no key of a plan; did you mean get?\n            \"gte\": \"/\"\n") {
		t.Errorf("message %s, want %s", got, want)
	}
}

func itoa(n int) string { return string(must(json.Marshal(n))) }

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

func TestMaskedSecretsAreRefusedAndCanBeGivenAnew(t *testing.T) {
	plan := &workload.Plan{
		Target: "http://127.0.0.1:9", Arms: []workload.Arm{{Name: "pooled", Policy: "pooled"}},
		Session: workload.SessionPlan{
			Headers: workload.Fields{session.Set("Authorization", "Bearer hunter2"), session.Set("Accept", "text/html")},
			Auth:    &workload.Auth{Basic: &workload.BasicAuth{User: "me", Password: "hunter2"}},
			Cookies: workload.Cookies{{Name: "sid", Value: "hunter2"}},
		},
		Mix:  []workload.Operation{{Name: "GET /?token=hunter2", Method: "GET", URL: "/?token=hunter2", Body: []byte("password=hunter2&a=b")}},
		Load: workload.Load{Workers: 1, Duration: workload.Duration(time.Second), Blocks: 1},
	}
	data, err := json.Marshal(plan.Masked())
	if err != nil {
		t.Fatal(err)
	}
	const why = "has *** in the place of a secret that was masked when it was saved; write the secret, or ${NAME} for a variable of the environment"
	keys := func(messages string) (keys []string) {
		for line := range strings.Lines(messages) {
			if before, found := strings.CutSuffix(line, ": "+why+"\n"); found {
				keys = append(keys, before[strings.LastIndex(before, ": ")+2:])
			}
		}
		return keys
	}
	file := savedWith(t, string(data))
	for _, command := range []string{"run", "try"} {
		got := refused(t, command, "--plan", file)
		if want := []string{"mix[0].body", "mix[0].get", "session.auth.basic.password", "session.cookies.sid", "session.headers.Authorization"}; !slices.Equal(keys(got), want) {
			t.Errorf("%s: %v of\n%s", command, keys(got), got)
		}
	}
	again := planOf(t, "run", "--plan", file, "-u", "me:pw", "-b", "sid=1", "--set", "session.headers.Authorization=Bearer x", "--set", "mix[0].get=/?token=y", "--body", "z")
	if again.Session.Auth.Basic.Password != "pw" || again.Session.Headers.Get("Authorization") != "Bearer x" {
		t.Errorf("plan %+v", again)
	}
	// In a plan file three asterisks may mean themselves, but not as a secret.
	got := refused(t, "run", "--plan", writePlan(t, "target: http://127.0.0.1:9\nsession: {headers: {X-Note: a ***}, auth: {bearer: \"***\"}}\nmix: [{post: /, body: \"***\"}]\n"))
	if !slices.Equal(keys(got), []string{"session.auth.bearer"}) {
		t.Errorf("%s", got)
	}
}

func TestAThresholdThatIsNotMetIsExitCodeThree(t *testing.T) {
	unmet := func(r *result.Result) {
		r.Thresholds = []result.Threshold{
			{Condition: "pooled.requests > 5", Met: true, Value: 100},
			{Condition: "pooled.response_time.p99 < 5ms", Value: 0.02},
			{Condition: "pooled.offered_rate > 3", Problem: "nothing was measured"},
			{Condition: "pooled.error_rate < 1%", Value: 0.5, Aborted: true},
		}
	}
	met := func(r *result.Result) {
		r.Thresholds = []result.Threshold{{Condition: "pooled.requests > 5", Met: true, Value: 100}}
	}
	for _, test := range []struct {
		name string
		res  *result.Result
		code int
	}{
		{"met", with(goodResult(), met), exitDone},
		{"not met", with(goodResult(), unmet), exitHeld},
		{"not met and invalid", with(with(goodResult(), unmet), invalid), exitInvalid},
		{"not met and interrupted", with(with(goodResult(), unmet), func(r *result.Result) { r.Interrupted = true }), exitInterrupted},
	} {
		c := newConsole(test.res, nil)
		if code := c.sessbench(t, "run", anyURL); code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.name, code, test.code)
		}
		want := ""
		if test.code != exitDone {
			want = `sessbench: the threshold "pooled.response_time.p99 < 5ms" is not met: it is 20ms
sessbench: the threshold "pooled.offered_rate > 3" is not met: it could not be told: nothing was measured
sessbench: the threshold "pooled.error_rate < 1%" is not met, which ended the run: it is 50%
`
		}
		if !strings.HasSuffix(c.err.String(), want) || want == "" && c.err.Len() > 0 {
			t.Errorf("%s: notes\n%s", test.name, c.err.String())
		}
	}
}

func TestThePlanOfAPlanThatNeedsTooManyFilesHasItsPlace(t *testing.T) {
	c := newConsole(goodResult(), nil)
	c.raiseFileLimit = func(uint64) (uint64, error) { return 100, nil }
	plan := writePlan(t, "target: http://127.0.0.1:9\nmix: [{get: /}]\nload: {workers: 99}\n")
	want := "sessbench: PLAN:3:8: load.workers: is too much: 99 with 1 arm needs 163 open files, and the limit is 100; raise it (ulimit -n 163) or use fewer workers\n"
	if code := c.sessbench(t, "run", "--plan", plan); code != exitUsage || !strings.HasPrefix(strings.ReplaceAll(c.err.String(), plan, "PLAN"), want) {
		t.Errorf("exit code %d, message %s", code, c.err.String())
	}
}

// What is found is a JSON value of its own, and keeps its place.
func FuzzSavedPlan(f *testing.F) {
	for _, text := range []string{
		`{"schema": "sessbench/result/v1", "plan": {"mix": []}}`, "{\n\"plan\":\n [1, \"ü\"] ,\"x\":{\"plan\":2},\"schema\":\"sessbench/trace/v1\"}", `{"schema": 3, "plan": {}}`,
		`{"plan": {}, "plan": 7, "schema": "sessbench/result/v1"}`, `{"schema": "sessbench/result/v1", "plan": `, `[]`, ``, "mix: [{get: /}]\n", `{"ü": "ü", "schema": "sessbench/result/v1", "plan": "***"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		from, to, ok := savedPlan(data)
		if !ok {
			return
		}
		plan := string(data[from:to])
		if !json.Valid(data[from:to]) || strings.TrimSpace(plan) != plan {
			t.Fatalf("%q in %q", plan, data)
		}
		kept := string(alone(data, from, to))
		before, _, _ := strings.Cut(kept, plan)
		if strings.TrimSpace(kept) != plan || len([]rune(before)) != len([]rune(string(data[:from]))) || strings.Count(before, "\n") != strings.Count(string(data[:from]), "\n") {
			t.Fatalf("%q is alone as %q", data, kept)
		}
	})
}
