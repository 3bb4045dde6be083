package planfile

import (
	"math"
	"strings"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// statuses reads a status, a class such as 2xx, or a list of them.
func (v value) statuses() []string {
	list := []string{}
	v.each(func(v value) { list = append(list, strings.ToLower(v.word())) })
	if len(list) == 0 {
		v.fail("is empty; write a status such as 404, or a class such as 2xx")
	}
	return list
}

// checks reads an expression, a list of them, or a mapping of names to them. An item of the list may be a mapping too.
func (v value) checks() []workload.Check {
	if v.isNull() {
		v.wrong("an expression, such as status == 200")
		return nil
	}
	var list []workload.Check
	all := v.path
	add := func(v value, name string) {
		check := workload.Check{Name: name, Expr: orElse(v, "true", value.text)}
		if written := v.environment.Written(check.Expr); name == "" && written != check.Expr {
			check.Name = workload.Named(written) // results call it by its expression
			v.called(check.Name)
		}
		v.sayAs(all + "[" + itoa(len(list)) + "]")
		list = append(list, check)
	}
	v.each(func(v value) {
		if v.node.Kind == yaml.MappingNode {
			v.mapping("an expression", func(name string, v value) { add(v, name) })
			return
		}
		add(v, "")
	})
	return list
}

func (v value) extractions() []workload.Extraction {
	var list []workload.Extraction
	v.mapping("a mapping of variables to what they are taken from, such as {id: {json: items.0.id}}", func(name string, v value) {
		x := workload.Extraction{Name: name}
		if name == "" {
			v.problem(v.places[v.path], v.path, "is a variable without a name; give it one")
			return
		}
		if v.node.Kind == yaml.ScalarNode && !v.isNull() {
			v.fail("does not say from where; write {json: items.0.id}, or regexp, header, cookie or form in the place of json")
			return
		}
		v.keys("extraction", []key{
			{"json", func(v value) { x.JSON = v.place() }},
			{"regexp", func(v value) { x.Regexp = v.text() }},
			{"header", func(v value) { x.Header = v.place() }},
			{"cookie", func(v value) { x.Cookie = v.place() }},
			{"form", func(v value) { x.Form = v.place() }},
			{"default", as(plain, func(v value) { text := v.text(); x.Default = &text })},
		})
		list = append(list, x)
	})
	return list
}

// place reads where a value of a response is. A template there would be looked for as it stands, and never be found.
func (v value) place() string {
	text := v.text()
	if _, after, ok := strings.Cut(text, "{{"); ok && strings.Contains(after, "}}") {
		v.fail("has a template, and none is filled in where values are taken from; write a path or a name as it stands in the response")
		return ""
	}
	return text
}

// think reads a pause: a time, or a mapping with its distribution.
func (v value) think() *workload.Think {
	t := &workload.Think{}
	time := func(v value) *workload.Duration {
		d := workload.Duration(v.duration())
		return &d
	}
	if v.node.Kind == yaml.ScalarNode && !v.isNull() {
		v.sayAs(v.path + ".constant")
		t.Constant = time(v)
		return t
	}
	v.keys("think", []key{
		{"constant", func(v value) { t.Constant = time(v) }},
		{"uniform", func(v value) { t.Uniform = v.twoTimes() }},
		{"normal", func(v value) {
			n := &workload.NormalThink{}
			v.keys("normal", []key{
				{"mean", func(v value) { n.Mean = *time(v) }},
				{"deviation", func(v value) { n.Deviation = *time(v) }},
			})
			t.Normal = n
		}},
		{"exponential", func(v value) { t.Exponential = time(v) }},
		{"lognormal", func(v value) {
			n := &workload.LogNormThink{}
			v.keys("lognormal", []key{
				{"median", func(v value) { n.Median = *time(v) }},
				{"sigma", func(v value) { n.Sigma = v.number() }},
			})
			t.LogNormal = n
		}},
		{"max", func(v value) { t.Max = *time(v) }},
	})
	return t
}

// twoTimes reads a list of two times.
func (v value) twoTimes() *[2]workload.Duration {
	var two [2]workload.Duration
	if v.node.Kind != yaml.SequenceNode || len(v.node.Content) != 2 {
		v.wrong("a list of two times, the shorter one first, such as [1s, 3s]")
		return &two
	}
	n := 0
	v.each(func(v value) {
		two[n] = workload.Duration(v.duration())
		n++
	})
	return &two
}

// orElse returns what read does, or something else where that found something wrong: a value that nothing else of the plan contradicts.
func orElse[T any](v value, other T, read func(value) T) T {
	before := len(v.problems)
	if t := read(v); len(v.problems) == before {
		return t
	}
	return other
}

// aboveZero reads a number; that there is none is said by leaving the key out.
func (v value) aboveZero() float64 {
	before := len(v.problems)
	f := v.number()
	if !(f > 0) && len(v.problems) == before || math.IsInf(f, 0) {
		v.fail("is %v; it must be above 0, or left out", f)
		return 0
	}
	return f
}
