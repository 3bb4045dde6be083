package session

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"sessbench/workload/wire"
)

// A chain is a call under way: the hops that follow each other.
type chain struct {
	session *Session
	ctx     context.Context
	call    *Call
	full    bool // responses are made and kept
	cached  bool // the hop under way will be sent again, by later calls

	at        *Prepared // the hop under way, or the last one
	began     time.Duration
	ended     time.Duration // of a call that ended between two attempts; 0: with the last one
	exchanged bool          // something was sent
	auth      Auth          // this session's, once it was needed
	redirects int
	answered  bool // the hop under way answers a challenge

	// The last attempt's.
	response *wire.Response
	exchange *wire.Exchange

	// Of full chains.
	sent      *Sent
	attempts  []Attempt
	exchanges []*wire.Exchange // of all hops
	last      *Response
	history   []*Response
}

// fetch makes a call whose response is kept.
func (s *Session) fetch(ctx context.Context, p *Prepared) (*Response, error) {
	c := chain{session: s, ctx: ctx, call: new(Call), full: true}
	if err := c.run(p); err != nil {
		return nil, err
	}
	if p.stream {
		return c.last, nil
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c.last, nil
}

// load reads the body of the last response. The error is an *Error.
func (c *chain) load() error {
	err := c.last.load()
	if err == nil || KindOf(err) != "" {
		return err
	}
	return c.last.failed(ErrHook, err) // a hook made that body
}

// readAll reads the body of a call that is measured although its responses are kept, and enters the
// exchanges anew: they went on while bodies were read.
func (c *chain) readAll(err error) error {
	if err == nil {
		err = c.load()
	}
	redirects, retries := c.call.Redirects, c.call.Retries
	*c.call = Call{}
	for _, ex := range c.exchanges {
		c.call.add(ex)
	}
	c.call.Redirects, c.call.Retries = redirects, retries
	return err
}

// run makes hop after hop. The error is an *Error.
func (c *chain) run(p *Prepared) error {
	c.began = c.session.Clock.Now()
	returned := false
	defer func() {
		if !returned {
			c.abandon()
		}
	}()
	err := c.runHops(p)
	returned = true
	return err
}

// abandon gives up the response at which a user's code panicked: nobody else can close it.
func (c *chain) abandon() {
	if c.last != nil && c.last.Body != nil {
		_ = c.last.Body.Close()
	}
}

func (c *chain) runHops(p *Prepared) error {
	for {
		if err := c.hop(p); err != nil {
			return err
		}
		next, err := c.decide(p)
		if next == nil || err != nil {
			return err
		}
		p = next
	}
}

// hop makes one hop: as many attempts as it takes, then what follows a response.
func (c *chain) hop(p *Prepared) error {
	s := c.session
	c.at, c.sent, c.attempts, c.last = p, nil, nil, nil
	r, err := c.prepare(p)
	if err != nil {
		return err
	}
	if p.insecure {
		s.warnInsecure(p)
	}
	if err := c.transmit(p, r); err != nil {
		return err
	}
	if c.full {
		if err := c.respond(p); err != nil {
			return err
		}
	}
	s.keepCookies(p, c.response)
	return nil
}

// keepCookies stores what a response set.
func (s *Session) keepCookies(p *Prepared, resp *wire.Response) {
	if s.Jar != nil && resp.HasSetCookie() {
		resp.EachSetCookie(func(line []byte) { s.Jar.receive(p.url, p.host, line) })
	}
}

// respond makes the Response and shows it to the hooks.
func (c *chain) respond(p *Prepared) error {
	c.last = c.newResponse(p)
	for _, hook := range p.hooks.After {
		err := c.session.lend(func() error {
			other, err := hook(c.last)
			if other != nil && other != c.last {
				other.replace(c.last)
				c.last = other
			}
			return err
		})
		if err != nil {
			c.drain()
			return c.failed(p, userKind(err, ErrHook), err)
		}
	}
	return nil
}

// userKind is the kind of an error that a user's code returned.
func userKind(err error, kind Kind) Kind {
	if known := KindOf(err); known != "" {
		return known
	}
	return kind
}

// decide returns the hop that is to follow, or nil.
func (c *chain) decide(p *Prepared) (*Prepared, error) {
	status, location := c.response.Status, c.location()
	if c.last != nil {
		status, location = c.last.Status, c.last.location() // what hooks made of it
	}
	switch {
	case status >= 400:
		if p.auth == nil || status > 499 || !c.answers(p, status) {
			return nil, nil
		}
		c.answered = true
		c.settle()
		return p, nil
	case !isRedirect(status, location):
		return nil, nil
	case !p.follow:
		c.showNext(p, status, location)
		return nil, nil
	case c.redirects >= p.maxRedirects:
		c.drain()
		return nil, c.failed(p, ErrTooManyRedirects, fmt.Errorf("more than %d", p.maxRedirects))
	}
	return c.follow(p, status, location)
}

// location returns the Location of a redirect. Other responses are not looked into: reading their fields
// would cost more than all else that a session does.
func (c *chain) location() []byte {
	if c.response.Status < 300 || c.response.Status > 399 {
		return nil
	}
	return c.response.Header("Location")
}

// follow goes on to where a redirect leads.
func (c *chain) follow(p *Prepared, status int, location []byte) (next *Prepared, err error) {
	if c.cached {
		next, c.cached, err = c.session.knownNext(p, status, location)
	} else {
		next, err = c.session.next(p, status, location)
	}
	if err != nil {
		c.drain()
		return nil, c.failed(p, userKind(err, ErrInvalidURL), err)
	}
	c.redirects++
	c.call.Redirects++
	c.answered = false
	c.settle()
	return next, nil
}

// showNext prepares what would follow, for a user who wants to send it by hand.
func (c *chain) showNext(p *Prepared, status int, location []byte) {
	if c.last != nil {
		c.last.Next, _ = c.session.next(p, status, location) // a Location that leads nowhere has none
	}
}

// settle puts the response aside that another hop follows.
func (c *chain) settle() {
	if c.last == nil {
		return
	}
	c.drain()
	c.history = append(c.history, c.last)
}

// drain reads what there is of a body that nobody waits for, so that its connection can be used
// again. It is bounded; failures in it cost the connection only.
func (c *chain) drain() {
	if c.last != nil {
		c.last.drain()
	}
}

// answers lets the hop's Auth answer a challenge, once.
func (c *chain) answers(p *Prepared, status int) bool {
	answerer, ok := c.authOf(p).(Answerer)
	if !ok || c.answered || p.body != nil && !p.body.replayable() {
		return false
	}
	const field = "WWW-Authenticate"
	var challenges []string
	if c.last != nil {
		challenges = c.last.Header.Values(field)
	} else {
		c.response.Fields(func(name, value []byte) {
			if strings.EqualFold(string(name), field) {
				challenges = append(challenges, string(value))
			}
		})
	}
	again := false
	h := &Hop{Context: c.ctx, Method: p.method, URL: p.url, Headers: p.lines(""), Body: p.body}
	err := c.session.lend(func() error {
		again = answerer.Answer(h, status, challenges)
		return nil
	})
	return again && err == nil
}

// authOf returns what this session uses for p's Auth. It stays the same for the whole call, so that an answer
// comes from what was asked; redirects carry the Auth along or drop it, but never have another one.
func (c *chain) authOf(p *Prepared) Auth {
	if c.auth == nil {
		c.auth = c.session.own(p.auth)
	}
	return c.auth
}

// own returns what this session uses for an Auth: a copy with state of its own, where it has state.
func (s *Session) own(given Auth) Auth {
	stateful, ok := given.(PerSession)
	if !ok {
		return given
	}
	for _, known := range s.auths {
		if known.given == given { // does not panic: what is known can be compared
			return known.own
		}
	}
	own := stateful.Session()
	if reflect.ValueOf(given).Comparable() {
		s.auths = append(s.auths, authState{given, own})
	}
	return own
}

// failed makes the error of a call.
func (c *chain) failed(p *Prepared, kind Kind, err error) error {
	if known, ok := errors.AsType[*Error](err); ok && known.Kind == kind {
		err = known.Err
	}
	return &Error{
		Kind:     kind,
		URL:      publicURL(p.url),
		Response: c.last,
		History:  c.history,
		Sent:     c.sent,
		Attempts: c.attempts,
		Err:      err,
	}
}

// An unverified is one whose certificate is not looked at.
type unverified struct {
	host string // of a server with its port, if its URL has one
	port uint16 // of a proxy; 0: it is a server
}

// warnInsecure tells, once each, of those whose certificates p does without: the server, and an https
// proxy.
func (s *Session) warnInsecure(p *Prepared) {
	if p.url.Scheme == "https" {
		s.warnOnce(unverified{host: p.url.Host}, "server")
	}
	if p.proxy != nil && p.proxy.Kind == wire.ProxyHTTPS {
		s.warnOnce(unverified{p.proxy.Host, p.proxy.Port}, "proxy")
	}
}

func (s *Session) warnOnce(whom unverified, what string) {
	if s.warned[whom] {
		return
	}
	if s.warned == nil {
		s.warned = map[unverified]bool{}
	}
	s.warned[whom] = true
	host := whom.host
	if whom.port != 0 {
		host = wire.Endpoint{Host: whom.host, Port: whom.port}.String()
	}
	s.logger().Warn("the "+what+"'s certificate is not verified: anybody in between can read and change what is sent", "host", host)
}
