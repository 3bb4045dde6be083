package session

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// header returns the value of the Cookie header for a request to u, or "". once are
// cookies of this call only, as prepareCookies returns them, which take the place of others
// of their name where they apply; their Expires does not count. foreign says that a
// redirect led to another host than the call began with: cookies without a domain stay behind.
func (j *Jar) header(u *url.URL, host string, once []Cookie, foreign bool) string {
	s, ok := scopeOf(u, host)
	if !ok {
		return ""
	}
	s.foreign = foreign
	j.sweep()
	var room [32]*Cookie // on the stack
	return cookieLine(j.pick(room[:0], &s, once))
}

// pick appends what is sent, in the order in which it is sent: RFC 6265, section 5.4.
func (j *Jar) pick(picked []*Cookie, s *cookieScope, once []Cookie) []*Cookie {
	for i := range j.list {
		c := &j.list[i].Cookie
		if s.takes(c) && !s.replaced(c.Name, once) {
			picked = append(picked, c)
		}
	}
	for i := range once {
		if s.takes(&once[i]) {
			picked = append(picked, &once[i])
		}
	}
	slices.SortStableFunc(picked, func(a, b *Cookie) int { return cmp.Compare(len(b.Path), len(a.Path)) })
	return picked
}

func cookieLine(cookies []*Cookie) string {
	if len(cookies) == 0 {
		return ""
	}
	size := 0
	for _, c := range cookies {
		size += len(c.Name) + len(c.Value) + len("=; ")
	}
	var b strings.Builder
	b.Grow(size)
	for i, c := range cookies {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name)
		b.WriteByte('=')
		b.WriteString(c.Value)
	}
	return b.String()
}

// replaced reports whether a cookie of this call is sent under that name.
func (s *cookieScope) replaced(name string, once []Cookie) bool {
	for i := range once {
		if once[i].Name == name && s.takes(&once[i]) {
			return true
		}
	}
	return false
}
