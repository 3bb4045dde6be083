package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/workload"
)

const smallPlan = "target: http://127.0.0.1:9\nmix: [{get: /, name: home, timeout: {read: 1s}}, {post: /b}]\n"

func writePlan(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plan.yaml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// secretTrace has one exchange with a secret in it.
func secretTrace() *result.Trace {
	return &result.Trace{
		Schema: result.TraceSchema, Plan: json.RawMessage("{}"),
		Operations: []result.TracedOperation{{Name: "home", Part: "mix", Status: 200, Exchanges: []result.TracedExchange{{
			Why:      result.WhyCall,
			Request:  result.TracedRequest{Method: "GET", URL: "http://127.0.0.1:9/", HTTP: "HTTP/1.1", Headers: []result.TracedHeader{{Name: "Authorization", Value: "Bearer hunter2"}}},
			Response: &result.TracedResponse{Status: 200, HTTP: "HTTP/1.1"},
		}}}},
	}
}

// newTryConsole carries nothing out: it returns trace and err.
func newTryConsole(trace *result.Trace, err error) *console {
	c := newConsole(nil, nil)
	c.tryPlan = func(_ context.Context, plan *workload.Plan, opts workload.Options) (*result.Trace, error) {
		c.plan, c.options = plan, opts
		return trace, err
	}
	return c
}

func TestTryPrintsAndSavesWhatHappened(t *testing.T) {
	plan, out := writePlan(t, smallPlan), filepath.Join(t.TempDir(), "trace.json")
	c := newTryConsole(secretTrace(), nil)
	if code := c.sessbench(t, "try", "--plan", plan, "-o", out); code != exitDone || c.err.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	if got := c.out.String(); !strings.Contains(got, "> Authorization: Bearer ***\n") || !strings.HasSuffix(got, "\n1 operation\n") {
		t.Errorf("printed %s", got)
	}
	saved, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var trace result.Trace
	if err := json.Unmarshal(saved, &trace); err != nil || trace.Tool != tool() || strings.Contains(string(saved), "hunter2") {
		t.Errorf("saved %s, %v", saved, err)
	}
	if c.plan.Target != "http://127.0.0.1:9" || c.options.Embedded != nil || !strings.HasPrefix(c.options.UserAgent, "sessbench/") {
		t.Errorf("plan %+v with %+v", c.plan, c.options)
	}
}

func TestTryShowsSecretsWhereThatIsAskedFor(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for _, show := range []bool{false, true} {
			c := newTryConsole(secretTrace(), nil)
			args := []string{"try", "--plan", writePlan(t, smallPlan), "--format", format}
			if show {
				args = append(args, "--show-secrets")
			}
			if code := c.sessbench(t, args...); code != exitDone || strings.Contains(c.out.String(), "hunter2") != show {
				t.Errorf("%q: exit code %d, %s", args, code, c.out.String())
			}
		}
	}
}

func TestTryReadsStandardInput(t *testing.T) {
	c := newTryConsole(secretTrace(), nil)
	c.stdin = strings.NewReader(smallPlan)
	if code := c.sessbench(t, "try", "--plan", "-"); code != exitDone || len(c.plan.Mix) != 2 {
		t.Errorf("exit code %d: %s", code, c.err.String())
	}
}

func TestTrysTimeoutTakesThePlaceOfThePlans(t *testing.T) {
	c := newTryConsole(secretTrace(), nil)
	if code := c.sessbench(t, "try", "--plan", writePlan(t, smallPlan), "--timeout", "3s"); code != exitDone {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	want := workload.Timeout{Connect: seconds(5), Read: seconds(1), Total: seconds(3)}
	if got := c.plan.Mix[0].Timeout; *got != want || c.plan.Session.Timeout.Total != seconds(3) || c.plan.Mix[1].Timeout != nil {
		t.Errorf("timeout %+v, session's %+v", got, c.plan.Session.Timeout)
	}
}

func TestTryUsesTheEmbeddedServerWithoutATarget(t *testing.T) {
	c := newTryConsole(secretTrace(), nil)
	if code := c.sessbench(t, "try", "--plan", writePlan(t, "mix: [{get: /}]")); code != exitDone || c.options.Embedded == nil {
		t.Errorf("exit code %d, embedded server %v: %s", code, c.options.Embedded, c.err.String())
	}
}

func TestTrysExitCodes(t *testing.T) {
	failed := secretTrace()
	failed.Operations[0].Error = &result.TracedError{Class: "refused", Message: "connection refused"}
	interrupted := secretTrace()
	interrupted.Interrupted = true
	for _, test := range []struct {
		name    string
		trace   *result.Trace
		err     error
		code    int
		printed bool
		message string
	}{
		{"done", secretTrace(), nil, exitDone, true, ""},
		{"failed", failed, nil, exitFailed, true, ""},
		{"interrupted", interrupted, nil, exitInterrupted, true, ""},
		{"cannot be carried out", nil, &workload.KeyError{Key: "mix[0].url", Problem: "is odd"}, exitUsage, false, "PLAN:2:8: mix[0].url: is odd\n    mix: [{get: /, name: home, timeout: {read: 1s}}, {post: /b}]\n           ^"},
		{"broken", nil, errors.New("no luck"), exitFailed, false, "no luck"},
	} {
		c := newTryConsole(test.trace, test.err)
		plan := writePlan(t, smallPlan)
		if code := c.sessbench(t, "try", "--plan", plan); code != test.code || (c.out.Len() > 0) != test.printed {
			t.Errorf("%s: exit code %d, printed %q", test.name, code, c.out.String())
		}
		want := ""
		if test.message != "" {
			want = "sessbench: " + strings.ReplaceAll(test.message, "PLAN", plan) + "\n"
		}
		if c.err.String() != want {
			t.Errorf("%s: message %q, want %q", test.name, c.err.String(), want)
		}
	}
}

func TestASignalEndsTry(t *testing.T) {
	signals := make(chan os.Signal, 1)
	c := newTryConsole(nil, nil)
	c.signals = signals
	c.tryPlan = func(ctx context.Context, _ *workload.Plan, _ workload.Options) (*result.Trace, error) {
		signals <- os.Interrupt
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
			t.Error("not canceled")
		}
		return secretTrace(), nil
	}
	if code := c.sessbench(t, "try", "--plan", writePlan(t, smallPlan)); code != exitInterrupted || c.out.Len() == 0 {
		t.Errorf("exit code %d, printed %q", code, c.out.String())
	}
}

func TestEveryProblemOfAPlanIsNotedWithItsLine(t *testing.T) {
	plan := writePlan(t, "mix: [{gte: /}]\nload: {wrkers: 3}\n")
	c := newTryConsole(secretTrace(), nil)
	if code := c.sessbench(t, "try", "--plan", plan); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	want := "sessbench: PLAN:1:8: mix[0].gte: is no key of a plan; did you mean get?\n" +
		"    mix: [{gte: /}]\n           ^\n" +
		"sessbench: PLAN:2:8: load.wrkers: is no key of a plan; did you mean workers?\n" +
		"    load: {wrkers: 3}\n           ^\n"
	if got := strings.ReplaceAll(c.err.String(), plan, "PLAN"); got != want || c.plan != nil {
		t.Errorf("notes\n%s\nwant\n%s", got, want)
	}
}

func TestWhatTrysCommandLineMustHave(t *testing.T) {
	missing, plan := filepath.Join(t.TempDir(), "missing"), writePlan(t, smallPlan)
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "try needs a plan; name its file, as in sessbench try --plan plan.yaml"},
		{[]string{"--plan", ""}, "--plan is empty; name a file"},
		{[]string{"--plan", missing}, "the plan " + missing + " cannot be read: no such file or directory; check the file's name and permissions"},
		{[]string{"--plan", plan, "--format", "xml"}, `--format is "xml"; use text or json`},
		{[]string{"--plan", plan, "--timeout", "-1s"}, "--timeout is -1s; use a positive time, or 0 for none"},
		{[]string{"--plan", plan, "-o", ""}, "--out is empty; name a file"},
		{[]string{"--plan", plan, "-o", "-"}, "--out is -; name a file, or write to standard output with --format json"},
		{[]string{"--plan", plan, "http://h/"}, "try takes no arguments; see sessbench try --help"},
	} {
		c := newTryConsole(secretTrace(), nil)
		if code := c.sessbench(t, append([]string{"try"}, test.args...)...); code != exitUsage || c.plan != nil {
			t.Errorf("%q: exit code %d", test.args, code)
		}
		if got, want := c.err.String(), "sessbench: "+test.want+"\n"; got != want {
			t.Errorf("%q: message\n%q, want\n%q", test.args, got, want)
		}
	}
}
