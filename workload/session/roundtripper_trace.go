package session

import (
	"net/http/httptrace"
	"sync"
	"time"

	"sessbench/workload/wire"
)

// A tripPhase is an index into a tripTrace's times, in the order in which an attempt goes through them.
type tripPhase int

const (
	phaseAcquire tripPhase = iota
	phaseDNS
	phaseConnect
	phaseTLS
	phaseSend
	phaseWait
	phaseReceive
	phaseCount // how many there are
)

// A tripTrace sums up the time that an exchange spends in each phase, by what httptrace says. Every moment
// belongs to exactly one phase: a phase goes on until a later one begins. Hooks are called by
// several goroutines, also for connections that are opened in vain, and even after the
// exchange.
type tripTrace struct {
	clock wire.Clock

	mu     sync.Mutex
	times  [phaseCount]time.Duration
	before [phaseCount]time.Duration // times when the last attempt began
	phase  tripPhase
	mark   time.Duration // since when
	tripProgress
	attempts int
	reused   bool
	done     bool
}

// A tripProgress is how far the last attempt came, as far as is known.
type tripProgress struct {
	told      bool // the round tripper says anything at all
	connected bool // to something: it may be a proxy
	written   bool // or begun to be
	answered  bool // with a byte at least
}

func (t *tripTrace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:              func(string) { t.again() },
		DNSStart:             func(httptrace.DNSStartInfo) { t.forward(phaseDNS) },
		ConnectStart:         func(string, string) { t.forward(phaseConnect) },
		ConnectDone:          func(_, _ string, err error) { t.connect(err) },
		TLSHandshakeStart:    func() { t.forward(phaseTLS) },
		GotConn:              func(info httptrace.GotConnInfo) { t.got(info.Reused) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { t.forward(phaseWait) },
		GotFirstResponseByte: func() { t.first() },
	}
}

// lap gives the time since mark to the present phase and begins another one.
func (t *tripTrace) lap(next tripPhase) {
	now := t.clock.Now()
	t.times[t.phase] += now - t.mark
	t.mark, t.phase = now, next
}

// again begins an attempt.
func (t *tripTrace) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.done {
		t.begin()
	}
}

func (t *tripTrace) begin() {
	if !t.told {
		t.phase = phaseAcquire // what was before, too
	}
	t.tripProgress = tripProgress{told: true}
	t.lap(phaseAcquire)
	t.before = t.times
}

// forward begins a phase unless the attempt is in it or beyond it. What is said of opening
// connections when there is one is about others.
func (t *tripTrace) forward(next tripPhase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach(next)
}

func (t *tripTrace) reach(next tripPhase) {
	if !t.done && next > t.phase {
		t.lap(next)
	}
}

func (t *tripTrace) connect(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connected = t.connected || err == nil
}

// got begins to send on a connection. While one that had been in use was waited for, another one may
// have been being opened: that was waiting too.
func (t *tripTrace) got(reused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return
	}
	if !t.told {
		t.begin()
	}
	t.lap(phaseSend)
	t.attempts++
	t.written, t.reused = true, reused
	if !reused {
		return
	}
	for p := phaseDNS; p <= phaseTLS; p++ {
		t.times[phaseAcquire] += t.times[p] - t.before[p]
		t.times[p] = t.before[p]
	}
}

// first notes that a response began. A round tripper that says nothing else wrote a request, then.
func (t *tripTrace) first() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reach(phaseReceive)
	t.answered = true
	if !t.told {
		t.attempts = 1
	}
}

// wrote notes that a request was written, where the round tripper does not say it.
func (t *tripTrace) wrote() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.told {
		t.attempts = 1
	}
}

// soFar returns how far the last attempt came.
func (t *tripTrace) soFar() tripProgress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tripProgress
}

// snapshot writes what is known so far into ex.
func (t *tripTrace) snapshot(ex *wire.Exchange) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.write(ex)
}

// end is snapshot for the last time, and returns when that was.
func (t *tripTrace) end(ex *wire.Exchange) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = true
	return t.write(ex)
}

func (t *tripTrace) write(ex *wire.Exchange) time.Duration {
	t.lap(t.phase)
	ex.Phases = wire.Phases{
		Acquire: t.times[phaseAcquire], DNS: t.times[phaseDNS], Connect: t.times[phaseConnect], TLS: t.times[phaseTLS],
		Send: t.times[phaseSend], Wait: t.times[phaseWait], Receive: t.times[phaseReceive],
	}
	ex.Attempts, ex.Reused, ex.Resent = t.attempts, t.reused, max(t.attempts-1, 0)
	return t.mark
}
