package workload

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sessbench/result"
	"sessbench/stats"
)

// plannedShop has an operation and a scenario, two arms and a load in stages.
func plannedShop(thresholds ...Threshold) *Plan {
	p := new(Plan)
	p.Arms = []Arm{{Name: "pooled", Policy: "pooled"}, {Name: "fresh", Policy: "fresh"}}
	p.Mix = []Operation{
		{Name: "list", Method: "GET", URL: "/", Check: []Check{{Expr: "status == 200"}, {Name: "fast", Expr: "duration < 1"}}},
		{Name: "checkout", Steps: []Operation{{Name: "cart", Method: "POST", URL: "/"}, {Name: "pay", Method: "POST", URL: "/"}}},
	}
	p.Thresholds = thresholds
	return p
}

func TestConditionsAreCheckedWithThePlan(t *testing.T) {
	for _, good := range []string{
		"pooled.operations.checkout/pay.response_time.p99 < 50ms", "fresh.operations.list.checks.status == 200.failed == 0",
		"pooled.operations.list.checks.fast.passed > 0", "pooled.scenarios.checkout.completed > 3", "gain.response_time.p50 > 1.5",
	} {
		if err := plannedShop(Threshold{Condition: good}).validateConditions(); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	p := plannedShop(
		Threshold{Condition: "pooled.error_rate < 1%"},
		Threshold{Condition: "poold.error_rate < 1%"},
		Threshold{Condition: "pooled.operations.pay.requests > 1", AbortEarly: true, Grace: Duration(-time.Second)},
		Threshold{Condition: "pooled.requests ? 1", Grace: Duration(time.Second)},
		Threshold{},
	)
	p.FailIf = []string{"pooled.response_time.p99 > 5"}
	var got []string
	for _, e := range KeyErrors(p.validateConditions()) {
		got = append(got, e.Error())
	}
	want := []string{
		`thresholds[1] cannot be judged: there is no "poold"; did you mean pooled?`,
		`thresholds[2].grace is -1s; use a positive time, or 0 for none`,
		`thresholds[2] cannot be judged: there is no "pay" in operations; there is list, checkout/cart, checkout/pay`,
		`thresholds[3].grace is given without abort_early; add abort_early: true`,
		`thresholds[3] is no condition: no operator: a condition is "path operator value", operators are < <= > >= == !=`,
		`thresholds[4] has no condition; write one, such as pooled.response_time.p99 < 50ms`,
		`fail_if[0] cannot be judged: pooled.response_time.p99 is a time, and its value needs a unit: ns us µs ms s m h`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// partial is what two arms came to after some time each.
func partial(pooled, fresh float64, errorRate float64) *result.Result {
	r := &result.Result{Arms: []result.Arm{{Name: "pooled"}, {Name: "fresh"}}}
	for i, seconds := range []float64{pooled, fresh} {
		a := &r.Arms[i]
		a.Seconds, a.Requests, a.ErrorRate = seconds, int64(100*seconds), errorRate
		a.ResponseTime = stats.Summary{Count: a.Requests, P99: 0.02}
	}
	return r
}

func TestAThresholdEndsARunOnceEveryArmHadItsGrace(t *testing.T) {
	strict := Threshold{Condition: "pooled.error_rate < 1%", AbortEarly: true, Grace: Duration(5 * time.Second)}
	patient := Threshold{Condition: "pooled.error_rate < 1%"}
	untold := Threshold{Condition: "gain.response_time.p50 > 2", AbortEarly: true}
	kept := Threshold{Condition: "fresh.response_time.p99 < 1s", AbortEarly: true}
	for _, test := range []struct {
		name       string
		thresholds []Threshold
		sofar      *result.Result
		want       string
	}{
		{"met", []Threshold{strict}, partial(9, 9, 0), "0 false"},
		{"not met", []Threshold{kept, strict}, partial(9, 9, 0.5), "1 true"},
		{"one arm has not had its grace", []Threshold{strict}, partial(9, 4.9, 0.5), "0 false"},
		{"just had it", []Threshold{strict}, partial(9, 5, 0.5), "0 true"},
		{"not asked to", []Threshold{patient}, partial(9, 9, 0.5), "0 false"},
		{"cannot be told yet", []Threshold{untold}, partial(9, 9, 0), "0 false"},
		{"nothing was measured", []Threshold{{Condition: "pooled.requests > 5", AbortEarly: true}}, partial(0, 0, 0), "0 false"},
	} {
		threshold, ok := plannedShop(test.thresholds...).broken(test.sofar)
		if got := fmt.Sprint(threshold, ok); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestEveryThresholdIsJudged(t *testing.T) {
	p := plannedShop(
		Threshold{Condition: "pooled.response_time.p99 < 50ms"},
		Threshold{Condition: "fresh.error_rate < 0.1%", AbortEarly: true},
		Threshold{Condition: "gain.response_time.p50 > 1.5"},
	)
	got := fmt.Sprintf("%+v", p.judge(partial(1, 1, 0.5), 1))
	want := "[{Condition:pooled.response_time.p99 < 50ms Met:true Value:0.02 Problem: Aborted:false}" +
		" {Condition:fresh.error_rate < 0.1% Met:false Value:0.5 Problem: Aborted:true}" +
		" {Condition:gain.response_time.p50 > 1.5 Met:false Value:0 Problem:the result has no comparison of fresh in response_time.p50: nothing was measured Aborted:false}]"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if none := plannedShop().judge(partial(1, 1, 0), -1); none != nil {
		t.Errorf("without thresholds: %+v", none)
	}
}
