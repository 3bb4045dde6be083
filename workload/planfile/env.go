package planfile

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// A variable of the environment.
type variable struct{ name, value string }

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// inText matches variables, and dollar signs that are none.
var inText = regexp.MustCompile(`\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// standIns writes a URL that was not read yet as url enters it: with Variable's words for variables, but for where it leads to.
func standIns(text string) string {
	var b strings.Builder
	end := 0
	for _, at := range inText.FindAllStringIndex(text, -1) {
		b.WriteString(text[end:at[0]])
		end = at[1]
		if text[at[0]:end] == "$$" {
			b.WriteByte('$')
			continue
		}
		name := text[at[0]+2 : end-1]
		if value := os.Getenv(name); value != "" && isOrigin(b.String(), value, filledIn(text[end:])) {
			b.WriteString(value)
		} else {
			b.WriteString(workload.Variable(name))
		}
	}
	return b.String() + text[end:]
}

// filledIn has the values of variables in their place.
func filledIn(text string) string {
	return inText.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "$"
		}
		return os.Getenv(found[2 : len(found)-1])
	})
}

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

// expand puts the environment's values in the place of ${NAME}, and $ in that of $$. What comes of it stands in results: it is for
// numbers, times and words that the plan has a list of. For others there is hidden.
func (v value) expand(text string) string {
	return v.replace(text, func(name, _, _ string) string { return v.literal(v.variable(name)) })
}

// hidden is expand for a text that results are to have as it was written.
func (v value) hidden(text string) string {
	return v.hiddenBut(text, func(before, value, after string) bool { return false })
}

// hiddenBut is hidden but for variables that may be told, by what is before and behind them.
func (v value) hiddenBut(text string, told func(before, value, after string) bool) string {
	expanded := v.expand(text)
	written := v.replace(text, func(name, before, after string) string {
		value := v.variable(name)
		if told(before, value, filledIn(after)) {
			return v.literal(value)
		}
		v.environment.Value(name, value)
		return workload.Variable(name)
	})
	v.environment.Text(expanded, written)
	return expanded
}

// url reads a URL. Where the load went to is told, wherever it came from.
func (v value) url() string {
	if v.node.Kind != yaml.ScalarNode || v.isNull() {
		return v.text()
	}
	return v.hiddenBut(v.node.Value, isOrigin)
}

var (
	scheme      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)
	host        = regexp.MustCompile(`^[A-Za-z0-9.:_\[\]-]*$`)
	origin      = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9.:_\[\]-]+/?$`)
	inAuthority = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*$`)
)

// isOrigin reports whether a part of a URL is nothing but scheme, host or port, or some of them.
func isOrigin(before, value, after string) bool {
	rest := after
	if i := strings.IndexAny(after, "/?#"); i >= 0 {
		rest = after[:i]
	}
	switch {
	case strings.Contains(rest, "@"): // a user or a password
		return false
	case before != "":
		return inAuthority.MatchString(before) && host.MatchString(value)
	case strings.HasPrefix(after, "://"):
		return scheme.MatchString(value)
	}
	return origin.MatchString(value)
}

// name reads what results call something: as it is written, since ${NAME} there must not tell the value.
func (v value) name() string {
	if v.node.Kind != yaml.ScalarNode || v.isNull() {
		return v.word()
	}
	name := v.replace(v.node.Value, func(name, _, _ string) string { return "${" + name + "}" })
	v.called(name)
	return name
}

// called enters what something is called whose name is the value's text, or made of it.
func (v value) called(name string) {
	if strings.Contains(v.node.Value, "$") {
		v.names[v.node.Value] = name
	}
}

// condition reads a condition on the result, which has names as they are written.
func (v value) condition() string {
	if v.node.Kind != yaml.ScalarNode || v.isNull() || !strings.Contains(v.node.Value, "$") {
		return v.word()
	}
	written := slices.SortedFunc(maps.Keys(v.names), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var protect, restore []string
	for i, name := range written {
		word := fmt.Sprintf("zqname%dqz", i)
		protect, restore = append(protect, name, word), append(restore, word, v.names[name])
	}
	text := strings.NewReplacer(protect...).Replace(v.node.Value)
	return strings.NewReplacer(restore...).Replace(v.expand(text))
}

// replace puts what of returns in the place of ${NAME}, and $ in that of $$. It is told what came of the text before, and how that behind
// is written.
func (v value) replace(text string, of func(name, before, after string) string) string {
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
			b.WriteString(of(name, b.String(), rest))
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
