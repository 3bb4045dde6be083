package workload

import (
	"fmt"
	"slices"

	"sessbench/workload/script"
)

// An operationText is one of an operation's texts that may have templates.
type operationText struct {
	key  string // of the operation, such as "headers"
	kind textKind
	text string
	data []byte // instead of text: of a body, which may be large
}

// A textKind says what values are put into.
type textKind int

const (
	plainText   textKind = iota // nothing is special
	urlText                     // a URL, relative or absolute
	encodedText                 // of a query or form, encoded by the session
	jsonText                    // all of a JSON body
)

// mapTexts returns a copy of the operation with what f returns in the place of each text that may have templates; ok is false
// for a text that stays. The texts come in the same order every time, the URL first.
func (o *Operation) mapTexts(f func(operationText) (text string, ok bool, err error)) (*Operation, error) {
	m := &textMapper{f: f}
	c := *o
	c.URL = m.text("url", urlText, o.URL)
	c.Headers = m.fields("headers", plainText, o.Headers)
	c.Params = m.fields("params", encodedText, o.Params)
	c.Cookies = slices.Clone(o.Cookies)
	for i := range c.Cookies {
		c.Cookies[i].Value = m.text("cookies", plainText, c.Cookies[i].Value)
	}
	c.Auth = m.auth(o.Auth)
	if o.BodyFile == "" {
		c.Body = m.data("body", plainText, o.Body)
	}
	c.Form = m.fields("form", encodedText, o.Form)
	c.JSON = m.data("json", jsonText, o.JSON)
	c.Multipart = m.multipart(o.Multipart)
	return &c, m.err
}

// A textMapper remembers the first error, after which nothing is mapped.
type textMapper struct {
	f   func(operationText) (string, bool, error)
	err error
}

func (m *textMapper) text(key string, kind textKind, text string) string {
	if mapped, ok := m.mapped(operationText{key: key, kind: kind, text: text}); ok {
		return mapped
	}
	return text
}

func (m *textMapper) data(key string, kind textKind, data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	if mapped, ok := m.mapped(operationText{key: key, kind: kind, data: data}); ok {
		return []byte(mapped)
	}
	return data
}

func (m *textMapper) mapped(t operationText) (text string, ok bool) {
	if m.err == nil {
		text, ok, m.err = m.f(t)
	}
	return text, ok && m.err == nil
}

func (m *textMapper) fields(key string, kind textKind, fields Fields) Fields {
	mapped := slices.Clone(fields)
	for i, field := range mapped {
		mapped[i].Values = slices.Clone(field.Values)
		for j, value := range field.Values {
			mapped[i].Values[j] = m.text(key, kind, value)
		}
	}
	return mapped
}

func (m *textMapper) auth(a *Auth) *Auth {
	if a == nil {
		return nil
	}
	c := *a
	if a.Bearer != "" {
		c.Bearer = m.text("auth.bearer", plainText, a.Bearer)
	}
	if a.Basic != nil {
		c.Basic = &BasicAuth{m.text("auth.basic", plainText, a.Basic.User), m.text("auth.basic", plainText, a.Basic.Password)}
	}
	return &c
}

func (m *textMapper) multipart(p *Multipart) *Multipart {
	if p == nil {
		return nil
	}
	c := &Multipart{Fields: m.fields("multipart", plainText, p.Fields), Files: slices.Clone(p.Files)}
	for i := range c.Files {
		file := &c.Files[i]
		file.Name = m.text("multipart", plainText, file.Name)
		if file.Content != nil {
			content := m.text("multipart", plainText, *file.Content)
			file.Content = &content
		}
	}
	return c
}

// refuseTemplates reports a template where none is filled in, as a *KeyError: it would be sent as it is written.
func (o *Operation) refuseTemplates(key string) error {
	refuse := func(of, what, text string) error {
		if !script.HasTemplate(text) {
			return nil
		}
		return &KeyError{key + of, fmt.Sprintf("has a template in %s, which cannot have one; write it in a value", what)}
	}
	for _, list := range []struct {
		key    string
		fields Fields
	}{{".headers", o.Headers}, {".params", o.Params}, {".form", o.Form}, {".multipart.fields", o.Multipart.fields()}} {
		for _, field := range list.fields {
			if err := refuse(list.key, "a name", field.Name); err != nil {
				return err
			}
		}
	}
	for _, c := range o.Cookies {
		if err := refuse(".cookies", "a name", c.Name); err != nil {
			return err
		}
	}
	if a := o.Auth; a != nil && a.Digest != nil && (script.HasTemplate(a.Digest.User) || script.HasTemplate(a.Digest.Password)) {
		return &KeyError{key + ".auth.digest", "has a template, but what a server said of a user is kept for the session; write the user and password, or use basic"}
	}
	return o.Multipart.refuseTemplates(refuse)
}

// fields returns the form's fields; there are none without a form.
func (m *Multipart) fields() Fields {
	if m == nil {
		return nil
	}
	return m.Fields
}

func (m *Multipart) refuseTemplates(refuse func(of, what, text string) error) error {
	if m == nil {
		return nil
	}
	for i, file := range m.Files {
		of := fmt.Sprintf(".multipart.files[%d]", i)
		for _, t := range []struct{ what, text string }{{"its field", file.Field}, {"its type", file.Type}, {"its path", file.Path}} {
			if err := refuse(of, t.what, t.text); err != nil {
				return err
			}
		}
	}
	return nil
}
