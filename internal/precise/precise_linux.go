package precise

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// nap is the second step of a long wait. It is shorter than fine, so that a first
// step is never too short to be worth it.
const nap = time.Millisecond

// An alarm is a timer file descriptor, opened when first needed.
type alarm struct {
	fd   int
	file *os.File // owns fd; nil: not open. Its Fd method would make fd blocking
}

func (a *alarm) open() error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return err
	}
	a.fd, a.file = fd, os.NewFile(uintptr(fd), "timerfd")
	return nil
}

func (a *alarm) close() {
	if a.file != nil {
		a.file.Close()
		a.file = nil
	}
}

// until waits in two steps where t is far: a processor that has idled for long takes
// longer to wake (at the median 75 µs after 20 ms, 9 µs after 1 ms, on a virtual
// machine), so the second step begins from a short nap.
func (a *alarm) until(ctx context.Context, t time.Time) error {
	if a.file == nil && a.open() != nil {
		return yieldUntil(ctx, t)
	}
	if time.Until(t) > fine {
		if err := a.readOrCancel(ctx, t.Add(-nap)); err != nil {
			return err
		}
	}
	return a.read(ctx, t)
}

// readOrCancel is read with an eye on ctx.
func (a *alarm) readOrCancel(ctx context.Context, t time.Time) error {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		a.file.SetReadDeadline(time.Unix(1, 0)) // long ago: ends a read at once
		close(interrupted)
	})
	err := a.read(ctx, t)
	if !stop() {
		<-interrupted
		a.file.SetReadDeadline(time.Time{})
	}
	return err
}

// read sets the timer to t and waits for its tick. Setting it also forgets a tick
// that a canceled sleep left unread.
func (a *alarm) read(ctx context.Context, t time.Time) error {
	wait := time.Until(t)
	if wait <= 0 {
		return nil
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}
	if err := unix.TimerfdSettime(a.fd, 0, &spec, nil); err != nil {
		return yieldUntil(ctx, t)
	}
	var ticks [8]byte
	if _, err := a.file.Read(ticks[:]); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return yieldUntil(ctx, t)
	}
	return nil
}
