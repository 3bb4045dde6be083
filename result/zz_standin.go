package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Stand-ins until the room is furnished.

var ErrNotMeasured = errors.New("nothing was measured")

type Condition struct {
	Path, Op string
	Value    float64
	Unit     string
	text     string
}

type ConditionError struct {
	Text    string
	Offset  int
	Problem string
}

func (e *ConditionError) Error() string { return e.Problem + "\n    " + e.Text + "\n    ^" }

func ParseCondition(s string) (Condition, error) {
	f := strings.Fields(s)
	if len(f) != 3 {
		return Condition{}, &ConditionError{s, 0, `no operator: a condition is "path operator value", operators are < <= > >= == !=`}
	}
	c := Condition{Path: f[0], Op: f[1], text: s}
	n := strings.TrimRight(f[2], "ms%")
	c.Unit = f[2][len(n):]
	v, err := strconv.ParseFloat(n, 64)
	if err != nil {
		return c, &ConditionError{s, 0, "a number stands right of the operator"}
	}
	c.Value = v
	if c.Unit == "ms" {
		c.Value /= 1000
	}
	return c, nil
}

func (c Condition) Check(armNames []string) error {
	arm, _, _ := strings.Cut(c.Path, ".")
	if !slices.Contains(armNames, arm) {
		return &ConditionError{c.text, 0, fmt.Sprintf("%q is no arm", arm)}
	}
	return nil
}

func (c Condition) Eval(r *Result) (bool, float64, error) {
	arm, _, _ := strings.Cut(c.Path, ".")
	for _, a := range r.Arms {
		if a.Name == arm {
			if a.ResponseTime.Count == 0 {
				return false, 0, fmt.Errorf("%s: %w", c.Path, ErrNotMeasured)
			}
			return a.ResponseTime.P99 > c.Value, a.ResponseTime.P99, nil
		}
	}
	return false, 0, &ConditionError{c.text, 0, fmt.Sprintf("%q is no arm", arm)}
}

func (c Condition) String() string { return c.text }

func (c Condition) Format(v float64) string {
	if c.Unit == "ms" {
		v *= 1000
	}
	return strconv.FormatFloat(v, 'g', 6, 64) + c.Unit
}

func Read(in io.Reader) (*Result, error) {
	r := new(Result)
	if err := json.NewDecoder(in).Decode(r); err != nil {
		return nil, err
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("its schema is %q, not %q; give a file that sessbench wrote with --out", r.Schema, Schema)
	}
	return r, nil
}

func ReadFile(path string) (*Result, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a result: %w", err)
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func WriteFile(path string, r *Result) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		return fmt.Errorf("cannot write the result to %s: %w; choose another place", path, errors.Unwrap(err))
	}
	return nil
}

func CheckWritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, os.ErrNotExist) {
		if f, err = os.Create(path); err == nil {
			os.Remove(path)
		}
	}
	if err != nil {
		return fmt.Errorf("cannot write the result to %s: %w; choose another place", path, errors.Unwrap(err))
	}
	return f.Close()
}

func (r *Result) ArmNames() []string {
	names := make([]string, len(r.Arms))
	for i := range r.Arms {
		names[i] = r.Arms[i].Name
	}
	return names
}
