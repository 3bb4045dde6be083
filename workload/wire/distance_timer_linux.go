package wire

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A fineTimer wakes one goroutine at an instant, more precisely than the runtime's timers, which on Linux
// round their last stretch up to the millisecond that epoll_wait counts in: a timer file descriptor, waited
// for by the same poller, has the kernel's nanoseconds.
type fineTimer struct {
	file    *os.File
	control syscall.RawConn
	set     func(fd uintptr)
	spec    unix.ItimerSpec
	expired [8]byte
}

// timerFiles is how many files a fineTimer has open.
const timerFiles = 1

// newFineTimer returns nil where there is no file descriptor left.
func newFineTimer() *fineTimer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	t := &fineTimer{file: os.NewFile(uintptr(fd), "timer")}
	if t.control, err = t.file.SyscallConn(); err != nil {
		_ = t.file.Close()
		return nil
	}
	t.set = func(fd uintptr) { _ = unix.TimerfdSettime(int(fd), 0, &t.spec, nil) }
	return t
}

// wait returns after d, when struck has something, which it takes, or when the timer is closed. Who
// strikes then calls interrupt.
func (t *fineTimer) wait(d time.Duration, struck <-chan struct{}) {
	t.spec.Value = unix.NsecToTimespec(int64(max(d, 1))) // 0 would mean never
	_ = t.file.SetReadDeadline(time.Time{})
	if err := t.control.Control(t.set); err != nil {
		return
	}
	select { // an interruption from before the deadline was taken back
	case <-struck:
		return
	default:
	}
	_, _ = t.file.Read(t.expired[:])
	select {
	case <-struck:
	default:
	}
}

func (t *fineTimer) interrupt() { _ = t.file.SetReadDeadline(time.Unix(1, 0)) }

func (t *fineTimer) close() { _ = t.file.Close() }
