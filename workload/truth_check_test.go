package workload_test

import (
	"maps"
	"strconv"
	"testing"

	"sessbench/result"
)

// truthChecks hold a result against the books.
type truthChecks struct {
	*truthScene
	t       *testing.T
	res     *result.Result
	servers []*truthServer
	cutOff  bool // the run was ended from outside
	ended   bool // by a feed
	aborted bool // by a threshold
}

func (c *truthChecks) all(err error, cutOff bool) {
	c.cutOff = cutOff
	if err != nil && !cutOff && !(c.flawed && c.res != nil) && !c.nothing() {
		c.t.Fatalf("the run fails: %v", err)
	}
	if c.res == nil || c.cutOff && len(c.res.Arms) == 0 {
		if !cutOff {
			c.t.Error("there is no result")
		}
		return
	}
	for _, threshold := range c.res.Thresholds {
		c.aborted = c.aborted || threshold.Aborted
	}
	for _, w := range c.res.Warnings {
		c.ended = c.ended || w.Code == "feed_ended"
		if w.Invalid && w.Code != "generator_saturated" && !(c.flawed || cutOff) {
			c.t.Errorf("not valid: %+v", w)
		}
	}
	if c.res.Interrupted != cutOff {
		c.t.Errorf("interrupted %t", c.res.Interrupted)
	}
	requireRoundTrip(c.t, c.res)
	c.connections()
	for i := range c.res.Arms {
		arm, s := &c.res.Arms[i], c.servers[i]
		s.mu.Lock()
		c.sums(arm)
		c.sessions(arm, s)
		c.order(s)
		c.rows(s)
		if !cutOff {
			c.counts(arm, s)
			c.offered(arm)
		}
		s.mu.Unlock()
	}
	c.pairs()
}

// nothing says whether it may be that nothing was measured: no arrival fell into a trial, or a feed had no row for anybody.
func (c *truthChecks) nothing() bool {
	return c.res != nil && len(c.res.Arms) > 0 && c.res.Arms[0].Requests == 0
}

func (c *truthChecks) fail(format string, args ...any) { c.t.Helper(); c.t.Errorf(format, args...) }

func (c *truthChecks) same(what string, got, want int64) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: %d, want %d", what, got, want)
	}
}

// connections holds what was opened and written.
func (c *truthChecks) connections() {
	opened, accepted := c.res.Preflight.Connections, func() (n int64) {
		for _, s := range c.servers {
			n += s.accepted.Load()
		}
		return n
	}
	for _, a := range c.res.Arms {
		opened += a.Connections.Opened
	}
	if c.cutOff {
		return
	}
	if !eventually(func() bool { return accepted() == opened }) {
		c.fail("%d connections, servers accepted %d", opened, accepted())
	}
	for i, a := range c.res.Arms {
		c.servers[i].mu.Lock()
		c.same(a.Name+" attempts", a.Connections.Attempts, c.servers[i].hits)
		c.servers[i].mu.Unlock()
	}
}

// class is that of the error that a call has to have, "transport" where there is no answer. judged: checks looked at it.
func (c *truthChecks) class(call *truthCall) (class string, judged bool) {
	op := call.op
	switch {
	case call.dropped:
		return "transport", false
	case call.status == 503 && c.retried && op.method != "POST" && !c.last:
		return "status", false
	case call.status >= 400 && !(op.expects404 && call.status == 404) && (op.expects404 || !op.statusToo):
		return "status", true
	case op.okCheck >= 0 && !call.ok, op.statusToo && call.status >= 500:
		return "check", true
	case op.extract != "" && (call.lacks || call.status >= 500):
		return "extract", true
	}
	return "", true
}

// A truthSum is what calls of an operation come to.
type truthSum struct {
	requests, retries int64
	classes           map[string]int64
	status            map[string]int64
	judged, ok, below int64
}

func (c *truthChecks) sum(s *truthServer, of func(*truthCall) bool) truthSum {
	sum := truthSum{classes: map[string]int64{}, status: map[string]int64{}}
	for _, call := range s.calls {
		if !of(call) {
			continue
		}
		class, judged := c.class(call)
		sum.requests++
		sum.retries += call.hits - 1
		if class != "" {
			sum.classes[class]++
		}
		if judged {
			sum.judged++
			sum.status[strconv.Itoa(call.status)]++
			if call.ok {
				sum.ok++
			}
			if call.status < 500 {
				sum.below++
			}
		}
	}
	return sum
}

// classesOf puts those of connections together, and leaves set-ups out, of which operations know nothing.
func classesOf(n *result.Numbers) (classes map[string]int64, setups int64) {
	classes = map[string]int64{}
	for class, count := range n.ErrorClasses {
		switch class {
		case "setup":
			setups = count
		case "status", "check", "extract", "render":
			classes[class] = count
		default:
			classes["transport"] += count
		}
	}
	return classes, setups
}

// counts holds what operations did.
func (c *truthChecks) counts(arm *result.Arm, s *truthServer) {
	mix := c.sum(s, func(call *truthCall) bool { return call.op.part == "mix" })
	_, setups := classesOf(&arm.Numbers)
	if arm.WarmupRequests == 0 {
		c.same(arm.Name+" requests", arm.Requests-setups, mix.requests)
	} else if n := arm.Requests + arm.WarmupRequests; n != mix.requests && arm.Sessions.SetupFailures == 0 {
		c.fail("%s: %d requests, the server had %d", arm.Name, n, mix.requests)
	}
	if c.plan.Load.Warmup > 0 {
		return
	}
	for _, op := range c.ops {
		if op.part != "mix" {
			continue
		}
		o := arm.Operation(op.name)
		if o == nil {
			if len(arm.Operations) > 0 {
				c.fail("%s has no %s", arm.Name, op.name)
			}
			continue
		}
		c.operation(arm, o, op, s, c.sum(s, func(call *truthCall) bool { return call.op == op }))
	}
}

func (c *truthChecks) operation(arm *result.Arm, o *result.Operation, op *truthOp, s *truthServer, sum truthSum) {
	classes, setups := classesOf(&o.Numbers)
	name := arm.Name + " " + op.name
	c.same(name+" requests", o.Requests-setups, sum.requests)
	if c.numbered {
		c.same(name+" retries", o.Retries, sum.retries)
		c.same(name+" redirects", o.Redirects, s.redirects[op])
	}
	if !maps.Equal(classes, sum.classes) {
		c.fail("%s: errors %v, want %v", name, classes, sum.classes)
	}
	for status, n := range sum.status {
		if o.Status[status] != n && !(op.flaw == "cut" && status == "200") && !(status == "503") {
			c.fail("%s: status %v, want %v", name, o.Status, sum.status)
		}
	}
	if len(o.Checks) != op.checks {
		c.fail("%s: checks %+v", name, o.Checks)
		return
	}
	for i, check := range o.Checks {
		c.same(name+" check "+check.Name, check.Passed+check.Failed, sum.judged)
		switch {
		case i == op.okCheck:
			c.same(name+" passed", check.Passed, sum.ok)
		case check.Name == "status":
			c.same(name+" passed", check.Passed, sum.below)
		default:
			c.same(name+" passed", check.Passed, sum.judged)
		}
	}
}

// sums holds that the parts of an arm's result make the whole.
func (c *truthChecks) sums(arm *result.Arm) {
	var operations, trials, series, stages, classes, statuses [2]int64
	for _, o := range arm.Operations {
		operations[0] += o.Requests
		operations[1] += o.Errors
		judged := int64(0)
		for _, n := range o.ErrorClasses {
			judged += n
		}
		c.same(o.Name+" classes", judged, o.Errors)
		c.same(o.Name+" response times", o.ResponseTime.Count, o.Requests-o.Errors)
		for _, check := range o.Checks {
			transport, setups := classesOf(&o.Numbers)
			if answered := o.Requests - transport["transport"] - transport["render"] - setups; check.Passed+check.Failed > answered {
				c.fail("%s: %+v of %d answered calls", o.Name, check, answered)
			}
		}
	}
	for _, t := range arm.Trials {
		trials[0] += t.Requests
		trials[1] += t.Errors
	}
	for _, s := range arm.Series {
		series[0] += s.Requests
		series[1] += s.Errors
	}
	for _, s := range arm.Stages {
		stages[0] += s.Requests
		stages[1] += s.Errors
	}
	for _, n := range arm.ErrorClasses {
		classes[1] += n
	}
	for _, n := range arm.Status {
		statuses[0] += n
	}
	want := [2]int64{arm.Requests, arm.Errors}
	if operations != want || trials != want || series != want || len(c.plan.Load.Stages) > 0 && len(arm.Trials) > 0 && stages != want || classes[1] != want[1] {
		c.fail("%s: requests and errors %v, of operations %v, trials %v, series %v, stages %v, classes %v", arm.Name, want, operations, trials, series, stages, classes)
	}
	c.same("failed response times", arm.FailedResponseTime.Count, arm.Errors)
	if statuses[0] > arm.Requests {
		c.fail("%s: %v of %d requests", arm.Name, arm.Status, arm.Requests)
	}
	c.scenarios(arm)
}

func (c *truthChecks) scenarios(arm *result.Arm) {
	n := 0
	for i := range c.plan.Mix {
		it := &c.plan.Mix[i]
		if it.Steps == nil || len(arm.Operations) == 0 {
			continue
		}
		if n >= len(arm.Scenarios) || arm.Scenarios[n].Name != it.Name {
			c.fail("%s: scenarios %+v", arm.Name, arm.Scenarios)
			return
		}
		s := &arm.Scenarios[n]
		n++
		last := arm.Operation(it.Name + "/" + it.Steps[len(it.Steps)-1].Name)
		if first := arm.Operation(it.Name + "/" + it.Steps[0].Name); !c.cutOff && s.Begun != first.Requests && !c.ended {
			c.fail("%s %s: %d begun, its first step has %d", arm.Name, it.Name, s.Begun, first.Requests)
		}
		if s.Completed != last.Requests-last.Errors || s.Time.Count != s.Completed {
			c.fail("%s %s: %+v, its last step has %d − %d", arm.Name, it.Name, s, last.Requests, last.Errors)
		}
	}
}

// sessions holds what became of sessions.
func (c *truthChecks) sessions(arm *result.Arm, s *truthServer) {
	of := func(part string) truthSum {
		return c.sum(s, func(call *truthCall) bool { return call.op.part == part })
	}
	setup, teardown, n := of("setup"), of("teardown"), &arm.Sessions
	failed := func(sum truthSum) (n int64) {
		for _, count := range sum.classes {
			n += count
		}
		return n
	}
	if c.cutOff {
		if n.SetupRequests > setup.requests || n.TeardownRequests > teardown.requests {
			c.fail("%s: %+v, the server had %d and %d", arm.Name, n, setup.requests, teardown.requests)
		}
		return
	}
	c.same(arm.Name+" set-up requests", n.SetupRequests, setup.requests)
	c.same(arm.Name+" set-up failures", n.SetupFailures, failed(setup))
	c.same(arm.Name+" teardown requests", n.TeardownRequests, teardown.requests)
	c.same(arm.Name+" teardown failures", n.TeardownFailures, failed(teardown))
	if !c.ended {
		c.same(arm.Name+" sessions", n.Begun, int64(len(s.sessions)))
	}
	if most := int64(c.plan.Load.MostWorkers()); n.Workers > most || n.Workers < 1 {
		c.fail("%d workers of %d", n.Workers, most)
	}
	if _, setups := classesOf(&arm.Numbers); setups > n.SetupFailures {
		c.fail("%s: %d iterations without a set-up, of which %d failed", arm.Name, setups, n.SetupFailures)
	}
}

// offered holds how many iterations there were.
func (c *truthChecks) offered(arm *result.Arm) {
	iterations := int64(0)
	for i := range c.plan.Mix {
		name := c.plan.Mix[i].Name
		if c.plan.Mix[i].Steps != nil {
			name += "/" + c.plan.Mix[i].Steps[0].Name
		}
		if o := arm.Operation(name); o != nil {
			iterations += o.Requests
		}
	}
	l := &c.plan.Load
	switch {
	case c.ended, c.aborted:
	case l.Requests > 0:
		c.same(arm.Name+" iterations", iterations, l.Requests)
	case l.Trace != "":
		c.same(arm.Name+" iterations", iterations, int64(l.Blocks*c.lines))
	}
	if arm.Sessions.Missed > iterations && !c.ended {
		c.fail("%s: %d of %d iterations missed", arm.Name, arm.Sessions.Missed, iterations)
	}
}
