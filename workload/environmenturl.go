package workload

import (
	"net/url"
	"regexp"
	"strings"

	"sessbench/workload/session"
)

// address writes the URL of the request that stands for all of a target, without secrets and with ${NAME} for what came from the
// environment: target and the mix's only URL as they were written, and parameters whose values are texts of the plan.
func (e *Environment) address(u *url.URL, p *Plan, target string) string {
	if e == nil || len(e.texts) == 0 {
		return maskURL(u)
	}
	m := *u
	own := ""
	for _, reference := range []string{p.onlyURL(), ""} {
		plain, ok := resolved(target, reference)
		if !ok || plain.Host != u.Host || plain.EscapedPath() != u.EscapedPath() || !strings.HasPrefix(u.RawQuery, plain.RawQuery) {
			continue
		}
		written, ok := resolved(withPort(e.Written(target), u), withPort(e.Written(reference), u))
		if !ok {
			continue
		}
		m, own = *written, plain.RawQuery
		break
	}
	rest := strings.Split(strings.TrimPrefix(u.RawQuery, own), "&")
	for i, pair := range rest {
		name, value, _ := strings.Cut(pair, "=")
		text, err := url.QueryUnescape(value)
		if written := e.Written(text); err == nil && written != text {
			rest[i] = name + "=" + url.QueryEscape(written)
		}
	}
	if own == "" {
		m.RawQuery = ""
	}
	m.RawQuery += strings.Join(rest, "&")
	return e.Hide(Named(maskURL(&m)))
}

// resolved is the URL that a reference has at a target. One that is a variable as a whole stands for scheme and host.
func resolved(target, reference string) (*url.URL, bool) {
	base, err1 := session.ParseURL(target)
	ref, err2 := session.ParseURL(reference)
	if err1 != nil || err2 != nil {
		return nil, false
	}
	if base.Host == "" && variables.MatchString(target) {
		base = &url.URL{Host: base.Path}
	}
	if ref.Host == "" && ref.Path != "" && variables.ReplaceAllString(ref.Path, "") == "" {
		return &url.URL{Path: ref.Path}, true
	}
	u := base.ResolveReference(ref)
	if !ref.IsAbs() && ref.Host == "" {
		u.User = base.User
	}
	return u, true
}

// variablePort matches a port that is a variable: URLs have room for numbers only.
var variablePort = regexp.MustCompile(`:zqvariable[0-9a-f]+qz([/?#]|$)`)

func withPort(text string, u *url.URL) string {
	return variablePort.ReplaceAllString(text, ":"+u.Port()+"$1")
}

// onlyURL is the URL of a mix that makes but one request, or "".
func (p *Plan) onlyURL() string {
	items := p.Mix
	if len(items) == 1 && items[0].Steps != nil {
		items = items[0].Steps
	}
	if len(items) != 1 {
		return ""
	}
	return items[0].URL
}
