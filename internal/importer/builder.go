package importer

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A builder makes one plan.
type builder struct {
	*Options
	*vault
	kind         string // of source
	head         []string
	notes        []string
	dropped      map[string]bool // headers
	cookiesByJar bool            // Cookie headers are left out
	http         string
	session      mapping // beside what is hoisted
	connection   mapping
	operations   []*operation
	scenario     string // name of the one that the operations are steps of; "": none
}

func newBuilder(o *Options, kind string) *builder {
	return &builder{Options: o, vault: newVault(o), kind: kind, dropped: map[string]bool{}}
}

// remark adds a sentence to the plan's head.
func (b *builder) remark(format string, args ...any) {
	b.head = append(b.head, oneParagraph(fmt.Sprintf(format, args...)))
}

// note adds a sentence to the plan's head, and to what the user is told.
func (b *builder) note(format string, args ...any) {
	text := oneParagraph(fmt.Sprintf(format, args...))
	if !slices.Contains(b.notes, text) {
		b.head = append(b.head, text)
		b.notes = append(b.notes, text)
	}
}

// comment adds a sentence above an operation, once.
func (b *builder) comment(o *operation, text string) {
	if text = oneParagraph(text); !slices.Contains(o.comments, text) {
		o.comments = append(o.comments, text)
	}
}

func oneParagraph(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffd {
			return ' '
		}
		return r
	}, s)), " ")
}

// plan puts everything together.
func (b *builder) plan() (*Plan, error) {
	origin := usualOrigin(b.operations)
	target := literal(origin)
	if origin == "" {
		target = b.placeholder("TARGET", "", "URL of the server, such as http://localhost:8080")
	}
	common := hoisted(b.operations)
	nameApart(b.operations)
	root := mapping{{"target", textNode(target)}}
	if b.http != "" {
		http := textNode(b.http)
		http.Style = yaml.DoubleQuotedStyle
		root.add("http", http)
	}
	if session := append(common, b.session...); len(session) > 0 {
		root.add("session", session.block())
	}
	if len(b.connection) > 0 {
		root.add("connection", b.connection.block())
	}
	mix := listNode()
	for _, o := range b.operations {
		mix.Content = append(mix.Content, o.node(origin))
	}
	if b.scenario != "" && len(b.operations) > 1 {
		scenario := mapping{{"name", textNode(fixed(b.scenario))}, {"steps", mix}}
		mix = listNode(scenario.block())
	}
	root.add("mix", mix)
	return b.write(root)
}

// usualOrigin is that of most operations, of the first where several are.
func usualOrigin(operations []*operation) string {
	counts := map[string]int{}
	most := operations[0].origin
	for _, o := range operations {
		counts[o.origin]++
	}
	for _, o := range operations {
		if counts[o.origin] > counts[most] {
			most = o.origin
		}
	}
	return most
}

// write puts the head above the plan. Variables that it does not need any more are not in it.
func (b *builder) write(root mapping) (*Plan, error) {
	body := &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root.block()}}
	data, err := dump(body)
	if err != nil {
		return nil, b.failf("cannot be written as a plan: %v", err)
	}
	plan := &Plan{Notes: b.notes}
	lines := b.headLines()
	needed := variablesIn(data)
	for _, v := range b.variables {
		if !needed[v.name] {
			continue
		}
		if plan.Variables == nil {
			lines = append(lines, "#", "# Secrets are not in here. Before the plan is used, set these variables of the environment:")
		}
		plan.Variables = append(plan.Variables, v.name)
		lines = append(lines, "#   "+v.name+": "+oneLine(v.of))
	}
	body.HeadComment = strings.Join(lines, "\n")
	plan.YAML, err = dump(body)
	return plan, err
}

// aVariable matches a variable, and dollar signs of which a pair is one.
var aVariable = regexp.MustCompile(`\$\$|\$\{(\w+)\}`)

// variablesIn lists the variables that a plan needs.
func variablesIn(plan []byte) map[string]bool {
	needed := map[string]bool{}
	for _, m := range aVariable.FindAllSubmatch(plan, -1) {
		needed[string(m[1])] = true
	}
	return needed
}

// headLines are the comment above the plan.
func (b *builder) headLines() []string {
	lines := []string{"# Imported from " + oneLine(path.Base(filepath.ToSlash(b.Name))) + " (" + b.kind + ")."}
	if len(b.dropped) > 0 {
		b.remark("Left out are headers that sessbench writes itself, according to body and arm: %s.", enumeration(slices.Sorted(maps.Keys(b.dropped))))
	}
	for _, sentence := range b.head {
		lines = append(lines, "#")
		for _, line := range wrapped(sentence) {
			lines = append(lines, "# "+line)
		}
	}
	return lines
}
