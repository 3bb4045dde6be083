package wire

import "sync"

// An ending is why a connection ended; every connection that was opened has one, or is open.
type ending int

const (
	endedByPeer ending = iota
	retired
	discarded
	evicted
)

// A ledger counts the connections that a Client opened, wherever they end: with a shared
// pool that may be in another Client. It is safe for concurrent use, and consistent at any time:
// Opened = ClosedByPeer + Retired + Discarded + Evicted + open.
type ledger struct {
	mu     sync.Mutex
	counts Counts // these five only
	open   int
}

func (l *ledger) opened() {
	l.mu.Lock()
	l.counts.Opened++
	l.open++
	l.mu.Unlock()
}

func (l *ledger) closed(how ending) {
	l.mu.Lock()
	switch how {
	case endedByPeer:
		l.counts.ClosedByPeer++
	case retired:
		l.counts.Retired++
	case discarded:
		l.counts.Discarded++
	case evicted:
		l.counts.Evicted++
	}
	l.open--
	l.mu.Unlock()
}

func (l *ledger) read() (Counts, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts, l.open
}
