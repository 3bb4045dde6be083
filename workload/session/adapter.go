package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sessbench/workload/wire"
)

// A Transport carries out single attempts. *wire.Client is one, RoundTripper makes others.
type Transport interface {
	// Do sends req and fills resp and ex. With req.Spec.Stream it returns with the head.
	Do(ctx context.Context, req *wire.Request, resp *wire.Response, ex *wire.Exchange)
	// Close closes idle connections. Do can still be called.
	Close()
}

// An Adapter says how the requests under a prefix are carried, and what is tried again.
type Adapter struct {
	Transport Transport
	Retries   *Retry // nil: none
}

// mounts are adapters by prefix. The zero value has none; it belongs to the goroutine of its session.
//
// A prefix is "http://" or "https://", alone for all hosts, or followed by a host, perhaps a port, and
// perhaps a path. It holds for whole hosts and, unless it ends in "/", whole path segments:
//
//   - http://example.test holds for http://example.test/any, not for http://example.test.evil.test.
//   - A prefix without a port is one with the port that is usual for the scheme, as a URL is:
//     http://example.test does not hold for http://example.test:81.
//   - http://example.test/a holds for /a, /a/b and /a?q, not for /ab; http://example.test/a/ not for /a.
//
// Scheme, host and path are compared without regard to the case of ASCII letters, paths without
// regard to how they are escaped. Of several prefixes that hold the longest counts, in whatever order
// they were mounted.
type mounts struct{ list []mount } // the longest first

type mount struct {
	mountPrefix
	adapter *Adapter
}

// A mountPrefix is the parts of a prefix, all in lower case.
type mountPrefix struct {
	scheme string
	host   string // no brackets; "": any
	port   int
	path   string // unescaped
}

// set mounts a at text, in place of what was there. The error is an *Error: text is no prefix,
// a has no transport, or retries that cannot be.
func (m *mounts) set(text string, a Adapter) error {
	p, err := parsePrefix(text)
	if err != nil {
		return err
	}
	if a.Transport == nil {
		return &Error{Kind: ErrInvalidArgument, Err: errors.New("adapter without a transport")}
	}
	if a.Retries != nil {
		if err := a.Retries.validate(); err != nil {
			return &Error{Kind: ErrInvalidArgument, Err: fmt.Errorf("retries: %w", err)}
		}
	}
	at, found := slices.BinarySearchFunc(m.list, p, byLength)
	if found {
		m.list[at].adapter = &a
		return nil
	}
	m.list = slices.Insert(m.list, at, mount{p, &a})
	return nil
}

// remove takes away what is mounted at text, which may be spelled otherwise than it was for set, and
// reports whether there was anything. Its transport is not closed. The error is an *Error: text is
// no prefix.
func (m *mounts) remove(text string) (removed bool, err error) {
	p, err := parsePrefix(text)
	if err != nil {
		return false, err
	}
	at, found := slices.BinarySearchFunc(m.list, p, byLength)
	if found {
		m.list = slices.Delete(m.list, at, at+1)
	}
	return found, nil
}

// find returns the adapter with the longest prefix of u, or nil.
func (m *mounts) find(u *url.URL) *Adapter {
	port := mountPort(u)
	for i := range m.list {
		if m.list[i].holds(u, port) {
			return m.list[i].adapter
		}
	}
	return nil
}

// lookup is find with the error, an *Error, that is due where there is none.
func (m *mounts) lookup(u *url.URL) (*Adapter, error) {
	if a := m.find(u); a != nil {
		return a, nil
	}
	return nil, unmounted(u)
}

// unmounted is the *Error where nothing carries requests for u.
func unmounted(u *url.URL) error {
	if u.Scheme == "" {
		return &Error{Kind: ErrMissingScheme, URL: withoutSecrets(u)}
	}
	return &Error{Kind: ErrInvalidScheme, URL: withoutSecrets(u)}
}

// close closes the idle connections of all transports.
func (m *mounts) close() {
	for i := range m.list {
		m.list[i].adapter.Transport.Close()
	}
}

// withoutSecrets returns u without user information, query and fragment.
func withoutSecrets(u *url.URL) string {
	plain := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return plain.String()
}

// parsePrefix reads a prefix. The error is an *Error, and does not repeat a text that may
// have secrets.
func parsePrefix(text string) (mountPrefix, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// What package url says repeats the text.
		return mountPrefix{}, badPrefix("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return mountPrefix{}, badPrefix("it begins neither with http:// nor with https://")
	case u.Opaque != "", u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return mountPrefix{}, badPrefix("it is more than a scheme, a host, a port and a path")
	case u.Host == "" && u.Path == "":
		if !strings.HasSuffix(text, "://") {
			return mountPrefix{}, badPrefix("it has no // after the scheme")
		}
		return mountPrefix{scheme: u.Scheme}, nil
	}
	e, err := wire.EndpointOf(u)
	if err != nil {
		return mountPrefix{}, badPrefix(err.Error())
	}
	return mountPrefix{scheme: u.Scheme, host: e.Host, port: int(e.Port), path: lowerASCII(u.Path)}, nil
}

func badPrefix(why string) error {
	return &Error{Kind: ErrInvalidArgument, Err: errors.New("prefix of an adapter: " + why)}
}

// byLength orders prefixes so that of any two that hold for the same URL the longer comes first: they
// have the same host and port, but for one without a host.
func byLength(m mount, p mountPrefix) int {
	return cmp.Or(
		len(p.path)-len(m.path),
		strings.Compare(p.host, m.host), // "" comes last
		p.port-m.port,
		strings.Compare(p.scheme, m.scheme),
		strings.Compare(p.path, m.path),
	)
}

// holds reports whether p is a prefix of u, whose port is given.
func (p *mountPrefix) holds(u *url.URL, port int) bool {
	if !equalLower(u.Scheme, p.scheme) {
		return false
	}
	if p.host == "" {
		return true
	}
	return port == p.port && equalLower(u.Hostname(), p.host) && p.holdsPath(u.Path)
}

func (p *mountPrefix) holdsPath(path string) bool {
	if path == "" {
		path = "/"
	}
	n := len(p.path)
	switch {
	case n == 0:
		return true
	case len(path) < n || !equalLower(path[:n], p.path):
		return false
	}
	return p.path[n-1] == '/' || len(path) == n || path[n] == '/'
}

// mountPort returns the port that requests for u go to, 0 where that is not clear.
func mountPort(u *url.URL) int {
	if text := u.Port(); text != "" {
		port, err := strconv.Atoi(text)
		if err != nil {
			return 0
		}
		return port
	}
	switch {
	case equalLower(u.Scheme, "http"):
		return 80
	case equalLower(u.Scheme, "https"):
		return 443
	}
	return 0
}

// equalLower compares s with a text in lower case, ASCII letters of s without regard to case.
func equalLower(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// lowerASCII leaves all but ASCII letters as it is, be it text or not.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}
