package workload

import (
	"net/url"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A rendering is how an operation becomes a request: once for all, or for each call where templates are filled in. It is not
// changed once it was made; any worker may use it.
type rendering struct {
	fixed *session.Prepared // nil: it has templates
}

// newRendering compiles an operation, whose key is its place in the plan; with has the settings that all sessions have. keep
// says that the response's body has to be kept for checks and extractions. The error is a *KeyError.
func newRendering(o *Operation, with *session.Session, target *url.URL, names *script.Names, keep bool, key string) (*rendering, error) {
	fixed, err := o.prepare(with, target, key)
	return &rendering{fixed: fixed}, err
}

// request returns what s is to send. once says that it is for this call alone (session.MeasureOnce). An error is script.ErrEnded, or
// says what cannot be sent; the call then fails without having begun.
func (g *rendering) request(s *session.Session, scope *script.Scope) (p *session.Prepared, once bool, err error) {
	return g.fixed, false, nil
}
