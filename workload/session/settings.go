package session

import (
	"time"
)

// Settings are what a session brings to every call. They are read when a call begins, so a
// change counts for later ones.
type Settings struct {
	Headers      Fields
	Params       Fields // appended to every URL's query
	Auth         Auth   // nil: credentials in the URL, else netrc with TrustEnv
	Timeout      *Timeout
	Proxies      Proxies
	TLS          *TLS
	Follow       Follow
	MaxRedirects int // redirects that a call follows; the next one is ErrTooManyRedirects
	Stream       bool
	TrustEnv     bool // proxies, CA bundle and netrc by the environment
	Hooks        Hooks
}

// Defaults returns what requests.Session starts with, and no limits of time.
func Defaults() Settings {
	return Settings{
		Headers:      Pairs("User-Agent", userAgent, "Accept-Encoding", acceptEncoding, "Accept", "*/*", "Connection", "keep-alive"),
		MaxRedirects: DefaultMaxRedirects,
		TrustEnv:     true,
	}
}

const (
	userAgent = "sessbench-session/1"

	// DefaultMaxRedirects is how many redirects a call follows.
	DefaultMaxRedirects = 30
)

// A Timeout limits waiting; 0 is no limit.
type Timeout struct {
	Connect time.Duration // name resolution, TCP connect, proxy and TLS handshake of one connection, together
	Read    time.Duration // the longest silence of the server, in head and body
	Write   time.Duration // the longest standstill in sending; 0: Read
	Total   time.Duration // the whole call: redirects, retries and waiting before them included
}

// Follow says whether redirects are followed.
type Follow int

// A request's value counts before its session's.
const (
	FollowDefault Follow = iota // for HEAD by Session.Head no, else yes
	FollowAlways
	FollowNever
)

// Hooks are called on the goroutine of the call, and may use the session for other calls. Those of a
// request come after those of its session.
type Hooks struct {
	// Before is called with every hop before it is sent, after authentication; it may change it.
	// An error ends the call.
	Before []func(*Hop) error
	// After is called with every hop's response, before its body is read and its cookies
	// are stored. It may return another response in its place, or nil for the same one. The body of
	// the one that is replaced is then the hook's to read or close; what the new one leaves out of
	// URL, History, Body and what was sent is added.
	After []func(*Response) (*Response, error)
}
