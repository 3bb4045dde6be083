package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// unixPath is how long the path of a Unix socket can be (unix(7)).
const unixPath = 107

// isZero reports whether sockets are left as the system makes them.
func (o *SocketOptions) isZero() bool {
	return len(o.Source) == 0 && !o.FastOpen && o.NoDelay == nil && o.KeepAlive.Idle == 0 && o.SendBuffer == 0 && o.ReceiveBuffer == 0
}

// prepare sets the options on a socket that is not connected yet.
func (o *SocketOptions) prepare(p *dialing, to address, turn *sourceTurn) error {
	if o.SendBuffer > 0 {
		if err := set(p.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, o.SendBuffer, "send buffer"); err != nil {
			return err
		}
	}
	if o.ReceiveBuffer > 0 {
		if err := set(p.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, o.ReceiveBuffer, "receive buffer"); err != nil {
			return err
		}
	}
	if p.family == unix.AF_UNIX {
		return nil
	}
	if o.FastOpen {
		if err := set(p.fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1, "fast open"); err != nil {
			return err
		}
	}
	if err := o.KeepAlive.set(p.fd); err != nil {
		return err
	}
	if len(o.Source) == 0 {
		return nil
	}
	from, err := turn.next(o.Source, to.ip.Addr())
	if err != nil {
		return err
	}
	return bind(p.fd, from)
}

// set sets one option; what names it to a user.
func set(fd, level, option, value int, what string) error {
	if err := unix.SetsockoptInt(fd, level, option, value); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (k *KeepAlive) set(fd int) error {
	if k.Idle == 0 {
		return nil
	}
	const what = "keep-alive"
	err := errors.Join(
		set(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1, what),
		set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, int(k.Idle/time.Second), what),
	)
	if k.Interval > 0 {
		err = errors.Join(err, set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, int(k.Interval/time.Second), what))
	}
	if k.Count > 0 {
		err = errors.Join(err, set(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, k.Count, what))
	}
	return err
}

// bind gives a socket its local address. The port is chosen when it connects (Linux 4.2), for only
// then is it known which ones the destination leaves free: one port serves many destinations.
func bind(fd int, from netip.Addr) error {
	if err := set(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1, "source address"); err != nil {
		return err
	}
	var four unix.SockaddrInet4
	var six unix.SockaddrInet6
	_, sa, err := sockaddr(from, 0, &four, &six)
	if err != nil {
		return err
	}
	switch err := unix.Bind(fd, sa); err {
	case nil:
		return nil
	case unix.EADDRNOTAVAIL: // elsewhere it says that ports ran out
		return fmt.Errorf("the source address %s is not one of this machine's; name one that is, or give it to an interface first", from)
	default:
		return fmt.Errorf("source address %s: %w", from, err)
	}
}

// supported asks the system what it can do of the options.
func (o *SocketOptions) supported() error {
	for _, ip := range o.Source {
		if err := onSocket(ip, func(fd int) error { return bind(fd, ip.Unmap()) }); err != nil {
			return err
		}
	}
	if !o.FastOpen {
		return nil
	}
	err := onSocket(netip.Addr{}, func(fd int) error {
		return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1)
	})
	if errors.Is(err, unix.EOPNOTSUPP) {
		return errors.New("fast open is switched off for clients: the lowest bit of net.ipv4.tcp_fastopen is not set")
	}
	if err != nil {
		return fmt.Errorf("fast open: %w", err)
	}
	return nil
}

// onSocket carries out f with a TCP socket of the family of ip.
func onSocket(ip netip.Addr, f func(fd int) error) error {
	family := unix.AF_INET
	if ip.Unmap().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer func() { _ = unix.Close(fd) }()
	return f(fd)
}

// localEnd returns the local address of an IP socket; an invalid one for other transports. A socket with fast
// open has it before it is connected.
func localEnd(raw transport) (local netip.AddrPort) {
	sc, ok := raw.(syscall.Conn)
	if !ok {
		return local
	}
	control, err := sc.SyscallConn()
	if err != nil {
		return local
	}
	_ = control.Control(func(fd uintptr) {
		switch sa, _ := unix.Getsockname(int(fd)); sa := sa.(type) {
		case *unix.SockaddrInet4:
			local = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
		case *unix.SockaddrInet6:
			local = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
		}
	})
	return local
}
