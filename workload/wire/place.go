package wire

import (
	"crypto/tls"
	"sync"
)

// A place is where a connection leads and under which terms. A kept connection serves requests
// for its own place only: neither another server's, nor those that go through another proxy
// or trust other certificates.
type place struct {
	endpoint Endpoint    // of the request; none for plain http through an HTTP proxy, which takes every target
	proxy    Proxy       // Kind is "" where there is none
	tls      *tls.Config // nil: Options.TLS, or nothing to encrypt
}

// placeOf returns where the connection for req belongs.
func placeOf(req *Request, opts *Options) place {
	at := place{endpoint: req.Endpoint}
	if req.Endpoint.TLS && req.Spec.TLS != opts.TLS {
		at.tls = req.Spec.TLS
	}
	if proxy := req.Spec.Proxy; proxy != nil {
		at.proxy = *proxy
		if !req.Endpoint.TLS && (proxy.Kind == ProxyHTTP || proxy.Kind == ProxyHTTPS) {
			at.endpoint = Endpoint{}
		}
	}
	return at
}

// String names the place for an error.
func (at *place) String() string {
	if at.endpoint.Host == "" {
		return Endpoint{Host: at.proxy.Host, Port: at.proxy.Port}.String()
	}
	return at.endpoint.String()
}

const (
	// sessionsKept is how many servers' TLS sessions are kept for resumption.
	sessionsKept = 16
	// configsKept is for how many TLS settings they are.
	configsKept = 16
)

// A sessionStore keeps TLS sessions for resumption, apart by the settings under which they came
// about: a session carries over what was verified, and who the client was. It is safe for
// concurrent use.
type sessionStore struct {
	mu     sync.Mutex
	caches map[*tls.Config]tls.ClientSessionCache
}

// of returns the cache for connections with these settings; none where sessions are not kept.
func (s *sessionStore) of(config *tls.Config) tls.ClientSessionCache {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cache := s.caches[config]
	if cache == nil {
		if s.caches == nil || len(s.caches) == configsKept {
			s.caches = make(map[*tls.Config]tls.ClientSessionCache)
		}
		cache = tls.NewLRUClientSessionCache(sessionsKept)
		s.caches[config] = cache
	}
	return cache
}
