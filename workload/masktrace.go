package workload

import (
	"encoding/json"
	"slices"
	"strings"

	"sessbench/result"
)

// MaskTrace returns a copy of t that may be shown: credentials, cookies' values, and what is
// secret by its name in headers, queries, bodies, feeds and variables are "***", and so are these values wherever else
// they stand, such as in an echo of what was sent. plan is what t came from, and may be nil. What has
// no name anywhere, such as a key in the middle of a path or of binary data, cannot be told from other
// data and stands; so do values without a name that are shorter than six characters.
func MaskTrace(t *result.Trace, plan *Plan) *result.Trace {
	return (*Environment)(nil).MaskTrace(t, plan)
}

// MaskTrace is the function of that name, with ${NAME} in the place of what came from the environment, as Hide finds it. A
// header of a request that is a text of the plan is shown as it was written, however short it is; so are the values of its query and texts in its JSON.
func (e *Environment) MaskTrace(t *result.Trace, plan *Plan) *result.Trace {
	known := secrets{}
	known.plan(plan)
	known.trace(t)
	masker := traceMasker{known.replacer(e), e}
	m := *t
	m.Target = masker.text(maskText(t.Target))
	if t.Plan != nil {
		m.Plan = []byte(known.words().replacer(nil).Replace(string(t.Plan)))
	}
	m.Operations = slices.Clone(t.Operations)
	for i := range m.Operations {
		masker.operation(&m.Operations[i])
	}
	return &m
}

// A traceMasker knows the secrets of a trace.
type traceMasker struct {
	known       *strings.Replacer
	environment *Environment
}

func (m traceMasker) text(s string) string { return m.known.Replace(s) }

func (m traceMasker) operation(o *result.TracedOperation) {
	o.Name, o.URL = m.text(maskName(o.Name)), m.text(maskText(m.environment.writtenQuery(o.URL)))
	o.Scenario = m.text(maskName(o.Scenario))
	o.Error = m.error(o.Error)
	m.looked(o)
	o.Jar = m.cookies(o.Jar)
	o.Exchanges = slices.Clone(o.Exchanges)
	for i := range o.Exchanges {
		m.exchange(&o.Exchanges[i])
	}
}

func (m traceMasker) error(e *result.TracedError) *result.TracedError {
	if e == nil {
		return nil
	}
	masked := *e
	masked.Message = m.text(maskURLs(e.Message))
	return &masked
}

func (m traceMasker) exchange(e *result.TracedExchange) {
	e.Request.URL = m.text(maskText(m.environment.writtenQuery(e.Request.URL)))
	e.Request.Headers = slices.Clone(e.Request.Headers)
	for i, h := range e.Request.Headers {
		e.Request.Headers[i].Value = Named(m.environment.Written(h.Value))
	}
	e.Request.Headers = m.headers(e.Request.Headers)
	e.Request.TracedBody = m.body(m.sent(e.Request.TracedBody))
	e.Attempts = slices.Clone(e.Attempts)
	for i := range e.Attempts {
		e.Attempts[i].Error = m.error(e.Attempts[i].Error)
	}
	if e.Response == nil {
		return
	}
	r := *e.Response
	r.Reason = m.text(r.Reason)
	r.Headers = m.headers(r.Headers)
	r.Cookies = m.cookies(r.Cookies)
	r.TracedBody = m.body(r.TracedBody)
	e.Response = &r
}

func (m traceMasker) headers(headers []result.TracedHeader) []result.TracedHeader {
	masked := slices.Clone(headers)
	for i, h := range masked {
		masked[i].Value = m.text(maskHeader(h.Name, h.Value))
	}
	return masked
}

func (m traceMasker) cookies(cookies []result.TracedCookie) []result.TracedCookie {
	masked := slices.Clone(cookies)
	for i := range masked {
		c := &masked[i]
		c.Name, c.Value, c.Domain, c.Path = m.text(c.Name), mask, m.text(c.Domain), m.text(c.Path)
	}
	return masked
}

// sent puts texts of the plan that are in JSON that was sent as they were written.
func (m traceMasker) sent(b result.TracedBody) result.TracedBody {
	data, err := b.Decode()
	if err != nil || m.environment == nil || !json.Valid(data) {
		return b
	}
	return shownAs(b, Named(string(m.environment.writtenJSON(data))))
}

// shownAs returns a body with another content in the place of its own.
func shownAs(b result.TracedBody, content string) result.TracedBody {
	shown := result.TraceBody([]byte(content))
	b.Body, b.Encoding = shown.Body, shown.Encoding
	return b
}

func (m traceMasker) body(b result.TracedBody) result.TracedBody {
	data, err := b.Decode()
	if err != nil {
		return b
	}
	masked := m.text(maskBody(string(data)))
	if masked == string(data) {
		return b
	}
	return shownAs(b, masked)
}
