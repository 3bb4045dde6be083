package script

import (
	"fmt"
	"reflect"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// A program is a compiled expression.
type program struct {
	code   *vm.Program
	inputs []input
	uses   map[source]bool
	typ    reflect.Type // of its value, as far as it is known
}

// An input is a value that is put into the frame before a program runs.
type input struct {
	key string
	reference
}

// Names that rewriting puts into expressions cannot be written in them: functions have a dot before their name, keys of the frame have
// inputMark before the input's.
const (
	inputMark = ":"
	scopeKey  = "scope"
	roundKey  = "round"
)

// compile compiles an expression. Offsets of the error are those in the text.
func (n *Names) compile(text string, check bool) (*program, *Error) {
	if len(text) > longestExpression {
		return nil, &Error{text, 0, fmt.Sprintf("has an expression of %d bytes; it can have at most %d", len(text), longestExpression)}
	}
	prepared, wrong := prepare(text)
	if wrong != nil {
		return nil, wrong
	}
	config := n.config(prepared.words, check)
	tree, err := parser.ParseWithConfig(prepared.text, config)
	if err != nil {
		return nil, compileError(text, err)
	}
	calls := &callRewriter{check: check}
	ast.Walk(&tree.Node, calls)
	if calls.err != nil {
		return nil, calls.err.in(text)
	}
	names := &nameRewriter{names: n, check: check, durations: prepared.durations, feeds: map[*ast.IdentifierNode]int{}, uses: map[source]bool{}}
	ast.Walk(&tree.Node, names)
	if err := names.wrong(); err != nil {
		return nil, err.in(text)
	}
	typ, err := checker.Check(tree, config)
	if err != nil {
		return nil, compileError(text, err)
	}
	ast.Walk(&tree.Node, limiter{})
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return nil, compileError(text, err)
	}
	code, err := compiler.Compile(tree, config)
	if err != nil {
		return nil, compileError(text, err)
	}
	return &program{code, names.inputs, names.uses, typ}, nil
}

// config says what the names are that rewriting leaves, and which functions there are.
func (n *Names) config(words []string, check bool) *conf.Config {
	config := conf.CreateNew()
	config.WithEnv(n.frameTypes(words, check))
	for _, f := range functions() {
		built := &builtin.Function{Name: "." + f.name, Func: f.call}
		for _, t := range f.types {
			built.Types = append(built.Types, reflect.TypeOf(t))
		}
		config.Functions[built.Name] = built
	}
	return config
}

// frameTypes returns the types of the inputs that words may stand for. Those of a whole plan may be many.
func (n *Names) frameTypes(words []string, check bool) types.Map {
	frame := types.Map{}
	for _, word := range words {
		if f, ok := n.feedNamed[word]; ok {
			for _, column := range n.feeds[f].columns {
				frame[inputMark+word+"."+column] = types.String
			}
		}
		for _, f := range n.withColumn(word) {
			frame[inputMark+n.feeds[f].name+"."+word] = types.String
		}
		if _, ok := n.slots[word]; ok {
			frame[inputMark+word] = types.Any
		}
	}
	for _, name := range builtInNames(check) {
		frame[inputMark+name] = types.Int
	}
	frame[inputMark+"duration"] = types.TypeOf(time.Duration(0))
	return frame
}

// run evaluates the program. The error has no values in it.
func (p *program) run(s *Scope) (any, error) {
	if s.evaluation == nil {
		s.evaluation = &evaluation{frame: map[string]any{scopeKey: s, roundKey: s.round}}
	}
	for i := range p.inputs {
		in := &p.inputs[i]
		v, err := in.value(s)
		if err != nil {
			return nil, err
		}
		s.frame[in.key] = v
	}
	s.rounds = mostRounds
	v, err := s.machine.Run(p.code, s.frame)
	if err != nil {
		return nil, runError(err)
	}
	return v, nil
}
