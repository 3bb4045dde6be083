package session

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// A Cookie is a name and a value, as a client gives them.
type Cookie struct{ Name, Value string }

// Cookies are cookies in the order in which they were given. In JSON they are
// an object.
type Cookies []Cookie

// ParseCookies reads "name=value; name2=value2".
func ParseCookies(list string) (Cookies, error) {
	var cookies Cookies
	for _, item := range strings.Split(list, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("cookie %d has no name and value; write name=value, several separated by semicolons", len(cookies)+1)
		}
		line := wire.Header{Name: "Cookie", Value: name + "=" + value}
		if err := wire.ValidateHeader(line.Name, line.Value); err != nil {
			return nil, fmt.Errorf("cookie %s: %w", name, err)
		}
		cookies = append(cookies, Cookie{name, value})
	}
	return cookies, nil
}

// MarshalJSON writes an object in the cookies' order.
func (c Cookies) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, cookie := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(cookie.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(cookie.Value)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (c Cookies) parsed() []*http.Cookie {
	list := make([]*http.Cookie, len(c))
	for i, cookie := range c {
		list[i] = &http.Cookie{Name: cookie.Name, Value: cookie.Value, Path: "/"}
	}
	return list
}

// withCookies returns r with this session's cookies for its URL. It asks the jar
// only when the jar may answer otherwise than before, and renders only when it does.
func (s *Session) withCookies(r *Request) (*wire.Request, error) {
	if has(r.spec.Headers, "Cookie") { // an explicit header suppresses the jar
		return r.plain, nil
	}
	s.forgetExpired()
	known, ok := s.rendered[r]
	if ok && known.version == s.version {
		return known.wire, nil
	}
	cookie := joined(s.jar.Cookies(r.spec.URL))
	if !ok || known.cookie != cookie {
		w, err := rendered(r, cookie)
		if err != nil {
			return nil, err
		}
		known = rendering{cookie: cookie, wire: w}
	}
	known.version = s.version
	if s.rendered == nil {
		s.rendered = map[*Request]rendering{}
	}
	s.rendered[r] = known
	return known.wire, nil
}

func rendered(r *Request, cookie string) (*wire.Request, error) {
	if cookie == "" {
		return r.plain, nil
	}
	spec := r.spec
	spec.Headers = append(slices.Clip(spec.Headers), wire.Header{Name: "Cookie", Value: cookie})
	return wire.NewRequest(spec)
}

// forgetExpired makes the jar be asked again once a second, the resolution of
// cookies' lives, when there is any that ends.
func (s *Session) forgetExpired() {
	if !s.expiring {
		return
	}
	if second := time.Now().Unix(); second != s.second {
		s.second = second
		s.version++
	}
}

func joined(cookies []*http.Cookie) string {
	parts := make([]string, len(cookies))
	for i, c := range cookies {
		parts[i] = c.Name + "=" + c.Value
	}
	return strings.Join(parts, "; ")
}

// keepCookies stores what the last response set. Lines that are not cookies are
// ignored, as browsers do.
func (s *Session) keepCookies(u *url.URL) {
	s.response.EachSetCookie(func(value []byte) {
		if cookie, err := http.ParseSetCookie(string(value)); err == nil {
			s.store(u, []*http.Cookie{cookie})
		}
	})
}

func (s *Session) store(u *url.URL, cookies []*http.Cookie) {
	if s.jar == nil {
		s.jar, _ = cookiejar.New(nil) // fails never: there are no options
	}
	s.jar.SetCookies(u, cookies)
	s.version++
	for _, c := range cookies {
		s.expiring = s.expiring || c.MaxAge > 0 || !c.Expires.IsZero()
	}
}
