package workload

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sessbench/result"
	"sessbench/workload/wire"
)

// A portWatch keeps account of a run's local ports: it says before whether they will last, tells when the first
// connection finds none, and what came of it. Only missed may be called by several goroutines.
type portWatch struct {
	budget   *portBudget // nil: nothing is known, or no ports are needed
	forecast forecast
	policies []wire.Policy
	logger   *slog.Logger
	began    time.Time
	warned   bool
	told     atomic.Bool
}

// watchPorts makes the account of a run to addresses, "ip:port".
func (r *Runner) watchPorts(addresses []string) *portWatch {
	w := &portWatch{logger: r.logger, began: time.Now(), budget: newPortBudget(r.facts, &r.setup.wire, addresses)}
	for _, a := range r.arms {
		w.policies = append(w.policies, a.policy)
	}
	return w
}

// foresee makes the forecast from connections per second of each arm, and warns once of ports that will run out, unless they have.
func (w *portWatch) foresee(p *Plan, o *offer, rates []float64) {
	if w.budget == nil {
		return
	}
	w.forecast = w.budget.forecast(p, o, w.policies, rates)
	if told := w.budget.warning(w.forecast); told != nil && !w.warned && !w.told.Load() {
		w.warned = true
		w.logger.Warn(told.Detail + "; " + told.Hint)
	}
}

// missed is called when a connection of an arm found no local port.
func (w *portWatch) missed(arm string) {
	if !w.told.CompareAndSwap(false, true) {
		return
	}
	w.logger.Warn(fmt.Sprintf("%s found no free local port after %.1f s; the result will be invalid", arm, time.Since(w.began).Seconds()))
}

// doubts is the warning of the forecast, where it is one, and whether it came true.
func (w *portWatch) doubts() []result.Warning {
	if w.budget == nil {
		return nil
	}
	told := w.budget.warning(w.forecast)
	if told == nil {
		return nil
	}
	if !w.told.Load() {
		told.Detail += ", said the forecast, and every connection found a port"
		told.Hint = "ports were free earlier than the forecast reckons with, as over https where the server answers the closing alert, or fewer were needed; for a longer run, " + told.Hint
	}
	return []result.Warning{*told}
}

// result is nil where nothing is known.
func (w *portWatch) result() *result.Ports {
	if w.budget == nil {
		return nil
	}
	return w.budget.result(w.forecast)
}

// measuredRates are the connections per second that arms opened in their warm-up; 0 where there was none.
func measuredRates(arms []*armRun, warmup time.Duration) []float64 {
	rates := make([]float64, len(arms))
	for i, a := range arms {
		if warmup > 0 {
			rates[i] = float64(a.counts().Opened) / warmup.Seconds()
		}
	}
	return rates
}

// portsMissed is the warning that connections of the arm found no local port, its warm-up included.
func (a *armRun) portsMissed() []result.Warning {
	missed := a.portless.Load()
	if missed == 0 {
		return nil
	}
	return []result.Warning{a.invalid("ports_exhausted",
		fmt.Sprintf("%d calls found no free local port: closed connections keep theirs for a minute in TIME_WAIT", missed),
		"connect from more addresses (--source), close by reset (+close-reset), lower the rate or the duration, or widen net.ipv4.ip_local_port_range")}
}
