package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sessbench/result"
	"sessbench/workload"
	"sessbench/workload/planfile"
)

// A planSource is a file with a plan in it: a plan file, or a saved result or trace, whose plan is one of its members.
type planSource struct {
	name  string
	data  []byte
	saved bool // in a result or a trace: secrets are masked, and files are relative to the working directory
}

// largestPlan is more than planfile takes, which says so itself.
const largestPlan = 100<<20 + 1

// openPlan reads a file; - is standard input.
func (p *process) openPlan(name string) (*planSource, error) {
	shown, in := name, p.stdin
	if name == "-" {
		shown = "standard input"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadablePlan(shown, err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, largestPlan))
	if err != nil {
		return nil, unreadablePlan(shown, err)
	}
	s := &planSource{name: shown, data: data}
	if from, to, ok := savedPlan(data); ok {
		s.saved, s.data = true, alone(data, from, to)
		s.name = filepath.Base(shown)
	}
	return s, nil
}

func unreadablePlan(name string, err error) error {
	return usagef("the plan %s cannot be read: %v; check the file's name and permissions", name, reason(err))
}

// dir is what files that the plan names are relative to.
func (s *planSource) dir() string { return filepath.Dir(s.name) }

// read makes the plan, with overrides in the words of --set. Where the plan's result was saved is not said to a plan that is
// carried out again: it would take the place of the result that the plan is in.
func (s *planSource) read(overrides []string) (*planfile.File, error) {
	if s.saved {
		overrides = append([]string{"output={}"}, overrides...)
	}
	return planfile.ReadFromWith(s.name, bytes.NewReader(s.data), overrides)
}

// savedPlan finds the plan in a saved result or trace.
func savedPlan(data []byte) (from, to int, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return 0, 0, false
	}
	schema := ""
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return 0, 0, false
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return 0, 0, false
		}
		switch key {
		case "schema":
			if json.Unmarshal(value, &schema) != nil {
				return 0, 0, false
			}
		case "plan":
			to = int(dec.InputOffset())
			from = to - len(value)
		}
	}
	return from, to, to > 0 && (schema == result.Schema || schema == result.TraceSchema)
}

// alone blanks out what is around a part of data, so that the part keeps its lines and columns.
func alone(data []byte, from, to int) []byte {
	blank := func(part []byte) []byte {
		return bytes.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, part)
	}
	return slices.Concat(blank(data[:from]), data[from:to], blank(data[to:]))
}

// masked stands where a secret was.
const masked = "***"

// refuseMasked finds secrets that were masked when the plan was saved: what is sent must not be three asterisks. In a saved plan all of them
// were secrets, in a plan file those that stand under a secret's name.
func (s *planSource) refuseMasked(plan *workload.Plan) (problems []*workload.KeyError) {
	if !bytes.Contains(s.data, []byte(masked)) {
		return nil
	}
	data, err := json.Marshal(plan)
	if err != nil {
		return nil
	}
	for _, key := range maskedKeys(data, "", s.saved, false) {
		problems = append(problems, &workload.KeyError{Key: key,
			Problem: "has *** in the place of a secret that was masked when it was saved; write the secret, or ${NAME} for a variable of the environment"})
	}
	return problems
}

// operationPath matches the keys of operations and scenarios.
var operationPath = regexp.MustCompile(`^(setup|mix|teardown)\[\d+\](\.steps\[\d+\])?$`)

// maskedKeys lists the keys below path whose texts have a mask. secret says that one of the names on the way is a secret's.
func maskedKeys(data json.RawMessage, path string, anywhere, secret bool) (keys []string) {
	var members map[string]json.RawMessage
	var items []json.RawMessage
	var text string
	switch {
	case json.Unmarshal(data, &members) == nil:
		for name, value := range members {
			if name == "name" && operationPath.MatchString(path) { // is sent nowhere
				continue
			}
			below := path + "." + name
			if path == "" {
				below = name
			}
			keys = append(keys, maskedKeys(value, below, anywhere, secret || path != "" && workload.SecretName(name))...)
		}
	case json.Unmarshal(data, &items) == nil:
		for i, value := range items {
			keys = append(keys, maskedKeys(value, fmt.Sprintf("%s[%d]", path, i), anywhere, secret)...)
		}
	case json.Unmarshal(data, &text) == nil:
		if anywhere && strings.Contains(text, masked) || secret && strings.HasSuffix(text, masked) {
			keys = append(keys, path)
		}
	}
	slices.Sort(keys)
	return keys
}

// readPlan reads a plan file, or the plan in a saved result, with overrides in the words of --set, and notes everything that is
// wrong with it.
func (p *process) readPlan(name string, overrides []string) (*planfile.File, error) {
	source, err := p.openPlan(name)
	if err != nil {
		return nil, err
	}
	file, err := source.read(overrides)
	if err != nil {
		return nil, p.notePlan(err)
	}
	if problems := source.refuseMasked(file.Plan); len(problems) > 0 {
		return nil, p.noteWrong(file, problems)
	}
	return file, nil
}

// noteWrong notes what was found to be wrong with a plan after it was read.
func (p *process) noteWrong(file *planfile.File, problems []*workload.KeyError) error {
	for _, e := range problems {
		p.notePlan(file.Wrong(e))
	}
	return exit(exitUsage)
}

// notePlan notes everything that is wrong with a plan file, or that it cannot be read.
func (p *process) notePlan(err error) error {
	wrong, ok := errors.AsType[*planfile.Error](err)
	if !ok {
		return usagef("%v", err)
	}
	for _, problem := range strings.SplitAfter(wrong.Error(), "\n") {
		if strings.HasPrefix(problem, "    ") { // a line of the plan, or the caret beneath it
			io.WriteString(p.stderr, strings.TrimRight(problem, "\n")+"\n")
			continue
		}
		p.note("%s", problem)
	}
	return exit(exitUsage)
}
