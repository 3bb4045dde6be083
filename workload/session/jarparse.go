package session

import (
	"bytes"
	"strings"
	"time"
)

const cookieBlanks = " \t"

// A setCookie is what a Set-Cookie line says. It refers to the line.
type setCookie struct {
	name, value []byte
	domain      []byte // as written; nil: none
	path        []byte // nil: none, or none that counts
	sameSite    []byte
	expires     time.Time // zero: with the session
	secure      bool
	httpOnly    bool
}

// parseSetCookie reads a Set-Cookie field line as it stands, for Response.Cookies; ok is false
// where it is none. Domain is as the server wrote it, in lower case and without a leading dot,
// and "" with HostOnly if it wrote none. An Expires of 1970 is a cookie's end by Max-Age.
func parseSetCookie(line []byte, now time.Time) (c Cookie, ok bool) {
	p, ok := readSetCookie(line, now)
	if !ok {
		return Cookie{}, false
	}
	domain := strings.TrimPrefix(strings.ToLower(string(p.domain)), ".")
	return Cookie{
		Name:     string(p.name),
		Value:    string(p.value),
		Domain:   domain,
		HostOnly: domain == "",
		Path:     string(p.path),
		Expires:  p.expires,
		Secure:   p.secure,
		HTTPOnly: p.httpOnly,
		SameSite: string(p.sameSite),
	}, true
}

// readSetCookie reads a Set-Cookie line: RFC 6265, section 5.2. A line with a control character but
// tab, or with a tab in the name, is none; it could not be sent or written down.
func readSetCookie(line []byte, now time.Time) (p setCookie, ok bool) {
	if controlIn(line) {
		return p, false
	}
	pair, attributes, _ := bytes.Cut(line, []byte(";"))
	name, value, ok := bytes.Cut(pair, []byte("="))
	p.name, p.value = trimBlanks(name), trimBlanks(value)
	if !ok || len(p.name) == 0 || len(p.name)+len(p.value) > maxCookieBytes || bytes.IndexByte(p.name, '\t') >= 0 {
		return p, false
	}
	var maxAge time.Time // zero: none
	for len(attributes) > 0 {
		var one []byte
		one, attributes, _ = bytes.Cut(attributes, []byte(";"))
		name, value, _ := bytes.Cut(one, []byte("="))
		if value = trimBlanks(value); len(value) <= maxAttributeBytes {
			p.attribute(trimBlanks(name), value, now, &maxAge)
		}
	}
	if !maxAge.IsZero() {
		p.expires = maxAge
	}
	return p, true
}

// attribute takes an attribute. The last one of a name counts, of those that are well-formed.
func (p *setCookie) attribute(name, value []byte, now time.Time, maxAge *time.Time) {
	switch {
	case foldsTo("expires", name):
		if t, ok := parseCookieDate(value); ok {
			p.expires = t
		}
	case foldsTo("max-age", name):
		if t, ok := parseMaxAge(value, now); ok {
			*maxAge = t
		}
	case foldsTo("domain", name):
		if len(value) > 0 {
			p.domain = value
		}
	case foldsTo("path", name):
		p.path = nil
		if validPath(value) {
			p.path = value
		}
	case foldsTo("secure", name):
		p.secure = true
	case foldsTo("httponly", name):
		p.httpOnly = true
	case foldsTo("samesite", name):
		p.sameSite = value
	}
}

func trimBlanks(text []byte) []byte { return bytes.Trim(text, cookieBlanks) }

// controlIn reports a control character other than tab.
func controlIn[T string | []byte](text T) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' && text[i] != '\t' || text[i] == 0x7f {
			return true
		}
	}
	return false
}

// validPath reports whether a cookie can have that path. No request's path has a raw tab in
// it, and it is what separates the fields of a cookies.txt.
func validPath[T string | []byte](path T) bool {
	if len(path) == 0 || path[0] != '/' {
		return false
	}
	for i := 0; i < len(path); i++ {
		if path[i] < ' ' || path[i] == 0x7f {
			return false
		}
	}
	return true
}

// parseMaxAge returns when a Max-Age that is received now ends: RFC 6265, section 5.2.2. One that
// ends at once ends in 1970, one that never ends does so in the year 9999.
func parseMaxAge(value []byte, now time.Time) (end time.Time, ok bool) {
	digits := bytes.TrimPrefix(value, []byte("-"))
	if len(digits) == 0 {
		return end, false
	}
	var seconds int64
	for _, d := range digits {
		if d < '0' || d > '9' {
			return end, false
		}
		seconds = min(seconds*10+int64(d-'0'), latestUnix)
	}
	if seconds == 0 || len(digits) < len(value) {
		return time.Unix(0, 0).UTC(), true
	}
	return afterSeconds(now, seconds), true
}

// afterSeconds returns now plus seconds, which time.Duration may be too small for.
func afterSeconds(now time.Time, seconds int64) time.Time {
	seconds = min(seconds, latestUnix)
	return storedTime(time.Unix(now.Unix()+seconds, int64(now.Nanosecond())))
}
