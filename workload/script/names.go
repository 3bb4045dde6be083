package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sessbench/internal/nearest"
)

// Names are what the texts of a plan can refer to: feeds and their columns, variables, and the built-in ones. The zero value has
// the built-in ones. It is filled by one goroutine, and not changed once a Scope was made; then any goroutine may compile texts.
type Names struct {
	feeds     []feed
	variables []string // by slot
	feedNamed map[string]int
	slots     map[string]int
}

type feed struct {
	name    string
	columns []string
}

// AddFeed adds a feed with its columns; feeds are numbered in the order in which they are added. A column can have any name. The
// error, which begins with a verb, says that the name or a column cannot be used, or is taken.
func (n *Names) AddFeed(name string, columns []string) error {
	if err := usable(name); err != nil {
		return err
	}
	if _, taken := n.feedNamed[name]; taken {
		return errors.New("has the name of another feed; choose another")
	}
	if _, taken := n.slots[name]; taken {
		return errors.New("has the name of a variable that an extraction sets; choose another")
	}
	for i, column := range columns {
		if column == "" {
			return fmt.Errorf("has no name for column %d; give it one", i+1)
		}
		if slices.Contains(columns[:i], column) {
			return fmt.Errorf("has two columns named %q; rename one", column)
		}
	}
	if n.feedNamed == nil {
		n.feedNamed = map[string]int{}
	}
	n.feedNamed[name] = len(n.feeds)
	n.feeds = append(n.feeds, feed{name, slices.Clone(columns)})
	return nil
}

// AddVariable adds a variable that an extraction sets, unless it is known. The error, which begins with a verb, says that the name
// cannot be used, or is a feed's.
func (n *Names) AddVariable(name string) error {
	if _, known := n.slots[name]; known {
		return nil
	}
	if err := usable(name); err != nil {
		return err
	}
	if _, taken := n.feedNamed[name]; taken {
		return errors.New("has the name of a feed; choose another")
	}
	if n.slots == nil {
		n.slots = map[string]int{}
	}
	n.slots[name] = len(n.variables)
	n.variables = append(n.variables, name)
	return nil
}

// usable says why a feed or a variable cannot have a name.
func usable(name string) error {
	if !identifier(name) {
		return errors.New("has a name that expressions cannot have; use letters, digits and _, not a digit first")
	}
	if slices.Contains(keywords(), name) {
		return errors.New("has the name of a word of the expression language; choose another")
	}
	ours := func(f function) bool { return f.name == name && !f.library }
	if _, built := builtIn(name); built || slices.ContainsFunc(functions(), ours) {
		return errors.New("has the name of something built in; choose another")
	}
	return nil
}

func identifier(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// keywords are the words that the expression language reads as something else than a name.
func keywords() []string {
	return []string{"true", "false", "nil", "not", "and", "or", "in", "matches", "contains", "startsWith", "endsWith", "let", "if", "else"}
}

// reference resolves a plain name, or a feed's and a column's.
func (n *Names) reference(text string) (*reference, bool) {
	if name, column, dotted := strings.Cut(text, "."); dotted {
		i, known := n.feedNamed[name]
		if !known {
			return nil, false
		}
		j := slices.Index(n.feeds[i].columns, column)
		return &reference{from: fromColumn, name: text, feed: i, index: j}, j >= 0 && identifier(column)
	}
	if slot, known := n.slots[text]; known {
		return &reference{from: fromVariable, name: text, index: slot}, true
	}
	if from, built := builtIn(text); built && !from.ofResponse() {
		return &reference{from: from, name: text}, true
	}
	return nil, false
}

// unknown says of a name that nothing has it, and which was probably meant.
func (n *Names) unknown(name string, check bool) string {
	known := slices.Concat(n.variables, builtInNames(check))
	for _, f := range n.feeds {
		known = append(known, f.name)
	}
	slices.Sort(known)
	said := fmt.Sprintf(refersTo+"%s, which is not known here; ", name)
	if near := nearest.To(name, known); near != "" {
		return said + "did you mean " + near + "?"
	}
	return said + "there are " + some(known)
}

// withColumn returns the feeds that have a column of the name.
func (n *Names) withColumn(name string) []int {
	var feeds []int
	for f := range n.feeds {
		if slices.Contains(n.feeds[f].columns, name) {
			feeds = append(feeds, f)
		}
	}
	return feeds
}

// unknownColumn says of a column that a feed does not have it, and which was probably meant.
func (n *Names) unknownColumn(f int, column string) string {
	name, columns := n.feeds[f].name, n.feeds[f].columns
	said := fmt.Sprintf(refersTo+"%s, which the feed %s does not have; ", columnPath(name, column), name)
	if near := nearest.To(column, columns); near != "" {
		return said + "did you mean " + columnPath(name, near) + "?"
	}
	return said + "there are " + some(n.feeds[f].paths())
}

// paths are how expressions name the columns.
func (f *feed) paths() []string {
	paths := make([]string, len(f.columns))
	for i, column := range f.columns {
		paths[i] = columnPath(f.name, column)
	}
	return paths
}

// columnPath is how expressions name a column.
func columnPath(feed, column string) string {
	if identifier(column) {
		return feed + "." + column
	}
	return fmt.Sprintf("%s[%q]", feed, column)
}

// some lists names, unless they are too many to read.
func some(names []string) string {
	const most = 15
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
