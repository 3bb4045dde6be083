package main

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"sessbench/workload"
	"sessbench/workload/session"
)

// A target is a URL argument taken apart.
type target struct {
	base    string              // scheme, host and port; "": the embedded server
	path    string              // path and query
	auth    *workload.BasicAuth // from the URL's userinfo
	assumed bool                // the scheme was not given
}

// https says whether the target is reached over TLS; the embedded server is.
func (t target) https() bool { return t.base == "" || strings.HasPrefix(t.base, "https:") }

// parseTarget takes a URL argument apart. Its errors do not repeat a URL that may
// hold a password.
func parseTarget(arg string) (target, error) {
	if strings.TrimSpace(arg) == "" {
		return target{}, usagef("URL is empty; name one, or leave it out to use sessbench's own test server")
	}
	full, assumed := withScheme(arg)
	u, err := session.ParseURL(full)
	if err != nil {
		return target{}, badURL(full, err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return target{}, usagef("URL has scheme %q; use http or https", u.Scheme)
	case u.Hostname() == "":
		return target{}, usagef("URL names no host; write it as in http://localhost:8080/path")
	}
	if strings.ContainsFunc(u.Hostname(), func(r rune) bool { return r > 0x7e }) {
		return target{}, usagef("URL has host %q; write a name with such letters in its ASCII form (xn--...)", u.Hostname())
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) {
		return target{}, usagef("URL has port %s; use 1 to 65535", u.Port())
	}
	origin := url.URL{Scheme: u.Scheme, Host: u.Host} // String escapes an address's zone
	t := target{base: origin.String(), path: requestPath(u), assumed: assumed}
	if strings.HasPrefix(t.path, "//") { // as a relative URL this would name a host
		t.path = t.base + t.path
	}
	if u.User != nil {
		password, _ := u.User.Password()
		t.auth = &workload.BasicAuth{User: u.User.Username(), Password: password}
	}
	return t, nil
}

// withScheme puts http before what has no scheme, such as localhost:8080/x. What
// begins with "http:" meant to have one.
func withScheme(arg string) (full string, assumed bool) {
	lower := strings.ToLower(arg)
	if strings.Contains(arg, "://") || strings.HasPrefix(lower, "http:") || strings.HasPrefix(lower, "https:") {
		if scheme, _, _ := strings.Cut(arg, "://"); !strings.ContainsAny(scheme, "/?#@") {
			return arg, false
		}
	}
	return "http://" + arg, true
}

func badURL(full string, err error) error {
	why := "check its host and port"
	if parse, ok := errors.AsType[*url.Error](err); ok && !strings.Contains(full, "@") {
		why = parse.Err.Error()
	} else if ok {
		why = "check its host, and write special characters of the user and password as %XX"
	}
	return usagef("URL is malformed: %s", why)
}

func requestPath(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + strings.ReplaceAll(u.RawQuery, " ", "%20")
	}
	return path
}
