package wire

import "math"

// timed reports whether connections are subject to limits of time.
func (p *Pool) timed() bool { return p.opts.IdleTimeout > 0 || p.opts.MaxAge > 0 }

// lapse moves to out the idle connections that are past a limit of time, and gives up those in use that are too old.
// It looks no further than it has to: connections become idle in the order of the list, and none is too
// old before p.ripe.
func (p *Pool) lapse(out *list[conn]) {
	if !p.timed() {
		return
	}
	p.now = p.clock.Now()
	if most := p.opts.IdleTimeout; most > 0 {
		for p.idle.first != nil && p.now-p.idle.first.item.idleSince > most {
			p.retire(p.idle.first.item, out)
		}
	}
	if p.now > p.ripe {
		p.lapseOld(out)
	}
}

// lapseOld does it for MaxAge, and finds out when there is next something to do.
func (p *Pool) lapseOld(out *list[conn]) {
	p.ripe = math.MaxInt64
	for n := p.idle.first; n != nil; {
		cn := n.item
		n = n.next
		if p.old(cn) {
			p.retire(cn, out)
		} else {
			p.ripen(cn)
		}
	}
	for sn := p.shelves.first; sn != nil; sn = sn.next {
		for n := sn.item.busy.first; n != nil; {
			cn := n.item
			n = n.next
			if p.old(cn) {
				p.doom(cn, retired)
			} else {
				p.ripen(cn)
			}
		}
	}
}

// old reports whether a connection is past MaxAge.
func (p *Pool) old(cn *conn) bool { return p.opts.MaxAge > 0 && p.now-cn.opened > p.opts.MaxAge }

// ripen notes when a connection in the lists will be past MaxAge.
func (p *Pool) ripen(cn *conn) {
	if p.opts.MaxAge > 0 {
		p.ripe = min(p.ripe, cn.opened+p.opts.MaxAge)
	}
}

// retire moves an idle connection to out.
func (p *Pool) retire(cn *conn, out *list[conn]) {
	p.pick(cn)
	cn.fate = retired
	out.push(&cn.atShelf, cn)
}
