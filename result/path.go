package result

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sessbench/stats"
)

// A kind is what a number of a result counts in.
type kind string

const (
	kindSeconds kind = "time"
	kindRate    kind = "rate"
	kindShare   kind = "share"
	kindCount   kind = "count"
	kindRatio   kind = "ratio"
)

// A number is what a path leads to.
type number struct {
	kind     kind
	value    float64
	measured bool // false: it is zero only because there was nothing to measure
}

// A pathError says which part of a path leads nowhere. At is counted in bytes
// from the end of the path, because that is what a walk has at hand.
type pathError struct {
	fromEnd int
	problem string
}

func (e *pathError) Error() string { return e.problem }

// A pathWalk follows a path through the JSON's names of an arm.
type pathWalk struct {
	// shape: the arm has no numbers and stands for all; its maps are taken to have
	// whatever there can be.
	shape     bool
	names     *Names   // in a shape: what its lists have; nil: whatever is asked for
	operation string   // that the walk is in
	numbers   *Numbers // of the arm, the operation or the stage that the walk is in
}

// findInArm follows path, which lacks the arm's name, through a.
func findInArm(a *Arm, path string) (number, error) {
	w := pathWalk{numbers: &a.Numbers}
	return w.find(reflect.ValueOf(a).Elem(), a.Name, path)
}

// findInShape follows path through what the arm of this name will have; names is nil where that is not known.
func findInShape(arm, path string, names *Names) (number, error) {
	var a Arm
	w := pathWalk{shape: true, names: names, numbers: &a.Numbers}
	return w.find(reflect.ValueOf(a), arm, path)
}

// find follows rest from v, which stands under the name last.
func (w pathWalk) find(v reflect.Value, last, rest string) (number, error) {
	switch v.Kind() {
	case reflect.Pointer:
		return w.inGroup(v, last, rest)
	case reflect.Struct:
		return w.inStruct(v, last, rest)
	case reflect.Map:
		return w.inMap(v, last, rest)
	case reflect.Slice:
		return w.inList(v, last, rest)
	default:
		if rest != "" {
			return number{}, &pathError{len(rest), fmt.Sprintf("%s is a number and has nothing below it", last)}
		}
		return w.leaf(v, last), nil
	}
}

func (w pathWalk) inStruct(v reflect.Value, last, rest string) (number, error) {
	fields := slices.DeleteFunc(jsonFields(v), func(f jsonField) bool { return !leadsToNumber(f.value) })
	var names []string
	best := -1
	for i, f := range fields {
		names = append(names, f.name)
		if startsWithName(rest, f.name) && (best < 0 || len(f.name) > len(fields[best].name)) {
			best = i
		}
	}
	if best < 0 {
		return number{}, unknownName(last, rest, names)
	}
	n, err := w.find(fields[best].value, fields[best].name, afterName(rest, fields[best].name))
	if summary, ok := v.Interface().(stats.Summary); ok && n.kind == kindSeconds {
		n.measured = summary.Count > 0
	}
	return n, err
}

// inGroup follows a path into a group that an arm may lack: nothing of it was measured then.
func (w pathWalk) inGroup(v reflect.Value, last, rest string) (number, error) {
	if !v.IsNil() {
		return w.find(v.Elem(), last, rest)
	}
	n, err := w.find(reflect.Zero(v.Type().Elem()), last, rest)
	n.measured = w.shape
	return n, err
}

// inMap looks up error classes and status codes, where a missing one is a count
// of zero, and phases.
func (w pathWalk) inMap(v reflect.Value, last, rest string) (number, error) {
	if rest == "" {
		return number{}, &pathError{0, fmt.Sprintf("%s is a group; name one of it, as in %s.%s", last, last, mapExample(last))}
	}
	phases, ok := v.Interface().(map[string]PhaseSummary)
	if !ok {
		if err := w.checkKey(last, rest); err != nil {
			return number{}, err
		}
		n := number{kind: kindCount, measured: true}
		if count := v.MapIndex(reflect.ValueOf(rest)); count.IsValid() {
			n.value = float64(count.Int())
		}
		return n, nil
	}
	name, below, _ := strings.Cut(rest, ".")
	if known := phaseNames(); !slices.Contains(known, name) {
		return number{}, unknownName(last, rest, known)
	}
	phase, present := phases[name]
	n, err := w.find(reflect.ValueOf(phase), name, below)
	n.measured = present && w.numbers.ServiceTime.Count > 0
	return n, err
}

// checkKey finds keys that no arm can have: a count that is always zero would make a condition that always holds, or never.
func (w pathWalk) checkKey(last, key string) error {
	switch {
	case !w.shape:
	case last == "status" && (len(key) != 3 || countDigits(key) != 3 || key[0] == '0'):
		return &pathError{len(key), fmt.Sprintf("there is no status %q; write a number of three digits, as in status.%s", key, mapExample(last))}
	case last == "error_classes" && w.names != nil && w.names.Classes != nil && !slices.Contains(w.names.Classes, key):
		return unknownName(last, key, w.names.Classes)
	}
	return nil
}

func mapExample(name string) string {
	switch name {
	case "status":
		return "503"
	case "phases":
		return stats.TLS.String()
	default:
		return "reset"
	}
}

func phaseNames() []string {
	var names []string
	for p := range stats.NumPhases {
		names = append(names, p.String())
	}
	return names
}

// leaf reads a number and says what it is, which its type and name tell.
func (w pathWalk) leaf(v reflect.Value, name string) number {
	n := number{kind: kindSeconds, measured: true}
	if v.CanInt() {
		n.kind, n.value = kindCount, float64(v.Int())
		return n
	}
	n.value = v.Float()
	switch name {
	case "share", "cpu_share":
		n.kind = kindShare
	case "window_mean": // in segments
		n.kind = kindCount
	case "from", "to": // of a stage: per second, or workers
		n.kind = kindRate
	case "error_rate":
		n.kind, n.measured = kindShare, w.numbers.Requests > 0
	case "achieved_rate":
		n.kind, n.measured = kindRate, w.numbers.Seconds > 0
	case "offered_rate": // the closed model offers none
		n.kind, n.measured = kindRate, w.numbers.OfferedRate > 0
	}
	return n
}

// leadsToNumber leaves out texts, switches, and the lists that have no names to
// address their elements by.
func leadsToNumber(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Bool:
		return false
	case reflect.Slice:
		switch v.Interface().(type) {
		case []Operation, []Check, []Scenario, []Stage:
			return true
		}
		return false
	default:
		return true
	}
}

// startsWithName says whether path is name or goes on below it.
func startsWithName(path, name string) bool {
	rest, ok := strings.CutPrefix(path, name)
	return ok && (rest == "" || rest[0] == '.')
}

// afterName returns what stands below name in path.
func afterName(path, name string) string {
	return strings.TrimPrefix(path[len(name):], ".")
}

// unknownName is the error for a rest that begins with none of the names that
// stand below in.
func unknownName(in, rest string, names []string) error {
	within := ""
	if in != "" {
		within = " in " + in
	}
	if rest == "" {
		return &pathError{0, fmt.Sprintf("the path stops at a group; name a number%s: %s", within, listOf(names))}
	}
	name, _, _ := strings.Cut(rest, ".")
	hint := "there is " + listOf(names)
	// "p99.95" is better answered by what is near to all of it than by what is near to "p99".
	if near := nearest(rest, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	return &pathError{len(rest), fmt.Sprintf("there is no %q%s; %s", name, within, hint)}
}

func listOf(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// nearest returns the name that takes the fewest changed letters, or "" where
// none is near: two changes (one swap) or a third of the word, but not all of it.
func nearest(word string, names []string) string {
	best, bestDistance := "", min(max(2, len(word)/3), len(word)-1)+1
	for _, name := range names {
		if d := editDistance(word, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// editDistance is Levenshtein's: letters inserted, removed or replaced, counted
// in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
