package script

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/tidwall/gjson"
)

// A nameRewriter puts inputs of the frame, and calls that look into the response, in the place of names. It follows a callRewriter.
type nameRewriter struct {
	names     *Names
	check     bool
	durations map[string]time.Duration

	feeds  map[*ast.IdentifierNode]int // those whose column was not seen yet
	inputs []input
	uses   map[source]bool
	err    *fault // the first
}

// wrong returns the first fault, once the whole tree was seen.
func (r *nameRewriter) wrong() *fault {
	if r.err != nil {
		return r.err
	}
	var first *fault
	for node, f := range r.feeds {
		if feed := r.names.feeds[f]; first == nil || node.Location().From < first.at {
			first = faultAt(node, "refers to %s, which is a feed; name one of its columns: %s", feed.name, some(feed.paths()))
		}
	}
	return first
}

// Visit is called for each node, after those below it.
func (r *nameRewriter) Visit(node *ast.Node) {
	if r.err != nil {
		return
	}
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.identifier(node, n)
	case *ast.MemberNode:
		r.member(node, n)
	case *ast.BinaryNode:
		r.binary(n)
	}
}

func (r *nameRewriter) identifier(node *ast.Node, n *ast.IdentifierNode) {
	name := n.Value
	if d, ok := r.durations[name]; ok {
		ast.Patch(node, &ast.ConstantNode{Value: d})
		return
	}
	if name[0] == '.' || name[0] == '$' { // of a call that was rewritten
		return
	}
	if slot, ok := r.names.slots[name]; ok {
		ast.Patch(node, strict(r.input(reference{from: fromVariable, name: name, index: slot}), name))
		return
	}
	if f, ok := r.names.feedNamed[name]; ok {
		r.feeds[n] = f
		return
	}
	from, ok := builtIn(name)
	switch {
	case ok && from.ofResponse() && !r.check:
		r.err = faultAt(n, "refers to %s, which is there in checks only", name)
	case ok:
		r.builtIn(node, from, name)
	case isFunction(name) || slices.Contains(builtin.Names, name):
		r.err = faultAt(n, "refers to %s, which is a function; call it: %s()", name, name)
	default:
		r.column(node, n)
	}
}

// column takes a name that nothing else has for that of a column, where one feed alone has it.
func (r *nameRewriter) column(node *ast.Node, n *ast.IdentifierNode) {
	switch found := r.names.withColumn(n.Value); len(found) {
	case 0:
		r.err = faultAt(n, "%s", r.names.unknown(n.Value, r.check))
	case 1:
		feed := &r.names.feeds[found[0]]
		index := slices.Index(feed.columns, n.Value)
		ast.Patch(node, r.input(reference{from: fromColumn, name: feed.name + "." + n.Value, feed: found[0], index: index}))
	default:
		first, second := r.names.feeds[found[0]].name, r.names.feeds[found[1]].name
		r.err = faultAt(n, "refers to %s, which several feeds have; write %s or %s", n.Value, columnPath(first, n.Value), columnPath(second, n.Value))
	}
}

func (r *nameRewriter) builtIn(node *ast.Node, from source, name string) {
	r.uses[from] = true
	switch from {
	case fromJSON:
		ast.Patch(node, callNode(".json", scopeNode(), &ast.StringNode{}))
	case fromBody:
		ast.Patch(node, callNode(".body", scopeNode()))
	case fromHeaders:
		ast.Patch(node, callNode(".headers", scopeNode()))
	default:
		ast.Patch(node, r.input(reference{from: from, name: name}))
	}
}

// member takes a feed and a column, a header, and a path in JSON for one.
func (r *nameRewriter) member(node *ast.Node, n *ast.MemberNode) {
	switch below := n.Node.(type) {
	case *ast.IdentifierNode:
		f, ok := r.feeds[below]
		if !ok {
			return
		}
		column, ok := n.Property.(*ast.StringNode)
		if !ok {
			r.err = faultAt(n.Property, "has a column of %s that is no plain name; write %s.column", below.Value, below.Value)
			return
		}
		delete(r.feeds, below)
		for i, name := range r.names.feeds[f].columns {
			if name == column.Value {
				ast.Patch(node, r.input(reference{from: fromColumn, name: below.Value + "." + name, feed: f, index: i}))
				return
			}
		}
		r.err = faultAt(n.Property, "%s", r.names.unknownColumn(f, column.Value))
	case *ast.CallNode:
		property, isText := n.Property.(*ast.StringNode)
		switch callee := below.Callee.(*ast.IdentifierNode).Value; {
		case callee == "..headers" && isText:
			ast.Patch(node, callNode("header", scopeNode(), property))
		case callee == "..json":
			r.path(node, below, n.Property)
		}
	}
}

// path puts a step into the path of a call of .json, so that no more of the body has to be taken apart than what is asked for.
func (r *nameRewriter) path(node *ast.Node, call *ast.CallNode, property ast.Node) {
	path := call.Arguments[1].(*ast.StringNode).Value
	var step string
	switch p := property.(type) {
	case *ast.StringNode:
		step = gjson.Escape(p.Value)
	case *ast.IntegerNode:
		step = strconv.Itoa(p.Value)
	}
	if step == "" || step[0] == '-' {
		return
	}
	ast.Patch(node, callNode(".json", scopeNode(), &ast.StringNode{Value: strings.TrimPrefix(path+"."+step, ".")}))
}

// binary lets a variable be compared with nil, or have another value in its place, where it is not set.
func (r *nameRewriter) binary(n *ast.BinaryNode) {
	isNil := func(n ast.Node) bool { _, ok := n.(*ast.NilNode); return ok }
	compares := n.Operator == "==" || n.Operator == "!="
	if n.Operator == "??" || compares && isNil(n.Right) {
		lenient(&n.Left)
	}
	if compares && isNil(n.Left) {
		lenient(&n.Right)
	}
}

// strict is a variable whose use is an error where it is not set.
func strict(variable ast.Node, name string) ast.Node {
	return &ast.BinaryNode{Operator: "??", Left: variable, Right: callNode(".unset", &ast.StringNode{Value: name})}
}

// lenient takes back what strict did.
func lenient(node *ast.Node) {
	if b, ok := (*node).(*ast.BinaryNode); ok && b.Operator == "??" {
		if call, ok := b.Right.(*ast.CallNode); ok && call.Callee.(*ast.IdentifierNode).Value == "..unset" {
			*node = b.Left
		}
	}
}

// input notes that a value is needed in the frame, and returns the node that takes it from there.
func (r *nameRewriter) input(ref reference) ast.Node {
	key := inputMark + ref.name
	for _, in := range r.inputs {
		if in.key == key {
			return &ast.IdentifierNode{Value: key}
		}
	}
	r.inputs = append(r.inputs, input{key, ref})
	return &ast.IdentifierNode{Value: key}
}
