package workload

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// An Environment is what of a plan's texts came from variables of the environment. It is in no result: ${NAME} stands there in the
// place of the value. nil is one from which nothing came. Whoever reads the plan fills it; then nobody changes it.
type Environment struct {
	texts  map[string]string // of the plan: as they were written, with stand-ins, by what they came to
	places map[*byte]written // the same, by where in memory the text lies: a name that is equal to a value did not come from it
	values map[string]string // of variables, by what stands for them: ${NAME}
}

// A written text is how long it became, and how it was written.
type written struct {
	length int
	text   string
}

// Variable is the word that stands for a variable in Text's written.
func Variable(name string) string { return "zqvariable" + hex.EncodeToString([]byte(name)) + "qz" }

// variables matches these words. URLs, JSON and forms have room for them.
var variables = regexp.MustCompile(`zqvariable((?:[0-9a-f]{2})+)qz`)

// Named puts ${NAME} in the place of the stand-ins in a text.
func Named(text string) string {
	if !strings.Contains(text, "zqvariable") {
		return text
	}
	return variables.ReplaceAllStringFunc(text, func(word string) string {
		name, err := hex.DecodeString(variables.FindStringSubmatch(word)[1])
		if err != nil {
			return word
		}
		return "${" + string(name) + "}"
	})
}

// Text enters a text of the plan, and how it was written: with Variable where there is a variable. The first way in which a text
// was written counts. An empty text, which many keys have, is not entered.
func (e *Environment) Text(text, as string) {
	if text == "" || text == as {
		return
	}
	if e.texts == nil {
		e.texts, e.places = map[string]string{}, map[*byte]written{}
	}
	if _, known := e.texts[text]; !known {
		e.texts[text] = as
	}
	e.places[unsafe.StringData(text)] = written{len(text), as}
}

// Value enters the value of a variable that is in a text.
func (e *Environment) Value(name, value string) {
	if e.values == nil {
		e.values = map[string]string{}
	}
	e.values["${"+name+"}"] = value
}

// Written returns how a text of the plan was written, with Variable where there is a variable.
func (e *Environment) Written(text string) string {
	if e != nil {
		if written, ok := e.texts[text]; ok {
			return written
		}
	}
	return text
}

// Masked is Plan.Masked, with ${NAME} in the place of what came from the environment.
func (e *Environment) Masked(p *Plan) *Plan {
	if e == nil || len(e.texts) == 0 {
		return p.Masked()
	}
	written := e.copied(reflect.ValueOf(*p)).Interface().(Plan)
	return written.Masked()
}

var (
	isJSON  = reflect.TypeFor[json.RawMessage]()
	isBytes = reflect.TypeFor[[]byte]()
)

// copied returns a copy of a part of a plan with its texts as they were written.
func (e *Environment) copied(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	switch v.Kind() {
	case reflect.String:
		if place := e.places[unsafe.StringData(v.String())]; place.length == v.Len() && place.length > 0 {
			c.SetString(place.text)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c.Set(reflect.New(v.Type().Elem()))
			c.Elem().Set(e.copied(v.Elem()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if c.Field(i).CanSet() { // others have no texts of the plan
				c.Field(i).Set(e.copied(v.Field(i)))
			}
		}
	case reflect.Slice:
		switch {
		case v.IsNil():
		case v.Type() == isJSON:
			c.SetBytes(e.writtenJSON(v.Bytes()))
		case v.Type() == isBytes:
			c.SetBytes([]byte(e.Written(string(v.Bytes()))))
		default:
			c.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				c.Index(i).Set(e.copied(v.Index(i)))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			c.Index(i).Set(e.copied(v.Index(i)))
		}
	}
	return c
}

// writtenJSON returns JSON whose texts, but for keys, are as they were written.
func (e *Environment) writtenJSON(data []byte) []byte {
	var out []byte
	for len(data) > 0 {
		if data[0] != '"' {
			out, data = append(out, data[0]), data[1:]
			continue
		}
		end := stringEnd(data)
		token, isKey := data[:end], bytes.HasPrefix(bytes.TrimLeft(data[end:], " \t\r\n"), []byte(":"))
		var text string
		if !isKey && json.Unmarshal(token, &text) == nil && e.Written(text) != text {
			token, _ = json.Marshal(e.Written(text)) // of a string: cannot fail
		}
		out, data = append(out, token...), data[end:]
	}
	return out
}

// namedJSON is Named for a plan's JSON.
func namedJSON(data []byte) []byte {
	if !bytes.Contains(data, []byte("zqvariable")) {
		return data
	}
	return []byte(Named(string(data)))
}

// Hide puts ${NAME} in the place of the values of the environment in a text that is no part of the plan, such as a message. It looks for
// values that can be told from other text: of at least four characters, or six where they are numbers.
func (e *Environment) Hide(text string) string {
	if e == nil || len(e.values) == 0 {
		return text
	}
	return replacer(e.forms(shortestInNote)).Replace(text)
}

// shortestInNote is how long a value has to be to be looked for in a message, which is ours. In what a server says, shorter ones than
// shortestSecret may be anything.
const shortestInNote = 4

// forms are the ways in which values of at least so many characters are written elsewhere, with what stands for them.
func (e *Environment) forms(least int) map[string]string {
	forms := map[string]string{}
	if e == nil {
		return forms
	}
	own := append(errorClasses(), "pooled", "fresh", "fresh-resumed", "shared-pool") // of which our messages are made
	for _, name := range slices.Sorted(maps.Keys(e.values)) {
		if slices.Contains(own, e.values[name]) {
			continue
		}
		for _, value := range []string{e.values[name], strings.TrimSpace(e.values[name])} {
			isNumber := !strings.ContainsFunc(value, notNumeric)
			if len(value) < least || isNumber && len(value) < shortestSecret || tellsNothing("", value) {
				continue
			}
			inJSON, _ := json.Marshal(value) // of a string: cannot fail
			quoted := strconv.Quote(value)
			for _, form := range []string{
				value, url.QueryEscape(value), url.PathEscape(value), string(inJSON[1 : len(inJSON)-1]), quoted[1 : len(quoted)-1],
				html.EscapeString(value), base64.StdEncoding.EncodeToString([]byte(value)),
			} {
				forms[form] = cmp.Or(forms[form], name)
			}
			if len(value) >= shortestSecret { // hosts are in lower case
				forms[strings.ToLower(value)] = cmp.Or(forms[strings.ToLower(value)], name)
			}
		}
	}
	return forms
}
