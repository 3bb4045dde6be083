package session

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// prepareURL reads a URL as a user gives it and makes it ready to be sent: no leading
// blanks, scheme and host in lower case, the host in its ASCII form, no dot segments, only
// proper escapes. User information and fragment stay. Preparing the result's String
// again changes nothing. URLs of schemes other than http and https are not touched, but
// for the case of the scheme; host:port/path is one of those. The error is an *Error of
// kind ErrMissingScheme or ErrInvalidURL; its text has neither user information nor query.
func prepareURL(raw string) (*url.URL, error) {
	raw = strings.TrimLeftFunc(raw, unicode.IsSpace)
	ref := splitReference(raw)
	if ref.scheme == "" {
		return nil, &Error{Kind: ErrMissingScheme, URL: visible(raw), Err: errors.New("begin it with http:// or https://")}
	}
	if !isWeb(ref.scheme) {
		return ref.foreign(), nil
	}
	u, err := ref.web()
	if err == nil {
		err = checkLabels(u)
	}
	if err != nil {
		return nil, &Error{Kind: ErrInvalidURL, URL: visible(raw), Err: err}
	}
	return u, nil
}

// withParams returns u with params appended to its query, which stays as it is. u is not
// changed, and is returned itself where there is nothing to append or its scheme is
// neither http nor https.
func withParams(u *url.URL, params Fields) *url.URL {
	if !isWeb(u.Scheme) {
		return u
	}
	query := make([]byte, 0, len(u.RawQuery)+64)
	query = appendFields(append(query, u.RawQuery...), params)
	if len(query) == len(u.RawQuery) {
		return u
	}
	with := *u
	with.RawQuery, with.ForceQuery = string(query), false
	return &with
}

// publicURL returns u for error texts and logs: without user information, query and fragment, all of which
// may be secrets; of a URL that is not hierarchical only the scheme.
func publicURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	if u.Opaque != "" {
		return u.Scheme + ":"
	}
	public := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return public.String()
}

// visible is publicURL for what may be no URL at all. Where an "@" leaves open what
// is user information, nothing is shown.
func visible(raw string) string {
	end := strings.IndexAny(raw, "?#")
	if end < 0 {
		end = len(raw)
	}
	if strings.Contains(raw[end:], "@") {
		return ""
	}
	raw = raw[:end]
	at := strings.LastIndexByte(raw, '@')
	if at < 0 {
		return raw
	}
	scheme := splitReference(raw).scheme
	if !isWeb(scheme) {
		return ""
	}
	return scheme + "://" + raw[at+1:]
}

func isWeb(scheme string) bool { return scheme == "http" || scheme == "https" }

// A reference is the parts of a URI reference (RFC 3986, section 4.1) as they were written.
type reference struct {
	scheme    string // in lower case; "": none
	authority string // without its slashes; "" where it is empty or missing
	path      string
	query     string
	fragment  string
	hasQuery  bool
	rest      string // all that follows the scheme's colon
}

// splitReference cannot fail: what is no scheme is part of the path. A backslash ends
// the authority, as in requests, so that http://a\@b/ is a's and not b's.
func splitReference(raw string) reference {
	var ref reference
	ref.scheme, raw = cutScheme(raw)
	ref.rest = raw
	raw, ref.fragment, _ = strings.Cut(raw, "#")
	raw, ref.query, ref.hasQuery = strings.Cut(raw, "?")
	if after, ok := strings.CutPrefix(raw, "//"); ok {
		end := strings.IndexAny(after, `/\`)
		if end < 0 {
			end = len(after)
		}
		ref.authority, raw = after[:end], after[end:]
	}
	ref.path = raw
	return ref
}

// cutScheme cuts a scheme (RFC 3986, section 3.1) and its colon off raw.
func cutScheme(raw string) (scheme, rest string) {
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case 'a' <= b|0x20 && b|0x20 <= 'z':
		case i > 0 && ('0' <= b && b <= '9' || b == '+' || b == '-' || b == '.'):
		case i > 0 && b == ':':
			return strings.ToLower(raw[:i]), raw[i+1:]
		default:
			return "", raw
		}
	}
	return "", raw
}

// foreign returns the URL of a scheme that is neither http nor https, as it was written.
func (ref reference) foreign() *url.URL {
	raw := ref.scheme + ":" + ref.rest
	if u, err := url.Parse(raw); err == nil && u.String() == raw {
		return u
	}
	return &url.URL{Scheme: ref.scheme, Opaque: ref.rest}
}

// withoutUser returns ref without user information in what foreign uses.
func (ref reference) withoutUser() reference {
	if at := strings.LastIndexByte(ref.authority, '@'); at >= 0 {
		ref.rest = strings.Replace(ref.rest, ref.authority[:at+1], "", 1)
		ref.authority = ref.authority[at+1:]
	}
	return ref
}

// web returns the http or https URL of a reference that has such a scheme, normalised
// as RFC 3986, section 6.2.2, says. The errors repeat nothing of it.
func (ref reference) web() (*url.URL, error) {
	u := &url.URL{Scheme: ref.scheme}
	at := strings.LastIndexByte(ref.authority, '@')
	if at > 0 {
		u.User = userinfo(ref.authority[:at])
	}
	var err error
	if u.Host, err = hostPort(ref.authority[at+1:]); err != nil {
		return nil, err
	}
	setPath(u, ref.path)
	u.RawQuery = requote(ref.query, isQueryByte)
	setFragment(u, ref.fragment)
	return u, nil
}

// setPath gives u a path of which EscapedPath returns just what requote made of it.
func setPath(u *url.URL, path string) {
	path = requote(path, isPathByte)
	if path == "" || path[0] != '/' {
		path = "/" + path
	}
	path = removeDots(path)
	u.Path, u.RawPath = unescape(path), ""
	if u.EscapedPath() != path {
		u.RawPath = path
	}
}

func setFragment(u *url.URL, fragment string) {
	fragment = requote(fragment, isQueryByte)
	u.Fragment, u.RawFragment = unescape(fragment), ""
	if u.EscapedFragment() != fragment {
		u.RawFragment = fragment
	}
}

// userinfo reads what stands before the "@" of an authority. A missing password is not
// the same as an empty one.
func userinfo(text string) *url.Userinfo {
	name, password, ok := strings.Cut(text, ":")
	name = unescape(requote(name, isUserByte))
	if !ok {
		return url.User(name)
	}
	return url.UserPassword(name, unescape(requote(password, isUserByte)))
}
