package result_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"sessbench/result"
)

func mustParse(t *testing.T, s string) result.Condition {
	t.Helper()
	c, err := result.ParseCondition(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConditionsAreReadAsPathOperatorValue(t *testing.T) {
	for _, tc := range []struct {
		in, path, op string
		value        float64
		unit         string
	}{
		{"pooled.response_time.p99 > 50ms", "pooled.response_time.p99", ">", 0.05, "ms"},
		{"a.error_rate<=0.1%", "a.error_rate", "<=", 0.001, "%"},
		{" gain.response_time.p50\t>= 1.5 ", "gain.response_time.p50", ">=", 1.5, ""},
		{"a.requests != 0", "a.requests", "!=", 0, ""},
		{"a.response_time.p50 == 5µs", "a.response_time.p50", "==", 5e-6, "µs"},
		{"a.response_time.p50 == 5μs", "a.response_time.p50", "==", 5e-6, "μs"},
		{"a.response_time.p50 < 5us", "a.response_time.p50", "<", 5e-6, "us"},
		{"a.response_time.p50 < 7ns", "a.response_time.p50", "<", 7e-9, "ns"},
		{"a.seconds > .5m", "a.seconds", ">", 30, "m"},
		{"a.seconds > 1.5e0 h", "a.seconds", ">", 5400, "h"},
		{"a.seconds > -2s", "a.seconds", ">", -2, "s"},
		{"a.operations.GET /?x=1&y<2.requests > 3", "a.operations.GET /?x=1&y<2.requests", ">", 3, ""},
	} {
		c := mustParse(t, tc.in)
		if c.Path != tc.path || c.Op != tc.op || c.Value != tc.value || c.Unit != tc.unit || c.String() != strings.TrimSpace(tc.in) {
			t.Errorf("%q: got %+v", tc.in, c)
		}
	}
}

func TestConditionFaultsPointAtTheirPlace(t *testing.T) {
	for _, tc := range []struct{ in, problem, at string }{
		{"pooled.response_time.p99 > 50xs", `"xs" is not a unit`, "xs"},
		{"pooled.response_time.p99", "no operator", ""},
		{"", "no operator", ""},
		{"a.x => 5", `"=>" is not an operator; operators are < <= > >= == !=`, "=> 5"},
		{"a.x = 5", `"=" is not an operator`, "= 5"},
		{"> 5", "nothing stands left", "> 5"},
		{"50ms < a.x", "a number stands right", "a.x"},
		{"a.x > inf", "a number stands right", "inf"},
		{"a.x > NaN", "a number stands right", "NaN"},
		{"a.x > 0x10", `"x10" is not a unit`, "x10"},
		{"a.x > 1e", `"e" is not a unit`, "e"},
		{"a.x > 1e999", "out of range", "1e999"},
		{"a.x > 1e308h", "out of range", "1e308h"},
		{"a.x > 1,5", `",5" is not a unit`, ",5"},
		{"a.x > --5", "a number stands right", "--5"},
		{"a.x > 1 && b.x > 2", "give several conditions", "&& b.x > 2"},
		{"µ.µ > 1m30s", `"m30s" is not a unit`, "m30s"},
	} {
		_, err := result.ParseCondition(tc.in)
		fault, ok := errors.AsType[*result.ConditionError](err)
		if !ok || !strings.Contains(fault.Problem, tc.problem) || fault.Text[fault.Offset:] != tc.at {
			t.Errorf("%q: got %v", tc.in, err)
		}
	}
}

func TestConditionErrorsShowACaretBelowTheFault(t *testing.T) {
	_, err := result.ParseCondition("µ.response_time.p99 > 50xs")
	want := `"xs" is not a unit; a value is a number such as 1.5, 50ms or 0.1%; units are ns us µs ms s m h and %
    µ.response_time.p99 > 50xs
                            ^`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestCheckAcceptsWhatAResultCanAnswer(t *testing.T) {
	arms := []string{"pooled", "v1.2", "fresh"}
	for _, s := range []string{
		"pooled.response_time.p99 > 50ms", "pooled.response_time.p99.9 > 1s", "pooled.response_time.p99.99 > 1s",
		"pooled.error_rate > 0.1%", "pooled.error_rate > 0.001", "pooled.connections.opened > 10",
		"pooled.error_classes.reset > 0", "pooled.status.503 > 0", "pooled.operations.list.response_time.p50 > 1ms",
		"pooled.operations.GET /a.json.response_time.p99.9 > 1ms", "pooled.phases.tls.mean > 1ms", "pooled.phases.tls.share > 50%",
		"v1.2.requests < 100", "fresh.achieved_rate < 100", "fresh.generator.cpu_share > 80%", "fresh.policy.requests_per_connection != 1",
		"gain.response_time.p50 < 1.5", "gain.v1.2.response_time.p99.9 < 1.5", "gain.achieved_rate < 2", "gain.fresh.error_rate < 1",
		"fresh.response_time.max > 0", "fresh.seconds < 1m", "fresh.response_time.count < 5",
	} {
		if err := mustParse(t, s).Check(arms); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestCheckRefusesWhatNoResultCanAnswer(t *testing.T) {
	arms := []string{"pooled", "fresh"}
	for _, tc := range []struct{ in, problem, at string }{
		{"poold.requests > 1", "did you mean pooled?", "poold.requests > 1"},
		{"x.requests > 1", `there is no "x"; there is pooled, fresh, gain`, "x.requests > 1"},
		{"pooled.response_tme.p99 > 1ms", `there is no "response_tme" in pooled; did you mean response_time?`, "response_tme.p99 > 1ms"},
		{"pooled.response_time.p98 > 1ms", "in response_time; did you mean p90?", "p98 > 1ms"},
		{"pooled.response_time.p99.95 > 1ms", "p99 is a number and has nothing below it", "95 > 1ms"},
		{"pooled.response_time > 1ms", "the path stops at a group; name a number in response_time: count, mean", " > 1ms"},
		{"pooled > 1ms", "the path stops at a group", " > 1ms"},
		{"pooled.status > 1", "as in status.503", " > 1"},
		{"pooled.phases > 1ms", "as in phases.tls", " > 1ms"},
		{"pooled.phases.tsl.mean > 1ms", "did you mean tls?", "tsl.mean > 1ms"},
		{"pooled.operations > 1", "operations.<name>.requests", " > 1"},
		{"pooled.operations.list.p50 > 1ms", `there is no "p50" in operation list`, "p50 > 1ms"},
		{"pooled.name > 1", `there is no "name"`, "name > 1"},
		{"pooled.trials > 1", `there is no "trials"`, "trials > 1"},
		{"pooled.requests.x > 1", "requests is a number", "x > 1"},
		{"pooled.response_time.p99 > 5%", "is a time", "5%"},
		{"pooled.response_time.p99 > 50", "needs a unit", "50"},
		{"pooled.requests > 5ms", `is a count, and its value has no unit; leave out "ms"`, "5ms"},
		{"pooled.requests > 5%", "is a count", "5%"},
		{"pooled.achieved_rate > 5s", "is a rate", "5s"},
		{"pooled.error_rate > 5ms", "is a share", "5ms"},
		{"pooled.error_rate > 5", "for a percentage write a %", "5"},
		{"gain.response_time.p50 > 5%", "is a ratio", "5%"},
		{"gain.requests > 2", "there is no gain in requests", "requests > 2"},
		{"gain.offered_rate > 2", "there is no gain in offered_rate", "offered_rate > 2"},
		{"gain.response_time.count > 2", "there is no gain", "response_time.count > 2"},
		{"gain.pooled.response_time.p50 > 2", "pooled is the baseline", "pooled.response_time.p50 > 2"},
		{"gain > 2", "the path stops at a group", " > 2"},
	} {
		err := mustParse(t, tc.in).Check(arms)
		fault, ok := errors.AsType[*result.ConditionError](err)
		if !ok || !strings.Contains(fault.Problem, tc.problem) || fault.Text[fault.Offset:] != tc.at {
			t.Errorf("%q: got %v", tc.in, err)
		}
	}
	if err := mustParse(t, "gain.response_time.p50 > 2").Check(arms[:1]); err == nil || !strings.Contains(err.Error(), "needs two arms, and pooled is the only one") {
		t.Errorf("one arm: %v", err)
	}
	if err := mustParse(t, "a.requests > 2").Check(nil); err == nil {
		t.Error("no arm: want an error")
	}
}

func TestEvalTellsWhatHeld(t *testing.T) {
	r := sample()
	r.Arms[0].Operations = []result.Operation{{Name: "a"}, {Name: "a.requests", Numbers: result.Numbers{Requests: 7}}}
	for _, tc := range []struct {
		in    string
		held  bool
		value float64
	}{
		{"fresh.response_time.mean > 49ms", true, 0.05},
		{"fresh.response_time.mean == 50ms", true, 0.05},
		{"fresh.response_time.mean > 50ms", false, 0.05},
		{"fresh.response_time.mean >= 50ms", true, 0.05},
		{"fresh.response_time.mean < 50ms", false, 0.05},
		{"fresh.response_time.mean <= 50ms", true, 0.05},
		{"fresh.response_time.mean != 50ms", false, 0.05},
		{"pooled.response_time.p99 < 1s", true, 0.02},
		{"pooled.response_time.p99.9 < 1s", true, 0.03},
		{"pooled.response_time.p99.99 < 1s", true, 0.04},
		{"pooled.error_classes.reset > 2", true, 3},
		{"pooled.error_classes.refused == 0", true, 0},
		{"pooled.status.200 == 10", true, 10},
		{"pooled.phases.tls.mean < 6ms", true, 0.005},
		{"pooled.phases.tls.share < 60%", true, 0.5},
		{"pooled.error_rate == 0", true, 0},
		{"pooled.failed_response_time.count == 0", true, 0},
		{"pooled.operations.a.requests.requests == 7", true, 7},
		{"gain.response_time.mean > 4", true, 5},
		{"gain.fresh.achieved_rate == 4", true, 4},
	} {
		held, value, err := mustParse(t, tc.in).Eval(r)
		if err != nil || held != tc.held || value != tc.value {
			t.Errorf("%s: got %v, %v, %v", tc.in, held, value, err)
		}
	}
}

func TestEvalSaysWhereNothingWasMeasured(t *testing.T) {
	r := sample()
	r.Arms[1].Numbers = result.Numbers{}
	r.Comparisons[1].Ratio.Value = 0
	for _, s := range []string{
		"fresh.response_time.p99 < 50ms", "fresh.error_rate < 1%", "fresh.achieved_rate > 3", "fresh.phases.tls.mean < 1ms",
		"pooled.phases.dns.mean < 1ms", "pooled.offered_rate > 3", "pooled.failed_response_time.p50 < 1s",
		"gain.response_time.p50 > 1", "gain.error_rate > 1", "gain.achieved_rate > 1",
	} {
		if held, value, err := mustParse(t, s).Eval(r); !errors.Is(err, result.ErrNotMeasured) || held || !strings.Contains(err.Error(), s[:5]) {
			t.Errorf("%s: got %v, %v, %v", s, held, value, err)
		}
	}
}

func TestEvalRefusesWhatTheResultDoesNotHave(t *testing.T) {
	r := sample()
	r.Arms[0].Operations = []result.Operation{{Name: "list"}}
	for s, want := range map[string]string{
		"pooled.operations.lst.requests > 1": "did you mean list?",
		"other.requests > 1":                 `there is no "other"`,
	} {
		if _, _, err := mustParse(t, s).Eval(r); err == nil || errors.Is(err, result.ErrNotMeasured) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", s, err)
		}
	}
}

func TestFormatWritesTheValueInTheConditionsUnit(t *testing.T) {
	for in, want := range map[string]string{
		"a.x > 50ms": "62.1235ms",
		"a.x > 1%":   "6.21235%",
		"a.x > 1":    "0.0621235",
		"a.x > 1µs":  "62123.5µs",
	} {
		if got := mustParse(t, in).Format(0.0621234567); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func FuzzParseCondition(f *testing.F) {
	for _, s := range []string{
		"pooled.response_time.p99 > 50ms", "fresh.error_rate<=0.1%", "gain.fresh.achieved_rate != -1.5e3", "µ.x == 5µs", "pooled.operations.a.b.c.p50 > 1",
		"pooled.phases.tls.mean >", "< 5", "a => 1", "gain..x > 1", "pooled. > 1h", "pooled.status.. > 1", "\x00\xff > 1",
		"pooled.operations.list.checks.a && b.failed == 0", "pooled.stages.1.0.from > 1", "pooled.stages.. > 1", "pooled.scenarios.checkout.time.p95 < 2s",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := result.ParseCondition(s)
		if err != nil {
			checkFault(t, err)
			return
		}
		if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) || c.Path == "" {
			t.Fatalf("%q: got %+v", s, c)
		}
		if again, err := result.ParseCondition(c.String()); err != nil || again != c {
			t.Fatalf("%q reads again as %+v, %v", c, again, err)
		}
		r := judged()
		for _, checked := range []error{c.Check(r.ArmNames()), c.CheckNames(shop())} {
			if checked != nil {
				checkFault(t, checked)
			}
		}
		if _, _, err := c.Eval(r); err != nil && !errors.Is(err, result.ErrNotMeasured) {
			checkFault(t, err)
		}
	})
}

func checkFault(t *testing.T, err error) {
	t.Helper()
	fault, ok := errors.AsType[*result.ConditionError](err)
	if !ok {
		t.Fatalf("error of another type: %v", err)
	}
	if fault.Offset < 0 || fault.Offset > len(fault.Text) || fault.Problem == "" {
		t.Fatalf("fault out of place: %+v", fault)
	}
	_ = fault.Error()
}
