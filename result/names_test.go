package result_test

import (
	"errors"
	"strings"
	"testing"

	"sessbench/result"
	"sessbench/stats"
)

// shop is what a plan with an operation, a scenario and stages names.
func shop() result.Names {
	return result.Names{
		Arms:       []string{"pooled", "fresh"},
		Operations: []string{"list", "v1.2 items", "checkout/cart", "checkout/pay"},
		Checks:     map[string][]string{"list": {"status == 200 && size > 0", "fast"}, "checkout/pay": {"paid"}},
		Scenarios:  []string{"checkout"},
		Stages:     3,
		Classes:    []string{"check", "reset"},
	}
}

func TestConditionsReachAllPartsOfAPlan(t *testing.T) {
	for _, s := range []string{
		"pooled.operations.checkout/pay.response_time.p99 < 50ms", "fresh.operations.v1.2 items.error_rate < 1%",
		"pooled.operations.list.checks.fast.failed == 0", "pooled.operations.list.checks.status == 200 && size > 0.passed > 3",
		"pooled.scenarios.checkout.completed > 10", "pooled.scenarios.checkout.time.p95 < 2s",
		"pooled.stages.2.response_time.p99 < 80ms", "pooled.stages.1.0.achieved_rate >= 99.5", "fresh.stages.0.errors == 0",
		"pooled.sessions.setup_failures == 0", "pooled.status.503 == 0",
		"pooled.error_classes.check == 0", "fresh.operations.list.error_classes.reset < 3", "gain.response_time.p50 > 1.5",
	} {
		c := mustParse(t, s)
		if err := c.CheckNames(shop()); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if err := c.Check(shop().Arms); err != nil {
			t.Errorf("%s, nothing known but the arms: %v", s, err)
		}
	}
}

func TestNamesThatThePlanDoesNotHaveAreRefused(t *testing.T) {
	for _, tc := range []struct{ in, problem, at string }{
		{"poold.requests > 1", "did you mean pooled?", "poold.requests > 1"},
		{"pooled.operations.lst.requests > 1", `there is no "lst" in operations; did you mean list?`, "lst.requests > 1"},
		{"pooled.operations.checkout.requests > 1", `there is no "checkout" in operations; there is list, v1.2 items, checkout/cart, checkout/pay`, "checkout.requests > 1"},
		{"pooled.operations.list.checks.fats.failed == 0", "did you mean fast?", "fats.failed == 0"},
		{"pooled.operations.checkout/cart.checks.paid.failed == 0", "there are no checks here", "paid.failed == 0"},
		{"pooled.operations.list.checks > 0", "checks is a list; name one, as in checks.<name>.failed", " > 0"},
		{"pooled.scenarios.chekout.completed > 1", "did you mean checkout?", "chekout.completed > 1"},
		{"pooled.scenarios.checkout > 1", "name a number in checkout: begun, completed, time", " > 1"},
		{"pooled.stages.3.requests > 1", "there is no stage 3; the last is 2", "3.requests > 1"},
		{"pooled.stages.last.requests > 1", "stages have numbers, from 0", "last.requests > 1"},
		{"pooled.stages > 1", "as in stages.0.response_time.p99", " > 1"},
		{"pooled.stages.0.p99 > 1ms", `there is no "p99" in stage 0`, "p99 > 1ms"},
		{"pooled.stages.0.response_time.p99 > 1", "needs a unit", "1"},
		{"pooled.error_classes.chek == 0", `there is no "chek" in error_classes; did you mean check?`, "chek == 0"},
		{"pooled.operations.list.error_classes.x == 0", "there is check, reset", "x == 0"},
		{"pooled.status.5xx == 0", `there is no status "5xx"; write a number of three digits, as in status.503`, "5xx == 0"},
		{"pooled.status.0200 > 1", `there is no status "0200"`, "0200 > 1"},
		{"pooled.stages.99999999999999999999.requests > 1", "stages have numbers", "99999999999999999999.requests > 1"},
	} {
		fault, ok := errors.AsType[*result.ConditionError](mustParse(t, tc.in).CheckNames(shop()))
		if !ok || !strings.Contains(fault.Problem, tc.problem) || fault.Text[fault.Offset:] != tc.at {
			t.Errorf("%q: got %v", tc.in, fault)
		}
	}
	bare := result.Names{Arms: []string{"pooled"}}
	for in, want := range map[string]string{
		"pooled.stages.0.requests > 1":      "the load has no stages",
		"pooled.scenarios.x.completed > 1":  "there are no scenarios here",
		"pooled.operations.list.requests>1": "there are no operations here",
	} {
		if err := mustParse(t, in).CheckNames(bare); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

// judged has a number behind each of shop's names, but for the stage that was not reached.
func judged() *result.Result {
	r := sample()
	a := &r.Arms[0]
	a.Operations = []result.Operation{
		{Name: "list", Checks: []result.Check{{Name: "fast", Passed: 9, Failed: 1}, {Name: "never made"}}},
		{Name: "checkout/pay", Numbers: result.Numbers{ResponseTime: stats.Summary{Count: 5, P99: 0.02}}},
	}
	a.Scenarios = []result.Scenario{{Name: "checkout", Begun: 6, Completed: 5, Time: stats.Summary{Count: 5, P95: 1.5}}, {Name: "none"}}
	a.Stages = []result.Stage{
		{Stage: 0, From: 0, To: 5, Seconds: 1, Requests: 3, OfferedRate: 3, AchievedRate: 3, ResponseTime: stats.Summary{Count: 3, P99: 0.001}},
		{Stage: 0, From: 5, To: 10, Seconds: 1, Requests: 7, OfferedRate: 7, AchievedRate: 6, ResponseTime: stats.Summary{Count: 7, P99: 0.002}},
		{Stage: 1, From: 10, To: 10, Seconds: 1, Requests: 10, AchievedRate: 10, Errors: 10},
	}
	a.Sessions.SetupFailures = 2
	return r
}

func TestEvalReadsWhatOperationsScenariosAndStagesCameTo(t *testing.T) {
	for in, want := range map[string]float64{
		"pooled.operations.checkout/pay.response_time.p99 < 50ms": 0.02,
		"pooled.operations.list.checks.fast.failed < 5":           1,
		"pooled.scenarios.checkout.completed < 6":                 5,
		"pooled.scenarios.none.completed == 0":                    0,
		"pooled.scenarios.checkout.time.p95 < 2s":                 1.5,
		"pooled.stages.0.response_time.p99 < 1s":                  0.002, // its end
		"pooled.stages.0.0.response_time.p99 < 1s":                0.001,
		"pooled.stages.0.0.to < 6":                                5,
		"pooled.stages.1.errors < 11":                             10,
		"pooled.sessions.setup_failures < 3":                      2,
	} {
		if held, value, err := mustParse(t, in).Eval(judged()); err != nil || !held || value != want {
			t.Errorf("%s: got %v, %v, %v", in, held, value, err)
		}
	}
	for _, in := range []string{
		"pooled.operations.list.checks.never made.failed == 0", "pooled.scenarios.none.time.p95 < 2s", "pooled.stages.1.response_time.p99 < 1s",
		"pooled.stages.1.offered_rate > 1", "pooled.stages.2.errors == 0", "pooled.stages.0.2.errors == 0", "fresh.stages.0.errors == 0",
	} {
		if held, value, err := mustParse(t, in).Eval(judged()); !errors.Is(err, result.ErrNotMeasured) || held {
			t.Errorf("%s: got %v, %v, %v", in, held, value, err)
		}
	}
}
