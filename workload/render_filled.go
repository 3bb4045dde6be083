package workload

import (
	"errors"
	"net/url"

	"sessbench/workload/script"
	"sessbench/workload/session"
)

// A filledRequest is an operation that is filled in and prepared for each call.
type filledRequest struct {
	operation *Operation        // with marks in the place of what is filled in
	texts     [][]piece         // of the operation, in the order of mapTexts; nil: it stands
	base      *session.Prepared // has the TLS settings, and with them the connections
	target    *url.URL
	keep      bool
	key       string
}

// newFilledRequest returns the request of an operation with marks, of which base was prepared.
func newFilledRequest(marked *Operation, base *session.Prepared, c *renderCompiler, target *url.URL, keep bool) (*filledRequest, error) {
	g := &filledRequest{operation: marked, texts: c.texts, base: base, target: target, keep: keep, key: c.key}
	if c.whole {
		return g, nil
	}
	// The URL is resolved before it is filled in: no value can make another reference of it, as an empty one would
	// make //x of /{{id}}/x, which names a server.
	resolved, err := marked.request(target, c.key)
	if err != nil {
		return nil, err
	}
	marked.URL = resolved.URL
	g.texts[0] = c.marks.split(resolved.URL, c.holes, make([]int, len(c.holes)))
	return g, nil
}

func (g *filledRequest) request(s *session.Session, scope *script.Scope) (*session.Prepared, error) {
	next := 0
	o, err := g.operation.mapTexts(func(t operationText) (string, bool, error) {
		pieces := g.texts[next]
		next++
		if pieces == nil {
			return "", false, nil
		}
		text, err := appendPieces(nil, pieces, scope)
		return string(text), true, err
	})
	if err != nil {
		return nil, err
	}
	request, err := o.request(g.target, g.key)
	if bad, ok := errors.AsType[*KeyError](err); ok && bad.Key == g.key+".url" {
		return nil, &KeyError{bad.Key, "is no URL with what its templates came to"}
	}
	if err != nil {
		return nil, err
	}
	request.Keep, request.SameTLS = g.keep, g.base
	p, err := s.Prepare(request)
	return p, unsendable(g.key, err)
}
