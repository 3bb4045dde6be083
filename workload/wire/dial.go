package wire

import (
	"context"
	"net"
)

// context returns the call's context with the sock's limits on connecting, for functions that
// take a context instead of a deadline.
func (s *sock) context() (context.Context, context.CancelFunc) {
	if at, _, _ := s.due(); at != 0 {
		return context.WithDeadline(s.watch.ctx, s.clock.Time(at))
	}
	return s.watch.ctx, func() {}
}

// expired turns the failure of something that ran with context's result into the fault that
// it is: an interrupted call, a limit that has passed, or err itself.
func (s *sock) expired(ctx context.Context, op, addr string, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if at, class, why := s.due(); at != 0 && s.clock.Now() >= at {
		return &fault{class, op, addr, why}
	}
	return canceledFault(ctx, op, addr)
}

// dialWith opens s by a function.
func dialWith(s *sock, addr string, dial func(context.Context, string) (net.Conn, error)) error {
	ctx, cancel := s.context()
	defer cancel()
	c, err := dial(ctx, addr)
	if err != nil {
		return s.expired(ctx, opConnect, addr, err)
	}
	return s.start(c)
}

// start makes raw the transport of s, at its distance, and lets the watch know it.
func (s *sock) start(raw transport) error {
	if s.distance != nil {
		raw = s.distance.over(raw, s.clock)
	}
	s.raw, s.armed = raw, 0
	s.watch.over(s)
	if err := s.canceled(); err != nil {
		_ = raw.Close()
		return err
	}
	return nil
}
