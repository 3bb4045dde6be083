package result

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sessbench/stats"
)

// ErrNotMeasured is what Eval returns, wrapped, where the number that a
// condition asks for does not exist because there was nothing to measure: no
// request succeeded, no request was made, or no comparison could be made. Such a
// condition neither held nor did not hold.
var ErrNotMeasured = errors.New("nothing was measured")

const gain = "gain"

// Check says, before any load, whether the condition can be answered by a result
// with the arms of these names, the baseline's first: whether its path leads to
// a number and its value fits that number. Names of operations, checks, scenarios, error
// classes and statuses are not known to it, so any is accepted; CheckNames knows them.
func (c Condition) Check(armNames []string) error { return c.check(armNames, nil) }

// CheckNames is Check where the plan is known: only what it names is accepted, and any status.
func (c Condition) CheckNames(n Names) error { return c.check(n.Arms, &n) }

func (c Condition) check(armNames []string, names *Names) error {
	a, err := c.address(armNames)
	if err != nil {
		return err
	}
	n, err := findInShape(a.arm, a.below, names)
	if err != nil {
		return c.pathFault(err)
	}
	if a.gain {
		if n.kind, err = c.gainKind(a); err != nil {
			return err
		}
	}
	return c.checkUnit(n.kind)
}

// Eval says whether the condition held in r, and the value that decided it:
// seconds, per second, a share, a count or a ratio. The error is ErrNotMeasured,
// wrapped, where there was nothing to measure, and a *ConditionError where the
// condition does not fit r. A gain is taken as it was estimated, whatever the
// comparison's verdict.
func (c Condition) Eval(r *Result) (held bool, value float64, err error) {
	names := r.ArmNames()
	if err := c.Check(names); err != nil {
		return false, 0, err
	}
	a, err := c.address(names)
	if err != nil {
		return false, 0, err
	}
	if a.gain {
		value, err = c.gainValue(r, a)
	} else {
		value, err = c.armValue(r.Arm(a.arm), a.below)
	}
	if err != nil {
		return false, 0, err
	}
	return c.compare(value), value, nil
}

func (c Condition) armValue(arm *Arm, below string) (float64, error) {
	n, err := findInArm(arm, below)
	if err != nil {
		return 0, c.pathFault(err)
	}
	if !n.measured {
		return 0, fmt.Errorf("%s: %w", c.Path, ErrNotMeasured)
	}
	return n.value, nil
}

func (c Condition) gainValue(r *Result, a address) (float64, error) {
	comparison := r.Comparison(a.below, a.arm)
	if comparison == nil {
		return 0, fmt.Errorf("%s: the result has no comparison of %s in %s: %w", c.Path, a.arm, a.below, ErrNotMeasured)
	}
	if comparison.Ratio == nil {
		return 0, fmt.Errorf("%s: there is no ratio: %w", c.Path, ErrNotMeasured)
	}
	ratio := comparison.Ratio.Value
	if a.below != "achieved_rate" {
		return ratio, nil
	}
	if ratio == 0 {
		return 0, fmt.Errorf("%s: %s completed no request: %w", c.Path, a.arm, ErrNotMeasured)
	}
	return 1 / ratio, nil
}

func (c Condition) compare(v float64) bool {
	switch c.Op {
	case "<":
		return v < c.Value
	case "<=":
		return v <= c.Value
	case ">":
		return v > c.Value
	case ">=":
		return v >= c.Value
	case "==":
		return v == c.Value
	default:
		return v != c.Value
	}
}

// An address is a path with its first names understood.
type address struct {
	gain  bool
	arm   string // for a gain, the arm held against the baseline
	below string // the path within the arm; for a gain, the metric
}

func (c Condition) address(armNames []string) (address, error) {
	if len(armNames) == 0 {
		return address{}, c.fault(0, "there is no arm to ask about")
	}
	if !startsWithName(c.Path, gain) {
		arm := longestName(c.Path, armNames)
		if arm == "" {
			return address{}, c.pathFault(unknownName("", c.Path, append(slices.Clone(armNames), gain)))
		}
		return address{arm: arm, below: afterName(c.Path, arm)}, nil
	}
	if len(armNames) < 2 {
		return address{}, c.fault(0, "a gain needs two arms, and %s is the only one", armNames[0])
	}
	a := address{gain: true, arm: armNames[len(armNames)-1], below: afterName(c.Path, gain)}
	if arm := longestName(a.below, armNames); arm != "" {
		a.arm, a.below = arm, afterName(a.below, arm)
	}
	if a.arm == armNames[0] {
		return address{}, c.fault(len(gain)+1, "%s is the baseline; a gain is over another arm: %s", a.arm, listOf(armNames[1:]))
	}
	return a, nil
}

// longestName returns the longest of names that path begins with, or "".
func longestName(path string, names []string) string {
	best := ""
	for _, name := range names {
		if startsWithName(path, name) && len(name) > len(best) {
			best = name
		}
	}
	return best
}

// gainKind refuses gains that no comparison tells: a ratio of counts, of spreads
// or of what was merely offered.
func (c Condition) gainKind(a address) (kind, error) {
	var names []string
	for _, m := range stats.Metrics() {
		if m.Name == a.below {
			return kindRatio, nil
		}
		names = append(names, m.Name)
	}
	return "", c.fault(len(c.Path)-len(a.below), "there is no gain in %s; arms are compared in %s", a.below, strings.Join(names, ", "))
}

func (c Condition) checkUnit(k kind) error {
	switch k {
	case kindSeconds:
		if c.Unit == "" && c.Value != 0 {
			return c.fault(c.valueAt, "%s is a time, and its value needs a unit: ns us µs ms s m h", c.Path)
		}
		if c.Unit == "%" {
			return c.fault(c.valueAt, "%s is a time, which is not compared with a %%; units are ns us µs ms s m h", c.Path)
		}
	case kindShare:
		if c.Unit != "" && c.Unit != "%" {
			return c.fault(c.valueAt, "%s is a share, which is not compared with a time; write 0.1%% or 0.001", c.Path)
		}
		if c.Value < 0 || c.Value > 1 {
			return c.fault(c.valueAt, "%s is a share from 0 to 1; for a percentage write a %%", c.Path)
		}
	default:
		if c.Unit != "" {
			return c.fault(c.valueAt, "%s is a %s, and its value has no unit; leave out %q", c.Path, k, c.Unit)
		}
	}
	return nil
}

func (c Condition) fault(offset int, format string, args ...any) error {
	return &ConditionError{Text: c.text, Offset: min(offset, len(c.text)), Problem: fmt.Sprintf(format, args...)}
}

// pathFault puts a fault within the path, which stands first in the text.
func (c Condition) pathFault(err error) error {
	p, ok := errors.AsType[*pathError](err)
	if !ok {
		return err
	}
	return c.fault(len(c.Path)-p.fromEnd, "%s", p.problem)
}
