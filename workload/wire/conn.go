package wire

import (
	"crypto/tls"
	"io"
	"time"
)

// A conn is an open connection. One goroutine uses it at a time.
type conn struct {
	sock     sock
	tls      *tls.Conn // nil: plain
	rw       io.ReadWriter
	endpoint Endpoint // of the request that it was opened for
	place    *place   // where it leads: that of its shelf
	shelf    *shelf   // of the pool in which it is kept
	ledger   *ledger  // of the Client that opened it
	policy   *Policy  // that Client's
	requests int      // begun to be written
	mux      mux      // nil: HTTP/1.1, one exchange at a time

	// Of a multiplexed connection, under the pool's lock.
	users   int // exchanges on it now
	granted int // exchanges that it was ever given to
	fate    ending
	doomed  bool // no further ones, and closed with fate when the last is done

	noDelay bool // short segments are never held back
	one     [1]byte
	seen    bool          // bytes of a response came since the last request
	first   time.Duration // when the first of them came

	opened    time.Duration // when it was established
	idleSince time.Duration
	idle      idleCheck
	atShelf   node[conn] // in a list of its shelf, under the pool's lock
	inPool    node[conn] // among all that are idle, likewise
}

// Read reads what the server says, beneath it TLS where there is one, and notes when it
// began to. With TLS the moment is that of the record's last bytes, before decryption.
func (cn *conn) Read(p []byte) (int, error) {
	n, err := cn.rw.Read(p)
	if n > 0 && !cn.seen {
		cn.seen, cn.first = true, cn.sock.last
	}
	return n, err
}

// A peerState is what can be known of a connection without waiting.
type peerState int

const (
	peerQuiet  peerState = iota // nothing came since the last response
	peerSpoke                   // there is input that nobody asked for
	peerClosed                  // the peer has ended the connection
)

// ending is how a connection in that state is entered, unless it is quiet.
func (p peerState) ending() ending {
	if p == peerClosed {
		return endedByPeer
	}
	return discarded
}

// leftover looks for input behind a response that is already here, so that it is never taken
// for the next one. A plain socket whose last read came up short has none.
func (cn *conn) leftover() peerState {
	if cn.tls == nil {
		if !cn.sock.brim {
			return peerQuiet
		}
		return cn.idle.state(&cn.sock, false)
	}
	cn.sock.dry = true
	n, err := cn.tls.Read(cn.one[:])
	cn.sock.dry = false
	switch {
	case n > 0:
		return peerSpoke
	case err == error(errDry):
		return peerQuiet
	}
	return peerClosed
}

// unused asks the system whether an idle connection can still be used. With TLS, unread bytes may
// be session tickets, so only the end of the connection counts.
func (cn *conn) unused() peerState {
	return cn.idle.state(&cn.sock, cn.tls != nil)
}
