package workload_test

import (
	"fmt"
	"maps"
	"slices"

	"sessbench/workload"
)

// order holds that sessions do everything in its turn.
func (c *truthChecks) order(s *truthServer) {
	last := map[int]int{} // each worker's last session
	for _, session := range s.sessions {
		if w := session.calls[0]; w.worker >= 0 {
			last[w.worker] = max(last[w.worker], w.which)
		}
	}
	seen := map[[2]int]bool{}
	for _, session := range s.sessions {
		first := session.calls[0]
		if first.worker >= 0 {
			id := [2]int{first.worker, first.which}
			if seen[id] {
				c.fail("session %v has two cookies", id)
			}
			seen[id] = true
		}
		c.sequence(session, first.worker >= 0 && first.which < last[first.worker])
	}
}

// sequence holds one session; whole says that it was ended for another.
func (c *truthChecks) sequence(session *truthSession, whole bool) {
	calls := session.calls
	take := func(part string, want int) (list []*truthCall) {
		for len(calls) > 0 && calls[0].op.part == part {
			list, calls = append(list, calls[0]), calls[1:]
		}
		for i, call := range list {
			class, _ := c.class(call)
			if call.op.item != i || class != "" && i < len(list)-1 {
				c.fail("%s call %d is of %s, class %s", part, i, call.op.key, class)
			}
			if class != "" {
				want = i + 1
			}
		}
		if len(list) != want && !c.cutOff && !c.ended {
			c.fail("%d calls of the %s, want %d", len(list), part, want)
		}
		return list
	}
	setup := take("setup", len(c.plan.Setup))
	if len(calls) == 0 {
		if len(setup) > 0 {
			if class, _ := c.class(setup[len(setup)-1]); class != "" {
				return // it failed
			}
		}
	}
	begun := int64(0)
	var before *truthCall
	for len(calls) > 0 && calls[0].op.part == "mix" {
		call := calls[0]
		calls = calls[1:]
		if call.op.step == 0 {
			begun++
		}
		c.follows(before, call)
		before = call
	}
	// An iteration in which a feed ended is none of the session's.
	switch every := c.plan.Session.RenewEvery; {
	case every > 0 && begun > every && !c.ended, every > 0 && whole && begun != every && !c.cutOff && !c.ended, every == 0 && whole && !c.flawed && !c.cutOff:
		c.fail("a session of %d iterations (whole: %t) where %d are wanted", begun, whole, every)
	}
	take("teardown", len(c.plan.Teardown))
	if len(calls) > 0 {
		c.fail("%s after the end of a session", calls[0].op.key)
	}
}

// follows holds the order of the calls of scenarios.
func (c *truthChecks) follows(before, call *truthCall) {
	goesOn := false
	if before != nil {
		class, _ := c.class(before)
		goesOn = class == "" && !before.op.last
		if before.worker >= 0 && call.worker >= 0 && (before.worker != call.worker || before.which != call.which) {
			c.fail("a session of worker %d.%d and of %d.%d", before.worker, before.which, call.worker, call.which)
		}
	}
	switch {
	case goesOn && (call.op.item != before.op.item || call.op.step != before.op.step+1 || call.iteration != before.iteration):
		if !c.cutOff && !c.ended {
			c.fail("%s of iteration %d follows %s of %d", call.op.key, call.iteration, before.op.key, before.iteration)
		}
	case !goesOn && call.op.step != 0:
		c.fail("%s begins in its middle", call.op.key)
	case !goesOn && before != nil && call.iteration >= 0 && call.iteration <= before.iteration:
		c.fail("iteration %d follows %d", call.iteration, before.iteration)
	}
}

// rows holds who got which row of a feed.
func (c *truthChecks) rows(s *truthServer) {
	for _, f := range c.feeds {
		by := map[string]int{}
		for _, call := range s.calls {
			row, ok := call.rows[f.name]
			if !ok {
				continue
			}
			who := fmt.Sprintf("%d.%d", call.worker, call.which)
			if f.pick != workload.PerWorker {
				who += fmt.Sprintf(" %s %d", call.op.part, call.iteration)
			}
			if known, again := by[who]; again && known != row {
				c.fail("feed %s: %s has rows %d and %d", f.name, who, known, row)
			}
			by[who] = row
			if n := call.worker + call.which*c.plan.Load.MostWorkers(); f.pick == workload.PerWorker && (row != n%f.rows || n >= f.rows && !f.wraps()) {
				c.fail("feed %s: session %s has row %d of %d", f.name, who, row, f.rows)
			}
		}
		c.spread(f, by)
	}
}

// spread holds how often rows were given.
func (c *truthChecks) spread(f *truthFeed, by map[string]int) {
	counts := make([]int, f.rows)
	for _, row := range by {
		counts[row]++
	}
	least, most := slices.Min(counts), slices.Max(counts)
	switch {
	case (f.pick == workload.Unique || f.pick == workload.RoundRobin && !f.wraps()) && most > 1:
		c.fail("feed %s: a row was given %d times", f.name, most)
	case f.pick == workload.RoundRobin && most > least+1 && !c.cutOff && !c.flawed:
		c.fail("feed %s: rows were given %d to %d times", f.name, least, most)
	}
}

// pairs holds that arms were offered the same.
func (c *truthChecks) pairs() {
	if c.flawed || c.cutOff || c.aborted || c.ended || c.plan.Load.Warmup > 0 || len(c.servers) < 2 {
		return
	}
	l := &c.plan.Load
	closed := l.Rate == 0 && l.Trace == "" && c.plan.Mix[0].Rate == 0 && (len(l.Stages) == 0 || l.Stages[0].Rate == nil)
	for i := 1; i < len(c.servers); i++ {
		a, b := c.servers[0], c.servers[i]
		if !closed {
			if x, y := byItem(a), byItem(b); !maps.Equal(x, y) {
				c.fail("open model: %v of the first arm, %v of arm %d", x, y, i)
			}
			continue
		}
		if l.Requests > 0 && l.Workers > 1 && c.numbered { // which worker makes an iteration is chance, what it is of is not
			if x, y := a.everything(l.MostWorkers()), b.everything(l.MostWorkers()); !slices.Equal(x, y) {
				c.fail("a number of iterations: %v of the first arm, %v of arm %d", x, y, i)
			}
			continue
		}
		if l.Blocks > 1 && (l.Workers > 1 || l.Requests == 0) || !c.numbered {
			continue
		}
		for w := range l.MostWorkers() {
			x, y := a.sequence(w), b.sequence(w)
			if n := min(len(x), len(y)); !slices.Equal(x[:n], y[:n]) || l.Workers == 1 && l.Requests > 0 && len(x) != len(y) {
				c.fail("worker %d: %v of the first arm, %v of arm %d", w, x, y, i)
			}
		}
	}
}

// everything is all that workers asked for, in an order of its own.
func (s *truthServer) everything(workers int) []string {
	var all []string
	for w := range workers {
		all = append(all, s.sequence(w)...)
	}
	slices.Sort(all)
	return all
}

// byItem counts the calls of each operation of the mix.
func byItem(s *truthServer) map[string]int {
	counts := map[string]int{}
	for _, call := range s.calls {
		if call.op.part == "mix" {
			counts[call.op.key]++
		}
	}
	return counts
}

// sequence is what a worker did, without the end of sessions: the last one ends when the arm does.
func (s *truthServer) sequence(worker int) []string {
	var list []string
	for _, call := range s.calls {
		if call.worker == worker && call.op.part != "teardown" {
			list = append(list, call.op.key+" "+call.random)
		}
	}
	return list
}
