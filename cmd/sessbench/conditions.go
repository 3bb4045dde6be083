package main

import (
	"errors"

	"sessbench/result"
	"sessbench/workload"
)

func parseConditions(texts []string) ([]result.Condition, error) {
	conditions := make([]result.Condition, len(texts))
	for i, text := range texts {
		c, err := result.ParseCondition(text)
		if err != nil {
			return nil, badCondition(text, err)
		}
		conditions[i] = c
	}
	return conditions, nil
}

func checkConditions(conditions []result.Condition, arms []string) error {
	for _, c := range conditions {
		if err := c.Check(arms); err != nil {
			return badCondition(c.String(), err)
		}
	}
	return nil
}

func badCondition(text string, err error) error {
	if e, ok := errors.AsType[*result.ConditionError](err); ok {
		return usagef("--fail-if %q: %s", text, e.Problem)
	}
	return usagef("--fail-if %q: %v", text, err)
}

// noteHeld says which conditions held in res, and whether one did. The error says
// that one could not be told, which it has noted; a check that nothing was measured
// for must not pass.
func (p *process) noteHeld(conditions []result.Condition, res *result.Result) (held bool, err error) {
	for _, c := range conditions {
		yes, value, e := c.Eval(res)
		switch {
		case e != nil:
			err = e
			p.note("--fail-if %q could not be checked: %v", c.String(), e)
		case yes:
			held = true
			p.note("--fail-if %q held: it is %s", c.String(), c.Format(value))
		}
	}
	return held, err
}

// noteUnmet says which of the plan's thresholds res does not meet, and whether there is one.
func (p *process) noteUnmet(res *result.Result) (unmet bool) {
	for i := range res.Thresholds {
		t := &res.Thresholds[i]
		switch {
		case t.Met:
			continue
		case t.Problem != "":
			p.note("the threshold %q is not met: it could not be told: %s", t.Condition, t.Problem)
		case t.Aborted:
			p.note("the threshold %q is not met, which ended the run: it is %s", t.Condition, t.Shown())
		default:
			p.note("the threshold %q is not met: it is %s", t.Condition, t.Shown())
		}
		unmet = true
	}
	return unmet
}

func armNames(arms []workload.Arm) []string {
	names := make([]string, len(arms))
	for i, a := range arms {
		names[i] = a.Name
	}
	return names
}
