package script

import (
	"errors"
	"fmt"
	"strconv"
)

// A source is where the value of a plain name is.
type source int

const (
	fromVariable source = iota
	fromColumn
	fromWorker
	fromIteration
	fromSession
	fromStatus
	fromSize
	fromDuration
	fromBody
	fromHeaders
	fromJSON
)

// ofResponse says whether there is such a value in checks only.
func (f source) ofResponse() bool { return f >= fromStatus }

// builtIn finds a built-in value by its name.
func builtIn(name string) (source, bool) {
	switch name {
	case "worker":
		return fromWorker, true
	case "iteration":
		return fromIteration, true
	case "session":
		return fromSession, true
	case "status":
		return fromStatus, true
	case "size":
		return fromSize, true
	case "duration":
		return fromDuration, true
	case "body":
		return fromBody, true
	case "headers":
		return fromHeaders, true
	case "json":
		return fromJSON, true
	}
	return 0, false
}

// builtInNames lists the built-in values of templates, or those of checks.
func builtInNames(check bool) []string {
	names := []string{"worker", "iteration", "session"}
	if check {
		names = append(names, "status", "size", "duration", "body", "headers", "json")
	}
	return names
}

// A reference is a plain name that was found.
type reference struct {
	from  source
	name  string // as it is written
	feed  int    // of a column
	index int    // the variable's slot, or the column
}

// append appends the value's text.
func (r *reference) append(dst []byte, s *Scope) ([]byte, error) {
	switch r.from {
	case fromVariable:
		if v := s.variables[r.index]; v != nil {
			return appendText(dst, v)
		}
		return dst, notSet(r.name)
	case fromColumn:
		text, err := r.column(s)
		return append(dst, text...), err
	case fromWorker:
		return strconv.AppendInt(dst, int64(s.Worker), 10), nil
	case fromIteration:
		return strconv.AppendInt(dst, s.Iteration, 10), nil
	case fromSession:
		return strconv.AppendInt(dst, s.Session, 10), nil
	}
	return dst, fmt.Errorf("%s is there in checks only", r.name)
}

// value returns the value with its type; nil for a variable that is not set.
func (r *reference) value(s *Scope) (any, error) {
	switch r.from {
	case fromVariable:
		return s.variables[r.index], nil
	case fromColumn:
		return r.column(s)
	case fromWorker:
		return s.Worker, nil
	case fromIteration:
		return int(s.Iteration), nil
	case fromSession:
		return int(s.Session), nil
	case fromStatus:
		return s.response.Status(), nil
	case fromSize:
		return int(s.response.Size()), nil
	case fromDuration:
		return s.response.Duration(), nil
	}
	return nil, fmt.Errorf("%s is no plain value", r.name)
}

func (r *reference) column(s *Scope) (string, error) {
	if s.Feeds == nil {
		return "", errors.New(r.name + " has no rows here")
	}
	return s.Feeds.Value(r.feed, r.index)
}

func notSet(variable string) error {
	return fmt.Errorf("variable %s is not set; no response has given it a value in this session", variable)
}
