package script

import (
	"reflect"
	"strings"

	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/vm/runtime"
)

// round counts a round of a loop. The machine takes a panic for an error.
func (s *Scope) round(...any) any {
	if s.rounds--; s.rounds < 0 {
		panic(failf("the expression has loops of more than %d rounds", mostRounds))
	}
	return nil
}

func fits(bytes int) error {
	if bytes < 0 || bytes > longestText {
		return failf("the expression puts a text together that is longer than %d bytes", longestText)
	}
	return nil
}

// small says whether a value has no more elements than what can be gone through: a list can have the same one twice, and so on.
func small(value any) error {
	left := mostElements
	var count func(v reflect.Value)
	count = func(v reflect.Value) {
		for v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if left--; left < 0 {
			return
		}
		switch v.Kind() {
		case reflect.Slice, reflect.Array:
			for i := 0; i < v.Len() && left >= 0; i++ {
				count(v.Index(i))
			}
		case reflect.Map:
			for each := v.MapRange(); left >= 0 && each.Next(); {
				count(each.Value())
			}
		}
	}
	count(reflect.ValueOf(value))
	if left < 0 {
		return failf("the expression has lists of more than %d elements", mostElements)
	}
	return nil
}

// ofSmall makes the library's function of lists one that refuses such as it would never be done with.
func ofSmall(name string) func(...any) (any, error) {
	library := builtin.Builtins[builtin.Index[name]]
	return func(arguments ...any) (any, error) {
		if err := small(arguments); err != nil {
			return nil, err
		}
		if library.Func != nil {
			return library.Func(arguments...)
		}
		v, _, err := library.Safe(arguments...)
		return v, err
	}
}

// uniq compares every element with every other one.
func uniq(arguments ...any) (any, error) {
	if list := reflect.ValueOf(arguments[0]); list.Kind() == reflect.Slice && list.Len() > mostCompared {
		return nil, failf("uniq has a list of more than %d elements", mostCompared)
	}
	return ofSmall("uniq")(arguments...)
}

func add(arguments ...any) (any, error) {
	a, isText := arguments[0].(string)
	b, both := arguments[1].(string)
	if !isText || !both {
		return runtime.Add(arguments[0], arguments[1]), nil
	}
	if err := fits(len(a) + len(b)); err != nil {
		return nil, err
	}
	return a + b, nil
}

func repeat(arguments ...any) (any, error) {
	text, times := arguments[0].(string), runtime.ToInt(arguments[1])
	if times < 0 {
		return nil, failf("repeat needs a number that is not below 0")
	}
	if len(text) > 0 && times > longestText {
		times = longestText + 1
	}
	if err := fits(len(text) * times); err != nil {
		return nil, err
	}
	return strings.Repeat(text, times), nil
}

// join writes texts of a list after one another, with a text between them.
func join(arguments ...any) (any, error) {
	between := ""
	if len(arguments) > 1 {
		between = arguments[1].(string)
	}
	list := reflect.ValueOf(arguments[0])
	if list.Kind() != reflect.Slice {
		return nil, failf("join needs a list")
	}
	var b strings.Builder
	for i := range list.Len() {
		text, err := textOf(list.Index(i).Interface())
		if err != nil {
			return nil, failure{err}
		}
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(text)
		if err := fits(b.Len()); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

func replace(arguments ...any) (any, error) {
	text, old, with := arguments[0].(string), arguments[1].(string), arguments[2].(string)
	most := strings.Count(text, old)
	if len(arguments) > 3 {
		if n := runtime.ToInt(arguments[3]); n >= 0 {
			most = min(most, n)
		}
	}
	if grown := len(with) - len(old); grown > 0 && most > longestText/grown {
		return nil, fits(longestText + 1)
	}
	return strings.Replace(text, old, with, most), nil
}
