package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A dialer opens connections. It does what net.Dialer does with fewer system calls: no
// keep-alive options unless asked for, no names of the two ends, no question after the result where connecting
// again answers it. The socket is an os.File, which waits in the runtime's poller just as
// a net.Conn does.
//
// TCP_NODELAY is set only where several short writes follow each other, as with TLS, whose handshake and
// records do. A plain request is one write, sent when all before it was answered: Linux
// holds back a short segment only behind another short one that is not acknowledged.
type dialer struct {
	opts   *SocketOptions // nil: nothing is set
	ports  portRange
	source sourceTurn
	one    dialing
}

// newDialer returns a dialer that takes source addresses from start on.
func newDialer(opts *Options, start uint32) dialer {
	d := dialer{ports: systemPorts(), source: sourceTurn{start}}
	d.ports.turns = opts.Turns
	if !opts.Socket.isZero() {
		d.opts = &opts.Socket
	}
	return d
}

// A dialing is a connection on its way.
type dialing struct {
	four    unix.SockaddrInet4
	six     unix.SockaddrInet6
	to      unix.Sockaddr
	family  int
	port    int // of to; not that of a Unix socket
	fd      int
	pending bool // whether it is established is not known yet
}

// dial opens s to an address.
func (d *dialer) dial(s *sock, a address, noDelay bool) error {
	if err := d.begin(&d.one, a, noDelay); err != nil {
		return err
	}
	return d.one.finish(s)
}

// begin begins to connect, without waiting. After an error there is nothing to finish.
func (d *dialer) begin(p *dialing, a address, noDelay bool) error {
	if err := p.aim(a); err != nil {
		return err
	}
	fd, err := unix.Socket(p.family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	p.fd = fd
	if err := d.prepare(p, a, noDelay); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if err := d.connect(p); err != nil {
		_ = unix.Close(fd)
		return err
	}
	return nil
}

// prepare sets the options of a socket that is to be connected.
func (d *dialer) prepare(p *dialing, a address, noDelay bool) error {
	if d.opts != nil {
		if err := d.opts.prepare(p, a, &d.source); err != nil {
			return err
		}
		if d.opts.NoDelay != nil {
			noDelay = *d.opts.NoDelay
		}
	}
	if p.family == unix.AF_UNIX {
		return nil
	}
	if noDelay {
		_ = unix.SetsockoptInt(p.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	p.port = int(a.ip.Port())
	d.ports.narrow(p.fd, p.port)
	return nil
}

func (d *dialer) connect(p *dialing) (err error) {
	p.pending, err = p.more()
	for tried := 1; errors.Is(err, unix.EADDRNOTAVAIL) && p.family != unix.AF_UNIX && d.ports.widen(p.fd, p.port, tried); tried++ {
		p.pending, err = p.more()
	}
	if p.pending && p.family != unix.AF_UNIX {
		// Over loopback the handshake is done by now, and connecting again says so.
		p.pending, err = p.more()
	}
	return err
}

// more begins to connect a socket or asks how far it is: pending, established (no
// error), or failed. A Unix socket is pending while the listener's queue is full.
func (p *dialing) more() (pending bool, err error) {
	switch err := unix.Connect(p.fd, p.to); {
	case err == nil, err == unix.EISCONN:
		return false, nil
	case err == unix.EINPROGRESS, err == unix.EALREADY, err == unix.EINTR, err == unix.EAGAIN && p.family == unix.AF_UNIX:
		return true, nil
	default:
		return false, os.NewSyscallError("connect", err)
	}
}

// finish makes the connection s's transport when it is established, for which it waits.
func (p *dialing) finish(s *sock) error {
	f := os.NewFile(uintptr(p.fd), "")
	err := s.start(f)
	if err != nil || !p.pending {
		return err
	}
	if p.family == unix.AF_UNIX {
		err = p.awaitQueue(s)
	} else {
		err = p.await(s, f)
	}
	if err != nil {
		_ = f.Close()
	}
	return err
}

// await waits until the connection is established or has failed.
func (p *dialing) await(s *sock, f *os.File) error {
	control, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	ask := func(uintptr) bool {
		p.pending, result = p.more()
		return !p.pending
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

// How often a Unix socket is tried again whose listener has no room, at first and at most.
const (
	queueFirst = 100 * time.Microsecond
	queueMost  = 10 * time.Millisecond
)

// awaitQueue waits for room in the queue of a Unix socket's listener, of which the poller says nothing. A
// full queue delays TCP connections likewise, by retransmissions.
func (p *dialing) awaitQueue(s *sock) error {
	for wait := queueFirst; ; wait = min(2*wait, queueMost) {
		now := s.clock.Now()
		if at, class, why := s.due(); at != 0 && now >= at {
			return &fault{class, opConnect, s.addr, why}
		} else if at != 0 {
			wait = min(wait, at-now)
		}
		select {
		case <-s.watch.ctx.Done():
			return canceledFault(s.watch.ctx, opConnect, s.addr)
		case <-time.After(wait):
		}
		if pending, err := p.more(); !pending {
			return err
		}
	}
}

// aim sets what is connected to.
func (p *dialing) aim(a address) error {
	if path := a.unix(); path != "" {
		p.family, p.to = unix.AF_UNIX, &unix.SockaddrUnix{Name: path}
		return nil
	}
	var err error
	p.family, p.to, err = sockaddr(a.ip.Addr(), a.ip.Port(), &p.four, &p.six)
	return err
}

// sockaddr returns an address for the system, laid down in one of four and six.
func sockaddr(ip netip.Addr, port uint16, four *unix.SockaddrInet4, six *unix.SockaddrInet6) (family int, sa unix.Sockaddr, err error) {
	if ip.Is4() {
		*four = unix.SockaddrInet4{Port: int(port), Addr: ip.As4()}
		return unix.AF_INET, four, nil
	}
	*six = unix.SockaddrInet6{Port: int(port), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		n, err := strconv.Atoi(zone)
		if err != nil {
			itf, err := net.InterfaceByName(zone)
			if err != nil {
				return 0, nil, err
			}
			n = itf.Index
		}
		six.ZoneId = uint32(n)
	}
	return unix.AF_INET6, six, nil
}
