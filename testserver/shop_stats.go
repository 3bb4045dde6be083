package testserver

import "sync/atomic"

// ShopStats are what happened in the shop.
type ShopStats struct {
	Logins        int64 `json:"logins"`         // that began a session
	LoginsRefused int64 `json:"logins_refused"` // for a wrong name or password
	Logouts       int64 `json:"logouts"`
	Sessions      int64 `json:"sessions"`     // open now
	Evicted       int64 `json:"evicted"`      // sessions that ended for want of room
	Unauthorized  int64 `json:"unauthorized"` // requests without a session: 401
	Payments      int64 `json:"payments"`     // that were made
	Replayed      int64 `json:"replayed"`     // asked for again with their Idempotency-Key
	TooMany       int64 `json:"too_many"`     // payments that were refused: 429
}

// shopCounts are the shop's tallies since the last reset.
type shopCounts struct {
	logins, loginsRefused, logouts, unauthorized, payments, replayed, tooMany atomic.Int64
}

func (sh *shop) stats() ShopStats {
	open, evicted := sh.sessions.counts()
	return ShopStats{
		Logins:        sh.counts.logins.Load(),
		LoginsRefused: sh.counts.loginsRefused.Load(),
		Logouts:       sh.counts.logouts.Load(),
		Sessions:      open,
		Evicted:       evicted,
		Unauthorized:  sh.counts.unauthorized.Load(),
		Payments:      sh.counts.payments.Load(),
		Replayed:      sh.counts.replayed.Load(),
		TooMany:       sh.counts.tooMany.Load(),
	}
}

// resetStats begins to count anew. Sessions stay open.
func (sh *shop) resetStats() {
	c := &sh.counts
	for _, n := range []*atomic.Int64{&c.logins, &c.loginsRefused, &c.logouts, &c.unauthorized, &c.payments, &c.replayed, &c.tooMany} {
		n.Store(0)
	}
	sh.sessions.resetEvicted()
}

// counts returns how many sessions are open, and how many were evicted since the last reset.
func (s *shopSessions) counts() (open, evicted int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.recent.Len()), s.evicted
}

func (s *shopSessions) resetEvicted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.evicted = 0
}
