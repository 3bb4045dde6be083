package planfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"sessbench/workload"
)

// methods are those that are keys of their own.
var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

// operation reads one operation, or a scenario. Limits and TLS settings that it does not give are those of the
// session.
func (v value) operation(s *workload.SessionPlan) workload.Operation {
	r := &operationReader{session: s}
	before := len(v.problems)
	v.keys("operation", slices.Concat(r.target(v), r.request(), r.answer()))
	o := &r.Operation
	switch {
	case o.Steps != nil:
		nameApart(o.Steps, v.path+".steps", v.places)
	case r.targets == 0 && slices.ContainsFunc(v.problems[before:], Problem.unknownKey) || v.node.Kind != yaml.MappingNode && len(v.problems) > before: // what is wrong was said
	default:
		v.checkTarget(o, r.targets)
	}
	if o.Steps == nil && len(v.problems) > before {
		o.Method, o.URL, o.Name = cmp.Or(o.Method, "GET"), cmp.Or(o.URL, "/"), cmp.Or(o.Name, v.path)
	}
	if len(o.Body) == 0 {
		o.Body = nil
	}
	if o.Name == "" && o.Steps == nil {
		o.Name = v.defaultName(o.Method, v.environment.Written(o.URL))
	}
	return *o
}

// An operationReader is an operation and what was said of its URL.
type operationReader struct {
	workload.Operation
	session *workload.SessionPlan
	targets int  // URLs
	method  bool // there is a method beside them
}

// answer are the keys that say what is done with the response, and afterwards.
func (r *operationReader) answer() []key {
	return []key{
		{"expect", func(v value) { r.Expect = v.statuses() }},
		{"check", as(raw, func(v value) { r.Check = v.checks() })},
		{"extract", as(raw, func(v value) { r.Extract = v.extractions() })},
		{"think", func(v value) { r.Think = v.think() }},
		{"steps", func(v value) {
			r.Steps = []workload.Operation{}
			v.list("operations", func(v value) { r.Steps = append(r.Steps, v.operation(r.session)) })
		}},
	}
}

// target are the keys that say what an operation is.
func (r *operationReader) target(of value) []key {
	known := []key{
		{"name", func(v value) { r.Name = v.name() }},
		{"weight", func(v value) { r.Weight = v.weight() }},
		{"rate", func(v value) { r.Rate = orElse(v, 1, value.aboveZero) }},
		{"method", func(v value) { r.Method, r.method = strings.ToUpper(v.word()), true }},
		{"url", as(templated, func(v value) { r.URL = v.url(); r.targets++ })},
	}
	for _, method := range methods {
		known = append(known, key{method, as(templated, func(c value) {
			if r.method {
				c.problem(c.places[c.path], c.path, "is given beside method; keep one of them")
			}
			r.Method, r.URL = strings.ToUpper(method), c.url()
			c.sayAs(of.path + ".method")
			c.sayAs(of.path + ".url")
			r.targets++
		})})
	}
	return known
}

// sayAs gives another key, by which problems call the value too, its place.
func (v value) sayAs(path string) {
	v.places[path] = v.places[v.path]
	if text, ok := v.language[v.path]; ok {
		v.language[path] = text
	}
}

// request are the keys that say what is sent.
func (r *operationReader) request() []key {
	return []key{
		{"headers", as(templated, func(v value) { r.Headers = v.headers() })},
		{"params", as(templated, func(v value) { r.Params = v.fields() })},
		{"cookies", as(templated, func(v value) { r.Cookies = v.cookies() })},
		{"auth", as(templated, func(v value) { r.Auth = v.auth() })},
		{"body", as(templated, func(v value) { r.Body = []byte(v.text()) })},
		{"body_file", func(v value) { v.bodyFile(&r.Operation) }},
		{"form", as(templated, func(v value) { r.Form = append(workload.Fields{}, v.fields()...) })},
		{"json", as(templated, func(v value) { r.JSON = v.json() })},
		{"multipart", as(templated, func(v value) { r.Multipart = v.multipart() })},
		{"timeout", func(v value) { t := r.session.Timeout; v.timeout(&t); r.Timeout = &t }},
		{"follow", func(v value) { f := v.bool(); r.Follow = &f }},
		{"proxies", func(v value) { r.Proxies = v.proxies() }},
		{"tls", func(v value) { t := r.session.TLS; v.tls(&t); r.TLS = &t }},
	}
}

func (v value) checkTarget(o *workload.Operation, targets int) {
	switch {
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

// defaultName is what an operation without a name is called, by its URL as it is written, with Variable's words.
func (v value) defaultName(method, written string) string {
	path := pathOnly(written)
	name := method + " " + workload.Named(path)
	if strings.Contains(name, "$") {
		v.names[name] = name
	}
	return name
}

// pathOnly leaves out a query, in which there may be a secret, and the host. Of templates it keeps what is in the
// inner braces.
func pathOnly(requestURL string) string {
	var held []string
	text := inBraces.ReplaceAllStringFunc(requestURL, func(found string) string {
		held = append(held, strings.TrimSpace(found[2:len(found)-2]))
		return standIn
	})
	u, err := url.Parse(text)
	if err != nil || u.EscapedPath() == "" {
		return "/"
	}
	path := u.EscapedPath()
	before, _, _ := strings.Cut(text, path)
	held = held[min(len(held), strings.Count(before, standIn)):]
	for _, expression := range held {
		if strings.ContainsAny(expression, "{}\"'`$\n") {
			expression = "..."
		}
		path = strings.Replace(path, standIn, "{"+expression+"}", 1)
	}
	return path
}

// standIn takes the place of a template while a URL is parsed.
const standIn = "0template0"

// inBraces matches templates, but for those with braces in them.
var inBraces = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

func (v value) bodyFile(o *workload.Operation) {
	before := len(v.problems)
	if o.BodyFile = v.file(); len(v.problems) > before {
		return
	}
	if v.node.Value == "-" || o.BodyFile == "" {
		v.fail("names no file; standard input cannot be the body of a plan's operation")
		return
	}
	data, known := v.contents[o.BodyFile]
	if !known {
		data = v.content(o.BodyFile)
		v.contents[o.BodyFile] = data
	}
	o.Body = data
}

// content reads a file that the plan names.
func (v value) content(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		v.unreadable(err)
		return nil
	}
	defer f.Close()
	data, err := readBounded(f)
	if err != nil {
		v.fail("cannot be read: %v; name a file of at most %d MB", reason(err), maxSize>>20)
	}
	return data
}

// readable finds out whether a file that the plan names can be read, when it will be.
func (v value) readable(path string) {
	f, err := os.Open(path)
	if err != nil {
		v.unreadable(err)
		return
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		v.unreadable(err)
	case info.IsDir():
		v.fail("is a directory; name a file")
	case info.Size() > maxSize:
		v.fail("cannot be read: %v; name a file of at most %d MB", errTooLarge, maxSize>>20)
	}
}

func (v value) unreadable(err error) {
	v.fail("cannot be read: %v; check the file's name, which is relative to the plan's directory, and its permissions", reason(err))
}

func (v value) multipart() *workload.Multipart {
	m := &workload.Multipart{}
	v.keys("multipart", []key{
		{"fields", func(v value) { m.Fields = v.fields() }},
		{"files", func(v value) {
			v.list("files", func(v value) { m.Files = append(m.Files, v.filePart()) })
		}},
	})
	return m
}

func (v value) filePart() workload.FilePart {
	var f workload.FilePart
	v.keys("file", []key{
		{"field", as(plain, func(v value) { f.Field = v.word() })}, // which says whether the value is a secret
		{"name", func(v value) { f.Name = v.text() }},
		{"type", as(plain, func(v value) { f.Type = v.text() })},
		{"path", as(plain, func(v value) {
			if f.Path = v.file(); f.Path != "" {
				v.readable(f.Path)
			}
		})},
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
		writeString(b, v.hidden(text))
	}
}

// writeString writes a JSON string, in which no character is escaped that need not be.
func writeString(b *bytes.Buffer, text string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.Encode(text) // cannot fail
	b.Truncate(b.Len() - 1)
}
