package script

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"

	"sessbench/internal/nearest"
)

// A fault is an error at a node of an expression.
type fault struct {
	at      int // characters before it
	problem string
}

func (f *fault) in(text string) *Error { return &Error{text, byteOffset(text, f.at), f.problem} }

func faultAt(node ast.Node, format string, args ...any) *fault {
	return &fault{node.Location().From, fmt.Sprintf(format, args...)}
}

// A callRewriter makes calls of our functions of what is written as calls of them, with the scope as an argument where they need it. Ours
// go before the library's of the same name.
type callRewriter struct {
	check bool
	err   *fault // the first
}

// Visit is called for each node, after those below it.
func (c *callRewriter) Visit(node *ast.Node) {
	var err *fault
	switch n := (*node).(type) {
	case *ast.CallNode:
		callee, ok := n.Callee.(*ast.IdentifierNode)
		if !ok {
			err = faultAt(n.Callee, "calls what is no function")
			break
		}
		err = c.call(node, callee, callee.Value, n.Arguments)
	case *ast.BuiltinNode:
		if isFunction(n.Name) {
			err = c.call(node, n, n.Name, n.Arguments)
		}
	case *ast.VariableDeclaratorNode:
		err = faultAt(n, "has let; expressions have no variables of their own")
	}
	if c.err == nil {
		c.err = err
	}
}

func (c *callRewriter) call(node *ast.Node, at ast.Node, name string, arguments []ast.Node) *fault {
	all := functions()
	i := slices.IndexFunc(all, func(f function) bool { return f.name == name && !f.hidden })
	switch {
	case i < 0:
		return faultAt(at, "calls %s, which is no function; %s", name, c.meant(name))
	case all[i].check && !c.check:
		return faultAt(at, "calls %s, which is there in checks only", name)
	}
	if all[i].scoped {
		arguments = append([]ast.Node{scopeNode()}, arguments...)
	}
	ast.Patch(node, callNode(name, arguments...))
	return nil
}

// meant says which function was probably meant.
func (c *callRewriter) meant(name string) string {
	var ours []string
	for _, f := range functions() {
		if !f.hidden && !f.library && (c.check || !f.check) {
			ours = append(ours, f.name)
		}
	}
	if near := nearest.To(name, slices.Concat(ours, builtin.Names)); near != "" {
		return "did you mean " + near + "?"
	}
	slices.Sort(ours)
	return "beside those of the expression language, there are " + some(ours)
}

// callNode is a call of one of our functions.
func callNode(name string, arguments ...ast.Node) *ast.CallNode {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: "." + name}, Arguments: arguments}
}

// scopeNode is the frame, in which functions find the scope.
func scopeNode() ast.Node { return &ast.IdentifierNode{Value: "$env"} }
