package workload

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"sessbench/workload/script"
	"sessbench/workload/session"
	"sessbench/workload/wire"
)

// A setup is what a plan comes to before the first connection: files read,
// addresses parsed, requests rendered. It is the same for every arm with that target, but for the program of arms whose
// server is to close.
type setup struct {
	settings session.Settings
	adapters Adapters
	feeds    []feeding
	others   map[string]*setup // by the targets that arms have of their own

	url      *url.URL // of the target
	wire     wire.Options
	cookies  session.Cookies
	program  *program
	closing  *program          // program with Connection: close; nil where no arm sends it
	request  *session.Prepared // that stands for all: of the mix's only operation, where that has no templates, or for the target
	endpoint wire.Endpoint     // that it goes to
}

// newSetup reads the files that the plan names. The error is a *KeyError.
func newSetup(p *Plan, opts Options) (*setup, error) {
	if err := p.refuseUnbuilt(); err != nil {
		return nil, err
	}
	target, err := targetURL(p, opts)
	if err != nil {
		return nil, err
	}
	s := &setup{adapters: p.Session.Adapters, settings: p.Session.settings(opts), others: map[string]*setup{}}
	if s.wire, err = p.wireOptions(); err != nil {
		return nil, err
	}
	names, err := p.language()
	if err != nil {
		return nil, err
	}
	if s.feeds, err = readFeeds(p.Feeds); err != nil {
		return nil, err
	}
	s.wire.Buffers, s.wire.Turns = new(wire.Buffers), wire.NewTurns()
	with := session.NewWith(s.settings)
	for _, a := range p.Arms {
		if a.Target == "" || s.others[a.Target] != nil {
			continue
		}
		own, err := session.ParseURL(a.Target)
		if err != nil {
			return nil, err // Plan.Validate has found it to be one
		}
		other := *s // with the same feeds, buffers and local addresses
		if err := other.aim(p, names, with, own, a.Target); err != nil {
			return nil, err
		}
		s.others[a.Target] = &other
	}
	return s, s.aim(p, names, with, target, "")
}

// aim makes what depends on the target. arms is the Arm.Target of those that it is for.
func (s *setup) aim(p *Plan, names *script.Names, with *session.Session, target *url.URL, arms string) error {
	s.url, s.cookies = target, cookiesOf(target, p.Session.Cookies)
	var err error
	if s.program, err = compile(p, names, with, target, false); err != nil {
		return err
	}
	if err := s.represent(p, with); err != nil {
		return err
	}
	s.wire.TLS = s.request.TLS()
	return s.prepareArms(p, names, with, arms)
}

// of returns the setup that an arm works with.
func (s *setup) of(a *Arm) *setup {
	if a.Target == "" {
		return s
	}
	return s.others[a.Target]
}

// represent finds the request that stands for all.
func (s *setup) represent(p *Plan, with *session.Session) error {
	stands := Operation{Name: "target", Method: "GET", URL: s.url.String()}
	key := "target"
	if only := s.program.only(); only != nil {
		s.request, key = only, "mix[0].url"
	} else {
		var err error
		if s.request, err = stands.prepare(with, s.url, key); err != nil {
			return err
		}
	}
	var err error
	if s.endpoint, err = s.request.Endpoint(); err != nil {
		return &KeyError{key, fmt.Sprintf("cannot be requested: %v", err)}
	}
	return nil
}

// only returns the request of a mix that makes but one, always the same, or nil.
func (p *program) only() *session.Prepared {
	if len(p.items) != 1 || len(p.items[0].steps) != 1 {
		return nil
	}
	return p.items[0].steps[0].rendering.fixed
}

// prepareArms makes what single arms need, and refuses those that cannot go through a proxy.
func (s *setup) prepareArms(p *Plan, names *script.Names, with *session.Session, target string) error {
	for i := range p.Arms {
		policy, err := p.policyFor(&p.Arms[i])
		switch {
		case err != nil:
			return err
		case p.Arms[i].Target != target:
			continue
		case policy.HTTP == wire.HTTP3 && s.request.Proxy() != nil:
			return p.Arms[i].error(i, "speaks HTTP/3, but that does not go through a proxy; leave the arm or the proxy out")
		case policy.HTTP == wire.H2C && s.forwarding():
			return p.Arms[i].error(i, "speaks h2c, but a proxy for plain http does not; leave the arm or the proxy out")
		case policy.Close != wire.CloseByServer || s.closing != nil:
			continue
		}
		if s.closing, err = compile(p, names, with, s.url, true); err != nil {
			return err
		}
	}
	return nil
}

// programOf is what an arm with this policy carries out.
func (s *setup) programOf(p *wire.Policy) *program {
	if p.Close == wire.CloseByServer {
		return s.closing
	}
	return s.program
}

func targetURL(p *Plan, opts Options) (*url.URL, error) {
	target := p.Target
	if target == "" {
		if opts.Embedded == nil {
			return nil, &KeyError{"target", "is missing; name the URL to load"}
		}
		target = opts.Embedded.URL
	}
	u, err := session.ParseURL(target)
	if err != nil {
		return nil, &KeyError{"target", "is not a URL: " + urlReason(target, err)}
	}
	return u, nil
}

// prepare merges the session's settings into an operation, whose key is its place in the plan.
func (o *Operation) prepare(with *session.Session, target *url.URL, key string) (*session.Prepared, error) {
	return o.prepareKeeping(with, target, false, key)
}

// preparationError names the key that an operation could not be prepared for: what it does not have itself
// is the session's.
func (o *Operation) preparationError(key string, err error) error {
	of := func(has bool, name string) string {
		if has {
			return key + name
		}
		return "session" + name
	}
	switch why := causeOf(err); session.KindOf(err) {
	case session.ErrTLS:
		part := ""
		if file, ok := errors.AsType[*session.TLSFileError](err); ok {
			part = map[string]string{"CA": ".ca", "Cert": ".cert", "Key": ".key", "KeyLog": ".key_log"}[file.Field]
		}
		return &KeyError{of(o.TLS != nil, ".tls"+part), fmt.Sprintf("cannot be used: %v", why)}
	case session.ErrInvalidURL, session.ErrMissingScheme, session.ErrInvalidScheme:
		return &KeyError{key + ".url", fmt.Sprintf("cannot be requested: %v", err)}
	case session.ErrInvalidProxyURL:
		return &KeyError{of(len(o.Proxies) > 0, ".proxies"), fmt.Sprintf("cannot be used: %v", why)}
	default:
		return &KeyError{key, fmt.Sprintf("cannot be sent: %v", err)}
	}
}

// causeOf is what lies beneath a session's error, which names its kind and URL.
func causeOf(err error) error {
	if e, ok := errors.AsType[*session.Error](err); ok && e.Err != nil {
		return e.Err
	}
	return err
}

// newSession returns a session for one worker, whose requests go over client.
func (s *setup) newSession(clock wire.Clock, client *wire.Client, seed uint64, worker int) (*session.Session, error) {
	made := session.NewWith(s.settings)
	made.Clock = clock
	made.Random = retryRandom(seed, worker)
	made.Logger = quiet()
	for _, prefix := range []string{"http://", "https://"} {
		if err := made.Mount(prefix, session.Adapter{Transport: client}); err != nil {
			return nil, err
		}
	}
	for _, a := range s.adapters {
		if err := made.Mount(a.Prefix, session.Adapter{Transport: client, Retries: a.Retries}); err != nil {
			return nil, &KeyError{"session.adapters", fmt.Sprintf("has %q: %v", maskText(a.Prefix), err)}
		}
	}
	return made, setCookies(made, s.cookies)
}

func setCookies(s *session.Session, cookies session.Cookies) error {
	for _, c := range cookies {
		if err := s.Jar.Set(c); err != nil {
			return &KeyError{"session.cookies", err.Error()}
		}
	}
	return nil
}

func (s *SessionPlan) wireOptions() (wire.Options, error) {
	o := wire.Options{Limits: s.Timeout.limits(), Resolve: map[string][]string{}}
	for _, rule := range s.Resolve {
		host, addresses, err := parseResolve(rule)
		if err != nil {
			return o, err
		}
		o.Resolve[host] = addresses
	}
	for _, rule := range s.ConnectTo {
		r, err := parseConnectTo(rule)
		if err != nil {
			return o, err
		}
		o.ConnectTo = append(o.ConnectTo, r)
	}
	return o, nil
}

func (t *Timeout) limits() wire.Limits {
	return wire.Limits{
		ConnectTimeout: time.Duration(t.Connect),
		ReadTimeout:    time.Duration(t.Read),
		WriteTimeout:   time.Duration(t.Write),
		Timeout:        time.Duration(t.Total),
	}
}
