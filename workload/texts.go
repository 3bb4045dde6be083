package workload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// eachText calls each with the texts of an operation that have a template in them, and with their keys behind the operation's.
func (o *Operation) eachText(each func(key, text string)) {
	text := func(key, text string) {
		if strings.Contains(text, "{{") {
			each(key, text)
		}
	}
	text("url", o.URL)
	eachField(o.Headers, "headers", text)
	eachField(o.Params, "params", text)
	for _, c := range o.Cookies {
		text("cookies."+c.Name, c.Value)
	}
	o.Auth.eachText(text)
	if o.BodyFile == "" {
		text("body", string(o.Body))
	}
	eachField(o.Form, "form", text)
	if bytes.Contains(o.JSON, []byte("{{")) {
		eachJSON(o.JSON, "json", text)
	}
	if o.Multipart == nil {
		return
	}
	eachField(o.Multipart.Fields, "multipart.fields", text)
	for i, f := range o.Multipart.Files {
		key := fmt.Sprintf("multipart.files[%d]", i)
		text(key+".name", f.Name)
		if f.Content != nil {
			text(key+".content", *f.Content)
		}
	}
}

func eachField(fields Fields, key string, each func(key, text string)) {
	for _, f := range fields {
		for i, value := range f.Values {
			own := key + "." + f.Name
			if len(f.Values) > 1 {
				own = fmt.Sprintf("%s[%d]", own, i)
			}
			each(own, value)
		}
	}
}

func (a *Auth) eachText(each func(key, text string)) {
	if a == nil {
		return
	}
	each("auth.bearer", a.Bearer)
	if a.Basic != nil {
		each("auth.basic.user", a.Basic.User)
		each("auth.basic.password", a.Basic.Password)
	}
}

// eachJSON calls each with the strings of a JSON text that are no keys.
func eachJSON(data []byte, key string, each func(key, text string)) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if token, err := dec.Token(); err == nil {
		walkJSON(dec, token, key, each)
	}
}

// walkJSON goes through the value that begins with token.
func walkJSON(dec *json.Decoder, token any, key string, each func(key, text string)) {
	switch token := token.(type) {
	case string:
		each(key, token)
	case json.Delim:
		for i := 0; dec.More(); i++ {
			own := fmt.Sprintf("%s[%d]", key, i)
			if token == '{' {
				name, err := dec.Token()
				if err != nil {
					return
				}
				own = fmt.Sprintf("%s.%v", key, name)
			}
			next, err := dec.Token()
			if err != nil {
				return
			}
			walkJSON(dec, next, own, each)
		}
		dec.Token() // the end
	}
}

// templates matches templates, but for those with braces in their texts.
var templates = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// fillIn puts a text in the place of every template, for what is known of a text beforehand.
func fillIn(text, with string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	return templates.ReplaceAllLiteralString(text, with)
}
