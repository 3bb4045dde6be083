package result

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Condition compares one number of a result with a value, as in
//
//	pooled.response_time.p99 > 50ms
//	fresh.error_rate > 0.1%
//	gain.response_time.p50 < 1.5
//	pooled.operations.checkout/pay.checks.paid.failed == 0
//	pooled.scenarios.checkout.time.p95 < 2s
//	pooled.stages.2.response_time.p99 < 80ms
//
// The path begins with an arm's name and goes on as the arm's JSON does; names
// may have dots in them, and the longest that fits is meant. Elements of lists have their
// names there, and stages their numbers in the plan, from 0: of a stage that was cut into
// stretches the last is meant, unless one's number follows, as in stages.1.0. A path that begins
// with "gain" asks how many times better the baseline was than the last arm
// (gain.<metric>) or than a named one (gain.<arm>.<metric>): arm / baseline for
// times and error rates, baseline / arm for the achieved rate.
//
// The value of a time has a unit (ns, us, µs, ms, s, m, h; 0 needs none); that of
// a share is a number from 0 to 1 or has a %; all others are plain numbers.
//
// A Condition is a value; any goroutine may use it.
type Condition struct {
	Path  string
	Op    string  // one of < <= > >= == !=
	Value float64 // seconds where Unit is a unit of time, a share where it is %
	Unit  string  // as written; "" for a plain number

	text    string
	valueAt int // where the value begins in text, in bytes
}

// String returns the condition as it was written, without outer space.
func (c Condition) String() string { return c.text }

// Format writes v, a value that Eval returned, in the condition's own unit.
func (c Condition) Format(v float64) string {
	scale, _ := unitScale(c.Unit)
	return strconv.FormatFloat(scale.undo(v), 'g', 6, 64) + c.Unit
}

// A ConditionError says what is wrong with a condition, and where.
type ConditionError struct {
	Text    string // the condition
	Offset  int    // of the fault, in bytes
	Problem string // what is wrong, and what would be right
}

// Error returns three lines: the problem, the condition, and a caret below the fault.
func (e *ConditionError) Error() string {
	shown := strings.Map(oneColumn, e.Text)
	column := utf8.RuneCountInString(e.Text[:e.Offset])
	return fmt.Sprintf("%s\n    %s\n    %s^", e.Problem, shown, strings.Repeat(" ", column))
}

// oneColumn keeps the caret below its place, and the terminal safe.
func oneColumn(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

const operators = "< <= > >= == !="

const valueHelp = "a value is a number such as 1.5, 50ms or 0.1%; units are ns us µs ms s m h and %"

// ParseCondition reads "path op value". It does not know which arms there are;
// Check does. Its errors are *ConditionError.
func ParseCondition(s string) (Condition, error) {
	text := strings.TrimSpace(s)
	fault := func(offset int, format string, args ...any) (Condition, error) {
		return Condition{}, &ConditionError{Text: text, Offset: offset, Problem: fmt.Sprintf(format, args...)}
	}
	// Operations may be named "GET /?a=b", so the last operator is the one that counts.
	opEnd := strings.LastIndexAny(text, "<>=!") + 1
	if opEnd == 0 {
		return fault(len(text), "no operator: a condition is \"path operator value\", operators are %s", operators)
	}
	opStart := len(strings.TrimRight(text[:opEnd], "<>=!"))
	c := Condition{Path: strings.TrimSpace(text[:opStart]), Op: text[opStart:opEnd], text: text}
	if !isOperator(c.Op) {
		return fault(opStart, "%q is not an operator; operators are %s", c.Op, operators)
	}
	if c.Path == "" {
		return fault(0, "nothing stands left of the operator; write a path such as pooled.response_time.p99")
	}
	if i := strings.Index(c.Path, "&&"); i >= 0 && !strings.Contains(c.Path[:i], ".checks.") { // a check may be called so
		return fault(i, "one condition is one comparison; give several conditions instead of &&")
	}
	value := strings.TrimLeftFunc(text[opEnd:], unicode.IsSpace)
	c.valueAt = len(text) - len(value)
	digits := numberPrefix(value)
	if digits == "" {
		return fault(c.valueAt, "a number stands right of the operator; %s", valueHelp)
	}
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return fault(c.valueAt, "%s is out of range", digits)
	}
	c.Unit = strings.TrimSpace(value[len(digits):])
	scale, ok := unitScale(c.Unit)
	if !ok {
		return fault(len(text)-len(c.Unit), "%q is not a unit; %s", c.Unit, valueHelp)
	}
	if c.Value = scale.apply(number); math.IsInf(c.Value, 0) {
		return fault(c.valueAt, "%s is out of range", digits)
	}
	return c, nil
}

func isOperator(op string) bool {
	for known := range strings.FieldsSeq(operators) {
		if op == known {
			return true
		}
	}
	return false
}

// numberPrefix returns the decimal number that s begins with, or "".
// strconv.ParseFloat by itself would take "inf", "nan" and hexadecimal too.
func numberPrefix(s string) string {
	rest := strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	sign := len(s) - len(rest)
	if sign > 1 {
		return ""
	}
	n := countDigits(rest)
	digits := n
	if strings.HasPrefix(rest[n:], ".") {
		fraction := countDigits(rest[n+1:])
		digits += fraction
		n += 1 + fraction
	}
	if digits == 0 {
		return ""
	}
	if exp := exponentLength(rest[n:]); exp > 0 {
		n += exp
	}
	return s[:sign+n]
}

func exponentLength(s string) int {
	if s == "" || (s[0] != 'e' && s[0] != 'E') {
		return 0
	}
	n := 1
	if len(s) > n && (s[n] == '+' || s[n] == '-') {
		n++
	}
	digits := countDigits(s[n:])
	if digits == 0 {
		return 0
	}
	return n + digits
}

func countDigits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// A scale turns a number with a unit into the result's unit. Dividing by a power
// of ten rounds once where multiplying by 0.001 would round twice, so that
// "== 50ms" means the same number as 0.05 in the JSON.
type scale struct{ times, over float64 }

func (s scale) apply(v float64) float64 { return v * s.times / s.over }
func (s scale) undo(v float64) float64  { return v * s.over / s.times }

func unitScale(unit string) (s scale, ok bool) {
	switch unit {
	case "", "s":
		return scale{1, 1}, true
	case "%":
		return scale{1, 100}, true
	case "ms":
		return scale{1, 1e3}, true
	case "us", "µs", "μs": // the second has the micro sign, the third the Greek letter
		return scale{1, 1e6}, true
	case "ns":
		return scale{1, 1e9}, true
	case "m":
		return scale{60, 1}, true
	case "h":
		return scale{3600, 1}, true
	}
	return scale{1, 1}, false
}
