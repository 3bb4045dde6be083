package workload

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// mask stands where a secret was.
const mask = "***"

// secretName matches names of headers and parameters whose values are secrets, or may
// well be.
var secretName = regexp.MustCompile(`(?i)auth|cookie|token|secret|pass[-_. ]?w|pwd|api[-_. ]?key|access[-_. ]?key|private[-_. ]?key|[-_. ]key$|^key$|credential|session|signature|csrf|xsrf|jwt|\bsig\b|\bsid\b|sessid|\bcode\b|\bpin\b|\botp\b`)

// authorName matches what begins like "authorization" and is about people.
var authorName = regexp.MustCompile(`(?i)author(?:s|ity|ities)?(?:$|[^a-z])`)

// secretField finds such a field with its value in a form, in JSON or in XML.
var secretField = regexp.MustCompile(`(?i)(\\*["']?[\w.-]*(?:auth|token|secret|passw|pwd|api[-_]?key|access[-_]?key|private[-_]?key|credential|session|signature|csrf|xsrf|jwt|\bpin\b|\botp\b)[\w.-]*\\*["']?\s*[=:>]\s*)(\\+"[^"\\]*\\*"?|"(?:[^"\\]|\\.)*"|'[^']*'|[^&,}<\s]+)`)

// Masked returns a copy of the plan that may be shown: secrets are gone, all else
// stands. A body longer than 1 MiB is hidden whole, and what was read from a body_file is
// left out, as the file's name stands for it.
func (p *Plan) Masked() *Plan {
	m := *p
	m.Target = maskText(p.Target)
	m.Arms = slices.Clone(p.Arms)
	for i := range m.Arms {
		m.Arms[i].Target = maskText(m.Arms[i].Target)
	}
	m.Session.Headers = maskFields(p.Session.Headers, maskHeader)
	m.Session.Params = maskFields(p.Session.Params, maskValue)
	m.Session.Auth = p.Session.Auth.masked()
	m.Session.Cookies = maskCookies(p.Session.Cookies)
	m.Session.Proxies = maskProxies(p.Session.Proxies)
	m.Session.Adapters = slices.Clone(p.Session.Adapters)
	for i := range m.Session.Adapters {
		m.Session.Adapters[i].Prefix = maskText(m.Session.Adapters[i].Prefix)
	}
	m.Setup, m.Mix, m.Teardown = maskOperations(p.Setup), maskOperations(p.Mix), maskOperations(p.Teardown)
	return &m
}

func maskOperations(operations []Operation) []Operation {
	m := slices.Clone(operations)
	for i := range m {
		m[i] = m[i].masked()
	}
	return m
}

func (o Operation) masked() Operation {
	o.Name, o.URL = maskName(o.Name), keepTemplates(o.URL, maskText)
	o.Headers = maskFields(o.Headers, keepingTemplates(maskHeader))
	o.Params = maskFields(o.Params, keepingTemplates(maskValue))
	o.Auth = o.Auth.masked()
	o.Cookies = maskCookies(o.Cookies)
	o.Proxies = maskProxies(o.Proxies)
	if o.BodyFile != "" {
		o.Body = nil // it is shown by the name of its file
	} else {
		o.Body = []byte(keepTemplates(string(o.Body), maskGiven[string]))
	}
	o.Form = maskFields(o.Form, keepingTemplates(maskValue))
	if o.JSON != nil {
		o.JSON = json.RawMessage(keepTemplates(string(o.JSON), func(text string) string { return string(maskGivenJSON([]byte(text))) }))
	}
	o.Extract = maskDefaults(o.Extract)
	o.Steps = maskOperations(o.Steps)
	if o.Multipart != nil {
		m := Multipart{Fields: maskFields(o.Multipart.Fields, keepingTemplates(maskValue)), Files: slices.Clone(o.Multipart.Files)}
		for i, file := range m.Files {
			m.Files[i] = file.masked()
		}
		o.Multipart = &m
	}
	return o
}

// maskDefaults hides what stands for a secret where a response has none.
func maskDefaults(list []Extraction) []Extraction {
	m := slices.Clone(list)
	for i := range m {
		if x := &m[i]; x.Default != nil && x.secret() {
			hidden := maskValue("secret", *x.Default)
			x.Default = &hidden
		}
	}
	return m
}

func (f FilePart) masked() FilePart {
	if f.Content != nil {
		content := keepTemplates(*f.Content, func(text string) string { return maskValue(f.Field, maskGiven(text)) })
		f.Content = &content
	}
	return f
}

// maskFields applies hide to every value.
func maskFields(f Fields, hide func(name, value string) string) Fields {
	m := slices.Clone(f)
	for i := range m {
		m[i].Values = slices.Clone(m[i].Values)
		for j, value := range m[i].Values {
			m[i].Values[j] = hide(m[i].Name, value)
		}
	}
	return m
}

func (a *Auth) masked() *Auth {
	if a == nil {
		return nil
	}
	m := &Auth{Basic: a.Basic.masked(), Digest: a.Digest.masked(), None: a.None}
	if a.Bearer != "" {
		m.Bearer = maskSecret(a.Bearer)
	}
	return m
}

// masked hides a user without a password too: some services take their key as the user.
func (b *BasicAuth) masked() *BasicAuth {
	if b == nil {
		return nil
	}
	m := &BasicAuth{User: b.User, Password: maskSecret(b.Password)}
	if b.Password == "" {
		m.User = maskSecret(b.User)
	}
	return m
}

func maskCookies(c Cookies) Cookies {
	m := slices.Clone(c)
	for i := range m {
		m[i].Value = maskSecret(m[i].Value)
	}
	return m
}

// maskProxies hides whole user information: a proxy's user may be a key.
func maskProxies(p Proxies) Proxies {
	m := slices.Clone(p)
	for i := range m {
		if at := strings.LastIndexByte(m[i].URL, '@'); at >= 0 {
			scheme, _, ok := strings.Cut(m[i].URL[:at], "://")
			if ok {
				scheme += "://"
			} else {
				scheme = ""
			}
			user, password, _ := strings.Cut(m[i].URL[len(scheme):at], ":")
			if onlyTemplates.MatchString(user) && (password == "" || onlyTemplates.MatchString(password)) {
				continue
			}
			m[i].URL = scheme + mask + m[i].URL[at:]
		}
	}
	return m
}

// maskValue hides the value of a parameter or a field whose name says that it is secret.
func maskValue(name, value string) string {
	if SecretName(name) && !tellsNothing(name, value) {
		return mask
	}
	return value
}

// tellsNothing says of values of secret names that they are none: flags, nothing, templates, and the numbers that
// errors have.
func tellsNothing(name, value string) bool {
	switch value {
	case "", "true", "false", "null", `""`:
		return true
	}
	if onlyTemplates.MatchString(value) {
		return true
	}
	return strings.EqualFold(name, "code") && len(value) <= 3 && strings.Trim(value, "0123456789") == ""
}

// maskText masks a URL given as text. One that does not parse is masked whole
// from its first question mark or at sign.
func maskText(s string) string {
	if !strings.ContainsAny(s, "@?#") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		if i := strings.IndexAny(s, "?@"); i >= 0 {
			return s[:i] + mask
		}
		return s
	}
	return maskURL(u)
}

// maskURL writes u without its password, or without its user where there is no password: some
// services take their key as the user. Values of secret parameters are masked,
// also in a fragment, where some services put them.
func maskURL(u *url.URL) string {
	m := *u
	m.RawQuery = maskQuery(u.RawQuery)
	if masked := maskQuery(u.EscapedFragment()); masked != u.EscapedFragment() {
		m.Fragment, m.RawFragment = masked, ""
	}
	if u.User == nil {
		return m.String()
	}
	switch password, has := u.User.Password(); {
	case onlyTemplates.MatchString(cmp.Or(password, u.User.Username())): // which says where it comes from
		return m.String()
	case has:
		m.User = url.User(u.User.Username())
		return m.String()
	}
	m.User = url.User(mask)
	return strings.Replace(m.String(), m.User.String()+"@", mask+"@", 1) // the mask is not to be escaped
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
		name, value, ok := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if ok {
			parts[i] = name + "=" + maskValue(plain, value)
		}
	}
	return strings.Join(parts, "&")
}

// SecretName says whether the value of a header, a parameter, a cookie or a key with that
// name is a secret, or may well be.
func SecretName(name string) bool {
	return secretName.MatchString(authorName.ReplaceAllString(name, ""))
}
