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

// A farewell is how a connection was closed.
type farewell struct {
	how      ending
	kept     bool // the server was told to close it, and did not in time
	reset    bool // with RST, by the policy
	timeWait bool // our port stays in TIME_WAIT
	kernel   Kernel
}

// A ledger counts the connections that a Client opened, wherever they end: with a shared
// pool that may be in another Client. It is safe for concurrent use, and consistent at any time:
// Opened = ClosedByPeer + Retired + Discarded + Evicted + open.
type ledger struct {
	mu     sync.Mutex
	counts Counts // these five only, with Reset, KeptByServer and TimeWait
	open   int
	kernel Kernel // of the connections that have ended
}

func (l *ledger) opened() {
	l.mu.Lock()
	l.counts.Opened++
	l.open++
	l.mu.Unlock()
}

func (l *ledger) closed(f *farewell) {
	l.mu.Lock()
	switch f.how {
	case endedByPeer:
		l.counts.ClosedByPeer++
	case retired:
		l.counts.Retired++
	case discarded:
		l.counts.Discarded++
	case evicted:
		l.counts.Evicted++
	}
	if f.kept {
		l.counts.KeptByServer++
	}
	if f.reset {
		l.counts.Reset++
	}
	if f.timeWait {
		l.counts.TimeWait++
	}
	l.kernel.Add(f.kernel)
	l.open--
	l.mu.Unlock()
}

func (l *ledger) read() (Counts, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts, l.open
}

// ended returns what the system said about the connections that have ended.
func (l *ledger) ended() Kernel {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kernel
}
