package script

import (
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"
)

// A responseView keeps what an expression has taken out of a response while it is evaluated.
type responseView struct {
	read   bool
	body   []byte
	err    error
	isText bool
	text   string
	json   map[string]any // by path
}

// forget makes the view one of any other response, and keeps no memory of this one.
func (v *responseView) forget() {
	clear(v.json)
	*v = responseView{json: v.json}
}

func (v *responseView) bodyOf(r Response) ([]byte, error) {
	if !v.read {
		v.read = true
		if v.body, v.err = r.Body(); v.err != nil {
			v.err = failure{v.err}
		}
	}
	return v.body, v.err
}

func textBody(s *Scope, _ []any) (any, error) {
	body, err := s.view.bodyOf(s.response)
	if err != nil {
		return nil, err
	}
	if !s.view.isText {
		// Of a body of 100 MB a copy would be as much again for each worker. The text is forgotten before the body is overwritten, and
		// what is made of it is either true or false.
		s.view.isText, s.view.text = true, unsafe.String(unsafe.SliceData(body), len(body))
	}
	return s.view.text, nil
}

// An answer is to a question that may not have been asked.
type answer uint8

const (
	unknown answer = iota
	yes
	no
)

// bodyIsJSON says so of the response's body.
func (s *Scope) bodyIsJSON(body []byte) bool {
	if s.isJSON == unknown {
		s.isJSON = no
		if validJSON(body) {
			s.isJSON = yes
		}
	}
	return s.isJSON == yes
}

// jsonBody returns what is at a path of the body, all of it for none.
func jsonBody(s *Scope, arguments []any) (any, error) {
	path := arguments[0].(string)
	if v, ok := s.view.json[path]; ok {
		return v, nil
	}
	body, err := s.view.bodyOf(s.response)
	if err != nil {
		return nil, err
	}
	if !s.bodyIsJSON(body) {
		return nil, failf("the body is not JSON")
	}
	found := gjson.Result{}
	if path == "" {
		found = gjson.ParseBytes(body)
	} else {
		found = gjson.GetBytes(body, path)
	}
	if s.view.json == nil {
		s.view.json = map[string]any{}
	}
	v := valueOf(found)
	s.view.json[path] = v
	return v, nil
}

func headers(s *Scope, _ []any) (any, error) {
	all := map[string]any{}
	s.response.EachHeader(func(name, value string) {
		name = strings.ToLower(name)
		if _, known := all[name]; !known {
			all[name] = value
		}
	})
	return all, nil
}

// header returns nil where there is no such field.
func header(s *Scope, arguments []any) (any, error) {
	if value, ok := s.response.Header(arguments[0].(string)); ok {
		return value, nil
	}
	return nil, nil
}

// cookie returns nil where the response does not set it.
func cookie(s *Scope, arguments []any) (any, error) {
	if value, ok := s.response.Cookie(arguments[0].(string)); ok {
		return value, nil
	}
	return nil, nil
}
