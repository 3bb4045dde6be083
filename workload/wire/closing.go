package wire

import (
	"math"
	"time"
)

const (
	// closeLimit bounds the writing of a TLS closing alert.
	closeLimit = time.Second

	// endLimit is for how long a server that was told to close the connection is waited for.
	endLimit = time.Second
)

// close ends the connection as its policy says and enters it into its opener's ledger.
func (cn *conn) close(how ending) { cn.part(how, false) }

// part is close; kept: the server was told to close the connection, and did not in time. The system is
// asked as late as it can be: closed, it says nothing, and a server that reads a closing alert of ours may be the
// first to end the connection.
func (cn *conn) part(how ending, kept bool) {
	orderly := cn.mux == nil || cn.mux.close(how)
	if orderly && cn.alerts(how) {
		cn.sock.limits = limits{call: cn.sock.clock.Now() + closeLimit}
		_ = cn.tls.CloseWrite()
	}
	facts := cn.facts(how)
	ours := facts.state == socketOpen || facts.state == socketUnread
	reset := ours && cn.policy.Close == CloseByReset && resetAtClose(cn.sock.raw, cn.mux == nil)
	if cn.sock.raw != nil {
		_ = cn.sock.raw.Close()
	}
	cn.ledger.closed(&farewell{
		how:      how,
		kept:     kept,
		reset:    reset,
		timeWait: facts.state == socketOpen && !reset,
		kernel:   facts.kernel,
	})
}

// alerts reports whether TLS is closed properly (RFC 8446, section 6.1): unless something went wrong before or the policy is
// against it. Nobody reads an alert before an RST.
func (cn *conn) alerts(how ending) bool {
	return cn.tls != nil && (how == retired || how == evicted) &&
		!cn.policy.NoCloseNotify && cn.policy.Close != CloseByReset
}

// awaitEnd waits until the server has closed the connection, which it was told to do or said it would. What still comes is
// dropped unread: a TLS closing alert is all that may. It returns how the connection has
// ended then, and whether the server kept it beyond the limit.
//
// An alert of ours would come too late: the server's side is closed, and answers with an RST that
// takes its TIME_WAIT away.
func (cn *conn) awaitEnd(recv *receiver) (how ending, kept bool) {
	s := &cn.sock
	s.limits = limits{call: s.clock.Now() + s.distance.patience(endLimit)}
	recv.begin(s)
	_, err := recv.br.Discard(math.MaxInt)
	switch {
	case isEOF(err), isReset(err):
		return endedByPeer, false
	case ClassOf(err) == ClassTimeout:
		return retired, true
	}
	return retired, false // interrupted, or the socket failed
}
