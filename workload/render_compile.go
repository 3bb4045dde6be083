package workload

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sessbench/workload/script"
)

// A renderCompiler compiles the texts of an operation.
type renderCompiler struct {
	names *script.Names
	key   string // of the operation
	marks marks
	texts [][]piece // in their order; nil: it has no holes
	holes []*hole   // by number
	whole bool      // a value may decide which server is called, so that the request is prepared anew each time
}

// text compiles one text. It returns it with marks in the place of holes.
func (c *renderCompiler) text(t operationText) (marked string, ok bool, err error) {
	text := t.text
	if t.data != nil {
		text = string(t.data)
	}
	if !script.HasTemplate(text) {
		c.texts = append(c.texts, nil)
		return "", false, nil
	}
	var pieces []piece
	switch t.kind {
	case urlText:
		pieces, err = c.url(text)
	case jsonText:
		pieces, err = c.json(text)
	case encodedText:
		pieces, err = c.pieces(c.key+"."+t.key, text, putByEncoder)
	default:
		pieces, err = c.pieces(c.key+"."+t.key, text, putAsIs)
	}
	if err != nil {
		return "", false, err
	}
	return c.add(pieces, t.kind == urlText && c.whole), true, nil
}

// add enters the pieces of a text, and returns it with marks. What decides about the server has none: not every word
// can stand there.
func (c *renderCompiler) add(pieces []piece, unmarked bool) string {
	var marked strings.Builder
	holes := false
	for _, p := range pieces {
		if p.hole == nil {
			marked.WriteString(p.text)
			continue
		}
		holes = true
		mark := c.marks.of(len(c.holes))
		if p.hole.put == putAsJSON {
			mark = `"` + mark + `"`
		}
		marked.WriteString(mark)
		c.holes = append(c.holes, p.hole)
	}
	if !holes {
		pieces = nil
	}
	c.texts = append(c.texts, pieces)
	if unmarked {
		return ""
	}
	return marked.String()
}

// pieces compiles a text whose values are all put in the same way.
func (c *renderCompiler) pieces(key, text string, put putting) ([]piece, error) {
	template, err := c.names.Template(text)
	if err != nil {
		return nil, templateError(key, err)
	}
	var pieces []piece
	for _, part := range template.Parts() {
		p := piece{text: part.Text}
		if part.Expr != nil {
			p.hole = &hole{part.Expr, put, key}
		}
		pieces = append(pieces, p)
	}
	return pieces, nil
}

// url compiles a URL. What is behind a # is not sent, and left out.
func (c *renderCompiler) url(text string) ([]piece, error) {
	all, err := c.pieces(c.key+".url", text, putAsIs)
	if err != nil {
		return nil, err
	}
	var before strings.Builder
	for i, p := range all {
		if p.hole == nil {
			sent, _, fragment := strings.Cut(p.text, "#")
			before.WriteString(sent)
			if fragment {
				all = append(all[:i], piece{text: sent})
				break
			}
			continue
		}
		if p.hole.put = puttingInURL(before.String()); p.hole.put == putAsIs {
			c.whole = true
		}
		before.WriteByte(filledIn)
	}
	escapePercents(all, before.String())
	return all, nil
}

// escapePercents escapes what is a percent sign and nothing else in a query: where one of them begins no escape, sessions
// take none for one, but they would see those of the values.
func escapePercents(pieces []piece, whole string) {
	_, query, _ := strings.Cut(whole, "?")
	if _, err := url.PathUnescape(query); err == nil {
		return
	}
	inQuery := false
	for i := range pieces {
		p := &pieces[i]
		path, query := "", p.text
		if !inQuery {
			path, query, inQuery = strings.Cut(p.text, "?")
			if inQuery {
				path += "?"
			}
		}
		p.text = path + strings.ReplaceAll(query, "%", "%25")
	}
}

// filledIn stands for the values in what is before a place in a URL.
const filledIn = 0

// puttingInURL says how a value is put into a URL behind what is before: in the query and in the path
// escaped, so that it stays one value; at the beginning, where it may be all of a URL, and in the host as it is.
func puttingInURL(before string) putting {
	if strings.Contains(before, "?") {
		return putInQuery
	}
	if strings.Trim(before, string(rune(filledIn))) == "" {
		return putAsIs
	}
	scheme, rest, found := strings.Cut(before, "//")
	if found && (scheme == "" || strings.HasSuffix(scheme, ":")) && !strings.Contains(rest, "/") {
		return putAsIs
	}
	return putInSegment
}

// json compiles a JSON text. A string that is one expression becomes the expression's value, whatever its type.
func (c *renderCompiler) json(text string) ([]piece, error) {
	var pieces []piece
	data := []byte(text)
	for at := 0; at < len(data); {
		start := bytes.IndexByte(data[at:], '"')
		if start < 0 {
			pieces = append(pieces, piece{text: text[at:]})
			break
		}
		start += at
		end := start + stringEnd(data[start:])
		if !script.HasTemplate(text[start:end]) {
			pieces = append(pieces, piece{text: text[at:end]})
			at = end
			continue
		}
		if bytes.HasPrefix(bytes.TrimLeft(data[end:], " \t\r\n"), []byte{':'}) {
			return nil, &KeyError{c.key + ".json", "has a template in the name of a member, which cannot have one; write it in a value"}
		}
		filled, err := c.jsonString(text[start:end])
		if err != nil {
			return nil, err
		}
		pieces = append(append(pieces, piece{text: text[at:start]}), filled...)
		at = end
	}
	return pieces, nil
}

func (c *renderCompiler) jsonString(literal string) ([]piece, error) {
	key := c.key + ".json"
	var text string
	if err := json.Unmarshal([]byte(literal), &text); err != nil {
		return nil, &KeyError{key, "is not JSON: " + err.Error()}
	}
	pieces, err := c.pieces(key, text, putInJSON)
	if err != nil {
		return nil, err
	}
	if len(pieces) == 1 && pieces[0].hole != nil {
		pieces[0].hole.put = putAsJSON
		return pieces, nil
	}
	for i, p := range pieces {
		if p.hole != nil {
			continue
		}
		quoted, err := appendJSONText(nil, p.text)
		if err != nil {
			return nil, &KeyError{key, err.Error()}
		}
		pieces[i].text = string(quoted)
	}
	quote := piece{text: `"`}
	return append(append([]piece{quote}, pieces...), quote), nil
}

// templateError is the error of a text that cannot be compiled, with the expression that is at fault; all else in the text may
// be a secret.
func templateError(key string, err error) error {
	bad, ok := errors.AsType[*script.Error](err)
	if !ok {
		return &KeyError{key, err.Error()}
	}
	at := min(max(bad.Offset, 0), len(bad.Text))
	start := strings.LastIndex(bad.Text[:at], "{{")
	if start < 0 {
		return &KeyError{key, bad.Problem}
	}
	end := strings.Index(bad.Text[at:], "}}")
	if end < 0 {
		return &KeyError{key, bad.Problem}
	}
	return &KeyError{key, fmt.Sprintf("%s (in %s)", bad.Problem, bad.Text[start:at+end+len("}}")])}
}
