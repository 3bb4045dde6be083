package result

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Names are what a plan calls the parts of its result, so that conditions can be checked before there is one.
type Names struct {
	Arms       []string            // the baseline's first
	Operations []string            // as results have them: a scenario's steps are "scenario/step"
	Checks     map[string][]string // of operations, by their names
	Scenarios  []string
	Stages     int      // of the load
	Classes    []string // that calls can fail with; nil: any is accepted
}

// in returns what a list is said to have; operation is the one that it lies in, or "".
func (n *Names) in(list, operation string) []string {
	switch list {
	case "operations":
		return n.Operations
	case "scenarios":
		return n.Scenarios
	default:
		return n.Checks[operation]
	}
}

// inList follows a path into a list: its elements are addressed by their names, and stages by
// their numbers.
func (w pathWalk) inList(list reflect.Value, last, rest string) (number, error) {
	stages, numbered := list.Interface().([]Stage)
	switch {
	case rest == "":
		return number{}, &pathError{0, fmt.Sprintf("%s is a list; name one, as in %s.%s", last, last, listExample(last))}
	case numbered:
		return w.inStages(stages, rest)
	case w.shape && w.names == nil:
		return w.inAny(list.Type().Elem(), strings.TrimSuffix(last, "s"), rest)
	}
	names := w.namesIn(list, last)
	best := longestName(rest, names)
	switch {
	case len(names) == 0:
		return number{}, &pathError{len(rest), "there are no " + last + " here"}
	case best == "":
		return number{}, unknownName(last, rest, names)
	case w.shape:
		return w.inElement(reflect.New(list.Type().Elem()).Elem(), best, afterName(rest, best))
	}
	return w.inElement(list.Index(slices.Index(names, best)), best, afterName(rest, best))
}

// namesIn lists the names of a list's elements.
func (w pathWalk) namesIn(list reflect.Value, last string) []string {
	if w.shape {
		return w.names.in(last, w.operation)
	}
	names := make([]string, list.Len())
	for i := range names {
		names[i] = list.Index(i).FieldByName("Name").String()
	}
	return names
}

func listExample(name string) string {
	switch name {
	case "checks":
		return "<name>.failed"
	case "scenarios":
		return "<name>.completed"
	case "stages":
		return "0.response_time.p99"
	default:
		return "<name>.requests"
	}
}

// inElement follows a path into an element of a list.
func (w pathWalk) inElement(v reflect.Value, name, rest string) (number, error) {
	if op, ok := v.Interface().(Operation); ok {
		w.numbers, w.operation = &op.Numbers, name
	}
	n, err := w.find(v, name, rest)
	if check, ok := v.Interface().(Check); ok {
		n.measured = check.Passed+check.Failed > 0 // that nothing failed is no news where nothing was checked
	}
	return n, err
}

// inAny looks for a place where rest can be cut into an element's name, which may
// have dots, and a path below it. Its error is that of the first cut.
func (w pathWalk) inAny(element reflect.Type, what, rest string) (number, error) {
	var first error
	for i := 0; i <= len(rest); i++ {
		if i < len(rest) && rest[i] != '.' {
			continue
		}
		below := strings.TrimPrefix(rest[i:], ".")
		n, err := w.inElement(reflect.New(element).Elem(), what+" "+rest[:i], below)
		if err == nil {
			return n, nil
		}
		if first == nil {
			first = err
		}
	}
	return number{}, first
}

// inStages follows a path that begins with the number of a stage, and perhaps that of one of its
// stretches. Without one the last of them is meant, which has the stage's own level.
func (w pathWalk) inStages(stages []Stage, rest string) (number, error) {
	stage, below, ok := cutNumber(rest)
	switch {
	case !ok:
		return number{}, &pathError{len(rest), "stages have numbers, from 0; write one, as in stages." + listExample("stages")}
	case w.names != nil && w.names.Stages == 0:
		return number{}, &pathError{len(rest), "the load has no stages"}
	case w.names != nil && stage >= w.names.Stages:
		return number{}, &pathError{len(rest), fmt.Sprintf("there is no stage %d; the last is %d, for they are numbered from 0", stage, w.names.Stages-1)}
	}
	var stretches []Stage
	for _, s := range stages {
		if s.Stage == stage {
			stretches = append(stretches, s)
		}
	}
	stretch, after, numbered := cutNumber(below)
	if !numbered {
		stretch, after = len(stretches)-1, below
	}
	var of Stage
	present := stretch >= 0 && stretch < len(stretches)
	if present {
		of = stretches[stretch]
	}
	w.numbers = &Numbers{Requests: of.Requests, Seconds: of.Seconds, OfferedRate: of.OfferedRate}
	n, err := w.find(reflect.ValueOf(of), "stage "+strconv.Itoa(stage), after)
	n.measured = n.measured && present
	return n, err
}

// cutNumber cuts a path behind the number that it begins with.
func cutNumber(path string) (n int, below string, ok bool) {
	digits, below, _ := strings.Cut(path, ".")
	if digits == "" || countDigits(digits) != len(digits) {
		return 0, path, false
	}
	n, err := strconv.Atoi(digits)
	return n, below, err == nil
}
