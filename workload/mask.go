package workload

import (
	"net/url"
	"regexp"
	"strings"

	session "sessbench/workload/plainsession"
)

// mask stands where a secret was.
const mask = "***"

// secretName matches names of headers and parameters whose values are secrets, or may
// well be.
var secretName = regexp.MustCompile(`(?i)auth|cookie|token|secret|passw|pwd|api[-_]?key|access[-_]?key|private[-_]?key|[-_]key$|^key$|credential|session|signature|csrf|xsrf|jwt|\bsig\b|\bcode\b|\bpin\b|\botp\b`)

// secretField finds such a field with its value in a form, in JSON or in XML.
var secretField = regexp.MustCompile(`(?i)(["']?[\w.-]*(?:auth|token|secret|passw|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|session|signature|csrf|xsrf|jwt|\bpin\b|\botp\b)[\w.-]*["']?\s*[=:>]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^&,}<\s]+)`)

// Masked returns a copy of the plan that may be shown: secrets are gone, all else
// stands.
func (p *Plan) Masked() *Plan {
	m := *p
	m.Target = maskText(p.Target)
	m.Session.Headers = p.Session.Headers.masked()
	if p.Session.Auth != nil && p.Session.Auth.Basic != nil {
		m.Session.Auth = &Auth{Basic: p.Session.Auth.Basic.masked()}
	}
	m.Session.Cookies = make(session.Cookies, len(p.Session.Cookies))
	for i, c := range p.Session.Cookies {
		m.Session.Cookies[i] = session.Cookie{Name: c.Name, Value: mask}
	}
	m.Mix = make([]Operation, len(p.Mix))
	for i, o := range p.Mix {
		o.Name, o.URL = maskName(o.Name), maskText(o.URL)
		o.Headers = o.Headers.masked()
		o.Body = secretField.ReplaceAll(o.Body, []byte(`${1}"`+mask+`"`))
		m.Mix[i] = o
	}
	return &m
}

// masked hides a user without a password too: some services take their key as the user.
func (b *BasicAuth) masked() *BasicAuth {
	m := &BasicAuth{User: b.User, Password: mask}
	if b.Password == "" {
		m.User = mask
	}
	return m
}

func (h Headers) masked() Headers {
	m := make(Headers, len(h))
	for i, line := range h {
		if secretName.MatchString(line.Name) {
			line.Value = mask
		}
		m[i] = line
	}
	return m
}

// maskText masks a URL given as text. One that does not parse is masked whole
// from its first question mark or at sign.
func maskText(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		if i := strings.IndexAny(s, "?@"); i >= 0 {
			return s[:i] + mask
		}
		return s
	}
	return maskURL(u)
}

// maskURL writes u without its password and without the values of secret
// parameters.
func maskURL(u *url.URL) string {
	m := *u
	if _, has := u.User.Password(); has {
		m.User = url.User(u.User.Username())
	}
	m.RawQuery = maskQuery(u.RawQuery)
	return m.String()
}

// maskName masks a query in an operation's name, which is no URL.
func maskName(name string) string {
	before, query, ok := strings.Cut(name, "?")
	if !ok {
		return name
	}
	return before + "?" + maskQuery(query)
}

func maskQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, ok := strings.Cut(part, "="); ok && secretName.MatchString(name) {
			parts[i] = name + "=" + mask
		}
	}
	return strings.Join(parts, "&")
}
