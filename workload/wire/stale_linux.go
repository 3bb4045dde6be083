package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// An idleCheck asks the system about a socket that nobody reads. The zero value is ready;
// what it needs is made once for a connection.
type idleCheck struct {
	control syscall.RawConn
	poll    func(fd uintptr)
	fds     [1]unix.PollFd
}

// state tells what has come on s. It says quiet for what is no socket. Where data may come
// unasked, only the connection's end counts.
func (c *idleCheck) state(s *sock, unasked bool) peerState {
	if c.control == nil {
		if far, ok := s.raw.(peeker); ok {
			return far.peek().mattering(unasked)
		}
		sc, ok := s.raw.(syscall.Conn)
		if !ok {
			return peerQuiet
		}
		control, err := sc.SyscallConn()
		if err != nil {
			return peerQuiet
		}
		c.control, c.poll = control, c.ask
	}
	if err := c.control.Control(c.poll); err != nil {
		return peerClosed
	}
	switch events := c.fds[0].Revents; {
	case events&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0:
		return peerClosed
	case events&unix.POLLIN != 0 && !unasked:
		return peerSpoke
	}
	return peerQuiet
}

func (c *idleCheck) ask(fd uintptr) {
	c.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN | unix.POLLRDHUP}
	for {
		if _, err := unix.Poll(c.fds[:], 0); err != unix.EINTR {
			return
		}
	}
}
