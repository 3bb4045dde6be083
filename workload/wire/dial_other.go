//go:build !linux

package wire

import (
	"context"
	"net"
	"net/netip"
	"syscall"
)

// A dialer opens connections.
type dialer struct {
	opts   *SocketOptions
	source sourceTurn
	one    dialing
}

// newDialer returns a dialer that takes source addresses from start on.
func newDialer(opts *Options, start uint32) dialer {
	return dialer{opts: &opts.Socket, source: sourceTurn{start}}
}

// A dialing is a connection on its way.
type dialing struct {
	opts    *SocketOptions
	to      address
	noDelay bool
	from    netip.Addr // invalid: the system chooses
	pending bool       // whether it is established is not known yet
}

// dial opens s to an address.
func (d *dialer) dial(s *sock, a address, noDelay bool) error {
	if err := d.begin(&d.one, a, noDelay); err != nil {
		return err
	}
	return d.one.finish(s)
}

// begin makes ready to connect, for which finish does all.
func (d *dialer) begin(p *dialing, a address, noDelay bool) error {
	*p = dialing{opts: d.opts, to: a, noDelay: true, pending: true} // as package net does
	if d.opts == nil {
		return nil
	}
	if d.opts.NoDelay != nil {
		p.noDelay = *d.opts.NoDelay
	}
	if len(d.opts.Source) == 0 || a.unix() != "" {
		return nil
	}
	var err error
	p.from, err = d.source.next(d.opts.Source, a.ip.Addr())
	return err
}

// finish connects and makes the connection s's transport.
func (p *dialing) finish(s *sock) error {
	return dialWith(s, p.to.text, func(ctx context.Context, addr string) (net.Conn, error) {
		dial := net.Dialer{KeepAlive: -1}
		if o := p.opts; o != nil {
			dial.KeepAliveConfig = o.KeepAlive.config()
			if o.SendBuffer > 0 || o.ReceiveBuffer > 0 {
				dial.Control = o.control
			}
		}
		if p.from.IsValid() {
			dial.LocalAddr = &net.TCPAddr{IP: p.from.AsSlice(), Zone: p.from.Zone()}
		}
		if path := p.to.unix(); path != "" {
			return dial.DialContext(ctx, "unix", path)
		}
		c, err := dial.DialContext(ctx, "tcp", addr)
		if tcp, ok := c.(*net.TCPConn); ok && err == nil && !p.noDelay {
			_ = tcp.SetNoDelay(false)
		}
		return c, err
	})
}

// control sets the buffers before the connection is begun, which their sizes have a part in.
func (o *SocketOptions) control(_, _ string, raw syscall.RawConn) error {
	var result error
	err := raw.Control(func(fd uintptr) { result = setBuffers(fd, o.SendBuffer, o.ReceiveBuffer) })
	if err != nil {
		return err
	}
	return result
}

// config says it to package net, for which 0 means a choice of its own.
func (k *KeepAlive) config() net.KeepAliveConfig {
	c := net.KeepAliveConfig{Enable: k.Idle > 0, Idle: k.Idle, Interval: k.Interval, Count: k.Count}
	if c.Interval == 0 {
		c.Interval = -1
	}
	if c.Count == 0 {
		c.Count = -1
	}
	return c
}
