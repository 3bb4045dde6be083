package workload

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A program is what the operations of a plan come to: compiled once, the same for all workers of arms with the same requests.
// It is not changed once it was made.
type program struct {
	names    *script.Names
	setup    []step
	items    []item // of the mix
	teardown []step
	recorded []string // names under which steps of the mix are recorded
	checks   []checked
	// scenarios names the items with several steps.
	scenarios []string
}

// An item of the mix is made as a whole, by one worker.
type item struct {
	steps    []step
	scenario int // in program.scenarios; -1: an operation by itself
}

// A step is one call.
type step struct {
	name       string
	plan       *Operation // what it was compiled from
	operation  int        // in program.recorded; -1: it is not measured
	rendering  *rendering
	expect     expectation
	checks     []stepCheck
	extractors []*script.Extractor
	extracted  []string // names of what they take
	think      *Think   // nil: none
	looks      bool     // the response is looked at: by checks, extractors
}

// A stepCheck is a check and where it is counted.
type stepCheck struct {
	*script.Check
	name  string
	index int // in program.checks; -1: it is not counted
}

// checked names a check of a recorded operation.
type checked struct {
	operation int
	name      string
}

// A compiler makes a program.
type compiler struct {
	program *program
	with    *session.Session // has the settings of all sessions
	target  *url.URL
	closing bool // the server is asked to close
}

// compile makes the program of arms whose server is asked to close (closing), or not. The error is a *KeyError.
func compile(p *Plan, names *script.Names, with *session.Session, target *url.URL, closing bool) (*program, error) {
	c := &compiler{program: &program{names: names}, with: with, target: target, closing: closing}
	var err error
	if c.program.setup, err = c.unmeasured(p.Setup, "setup"); err != nil {
		return nil, err
	}
	if c.program.teardown, err = c.unmeasured(p.Teardown, "teardown"); err != nil {
		return nil, err
	}
	for i := range p.Mix {
		if err := c.item(&p.Mix[i], fmt.Sprintf("mix[%d]", i)); err != nil {
			return nil, err
		}
	}
	return c.program, nil
}

func (c *compiler) unmeasured(operations []Operation, key string) ([]step, error) {
	var steps []step
	for i := range operations {
		s, err := c.step(&operations[i], -1, fmt.Sprintf("%s[%d]", key, i))
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func (c *compiler) item(o *Operation, key string) error {
	p := c.program
	if len(o.Steps) == 0 {
		s, err := c.step(o, c.record(o.Name), key)
		p.items = append(p.items, item{steps: []step{s}, scenario: -1})
		return err
	}
	it := item{scenario: len(p.scenarios)}
	p.scenarios = append(p.scenarios, o.Name)
	for i := range o.Steps {
		own := &o.Steps[i]
		s, err := c.step(own, c.record(o.Name+"/"+own.Name), fmt.Sprintf("%s.steps[%d]", key, i))
		if err != nil {
			return err
		}
		if s.think == nil {
			s.think = o.Think
		}
		it.steps = append(it.steps, s)
	}
	p.items = append(p.items, it)
	return nil
}

func (c *compiler) record(name string) int {
	c.program.recorded = append(c.program.recorded, name)
	return len(c.program.recorded) - 1
}

func (c *compiler) step(o *Operation, operation int, key string) (step, error) {
	s := step{name: o.Name, plan: o, operation: operation, think: o.Think, expect: expectationOf(o.Expect)}
	keep := false
	for i, check := range o.Check {
		compiled, err := c.program.names.Check(check.Expr)
		if err != nil {
			return s, &KeyError{fmt.Sprintf("%s.check[%d]", key, i), err.Error()}
		}
		index := -1
		if operation >= 0 {
			index = len(c.program.checks)
			c.program.checks = append(c.program.checks, checked{operation, check.label()})
		}
		s.checks = append(s.checks, stepCheck{compiled, check.label(), index})
		keep = keep || compiled.UsesBody()
		s.expect.any = s.expect.any || len(o.Expect) == 0 && compiled.UsesStatus()
	}
	for _, x := range o.Extract {
		compiled, err := c.program.names.Extractor(x.Name, x.script())
		if err != nil {
			return s, &KeyError{key + ".extract." + x.Name, err.Error()}
		}
		s.extractors, s.extracted = append(s.extractors, compiled), append(s.extracted, x.Name)
		keep = keep || compiled.UsesBody()
	}
	s.looks = len(s.checks)+len(s.extractors) > 0
	asked := *o
	if c.closing {
		asked.Headers = session.MergeHeaders(o.Headers, Fields{session.Set("Connection", "close")})
	}
	var err error
	s.rendering, err = newRendering(&asked, c.with, c.target, c.program.names, keep, key)
	return s, err
}

// label is what results call the check.
func (c *Check) label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Expr
}

// An expectation says which statuses are no error. The zero value is for those below 400.
type expectation struct {
	any    bool // a check decides
	ranges [][2]int
}

// expectationOf reads what Plan.Validate found to be sound: "404", "2xx".
func expectationOf(texts []string) expectation {
	var e expectation
	for _, text := range texts {
		if status, err := strconv.Atoi(text); err == nil {
			e.ranges = append(e.ranges, [2]int{status, status})
		} else {
			class := int(text[0]-'0') * 100
			e.ranges = append(e.ranges, [2]int{class, class + 99})
		}
	}
	return e
}

// met reports whether a status is no error.
func (e *expectation) met(status int) bool {
	switch {
	case e.any:
		return true
	case e.ranges == nil:
		return status < http.StatusBadRequest
	}
	for _, r := range e.ranges {
		if status >= r[0] && status <= r[1] {
			return true
		}
	}
	return false
}

// A looked response is the last one of a call, as checks and extractions see it.
type looked struct {
	*session.Last
	duration time.Duration
}

func (l *looked) Duration() time.Duration { return l.duration }
