package session

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// isRedirect reports whether a response with that status and Location is followed.
func isRedirect(status int, location []byte) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return len(location) > 0
	}
	return false
}

// redirectMethod returns the method of the next hop, and whether the body goes along: always with 307
// and 308. With 302 and 303 all methods but HEAD become GET. With 301 only POST does: RFC 9110,
// section 15.4.2, excepts no other method from being repeated as it was, so PUT, PATCH, DELETE and the
// rest keep method and body. (requests sends those without the body, which changes what they say.)
func redirectMethod(status int, method string) (next string, body bool) {
	switch {
	case status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect:
		return method, true
	case method == "GET" || method == "HEAD":
		return method, false
	case status == http.StatusMovedPermanently && method != "POST":
		return method, true
	}
	return "GET", false
}

// dropBodyHeaders returns headers without those that speak of a body: the content-specific ones
// that RFC 9110, section 15.4, names, all others in Content-, those of the framing, and Expect, which must
// not come without a body (section 10.1.1). headers are not changed.
func dropBodyHeaders(headers []wire.Header) []wire.Header {
	kept := make([]wire.Header, 0, len(headers))
	for _, line := range headers {
		if !speaksOfBody(line.Name) {
			kept = append(kept, line)
		}
	}
	return kept
}

func speaksOfBody(name string) bool {
	const family = "Content-"
	if len(name) > len(family) && strings.EqualFold(name[:len(family)], family) {
		return true
	}
	for _, other := range [...]string{"Transfer-Encoding", "Trailer", "Expect", "Digest", "Last-Modified"} {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// redirectURL resolves a Location against the URL that was answered with it (RFC 3986, section 5.2),
// without user information; a fragment is inherited. relative reports that the Location names no
// host. A scheme without a host, as in http:two, is read as if it were not there where it is that of
// current. URLs of schemes other than http and https are returned as they are. The error is an
// *Error of kind ErrInvalidURL that carries current.
func redirectURL(current *url.URL, location []byte) (next *url.URL, relative bool, err error) {
	ref := splitReference(string(location))
	fragment := ref.fragment
	if fragment == "" {
		fragment = current.EscapedFragment()
	}
	if ref.authority == "" && (ref.scheme == "" || ref.scheme == current.Scheme) {
		next = resolvePath(current, ref)
		setFragment(next, fragment)
		return next, true, nil
	}
	if ref.scheme == "" {
		ref.scheme = current.Scheme
	}
	if !isWeb(ref.scheme) {
		return ref.withoutUser().foreign(), false, nil
	}
	ref.fragment = fragment
	next, err = ref.web()
	if err != nil {
		if shown := visible(string(location)); shown != "" {
			err = fmt.Errorf("redirect to %s: %w", shown, err)
		} else {
			err = fmt.Errorf("redirect: %w", err)
		}
		return nil, false, &Error{Kind: ErrInvalidURL, URL: publicURL(current), Err: err}
	}
	next.User = nil
	return next, false, nil
}

// resolvePath resolves a reference without an authority.
func resolvePath(current *url.URL, ref reference) *url.URL {
	next := &url.URL{Scheme: current.Scheme, Host: current.Host, RawQuery: requote(ref.query, isQueryByte)}
	switch path := current.EscapedPath(); {
	case ref.path == "":
		setPath(next, path)
		if !ref.hasQuery {
			next.RawQuery = current.RawQuery
		}
	case ref.path[0] == '/':
		setPath(next, ref.path)
	default:
		// Each is requoted for itself: a lone "%" in one says nothing of the other.
		setPath(next, path[:strings.LastIndexByte(path, '/')+1]+requote(ref.path, isPathByte))
	}
	return next
}

// keepsCredentials reports whether credentials for from may be sent to to: scheme, host and port are the
// same, or it is http on port 80 that became https on port 443 of the same host.
func keepsCredentials(from, to *url.URL) bool {
	if !strings.EqualFold(from.Hostname(), to.Hostname()) {
		return false
	}
	fromScheme, toScheme := strings.ToLower(from.Scheme), strings.ToLower(to.Scheme)
	fromPort, toPort := portOf(from), portOf(to)
	if fromScheme == "http" && fromPort == "80" && toScheme == "https" && toPort == "443" {
		return true
	}
	return fromScheme == toScheme && fromPort == toPort
}

// portOf returns a URL's port, or the scheme's default, or "".
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	switch strings.ToLower(u.Scheme) {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
