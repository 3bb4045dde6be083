package session

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// Digest answers Digest challenges (RFC 7616 without auth-int) and goes on to use the
// nonce that it was given. It knows MD5, SHA (SHA-1), SHA-256, SHA-512-256 and SHA-512, each also
// with -sess; challenges of other algorithms are left unanswered. A user with a control
// character is ErrInvalidHeader.
type Digest struct{ User, Password string }

// Authenticate is called on the session's own copy only.
func (d Digest) Authenticate(*Hop) error { panic("session: Digest without a session") }

// Session returns a Digest with nonces of its own. It belongs to the goroutine of one session.
func (d Digest) Session() Auth {
	return &digestSession{
		Digest: d, origins: map[authOrigin]*digestOrigin{}, newCnonce: randomCnonce,
		invalid: wire.ValidateHeader("Authorization", "Digest "+d.User),
	}
}

// A digestSession is a Digest with what servers asked of it. Its origins are those that a call
// was to authenticate at: challenges of others, to which redirects lead, are not answered.
type digestSession struct {
	Digest
	origins   map[authOrigin]*digestOrigin
	newCnonce func() string
	invalid   error // why the user cannot be sent
}

// An authOrigin is where credentials may go. Its port is "" if it is the scheme's own.
type authOrigin struct{ scheme, host, port string }

func authOriginOf(u *url.URL) authOrigin {
	o := authOrigin{u.Scheme, strings.ToLower(u.Hostname()), u.Port()}
	if o.scheme == "http" && o.port == "80" || o.scheme == "https" && o.port == "443" {
		o.port = ""
	}
	return o
}

// Authenticate sets the Authorization header if the server's challenge is known by now, and
// removes it if not: whatever it was, it does not answer one.
func (d *digestSession) Authenticate(h *Hop) error {
	if d.invalid != nil {
		return &Error{Kind: ErrInvalidHeader, Err: d.invalid}
	}
	where := authOriginOf(h.URL)
	o := d.origins[where]
	if o == nil {
		o = &digestOrigin{}
		d.origins[where] = o
	}
	space := o.space(h.URL.EscapedPath())
	if space == nil {
		if h.Header("Authorization") != "" {
			h.RemoveHeader("Authorization")
		}
		return nil
	}
	value := space.authorization(h.Method, h.Target())
	if err := wire.ValidateHeader("Authorization", value); err != nil {
		return &Error{Kind: ErrInvalidHeader, Err: err}
	}
	h.SetHeader("Authorization", value)
	return nil
}

// Answer takes up the strongest of the Digest challenges in a 4xx response, for Authenticate to answer. Whether
// it says stale does not matter: a challenge is answered once per request anyway.
func (d *digestSession) Answer(h *Hop, status int, challenges []string) bool {
	o := d.origins[authOriginOf(h.URL)]
	if o == nil || status < 400 || status > 499 {
		return false
	}
	c, ok := strongestDigest(challenges)
	if !ok {
		return false
	}
	space := newDigestSpace(d.Digest, c, d.newCnonce())
	if wire.ValidateHeader("Authorization", space.authorization(h.Method, h.Target())) != nil {
		return false
	}
	space.count = 0
	if old := o.find(c.realm); old != nil && old.challenge.nonce == c.nonce {
		space.count = old.count
	}
	o.keep(space, h.URL.EscapedPath())
	return true
}

func randomCnonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// A digestOrigin is the protection spaces of an origin, told apart by their realms. The first is taken to
// be all of the origin. Where another one asks, the directory of that path is its own; the domain
// parameter, which servers get wrong and browsers ignore, does not count.
type digestOrigin struct {
	first       *digestSpace
	directories map[string]*digestSpace // by path up to and with a slash
}

// A server may make up realms without end; then what was learned is forgotten.
const maxDigestDirectories = 256

// space returns the protection space of a path, or nil if nothing is known.
func (o *digestOrigin) space(path string) *digestSpace {
	if len(o.directories) == 0 {
		return o.first
	}
	for dir := digestDirectory(path); dir != ""; dir = digestDirectory(dir[:len(dir)-1]) {
		if s := o.directories[dir]; s != nil {
			return s
		}
	}
	return o.first
}

// find returns the space with a realm, or nil.
func (o *digestOrigin) find(realm string) *digestSpace {
	if o.first != nil && o.first.challenge.realm == realm {
		return o.first
	}
	for _, s := range o.directories {
		if s.challenge.realm == realm {
			return s
		}
	}
	return nil
}

// keep puts s in the place of what its realm had, and makes it that of the path.
func (o *digestOrigin) keep(s *digestSpace, path string) {
	if len(o.directories) >= maxDigestDirectories {
		*o = digestOrigin{}
	}
	realm := s.challenge.realm
	if o.first == nil || o.first.challenge.realm == realm {
		o.first = s
	}
	for dir, old := range o.directories {
		if old.challenge.realm == realm {
			o.directories[dir] = s
		}
	}
	if o.space(path) == s {
		return
	}
	if o.directories == nil {
		o.directories = map[string]*digestSpace{}
	}
	o.directories[digestDirectory(path)] = s
}

// digestDirectory returns a path up to its last slash, or "".
func digestDirectory(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }
