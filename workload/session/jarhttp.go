package session

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// HTTP returns j for net/http's clients. Several goroutines may use the result, but nobody else the jar, nor
// another result of HTTP, meanwhile.
//
// net/http itself ignores responses' cookies with blanks in the name, or with quotes inside the value, backslashes
// or bytes beyond ASCII, and puts quotes around values with blanks or commas. Sessions do not.
func (j *Jar) HTTP() http.CookieJar { return &httpJar{jar: j} }

type httpJar struct {
	mu  sync.Mutex
	jar *Jar
}

// SetCookies stores cookies of a response from u.
func (h *httpJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	for _, c := range cookies {
		if p, ok := cookieFromHTTP(c, now); ok {
			h.jar.accept(u, "", &p, now)
		}
	}
}

// Cookies returns the cookies for a request to u.
func (h *httpJar) Cookies(u *url.URL) []*http.Cookie {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*http.Cookie
	for _, c := range h.jar.Cookies(u) {
		value, quoted := c.Value, false
		if len(value) > 1 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
			value, quoted = value[1:len(value)-1], true
		}
		list = append(list, &http.Cookie{Name: c.Name, Value: value, Quoted: quoted})
	}
	return list
}

// cookieFromHTTP returns what the line that c was read from says; ok is false for what no line could say.
func cookieFromHTTP(c *http.Cookie, now time.Time) (p setCookie, ok bool) {
	value := c.Value
	if c.Quoted {
		value = `"` + value + `"`
	}
	if plain := (Cookie{Name: c.Name, Value: value}); plain.Valid() != nil || len(c.Name)+len(value) > maxCookieBytes {
		return p, false
	}
	p = setCookie{
		name: []byte(c.Name), value: []byte(value), domain: []byte(c.Domain),
		secure: c.Secure, httpOnly: c.HttpOnly, sameSite: []byte(sameSiteName(c.SameSite)),
		expires: storedTime(c.Expires),
	}
	if validPath(c.Path) {
		p.path = []byte(c.Path)
	}
	switch {
	case c.MaxAge < 0:
		p.expires = time.Unix(0, 0).UTC()
	case c.MaxAge > 0:
		p.expires = afterSeconds(now, int64(c.MaxAge))
	case c.Expires.IsZero() && c.RawExpires != "": // net/http does not read every date
		p.expires, _ = parseCookieDate([]byte(c.RawExpires))
	}
	return p, true
}

func sameSiteName(mode http.SameSite) string {
	switch mode {
	case http.SameSiteLaxMode:
		return "Lax"
	case http.SameSiteStrictMode:
		return "Strict"
	case http.SameSiteNoneMode:
		return "None"
	}
	return ""
}
