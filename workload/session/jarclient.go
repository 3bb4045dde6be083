package session

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Valid reports why a client cannot set c: a name that is empty or has an equals sign,
// a semicolon or a control character in it, a value with one of the latter two, blanks
// around either, a domain that is none, a path that does not begin with a slash. The
// error is an *Error of kind ErrInvalidArgument, which does not repeat the value.
func (c Cookie) Valid() error {
	_, err := c.prepared()
	return err
}

// prepared returns c as it is stored: with a canonical domain, a path, and a time without
// location and monotonic clock.
func (c Cookie) prepared() (Cookie, error) {
	invalid := func(what string) (Cookie, error) {
		if c.Name == "" {
			return c, &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("cookie: %s", what)}
		}
		return c, &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("cookie %q: %s", c.Name, what)}
	}
	switch {
	case c.Name == "":
		return invalid("no name")
	case strings.ContainsAny(c.Name, "=;\t") || controlIn(c.Name):
		return invalid("its name has an equals sign, a semicolon or a control character in it")
	case strings.Contains(c.Value, ";") || controlIn(c.Value):
		return invalid("its value has a semicolon or a control character in it")
	case strings.Trim(c.Name, cookieBlanks) != c.Name || strings.Trim(c.Value, cookieBlanks) != c.Value:
		return invalid("blanks around its name or value")
	case controlIn(c.SameSite):
		return invalid("a control character in SameSite")
	case c.Domain == "" && c.HostOnly:
		return invalid("HostOnly without a domain")
	}
	if c.Path == "" {
		c.Path = "/"
	}
	if !validPath(c.Path) {
		return invalid("its path does not begin with a slash, or has a control character in it")
	}
	if c.Domain != "" {
		host, ok := cookieHost(strings.Trim(strings.TrimPrefix(c.Domain, "."), "[]"))
		if !ok {
			return invalid("its domain is no host name")
		}
		c.Domain = host
		c.HostOnly = c.HostOnly || isAddress(host)
	}
	c.Expires = storedTime(c.Expires)
	return c, nil
}

// storedTime returns t in the form in which a jar keeps it, no later than RFC 3339 can write.
func storedTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	if latest := time.Unix(latestUnix, 0); t.After(latest) {
		t = latest
	}
	return t.UTC().Round(0)
}

// latestUnix is 9999-12-31T23:59:59Z.
const latestUnix = 253402300799

// prepareCookies makes a call's own cookies ready for Jar.header. Of those with the same name,
// domain and path the last one counts, in the place of the first. The error is an *Error.
func prepareCookies(list []Cookie) ([]Cookie, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ready := make([]Cookie, 0, len(list))
	for _, c := range list {
		c, err := c.prepared()
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(ready, func(r Cookie) bool {
			return r.Name == c.Name && r.Domain == c.Domain && r.Path == c.Path
		})
		if i >= 0 {
			ready[i] = c
		} else {
			ready = append(ready, c)
		}
	}
	return ready, nil
}
