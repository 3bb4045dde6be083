package workload

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sessbench/result"
)

// judge says which of the plan's thresholds a result meets. aborted is the number of the one that ended the run, or -1.
func (p *Plan) judge(r *result.Result, aborted int) []result.Threshold {
	var judged []result.Threshold
	for i, t := range p.Thresholds {
		verdict := result.Judge(t.Condition, r)
		verdict.Aborted = i == aborted
		judged = append(judged, verdict)
	}
	return judged
}

// broken returns the number of the first threshold that is to end the run, by what was measured so far: with AbortEarly, each
// arm having measured its Grace, and not met. What cannot be told yet ends nothing. ok is false where there is none.
func (p *Plan) broken(sofar *result.Result) (threshold int, ok bool) {
	for i, t := range p.Thresholds {
		if !t.AbortEarly || !measuredFor(sofar, time.Duration(t.Grace)) {
			continue
		}
		if verdict := result.Judge(t.Condition, sofar); !verdict.Met && verdict.Problem == "" {
			return i, true
		}
	}
	return 0, false
}

// measuredFor says whether each arm was measured for so long, and for some time at all.
func measuredFor(r *result.Result, grace time.Duration) bool {
	for i := range r.Arms {
		if seconds := r.Arms[i].Seconds; seconds == 0 || seconds < grace.Seconds() {
			return false
		}
	}
	return true
}

// validateConditions finds conditions, of thresholds and of fail_if, that no result of the plan can answer.
func (p *Plan) validateConditions() error {
	var problems []error
	names := p.resultNames()
	if wronglyNamed(p.Arms) {
		names = nil
	}
	for i, t := range p.Thresholds {
		key := fmt.Sprintf("thresholds[%d]", i)
		problems = append(problems, validateTime(key+".grace", time.Duration(t.Grace)))
		if t.Grace > 0 && !t.AbortEarly {
			problems = append(problems, &KeyError{key + ".grace", "is given without abort_early; add abort_early: true"})
		}
		if t.Condition == "" {
			problems = append(problems, &KeyError{key, "has no condition; write one, such as pooled.response_time.p99 < 50ms"})
			continue
		}
		problems = append(problems, validateCondition(key, t.Condition, names))
	}
	for i, text := range p.FailIf {
		problems = append(problems, validateCondition(fmt.Sprintf("fail_if[%d]", i), text, names))
	}
	return errors.Join(problems...)
}

// validateCondition checks what a condition asks for where names is not nil.
func validateCondition(key, text string, names *result.Names) error {
	begin := "is no condition: "
	c, err := result.ParseCondition(text)
	if err == nil && names != nil {
		begin = notJudged
		err = c.CheckNames(*names)
	}
	if err == nil {
		return nil
	}
	problem := err.Error()
	if fault, ok := errors.AsType[*result.ConditionError](err); ok {
		problem = fault.Problem
	}
	return &KeyError{key, begin + problem}
}

// notJudged begins problems of conditions that ask for what no result of the plan has.
const notJudged = "cannot be judged: "

// OfResult says whether the problem is a condition that asks for what no result of the plan has: an arm, an operation, a number.
func (e *KeyError) OfResult() bool { return strings.HasPrefix(e.Problem, notJudged) }

// resultNames are what the plan calls the parts of its result.
func (p *Plan) resultNames() *result.Names {
	n := &result.Names{Checks: map[string][]string{}, Stages: len(p.Load.Stages), Classes: errorClasses()}
	for i := range p.Arms {
		n.Arms = append(n.Arms, p.Arms[i].Name)
	}
	add := func(name string, o *Operation) {
		n.Operations = append(n.Operations, name)
		for _, check := range o.Check {
			n.Checks[name] = append(n.Checks[name], check.label())
		}
	}
	for i := range p.Mix {
		o := &p.Mix[i]
		if len(o.Steps) == 0 {
			add(o.Name, o)
			continue
		}
		n.Scenarios = append(n.Scenarios, o.Name)
		for j := range o.Steps {
			add(o.Name+"/"+o.Steps[j].Name, &o.Steps[j])
		}
	}
	return n
}
