package importer

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Vegeta imports targets in one of vegeta's formats, http or json, one operation for each; those that are repeated have a
// weight.
func Vegeta(data []byte, o Options) (*Plan, error) {
	if err := o.checkText(data); err != nil {
		return nil, err
	}
	v := &vegetaImporter{builder: newBuilder(&o, "vegeta's targets")}
	if err := v.read(data); err != nil {
		return nil, err
	}
	if len(v.operations) == 0 {
		return nil, o.failf("has no target; write one as in GET http://localhost:8080/items")
	}
	v.operations = merged(v.operations)
	for _, op := range v.operations {
		if op.weight > maxWeight {
			return nil, o.failf("repeats a target %d times; a weight can be %d at most", op.weight, maxWeight)
		}
	}
	v.session.add("follow", plainNode("true"))
	v.session.add("max_redirects", plainNode("10"))
	v.remark("vegeta goes through its targets in turn and follows 10 redirects, as session says; sessbench draws operations by their weights. Rate and duration are flags of vegeta attack: give --rate and --duration, or write load: {rate: ..., duration: ...}.")
	return v.plan()
}

type vegetaImporter struct{ *builder }

// bodyFile is the name of a header that stands for a line with @. No header of a file can have it.
const bodyFile = "\x00"

// read lets vegeta's library read the targets, a line at a time, so that errors can say where.
func (v *vegetaImporter) read(data []byte) error {
	asJSON := bytes.HasPrefix(bytes.TrimSpace(data), []byte("{"))
	lines := &lineReader{lines: strings.SplitAfter(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")}
	for i, line := range lines.lines {
		switch trimmed := strings.TrimSpace(line); {
		case len(line) >= longestLine:
			return v.failAt(i+1, 0, "is longer than the 64 kB that vegeta reads; put the body in a file and write @file")
		case strings.Contains(line, bodyFile):
			return v.failAt(i+1, 0, "has a NUL character; leave it out")
		case strings.HasPrefix(trimmed, "@") && !asJSON:
			lines.lines[i] = bodyFile + ":" + trimmed[1:] + "\n\n" // the library would read the file, and forget its name
		}
	}
	next := vegeta.NewHTTPTargeter(lines, nil, nil)
	if asJSON {
		next = vegeta.NewJSONTargeter(lines, nil, nil)
	}
	for {
		var target vegeta.Target
		before := lines.number()
		err := next(&target)
		if errors.Is(err, vegeta.ErrNoTargets) {
			return nil
		}
		if err != nil {
			return v.failAt(lines.number(), 0, "%s", reasonOf(err))
		}
		if err := v.operation(&target); err != nil {
			return v.failAt(lines.find(before, target.URL), 0, "%s", reasonOf(err))
		}
	}
}

// longestLine is bufio.Scanner's limit, at which vegeta stops without a word.
const longestLine = 64 << 10

// A lineReader gives one line for each call, so that it knows how far a scanner is.
type lineReader struct {
	lines []string
	next  int
	rest  string
}

func (r *lineReader) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.next == len(r.lines) {
			return 0, io.EOF
		}
		r.rest = r.lines[r.next]
		r.next++
		if r.rest == "" { // behind the last line break
			return 0, io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// number is that of the line that was given last.
func (r *lineReader) number() int { return max(1, r.next) }

// find returns the number of the first line from a number on that has a text. The library may have looked a line ahead.
func (r *lineReader) find(from int, text string) int {
	for i := from; i <= len(r.lines); i++ {
		if strings.Contains(r.lines[i-1], text) {
			return i
		}
	}
	return r.number()
}

// reasonOf says what is wrong with a target, without its text, in which there may be a secret.
func reasonOf(err error) string {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "bad header"):
		return "is no header; write Name: value, and an empty line between targets"
	case strings.HasPrefix(text, "bad method"):
		return "has no method; write it in capitals, as in GET http://localhost:8080/"
	case strings.HasPrefix(text, "bad target"):
		return "is no target; write a method and a URL, as in GET http://localhost:8080/"
	case strings.HasPrefix(text, "bad URL"):
		return "has no URL behind the method; write a whole one, as in GET http://localhost:8080/"
	}
	if wrong, ok := errors.AsType[unfit](err); ok {
		return wrong.Error()
	}
	return "is no target in vegeta's format json; write an object with method and url in one line, the body in base64"
}

// operation makes an operation of a target.
func (v *vegetaImporter) operation(target *vegeta.Target) error {
	o := &operation{method: strings.ToUpper(target.Method)}
	if !isToken(o.method) || o.method == "CONNECT" {
		return unfit("has a method that cannot be sent")
	}
	if err := o.setURL(v.vault, target.URL); err != nil {
		return err
	}
	var headers []header
	for _, name := range slices.Sorted(maps.Keys(target.Header)) {
		if name != bodyFile && !isToken(name) { // mostly a further target
			return unfit("has a header whose name cannot be sent; write Name: value, and an empty line between targets")
		}
		for _, value := range target.Header[name] {
			if name == bodyFile {
				o.body.add("body_file", textNode(fixed(v.file(value))))
				continue
			}
			headers = append(headers, header{name, value})
		}
	}
	if len(target.Body) > 0 {
		v.setBody(o, &headers, string(target.Body))
	}
	v.setHeaders(o, headers)
	v.operations = append(v.operations, o)
	return nil
}
