package workload

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"

	"sessbench/result"
)

// looked masks what was read of feeds and what was taken from the response.
func (m traceMasker) looked(o *result.TracedOperation) {
	o.Checks = slices.Clone(o.Checks)
	for i := range o.Checks {
		c := &o.Checks[i]
		c.Name, c.Expr, c.Problem = m.text(c.Name), m.text(c.Expr), m.text(c.Problem)
	}
	o.Extracted = slices.Clone(o.Extracted)
	for i := range o.Extracted {
		v := &o.Extracted[i]
		if v.Problem = m.text(v.Problem); secretValue(v) {
			v.Value = maskValue("secret", v.Value)
		} else {
			v.Value = m.text(maskBody(v.Value))
		}
		v.From = m.text(v.From)
	}
	o.Feeds = slices.Clone(o.Feeds)
	for i := range o.Feeds {
		row := &o.Feeds[i]
		row.Columns = maps.Clone(row.Columns)
		for column, value := range row.Columns {
			row.Columns[column] = m.text(maskValue(column, maskURLs(value)))
		}
	}
}

// word matches the words of a path in JSON and of a regular expression, which names are of.
var word = regexp.MustCompile(`[A-Za-z][\w-]*`)

// secretValue says whether a value is secret by the name of its variable or of what it was taken from.
func secretValue(v *result.TracedValue) bool {
	kind, of, _ := strings.Cut(v.From, " ")
	return secretSource(kind, of) || SecretName(v.Name)
}

// secret says whether what is extracted is secret by the name of its variable or of what it is taken from.
func (x *Extraction) secret() bool { return secretSource(x.source(), x.place()) || SecretName(x.Name) }

func secretSource(kind, place string) bool {
	switch kind {
	case "cookie":
		return true
	case "json", "regexp":
		return slices.ContainsFunc(word.FindAllString(place, -1), SecretName)
	}
	return SecretName(place)
}

// looked enters what was read of feeds and taken from responses.
func (s secrets) looked(o *result.TracedOperation) {
	for i := range o.Extracted {
		v := &o.Extracted[i]
		var parts any
		switch {
		case secretValue(v):
			s.value(v.Value)
		case json.Unmarshal([]byte(v.Value), &parts) == nil:
			s.members(parts)
		}
	}
	for _, row := range o.Feeds {
		for column, value := range row.Columns {
			if SecretName(column) && !tellsNothing(column, value) {
				s.value(value)
			}
		}
	}
}

// members enters the texts that an object, or one inside of it, has under the name of a secret.
func (s secrets) members(value any) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			s.members(element)
		}
	case map[string]any:
		for name, member := range value {
			if text, ok := member.(string); ok && SecretName(name) && !tellsNothing(name, text) {
				s.value(text)
			}
			s.members(member)
		}
	}
}

// value enters a value that is known to be used: a number is a secret then as well as a word, and it may be written as templates and
// pages write values.
func (s secrets) value(value string) {
	s.add(value)
	value = strings.TrimSpace(value)
	if len(value) < shortestSecret || value == mask || isWordOfSecrets(value) || tellsNothing("", value) {
		return
	}
	for _, form := range []string{value, html.EscapeString(value), base64.StdEncoding.EncodeToString([]byte(value))} {
		s[form] = true
	}
}
