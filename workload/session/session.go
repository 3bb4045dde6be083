// Package session is a counterpart of Python's requests.Session: it keeps what persists
// between requests, which are settings, cookies, authentication, and adapters with
// their connections.
//
//	s := session.New()
//	defer s.Close()
//	s.Headers = s.Headers.With(session.Set("X-Team", "blue"))
//	resp, err := s.Get(ctx, "https://api.example.com/items")
//
// A call passes through layers, from the outside to the inside: settings are merged; hops follow
// each other (cookies, authentication, redirects, hooks); an adapter is chosen by the hop's URL;
// attempts are made and made again; a connection is taken from a pool. Cookies,
// redirects, hooks and history belong to the hops; retries are invisible to them.
//
// By default a session looks at the environment, as requests does: for proxies, authorities and netrc.
// Settings.TrustEnv unset, it does not. There is no limit of time unless Settings.Timeout has one.
//
// docs/session.md has every feature of requests.Session beside its counterpart here, and the
// deliberate differences.
package session

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"

	"sessbench/workload/wire"
)

// A Session is one client's state. It is not safe for concurrent use: one goroutine uses it at a
// time. A call while another one is under way fails with ErrConcurrentUse. Calls from within its own
// hooks and Auths are allowed. The body of a response that is streamed may be read by another goroutine.
type Session struct {
	Settings
	Jar *Jar // nil: no cookies are kept, and only those of the call itself are sent

	// Clock is what a Call's instants are on. Transports that are measured have to
	// have the same one: AdapterOptions.Clock, or RoundTripperOn. It is not changed once it was used.
	Clock wire.Clock
	// Random draws the jitter of retries; nil: from the system.
	Random *rand.Rand
	// Logger is told what a user has to know, such as that certificates are not verified; nil:
	// slog.Default().
	Logger *slog.Logger

	mounts  mounts
	mounted uint64       // grows with every change of mounts
	busy    atomic.Int32 // calls under way: one, or none while a user's code may make others
	unkept  bool         // the call that begins is one of MeasureOnce
	configs map[TLS]*tls.Config
	auths   []authState
	netrc   *netrc // nil until it was asked
	warned  map[unverified]bool
	decoders

	// Of calls that keep no response.
	response wire.Response
	exchange wire.Exchange
	ready    map[*Prepared]*ready
	passing  ready // of a request that is sent once
	readyOwn int   // bytes of them
	steps    map[step]*Prepared
	taken    footprints
	last     Last
	varied   *Variation // nil: none was made
}

// An authState is what this session made of an Auth.
type authState struct{ given, own Auth }

// New returns a session with the default settings and an adapter of its own for each of http:// and
// https://.
func New() *Session {
	s := NewWith(Defaults())
	for _, prefix := range []string{"http://", "https://"} {
		if err := s.Mount(prefix, NewAdapter(AdapterOptions{Clock: s.Clock})); err != nil {
			panic(err) // these prefixes are sound
		}
	}
	return s
}

// NewWith returns a session with these settings and no adapters.
func NewWith(settings Settings) *Session {
	return &Session{Settings: settings, Jar: new(Jar), Clock: wire.NewClock()}
}

// Mount makes a carry the requests whose URL begins with prefix, in place of what was mounted there; the
// longest prefix of a URL counts. The error is an *Error.
func (s *Session) Mount(prefix string, a Adapter) error {
	s.mounted++
	return s.mounts.set(prefix, a)
}

// Unmount takes away what is mounted at prefix, and reports whether there was anything. Its transport is not
// closed. The error is an *Error.
func (s *Session) Unmount(prefix string) (bool, error) {
	s.mounted++
	return s.mounts.remove(prefix)
}

// Get is Do with method GET.
func (s *Session) Get(ctx context.Context, url string) (*Response, error) {
	return s.Do(ctx, &Request{Method: "GET", URL: url})
}

// Head is Do with method HEAD. Redirects are not followed unless the session's Follow is FollowAlways.
func (s *Session) Head(ctx context.Context, url string) (*Response, error) {
	r := &Request{Method: "HEAD", URL: url}
	if s.Follow == FollowDefault {
		r.Follow = FollowNever
	}
	return s.Do(ctx, r)
}

// Options is Do with method OPTIONS.
func (s *Session) Options(ctx context.Context, url string) (*Response, error) {
	return s.Do(ctx, &Request{Method: "OPTIONS", URL: url})
}

// Post is Do with method POST.
func (s *Session) Post(ctx context.Context, url string, body *Body) (*Response, error) {
	return s.Do(ctx, &Request{Method: "POST", URL: url, Body: body})
}

// Put is Do with method PUT.
func (s *Session) Put(ctx context.Context, url string, body *Body) (*Response, error) {
	return s.Do(ctx, &Request{Method: "PUT", URL: url, Body: body})
}

// Patch is Do with method PATCH.
func (s *Session) Patch(ctx context.Context, url string, body *Body) (*Response, error) {
	return s.Do(ctx, &Request{Method: "PATCH", URL: url, Body: body})
}

// Delete is Do with method DELETE.
func (s *Session) Delete(ctx context.Context, url string) (*Response, error) {
	return s.Do(ctx, &Request{Method: "DELETE", URL: url})
}

// Do makes a call and reads the response's body, unless it is to be streamed. A response
// with any status is no error. Errors are *Error.
func (s *Session) Do(ctx context.Context, r *Request) (*Response, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	p, err := s.prepare(r)
	if err != nil {
		return nil, err
	}
	return s.fetch(ctx, p)
}

// Send is Do for a request that was prepared, such as Response.Next.
func (s *Session) Send(ctx context.Context, p *Prepared) (*Response, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	return s.fetch(ctx, p)
}

// Measure carries out p and tells of it in call, which it overwrites; bodies are read and not
// kept, unless the request has Keep or there are hooks to see them. What fails is in call.Err. In the steady state a plain request
// costs no allocation: the session keeps what it was given, up to a thousand requests with their bodies, so those
// that are sent but once are for MeasureOnce. What came is at hand in Last until the session's next call.
func (s *Session) Measure(ctx context.Context, p *Prepared, call *Call) {
	again := !s.unkept && p.variation == nil
	s.unkept = false
	*call = Call{}
	if err := s.enter(); err != nil {
		call.Started = s.Clock.Now()
		call.Finished = call.Started
		call.fail(err, nil)
		return
	}
	defer s.leave()
	s.last.reset(&s.response)
	var c chain // set field by field, or there would be two of them on each worker's stack
	c.session, c.ctx, c.call = s, ctx, call
	c.full, c.cached = len(p.hooks.After) > 0, again
	err := c.run(p)
	if c.full {
		err = c.readAll(err)
	}
	if c.ended > 0 && call.begun {
		call.Backoff += c.ended - call.Finished
		call.Finished = c.ended
	}
	if err != nil {
		if !call.begun {
			call.Started = s.Clock.Now()
			call.Finished = call.Started
		}
		call.fail(err, c.exchange)
	}
	s.last.take(&c, p.keep, err)
}

// MeasureOnce is Measure for a request that is not sent again: nothing is kept of it. Some allocations are the price.
func (s *Session) MeasureOnce(ctx context.Context, p *Prepared, call *Call) {
	s.unkept = true // a parameter would take another frame of every worker's stack
	s.Measure(ctx, p, call)
}

// Close closes the idle connections of all adapters. The session stays usable; cookies and settings
// stay. Responses that are being streamed can be read to their end.
func (s *Session) Close() {
	s.mounts.close()
}

func (s *Session) enter() error {
	if !s.busy.CompareAndSwap(0, 1) {
		return &Error{Kind: ErrConcurrentUse, Err: errShared}
	}
	return nil
}

func (s *Session) leave() { s.busy.Add(-1) }

// lend lets f, which is a user's, use the session. Where somebody else uses it when f ends, both are
// counted, so that each can leave.
func (s *Session) lend(f func() error) (err error) {
	s.leave()
	defer func() { // f may panic
		if s.busy.Add(1) != 1 {
			err = &Error{Kind: ErrConcurrentUse, Err: errShared}
		}
	}()
	return f()
}

func (s *Session) logger() *slog.Logger {
	if s.Logger != nil {
		return s.Logger
	}
	return slog.Default()
}

type text string

func (t text) Error() string { return string(t) }

const errShared text = "a call began while another one was under way; give every goroutine a session of its own"
