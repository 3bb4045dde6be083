package workload

import (
	"net/url"
	"strings"

	"sessbench/workload/session"
)

// address writes the URL of the request that stands for all of a target, without secrets: where it goes to, and behind that ${NAME} for what came
// from the environment, in target and the mix's only URL as they were written, and in parameters whose values are texts of the plan.
func (e *Environment) address(u *url.URL, p *Plan, target string) string {
	if e == nil || len(e.texts) == 0 {
		return maskURL(u)
	}
	m := *u
	own := ""
	for _, reference := range []string{p.onlyURL(), ""} {
		plain, ok := resolved(target, reference, u)
		if !ok || plain.Host != u.Host || plain.EscapedPath() != u.EscapedPath() || !strings.HasPrefix(u.RawQuery, plain.RawQuery) {
			continue
		}
		written, ok := resolved(e.Written(target), e.Written(reference), u)
		if !ok {
			continue
		}
		m, own = *written, plain.RawQuery
		break
	}
	parameters := e.writtenPairs(strings.TrimPrefix(u.RawQuery, own))
	if own == "" {
		m.RawQuery = ""
	}
	origin := url.URL{Scheme: m.Scheme, User: m.User, Host: m.Host}
	rest := url.URL{Path: m.Path, RawPath: m.RawPath, RawQuery: m.RawQuery + parameters, Fragment: m.Fragment, RawFragment: m.RawFragment}
	return Named(maskURL(&origin)) + e.Hide(Named(maskURL(&rest)))
}

// writtenPairs returns a query whose values are as they were written, where they are texts of the plan.
func (e *Environment) writtenPairs(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		text, err := url.QueryUnescape(value)
		if written := e.Written(text); err == nil && written != text {
			pairs[i] = name + "=" + url.QueryEscape(written)
		}
	}
	return strings.Join(pairs, "&")
}

// writtenQuery is writtenPairs for the query of a URL, with ${NAME}.
func (e *Environment) writtenQuery(text string) string {
	before, query, ok := strings.Cut(text, "?")
	if !ok || e == nil {
		return text
	}
	query, fragment, hasFragment := strings.Cut(query, "#")
	text = before + "?" + Named(e.writtenPairs(query))
	if hasFragment {
		text += "#" + fragment
	}
	return text
}

// resolved is the URL that a reference has at a target. A variable that is all of one of them, and has more in it than where the request u goes
// to, is taken for a path there.
func resolved(target, reference string, u *url.URL) (*url.URL, bool) {
	base, err1 := session.ParseURL(target)
	ref, err2 := session.ParseURL(reference)
	if err1 != nil || err2 != nil {
		return nil, false
	}
	if base.Host == "" && variables.MatchString(target) {
		base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/" + base.Path + "/"}
	}
	if ref.Host == "" && ref.Path != "" && variables.ReplaceAllString(ref.Path, "") == "" {
		return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/" + ref.Path}, true
	}
	full := base.ResolveReference(ref)
	if !ref.IsAbs() && ref.Host == "" {
		full.User = base.User
	}
	return full, true
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
