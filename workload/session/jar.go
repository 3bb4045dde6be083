package session

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// ErrAmbiguousCookie is the kind of Jar.Get's error for a name that is held for several domains or
// paths.
const ErrAmbiguousCookie Kind = "cookie held for several domains or paths"

// What servers may store. RFC 6265, section 6.1, asks for 4096 bytes, 50 and 3000 at least; browsers
// keep between 150 and 180 for a domain. What a client sets is neither limited nor counted.
const (
	maxCookieBytes    = 8 << 10 // name and value together; a larger cookie is dropped
	maxAttributeBytes = 1 << 10 // a larger attribute is ignored
	maxDomainCookies  = 180     // beyond, the oldest one of the domain goes
	maxCookies        = 3000    // beyond, the oldest one goes
)

// A Cookie is one cookie with what was said about it. Its JSON has the names below; a cookie with
// bytes that are no UTF-8 has "base64": true, and its texts are then encoded so.
type Cookie struct {
	Name, Value string // as they are sent; quotes around a value belong to it
	// Domain is the host that the cookie belongs to, or with HostOnly unset the domain whose
	// hosts it is sent to, in lower case and without a leading dot. A cookie that a client
	// sets may leave it empty: it is then sent to every host that is called, but not
	// carried to other hosts by redirects. A cookie of an IP address is sent to that alone.
	Domain   string
	HostOnly bool
	Path     string    // "" in a cookie that a client sets: "/"
	Expires  time.Time // zero: with the session
	Secure   bool      // sent over https only
	HTTPOnly bool
	SameSite string // as the server wrote it; it does not decide anything here
}

// A Jar keeps cookies by the rules of RFC 6265. It belongs to one goroutine. The zero value is
// empty and ready for use; a copy is made by Clone. Cookies whose life has ended are in
// none of its answers.
//
// Of what servers set it keeps 180 cookies for a domain and 3000 in all, and drops the oldest
// for a new one; a cookie whose name and value have more than 8 KiB is not stored.
type Jar struct {
	// PublicSuffixes makes the jar refuse cookies for domains under which anybody may
	// register, such as co.uk.
	PublicSuffixes bool

	list    []jarEntry // in the order of their first storing
	version uint64
	next    time.Time // nothing in list expires before; zero: nothing expires
}

type jarEntry struct {
	Cookie
	received bool // from a server
}

func (e *jarEntry) expired(now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// Set stores a cookie that the client sets, in place of the one with the same name, domain
// and path. One whose Expires has passed removes that. The error is an *Error; see
// Cookie.Valid.
func (j *Jar) Set(c Cookie) error {
	c, err := c.prepared()
	if err != nil {
		return err
	}
	j.sweep()
	j.store(j.index(c.Name, c.Domain, c.Path), jarEntry{Cookie: c}, time.Now())
	return nil
}

// receive stores what the Set-Cookie field line of a response from u says; host is the Host header
// where that is not u's, or "". What is no cookie, or not u's to set, is dropped.
func (j *Jar) receive(u *url.URL, host string, line []byte) {
	now := time.Now()
	if p, ok := readSetCookie(line, now); ok {
		j.accept(u, host, &p, now)
	}
}

// accept stores p if u may set it. Storing again what is there allocates nothing.
func (j *Jar) accept(u *url.URL, host string, p *setCookie, now time.Time) {
	s, ok := scopeOf(u, host)
	if !ok {
		return
	}
	domain, hostOnly, ok := s.domainFor(p.domain, j.PublicSuffixes)
	if !ok {
		return
	}
	j.sweep()
	i := j.indexReceived(p, domain, s.directory())
	var old Cookie
	if i >= 0 {
		old = j.list[i].Cookie
	} else {
		old.Domain, old.Path = strings.Clone(domain), strings.Clone(s.directory())
		if p.path != nil {
			old.Path = string(p.path)
		}
	}
	j.store(i, jarEntry{received: true, Cookie: Cookie{
		Name:     reuseText(old.Name, p.name),
		Value:    reuseText(old.Value, p.value),
		Domain:   old.Domain,
		HostOnly: hostOnly,
		Path:     old.Path,
		Expires:  p.expires,
		Secure:   p.secure,
		HTTPOnly: p.httpOnly,
		SameSite: reuseText(old.SameSite, p.sameSite),
	}}, now)
}

// indexReceived finds the identity of a received cookie; directory is its path if it names none.
func (j *Jar) indexReceived(p *setCookie, domain, directory string) int {
	return slices.IndexFunc(j.list, func(e jarEntry) bool {
		if p.path != nil && e.Path != string(p.path) || p.path == nil && e.Path != directory {
			return false
		}
		return e.Domain == domain && e.Name == string(p.name)
	})
}

func reuseText(old string, text []byte) string {
	if old == string(text) {
		return old
	}
	return string(text)
}

func (j *Jar) index(name, domain, path string) int {
	return slices.IndexFunc(j.list, func(e jarEntry) bool {
		return e.Name == name && e.Domain == domain && e.Path == path
	})
}

// store puts e in the place of list[i], or adds it if i is negative.
func (j *Jar) store(i int, e jarEntry, now time.Time) {
	switch {
	case e.expired(now) && i < 0:
		return
	case e.expired(now):
		j.list = slices.Delete(j.list, i, i+1)
		j.version++
		return
	case i < 0:
		if e.received {
			j.makeRoom(e.Domain)
		}
		j.list = append(j.list, e)
		j.version++
	default:
		old := &j.list[i]
		if old.Value != e.Value || old.Secure != e.Secure || old.HostOnly != e.HostOnly {
			j.version++ // a longer life changes nothing now, and servers renew sessions with every response
		}
		*old = e
	}
	j.expects(e.Expires)
}

// makeRoom keeps the limits when a server adds a cookie of that domain.
func (j *Jar) makeRoom(domain string) {
	all, same := 0, 0
	first, firstSame := -1, -1
	for i := range j.list {
		e := &j.list[i]
		if !e.received {
			continue
		}
		if all++; first < 0 {
			first = i
		}
		if e.Domain != domain {
			continue
		}
		if same++; firstSame < 0 {
			firstSame = i
		}
	}
	switch {
	case same >= maxDomainCookies:
		j.list = slices.Delete(j.list, firstSame, firstSame+1)
	case all >= maxCookies:
		j.list = slices.Delete(j.list, first, first+1)
	}
}

// expects makes sweep look when t comes.
func (j *Jar) expects(t time.Time) {
	if !t.IsZero() && (j.next.IsZero() || t.Before(j.next)) {
		j.next = t
	}
}

// sweep removes the cookies whose life has ended.
func (j *Jar) sweep() {
	if j.next.IsZero() {
		return
	}
	now := time.Now()
	if now.Before(j.next) {
		return
	}
	j.next = time.Time{}
	j.remove(func(e *jarEntry) bool {
		if e.expired(now) {
			return true
		}
		j.expects(e.Expires)
		return false
	})
}

// remove removes the cookies that f is true for, and returns their number.
func (j *Jar) remove(f func(*jarEntry) bool) int {
	before := len(j.list)
	j.list = slices.DeleteFunc(j.list, func(e jarEntry) bool { return f(&e) })
	removed := before - len(j.list)
	if removed > 0 {
		j.version++
	}
	return removed
}

// current returns a number that changes whenever header may answer otherwise than before for
// the same arguments, be it by a change of the jar or by time. It costs nothing
// while no cookie's life ends.
func (j *Jar) current() uint64 {
	j.sweep()
	return j.version
}
