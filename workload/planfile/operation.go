package planfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// methods are those that are keys of their own.
var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

// operation reads one operation. Limits and TLS settings that it does not give are those of the
// session.
func (v value) operation(s *workload.SessionPlan) workload.Operation {
	o := workload.Operation{}
	targets, named := 0, false
	known := []key{
		{"name", func(v value) { o.Name = v.text() }},
		{"weight", func(v value) { o.Weight = v.weight() }},
		{"method", func(v value) { o.Method, named = strings.ToUpper(v.text()), true }},
		{"url", func(v value) { o.URL = v.text(); targets++ }},
		{"headers", func(v value) { o.Headers = v.headers() }},
		{"params", func(v value) { o.Params = v.fields() }},
		{"cookies", func(v value) { o.Cookies = v.cookies() }},
		{"auth", func(v value) { o.Auth = v.auth() }},
		{"body", func(v value) { o.Body = []byte(v.text()) }},
		{"body_file", func(v value) { v.bodyFile(&o) }},
		{"form", func(v value) { o.Form = append(workload.Fields{}, v.fields()...) }},
		{"json", func(v value) { o.JSON = v.json() }},
		{"multipart", func(v value) { o.Multipart = v.multipart() }},
		{"timeout", func(v value) { t := s.Timeout; v.timeout(&t); o.Timeout = &t }},
		{"follow", func(v value) { f := v.bool(); o.Follow = &f }},
		{"proxies", func(v value) { o.Proxies = v.proxies() }},
		{"tls", func(v value) { t := s.TLS; v.tls(&t); o.TLS = &t }},
		{"steps", nil}, {"think", nil}, {"extract", nil}, {"check", nil}, {"feed", nil}, {"stream", nil},
	}
	for _, method := range methods {
		known = append(known, key{method, func(c value) {
			if named {
				v.problem(v.places[c.path], c.path, "is given beside method; keep one of them")
			}
			o.Method, o.URL = strings.ToUpper(method), c.text()
			v.places[v.path+".url"], v.places[v.path+".method"] = v.places[c.path], v.places[c.path]
			targets++
		}})
	}
	before := len(v.problems)
	v.keys(known)
	if len(v.problems) > before {
		o.Method, o.URL, o.Name = "GET", "/", v.path // what is wrong was said
	}
	v.checkTarget(&o, targets, len(v.problems) > before)
	if len(o.Body) == 0 {
		o.Body = nil
	}
	if o.Name == "" {
		o.Name = o.Method + " " + pathOnly(o.URL)
	}
	return o
}

func (v value) checkTarget(o *workload.Operation, targets int, known bool) {
	switch {
	case known:
	case targets == 0:
		v.fail("has no URL; write a method with it, such as get: /items")
	case targets > 1:
		v.fail("has %d URLs; keep one of them", targets)
	case o.Method == "":
		v.fail("has a URL without a method; write get in the place of url, or add a method")
	}
}

func (v value) weight() int {
	before := len(v.problems)
	n := v.int()
	if n == 0 && len(v.problems) == before {
		v.fail("is no weight; write a whole number of at least 1")
	}
	return n
}

// pathOnly leaves out a query, in which there may be a secret, and the host.
func pathOnly(requestURL string) string {
	u, err := url.Parse(requestURL)
	if err != nil || u.EscapedPath() == "" {
		return "/"
	}
	return u.EscapedPath()
}

func (v value) bodyFile(o *workload.Operation) {
	if o.BodyFile = v.file(); v.node.Value == "-" || o.BodyFile == "" {
		v.fail("names no file; standard input cannot be the body of a plan's operation")
		return
	}
	o.Body = v.content(o.BodyFile)
}

// content reads a file that the plan names.
func (v value) content(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		v.fail("cannot be read: %v; check the file's name, which is relative to the plan's directory, and its permissions", reason(err))
		return nil
	}
	defer f.Close()
	data, err := readBounded(f)
	if err != nil {
		v.fail("cannot be read: %v; name a file of at most %d MB", reason(err), maxSize>>20)
	}
	return data
}

func (v value) multipart() *workload.Multipart {
	m := &workload.Multipart{}
	v.keys([]key{
		{"fields", func(v value) { m.Fields = v.fields() }},
		{"files", func(v value) {
			v.list("files", func(v value) { m.Files = append(m.Files, v.filePart()) })
		}},
	})
	return m
}

func (v value) filePart() workload.FilePart {
	var f workload.FilePart
	v.keys([]key{
		{"field", func(v value) { f.Field = v.text() }},
		{"name", func(v value) { f.Name = v.text() }},
		{"type", func(v value) { f.Type = v.text() }},
		{"path", func(v value) {
			if f.Path = v.file(); f.Path != "" {
				v.content(f.Path)
			}
		}},
		{"content", func(v value) { text := v.text(); f.Content = &text }},
	})
	return f
}

// json writes the value as JSON, keys in the order of the plan.
func (v value) json() json.RawMessage {
	var b bytes.Buffer
	v.writeJSON(&b)
	return b.Bytes()
}

func (v value) writeJSON(b *bytes.Buffer) {
	switch v.node.Kind {
	case yaml.MappingNode:
		separator := byte('{')
		v.mapping("a mapping", func(name string, v value) {
			b.WriteByte(separator)
			separator = ','
			writeString(b, name)
			b.WriteByte(':')
			v.writeJSON(b)
		})
		if separator == '{' {
			b.WriteByte('{')
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		separator := byte('[')
		v.each(func(v value) {
			b.WriteByte(separator)
			separator = ','
			v.writeJSON(b)
		})
		if separator == '[' {
			b.WriteByte('[')
		}
		b.WriteByte(']')
	default:
		v.writeScalar(b)
	}
}

func (v value) writeScalar(b *bytes.Buffer) {
	text := v.node.Value
	switch v.node.ShortTag() {
	case "!!null":
		b.WriteString("null")
	case "!!bool":
		fmt.Fprint(b, v.bool())
	case "!!int", "!!float":
		if json.Valid([]byte(text)) {
			b.WriteString(text)
			return
		}
		var number any
		if err := v.node.Decode(&number); err == nil {
			if data, err := json.Marshal(number); err == nil {
				b.Write(data)
				return
			}
		}
		v.fail("is a number that JSON does not have; write another, or a text in quotes")
	default:
		writeString(b, v.expand(text))
	}
}

// writeString writes a JSON string, in which no character is escaped that need not be.
func writeString(b *bytes.Buffer, text string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.Encode(text) // cannot fail
	b.Truncate(b.Len() - 1)
}
