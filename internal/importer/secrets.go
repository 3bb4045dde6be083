package importer

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A vault holds what must not stand in a plan, as variables of the environment.
type vault struct {
	isSecret  func(name string) bool
	show      bool
	variables []variable
	byValue   map[string]string // variables by their wished names and values
	taken     map[string]int    // variables, and the last numbers behind them
}

// A variable stands for a secret; of is where that was.
type variable struct{ name, of string }

func newVault(o *Options) *vault {
	v := &vault{isSecret: o.Secret, show: o.ShowSecrets, byValue: map[string]string{}, taken: map[string]int{}}
	if v.isSecret == nil {
		v.isSecret = func(string) bool { return true }
	}
	return v
}

// text returns a value for the plan: a variable where its name says that it is secret.
func (v *vault) text(name, value, of string) string {
	if !v.isSecret(name) || tellsNothing(value) {
		return v.body(value)
	}
	return v.secret(name, value, of)
}

// tellsNothing says of values that they are no secrets, whatever they are called.
func tellsNothing(value string) bool {
	switch value {
	case "", "true", "false", "null", "undefined":
		return true
	}
	return false
}

// secret returns the variable that stands for a value; the same values that are wished the same name are one.
func (v *vault) secret(wished, value, of string) string {
	if v.show {
		return literal(value)
	}
	return v.placeholder(wished, value, of)
}

// placeholder is secret where the value is not known, or not to be shown anyhow.
func (v *vault) placeholder(wished, value, of string) string {
	wished = variableName(wished)
	id := wished + "\x00" + value
	if name, ok := v.byValue[id]; ok {
		return "${" + name + "}"
	}
	name := wished
	for v.taken[name] > 0 {
		v.taken[wished]++
		name = fmt.Sprintf("%s_%d", wished, v.taken[wished])
	}
	v.taken[name] = max(1, v.taken[name])
	v.byValue[id] = name
	v.variables = append(v.variables, variable{name, of})
	return "${" + name + "}"
}

// variableName makes the name of a variable of a header's or a field's. Shells set PWD themselves.
func variableName(s string) string {
	var b strings.Builder
	gap := false
	for i, r := range s {
		upper := 'A' <= r && r <= 'Z'
		switch {
		case upper || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			after := i > 0 && upper && ('a' <= s[i-1] && s[i-1] <= 'z') // camelCase
			if (gap || after) && b.Len() > 0 {
				b.WriteByte('_')
			}
			gap = false
			b.WriteString(strings.ToUpper(string(r)))
		default:
			gap = true
		}
	}
	name := b.String()
	switch {
	case name == "":
		return "SECRET"
	case name == "PWD":
		return "PASSWORD"
	case name[0] >= '0' && name[0] <= '9':
		return "SECRET_" + name
	}
	const longest = 60
	return name[:min(len(name), longest)]
}

// url returns a URL, or a part of one, in which the values of secret parameters of the query and passwords are variables.
func (v *vault) url(raw string) string {
	if !v.show {
		raw, _, _ = strings.Cut(raw, "#") // some services put tokens behind it
	}
	before, query, ok := strings.Cut(raw, "?")
	if scheme, rest, whole := strings.Cut(before, "://"); whole && isToken(scheme) && !v.show {
		end := authorityEnd(rest)
		before = scheme + "://" + rest[strings.LastIndexByte(rest[:end], '@')+1:]
	}
	if !ok {
		return literal(before)
	}
	var b strings.Builder
	b.WriteString(literal(before + "?"))
	for i, part := range strings.Split(query, "&") {
		if i > 0 {
			b.WriteByte('&')
		}
		name, value, given := strings.Cut(part, "=")
		if !given {
			b.WriteString(literal(name))
			continue
		}
		plain := unescaped(name)
		of := fmt.Sprintf("parameter %s", oneLine(plain))
		if strings.ContainsAny(value, "%+") {
			of += ", encoded as in the URL"
		}
		b.WriteString(literal(name + "="))
		b.WriteString(v.text(plain, value, of))
	}
	return b.String()
}

func authorityEnd(rest string) int {
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		return end
	}
	return len(rest)
}

// nameAndValue finds fields of forms, JSON and the like in any text, and element those of XML.
var (
	nameAndValue = regexp.MustCompile(`([\w.-]+)\\*["']?\s*[=:]\s*(?:"((?:[^"\\]|\\.)+)"|'([^']+)'|\\+"([^"\\]+)|([^"'&,;{}<>\s\\\[][^"'&,;{}<>\s\\]*))`)
	element      = regexp.MustCompile(`<([\w.:-]+)(?:\s[^<>]*)?>([^<]+)<`)
)

// body returns a text in which the values of what looks like secret fields are variables.
func (v *vault) body(text string) string {
	if v.show {
		return literal(text)
	}
	var b strings.Builder
	copied := 0
	for _, f := range fieldsIn(text) {
		name, value := text[f.name[0]:f.name[1]], text[f.value[0]:f.value[1]]
		if f.value[0] < copied || !v.isSecret(name) || tellsNothing(strings.TrimSpace(value)) {
			continue
		}
		b.WriteString(literal(text[copied:f.value[0]]))
		b.WriteString(v.secret(name, value, "in a text"))
		copied = f.value[1]
	}
	b.WriteString(literal(text[copied:]))
	return b.String()
}

// A span is where something stands in a text.
type span [2]int

// A fieldSpan is where a field's name and value stand.
type fieldSpan struct{ name, value span }

// fieldsIn finds fields in the order of their values.
func fieldsIn(text string) []fieldSpan {
	var list []fieldSpan
	for _, pattern := range []*regexp.Regexp{nameAndValue, element} {
		for _, at := range pattern.FindAllStringSubmatchIndex(text, -1) {
			for i := 4; i < len(at); i += 2 {
				if at[i] >= 0 {
					list = append(list, fieldSpan{span{at[2], at[3]}, span{at[i], at[i+1]}})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b fieldSpan) int { return a.value[0] - b.value[0] })
	return list
}

// authorization makes a plan's auth of the value of an Authorization header. ok is false where the header has to stay.
func (v *vault) authorization(value string) (auth *mapping, ok bool) {
	scheme, rest, found := strings.Cut(value, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case !found || rest == "":
		return nil, false
	case strings.EqualFold(scheme, "Bearer"):
		return &mapping{{"bearer", textNode(v.secret("API_TOKEN", rest, "bearer token"))}}, true
	case strings.EqualFold(scheme, "Basic"):
		plain, err := base64.StdEncoding.DecodeString(rest)
		user, password, colon := strings.Cut(string(plain), ":")
		if err != nil || !colon || !isText(string(plain)) {
			return nil, false
		}
		return v.credentials("basic", user, password), true
	}
	return nil, false
}

// credentials is an auth of a kind. A user without a password may be a key.
func (v *vault) credentials(kind, user, password string) *mapping {
	var c mapping
	write := literal
	if kind == "digest" {
		write = fixed
	}
	switch {
	case v.show:
		c = mapping{{"user", textNode(write(user))}, {"password", textNode(write(password))}}
	case password == "" && user != "":
		c = mapping{{"user", textNode(v.secret("API_USER", user, "user without a password"))}, {"password", textNode("")}}
	case password == "":
		c = mapping{{"user", textNode("")}, {"password", textNode("")}}
	default:
		c = mapping{{"user", textNode(write(user))}, {"password", textNode(v.secret("API_PASSWORD", password, "password of a user"))}}
	}
	return &mapping{{kind, c.flow()}}
}

// unescaped returns the name of a parameter, as it stands in a URL where it is not encoded as it should be.
func unescaped(name string) string {
	plain, err := url.QueryUnescape(name)
	if err != nil {
		return name
	}
	return plain
}
