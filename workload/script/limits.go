package script

import (
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// Limits of expressions, so that none runs for ever or takes all memory. The library itself limits ranges and lists to
// a million elements in all.
const (
	longestExpression = 10_000    // bytes; the parser calls itself
	mostRounds        = 1_000_000 // of all loops of one evaluation
	longestText       = 1 << 20   // bytes of a text that is put together
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
		if n.Operator == "+" && maybeText(n.Left) && maybeText(n.Right) {
			sum := callNode(".add", n.Left, n.Right)
			sum.SetNature(*n.Nature())
			ast.Patch(node, sum)
		}
	}
}

// maybeText says whether a node may have a text as its value.
func maybeText(node ast.Node) bool {
	kind := node.Type().Kind()
	return kind == reflect.String || kind == reflect.Interface
}

// round counts a round of a loop. The machine takes a panic for an error.
func (s *Scope) round(...any) any {
	if s.rounds--; s.rounds < 0 {
		panic(failf("has loops of more than %d rounds", mostRounds))
	}
	return nil
}

func fits(bytes int) error {
	if bytes < 0 || bytes > longestText {
		return failf("puts a text together that is longer than %d bytes", longestText)
	}
	return nil
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
