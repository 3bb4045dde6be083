package workload

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// A KeyError says which key of a plan is wrong, why, and how to mend it.
type KeyError struct {
	Key     string // e.g. "load.workers"
	Problem string // e.g. "is 0; it must be at least 1"
}

func (e *KeyError) Error() string { return e.Key + " " + e.Problem }

// Validate reports the first thing in the plan that cannot be carried out, as a
// *KeyError.
func (p *Plan) Validate() error {
	if problems := p.Problems(); len(problems) > 0 {
		return problems[0]
	}
	return nil
}

// Problems lists everything in the plan that cannot be carried out. What follows only from something else in the list is not in it.
func (p *Plan) Problems() []*KeyError {
	var problems []*KeyError
	add := func(err error) { problems = append(problems, KeyErrors(err)...) }
	wrongTarget := validateTarget(p.Target)
	add(wrongTarget)
	add(validateArms(p.Arms, nil))
	if len(p.Mix) == 0 {
		add(&KeyError{"mix", "is empty; name at least one operation"})
	}
	add(p.Feeds.validate())
	add(p.validateOperations())
	add(p.Session.validate())
	add(p.Connection.validate())
	add(p.Emulate.validate())
	if wrongTarget == nil {
		add(p.validateArmsHere())
	}
	add(p.validateLoad())
	add(p.validateConditions())
	return append(problems, p.languageProblems()...)
}

// KeyErrors lists the KeyErrors that err was joined from; other errors in it are left out.
func KeyErrors(err error) []*KeyError {
	switch e := err.(type) {
	case *KeyError:
		return []*KeyError{e}
	case interface{ Unwrap() []error }:
		var list []*KeyError
		for _, each := range e.Unwrap() {
			list = append(list, KeyErrors(each)...)
		}
		return list
	}
	return nil
}

// validateTarget does not repeat a URL that may hold a password.
func validateTarget(target string) error {
	if target == "" {
		return nil
	}
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return &KeyError{"target", "is not a URL: " + urlReason(target, err)}
	case u.Scheme != "http" && u.Scheme != "https":
		return &KeyError{"target", fmt.Sprintf("has scheme %q; use http or https", u.Scheme)}
	case u.Hostname() == "":
		return &KeyError{"target", "names no host; write it as in http://localhost:8080/"}
	}
	return nil
}

// urlReason is why a URL cannot be parsed, without the URL.
func urlReason(text string, err error) string {
	if parse, ok := errors.AsType[*url.Error](err); ok && !strings.ContainsAny(text, "@?") {
		return parse.Err.Error()
	}
	return "check its host and port, and write special characters as %XX"
}

func (s *SessionPlan) validate() error {
	return errors.Join(
		validateHeaders("session.headers", s.Headers),
		validateCookies("session.cookies", s.Cookies),
		s.Auth.validate("session.auth"),
		s.Timeout.validate("session.timeout"),
		validateProxies("session.proxies", s.Proxies),
		s.TLS.validate("session.tls"),
		validateCount("session.max_redirects", s.MaxRedirects),
		s.Adapters.validate(),
		s.validateRules(),
		s.validateRenewal(),
	)
}

func (s *SessionPlan) validateRenewal() error {
	if s.RenewEvery < 0 || s.RenewEvery > mostCount {
		return &KeyError{"session.renew_every", fmt.Sprintf("is %d; it must be from 1 to %d, or left out", s.RenewEvery, mostCount)}
	}
	return nil
}

func validateHeaders(key string, fields Fields) error {
	var problems []error
	for _, field := range fields {
		if problem := headerProblem(field); problem != "" {
			problems = append(problems, &KeyError{key + "." + field.Name, problem})
		}
	}
	return errors.Join(problems...)
}

func headerProblem(field session.Field) string {
	for _, value := range append([]string{""}, field.Values...) {
		if err := wire.ValidateHeader(field.Name, value); err != nil {
			return "cannot be sent: " + err.Error()
		}
	}
	if strings.EqualFold(field.Name, "Content-Length") || strings.EqualFold(field.Name, "Transfer-Encoding") {
		return fmt.Sprintf("has %s, which sessbench sends according to the body; leave it out", field.Name)
	}
	return ""
}

func validateCookies(key string, cookies Cookies) error {
	var problems []error
	for _, c := range cookies {
		if err := validateCookie(c.Name, c.Value); err != nil {
			problems = append(problems, &KeyError{key + "." + c.Name, "cannot be sent: " + err.Error()})
		}
	}
	return errors.Join(problems...)
}

// validateCookie looks for what would end a cookie early. The error has no value.
func validateCookie(name, value string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "=;\r\n\x00"):
		return fmt.Errorf("cookie name %q is empty or has an equals sign, a semicolon or a line break", name)
	case strings.Contains(value, ";"):
		return fmt.Errorf("cookie %s has a semicolon in its value", name)
	}
	if err := wire.ValidateHeader("Cookie", name+"="+value); err != nil {
		return fmt.Errorf("cookie %s: %w", name, err)
	}
	return nil
}

func (a *Auth) validate(key string) error {
	if a == nil {
		return nil
	}
	kinds := 0
	for _, set := range []bool{a.Basic != nil, a.Bearer != "", a.Digest != nil, a.None} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return &KeyError{key, fmt.Sprintf("has %d kinds; give one of basic, bearer and digest, or write none", kinds)}
	case a.Digest != nil && wire.ValidateHeader("Authorization", "Digest "+a.Digest.User) != nil:
		return &KeyError{key + ".digest.user", "has a line break or a control character in it; give the name alone"}
	case wire.ValidateHeader("Authorization", "Bearer "+a.Bearer) != nil:
		return &KeyError{key + ".bearer", "has a line break or a control character in it; give the token alone"}
	}
	return nil
}

func (t *Timeout) validate(key string) error {
	if t == nil {
		return nil
	}
	return errors.Join(
		validateTime(key+".connect", time.Duration(t.Connect)),
		validateTime(key+".read", time.Duration(t.Read)),
		validateTime(key+".write", time.Duration(t.Write)),
		validateTime(key+".total", time.Duration(t.Total)),
	)
}

// validateTime is about a time for which 0 is none.
func validateTime(key string, d time.Duration) error {
	switch {
	case d < 0:
		return &KeyError{key, fmt.Sprintf("is %v; use a positive time, or 0 for none", d)}
	case d > longestTime:
		return &KeyError{key, fmt.Sprintf("is %v; it must be at most %v", d, longestTime)}
	}
	return nil
}

func (t *TLSPlan) validate(key string) error {
	if t == nil {
		return nil
	}
	var alone error
	if t.Key != "" && t.Cert == "" {
		alone = &KeyError{key + ".key", "is given without " + key + ".cert; name the certificate too"}
	}
	return errors.Join(alone, t.validateNames(key))
}

// proxySchemes are those of wire.ProxyKind.
var proxySchemes = []string{"http", "https", "socks4", "socks4a", "socks5", "socks5h"}

// validateProxies does not repeat URLs, in which there may be a password.
func validateProxies(key string, proxies Proxies) error {
	var problems []error
	for _, rule := range proxies {
		if problem := proxyProblem(rule); problem != "" {
			problems = append(problems, &KeyError{key + "." + rule.For, problem})
		}
	}
	return errors.Join(problems...)
}

func proxyProblem(rule session.ProxyRule) string {
	if rule.Remove || rule.URL == "" || rule.For == "no_proxy" {
		return ""
	}
	text := rule.URL
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "is not a URL: " + urlReason(text, err)
	case !slices.Contains(proxySchemes, u.Scheme):
		return fmt.Sprintf("has scheme %q; use one of %s", u.Scheme, strings.Join(proxySchemes, ", "))
	case u.Hostname() == "":
		return "names no host; write it as in http://proxy.example:3128"
	}
	return ""
}

func validateCount(key string, n *int) error {
	switch {
	case n == nil:
		return nil
	case *n < 0:
		return &KeyError{key, fmt.Sprintf("is %d; it must be at least 0", *n)}
	case *n > mostCount:
		return &KeyError{key, fmt.Sprintf("is %d; it must be at most %d", *n, mostCount)}
	}
	return nil
}

func (a Adapters) validate() error {
	var problems []error
	for _, adapter := range a {
		key := "session.adapters." + adapter.Prefix
		u, err := url.Parse(adapter.Prefix)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !strings.HasPrefix(adapter.Prefix, u.Scheme+"://") {
			problems = append(problems, &KeyError{key, "is not the beginning of a URL; write it as in https://api.example.com/"})
		}
		problems = append(problems,
			validateCount(key+".pool_connections", adapter.PoolConnections),
			validateCount(key+".pool_maxsize", adapter.PoolMaxsize),
			validateRetries(key+".retries", adapter.Retries))
	}
	return errors.Join(problems...)
}

func validateRetries(key string, r *session.Retry) error {
	if r == nil {
		return nil
	}
	problems := []error{
		validateCount(key+".total", r.Total),
		validateCount(key+".connect", r.Connect),
		validateCount(key+".read", r.Read),
		validateCount(key+".status", r.Status),
		validateCount(key+".redirect", r.Redirect),
		validateCount(key+".other", r.Other),
		validateTime(key+".backoff", r.Backoff),
		validateTime(key+".backoff_max", r.BackoffMax),
		validateTime(key+".jitter", r.Jitter),
		validateTime(key+".retry_after_max", r.RetryAfterMax),
	}
	for i, method := range r.Methods {
		if !isMethod(method) {
			problems = append(problems, &KeyError{itemKey(key+".methods", i, len(r.Methods)), fmt.Sprintf("has %q; write one word for each method, such as GET", method)})
		}
	}
	for i, status := range r.Statuses {
		if status < 100 || status > 599 {
			problems = append(problems, &KeyError{itemKey(key+".statuses", i, len(r.Statuses)), fmt.Sprintf("has %d; use 100 to 599", status)})
		}
	}
	return errors.Join(problems...)
}

// itemKey is the key of an item of a list; the only item may stand without one.
func itemKey(key string, i, of int) string {
	if of == 1 {
		return key
	}
	return fmt.Sprintf("%s[%d]", key, i)
}

// validateRules looks at what is there in the place of DNS.
func (s *SessionPlan) validateRules() error {
	var problems []error
	add := func(key string, i, of int, err error) {
		if e, ok := errors.AsType[*KeyError](err); ok {
			problems = append(problems, &KeyError{itemKey(key, i, of), e.Problem})
		}
	}
	for i, rule := range s.Resolve {
		_, _, err := parseResolve(rule)
		add("session.resolve", i, len(s.Resolve), err)
	}
	for i, rule := range s.ConnectTo {
		_, err := parseConnectTo(rule)
		add("session.connect_to", i, len(s.ConnectTo), err)
	}
	return errors.Join(problems...)
}
