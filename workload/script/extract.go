package script

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/tidwall/gjson"
)

// An Extraction says what is taken out of a response; one of JSON, Regexp, Header, Cookie and Form is given.
type Extraction struct {
	JSON, Regexp, Header, Cookie, Form string
	Default                            *string
}

// An Extractor is a compiled Extraction. It is not changed once compiled; any goroutine may use it, with its own Scope.
type Extractor struct {
	slot     int
	body     bool
	fallback *string
	find     func(*Scope) (any, error) // nil: there is none
	missing  error
}

// errNotJSON is what a path finds in a body that is not JSON.
type errNotJSON struct{}

func (errNotJSON) Error() string { return "the body is not JSON" }

// Extractor compiles x, which sets a variable that was added. The error is an *Error, whose Text is that of x.
//
// JSON keeps the type: a string, bool, int64, uint64, float64, []any or map[string]any; null is no value. The others are texts. Form is the
// value that a browser would send, of the first field of the name.
func (n *Names) Extractor(variable string, x Extraction) (*Extractor, error) {
	slot, known := n.slots[variable]
	if !known {
		return nil, &Error{variable, 0, refersTo + "a variable that was not added"}
	}
	kind, text, err := x.only()
	if err != nil {
		return nil, err
	}
	e := &Extractor{slot: slot, fallback: x.Default}
	looked := ""
	switch kind {
	case "json":
		e.body, e.find, looked = true, func(s *Scope) (any, error) { return findJSON(s, text) }, "the body has nothing at the JSON path "+text
	case "regexp":
		pattern, err := regexp.Compile(text)
		if err != nil {
			return nil, patternError(text, err)
		}
		e.body, e.find, looked = true, func(s *Scope) (any, error) { return findPattern(s.response, pattern) }, "the body does not match "+text
	case "header":
		e.find, looked = func(s *Scope) (any, error) { return findText(s.response.Header(text)) }, "the response has no field "+text
	case "cookie":
		e.find, looked = func(s *Scope) (any, error) { return findText(s.response.Cookie(text)) }, "the response sets no cookie "+text
	case "form":
		e.body, e.find, looked = true, func(s *Scope) (any, error) { return findField(s.response, text) }, "the body has no form field "+text
	}
	e.missing = fmt.Errorf("variable %s has no value: %s", variable, looked)
	return e, nil
}

// only returns the one source that is given.
func (x *Extraction) only() (kind, text string, err error) {
	var given []string
	for _, source := range []struct{ kind, text string }{
		{"json", x.JSON}, {"regexp", x.Regexp}, {"header", x.Header}, {"cookie", x.Cookie}, {"form", x.Form},
	} {
		if source.text != "" {
			given = append(given, source.kind)
			kind, text = source.kind, source.text
		}
	}
	switch len(given) {
	case 0:
		return "", "", &Error{"", 0, "does not say where the value is; give one of json, regexp, header, cookie and form"}
	case 1:
		return kind, text, nil
	}
	return "", "", &Error{text, 0, "has " + strings.Join(given, " and ") + "; give one of them"}
}

// patternError says what is wrong with a regular expression, and where.
func patternError(text string, err error) *Error {
	e := &Error{text, 0, "is no regular expression (RE2)"}
	if wrong, ok := errors.AsType[*syntax.Error](err); ok {
		e.Offset = max(0, strings.Index(text, wrong.Expr))
		e.Problem += ": " + wrong.Code.String()
	}
	return e
}

// Take sets the variable from the response. The error says that there is no such value; it has nothing of the response in it. Where there is
// a default, only a body that cannot be read is an error.
func (x *Extractor) Take(s *Scope) error {
	v, err := x.find(s)
	_, notJSON := errors.AsType[errNotJSON](err)
	switch {
	case err == nil && v != nil:
		s.variables[x.slot] = v
	case x.fallback != nil && (err == nil || notJSON):
		s.variables[x.slot] = *x.fallback
	case err != nil:
		return fmt.Errorf("variable %s has no value: %w", s.names.variables[x.slot], err)
	default:
		return x.missing
	}
	return nil
}

// UsesBody says whether it looks at the body, which then has to be kept.
func (x *Extractor) UsesBody() bool { return x.body }

func findJSON(s *Scope, path string) (any, error) {
	body, err := s.response.Body()
	if err != nil {
		return nil, err
	}
	if !s.bodyIsJSON(body) {
		return nil, errNotJSON{}
	}
	return valueOf(gjson.GetBytes(body, path)), nil
}

// findPattern returns the first group's text, or all where there is no group.
func findPattern(r Response, pattern *regexp.Regexp) (any, error) {
	body, err := r.Body()
	if err != nil {
		return nil, err
	}
	groups := pattern.FindSubmatch(body)
	if groups == nil {
		return nil, nil
	}
	found := groups[min(1, len(groups)-1)]
	if found == nil { // a group that is not a part of this match
		return nil, nil
	}
	return string(found), nil
}

// findText copies a text, which is the response's.
func findText(text string, ok bool) (any, error) {
	if !ok {
		return nil, nil
	}
	return strings.Clone(text), nil
}
