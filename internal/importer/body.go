package importer

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v4"
)

const urlencoded = "application/x-www-form-urlencoded"

// setBody gives an operation its body in the plan's best words: json, form, multipart, or body. Of the headers those
// are taken out that go without saying.
func (b *builder) setBody(o *operation, headers *[]header, body string) {
	if body == "" {
		return
	}
	if !isText(body) {
		b.comment(o, "The body was left out: its "+itoa(len(body))+" bytes are no text. Save them in a file and name it with body_file.")
		return
	}
	kind := contentType(*headers)
	media, params, _ := mime.ParseMediaType(kind)
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		if n, ok := b.jsonNode(body); ok {
			if kind == "application/json" {
				removeHeader(headers, "Content-Type")
			}
			o.body.add("json", n)
			return
		}
		if json.Valid([]byte(body)) && !b.show {
			o.body.add("body", textNode(b.jsonText(body)))
			return
		}
	case media == urlencoded:
		if fields, ok := b.formFields(body); ok {
			if kind == urlencoded {
				removeHeader(headers, "Content-Type")
			}
			o.body.add("form", fields)
			return
		}
	case media == "multipart/form-data":
		if b.setMultipart(o, body, params["boundary"]) {
			removeHeader(headers, "Content-Type")
			return
		}
	}
	o.body.add("body", textNode(b.body(body)))
}

func contentType(headers []header) string {
	for _, h := range headers {
		if strings.EqualFold(h.name, "Content-Type") {
			return strings.TrimSpace(h.value)
		}
	}
	return ""
}

func removeHeader(headers *[]header, name string) {
	var kept []header
	for _, h := range *headers {
		if !strings.EqualFold(h.name, name) {
			kept = append(kept, h)
		}
	}
	*headers = kept
}

// formFields reads a form. ok is false for what a mapping of fields would send otherwise.
func (b *builder) formFields(body string) (n *yaml.Node, ok bool) {
	var fields []header
	for part := range strings.SplitSeq(body, "&") {
		name, value, given := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if !given || plain == "" || err != nil || !isText(plain) {
			return nil, false
		}
		text, err := url.QueryUnescape(value)
		if err != nil || !isText(text) {
			return nil, false
		}
		fields = append(fields, header{plain, text})
	}
	return b.fieldMapping(fields)
}

// fieldMapping makes a mapping of fields, in which those of one name are a list. ok is false where their order
// would be lost, or the plan would take a name for a template.
func (b *builder) fieldMapping(fields []header) (n *yaml.Node, ok bool) {
	m := mapping{}
	for i := 0; i < len(fields); {
		name := fields[i].name
		if m.get(name) != nil || strings.Contains(name, "{{") {
			return nil, false
		}
		var values []string
		for ; i < len(fields) && fields[i].name == name; i++ {
			values = append(values, b.text(name, fields[i].value, "field "+oneLine(name)))
		}
		m.add(name, flowTexts(values))
	}
	return m.block(), true
}

// setMultipart takes a form with files apart.
func (b *builder) setMultipart(o *operation, body, boundary string) bool {
	if boundary == "" {
		return false
	}
	var fields []header
	files := listNode()
	r := multipart.NewReader(bytes.NewReader([]byte(body)), boundary)
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return false
		}
		content, err := io.ReadAll(part)
		if err != nil || part.FormName() == "" {
			return false
		}
		if part.FileName() == "" && part.Header.Get("Content-Type") == "" {
			fields = append(fields, header{part.FormName(), string(content)})
			continue
		}
		files.Content = append(files.Content, b.filePart(part.FormName(), part.FileName(), part.Header.Get("Content-Type"), string(content)))
		if len(content) == 0 {
			b.comment(o, "A file's content is not in the source; put its path in the place of content.")
		}
	}
	return b.addMultipart(o, fields, files)
}

// filePart is a file whose content is known.
func (b *builder) filePart(field, name, media, content string) *yaml.Node {
	file := mapping{{"field", textNode(fixed(field))}}
	if name != "" {
		file.add("name", textNode(literal(name)))
	}
	if media != "" {
		file.add("type", textNode(fixed(media)))
	}
	file.add("content", textNode(b.body(content)))
	return file.block()
}

// addMultipart gives an operation a form with files. ok is false where there is nothing in it, or not in a plan's way.
func (b *builder) addMultipart(o *operation, fields []header, files *yaml.Node) (ok bool) {
	m := mapping{}
	if len(fields) > 0 {
		n, ok := b.fieldMapping(fields)
		if !ok {
			return false
		}
		m.add("fields", n)
	}
	if len(files.Content) > 0 {
		m.add("files", files)
	}
	if len(m) == 0 {
		return false
	}
	o.body.add("multipart", m.block())
	return true
}
