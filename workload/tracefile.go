package workload

import (
	"errors"
	"fmt"
	"os"

	"sessbench/internal/nearest"
	"sessbench/workload/arrivals"
)

// readTrace reads the file of arrivals, which names items of the mix. The error is a *KeyError.
func readTrace(path string, mix []Operation) (*arrivals.Trace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, loadProblem("trace", "cannot be read: %v", err)
	}
	defer f.Close()
	numbers := make(map[string]int, len(mix))
	for i := range mix {
		numbers[mix[i].Name] = i
	}
	trace, err := arrivals.ReadTrace(f, func(name string) (int, error) {
		if i, ok := numbers[name]; ok {
			return i, nil
		}
		return 0, unknownItem(name, mix)
	})
	if line, ok := errors.AsType[*arrivals.LineError](err); ok {
		return nil, loadProblem("trace", "has a mistake at %s:%d: %s", path, line.Line, line.Problem)
	}
	if err != nil {
		return nil, loadProblem("trace", "cannot be read: %v", err)
	}
	return trace, nil
}

// unknownItem says what to write in the place of a name that no item has.
func unknownItem(name string, mix []Operation) error {
	names := make([]string, len(mix))
	for i := range mix {
		names[i] = mix[i].Name
	}
	if near := nearest.To(name, names); near != "" {
		return fmt.Errorf("no operation of the mix is named %q; did you mean %s?", maskName(name), maskName(near))
	}
	return fmt.Errorf("no operation of the mix is named %q; write one of its names, or none to have it drawn by the weights", maskName(name))
}
