package script

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
)

// Limits of expressions, so that none runs for ever or takes all memory. The library itself limits ranges and lists to
// a million elements in all.
const (
	longestExpression = 10_000    // bytes; the parser calls itself
	mostRounds        = 1_000_000 // of all loops of one evaluation
	longestText       = 1 << 20   // bytes of a text that is put together
	mostElements      = 1_000_000 // of a list, and of the lists and objects in it
	mostCompared      = 10_000    // of a list whose elements are compared with one another
)

// A limiter puts calls into loops that count their rounds, and looks at the length of texts that are put together. It follows the
// checker, whose types it needs.
type limiter struct{}

// Visit is called for each node, after those below it.
func (limiter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		count := &ast.CallNode{Callee: &ast.IdentifierNode{Value: roundKey}}
		count.Callee.SetType(reflect.TypeOf((*Scope)(nil).round))
		body := &ast.SequenceNode{Nodes: []ast.Node{count, n.Node}}
		body.SetNature(*n.Node.Nature())
		n.Node = body
	case *ast.BinaryNode:
		if n.Operator == "in" {
			constantList(n)
		}
		if n.Operator == "+" && maybeText(n.Left) && maybeText(n.Right) {
			sum := callNode(".add", n.Left, n.Right)
			sum.SetNature(*n.Nature())
			ast.Patch(node, sum)
		}
	}
}

// constantList makes one value of the texts in which a value of any type is sought. The library would make a set of them,
// in which it can seek no number.
func constantList(n *ast.BinaryNode) {
	array, ok := n.Right.(*ast.ArrayNode)
	if !ok || n.Left.Type().Kind() != reflect.Interface {
		return
	}
	list := make([]any, len(array.Nodes))
	for i, element := range array.Nodes {
		text, ok := element.(*ast.StringNode)
		if !ok {
			return
		}
		list[i] = text.Value
	}
	constant := &ast.ConstantNode{Value: list}
	constant.SetType(reflect.TypeOf(list))
	ast.Patch(&n.Right, constant)
	n.Right.SetType(reflect.TypeOf(list))
}

// maybeText says whether a node may have a text as its value.
func maybeText(node ast.Node) bool {
	kind := node.Type().Kind()
	return kind == reflect.String || kind == reflect.Interface
}
