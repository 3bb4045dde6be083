package script

import (
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// A Template is a text with expressions in double braces. It is not changed once compiled; any goroutine may use it, with its own
// Scope.
type Template struct {
	parts  []part // none where the text is static
	static string
}

// A part of a template is a text, a plain name, or an expression.
type part struct {
	text    string // where the others are nil
	plain   *reference
	program *program
}

// HasTemplate says whether a text has a template in it.
func HasTemplate(text string) bool { return strings.Contains(text, "{{") }

// Template compiles a text. The error is an *Error.
func (n *Names) Template(text string) (*Template, error) {
	t := &Template{}
	for at := 0; at < len(text); {
		open := strings.Index(text[at:], "{{")
		if open < 0 {
			t.addText(text[at:])
			break
		}
		t.addText(text[at : at+open])
		open += at
		end, err := closing(text, open+2)
		if err != nil {
			err.Text = text
			return nil, err
		}
		p, err := n.part(text[open+2 : end])
		if err != nil {
			return nil, &Error{text, open + 2 + err.Offset, err.Problem}
		}
		if p.plain == nil && p.program == nil {
			t.addText(p.text)
		} else {
			t.parts = append(t.parts, p)
		}
		at = end + 2
	}
	t.simplify()
	return t, nil
}

// addText adds a text, to the one before where there is one.
func (t *Template) addText(text string) {
	if last := len(t.parts) - 1; last >= 0 && t.parts[last].plain == nil && t.parts[last].program == nil {
		t.parts[last].text += text
	} else if text != "" {
		t.parts = append(t.parts, part{text: text})
	}
}

func (t *Template) simplify() {
	if len(t.parts) == 1 && t.parts[0].plain == nil && t.parts[0].program == nil {
		t.static, t.parts = t.parts[0].text, nil
	}
}

// part compiles what is between braces.
func (n *Names) part(text string) (part, *Error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return part{}, &Error{text, 0, "has nothing between {{ and }}; write a name or an expression"}
	}
	if r, ok := n.reference(trimmed); ok {
		return part{plain: r}, nil
	}
	program, err := n.compile(text, false)
	if err != nil {
		return part{}, err
	}
	if constant, ok := program.code.Node().(*ast.StringNode); ok {
		return part{text: constant.Value}, nil
	}
	return part{program: program}, nil
}

// Static returns the text of a template without expressions.
func (t *Template) Static() (text string, ok bool) { return t.static, t.parts == nil }

// Append appends the text with its expressions' values. The error is ErrEnded, or says which variable is not set, or why an expression has
// no value; it has no values in it. Then what was appended is not to be used.
func (t *Template) Append(dst []byte, s *Scope) ([]byte, error) {
	dst = append(dst, t.static...)
	for i := range t.parts {
		var err error
		switch p := &t.parts[i]; {
		case p.plain != nil:
			dst, err = p.plain.append(dst, s)
		case p.program != nil:
			var v any
			if v, err = p.program.run(s); err == nil {
				dst, err = appendText(dst, v)
			}
		default:
			dst = append(dst, p.text...)
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// Value returns the value of a template that is one expression and nothing else, with its type, and otherwise the text. It is
// a string, bool, int, int64, uint64, float64, time.Time, time.Duration, []byte, a slice, a map, or nil where the expression itself says so; lists and objects are not to be changed.
func (t *Template) Value(s *Scope) (any, error) {
	if len(t.parts) != 1 {
		if t.parts == nil {
			return t.static, nil
		}
		text, err := t.Append(nil, s)
		if err != nil {
			return nil, err
		}
		return string(text), nil
	}
	if r := t.parts[0].plain; r != nil {
		v, err := r.value(s)
		if err == nil && v == nil {
			err = notSet(r.name)
		}
		return v, err
	}
	v, err := t.parts[0].program.run(s)
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return nil, notFinite()
	}
	return v, err
}
