package wire

import (
	"bytes"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

const (
	// arrivalStep is how much is read of the real transport at once.
	arrivalStep = 32 << 10

	// heldUp is how long a write to the real transport may take that the peer does not hold up.
	heldUp = time.Millisecond
)

// A distant is a transport at an emulated distance. All delay is on our receiving side: what we write
// reaches the peer as soon as our emulated sender would have sent it, and what the peer writes is given out a
// round trip after its emulated sender would have sent it, had it stood at the end of the real path.
//
// A goroutine reads the real transport, so that the instant at which something came is
// known whatever our own side does meanwhile. It begins with begin and has ended when Close returns. It stops
// reading when two windows' worth has not been given out: what is further behind would not have been sent yet.
//
// Read and Write each belong to one goroutine at a time; all else may be called by any.
type distant struct {
	raw   transport
	clock Clock
	up    outgoing // the writing goroutine's

	mu       sync.Mutex
	down     incoming
	deadline time.Duration
	closed   bool
	ended    chan struct{} // closed when the receiving goroutine has ended; nil: it never began

	reader, writer, receiver bell
}

// incoming is what came and is given out later.
type incoming struct {
	flow
	data  bytes.Buffer
	due   bursts        // what of data is to be given out when
	ripe  int           // what of data is not in due: it can be given out now
	end   error         // behind data; nil while there may be more
	endAt time.Duration // when it is known of
}

// outgoing is how far the emulated sender is with what is being written.
type outgoing struct {
	flow
	left    int           // bytes that have left it, and not been written to the real transport
	leaving int           // bytes further on that leave at the instant at
	at      time.Duration // only where leaving > 0
	since   time.Duration // when it was given what it is sending
	late    time.Duration // how late the writing goroutine was woken last
	stopped bool          // the last Write was interrupted
}

func newDistant(raw transport, clock Clock, down, up flow) *distant {
	return &distant{
		raw: raw, clock: clock, deadline: never, down: incoming{flow: down}, up: outgoing{flow: up},
		reader: newBell(), writer: newBell(), receiver: newBell(),
	}
}

// begin is called once the transport is established, and not after Close. Whoever reads a socket is woken
// precisely. Writing is not in need of that: it makes up for being late.
func (d *distant) begin() {
	d.mu.Lock()
	if _, ok := d.raw.(syscall.Conn); ok {
		d.reader.fine = newFineTimer()
	}
	d.ended = make(chan struct{})
	d.mu.Unlock()
	go d.receive()
}

func (d *distant) receive() {
	defer close(d.ended)
	buf := make([]byte, arrivalStep)
	for {
		n, err := d.raw.Read(buf)
		d.mu.Lock()
		d.down.arrived(buf[:n], err, d.clock.Now())
		full, closed := d.full(), d.closed
		d.mu.Unlock()
		d.reader.strike()
		if err != nil || closed {
			return
		}
		for full {
			d.receiver.wait(never, 0)
			d.mu.Lock()
			full = d.full()
			d.mu.Unlock()
		}
	}
}

// full reports whether nothing further is to be read, as things are.
func (d *distant) full() bool { return !d.closed && int64(d.down.data.Len()) >= 2*d.down.most }

// arrived enters what was read of the real transport.
func (in *incoming) arrived(p []byte, err error, now time.Duration) {
	in.data.Write(p)
	for left := int64(len(p)); left > 0; {
		n, at := in.send(now, left)
		in.due.add(burst{at + in.rtt, n})
		left -= n
	}
	if err != nil {
		in.end, in.endAt = err, max(now, in.last)+in.rtt
	}
}

// ripen makes available what is due.
func (in *incoming) ripen(now time.Duration) {
	for !in.due.empty() && in.due.front().at <= now {
		in.ripe += int(in.due.pop().n)
	}
}

// take reads what is available, or says when there will be something; never where that is not known.
func (in *incoming) take(p []byte, now time.Duration) (n int, next time.Duration, err error) {
	in.ripen(now)
	switch {
	case in.ripe > 0:
		n, _ = in.data.Read(p[:min(len(p), in.ripe)])
		in.ripe -= n
		if in.data.Len() == 0 && in.data.Cap() > 2*arrivalStep {
			in.data = bytes.Buffer{} // an idle connection needs no such memory
		}
		return n, 0, nil
	case !in.due.empty():
		return 0, in.due.front().at, nil
	case in.end == nil:
		return 0, never, nil
	case in.endAt <= now:
		return 0, 0, in.end
	}
	return 0, in.endAt, nil
}

// Read returns what would have come by now, or waits for some of it.
func (d *distant) Read(p []byte) (int, error) {
	for {
		now := d.clock.Now()
		d.mu.Lock()
		until, err := d.open(now)
		if err != nil || len(p) == 0 {
			d.mu.Unlock()
			return 0, err
		}
		n, next, err := d.down.take(p, now)
		d.mu.Unlock()
		if n > 0 {
			d.receiver.strike()
		}
		if n > 0 || err != nil {
			return n, err
		}
		d.reader.wait(min(next, until), now)
	}
}

// Write returns when all of p has left our emulated sender; a real system's buffers would take it before that.
func (d *distant) Write(p []byte) (int, error) {
	now := d.clock.Now()
	d.up.offer(now)
	for done := 0; ; now = d.clock.Now() {
		d.mu.Lock()
		until, err := d.open(now)
		d.mu.Unlock()
		if err != nil || len(p) == 0 {
			d.up.stopped = err != nil
			return done, err
		}
		n := d.up.release(now, len(p)-done)
		if n == 0 {
			d.writer.wait(min(d.up.at, until), now)
			d.up.late = max(d.clock.Now()-d.up.at, 0)
			continue
		}
		n, err = d.raw.Write(p[done : done+n])
		done += n
		d.up.left -= n
		if then := d.clock.Now(); then-now > heldUp {
			d.up.since = then // while the peer took no bytes, none would have been sent
		}
		if err != nil || done == len(p) {
			d.up.stopped = err != nil
			return done, err
		}
	}
}

// offer notes that the sender is given bytes. They may be what an interrupted Write left. Otherwise they are there
// now, or were earlier by what we were woken late, for the caller would have come back earlier by that.
func (out *outgoing) offer(now time.Duration) {
	if !out.stopped {
		out.since = now - out.late
	}
	out.late, out.stopped = 0, false
}

// release returns how many of the n bytes offered have left the sender by now. Where that is none, the
// first will at out.at.
func (out *outgoing) release(now time.Duration, n int) int {
	for {
		if out.leaving > 0 && out.at <= now {
			out.left += out.leaving
			out.leaving = 0
		}
		if out.leaving > 0 || out.left >= n {
			return min(out.left, n)
		}
		took, at := out.send(out.since, int64(n-out.left))
		out.leaving, out.at = int(took), at
	}
}

// open returns the deadline, or why there is nothing to be waited for.
func (d *distant) open(now time.Duration) (until time.Duration, err error) {
	switch {
	case d.closed:
		return 0, net.ErrClosed
	case d.deadline <= now:
		return 0, os.ErrDeadlineExceeded
	}
	return d.deadline, nil
}

// A writeDeadliner is a transport whose writes alone can be interrupted.
type writeDeadliner interface{ SetWriteDeadline(time.Time) error }

// SetDeadline is net.Conn's. Writes that the real transport blocks are interrupted where it has a deadline
// for writing.
func (d *distant) SetDeadline(t time.Time) error {
	at := never
	if !t.IsZero() {
		at = t.Sub(d.clock.Time(0))
	}
	d.mu.Lock()
	d.deadline = at
	var err error
	if raw, ok := d.raw.(writeDeadliner); ok {
		err = raw.SetWriteDeadline(t)
	}
	d.reader.strike() // under the lock, for begin may be at work on it
	d.mu.Unlock()
	d.writer.strike()
	return err
}

// Close ends the real connection at once, and waits until it is read no more.
func (d *distant) Close() error {
	d.mu.Lock()
	d.closed = true
	ended := d.ended
	d.mu.Unlock()
	err := d.raw.Close()
	d.reader.close()
	d.writer.strike()
	d.receiver.strike()
	if ended != nil {
		<-ended
	}
	return err
}

// A peeker is a transport that knows itself what of its peer is known; the system does not.
type peeker interface{ peek() peerState }

// mattering is p where data may come unasked, if so.
func (p peerState) mattering(unasked bool) peerState {
	if p == peerSpoke && unasked {
		return peerQuiet
	}
	return p
}

// peek tells what would be known by now of what has come and was not read.
func (d *distant) peek() peerState {
	now := d.clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down.ripen(now)
	switch in := &d.down; {
	case d.closed, in.end != nil && in.endAt <= now:
		return peerClosed
	case in.ripe > 0:
		return peerSpoke
	}
	return peerQuiet
}

// SyscallConn is the real transport's. What is asked of it concerns the real path.
func (d *distant) SyscallConn() (syscall.RawConn, error) {
	if raw, ok := d.raw.(syscall.Conn); ok {
		return raw.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}
