package result

import (
	"errors"
	"math"
	"strings"
)

// Judge says whether r meets a condition. Where that cannot be told, because the condition does not fit r or asks for what was
// not measured, it is not met, and Problem says why.
func Judge(condition string, r *Result) Threshold {
	t := Threshold{Condition: condition}
	c, err := ParseCondition(condition)
	if err == nil {
		t.Met, t.Value, err = c.Eval(r)
	}
	fault, wrong := errors.AsType[*ConditionError](err)
	switch {
	case wrong:
		t.Met, t.Value, t.Problem = false, 0, fault.Problem
	case err != nil:
		t.Met, t.Value, t.Problem = false, 0, strings.TrimPrefix(err.Error(), c.Path+": ")
	case math.IsInf(t.Value, 0) || math.IsNaN(t.Value): // which JSON does not have
		t.Met, t.Value, t.Problem = false, 0, "it is no finite number"
	}
	return t
}

// Shown writes the value in the condition's own unit, or "" where there is none.
func (t *Threshold) Shown() string {
	c, err := ParseCondition(t.Condition)
	if err != nil || t.Problem != "" {
		return ""
	}
	return c.Format(t.Value)
}
