package report_test

import (
	"fmt"

	"sessbench/result"
	"sessbench/stats"
)

// shop is a plan with all parts: scenarios, checks, stages, thresholds, sessions with a set-up.
func shop() *result.Result {
	r := base(`{"setup": [{}], "mix": [{"name": "list"}, {"name": "checkout", "steps": [{}, {}]}],
		"load": {"stages": [{"duration": "10s", "rate": 200}, {"duration": "1m20s", "rate": 200}, {"duration": "5s", "rate": 900, "shape": "spike"}],
		"arrivals": "poisson", "workers": 20, "max_workers": 100, "blocks": 4, "seed": 1}}`, pooledArm(), freshArm())
	for i := range r.Arms {
		addShop(&r.Arms[i], float64(1+9*i))
	}
	r.Arms[1].Operations[2].Checks[1].Failed = 17
	r.Arms[1].Scenarios[0].Completed -= 17
	r.Arms[1].Stages = r.Arms[1].Stages[:3] // cut short
	compared(r, 1, 0.03, stats.Worse)
	r.Thresholds = []result.Threshold{
		{Condition: "pooled.operations.checkout/pay.response_time.p99 < 50ms", Met: true, Value: 0.0213},
		{Condition: "fresh.error_rate < 0.1%", Value: 0.0042, Aborted: true},
		{Condition: "gain.response_time.p50 > 1.5", Met: true, Value: 19.2},
		{Condition: "fresh.stages.2.response_time.p99 < 80ms", Problem: "nothing was measured"},
	}
	return r
}

// addShop gives an arm, whose times are so many times those of the best, its parts.
func addShop(a *result.Arm, times float64) {
	numbers := func(n int64, share float64) result.Numbers {
		of := a.Numbers
		of.Requests = n
		of.ResponseTime = summary(n, 0.5*times, 0.4*times*share, 0.8*times, 2*times*share, 3*times, 5*times)
		of.ServiceTime = of.ResponseTime
		return of
	}
	a.Operations = []result.Operation{
		{Name: "list", Numbers: numbers(6000, 1), Checks: []result.Check{{Name: "status == 200", Passed: 6000}}},
		{Name: "checkout/cart", Numbers: numbers(900, 0.5)},
		{Name: "checkout/pay", Numbers: numbers(890, 3), Checks: []result.Check{{Name: "paid", Passed: 890}, {Name: "fast", Passed: 873}}},
	}
	a.Scenarios = []result.Scenario{{Name: "checkout", Begun: 900, Completed: 890, Time: summary(890, 210, 205*times, 240, 300*times, 310, 320)}}
	stage := func(n int, from, to, start, seconds float64, slow float64) result.Stage {
		return result.Stage{Stage: n, From: from, To: to, Start: start, Seconds: seconds, Requests: int64(seconds * (from + to) / 2), OfferedRate: (from + to) / 2,
			AchievedRate: (from+to)/2 - slow, ResponseTime: summary(int64(seconds*100), slow, 0.4*times*slow, slow, 2*times*slow, slow, slow)}
	}
	a.Stages = []result.Stage{stage(0, 0, 100, 0, 5, 1), stage(0, 100, 200, 5, 5, 1.1), stage(1, 200, 200, 10, 80, 1.2), stage(2, 900, 900, 90, 5, 7)}
	a.Stages[3].Errors = 12
	a.Sessions = result.Sessions{Begun: 64, Workers: 64, SetupRequests: 66, SetupFailures: 2}
}

// moreWorkers has stages of workers, many operations, and many checks of which few failed.
func moreWorkers() *result.Result {
	a := pooledArm()
	for i := range 23 {
		o := result.Operation{Name: fmt.Sprintf("GET /resource/%d", i), Numbers: a.Numbers}
		o.ServiceTime.Count = int64(100 * (i % 7))
		o.Checks = []result.Check{{Name: "ok", Passed: 100}}
		a.Operations = append(a.Operations, o)
	}
	a.Operations[4].Checks[0].Failed = 3
	for i := range 3 {
		level := float64(10 * (i + 1))
		a.Stages = append(a.Stages, result.Stage{Stage: i, From: level, To: level, Start: 5 * float64(i), Seconds: 5, Requests: 100, AchievedRate: 900 * level, ResponseTime: a.ResponseTime})
	}
	a.Sessions = result.Sessions{Begun: 1234, Workers: 30}
	return base(`{"session": {"renew_every": 10}, "load": {"workers": 30, "stages": [{"duration": "5s", "workers": 10, "shape": "step"}, {"duration": "5s", "workers": 20}, {"duration": "5s", "workers": 30}]}}`, a)
}
