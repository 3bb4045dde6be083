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

// tree parses a source. It returns nil, and has noted why, where it is neither YAML nor JSON.
func (d *decoder) tree(s *source) *yaml.Node {
	s.data = bytes.TrimPrefix(s.data, []byte("\ufeff"))
	isJSON := bytes.HasPrefix(bytes.TrimSpace(s.data), []byte("{")) && json.Valid(s.data)
	if !d.checkCharacters(s, isJSON) {
		return nil
	}
	var root *yaml.Node
	if isJSON {
		root = jsonTree(s.data)
	} else {
		root = d.yamlTree(s)
	}
	if root != nil {
		s.findSecrets(root)
	}
	return root
}

// checkCharacters finds what YAML would refuse without saying where.
func (d *decoder) checkCharacters(s *source, isJSON bool) bool {
	line, column := 1, 1
	for rest := s.data; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && size == 1:
			d.problem(place{s, line, column}, "", "has a byte that is not UTF-8; save the file as UTF-8")
			return false
		case !isJSON && !yamlCharacter(r):
			d.problem(place{s, line, column}, "", "has a control character; write it as an escape in double quotes")
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

func (d *decoder) yamlTree(s *source) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(s.data))
	var document, second yaml.Node
	if err := dec.Decode(&document); err != nil {
		d.syntax(s, err)
		return nil
	}
	if err := dec.Decode(&second); err == nil {
		d.problem(s.placeOf(&second), "", "begins a second document; a plan is one document, so leave the line --- out")
		return nil
	} else if !errors.Is(err, io.EOF) {
		d.syntax(s, err)
		return nil
	}
	if len(document.Content) == 0 {
		return nil
	}
	return document.Content[0]
}

// syntax notes why the file is not YAML.
func (d *decoder) syntax(s *source, err error) {
	e, ok := errors.AsType[*yaml.LoadError](err)
	if errors.Is(err, io.EOF) {
		return // an empty file
	}
	if !ok {
		d.problem(place{s, 1, 1}, "", "is not YAML; check its brackets, quotes and indentation")
		return
	}
	at := place{s, max(1, e.Mark.Line), max(1, e.Mark.Column)}
	text := e.Message + "; check brackets, quotes and indentation here and above"
	switch {
	case strings.Contains(e.Message, "unexpected end of stream") && e.ContextMark.Line > 0:
		at = place{s, e.ContextMark.Line, e.ContextMark.Column}
		text = "begins here and does not end; close its quotes or brackets"
	case strings.Contains(e.Message, "cannot start any token") && at.character() == '\t':
		text = "there is a tab where the indentation is; indent with blanks"
	case strings.Contains(e.Message, "cannot start any token"):
		text = "a text cannot begin with this character; put it in quotes"
	case strings.Contains(e.Message, "mapping values are not allowed"):
		text = "there is a second colon; put a text with a colon and a blank in quotes, and give each key its own line"
	case strings.Contains(e.Message, "unknown anchor"):
		text = "names an anchor that does not stand above; write &name before what it stands for, or put a text with an asterisk in quotes"
	}
	language := "YAML"
	if bytes.HasPrefix(bytes.TrimSpace(s.data), []byte("{")) {
		language = "JSON or YAML"
	}
	d.problem(at, "", "is not "+language+": "+text)
}
