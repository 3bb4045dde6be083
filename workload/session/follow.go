package session

import (
	"errors"
	"hash/maphash"
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
	n.url, n.plain, n.variation = u, nil, nil
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

// stepsKept bounds the next hops that are kept, and the steps that are remembered.
const stepsKept = 128

// knownNext is next, worked out once: a load test follows the same redirect again and again. Redirects to ever
// new places are worked out each time, and nothing is kept of them: a next hop takes some kilobytes, and
// there are thousands of sessions. kept reports whether it will be found again.
func (s *Session) knownNext(p *Prepared, status int, location []byte) (n *Prepared, kept bool, err error) {
	if known := s.steps[step{p, status, string(location)}]; known != nil {
		return known, true, nil
	}
	n, err = s.next(p, status, location)
	if err != nil {
		return nil, false, err
	}
	taken := step{p, status, string(location)}
	if !s.taken.again(taken) {
		return n, false, nil
	}
	if s.steps == nil || len(s.steps) >= stepsKept {
		s.steps, s.ready = map[step]*Prepared{}, nil // which has what is kept of the next hops
	}
	s.steps[taken] = n
	return n, true, nil
}

// footprints remember the last steps that were taken, by their hashes. The zero value remembers none.
type footprints struct {
	seed   maphash.Seed
	hashes []uint64
	oldest int
}

// again reports whether a step was taken lately, and remembers it.
func (f *footprints) again(taken step) bool {
	if f.hashes == nil {
		f.seed, f.hashes = maphash.MakeSeed(), make([]uint64, stepsKept)
	}
	hash := maphash.Comparable(f.seed, taken)
	if slices.Contains(f.hashes, hash) {
		return true
	}
	f.hashes[f.oldest] = hash
	f.oldest = (f.oldest + 1) % len(f.hashes)
	return false
}
