package workload

import (
	"encoding/json"
	"strconv"
	"time"

	"sessbench/result"
	"sessbench/stats"
	"sessbench/workload/arrivals"
)

// assemble makes the result of the trials that were carried out.
func (r *Runner) assemble(probe found, interrupted bool) (*result.Result, error) {
	plan, err := json.Marshal(r.environment.Masked(r.plan))
	if err != nil {
		return nil, err
	}
	res := &result.Result{
		Schema:      result.Schema,
		Interrupted: interrupted,
		Plan:        plan,
		Target: result.Target{
			URL:        r.environment.address(r.setup.request.URL(), r.plan, r.plan.Target),
			Proxy:      r.environment.Hide(r.setup.proxyName()),
			Addresses:  probe.Addresses,
			TLSVersion: probe.TLSVersion,
			Cipher:     probe.CipherSuite,
			Curve:      probe.Curve,
			Embedded:   r.plan.Target == "",
		},
		Emulation:   r.plan.Emulate.result(),
		Ports:       r.ports.result(),
		Preflight:   result.Preflight{Connections: probe.Counts.Opened, TLSFull: probe.Counts.TLSFull},
		Comparisons: []stats.Comparison{},
		Warnings:    r.runDoubts(),
		Valid:       true,
	}
	if probe.here {
		res.Warnings = append(res.Warnings, loopback(res.Target.Proxy != ""))
	}
	r.addArms(res)
	res.Thresholds = r.plan.judge(res, r.aborted)
	for i, w := range res.Warnings {
		res.Warnings[i].Detail, res.Warnings[i].Hint = r.environment.Hide(w.Detail), r.environment.Hide(w.Hint)
		res.Valid = res.Valid && !w.Invalid
	}
	return res, nil
}

// loopback is the warning that what we connect to is on this machine.
func loopback(proxied bool) result.Warning {
	if proxied {
		return result.Warning{Code: "loopback",
			Detail: "the proxy is on this machine: there is no network round trip to it to save, and sessbench and the proxy share its CPUs",
			Hint:   "use a proxy across a network, or none, to see what reuse buys there"}
	}
	return result.Warning{Code: "loopback",
		Detail: "the target is on this machine: there is no network round trip to save, and client and server share its CPUs",
		Hint:   "load a target across a network to see what reuse buys there"}
}

func (r *Runner) addArms(res *result.Result) {
	for i, a := range r.arms {
		arm, ended := a.result(r.pacing.stages(), r.pacing.open)
		if a.arm.Target != "" {
			arm.Target = r.environment.address(a.setup.request.URL(), r.plan, a.arm.Target)
		}
		res.Warnings = append(res.Warnings, a.verify(&arm, ended, len(a.workers), r.secure())...)
		res.Warnings = append(res.Warnings, a.unsent(r.plan)...)
		res.Warnings = append(res.Warnings, a.doubts(&arm)...)
		res.Arms = append(res.Arms, arm)
		if i > 0 {
			options := stats.CompareOptions{Seed: r.plan.Load.Seed, Paired: true}
			res.Comparisons = append(res.Comparisons, stats.Compare(r.arms[0].trials, a.trials, options)...)
		}
	}
	res.Warnings = append(res.Warnings, tlsDoubts(res.Arms)...)
}

// result sums the arm up, and returns what its connections had come to when the last trial ended. Idle connections of a
// shared pool are closed for it: only then the system is asked about them.
func (a *armRun) result(profile arrivals.Profile, open bool) (result.Arm, tally) {
	ended := tally{Counts: a.counts(), kept: a.keptOpen()}
	if a.pool != nil {
		a.pool.Close()
	}
	arm := a.measured(&a.measurements, profile, open)
	arm.Policy = describe(&a.arm, &a.policy, &a.options)
	arm.WarmupRequests = a.warmup
	arm.Connections = ended.result(&a.policy)
	arm.Handshakes = a.handshakes()
	arm.Kernel = a.kernel()
	arm.Generator = a.usage.generator()
	for i, t := range a.trials {
		arm.Trials = append(arm.Trials, trial(t, a.opened[i]))
	}
	return arm, ended
}

// measured is the part of the arm's result that was measured in trials; m may have more of them than the arm.
func (a *armRun) measured(m *measurements, profile arrivals.Profile, open bool) result.Arm {
	arm := result.Arm{
		Name:       a.arm.Name,
		Handshakes: []result.Handshake{},
		Operations: []result.Operation{},
		Series:     []result.Second{},
		Trials:     []result.Trial{},
	}
	span := m.span()
	totals := make([]stats.Tally, len(m.trials))
	series := make([][]stats.Second, len(m.trials))
	for i, t := range m.trials {
		totals[i], series[i] = t.Total(), t.Series
	}
	arm.Numbers = numbers(stats.MergeTallies(totals...), span, stats.Summarize)
	if len(m.operations) > 1 {
		span.offered = 0 // of each of them nobody knows
	}
	for _, t := range m.operations {
		arm.Operations = append(arm.Operations, result.Operation{Name: t.Name, Numbers: numbers(t, span, stats.SummarizeWithoutHistogram)})
	}
	a.addChecks(&arm)
	arm.Scenarios, arm.Stages, arm.Sessions = scenarioResults(m.scenarios), stageResults(m.trials, profile, open), a.sessions()
	for _, s := range stats.MergeSeries(series...) {
		arm.Series = append(arm.Series, second(s))
	}
	return arm
}

// A span is the measured time of an arm and what was offered in it.
type span struct {
	elapsed time.Duration
	window  time.Duration // in which the open model's calls fell due
	offered int64
}

func numbers(t stats.Tally, s span, summarize func(stats.Distribution) stats.Summary) result.Numbers {
	n := result.Numbers{
		Requests:           t.Requests,
		Errors:             t.Errors,
		ErrorClasses:       map[string]int64{},
		Retries:            t.Retries,
		Redirects:          t.Redirects,
		Seconds:            s.elapsed.Seconds(),
		OfferedRate:        perSecond(s.offered, s.window),
		AchievedRate:       perSecond(t.Requests, s.elapsed),
		BytesIn:            t.BytesIn,
		BytesOut:           t.BytesOut,
		Status:             map[string]int64{},
		ResponseTime:       summarize(t.Response),
		ServiceTime:        summarize(t.Service),
		ScheduleLag:        summarize(t.Lag),
		FailedResponseTime: summarize(t.Failed),
		Phases:             map[string]result.PhaseSummary{},
	}
	if t.Requests > 0 {
		n.ErrorRate = float64(t.Errors) / float64(t.Requests)
	}
	for class, count := range t.Classes {
		n.ErrorClasses[class] = count
	}
	for code, count := range t.Status {
		n.Status[strconv.Itoa(code)] = count
	}
	for p := range stats.NumPhases {
		n.Phases[p.String()] = phase(t.Phases[p], n.ServiceTime.Mean)
	}
	return n
}

func phase(d stats.Distribution, service float64) result.PhaseSummary {
	s := stats.SummarizeWithoutHistogram(d)
	p := result.PhaseSummary{Mean: s.Mean, P50: s.P50, P90: s.P90, P99: s.P99, Max: s.Max}
	if service > 0 {
		p.Share = s.Mean / service
	}
	return p
}

func second(s stats.Second) result.Second {
	r := stats.SummarizeWithoutHistogram(s.Response)
	return result.Second{Second: s.At, Requests: s.Requests, Errors: s.Errors, Mean: r.Mean, P50: r.P50, P99: r.P99, Max: r.Max}
}

func trial(t stats.Trial, opened int64) result.Trial {
	all := t.Total()
	return result.Trial{
		Block:        t.Block,
		Position:     t.Position,
		Started:      t.Started.Seconds(),
		Seconds:      t.Elapsed.Seconds(),
		Requests:     all.Requests,
		Errors:       all.Errors,
		OfferedRate:  perSecond(t.Offered, t.Window),
		AchievedRate: perSecond(all.Requests, t.Elapsed),
		Opened:       opened,
		ResponseTime: stats.Summarize(all.Response),
	}
}

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
