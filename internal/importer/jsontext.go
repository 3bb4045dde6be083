package importer

import (
	"encoding/json"
	"fmt"
	"strings"
)

// jsonText returns valid JSON as the text of a body, as it stands but for secrets. It is for what jsonNode does not take.
func (v *vault) jsonText(text string) string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	r := jsonTexter{vault: v, text: text, dec: dec}
	for r.next() {
	}
	r.out.WriteString(literal(text[r.copied:]))
	return r.out.String()
}

// A jsonTexter copies a JSON text.
type jsonTexter struct {
	*vault
	text   string
	dec    *json.Decoder
	out    strings.Builder
	copied int
	open   []jsonContainer // from the outermost
}

// A jsonContainer is an object or a list that has begun.
type jsonContainer struct {
	object bool
	key    string // whose value comes next, in an object
	keyed  bool   // there is such a key
	name   string // of the key around it
	secret bool   // so is all in it
}

// next goes on by a token. It returns false at the end.
func (r *jsonTexter) next() bool {
	token, err := r.dec.Token()
	if err != nil {
		return false
	}
	var in *jsonContainer
	if len(r.open) > 0 {
		in = &r.open[len(r.open)-1]
	}
	if key, isText := token.(string); isText && in != nil && in.object && !in.keyed {
		in.key, in.keyed = key, true
		return true
	}
	name, secret := r.about(in)
	switch token := token.(type) {
	case json.Delim:
		if token == '{' || token == '[' {
			r.open = append(r.open, jsonContainer{object: token == '{', name: name, secret: secret})
			return true
		}
		r.open = r.open[:len(r.open)-1]
		in = nil
		if len(r.open) > 0 {
			in = &r.open[len(r.open)-1]
		}
	case string, json.Number:
		if value := fmt.Sprint(token); secret && !tellsNothing(value) {
			r.replace(r.secret(name, value, "in a JSON body"))
		}
	}
	if in != nil {
		in.keyed = false
	}
	return true
}

// about says what a value that stands in a container is called, and whether it is secret.
func (r *jsonTexter) about(in *jsonContainer) (name string, secret bool) {
	switch {
	case in == nil:
		return "", false
	case !in.object:
		return in.name, in.secret
	case in.secret:
		return in.name + "_" + in.key, true
	}
	return in.key, r.isSecret(in.key)
}

// replace puts a text in the place of the token that was read last.
func (r *jsonTexter) replace(text string) {
	end := int(r.dec.InputOffset())
	start := strings.LastIndexAny(r.text[:end], "0123456789.eE+-") // of a number
	if r.text[end-1] == '"' {
		start = r.quoteBefore(end - 1)
	} else {
		for start > 0 && strings.IndexByte("0123456789.eE+-", r.text[start-1]) >= 0 {
			start--
		}
	}
	r.out.WriteString(literal(r.text[r.copied:start]) + `"` + text + `"`)
	r.copied = end
}

// quoteBefore finds the quote that opens what the one at end closes.
func (r *jsonTexter) quoteBefore(end int) int {
	for at := end - 1; ; at-- {
		if r.text[at] != '"' {
			continue
		}
		backslashes := at - len(strings.TrimRight(r.text[:at], `\`))
		if backslashes%2 == 0 {
			return at
		}
	}
}
