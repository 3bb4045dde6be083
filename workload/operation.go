package workload

import (
	"encoding/json"
	"strings"

	"sessbench/workload/session"
)

// An Operation is one named request, of the mix, the set-up or the teardown, or a scenario of several. What it leaves out comes
// from the session. At most one of Body, Form, JSON and Multipart is its body. The texts of URL, Headers, Params, Cookies,
// Auth, Body, Form, JSON and Multipart may have templates, {{expression}}, which are filled in for each call.
type Operation struct {
	Name      string
	Weight    int     // how often it is chosen, relative to the others of the mix; 0: 1
	Rate      float64 // of its own, in iterations per second (open model), instead of Weight; 0: none. All items have one, or none
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

	Expect  []string     // statuses that are no error: "404", "2xx"; nil: below 400, unless a check looks at the status
	Check   []Check      // that the response has to pass
	Extract []Extraction // values that are taken from the response, for later requests of the session
	Think   *Think       // pause after it; of a scenario, after each step that has none of its own. One after an iteration ends with the block at the latest; the open model makes none
	Steps   []Operation  // of a scenario, in order; it has Name, Weight, Rate and Think beside them. A step that fails ends the iteration
}

// A Check is an expression that has to be true of a response.
type Check struct {
	Name string // "": Expr
	Expr string
}

// An Extraction takes a value from a response. One of JSON, Regexp, Header, Cookie and Form says from where.
type Extraction struct {
	Name    string  `json:"-"`                 // of the variable
	JSON    string  `json:"json,omitempty"`    // path in the body, as "items.0.id" (github.com/tidwall/gjson)
	Regexp  string  `json:"regexp,omitempty"`  // in the body (RE2): its first group, or all of it where it has none
	Header  string  `json:"header,omitempty"`  // name of a field, the first line of it
	Cookie  string  `json:"cookie,omitempty"`  // name of a cookie that the response sets
	Form    string  `json:"form,omitempty"`    // name of a field of an HTML form, such as a CSRF token
	Default *string `json:"default,omitempty"` // where there is none; nil: the call fails, class extract
}

// A Think is a pause. Exactly one of Constant, Uniform, Normal, Exponential and LogNormal is given.
type Think struct {
	Constant    *Duration     `json:"constant,omitempty"`
	Uniform     *[2]Duration  `json:"uniform,omitempty"`     // from, to
	Normal      *NormalThink  `json:"normal,omitempty"`      // below 0: 0
	Exponential *Duration     `json:"exponential,omitempty"` // its mean
	LogNormal   *LogNormThink `json:"lognormal,omitempty"`
	Max         Duration      `json:"max,omitempty"` // none is longer; 0: no limit
}

// NormalThink is a normal distribution.
type NormalThink struct {
	Mean      Duration `json:"mean"`
	Deviation Duration `json:"deviation"` // standard deviation
}

// LogNormThink is a log-normal distribution.
type LogNormThink struct {
	Median Duration `json:"median"`
	Sigma  float64  `json:"sigma"` // standard deviation of the logarithm
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
	if o.Rate != 0 {
		object = append(object, member{"rate", o.Rate})
	}
	switch o.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		object = append(object, member{strings.ToLower(o.Method), o.URL})
	case "": // a scenario
	default:
		object = append(object, member{"method", o.Method}, member{"url", o.URL})
	}
	return o.appendSettings(object).MarshalJSON()
}

// appendSettings appends what an operation has beside its URL.
func (o *Operation) appendSettings(object orderedObject) orderedObject {
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
		{len(o.Expect) > 0, member{"expect", o.Expect}},
		{len(o.Check) > 0, member{"check", o.Check}},
		{len(o.Extract) > 0, member{"extract", extractions(o.Extract)}},
		{o.Think != nil, member{"think", o.Think}},
		{o.Steps != nil, member{"steps", o.Steps}},
	} {
		if m.said {
			object = append(object, m.member)
		}
	}
	return object
}

// MarshalJSON writes the expression, as the only member of an object where the check has a name.
func (c Check) MarshalJSON() ([]byte, error) {
	if c.Name == "" {
		return json.Marshal(c.Expr)
	}
	return orderedObject{{c.Name, c.Expr}}.MarshalJSON()
}

// extractions is the plan file's form of a list: an object, whose keys are the variables.
func extractions(list []Extraction) orderedObject {
	object := make(orderedObject, 0, len(list))
	for _, x := range list {
		object = append(object, member{x.Name, x})
	}
	return object
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
