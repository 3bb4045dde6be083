package testserver

import (
	"errors"
	"net/http"
	"sync"
)

// maxTallies bounds what clients can make the server remember.
const maxTallies = 10_000

// tallies number the requests to each path and query, 1, 2, ..., so that a route can
// treat the nth of them in its own way. The zero value is ready for use.
type tallies struct {
	mu     sync.Mutex
	counts map[string]int64
}

func (t *tallies) next(r *http.Request) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = make(map[string]int64)
	}
	key := r.URL.Path + "?" + r.URL.RawQuery
	if _, known := t.counts[key]; !known && len(t.counts) == maxTallies {
		return 0, errors.New("too many different queries; POST /counters/reset forgets them")
	}
	t.counts[key]++
	return t.counts[key], nil
}

func (t *tallies) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.counts)
}

// ResetCounters makes /flaky, /stall-once and the shop's refusals of payments count from one again.
func (s *Server) ResetCounters() {
	s.tallies.reset()
	s.shop.till.tried.Store(0)
}

func (s *Server) resetTallies(w http.ResponseWriter, _ *http.Request) error {
	s.ResetCounters()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
