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

// template matches what will one day be filled in, and must not be sent as it is until then.
var template = regexp.MustCompile(`\{\{ *[A-Za-z_][\w.]* *\}\}`)

// expand puts the environment's values in the place of ${NAME}, and $ in that of $$.
func (v value) expand(text string) string {
	if found := template.FindString(text); found != "" {
		v.fail("has %s, which is not filled in yet; write the value itself, or ${NAME} for a variable of the environment", found)
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
			b.WriteString(v.variable(name))
			text = rest
		default:
			b.WriteByte('$')
			text = after
		}
	}
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
