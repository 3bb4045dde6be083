package workload

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"sessbench/result"
)

// secrets are values that were secret where they had a name, and are so wherever a server repeats
// them.
type secrets map[string]bool

// shortestSecret is how long a value has to be to be looked for where it has no name: shorter ones
// stand in any text.
const shortestSecret = 6

// add enters a value in the forms in which it is written. What has no letter could be
// any number, and the names of secrets are often used as values of examples.
func (s secrets) add(value string) {
	value = strings.TrimSpace(value)
	if len(value) < shortestSecret || value == mask || onlyTemplates.MatchString(value) || !strings.ContainsFunc(value, notNumeric) {
		return
	}
	if isWordOfSecrets(value) {
		return
	}
	text, _ := json.Marshal(value) // of a string: cannot fail
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), string(text[1 : len(text)-1])} {
		s[form] = true
	}
}

// isWordOfSecrets says of a value that it is a word which stands wherever secrets do.
func isWordOfSecrets(value string) bool {
	switch strings.ToLower(value) {
	case "password", "passwd", "secret", "session", "cookie", "cookies", "bearer", "digest", "access_token", "api-key", "authorization", "deleted":
		return true
	}
	return false
}

func notNumeric(r rune) bool { return !strings.ContainsRune("0123456789+-.,:/ ", r) }

// credentials enters what an Authorization header has behind its scheme.
func (s secrets) credentials(value string) {
	scheme, rest, ok := strings.Cut(value, " ")
	if !ok {
		s.add(value)
		return
	}
	s.add(rest)
	plain, err := base64.StdEncoding.DecodeString(rest)
	if !strings.EqualFold(scheme, "Basic") || err != nil {
		return
	}
	user, password, _ := strings.Cut(string(plain), ":")
	s.basic(&BasicAuth{User: user, Password: password})
}

// basic enters a password, or the user where there is none.
func (s secrets) basic(b *BasicAuth) {
	if b == nil {
		return
	}
	s.add(cmp.Or(b.Password, b.User))
	s.add(base64.StdEncoding.EncodeToString([]byte(b.User + ":" + b.Password)))
}

func (s secrets) auth(a *Auth) {
	if a != nil {
		s.basic(a.Basic)
		s.basic(a.Digest)
		s.add(a.Bearer)
	}
}

// header enters what maskHeader hides of a header.
func (s secrets) header(name, value string) {
	switch strings.ToLower(name) {
	case "www-authenticate", "proxy-authenticate":
	case "authorization", "proxy-authorization":
		s.credentials(value)
	case "cookie":
		for pair := range strings.SplitSeq(value, ";") {
			_, value, _ := strings.Cut(pair, "=")
			s.add(value)
		}
	case "set-cookie":
		pair, _, _ := strings.Cut(value, ";")
		_, value, _ := strings.Cut(pair, "=")
		s.add(value)
	default:
		s.named(name, value)
	}
}

// named enters a value whose name says that it is secret.
func (s secrets) named(name, value string) {
	if SecretName(name) && !tellsNothing(name, value) {
		s.add(value)
	}
}

func (s secrets) fields(f Fields, enter func(name, value string)) {
	for _, field := range f {
		for _, value := range field.Values {
			enter(field.Name, value)
		}
	}
}

// url enters user information and secret parameters.
func (s secrets) url(text string) {
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if u.User != nil {
		password, _ := u.User.Password()
		s.basic(&BasicAuth{User: u.User.Username(), Password: password})
	}
	for name, values := range u.Query() {
		for _, value := range values {
			s.named(name, value)
		}
	}
}

// plan enters what Masked hides, but for what is secret inside of bodies.
func (s secrets) plan(p *Plan) {
	if p == nil {
		return
	}
	s.url(p.Target)
	for i := range p.Arms {
		s.url(p.Arms[i].Target)
	}
	s.fields(p.Session.Headers, s.header)
	s.fields(p.Session.Params, s.named)
	s.auth(p.Session.Auth)
	s.cookies(p.Session.Cookies)
	s.proxies(p.Session.Proxies)
	p.eachOperation(func(o *Operation, _ string) { s.operation(o) })
}

func (s secrets) operation(o *Operation) {
	s.url(o.URL)
	s.fields(o.Headers, s.header)
	s.fields(o.Params, s.named)
	s.fields(o.Form, s.named)
	s.auth(o.Auth)
	s.cookies(o.Cookies)
	s.proxies(o.Proxies)
	if o.Multipart != nil {
		s.fields(o.Multipart.Fields, s.named)
	}
	for i := range o.Extract {
		if x := &o.Extract[i]; x.Default != nil && x.secret() {
			s.value(*x.Default)
		}
	}
}

func (s secrets) cookies(list Cookies) {
	for _, c := range list {
		s.add(c.Value)
	}
}

func (s secrets) proxies(list Proxies) {
	for _, rule := range list {
		if rule.For != "no_proxy" {
			text := rule.URL
			if !strings.Contains(text, "://") {
				text = "http://" + text
			}
			s.url(text)
		}
	}
}

// trace enters the headers and cookies that went to and fro, and what came from feeds and responses.
func (s secrets) trace(t *result.Trace) {
	for _, o := range t.Operations {
		s.looked(&o)
		for _, c := range o.Jar {
			s.add(c.Value)
		}
		for _, e := range o.Exchanges {
			s.url(e.Request.URL)
			for _, h := range e.Request.Headers {
				s.header(h.Name, h.Value)
			}
			if e.Response == nil {
				continue
			}
			for _, h := range e.Response.Headers {
				s.header(h.Name, h.Value)
			}
		}
	}
}

// words are those that are no numbers, which JSON has without quotes.
func (s secrets) words() secrets {
	words := maps.Clone(s)
	maps.DeleteFunc(words, func(value string, _ bool) bool { return !strings.ContainsFunc(value, notNumeric) })
	return words
}

// replacer returns what hides the values, and those of the environment, in a text.
func (s secrets) replacer(e *Environment) *strings.Replacer {
	hidden := e.forms(shortestSecret)
	for value := range s {
		hidden[value] = cmp.Or(hidden[value], mask)
	}
	return replacer(hidden)
}

// replacer puts something else in the place of what is to be hidden. Of values that begin alike the longest goes first.
func replacer(hidden map[string]string) *strings.Replacer {
	var pairs []string
	for _, value := range slices.SortedFunc(maps.Keys(hidden), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) {
		pairs = append(pairs, value, hidden[value])
	}
	return strings.NewReplacer(pairs...)
}
