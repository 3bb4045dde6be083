package importer

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// dataOf returns the body that -d and its kind make, and the headers that go without saying.
func (c *curlImporter) dataOf(o *operation, options *curlOptions) (body string, implied []header) {
	if len(options.data) == 0 || options.get || options.head {
		return "", nil
	}
	for _, d := range options.data {
		if d.option == "json" {
			return c.joined(o, options.data), []header{{"Content-Type", "application/json"}, {"Accept", "application/json"}}
		}
	}
	return c.joined(o, options.data), []header{{"Content-Type", urlencoded}}
}

// joined puts the parts of a body together, those of --json as they are, the others with & between them. Parts that are
// in files are left out where there are others: setData has a body that is one file.
func (c *curlImporter) joined(o *operation, data []datum) string {
	var b strings.Builder
	for i, d := range data {
		text, ok := d.text()
		if !ok {
			if len(data) > 1 {
				c.comment(o, "A part of the body was left out: it is in a file, and others are not.")
			}
			continue
		}
		if i > 0 && d.option != "json" && b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(text)
	}
	return b.String()
}

// text is what is sent of one option. ok is false where that is in a file.
func (d datum) text() (text string, ok bool) {
	switch d.option {
	case "data-raw":
		return d.value, true
	case "data-urlencode":
		return urlEncoded(d.value)
	}
	return d.value, !strings.HasPrefix(d.value, "@")
}

// urlEncoded is what --data-urlencode makes of its value: content, =content, name=content, @file or name@file.
func urlEncoded(value string) (text string, ok bool) {
	at := strings.IndexAny(value, "=@")
	switch {
	case at < 0:
		return formEscape(value), true
	case value[at] == '@':
		return "", false
	case at == 0:
		return formEscape(value[1:]), true
	}
	return value[:at+1] + formEscape(value[at+1:]), true
}

// formEscape is curlEscape for a form's fields, where curl has written a plus sign for a blank since 7.81.
func formEscape(s string) string { return strings.ReplaceAll(curlEscape(s), "%20", "+") }

// curlEscape escapes all but RFC 3986's unreserved characters.
func curlEscape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if ch := s[i]; 'a' <= ch|0x20 && ch|0x20 <= 'z' || '0' <= ch && ch <= '9' || strings.IndexByte("-._~", ch) >= 0 {
			b.WriteByte(ch)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

// setData gives an operation its body: of -T, -F or -d.
func (c *curlImporter) setData(o *operation, options *curlOptions, headers *[]header, body string) {
	switch {
	case options.upload == "-":
		c.comment(o, "The body was left out: it is on standard input. Save it in a file and name it with body_file.")
	case options.upload != "":
		o.body.add("body_file", textNode(fixed(c.file(options.upload))))
	case len(options.form) > 0:
		c.setForm(o, options)
		removeHeader(headers, "Content-Type")
	case len(options.data) == 1:
		if _, ok := options.data[0].text(); !ok {
			c.setDataFile(o, options.data[0])
			return
		}
		c.setBody(o, headers, body)
	case len(options.data) > 1:
		c.setBody(o, headers, body)
	}
}

// setDataFile is a body that is in a file.
func (c *curlImporter) setDataFile(o *operation, d datum) {
	_, name, _ := strings.Cut(d.value, "@")
	switch {
	case name == "-" || name == "":
		c.comment(o, "The body was left out: it is on standard input, or its file has no name. Save it in a file and name it with body_file.")
		return
	case d.option == "data-urlencode":
		c.comment(o, "curl would encode the file's content for a form; the file has to have it encoded.")
	case d.option == "data" || d.option == "data-ascii":
		c.comment(o, "curl would take the line breaks out of the file; it is sent as it is.")
	}
	o.body.add("body_file", textNode(fixed(c.file(name))))
}

// setForm is what -F says: name=content, name=@file and name=<file, with ;type= and ;filename=.
func (c *curlImporter) setForm(o *operation, options *curlOptions) {
	var fields []header
	files := listNode()
	for _, d := range options.form {
		name, value, ok := strings.Cut(d.value, "=")
		if !ok || name == "" {
			c.comment(o, "A field of the form was left out: it is not name=value.")
			continue
		}
		if d.option == "form-string" || value == "" || value[0] != '@' && value[0] != '<' {
			if d.option == "form" {
				if file := c.formPart(name, value); file != nil {
					files.Content = append(files.Content, file)
					continue
				}
				value = formContent(value)
			}
			fields = append(fields, header{name, value})
			continue
		}
		if value[0] == '<' {
			c.comment(o, "A field of the form whose value is in a file was left out; write its value under fields.")
			continue
		}
		for _, text := range splitQuoted(value[1:], ',') {
			if file := c.formFile(o, name, text); file != nil {
				files.Content = append(files.Content, file)
			}
		}
	}
	if !c.addMultipart(o, fields, files) {
		c.comment(o, "The form was left out: fields of one name stand apart.")
	}
}

// formFile is one of the files of -F name=@file;type=...;filename=..., or nil.
func (c *curlImporter) formFile(o *operation, field, text string) *yaml.Node {
	parts := splitQuoted(text, ';')
	file := unquotedPart(parts[0])
	if file == "" || file == "-" {
		c.comment(o, "A file of the form was left out: it is on standard input, or has no name.")
		return nil
	}
	m := mapping{{"field", textNode(fixed(field))}}
	for _, part := range parts[1:] {
		m.addFileKey(part)
	}
	m.add("path", textNode(fixed(c.file(file))))
	return m.block()
}

// addFileKey adds what ;filename= or ;type= says.
func (m *mapping) addFileKey(part string) {
	key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
	switch key = strings.ToLower(key); {
	case key == "filename" && m.get("name") == nil:
		m.add("name", textNode(literal(unquotedPart(value))))
	case key == "type" && m.get("type") == nil:
		m.add("type", textNode(fixed(unquotedPart(value))))
	}
}

// formPart is the field of -F name=content;filename=..., which is sent as a file, or nil. Only a file's part has a media type in a
// plan; that of a text, which curl sends too, is left out, as formContent does.
func (c *curlImporter) formPart(field, value string) *yaml.Node {
	parts := splitQuoted(value, ';')
	m := mapping{{"field", textNode(fixed(field))}}
	for _, part := range parts[1:] {
		m.addFileKey(part)
	}
	if m.get("name") == nil {
		return nil
	}
	m.add("content", textNode(literal(unquotedPart(parts[0]))))
	return m.block()
}

// formContent is the content of -F name=content;type=text/plain.
func formContent(value string) string {
	if strings.HasPrefix(value, `"`) {
		return unquotedPart(splitQuoted(value, ';')[0])
	}
	if at := strings.Index(value, ";type="); at >= 0 {
		return value[:at]
	}
	return value
}

// splitQuoted parts a text at a separator outside of double quotes.
func splitQuoted(s string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unquotedPart takes double quotes off.
func unquotedPart(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
}
