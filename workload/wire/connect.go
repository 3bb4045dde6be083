package wire

import "time"

// lead fills r with the addresses that connections to a host and port are opened to.
func (o *opener) lead(cn *conn, r *route, host, port string, sp *span) error {
	if path := o.opts.Socket.UnixSocket; path != "" {
		r.toUnix(path)
		return nil
	}
	return o.find(cn, r, host, port, sp)
}

// find fills r with the addresses of a host, within the connection's limits.
func (o *opener) find(cn *conn, r *route, host, port string, sp *span) error {
	asked := false
	err := r.find(o.opts, host, port, func() (hosts []string, err error) {
		hosts, asked, err = o.lookup(&cn.sock, host)
		return hosts, err
	})
	if err != nil || asked {
		sp.lap(&sp.ex.Phases.DNS)
	}
	return err
}

// connect opens the transport connection to one of the addresses of r. What stands at its beginning is part of that.
func (o *opener) connect(cn *conn, r *route, noDelay bool, sp *span) error {
	// The header of the PROXY protocol, or the frames of HTTP/2, are short writes before others. What leaves an
	// emulated sender is not to wait for acknowledgements of the real path as well.
	noDelay = noDelay || o.opts.Socket.ProxyProtocol != 0 || o.policy.HTTP.Multiplexed() || o.opts.Distance != nil
	order := o.queue.order(r, o.opts)
	var err error
	if o.opts.HappyEyeballs > 0 && len(order) > 1 {
		err = o.race(cn, order, noDelay)
	} else {
		err = o.connectInTurn(cn, order, noDelay)
	}
	if err != nil {
		sp.lap(&sp.ex.Phases.Connect)
		return err
	}
	o.ledger.opened()
	cn.rw = &cn.sock
	cn.noDelay = o.opts.Socket.NoDelay != nil // and is as it was asked for
	if o.opts.Socket.ProxyProtocol != 0 {
		err = o.announce(cn)
	}
	sp.lap(&sp.ex.Phases.Connect)
	if err != nil {
		cn.abandon(err)
	}
	return err
}

// connectInTurn tries addresses one after another. Where time is limited each gets an equal share of what is
// left, so that one that does not answer leaves some to the others (as net.Dialer does).
func (o *opener) connectInTurn(cn *conn, order []address, noDelay bool) error {
	var err error
	limit := cn.sock.connect
	for i, a := range order {
		if more := len(order) - i; more > 1 && limit != 0 {
			now := o.clock.Now()
			cn.sock.connect = now + (limit-now)/time.Duration(more)
		} else {
			cn.sock.connect = limit
		}
		cn.sock.addr, o.address = a.text, a.text
		if err = o.connectTo(cn, a, noDelay); err == nil || endsConnecting(err) {
			break
		}
	}
	cn.sock.connect = limit
	return err
}

// endsConnecting reports whether after err no other address is worth trying: the call is over.
func endsConnecting(err error) bool {
	class := ClassOf(err)
	return class == ClassCanceled || class == ClassTimeout
}

func (o *opener) connectTo(cn *conn, a address, noDelay bool) error {
	var err error
	if o.opts.Dial != nil {
		err = dialWith(&cn.sock, a.text, o.opts.Dial)
	} else {
		err = o.dialer.dial(&cn.sock, a, noDelay)
	}
	if o.opts.Distance != nil {
		err = o.opts.Distance.cross(&cn.sock, err)
	}
	if err != nil {
		return dialFault(a.text, err)
	}
	return nil
}
