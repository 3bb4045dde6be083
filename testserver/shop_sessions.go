package testserver

import (
	"container/list"
	"crypto/rand"
	"net/http"
	"sync"
)

// shopCookie holds a session's id.
const shopCookie = "shop_session"

// A shopSession is one login of a user. Its cart belongs to whoever holds mu, which is
// taken before the account's.
type shopSession struct {
	id   string
	user int

	mu   sync.Mutex
	cart cart
}

// shopSessions are those that are open, up to a limit.
type shopSessions struct {
	limit int

	mu      sync.Mutex
	byID    map[string]*list.Element
	recent  list.List // of *shopSession, the one used last in front
	evicted int64
}

func newShopSessions(limit int) *shopSessions {
	return &shopSessions{limit: limit, byID: make(map[string]*list.Element)}
}

// begin opens a session for a user. It may end another one, unused for longest.
func (s *shopSessions) begin(user int) *shopSession {
	session := &shopSession{id: rand.Text(), user: user}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recent.Len() == s.limit {
		s.remove(s.recent.Back())
		s.evicted++
	}
	s.byID[session.id] = s.recent.PushFront(session)
	return session
}

// use returns the session with that id, or nil.
func (s *shopSessions) use(id string) *shopSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e == nil {
		return nil
	}
	s.recent.MoveToFront(e)
	return e.Value.(*shopSession)
}

// end closes a session, and says whether it was open.
func (s *shopSessions) end(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.byID[id]
	if e == nil {
		return false
	}
	s.remove(e)
	return true
}

func (s *shopSessions) remove(e *list.Element) {
	delete(s.byID, s.recent.Remove(e).(*shopSession).id)
}

// sessionOf returns the session whose cookie a request has, or nil.
func (sh *shop) sessionOf(r *http.Request) *shopSession {
	cookie, err := r.Cookie(shopCookie)
	if err != nil {
		return nil
	}
	return sh.sessions.use(cookie.Value)
}
