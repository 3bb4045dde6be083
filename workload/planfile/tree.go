package planfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// tree parses the file. It returns nil, and has noted why, where it is neither YAML nor JSON.
func (d *decoder) tree() *yaml.Node {
	d.data = bytes.TrimPrefix(d.data, []byte("\ufeff"))
	isJSON := bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) && json.Valid(d.data)
	if !d.checkCharacters(isJSON) {
		return nil
	}
	var root *yaml.Node
	if isJSON {
		root = jsonTree(d.data)
	} else {
		root = d.yamlTree()
	}
	if root == nil && len(d.problems) == 0 {
		d.problem(place{line: 1, column: 1}, "", "is empty; a plan has at least a mix with one operation")
	}
	if root != nil {
		d.findSecrets(root)
	}
	return root
}

// checkCharacters finds what YAML would refuse without saying where.
func (d *decoder) checkCharacters(isJSON bool) bool {
	line, column := 1, 1
	for rest := d.data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			d.problem(place{line: line, column: column}, "", "has a byte that is not UTF-8; save the file as UTF-8")
			return false
		case !isJSON && !yamlCharacter(r):
			d.problem(place{line: line, column: column}, "", "has a control character; write it as an escape in double quotes")
			return false
		}
		rest = rest[size:]
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return true
}

// yamlCharacter says whether r may stand in YAML as it is (YAML 1.2.2, section 5.1).
func yamlCharacter(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0x7f && r < 0xa0:
		return r == 0x85
	}
	return r != 0xfeff && r != 0xfffe && r != 0xffff
}

func (d *decoder) yamlTree() *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(d.data))
	var document, second yaml.Node
	if err := dec.Decode(&document); err != nil {
		d.syntax(err)
		return nil
	}
	if err := dec.Decode(&second); err == nil {
		d.problem(placeOf(&second), "", "begins a second document; a plan is one document, so leave the line --- out")
		return nil
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
		return nil
	}
	if len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// syntax notes why the file is not YAML.
func (d *decoder) syntax(err error) {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if errors.Is(err, io.EOF) {
		return // an empty file
	}
	if !ok {
		d.problem(place{line: 1, column: 1}, "", "is not YAML; check its brackets, quotes and indentation")
		return
	}
	at := place{line: max(1, e.Mark.Line), column: max(1, e.Mark.Column)}
	text := e.Message + "; check brackets, quotes and indentation here and above"
	switch {
	case strings.Contains(e.Message, "unexpected end of stream") && e.ContextMark.Line > 0:
		at = place{line: e.ContextMark.Line, column: e.ContextMark.Column}
		text = "begins here and does not end; close its quotes or brackets"
	case strings.Contains(e.Message, "cannot start any token") && d.at(at) == '\t':
		text = "there is a tab where the indentation is; indent with blanks"
	case strings.Contains(e.Message, "cannot start any token"):
		text = "a text cannot begin with this character; put it in quotes"
	case strings.Contains(e.Message, "mapping values are not allowed"):
		text = "there is a second colon; put a text with a colon and a blank in quotes, and give each key its own line"
	case strings.Contains(e.Message, "unknown anchor"):
		text = "names an anchor that does not stand above; write &name before what it stands for, or put a text with an asterisk in quotes"
	}
	language := "YAML"
	if bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) {
		language = "JSON or YAML"
	}
	d.problem(at, "", "is not "+language+": "+text)
}

// at returns the character at a place, or 0.
func (d *decoder) at(p place) rune {
	line := []rune(d.line(p.line))
	if p.column < 1 || p.column > len(line) {
		return 0
	}
	return line[p.column-1]
}
