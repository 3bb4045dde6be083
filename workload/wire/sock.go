package wire

import (
	"io"
	"net"
	"runtime"
	"time"
)

// A transport is an open stream socket, or what stands in for one. SetDeadline may be called
// by any goroutine.
type transport interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
}

// A sock is a transport with our deadlines, byte counts and timestamps. It lies beneath
// TLS. Only its Client's goroutine uses it, save that a watch may call raw.SetDeadline.
//
// Setting a deadline costs about as much as the rest of our own work on a small exchange.
// So the one that is set (armed) is only ever moved when it would be too late: as long as it
// is early it stays, and when it fires although the effective one lies ahead, it is set
// anew and the operation goes on. A connection with a timeout of five seconds pays for
// that once in five seconds. TLS, which takes any error for final, never sees the false alarm.
type sock struct {
	raw   transport
	addr  string
	clock Clock
	watch *watch

	distance *Distance // put onto what is dialed; nil: none

	armed time.Duration // the deadline set on raw; 0: none
	last  time.Duration // when bytes last moved, or began to be waited for
	limits

	in, out int64 // bytes moved since they were last taken

	// dry: reads return errDry instead of touching the transport.
	dry bool
	// hold: writes go to held instead of the transport.
	hold bool
	// yields: other goroutines run before a read, so that it may find something.
	yields bool
	// brim: the last read filled its buffer, so there may be more to read.
	brim bool
	held []byte // see hold
	// shared takes the place of all this on a multiplexed connection, where one may read while
	// another writes.
	shared io.ReadWriter
}

// limits are the instants and the span that bound waiting; 0 is none.
type limits struct {
	call    time.Duration // the whole call
	connect time.Duration // connecting, while it lasts
	gap     time.Duration // the silence after last
	stall   time.Duration // the standstill after last, while sending
	sending bool          // waiting is for the peer to take bytes
	look    time.Duration // reads and writes come back with errDry then, and go on
}

// bound sets the limits of an exchange that are not instants.
func (l *limits) bound(by *Limits) {
	l.gap, l.stall = by.ReadTimeout, by.WriteTimeout
	if l.stall == 0 {
		l.stall = l.gap
	}
}

// due returns the instant at which waiting ends, 0 for never, and the class and reason
// that it then ends with.
func (s *sock) due() (at time.Duration, class Class, why reason) {
	if s.call != 0 {
		at, class, why = s.call, ClassTimeout, errCallTime
	}
	if s.connect != 0 && (at == 0 || s.connect < at) {
		at, class, why = s.connect, ClassConnectTimeout, errConnectTime
	}
	gap, late, silence := s.gap, ClassReadTimeout, errSilence
	if s.sending {
		gap, late, silence = s.stall, ClassSend, errStuck
	}
	if gap != 0 && (at == 0 || s.last+gap < at) {
		at, class, why = s.last+gap, late, silence
	}
	return at, class, why
}

// wake returns the instant at which waiting is interrupted, 0 for never.
func (s *sock) wake() time.Duration {
	at, _, _ := s.due()
	if s.look != 0 && (at == 0 || s.look < at) {
		at = s.look
	}
	return at
}

// op names what the sock waits for.
func (s *sock) op() string {
	switch {
	case s.connect != 0:
		return opConnect
	case s.sending:
		return opSend
	}
	return opReceive
}

// arm makes sure that the deadline set is no later than the effective one.
func (s *sock) arm() error {
	at := s.wake()
	if at == 0 || s.armed != 0 && s.armed <= at {
		return nil
	}
	return s.rearm(at)
}

// rearm sets the deadline. The watch is asked afterwards: either it is seen here, or its own
// deadline in the past comes after ours.
func (s *sock) rearm(at time.Duration) error {
	s.armed = at
	var t time.Time
	if at != 0 {
		t = s.clock.Time(at)
	}
	if err := s.raw.SetDeadline(t); err != nil {
		return err
	}
	return s.canceled()
}

// alarm is called when the deadline fired. It returns why waiting is over, errDry when there
// is to be a look around, or nil when the operation is to be tried again.
func (s *sock) alarm() error {
	if err := s.canceled(); err != nil {
		return err
	}
	now := s.clock.Now()
	if at, class, why := s.due(); at != 0 && now >= at {
		return &fault{class, s.op(), s.addr, why}
	}
	if s.look != 0 && now >= s.look {
		return errDry
	}
	return s.rearm(s.wake())
}

func (s *sock) canceled() error {
	if s.watch.fired.Load() {
		return canceledFault(s.watch.ctx, s.op(), s.addr)
	}
	return nil
}

// Read is io.Reader's; timeouts are faults.
func (s *sock) Read(p []byte) (int, error) {
	if s.dry {
		return 0, errDry
	}
	if s.shared != nil {
		return s.shared.Read(p)
	}
	if err := s.arm(); err != nil {
		return 0, err
	}
	if s.yields {
		runtime.Gosched()
	}
	for {
		n, err := s.raw.Read(p)
		if n > 0 {
			s.in += int64(n)
			s.last = s.clock.Now()
			s.brim = n == len(p)
			return n, nil
		}
		if err == nil || !isDeadline(err) {
			return 0, err
		}
		if err := s.alarm(); err != nil {
			return 0, err
		}
	}
}

// Write is io.Writer's; timeouts are faults. After errDry the rest can be written.
func (s *sock) Write(p []byte) (int, error) {
	if s.hold {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	if s.shared != nil {
		return s.shared.Write(p)
	}
	if err := s.arm(); err != nil {
		return 0, err
	}
	for done := 0; ; {
		n, err := s.raw.Write(p[done:])
		s.out += int64(n)
		done += n
		if err == nil || !isDeadline(err) {
			return done, err
		}
		if n > 0 {
			s.last = s.clock.Now()
		}
		if err := s.alarm(); err != nil {
			return done, err
		}
	}
}

// The rest makes a sock a net.Conn for crypto/tls, which sets no deadline but for its
// closing alert; that is bounded by conn.close.

func (s *sock) Close() error                     { return s.raw.Close() }
func (s *sock) LocalAddr() net.Addr              { return sockAddr("") }
func (s *sock) RemoteAddr() net.Addr             { return sockAddr(s.addr) }
func (s *sock) SetDeadline(time.Time) error      { return nil }
func (s *sock) SetReadDeadline(time.Time) error  { return nil }
func (s *sock) SetWriteDeadline(time.Time) error { return nil }

type sockAddr string

func (sockAddr) Network() string  { return "tcp" }
func (a sockAddr) String() string { return string(a) }

// errDry is what a dry sock reads. It calls itself temporary so that crypto/tls does not
// hold on to it.
const errDry dryError = "nothing buffered"

type dryError string

func (e dryError) Error() string { return string(e) }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }
