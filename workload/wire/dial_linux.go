package wire

import (
	"errors"
	"net"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A dialer opens TCP connections. It does what net.Dialer does with fewer system calls: no
// keep-alive options, no names of the two ends, no question after the result where connecting
// again answers it. The socket is an os.File, which waits in the runtime's poller just as
// a net.Conn does.
//
// TCP_NODELAY is set only with TLS, whose handshake and records are several small writes in
// a row. A plain request is one write, sent when all before it was answered: Linux
// holds back a short segment only behind another short one that is not acknowledged.
type dialer struct {
	four  unix.SockaddrInet4
	six   unix.SockaddrInet6
	ports portRange
}

func newDialer() dialer { return dialer{ports: systemPorts()} }

func (d *dialer) dial(s *sock, a address, noDelay bool) error {
	family, to, err := d.sockaddr(a)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if noDelay {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	d.ports.narrow(fd)
	pending, err := connectMore(fd, to)
	if errors.Is(err, unix.EADDRNOTAVAIL) && d.ports.widen(fd) {
		pending, err = connectMore(fd, to)
	}
	if pending {
		// Over loopback the handshake is done by now, and connecting again says so.
		pending, err = connectMore(fd, to)
	}
	if err != nil {
		_ = unix.Close(fd)
		return err
	}
	f := os.NewFile(uintptr(fd), a.text)
	if err := s.start(f); err != nil || !pending {
		return err
	}
	if err := finish(s, f, to); err != nil {
		_ = f.Close()
		return err
	}
	return nil
}

// finish waits until the connection is established.
func finish(s *sock, f *os.File, to unix.Sockaddr) error {
	control, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	ask := func(fd uintptr) bool {
		var pending bool
		pending, result = connectMore(int(fd), to)
		return !pending
	}
	if err := s.arm(); err != nil {
		return err
	}
	for {
		err := control.Write(ask)
		if err == nil {
			return result
		}
		if !isDeadline(err) {
			return err
		}
		if err := s.alarm(); err != nil {
			return err
		}
	}
}

// connectMore begins to connect a socket or asks how far it is: pending, established (no
// error), or failed.
func connectMore(fd int, to unix.Sockaddr) (pending bool, err error) {
	switch err := unix.Connect(fd, to); err {
	case nil, unix.EISCONN:
		return false, nil
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		return true, nil
	default:
		return false, os.NewSyscallError("connect", err)
	}
}

func (d *dialer) sockaddr(a address) (family int, to unix.Sockaddr, err error) {
	ip := a.ip.Addr()
	if ip.Is4() {
		d.four = unix.SockaddrInet4{Port: int(a.ip.Port()), Addr: ip.As4()}
		return unix.AF_INET, &d.four, nil
	}
	d.six = unix.SockaddrInet6{Port: int(a.ip.Port()), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		n, err := strconv.Atoi(zone)
		if err != nil {
			itf, err := net.InterfaceByName(zone)
			if err != nil {
				return 0, nil, err
			}
			n = itf.Index
		}
		d.six.ZoneId = uint32(n)
	}
	return unix.AF_INET6, &d.six, nil
}
