package script

import (
	"errors"
	"reflect"
	"strings"
)

// A Check is a compiled expression about a response. It is not changed once compiled; any goroutine may use it, with its own Scope.
type Check struct{ program *program }

// Check compiles an expression that is true or false. The error is an *Error.
func (n *Names) Check(text string) (*Check, error) {
	if strings.TrimSpace(text) == "" {
		return nil, &Error{text, 0, "is empty; write an expression such as status == 200"}
	}
	p, err := n.compile(text, true)
	if err != nil {
		return nil, err
	}
	if kind := p.typ.Kind(); kind != reflect.Bool && kind != reflect.Interface {
		return nil, &Error{text, 0, "is " + kindName(p.typ.String()) + ", not true or false; compare it with something, such as status == 200"}
	}
	return &Check{p}, nil
}

// Holds evaluates it on the response that the scope looks at. The error says why it cannot be told, such as a body that is not JSON, or is ErrEnded; it has no
// values in it.
func (c *Check) Holds(s *Scope) (bool, error) {
	v, err := c.program.run(s)
	s.view.forget()
	if err != nil {
		return false, err
	}
	holds, ok := v.(bool)
	if !ok {
		return false, errors.New("the check is " + kindOf(v) + ", not true or false")
	}
	return holds, nil
}

// UsesStatus says whether it looks at the status, which then is no error by itself.
func (c *Check) UsesStatus() bool { return c.program.uses[fromStatus] }

// UsesBody says whether it looks at the body or its size, for which it has to be kept.
func (c *Check) UsesBody() bool {
	return c.program.uses[fromBody] || c.program.uses[fromJSON] || c.program.uses[fromSize]
}
