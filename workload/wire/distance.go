package wire

import (
	"errors"
	"fmt"
	"time"
)

// A Distance is a path to the server that is emulated on our side of every connection: dialing, handshakes
// and transfer take the round trips that they would take on such a path. It is added to what the
// real path takes. It is not changed once it is used.
//
// What is emulated is delay, bandwidth and, of TCP, the slow start of a sender (RFC 5681, RFC 6928):
// the first window has InitialWindow segments, and each round trip doubles it. There is neither loss nor jitter.
//
// A body of B bytes, what surrounds it included, so takes ceil(log2(B/(IW*1460) + 1)) round trips on a fresh
// connection with an initial window of IW segments, and fewer on one that has carried some already: the window
// stays with the connection, in each direction, until that direction has been idle for longer than
// RTT + 200 ms. Connecting takes one round trip more, and so does a connection that is refused. Looking up a
// name takes none, and with a proxy it is the path to the proxy that is longer. Each connection has a goroutine, and
// on Linux a further file descriptor, until it is closed.
type Distance struct {
	RTT time.Duration // round trip, added; more than 0
	// Down and Up are bits per second towards us and from us; 0: no limit.
	Down, Up int64
	// InitialWindow is in segments of 1460 bytes; 0: 10.
	InitialWindow int
}

const (
	// segmentBytes is what a full segment carries on an Ethernet path with IPv4.
	segmentBytes = 1460

	defaultInitialWindow = 10 // RFC 6928, and Linux since 2.6.39
	maxInitialWindow     = 1000

	// MaxRTT and MinBitRate bound what can be emulated.
	MaxRTT     = 10 * time.Second
	MinBitRate = 1000
)

// Validate says what cannot be emulated, in words for a user. No distance is a valid one.
func (d *Distance) Validate() error {
	if d == nil {
		return nil
	}
	var errs []error
	if d.RTT <= 0 || d.RTT > MaxRTT {
		errs = append(errs, fmt.Errorf("an emulated round trip must be longer than 0 and at most %v, not %v", MaxRTT, d.RTT))
	}
	for _, rate := range [...]struct {
		where string
		bits  int64
	}{{"down", d.Down}, {"up", d.Up}} {
		if rate.bits < 0 || rate.bits > 0 && rate.bits < MinBitRate {
			errs = append(errs, fmt.Errorf("an emulated bandwidth must be at least %d bits per second, or 0 for no limit, not %d (%s)",
				MinBitRate, rate.bits, rate.where))
		}
	}
	if d.InitialWindow < 0 || d.InitialWindow > maxInitialWindow {
		errs = append(errs, fmt.Errorf("an emulated initial window must be of 1 to %d segments, not %d", maxInitialWindow, d.InitialWindow))
	}
	return errors.Join(errs...)
}

// patience is how long to wait over the distance for what is given so long without one: four round
// trips more, which carry what slow start has grown to by then.
func (d *Distance) patience(near time.Duration) time.Duration {
	if d == nil {
		return near
	}
	return near + 4*d.RTT
}

// Files is how many file descriptors a TCP connection is over the distance, which may be nil.
func (d *Distance) Files() int {
	if d == nil {
		return 1
	}
	return 1 + timerFiles
}

// over puts the distance onto a transport, which need not be established yet: nothing is read before
// begin. The transport owns what it needs until it is closed.
func (d *Distance) over(raw transport, clock Clock) transport {
	window := d.InitialWindow
	if window == 0 {
		window = defaultInitialWindow
	}
	return newDistant(raw, clock, newFlow(d.RTT, d.Down, window), newFlow(d.RTT, d.Up, window))
}

// cross makes dialing s, which came to err, take one round trip more: the way of the first segment and of its
// answer. A failure without an answer from the peer took its time already.
func (d *Distance) cross(s *sock, err error) error {
	if err != nil {
		if class := dialFault(s.addr, err).class; class != ClassRefused && class != ClassReset {
			return err
		}
	}
	if late := d.wait(s); late != nil {
		if err == nil {
			_ = s.raw.Close()
		}
		return late
	}
	if err == nil {
		s.raw.(*distant).begin()
	}
	return err
}

// wait lets a round trip pass, within the limits on connecting.
func (d *Distance) wait(s *sock) error {
	ctx, cancel := s.context()
	defer cancel()
	timer := time.NewTimer(d.RTT)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return s.expired(ctx, opConnect, s.addr, ctx.Err())
	}
}
