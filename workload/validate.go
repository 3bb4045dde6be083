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

// Problems lists what in the plan cannot be carried out. Of what belongs together it is the
// first problem.
func (p *Plan) Problems() []*KeyError {
	var problems []*KeyError
	add := func(err error) { problems = append(problems, keyErrors(err)...) }
	wrongTarget, wrongArms := validateTarget(p.Target), validateArms(p.Arms)
	add(wrongTarget)
	add(wrongArms)
	if wrongArms == nil {
		add(p.validateConditions())
	}
	if len(p.Mix) == 0 {
		add(&KeyError{"mix", "is empty; name at least one operation"})
	}
	add(p.Feeds.validate())
	add(p.validateOperations())
	add(p.Session.validate())
	add(p.Connection.validate())
	add(p.Emulate.validate())
	if wrongTarget == nil && wrongArms == nil {
		add(p.validateArmsHere())
	}
	add(p.validateLoad())
	if wrongArms == nil {
		add(p.validateConditions())
	}
	return append(problems, p.languageProblems()...)
}

// keyErrors lists the KeyErrors that err was joined from.
func keyErrors(err error) []*KeyError {
	switch e := err.(type) {
	case *KeyError:
		return []*KeyError{e}
	case interface{ Unwrap() []error }:
		var list []*KeyError
		for _, each := range e.Unwrap() {
			list = append(list, keyErrors(each)...)
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
		s.validateRenewal(),
	)
}

func (s *SessionPlan) validateRenewal() error {
	if s.RenewEvery < 0 {
		return &KeyError{"session.renew_every", fmt.Sprintf("is %d; it must be at least 1, or left out", s.RenewEvery)}
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
	for _, limit := range []struct {
		key   string
		value Duration
	}{{"connect", t.Connect}, {"read", t.Read}, {"write", t.Write}, {"total", t.Total}} {
		if limit.value < 0 {
			return &KeyError{key + "." + limit.key, fmt.Sprintf("is %v; use a positive time, or 0 for none", time.Duration(limit.value))}
		}
	}
	return nil
}

func (t *TLSPlan) validate(key string) error {
	switch {
	case t == nil:
		return nil
	case t.Key != "" && t.Cert == "":
		return &KeyError{key + ".key", "is given without " + key + ".cert; name the certificate too"}
	}
	return t.validateNames(key)
}

// proxySchemes are those of wire.ProxyKind.
var proxySchemes = []string{"http", "https", "socks4", "socks4a", "socks5", "socks5h"}

// validateProxies does not repeat URLs, in which there may be a password.
func validateProxies(key string, proxies Proxies) error {
	for _, rule := range proxies {
		if rule.Remove || rule.URL == "" || rule.For == "no_proxy" {
			continue
		}
		text := rule.URL
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		u, err := url.Parse(text)
		switch {
		case err != nil:
			return &KeyError{key + "." + rule.For, "is not a URL: " + urlReason(text, err)}
		case !slices.Contains(proxySchemes, u.Scheme):
			return &KeyError{key + "." + rule.For, fmt.Sprintf("has scheme %q; use one of %s", u.Scheme, strings.Join(proxySchemes, ", "))}
		case u.Hostname() == "":
			return &KeyError{key + "." + rule.For, "names no host; write it as in http://proxy.example:3128"}
		}
	}
	return nil
}

func validateCount(key string, n *int) error {
	if n != nil && *n < 0 {
		return &KeyError{key, fmt.Sprintf("is %d; it must be at least 0", *n)}
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
	for _, count := range []struct {
		key string
		n   *int
	}{{"total", r.Total}, {"connect", r.Connect}, {"read", r.Read}, {"status", r.Status}, {"redirect", r.Redirect}, {"other", r.Other}} {
		if err := validateCount(key+"."+count.key, count.n); err != nil {
			return err
		}
	}
	for _, wait := range []struct {
		key string
		d   time.Duration
	}{{"backoff", r.Backoff}, {"backoff_max", r.BackoffMax}, {"jitter", r.Jitter}, {"retry_after_max", r.RetryAfterMax}} {
		if wait.d < 0 {
			return &KeyError{key + "." + wait.key, fmt.Sprintf("is %v; use a positive time, or 0 for none", wait.d)}
		}
	}
	for _, method := range r.Methods {
		if !isMethod(method) {
			return &KeyError{key + ".methods", fmt.Sprintf("has %q; write one word for each method, such as GET", method)}
		}
	}
	for _, status := range r.Statuses {
		if status < 100 || status > 599 {
			return &KeyError{key + ".statuses", fmt.Sprintf("has %d; use 100 to 599", status)}
		}
	}
	return nil
}
