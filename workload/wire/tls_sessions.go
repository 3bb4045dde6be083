package wire

import (
	"crypto/tls"
	"slices"
	"sync"
	"time"
)

const (
	// sessionsKept is how many servers' TLS sessions are kept for resumption.
	sessionsKept = 16
	// configsKept is for how many TLS settings they are: those used last.
	configsKept = 16
)

// A sessionStore keeps TLS sessions for resumption, apart by the settings under which they came
// about: a session carries over what was verified, and who the client was. It is safe for
// concurrent use.
type sessionStore struct {
	mu     sync.Mutex
	caches map[*tls.Config]tls.ClientSessionCache
	used   []*tls.Config // those of caches, the one used last at the end

	addressTokens // of HTTP/3
}

// of returns the cache for connections with these settings; none where sessions are not kept. They are offered for
// as long as lifetime says on clock, of whoever asks first, or for as long as servers allow if it is 0.
func (s *sessionStore) of(config *tls.Config, lifetime time.Duration, clock Clock) tls.ClientSessionCache {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch(config)
	cache := s.caches[config]
	if cache == nil {
		if s.caches == nil {
			s.caches = make(map[*tls.Config]tls.ClientSessionCache)
		}
		if lifetime > 0 {
			cache = &agingCache{clock: clock, lifetime: lifetime, kept: make(map[string]agingSession)}
		} else {
			cache = tls.NewLRUClientSessionCache(sessionsKept)
		}
		s.caches[config] = cache
	}
	return cache
}

// forget drops all sessions.
func (s *sessionStore) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caches, s.used = nil, nil
}

// touch notes that config is used, and drops that used longest ago where there are too many.
func (s *sessionStore) touch(config *tls.Config) {
	if i := slices.Index(s.used, config); i >= 0 {
		s.used = slices.Delete(s.used, i, i+1)
	} else if len(s.used) == configsKept {
		delete(s.caches, s.used[0])
		s.used = slices.Delete(s.used, 0, 1)
	}
	s.used = append(s.used, config)
}

// An agingCache keeps sessions for a limited time after it was given them. A server that gives a new ticket with
// every resumption makes a session young again. It is safe for concurrent use.
type agingCache struct {
	clock    Clock
	lifetime time.Duration

	mu   sync.Mutex
	kept map[string]agingSession // sessionsKept at most
}

// An agingSession is a session and when it came.
type agingSession struct {
	*tls.ClientSessionState
	born time.Duration
}

// Get returns the session kept under key unless it is too old.
func (c *agingCache) Get(key string) (*tls.ClientSessionState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	session, known := c.kept[key]
	if !known || c.clock.Now()-session.born >= c.lifetime {
		return nil, false
	}
	return session.ClientSessionState, true
}

// Put keeps a session, or forgets it for nil. The oldest one makes room.
func (c *agingCache) Put(key string, session *tls.ClientSessionState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if session == nil {
		delete(c.kept, key)
		return
	}
	if _, known := c.kept[key]; !known && len(c.kept) >= sessionsKept {
		delete(c.kept, c.oldest())
	}
	c.kept[key] = agingSession{session, c.clock.Now()}
}

func (c *agingCache) oldest() string {
	var oldest string
	for key, session := range c.kept {
		if oldest == "" || session.born < c.kept[oldest].born {
			oldest = key
		}
	}
	return oldest
}

// sessionCopies gives each connection a copy of the session that is kept: QUIC writes to the one it resumes, and the
// Clients of a pool resume the same one at the same time.
type sessionCopies struct{ tls.ClientSessionCache }

// Get returns a copy of the session kept under key.
func (c sessionCopies) Get(key string) (*tls.ClientSessionState, bool) {
	kept, known := c.ClientSessionCache.Get(key)
	if kept == nil {
		return nil, known
	}
	ticket, state, err := kept.ResumptionState()
	if err != nil || state == nil {
		return nil, false
	}
	own := *state
	session, err := tls.NewResumptionState(ticket, &own)
	return session, err == nil
}
