package planfile

import (
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"sessbench/internal/nearest"
	"sessbench/workload"
)

const mask = "***"

// findSecrets notes the lines on which values of secret keys stand, for maskLine.
func (s *source) findSecrets(root *yaml.Node) {
	s.secretLines = map[int]bool{}
	last, lastSecret := 0, false // the node before, in the order of the file
	var walk func(n *yaml.Node, secret bool)
	walk = func(n *yaml.Node, secret bool) {
		if lastSecret { // its value may go on until here
			for line := last + 1; line < n.Line; line++ {
				s.secretLines[line] = true
			}
		}
		last, lastSecret = n.Line, secret && n.Kind == yaml.ScalarNode
		s.secretLines[n.Line] = s.secretLines[n.Line] || lastSecret
		for i, child := range n.Content {
			below := secret
			if n.Kind == yaml.MappingNode {
				structure := child.Kind == yaml.MappingNode
				below = i%2 == 1 && (secret || secretKey(n.Content[i-1].Value, structure) || misspeltSecret(n.Content[i-1].Value))
			}
			walk(child, below)
		}
	}
	walk(root, false)
	if lastSecret {
		for line := last + 1; line <= strings.Count(string(s.data), "\n")+1; line++ {
			s.secretLines[line] = true
		}
	}
}

// secretKey says whether what stands under a key is secret. The plan's own session and auth
// are mappings, in which each key speaks for itself.
func secretKey(name string, mapping bool) bool {
	return (workload.SecretName(name) || name == "bearer") && !(mapping && (name == "session" || name == "auth"))
}

// misspeltSecret says whether a key was probably meant to be one whose value is secret: it is such keys that messages show.
func misspeltSecret(name string) bool {
	near := nearest.To(name, []string{"password", "secret", "token", "bearer", "authorization", "credentials"})
	return near != "" && strings.EqualFold(near[:1], name[:1])
}

// opensMapping says whether a mapping may follow a key, by what stands behind it on its line.
func opensMapping(rest string) bool {
	_, value, ok := strings.Cut(rest, ":")
	value = strings.TrimSpace(value)
	return ok && (value == "" || strings.IndexByte("{&#", value[0]) >= 0)
}

var (
	word     = regexp.MustCompile(`[\w.-]+`)
	isKey    = regexp.MustCompile(`^["']?\s*:`)
	userInfo = regexp.MustCompile(`://\S*@`)
)

// maskLine returns a line of the file in which nothing secret is left: from the first word
// that looks like the name of a secret nothing is shown but the name, and of a line
// on or below the value of such a name nothing but its key.
func (s *source) maskLine(number int) string {
	line := userInfo.ReplaceAllString(s.line(number), "://"+mask+"@")
	for _, at := range word.FindAllStringIndex(line, -1) {
		name, rest := line[at[0]:at[1]], line[at[1]:]
		if secretKey(name, opensMapping(rest)) || isKey.MatchString(rest) && misspeltSecret(name) {
			return line[:at[1]] + maskedRest(line[at[1]:])
		}
	}
	if s.secretLines[number] || s.belowSecret(number) {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t-"))]
		return indent + mask
	}
	return line
}

// maskedRest keeps a name's quote and colon.
func maskedRest(rest string) string {
	kept := len(rest) - len(strings.TrimLeft(rest, `"': `))
	if kept == len(rest) {
		return rest
	}
	return rest[:kept] + mask
}

// belowSecret says, by indentation and by braces that stay open at the end of a line, whether
// a line belongs to a key that looks like the name of a secret. Files that cannot be parsed have
// nothing else to go by.
func (s *source) belowSecret(number int) bool {
	indent, closed := indentation(s.line(number)), 0
	for number--; number > 0; number-- {
		line := s.line(number)
		text := strings.TrimSpace(line)
		if text == "" {
			continue
		}
		if text[0] == '}' || text[0] == ']' {
			closed++
		}
		around := indentation(line) < indent
		if last := text[len(text)-1]; last == '{' || last == '[' {
			around = around || closed == 0
			closed = max(0, closed-1)
		}
		if around && holdsSecretKey(line) {
			return true
		}
		indent = min(indent, indentation(line))
	}
	return false
}

func holdsSecretKey(line string) bool {
	for _, at := range word.FindAllStringIndex(line, -1) {
		name, rest := line[at[0]:at[1]], line[at[1]:]
		if isKey.MatchString(rest) && (secretKey(name, opensMapping(rest)) || misspeltSecret(name)) {
			return true
		}
	}
	return false
}

func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }

// hideExpanded takes the values of environment variables out of a message. Short ones, which
// stand in any text, are looked for in quotes only.
func (d *decoder) hideExpanded(text string) string {
	for _, v := range d.expanded {
		quoted := strconv.Quote(v.value)
		forms := []string{quoted, quoted[1 : len(quoted)-1], v.value}
		if len(v.value) < 4 {
			forms = forms[:1]
		}
		for _, form := range forms {
			pattern := regexp.MustCompile(`(?i)` + regexp.QuoteMeta(form))
			text = pattern.ReplaceAllLiteralString(text, "${"+v.name+"}")
		}
	}
	return text
}
