package planfile

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// A variable of the environment.
type variable struct{ name, value string }

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// A textKind says what texts mean beside the environment's variables.
type textKind int

const (
	plain     textKind = iota // nothing
	templated                 // templates are filled in
	raw                       // an expression, a path or a pattern
)

// as returns the reader of a value whose texts are of another kind.
func as(kind textKind, read func(value)) func(value) {
	return func(v value) {
		v.kind = kind
		read(v)
	}
}

// checkTemplates refuses a template where none is filled in, and notes the place of one that is.
func (v value) checkTemplates(text string) (ok bool) {
	switch has := strings.Contains(text, "{{"); {
	case v.kind == raw, v.kind == templated && has:
		v.language[v.path] = v
		return true
	case !has:
		return true
	}
	v.fail("has a template, and none is filled in here; they can stand in operations: in the URL, headers, params, cookies, auth (but digest), body, form, json, and the fields, names and contents of multipart")
	return false
}

// expand puts the environment's values in the place of ${NAME}, and $ in that of $$.
func (v value) expand(text string) string {
	if !v.checkTemplates(text) {
		return ""
	}
	if !strings.Contains(text, "$") {
		return text
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		b.WriteString(before)
		switch {
		case !found:
			return b.String()
		case strings.HasPrefix(after, "$"):
			b.WriteByte('$')
			text = after[1:]
		case strings.HasPrefix(after, "{"):
			name, rest, closed := strings.Cut(after[1:], "}")
			if !closed || !variableName.MatchString(name) {
				v.fail("has ${ without a variable's name and }; write ${NAME}, or $${ for these characters themselves")
				return ""
			}
			b.WriteString(v.literal(v.variable(name)))
			text = rest
		default:
			b.WriteByte('$')
			text = after
		}
	}
}

// literal is a variable's value in a text: it is no template, whatever it has in it.
func (v value) literal(text string) string {
	if v.kind == templated {
		return strings.ReplaceAll(text, "{{", `{{"{{"}}`)
	}
	return text
}

func (v value) variable(name string) string {
	for _, known := range v.expanded {
		if known.name == name {
			return known.value
		}
	}
	text, set := os.LookupEnv(name)
	if !set {
		v.fail("%s", fmt.Sprintf("needs the environment variable %s, which is not set; set it, or write $${%s} for these characters themselves", name, name))
		return ""
	}
	if text != "" {
		v.decoder.expanded = append(v.decoder.expanded, variable{name, text})
	}
	return text
}
