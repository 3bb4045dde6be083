package wire

import "crypto/tls"

// A place is where a connection leads and under which terms. A kept connection serves requests
// for its own place only: neither another server's, nor those that go through another proxy
// or trust other certificates.
type place struct {
	endpoint Endpoint    // of the request; none for plain http through an HTTP proxy, which takes every target
	proxy    Proxy       // Kind is "" where there is none
	tls      *tls.Config // nil: Options.TLS, or nothing to encrypt
}

// find makes at, which is empty, the place where the connection for req belongs.
func (at *place) find(req *Request, opts *Options) {
	at.endpoint = req.Endpoint
	if req.Endpoint.TLS && req.Spec.TLS != opts.TLS {
		at.tls = req.Spec.TLS
	}
	if proxy := req.Spec.Proxy; proxy != nil {
		at.proxy = *proxy
		if !req.Endpoint.TLS && (proxy.Kind == ProxyHTTP || proxy.Kind == ProxyHTTPS) {
			at.endpoint = Endpoint{}
		}
	}
}

// String names the place for an error.
func (at *place) String() string {
	if at.endpoint.Host == "" {
		return Endpoint{Host: at.proxy.Host, Port: at.proxy.Port}.String()
	}
	return at.endpoint.String()
}
