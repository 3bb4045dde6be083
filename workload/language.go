package workload

import (
	"errors"
	"fmt"
	"strings"

	"sessbench/workload/script"
)

// A TextError is a KeyError about a text of the plan's language: a template, a check or what an extraction looks for.
type TextError struct {
	KeyError
	Offset int  // of the fault in the text, in bytes
	OfName bool // the fault is a name that nothing has
}

// names are what the plan's texts can refer to: its feeds in their order, and every variable that is extracted anywhere. The
// errors are about feeds that cannot be read and about names that cannot be used; what has no error is in the names. missing says that
// not all are, because of these errors or of feeds that validate refuses.
func (p *Plan) names() (names *script.Names, missing bool, problems []*KeyError) {
	names = &script.Names{}
	for i := range p.Feeds {
		f := &p.Feeds[i]
		if f.validateFile("") != nil {
			missing = true
			continue
		}
		columns, err := f.columns()
		switch {
		case err != nil:
			problems = append(problems, err)
		default:
			if err := names.AddFeed(f.Name, columns); err != nil {
				problems = append(problems, &KeyError{"feeds." + f.Name, err.Error()})
			}
		}
	}
	p.eachOperation(func(o *Operation, key string) {
		for _, x := range o.Extract {
			if err := names.AddVariable(x.Name); err != nil {
				problems = append(problems, &KeyError{key + ".extract." + x.Name, err.Error()})
			}
		}
	})
	return names, missing || len(problems) > 0, problems
}

// language is names, or the first of its errors.
func (p *Plan) language() (*script.Names, error) {
	names, _, problems := p.names()
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return names, nil
}

// eachOperation calls each with the operations and steps of the plan in the order of the file, and with their keys.
func (p *Plan) eachOperation(each func(o *Operation, key string)) {
	for _, list := range []struct {
		key        string
		operations []Operation
	}{{"setup", p.Setup}, {"mix", p.Mix}, {"teardown", p.Teardown}} {
		eachOf(list.operations, list.key, each)
	}
}

func eachOf(operations []Operation, key string, each func(o *Operation, key string)) {
	for i := range operations {
		own := fmt.Sprintf("%s[%d]", key, i)
		each(&operations[i], own)
		eachOf(operations[i].Steps, own+".steps", each)
	}
}

// TextProblems lists what is wrong with the plan's templates, checks and extractions: they are compiled against the names that the
// plan has. It reads the columns of the feeds; where one cannot be read, unknown names are no problems. Problems has the same,
// without offsets.
func (p *Plan) TextProblems() []*TextError {
	names, missing, _ := p.names()
	return p.compile(names, missing)
}

// languageProblems lists what is wrong with feeds, names and texts.
func (p *Plan) languageProblems() []*KeyError {
	names, missing, problems := p.names()
	for _, e := range p.compile(names, missing) {
		problems = append(problems, &e.KeyError)
	}
	return problems
}

// compile finds out which texts cannot be compiled. Where names are missing, that was told once, and is not told again wherever one of
// them is used.
func (p *Plan) compile(names *script.Names, missing bool) []*TextError {
	c := compilation{names: names, missing: missing, known: map[string]error{}}
	p.eachOperation(c.operation)
	return c.problems
}

// A compilation compiles all texts of a plan, each only once.
type compilation struct {
	names    *script.Names
	missing  bool             // not all names are known
	known    map[string]error // of checks and templates, by their kind and text
	problems []*TextError
}

func (c *compilation) operation(o *Operation, key string) {
	o.eachText(func(at, text string) {
		c.note(key+"."+at, c.once("template", text, func() error { _, err := c.names.Template(text); return err }))
	})
	for i, check := range o.Check {
		if strings.TrimSpace(check.Expr) != "" { // which validate refuses
			c.note(fmt.Sprintf("%s.check[%d]", key, i), c.once("check", check.Expr, func() error { return c.check(check.Expr) }))
		}
	}
	for _, x := range o.Extract {
		if x.validate(key) != nil {
			continue // which was told
		}
		_, err := c.names.Extractor(x.Name, x.script())
		c.note(key+".extract."+x.Name+"."+x.source(), err)
	}
}

// check compiles a check. Its names are often put in braces, as in templates.
func (c *compilation) check(text string) error {
	_, err := c.names.Check(text)
	if at := strings.Index(text, "{{"); err != nil && at >= 0 {
		return &script.Error{Text: text, Offset: at, Problem: "has {{, but a check is an expression already; write its names without braces, as in json.id == id"}
	}
	return err
}

// once compiles a text unless it was compiled before.
func (c *compilation) once(kind, text string, compile func() error) error {
	err, ok := c.known[kind+text]
	if !ok {
		err = compile()
		c.known[kind+text] = err
	}
	return err
}

func (c *compilation) note(key string, err error) {
	if err == nil {
		return
	}
	e := &TextError{KeyError: KeyError{key, err.Error()}}
	if fault, ok := errors.AsType[*script.Error](err); ok {
		e.Offset, e.OfName = fault.Offset, fault.OfName()
	}
	if e.OfName && c.missing {
		return
	}
	c.problems = append(c.problems, e)
}

// script is the extraction as it is compiled.
func (x *Extraction) script() script.Extraction {
	return script.Extraction{JSON: x.JSON, Regexp: x.Regexp, Header: x.Header, Cookie: x.Cookie, Form: x.Form, Default: x.Default}
}

// source is the key of what the value is taken from.
func (x *Extraction) source() string {
	for _, s := range []struct{ key, text string }{
		{"json", x.JSON}, {"regexp", x.Regexp}, {"header", x.Header}, {"cookie", x.Cookie}, {"form", x.Form},
	} {
		if s.text != "" {
			return s.key
		}
	}
	return ""
}
