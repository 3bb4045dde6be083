package wire

// placesSearched is how many places are looked through one by one. It is no less than a Client without
// a pool keeps.
const placesSearched = ownPlaces + 1

// A shelf is what a Pool has for one place.
type shelf struct {
	place   place
	idle    list[conn] // in the order of their return
	busy    list[conn] // multiplexed ones in use that are not given up
	claimed int        // connections, those being closed included, and rights to open one
	wanted  int        // waiters
	pins    int        // calls that are about to take something
	round   uint64     // of the pool's, in which nothing was found here
	kept    bool       // connections that are returned are kept
	cleared bool       // since it was used last

	listed node[shelf]
}

// use returns the shelf for a place, and adds to out the connections that go for its sake.
func (p *Pool) use(at *place, out *list[conn]) *shelf {
	s := p.recent
	if s == nil || s.place != *at {
		s = p.shelfFor(at)
		before := p.recent
		if p.recent = s; before != nil {
			p.tidy(before)
		}
	}
	if s.kept || p.opts.Hosts < 0 {
		return s
	}
	s.kept = true
	if p.kept++; p.opts.Hosts > 0 && p.kept > p.opts.Hosts {
		least := p.leastUsed()
		p.empty(least, evicted, out)
		p.tidy(least)
	}
	return s
}

// shelfFor returns the shelf for a place, made if need be, as the one used last.
func (p *Pool) shelfFor(at *place) *shelf {
	s := p.find(at)
	if s != nil {
		p.shelves.remove(&s.listed)
	} else {
		s = &shelf{place: *at}
		if p.index != nil {
			p.index[*at] = s
		}
	}
	p.shelves.push(&s.listed, s)
	if p.index == nil && p.shelves.n > placesSearched {
		p.index = make(map[place]*shelf)
		for n := p.shelves.first; n != nil; n = n.next {
			p.index[n.item.place] = n.item
		}
	}
	return s
}

// find returns the shelf for a place, or nil.
func (p *Pool) find(at *place) *shelf {
	if p.index != nil {
		return p.index[*at]
	}
	for n := p.shelves.last; n != nil; n = n.prev {
		if n.item.place == *at {
			return n.item
		}
	}
	return nil
}

// leastUsed returns the shelf, of those that keep connections, that was used longest ago.
func (p *Pool) leastUsed() *shelf {
	n := p.shelves.first
	for !n.item.kept {
		n = n.next
	}
	return n.item
}

// empty makes s keep nothing, and adds to out what it kept.
func (p *Pool) empty(s *shelf, how ending, out *list[conn]) {
	for s.idle.first != nil {
		cn := s.idle.first.item
		p.pick(cn)
		cn.fate = how
		out.push(&cn.atShelf, cn)
	}
	if s.kept {
		s.kept = false
		p.kept--
	}
}

// tidy forgets a shelf that nobody has to do with any more. Where places are numbered, an empty
// one counts like any other.
func (p *Pool) tidy(s *shelf) {
	if s.claimed > 0 || s.wanted > 0 || s.pins > 0 || s == p.recent || s.kept && p.opts.Hosts > 0 || s.listed.item == nil {
		return
	}
	if s.kept {
		s.kept = false
		p.kept--
	}
	p.shelves.remove(&s.listed)
	s.listed.item = nil
	delete(p.index, s.place)
	if p.index != nil && p.shelves.n <= placesSearched/2 {
		p.index = nil
	}
}
