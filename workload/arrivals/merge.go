package arrivals

// A merged is a source of several streams, each with the arrivals of one item. Of those that fall due at the same instant the first
// item's is first.
type merged struct {
	streams []stream  // by item
	next    []Arrival // of each stream that has one: a heap, the earliest at its root
	left    int64     // arrivals that it may still give
}

func (p *Process) merged(c *curve, block int, from, to float64, left int64) *merged {
	m := &merged{streams: make([]stream, len(p.shares)), next: make([]Arrival, 0, len(p.shares)), left: left}
	for i, share := range p.shares {
		m.streams[i] = p.stream(c, share, block, i, from, to)
		if a, ok := m.streams[i].next(); ok {
			a.Item = i
			m.next = append(m.next, a)
		}
	}
	for i := len(m.next)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m
}

func (m *merged) Next() (Arrival, bool) {
	if m.left == 0 || len(m.next) == 0 {
		return Arrival{}, false
	}
	m.left--
	first := m.next[0]
	if a, ok := m.streams[first.Item].next(); ok {
		a.Item = first.Item
		m.next[0] = a
	} else {
		end := len(m.next) - 1
		m.next[0] = m.next[end]
		m.next = m.next[:end]
	}
	m.sink(0)
	return first, true
}

// sink puts the arrival at i where it belongs among those below it. container/heap would take three calls through an interface for
// each arrival.
func (m *merged) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(m.next); child++ {
			if m.next[child].before(&m.next[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		m.next[i], m.next[least] = m.next[least], m.next[i]
		i = least
	}
}

func (a *Arrival) before(b *Arrival) bool {
	return a.At < b.At || a.At == b.At && a.Item < b.Item
}
