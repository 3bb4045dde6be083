package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"sessbench/workload"
	"sessbench/workload/session"
)

func planOf(t *testing.T, args ...string) *workload.Plan {
	t.Helper()
	c := newConsole(goodResult(), nil)
	if code := c.sessbench(t, args...); code != exitDone {
		t.Fatalf("%q: exit code %d: %s", args, code, c.err.String())
	}
	return c.plan
}

func TestFlagsBecomeThePlan(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	out := filepath.Join(t.TempDir(), "r.json")
	if err := os.WriteFile(ca, []byte("PEM"), 0o666); err != nil {
		t.Fatal(err)
	}
	got := planOf(t, "compare", "https://user:p%40ss@h.example:8443/a/b?c=d#fragment",
		"--arms", "pooled,five=reuse-5", "-c", "3", "-d", "20s", "-r", "100", "--arrivals", "poisson", "--warmup", "1s", "--blocks", "7", "--seed", "9",
		"-X", "PUT", "-H", "Accept: */*", "-H", "X-Empty:", "--body", "hello", "-b", "a=1; b=2",
		"--cacert", ca, "--cert", ca, "--key", ca, "--resolve", "h.example:8443:127.0.0.1", "--connect-to", "::127.0.0.1:1",
		"-L", "--max-redirects", "4", "-x", "u:p@proxy:3128", "--trust-env", "--digest", "-u", "me:secret",
		"--timeout", "3s", "--read-timeout", "2s", "--connect-timeout", "1s", "-o", out, "--format", "json", "-q",
		"--fail-if", "pooled.response_time.p99 > 50ms")
	want := &workload.Plan{
		Target: "https://h.example:8443",
		Arms:   []workload.Arm{{Name: "pooled", Policy: "pooled"}, {Name: "five", Policy: "reuse-5"}},
		Session: workload.SessionPlan{
			Headers:   workload.Fields{session.Set("Accept", "*/*"), session.Set("X-Empty", "")},
			Auth:      &workload.Auth{Digest: &workload.BasicAuth{User: "me", Password: "secret"}},
			Cookies:   workload.Cookies{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}},
			Timeout:   workload.Timeout{Connect: seconds(1), Read: seconds(2), Total: seconds(3)},
			Follow:    true,
			TrustEnv:  true,
			Proxies:   workload.Proxies{{For: "all", URL: "u:p@proxy:3128"}},
			TLS:       workload.TLSPlan{Verify: true, CA: ca, Cert: ca, Key: ca},
			Resolve:   []string{"h.example:8443:127.0.0.1"},
			ConnectTo: []string{"::127.0.0.1:1"},
		},
		Mix:    []workload.Operation{{Name: "PUT /a/b", Method: "PUT", URL: "/a/b?c=d", Body: []byte("hello")}},
		Load:   workload.Load{Workers: 3, Duration: seconds(20), Rate: 100, Arrivals: workload.Poisson, Warmup: seconds(1), Blocks: 7, Seed: 9},
		FailIf: []string{"pooled.response_time.p99 > 50ms"},
		Output: workload.Output{File: out, Format: "json", Quiet: true},
	}
	want.Session.MaxRedirects = new(int)
	*want.Session.MaxRedirects = 4
	if !reflect.DeepEqual(got, want) {
		t.Errorf("plan\n%+v, want\n%+v", got, want)
	}
}

func seconds(n int) workload.Duration { return workload.Duration(time.Duration(n) * time.Second) }

func TestDefaultsOfTheLoad(t *testing.T) {
	for _, test := range []struct {
		args string
		want workload.Load
	}{
		{"", workload.Load{Workers: 10, Duration: seconds(10), Warmup: seconds(1), Blocks: 10, Seed: 1}},
		{"-d 1m", workload.Load{Workers: 10, Duration: seconds(60), Warmup: seconds(2), Blocks: 10, Seed: 1}},
		{"-d 1m --warmup 0s", workload.Load{Workers: 10, Duration: seconds(60), Blocks: 10, Seed: 1}},
		{"-n 50", workload.Load{Workers: 10, Requests: 50, Blocks: 10, Seed: 1}},
		{"-n 3", workload.Load{Workers: 10, Requests: 3, Blocks: 3, Seed: 1}},
		{"-n 3 --warmup 1s --blocks 2", workload.Load{Workers: 10, Requests: 3, Warmup: seconds(1), Blocks: 2, Seed: 1}},
		{"-n 50 -r 5", workload.Load{Workers: 10, Requests: 50, Rate: 5, Arrivals: workload.Constant, Blocks: 10, Seed: 1}},
	} {
		for _, command := range []string{"run", "compare"} {
			if got := planOf(t, append([]string{command, anyURL}, strings.Fields(test.args)...)...).Load; !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s %s: load %+v, want %+v", command, test.args, got, test.want)
			}
		}
	}
}

func TestDefaultArmsDependOnTLS(t *testing.T) {
	for args, want := range map[string][]string{
		"compare http://h/":   {"pooled", "fresh"},
		"compare h":           {"pooled", "fresh"},
		"compare https://h/":  {"pooled", "fresh-resumed", "fresh"},
		"run http://h/":       {"pooled"},
		"run https://h/":      {"pooled"},
		"compare HTTPS://h/x": {"pooled", "fresh-resumed", "fresh"},
	} {
		if got := armNames(planOf(t, strings.Fields(args)...).Arms); !slices.Equal(got, want) {
			t.Errorf("%s: arms %v, want %v", args, got, want)
		}
	}
}

func TestMethodIsPOSTWhereThereIsABody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("from file"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args         []string
		method, body string
	}{
		{nil, "GET", ""},
		{[]string{"--body", "x"}, "POST", "x"},
		{[]string{"--body", ""}, "POST", ""},
		{[]string{"--body", "@x"}, "POST", "@x"},
		{[]string{"--body", "x", "-X", "DELETE"}, "DELETE", "x"},
		{[]string{"-X", "HEAD"}, "HEAD", ""},
		{[]string{"--body-file", file}, "POST", "from file"},
	} {
		o := planOf(t, append([]string{"run", anyURL}, test.args...)...).Mix[0]
		if o.Method != test.method || string(o.Body) != test.body {
			t.Errorf("%q: %s with body %q, want %s with %q", test.args, o.Method, o.Body, test.method, test.body)
		}
	}
}

func TestBodyFromStandardInput(t *testing.T) {
	c := newConsole(goodResult(), nil)
	c.stdin = strings.NewReader("from stdin")
	if code := c.sessbench(t, "run", anyURL, "--body-file", "-"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if o := c.plan.Mix[0]; string(o.Body) != "from stdin" || o.BodyFile != "-" {
		t.Errorf("operation %+v", o)
	}
}

func TestUserTakesPrecedenceOverTheURLsUserinfo(t *testing.T) {
	for _, test := range []struct {
		args []string
		want *workload.BasicAuth
	}{
		{[]string{"http://h/"}, nil},
		{[]string{"http://a:b@h/"}, &workload.BasicAuth{User: "a", Password: "b"}},
		{[]string{"http://a@h/"}, &workload.BasicAuth{User: "a"}},
		{[]string{"http://a:b@h/", "-u", "c:d:e"}, &workload.BasicAuth{User: "c", Password: "d:e"}},
		{[]string{"http://h/", "-u", "c"}, &workload.BasicAuth{User: "c"}},
	} {
		plan := planOf(t, append([]string{"run"}, test.args...)...)
		var got *workload.BasicAuth
		if plan.Session.Auth != nil {
			got = plan.Session.Auth.Basic
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %+v, want %+v", test.args, got, test.want)
		}
		if plan.Target != "http://h" {
			t.Errorf("%q: target %q", test.args, plan.Target)
		}
	}
}

func TestInsecureTurnsVerificationOff(t *testing.T) {
	if planOf(t, "run", "https://h/", "-k").Session.TLS.Verify || !planOf(t, "run", "https://h/").Session.TLS.Verify {
		t.Error("--insecure and verification do not go together")
	}
}

// measurementFlags returns the flags of compare and of run, help excepted.
func measurementFlags(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	root := newRootCommand(&newConsole(nil, nil).process)
	for _, name := range []string{"compare", "run"} {
		cmd, _, err := root.Find([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { names[f.Name] = true })
	}
	return names
}

func TestEveryFlagHasAPlanKeyAndEveryKeyAFlag(t *testing.T) {
	flags, bound, keys := measurementFlags(t), map[string]bool{}, map[string]bool{}
	for _, b := range bindings() {
		if b.flag != "URL" && !flags[b.flag] {
			t.Errorf("bindings have --%s, which no command has", b.flag)
		}
		bound[b.flag] = true
		keys[b.key] = true
	}
	for flag := range flags {
		switch beside := slices.Contains(besideKeys(), flag); {
		case beside && bound[flag]:
			t.Errorf("--%s has a plan key, and is said to be about the plan itself", flag)
		case !beside && !bound[flag]:
			t.Errorf("--%s has no plan key", flag)
		}
	}
	want := slices.Concat(planKeys(reflect.TypeFor[workload.Plan](), ""), operationKeys())
	for _, only := range fileOnly() {
		if keys[only.key] || only.why == "" {
			t.Errorf("plan key %s has a flag, and is said to have none, or it is not said why", only.key)
		}
		keys[only.key] = true
	}
	for _, key := range want {
		if !keys[key] {
			t.Errorf("plan key %s has no flag", key)
		}
		delete(keys, key)
	}
	for key := range keys {
		t.Errorf("bindings have the key %s, which no plan has", key)
	}
}

// operationKeys are those of an operation, which writes its own JSON: by its fields' names, but for BodyFile.
func operationKeys() []string {
	var keys []string
	for f := range reflect.TypeFor[workload.Operation]().Fields() {
		key := strings.ToLower(f.Name)
		if f.Name == "BodyFile" {
			key = "body_file"
		}
		keys = append(keys, "mix."+key)
	}
	return keys
}

// planKeys lists the keys of the values in a plan: those of structs have dots.
func planKeys(t reflect.Type, prefix string) []string {
	var keys []string
	for f := range t.Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		key = prefix + key
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case key == "mix", f.Tag.Get("json") == "-":
		case inner == reflect.TypeFor[workload.BasicAuth]():
			keys = append(keys, key)
		case inner.Kind() == reflect.Struct:
			keys = append(keys, planKeys(inner, key+".")...)
		default:
			keys = append(keys, key)
		}
	}
	return keys
}

func TestKeysAreShownAsFlags(t *testing.T) {
	for key, want := range map[string]string{
		"load.workers":                "--workers",
		"mix[0].headers":              "--header",
		"mix[3].method":               "--method",
		"session.auth.digest":         "--digest",
		"session.proxies.all":         "--proxy",
		"session.max_redirects":       "--max-redirects",
		"session.auth.basic.password": "--user",
		"target":                      "URL",
		"arms":                        "--arms",
		"arms[1].name":                "--arms",
		"unheard.of":                  "unheard.of",
	} {
		if got := flagOf(key); got != want {
			t.Errorf("%s is shown as %s, want %s", key, got, want)
		}
	}
}

func TestPlanOfFlagsIsJSON(t *testing.T) {
	data, err := json.Marshal(planOf(t, "compare", anyURL, "-H", "A: b", "--body", "x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"workers":10`, `"post":"/"`, `"A":"b"`, `"arms":["pooled","fresh"]`} {
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("no %s in %s", want, data)
		}
	}
}

func TestHeaderValuesKeepTheirColonsAndLoseOuterSpace(t *testing.T) {
	got, err := parseHeaders([]string{"Host: h:80", "X:\t a b "})
	if want := (workload.Fields{session.Set("Host", "h:80"), session.Set("X", "a b")}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("headers %v, %v; want %v", got, err, want)
	}
}
