package session

import (
	"encoding/base64"
	"net/url"

	"sessbench/workload/wire"
)

// An Auth adds credentials to requests. An Auth in the Settings of several sessions is used by
// several goroutines; one that keeps state implements PerSession.
type Auth interface {
	// Authenticate adds to the request of a hop what proves who we are. It is called on
	// the goroutine of the call, last, when everything else of the request
	// stands; it may change the request and may itself use the session for other calls.
	// An error ends the call.
	Authenticate(h *Hop) error
}

// An Answerer is an Auth that answers challenges.
type Answerer interface {
	Auth
	// Answer is called with the status of a response and its WWW-Authenticate fields, when it is
	// a 4xx one to a request that Authenticate was called for. It returns whether the
	// hop is to be sent again, at most once: anew, with the cookies of then and what another
	// call of Authenticate adds. h is the hop as it was before that; changes of it are lost.
	// Answer may itself use the session for other calls.
	Answer(h *Hop, status int, challenges []string) (again bool)
}

// PerSession is an Auth that keeps state. Session returns a new one with state of its own;
// every session calls it once. Where two values cannot be compared (they hold slices, maps or functions; a
// pointer can always be), the session cannot find it again, and every call begins with a new one.
type PerSession interface {
	Auth
	Session() Auth
}

// Basic is a user and a password, sent up front in UTF-8.
type Basic struct{ User, Password string }

// Authenticate sets the Authorization header.
func (b Basic) Authenticate(h *Hop) error {
	h.SetHeader("Authorization", b.authorization())
	return nil
}

// authorization returns the header's value (RFC 7617).
func (b Basic) authorization() string {
	const scheme = "Basic "
	pair := make([]byte, 0, len(b.User)+1+len(b.Password))
	pair = append(append(append(pair, b.User...), ':'), b.Password...)
	value := make([]byte, 0, len(scheme)+base64.StdEncoding.EncodedLen(len(pair)))
	return string(base64.StdEncoding.AppendEncode(append(value, scheme...), pair))
}

// Bearer is a token, sent up front. One that is empty or has a line break or another control
// character is ErrInvalidHeader.
type Bearer string

// Authenticate sets the Authorization header.
func (b Bearer) Authenticate(h *Hop) error {
	value, err := b.authorization()
	if err != nil {
		return err
	}
	h.SetHeader("Authorization", value)
	return nil
}

// authorization returns the header's value (RFC 6750).
func (b Bearer) authorization() (string, error) {
	if b == "" {
		return "", &Error{Kind: ErrInvalidHeader, Err: errNoToken}
	}
	value := bearerScheme + string(b)
	if err := wire.ValidateHeader("Authorization", value); err != nil {
		return "", &Error{Kind: ErrInvalidHeader, Err: err}
	}
	return value, nil
}

const (
	bearerScheme      = "Bearer "
	errNoToken   text = "the bearer token is empty"
)

// NoAuth suppresses a session's auth, credentials in the URL and netrc.
type NoAuth struct{}

// Authenticate does nothing.
func (NoAuth) Authenticate(*Hop) error { return nil }

// staticAuthorization returns the Authorization header of an auth that sends the same one with every
// request, so that it can be rendered once; ok is false for all others.
func staticAuthorization(a Auth) (header string, ok bool) {
	switch a := a.(type) {
	case Basic:
		return a.authorization(), true
	case Bearer:
		value, err := a.authorization()
		return value, err == nil
	}
	return "", false
}

// urlAuth returns the credentials in a URL, percent-decoded; ok is false where there are none.
// Without a password it is empty.
func urlAuth(u *url.URL) (auth Basic, ok bool) {
	password, _ := u.User.Password()
	auth = Basic{User: u.User.Username(), Password: password}
	return auth, auth != Basic{}
}
