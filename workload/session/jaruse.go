package session

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Len returns how many cookies the jar holds.
func (j *Jar) Len() int {
	j.sweep()
	return len(j.list)
}

// All returns all cookies, in the order in which they were first stored. The caller
// owns the result, as that of the methods below.
func (j *Jar) All() []Cookie { return j.Filter("", "") }

// Filter returns the cookies with that domain and that path, not of what lies beneath
// them; "" stands for any.
func (j *Jar) Filter(domain, path string) []Cookie {
	j.sweep()
	chosen := wanted("", domain, path)
	list := make([]Cookie, 0, len(j.list))
	for i := range j.list {
		if chosen(&j.list[i]) {
			list = append(list, j.list[i].Cookie)
		}
	}
	return list
}

// Cookies returns the cookies that a call of u begins with, in the order in which they are sent.
func (j *Jar) Cookies(u *url.URL) []Cookie {
	s, ok := scopeOf(u, "")
	if !ok {
		return nil
	}
	j.sweep()
	var list []Cookie
	for _, c := range j.pick(nil, &s, nil) {
		list = append(list, *c)
	}
	return list
}

// Get returns the value of the cookie with that name; ok says whether there is one. A name that is
// held for several domains or paths is an *Error of kind ErrAmbiguousCookie: use Filter or Cookies.
func (j *Jar) Get(name string) (value string, ok bool, err error) {
	j.sweep()
	for i := range j.list {
		switch c := &j.list[i].Cookie; {
		case c.Name != name:
		case ok:
			return "", false, &Error{Kind: ErrAmbiguousCookie, Err: fmt.Errorf("cookie %q", name)}
		default:
			value, ok = c.Value, true
		}
	}
	return value, ok, nil
}

// Delete removes the cookies with that name, domain and path, and returns their number;
// "" stands for any.
func (j *Jar) Delete(name, domain, path string) int {
	j.sweep()
	return j.remove(wanted(name, domain, path))
}

// Clear removes all cookies.
func (j *Jar) Clear() { j.remove(func(*jarEntry) bool { return true }) }

// ClearSession removes the cookies without an expiry, as the end of a browser's session does, and
// returns their number.
func (j *Jar) ClearSession() int {
	j.sweep()
	return j.remove(func(e *jarEntry) bool { return e.Expires.IsZero() })
}

// Clone returns a jar of its own with the same cookies.
func (j *Jar) Clone() *Jar {
	clone := *j
	clone.list = slices.Clone(j.list)
	return &clone
}

// wanted returns what chooses cookies by name, domain and path; "" stands for any.
func wanted(name, domain, path string) func(*jarEntry) bool {
	if domain != "" {
		domain = strings.Trim(strings.TrimPrefix(domain, "."), "[]")
		if canonical, ok := cookieHost(domain); ok {
			domain = canonical
		}
	}
	return func(e *jarEntry) bool {
		return (name == "" || e.Name == name) && (domain == "" || e.Domain == domain) && (path == "" || e.Path == path)
	}
}
