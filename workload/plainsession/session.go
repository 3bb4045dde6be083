// Package session keeps what persists between requests: default headers,
// authentication and cookies. Connections are wire's business and differ by
// arm; a session behaves the same in every arm.
package session

import (
	"context"
	"encoding/base64"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// A Transport carries one request; *wire.Client is one.
type Transport interface {
	Do(ctx context.Context, req *wire.Request, resp *wire.Response, ex *wire.Exchange)
}

// Config is what a session starts with. It is read, never changed, and may be
// shared by many sessions.
type Config struct {
	Headers []wire.Header // sent with every request, in this order
	Basic   *Basic        // nil: no authentication
	Cookies Cookies       // as if Origin had set them for the whole host
	Origin  *url.URL      // whose host Cookies belong to
}

// Basic is a user and a password, sent up front as UTF-8.
type Basic struct{ User, Password string }

// A Session is one worker's client state. It is not safe for concurrent use:
// the goroutine that made it owns it.
type Session struct {
	config    *Config
	transport Transport
	response  wire.Response

	jar      *cookiejar.Jar // nil until there is a cookie
	version  int            // grows when the jar may answer otherwise than before
	expiring bool           // there was a cookie whose life ends
	second   int64          // of the clock, when expiry was last looked at
	rendered map[*Request]rendering
}

// A rendering is a request with the cookies that this session sends with it.
type rendering struct {
	version int // of the jar
	cookie  string
	wire    *wire.Request
}

// New returns a session that sends its requests through t.
func New(config *Config, t Transport) *Session {
	s := &Session{config: config, transport: t}
	if len(config.Cookies) > 0 {
		s.store(config.Origin, config.Cookies.parsed())
	}
	return s
}

// Do sends r and fills ex with what happened; what the server or the network does
// wrong is in ex. An error means that the request could not be rendered. Redirects
// are not followed.
func (s *Session) Do(ctx context.Context, r *Request, ex *wire.Exchange) error {
	w := r.plain
	if s.jar != nil {
		var err error
		if w, err = s.withCookies(r); err != nil {
			return err
		}
	}
	s.transport.Do(ctx, w, &s.response, ex)
	if s.response.HasSetCookie() {
		s.keepCookies(r.spec.URL)
	}
	return nil
}

// A Request is one request under a Config, rendered once. It is immutable, so
// that all sessions of that Config share it.
type Request struct {
	spec  wire.RequestSpec
	plain *wire.Request // as sent while the session has no cookie for it
}

// NewRequest merges config's defaults into spec and renders it. Headers of spec
// take the place of defaults with the same name, in the default's position.
func NewRequest(config *Config, spec wire.RequestSpec) (*Request, error) {
	spec.Headers = Merge(config.Headers, spec.Headers)
	if user := spec.URL.User; config.Basic != nil {
		spec.Headers = replace(spec.Headers, authorization(*config.Basic))
	} else if user != nil && !has(spec.Headers, "Authorization") {
		password, _ := user.Password()
		spec.Headers = append(spec.Headers, authorization(Basic{user.Username(), password}))
	}
	plain, err := wire.NewRequest(spec)
	if err != nil {
		return nil, err
	}
	return &Request{spec: spec, plain: plain}, nil
}

// Endpoint is where the request goes.
func (r *Request) Endpoint() wire.Endpoint { return r.plain.Endpoint }

func authorization(b Basic) wire.Header {
	credentials := base64.StdEncoding.EncodeToString([]byte(b.User + ":" + b.Password))
	return wire.Header{Name: "Authorization", Value: "Basic " + credentials}
}

// Merge lays lines over defaults: a name in lines replaces every default of that
// name, at the first one's position; new names follow in their order.
func Merge(defaults, lines []wire.Header) []wire.Header {
	merged := make([]wire.Header, 0, len(defaults)+len(lines))
	for _, d := range defaults {
		if !has(lines, d.Name) {
			merged = append(merged, d)
		} else if !has(merged, d.Name) {
			merged = appendNamed(merged, lines, d.Name)
		}
	}
	for _, l := range lines {
		if !has(defaults, l.Name) {
			merged = append(merged, l)
		}
	}
	return merged
}

func appendNamed(to, lines []wire.Header, name string) []wire.Header {
	for _, l := range lines {
		if strings.EqualFold(l.Name, name) {
			to = append(to, l)
		}
	}
	return to
}

func replace(lines []wire.Header, with wire.Header) []wire.Header {
	kept := make([]wire.Header, 0, len(lines)+1)
	for _, l := range lines {
		if !strings.EqualFold(l.Name, with.Name) {
			kept = append(kept, l)
		}
	}
	return append(kept, with)
}

func has(lines []wire.Header, name string) bool {
	for _, l := range lines {
		if strings.EqualFold(l.Name, name) {
			return true
		}
	}
	return false
}
