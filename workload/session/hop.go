package session

import (
	"context"
	"net/url"
	"strings"

	"sessbench/workload/wire"
)

// A Hop is one request of a call, as an Auth or a hook sees and changes it before it is
// sent.
type Hop struct {
	Context context.Context
	Method  string
	URL     *url.URL      // without user information; not to be changed in place
	Headers []wire.Header // in the order in which they are sent, without Host and Content-Length
	Body    *Body         // nil: none
}

// Header returns the first value of a header, or "".
func (h *Hop) Header(name string) string {
	for _, line := range h.Headers {
		if strings.EqualFold(line.Name, name) {
			return line.Value
		}
	}
	return ""
}

// SetHeader replaces all lines of a header by one, in the place of the first.
func (h *Hop) SetHeader(name, value string) {
	kept := make([]wire.Header, 0, len(h.Headers)+1)
	set := false
	for _, line := range h.Headers {
		switch {
		case !strings.EqualFold(line.Name, name):
			kept = append(kept, line)
		case !set:
			kept, set = append(kept, wire.Header{Name: name, Value: value}), true
		}
	}
	if !set {
		kept = append(kept, wire.Header{Name: name, Value: value})
	}
	h.Headers = kept
}

// RemoveHeader removes all lines of a header.
func (h *Hop) RemoveHeader(name string) {
	kept := make([]wire.Header, 0, len(h.Headers))
	for _, line := range h.Headers {
		if !strings.EqualFold(line.Name, name) {
			kept = append(kept, line)
		}
	}
	h.Headers = kept
}

// Target returns the path and query that are sent, "/" at least.
func (h *Hop) Target() string {
	target := h.URL.EscapedPath()
	if target == "" {
		target = "/"
	}
	if h.URL.ForceQuery || h.URL.RawQuery != "" {
		target += "?" + h.URL.RawQuery
	}
	return target
}
