package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/expr-lang/expr/file"
)

// byteOffset returns where the character is that so many are before.
func byteOffset(text string, characters int) int {
	for i := range text {
		if characters == 0 {
			return i
		}
		characters--
	}
	return len(text)
}

// compileError says in our words what the library finds wrong with an expression.
func compileError(text string, err error) *Error {
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		message, _, _ := strings.Cut(err.Error(), "\n") // of a panic: its stack follows
		return &Error{text, 0, "is no expression: " + message}
	}
	e := &Error{text, byteOffset(text, at.From), explain(at.Message)}
	if strings.HasSuffix(at.Message, "unexpected token EOF") || strings.HasSuffix(at.Message, "unexpected end of expression") {
		e.Offset = len(text)
	}
	return e
}

// explain begins with a verb, and has no text in quotes of the expression in it, which may be a secret.
func explain(message string) string {
	if m := match(`unexpected token EOF$|unexpected end of expression`, message); m != nil {
		return "ends too early; something is missing at its end"
	}
	if m := match(`unexpected token (\w+)(?:\("(.*)"\))?`, message); m != nil {
		switch m[1] {
		case "String", "Bytes":
			return "has a text where none can be; an operator is missing before it"
		case "Number":
			return "has a number where none can be; an operator is missing before it"
		}
		if m[2] == "=" {
			return "has = where it cannot be; == compares"
		}
		return fmt.Sprintf("has %s where it cannot be", m[2])
	}
	if m := match(`^invalid operation: (\S+) \(mismatched types? (.+?)(?: and (.+))?\)$`, message); m != nil {
		if m[3] == "" {
			return fmt.Sprintf("applies %s to %s", m[1], kindName(m[2]))
		}
		return fmt.Sprintf("applies %s to %s and %s%s", m[1], kindName(m[2]), kindName(m[3]), mend(m[1], m[2], m[3]))
	}
	if m := match(`^cannot use (.+) as argument \(type (.+)\) to call \.*(\w+)`, message); m != nil {
		return fmt.Sprintf("calls %s with %s where %s belongs%s", m[3], kindName(m[1]), kindName(m[2]), conversion(m[1], m[2]))
	}
	if m := match(`^(not enough|too many) arguments to call \.*(\w+)$`, message); m != nil {
		return fmt.Sprintf("calls %s with %s arguments", m[2], m[1])
	}
	if strings.HasPrefix(message, "bad number syntax") {
		return "has a number that cannot be read; durations are written as 500ms or 1.5s"
	}
	if m := match(`^invalid (\w+) literal`, message); m != nil {
		return "has a number that is too large"
	}
	switch message {
	case "literal not terminated":
		return "has a text without its closing quote"
	case "integer divide by zero":
		return "divides by 0"
	}
	return "is no expression: " + message
}

// mend says how an operator can be applied to values of two types.
func mend(operator, a, b string) string {
	if kindName(a) == "a number" && kindName(b) == "a number" {
		return ", which have to be whole"
	}
	return conversion(a, b)
}

func conversion(a, b string) string {
	text := func(kind string) bool { return kindName(kind) == "a text" }
	number := func(kind string) bool { return kindName(kind) == "a number" }
	duration := func(kind string) bool { return kindName(kind) == "a duration" }
	switch {
	case text(a) && number(b) || number(a) && text(b):
		return "; int(x) makes a number of a text, string(x) a text of a number"
	case number(a) && duration(b) || duration(a) && number(b):
		return "; a duration has a unit, such as 500ms"
	}
	return ""
}

func match(pattern, text string) []string {
	return regexp.MustCompile(pattern).FindStringSubmatch(text)
}

// runError says in our words why an evaluation failed. The library's texts are not used: they may have values in them.
func runError(err error) error {
	if ours, ok := errors.AsType[failure](err); ok {
		return ours.error
	}
	at, ok := errors.AsType[*file.Error](err)
	if !ok {
		return errors.New("the expression cannot be evaluated")
	}
	return errors.New("the expression " + explainRun(strings.ReplaceAll(at.Message, "interface {}", "any")))
}

// explainRun takes the types out of the library's text. Any number of calls may fail by it while load is offered.
func explainRun(message string) string {
	about, what, _ := strings.Cut(message, ": ")
	words := strings.Fields(what)
	switch {
	case about == "invalid operation" && len(words) == 3 && isKind(words[0]) && isKind(words[2]):
		return fmt.Sprintf("cannot apply %s to %s and %s%s", words[1], kindName(words[0]), kindName(words[2]), conversion(words[0], words[2]))
	case about == "invalid operation" && (strings.HasPrefix(what, "int(") || strings.HasPrefix(what, "float(")):
		return "makes a number of a value that is none"
	case about == "interface conversion" && len(words) == 5: // any is nil, not string
		return fmt.Sprintf("has %s where %s belongs", kindName(strings.TrimSuffix(words[2], ",")), kindName(words[4]))
	case strings.HasPrefix(message, "cannot fetch "):
		return "looks for a member or an element in " + kindName(message[strings.LastIndexByte(message, ' ')+1:])
	case strings.HasPrefix(message, "invalid argument for len "):
		return "takes the length of " + kindName(strings.TrimSuffix(message[strings.LastIndexByte(message, ' ')+1:], ")"))
	case strings.HasPrefix(message, "index out of range"):
		return "looks for an element that the list does not have"
	case message == "memory budget exceeded":
		return "needs too much memory"
	case strings.Contains(message, "divide by zero"):
		return "divides by 0"
	}
	return "cannot be evaluated with the values that it has"
}

// kindOf names what kind of value v is.
func kindOf(v any) string { return kindName(fmt.Sprintf("%T", v)) }

// isKind says whether kindName knows a Go type.
func isKind(typ string) bool { return kindName(typ) != "a value" }

// kindName names what kind of value a Go type has.
func kindName(typ string) string {
	switch typ {
	case "string", "[]uint8":
		return "a text"
	case "int", "int64", "uint64", "float64", "uint8":
		return "a number"
	case "bool":
		return "true or false"
	case "<nil>", "nil":
		return "nothing"
	case "time.Duration":
		return "a duration"
	case "time.Time":
		return "a time"
	}
	switch {
	case strings.HasPrefix(typ, "[]"), typ == "array", typ == "slice":
		return "a list"
	case strings.HasPrefix(typ, "map["):
		return "an object"
	}
	return "a value"
}
