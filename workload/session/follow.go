package session

import (
	"errors"
	"slices"
	"strings"

	"sessbench/workload/wire"
)

// next returns the hop that a redirect leads to.
func (s *Session) next(p *Prepared, status int, location []byte) (*Prepared, error) {
	u, relative, err := redirectURL(p.url, location)
	if err != nil {
		return nil, err
	}
	n := *p
	n.url, n.plain = u, nil
	var withBody bool
	n.method, withBody = redirectMethod(status, p.method)
	if !withBody {
		n.body = nil
	} else if !n.body.replayable() {
		return nil, &Error{Kind: ErrUnrewindable, URL: publicURL(u), Err: errors.New("a redirect wants it a second time; send bytes or a reader that can seek")}
	}
	strip := !keepsCredentials(p.url, u)
	n.headers = slices.DeleteFunc(slices.Clone(p.headers), func(h wire.Header) bool {
		switch {
		case named("Cookie")(h), named("Proxy-Authorization")(h):
			return true
		case named("Host")(h):
			return !relative
		case named("Authorization")(h):
			return strip
		}
		return !withBody && speaksOfBody(h.Name)
	})
	n.cookieHeader, n.host = false, hostOf(n.headers)
	if strip {
		n.authorization, n.auth = "", nil
	}
	if err := n.setProxy(); err != nil {
		return nil, err
	}
	if n.authorization == "" && n.auth == nil && !has(n.headers, "Authorization") {
		s.setNetrc(&n)
	}
	return &n, n.render()
}

// foreign reports whether redirects have led away from the host that the call began with.
func (p *Prepared) foreign() bool { return !strings.EqualFold(p.url.Hostname(), p.origin) }

// A step is what decides about the next hop.
type step struct {
	from     *Prepared
	status   int
	location string
}

// stepsKept bounds the next hops that are kept; redirects to ever new places are worked out
// each time.
const stepsKept = 512

// knownNext is next, worked out once: a load test follows the same redirect again and again. kept reports
// whether it will be found again.
func (s *Session) knownNext(p *Prepared, status int, location []byte) (n *Prepared, kept bool, err error) {
	if known := s.steps[step{p, status, string(location)}]; known != nil {
		return known, true, nil
	}
	n, err = s.next(p, status, location)
	if err != nil || len(s.steps) >= stepsKept {
		return n, false, err
	}
	if s.steps == nil {
		s.steps = map[step]*Prepared{}
	}
	s.steps[step{p, status, string(location)}] = n
	return n, true, nil
}
