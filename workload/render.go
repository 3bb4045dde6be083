package workload

import (
	"fmt"
	"net/url"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A rendering is how an operation becomes a request: once for all, or for each call where templates are filled in. It is not
// changed once it was made; any worker may use it.
type rendering struct {
	fixed  *session.Prepared // nil: it has templates
	varied *variedRequest    // where all of them are in texts that can be changed by themselves; or
	filled *filledRequest    // where the operation has to be prepared for each call
}

// newRendering compiles an operation, whose key is its place in the plan; with has the settings that all sessions have. keep
// says that the response's body has to be kept for checks and extractions. The error is a *KeyError.
func newRendering(o *Operation, with *session.Session, target *url.URL, names *script.Names, keep bool, key string) (*rendering, error) {
	if err := o.refuseTemplates(key); err != nil {
		return nil, err
	}
	c := &renderCompiler{names: names, key: key, marks: newMarks()}
	marked, err := o.mapTexts(c.text)
	if err != nil {
		return nil, err
	}
	base, err := marked.prepareKeeping(with, target, keep, key)
	if err != nil {
		return nil, c.marks.hide(err)
	}
	if len(c.holes) == 0 {
		return &rendering{fixed: base}, nil
	}
	if !c.whole {
		if varied, ok := newVariedRequest(base, c, key); ok {
			return &rendering{varied: varied}, nil
		}
	}
	filled, err := newFilledRequest(marked, base, c, target, keep)
	return &rendering{filled: filled}, err
}

// prepareKeeping is prepare for an operation whose response's body may have to be kept.
func (o *Operation) prepareKeeping(with *session.Session, target *url.URL, keep bool, key string) (*session.Prepared, error) {
	request, err := o.request(target, key)
	if err != nil {
		return nil, err
	}
	request.Keep = keep
	prepared, err := with.Prepare(request)
	if err != nil {
		return nil, o.preparationError(key, err)
	}
	return prepared, nil
}

// request returns what s is to send, valid until it is asked for the session's next one. once says that it is for this call alone
// (session.MeasureOnce). An error is script.ErrEnded, or says what cannot be sent, without the values that it was to have; the
// call then fails without having begun.
func (g *rendering) request(s *session.Session, scope *script.Scope) (p *session.Prepared, once bool, err error) {
	switch {
	case g.fixed != nil:
		return g.fixed, false, nil
	case g.varied != nil:
		p, err = g.varied.request(s, scope)
	default:
		p, err = g.filled.request(s, scope)
	}
	return p, true, err
}

// unsendable makes the error of a request that cannot be sent: its kind and cause, without the URL, which has values in it.
func unsendable(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s cannot be sent: %w", key, &session.Error{Kind: session.KindOf(err), Err: causeOf(err)})
}
