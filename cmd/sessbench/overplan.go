package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"sessbench/workload"
	"sessbench/workload/planfile"
	"sessbench/workload/session"
)

const planHelp = `
--plan measures a workload that a file describes: operations and scenarios, sessions,
load, thresholds. The plan in a saved result is one too. The URL is then the target
that the plan's own URLs are relative to, and flags take the place of its keys.
--arms names the plan's arms or others.
`

// A base is the plan file that a command line is laid over.
type base struct {
	source *planSource
	file   *planfile.File
	flags  planner
	target target
	hasURL bool
}

// planOver reads the plan of --plan, with --set and the other flags over it. What is wrong was noted, or is in the error.
//
// Flags that stand for one value count as --set does, so that the plan's own defaults follow from them. What several of a kind can be given of
// (arms, headers, cookies, conditions) and the one request are laid over the plan that was read.
func (m *measurement) planOver(b planner, t target, hasURL bool) error {
	source, err := m.process.openPlan(m.flags.planFile)
	if err != nil {
		return err
	}
	m.base = &base{source: source, flags: b, target: t, hasURL: hasURL}
	overrides, err := m.base.overrides()
	if err != nil {
		return m.tell(err)
	}
	if m.base.file, err = source.read(append(overrides, m.flags.set...)); err != nil {
		return m.wrongFile(err)
	}
	m.process.environment = m.base.file.Environment
	plan := *m.base.file.Plan
	if plan.Arms, err = m.arms.inPlan(m.base.file, m.flags.arms); err != nil {
		return m.tell(err)
	}
	if err := m.base.layOver(&plan); err != nil {
		return err
	}
	if plan.Output.Format == "" {
		plan.Output.Format = m.flags.format
	}
	m.plan = &plan
	return m.wrong(append(plan.Problems(), source.refuseMasked(&plan)...))
}

// overrides are the flags that were given, in the words of --set.
func (b *base) overrides() ([]string, error) {
	plan, err := b.flags.asGiven(b.target, nil)
	if err != nil {
		return nil, err
	}
	if err := b.relate(plan); err != nil {
		return nil, err
	}
	data, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	var list []string
	if b.hasURL {
		list = append(list, "target="+jsonAt(data, "target"))
	}
	if b.target.auth != nil && !b.flags.given("user") {
		list = append(list, "session.auth="+jsonAt(data, "session.auth"))
	}
	for _, bound := range bindings() {
		key := bound.whole()
		if !b.flags.given(bound.flag) || b.laidOver(key) {
			continue
		}
		value := jsonAt(data, key)
		if value == "" { // plans leave out what is zero
			value = b.flags.text(bound.flag)
		}
		if set := key + "=" + value; !slices.Contains(list, set) {
			list = append(list, set)
		}
	}
	switch { // a run ends by one of them
	case b.flags.given("duration"):
		list = append(list, "load.requests=0")
	case b.flags.given("requests"):
		list = append(list, "load.duration=0s")
	}
	return list, nil
}

// whole is the key that a flag sets as one value.
func (b binding) whole() string {
	switch b.flag {
	case "user", "digest":
		return "session.auth"
	case "tcp-keepalive":
		return "connection.keep_alive"
	}
	return b.key
}

// laidOver says whether a flag's key is left to layOver, and to the rules for arms.
func (b *base) laidOver(key string) bool {
	return slices.Contains([]string{"arms", "session.headers", "session.cookies", "fail_if"}, key) || strings.HasPrefix(key, "mix.")
}

// relate makes files that flags name relative to the plan's directory, as overrides are.
func (b *base) relate(p *workload.Plan) error {
	files := []*string{&p.Session.TLS.CA, &p.Session.TLS.Cert, &p.Session.TLS.Key, &p.Session.TLS.KeyLog}
	if !strings.HasPrefix(p.Connection.UnixSocket, "@") {
		files = append(files, &p.Connection.UnixSocket)
	}
	dir, err := filepath.Abs(b.source.dir())
	if err != nil {
		return err
	}
	for _, file := range files {
		if *file == "" || filepath.IsAbs(*file) {
			continue
		}
		path, err := filepath.Abs(*file)
		if err != nil {
			return err
		}
		if *file, err = filepath.Rel(dir, path); err != nil { // on another volume
			*file = path
		}
	}
	return nil
}

// jsonAt returns what a plan's JSON has under a key, or "".
func jsonAt(data json.RawMessage, key string) string {
	for name := range strings.SplitSeq(key, ".") {
		var members map[string]json.RawMessage
		if json.Unmarshal(data, &members) != nil {
			return ""
		}
		data = members[name]
	}
	return string(bytes.TrimSpace(data))
}

// layOver lays headers, cookies, conditions, which may be about the arms of the command line, and what is said of the one
// request over a plan.
func (b *base) layOver(p *workload.Plan) error {
	if b.flags.given("fail-if") {
		p.FailIf = b.flags.flags.failIf
	}
	headers, err := parseHeaders(b.flags.flags.headers)
	if err != nil {
		return err
	}
	p.Session.Headers = overHeaders(p.Session.Headers, headers)
	cookies, err := b.flags.cookies()
	if err != nil {
		return err
	}
	p.Session.Cookies = slices.Clone(p.Session.Cookies)
	for _, c := range cookies {
		at := slices.IndexFunc(p.Session.Cookies, func(known session.Cookie) bool { return known.Name == c.Name })
		if at < 0 {
			p.Session.Cookies = append(p.Session.Cookies, c)
		} else {
			p.Session.Cookies[at] = c
		}
	}
	return b.layOverRequest(p)
}

// overHeaders puts fields in the place of those of the same name. Unlike a merger for sending it keeps what takes defaults away.
func overHeaders(base, over workload.Fields) workload.Fields {
	merged := slices.Clone(base)
	for _, field := range over {
		merged = slices.DeleteFunc(merged, func(known session.Field) bool { return strings.EqualFold(known.Name, field.Name) })
	}
	return append(merged, over...)
}

// layOverRequest changes the only operation of a plan.
func (b *base) layOverRequest(p *workload.Plan) error {
	f := b.flags
	if !f.given("method") && !f.given("body") && !f.given("body-file") {
		return nil
	}
	if len(p.Mix) != 1 || len(p.Mix[0].Steps) > 0 {
		return usagef("%s is about a single request, and the plan's mix has others; change one of them, as in --set 'mix[0].weight=2'", firstGiven(f, "method", "body", "body-file"))
	}
	request, err := f.operation(target{path: p.Mix[0].URL})
	if err != nil {
		return err
	}
	p.Mix = slices.Clone(p.Mix)
	o := &p.Mix[0]
	if f.given("method") {
		o.Method = request.Method
		if !b.file.Given("mix[0].name") {
			_, path, _ := strings.Cut(o.Name, " ") // the name may have ${NAME} where the URL has a value
			o.Name = o.Method + " " + path
		}
	}
	if f.given("body") || f.given("body-file") {
		o.Body, o.BodyFile, o.Form, o.JSON, o.Multipart = request.Body, request.BodyFile, nil, nil, nil
	}
	return nil
}

func firstGiven(f planner, names ...string) string {
	return "--" + names[slices.IndexFunc(names, f.given)]
}

// fromFlag says whether a key has its value from a flag.
func (b *base) fromFlag(key string) bool {
	if slices.ContainsFunc(b.flags.flags.set, func(set string) bool { return strings.HasPrefix(set, key+"=") }) {
		return false
	}
	if key == "target" && b.hasURL {
		return true
	}
	name, isFlag := strings.CutPrefix(flagOf(key), "--")
	return isFlag && b.flags.given(name)
}

// wrongFile notes what is wrong with a plan that could not be read, in the words of the command line where a flag said it.
func (m *measurement) wrongFile(err error) error {
	wrong, ok := errors.AsType[*planfile.Error](err)
	if !ok {
		return usagef("%v", err)
	}
	rest := planfile.Error{Name: wrong.Name}
	for _, problem := range wrong.Problems {
		if m.base.fromFlag(problem.Key) {
			m.process.note("%v", m.explain(&workload.KeyError{Key: problem.Key, Problem: problem.Text}))
		} else {
			rest.Problems = append(rest.Problems, problem)
		}
	}
	if len(rest.Problems) > 0 {
		m.process.notePlan(&rest)
	}
	return exit(exitUsage)
}

// wrong says where what cannot be carried out is to be mended: in a flag, or at its place in the plan's file.
func (m *measurement) wrong(problems []*workload.KeyError) error {
	if len(problems) == 0 {
		return nil
	}
	for _, e := range problems {
		if m.base == nil || m.base.fromFlag(e.Key) {
			m.process.note("%v", m.explain(e))
		} else {
			m.process.notePlan(m.base.file.Wrong(e))
		}
	}
	return exit(exitUsage)
}

// explain puts what is wrong with a flag's value into the words of the command line.
func (m *measurement) explain(e *workload.KeyError) error {
	var i int
	if _, err := fmt.Sscanf(e.Key, "fail_if[%d]", &i); err == nil && i < len(m.flags.failIf) {
		return usagef("--fail-if %q: %s", m.flags.failIf[i], strings.TrimPrefix(strings.TrimPrefix(e.Problem, "cannot be judged: "), "is no condition: "))
	}
	return explainKeyError(e)
}

// tell notes each of the errors that err was joined from, in the words of the command line. An error that is none of the command line's is
// returned as it is.
func (m *measurement) tell(err error) error {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range list.Unwrap() {
			if err := m.tell(each); err != exit(exitUsage) {
				return err
			}
		}
		return exit(exitUsage)
	}
	if e, ok := errors.AsType[*workload.KeyError](err); ok {
		err = m.explain(e)
	}
	if _, ok := errors.AsType[usageError](err); !ok {
		return err
	}
	m.process.note("%v", err)
	return exit(exitUsage)
}

// wrongKey is wrong where err is about a key; other errors are returned as they are.
func (m *measurement) wrongKey(err error) error {
	if e, ok := errors.AsType[*workload.KeyError](err); ok {
		return m.wrong([]*workload.KeyError{e})
	}
	return err
}

// armsIn are those of a plan, or those that list names: the plan's own by their names, and others by their policies.
func armsIn(file *planfile.File, list string) ([]workload.Arm, error) {
	if list == "" {
		return file.Arms, nil
	}
	var arms []workload.Arm
	var problems []error
	for item := range strings.SplitSeq(list, ",") {
		own := slices.IndexFunc(file.Arms, func(a workload.Arm) bool { return a.Name == strings.TrimSpace(item) })
		if own >= 0 {
			arms = append(arms, file.Arms[own])
			continue
		}
		parsed, err := workload.ParseArms(item)
		arms, problems = append(arms, parsed...), append(problems, err)
	}
	return arms, errors.Join(problems...)
}

// listed writes names as a list to read.
func listed(arms []workload.Arm) string { return strings.Join(armNames(arms), ", ") }
