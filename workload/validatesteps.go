package workload

import (
	"errors"
	"fmt"
	"strings"
)

// validateOperations finds what is wrong with the operations of the set-up, the mix and the teardown.
func (p *Plan) validateOperations() error {
	var problems []error
	for i := range p.Mix {
		validate := p.Mix[i].validate
		if p.Mix[i].Steps != nil {
			validate = p.Mix[i].validateScenario
		}
		problems = append(problems, validate(fmt.Sprintf("mix[%d]", i)))
	}
	for _, list := range []struct {
		key, of    string
		operations []Operation
	}{{"setup", "the set-up", p.Setup}, {"teardown", "the teardown", p.Teardown}} {
		for i := range list.operations {
			o, key := &list.operations[i], fmt.Sprintf("%s[%d]", list.key, i)
			if o.Steps != nil {
				problems = append(problems, &KeyError{key + ".steps", "is given, but " + list.of + " has operations only; list the steps themselves there"})
				continue
			}
			problems = append(problems, o.validateUnshared(key, "every operation of "+list.of+" is made once"), o.validate(key))
		}
	}
	return errors.Join(append(problems, validateNames(p.Mix))...)
}

func (o *Operation) validateScenario(key string) error {
	problems := []error{validateWeight(o, key), o.validateBare(key), o.Think.validate(key + ".think")}
	if o.Name == "" {
		problems = append(problems, &KeyError{key, "has no name; a scenario needs one, since results call its steps by it"})
	}
	if len(o.Steps) == 0 {
		problems = append(problems, &KeyError{key + ".steps", "is empty; list at least one operation"})
	}
	for i := range o.Steps {
		step, key := &o.Steps[i], fmt.Sprintf("%s.steps[%d]", key, i)
		if step.Steps != nil {
			problems = append(problems, &KeyError{key + ".steps", "is given inside of a scenario's step; list all steps in one scenario"})
			continue
		}
		problems = append(problems, step.validateUnshared(key, "the steps of a scenario are made in their order"), step.validate(key))
	}
	return errors.Join(problems...)
}

// validateBare refuses what only single operations have.
func (o *Operation) validateBare(key string) error {
	var problems []error
	refuse := func(has string) {
		problems = append(problems, &KeyError{key + "." + has, "is given beside steps; a scenario has name, weight, rate, think and steps, and all else belongs to the steps"})
	}
	if o.Method != "" || o.URL != "" {
		refuse("url")
	}
	for _, m := range o.appendSettings(nil) {
		if m.key != "think" && m.key != "steps" {
			refuse(m.key)
		}
	}
	return errors.Join(problems...)
}

// validateUnshared refuses weights and rates where there is nothing to share.
func (o *Operation) validateUnshared(key, because string) error {
	refused := func(has string, given bool) error {
		if !given {
			return nil
		}
		return &KeyError{key + "." + has, "is given, but " + because + "; leave it out"}
	}
	return errors.Join(refused("weight", o.Weight != 0), refused("rate", o.Rate != 0))
}

// validateAnswer is about what is expected of a response and done with it.
func (o *Operation) validateAnswer(key string) error {
	var problems []error
	for i, status := range o.Expect {
		if !isStatus(status) {
			problems = append(problems, &KeyError{fmt.Sprintf("%s.expect[%d]", key, i), fmt.Sprintf("is %q; write a status from 100 to 599, or a class such as 2xx", status)})
		}
	}
	seen := map[string]bool{}
	for i, check := range o.Check {
		at, name := fmt.Sprintf("%s.check[%d]", key, i), check.Name
		if name == "" {
			name = check.Expr
		}
		switch {
		case strings.TrimSpace(check.Expr) == "":
			problems = append(problems, &KeyError{at, "is empty; write an expression, such as status == 200"})
		case seen[name]:
			problems = append(problems, &KeyError{at, "is called as an earlier check of the operation; give each a name of its own"})
		}
		seen[name] = true
	}
	for i := range o.Extract {
		problems = append(problems, o.Extract[i].validate(key))
	}
	return errors.Join(append(problems, o.Think.validate(key+".think"))...)
}

// isStatus says whether s is a status or a class of them.
func isStatus(s string) bool {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	return s[1:] == "xx" || strings.Trim(s[1:], "0123456789") == ""
}

func (x *Extraction) validate(key string) error {
	given := 0
	for _, text := range []string{x.JSON, x.Regexp, x.Header, x.Cookie, x.Form} {
		if text != "" {
			given++
		}
	}
	key += ".extract." + x.Name
	switch {
	case given == 0:
		return &KeyError{key, "says not from where; write one of json, regexp, header, cookie and form, as in json: items.0.id"}
	case given > 1:
		return &KeyError{key, fmt.Sprintf("has %d sources; keep one of json, regexp, header, cookie and form", given)}
	}
	return nil
}
