package workload

import (
	"encoding/json"
	"strings"

	"sessbench/workload/session"
)

// An Operation is one named request, of the mix or of the set-up. What it leaves out comes
// from the session. At most one of Body, Form, JSON and Multipart is its body.
type Operation struct {
	Name      string
	Weight    int // how often it is chosen, relative to the others of the mix; 0: 1
	Method    string
	URL       string // relative to the target, or absolute
	Headers   Fields
	Params    Fields // of the query, beside those in the URL
	Cookies   Cookies
	Auth      *Auth // nil: the session's
	Body      []byte
	BodyFile  string          // where Body was read from; empty when it was given in place
	Form      Fields          // not nil: application/x-www-form-urlencoded
	JSON      json.RawMessage // not nil: application/json
	Multipart *Multipart      // not nil: multipart/form-data
	Timeout   *Timeout        // nil: the session's
	Follow    *bool           // nil: the session's
	Proxies   Proxies         // over the session's
	TLS       *TLSPlan        // nil: the session's
}

// Multipart is a form with files.
type Multipart struct {
	Fields Fields     `json:"fields,omitempty"`
	Files  []FilePart `json:"files,omitempty"`
}

// A FilePart is a file of a form.
type FilePart struct {
	Field   string  `json:"field"`
	Name    string  `json:"name,omitempty"`    // that the server is told; empty: none, or Path's last element
	Type    string  `json:"type,omitempty"`    // media type; empty: by Name's extension
	Path    string  `json:"path,omitempty"`    // where the content is; empty: in Content
	Content *string `json:"content,omitempty"` // instead of Path
}

// MarshalJSON writes the plan file's form, in which the method is the URL's key.
func (o Operation) MarshalJSON() ([]byte, error) {
	object := orderedObject{{"name", o.Name}}
	if o.Weight > 0 {
		object = append(object, member{"weight", o.Weight})
	}
	switch o.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		object = append(object, member{strings.ToLower(o.Method), o.URL})
	default:
		object = append(object, member{"method", o.Method}, member{"url", o.URL})
	}
	for _, m := range []struct {
		said bool
		member
	}{
		{len(o.Headers) > 0, member{"headers", o.Headers}},
		{len(o.Params) > 0, member{"params", o.Params}},
		{len(o.Cookies) > 0, member{"cookies", o.Cookies}},
		{o.Auth != nil, member{"auth", o.Auth}},
		{o.BodyFile != "", member{"body_file", o.BodyFile}},
		{o.BodyFile == "" && len(o.Body) > 0, member{"body", string(o.Body)}},
		{o.Form != nil, member{"form", o.Form}},
		{o.JSON != nil, member{"json", o.JSON}},
		{o.Multipart != nil, member{"multipart", o.Multipart}},
		{o.Timeout != nil, member{"timeout", o.Timeout}},
		{o.Follow != nil, member{"follow", o.Follow}},
		{len(o.Proxies) > 0, member{"proxies", o.Proxies}},
		{o.TLS != nil, member{"tls", o.TLS}},
	} {
		if m.said {
			object = append(object, m.member)
		}
	}
	return object.MarshalJSON()
}

// file is the part as a session sends it.
func (p *FilePart) file() (session.File, error) {
	if p.Content != nil {
		return session.File{Field: p.Field, Name: p.Name, ContentType: p.Type, Content: strings.NewReader(*p.Content)}, nil
	}
	f, err := session.FormFile(p.Field, p.Path)
	if err != nil {
		return f, err
	}
	if p.Name != "" {
		f.Name = p.Name
	}
	if p.Type != "" {
		f.ContentType = p.Type
	}
	return f, nil
}
