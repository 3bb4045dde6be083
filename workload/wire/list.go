package wire

// A list is a doubly linked one whose nodes lie in what is listed, so that joining and leaving it cost no
// memory, wherever in it that happens. The zero value is empty.
type list[T any] struct {
	first, last *node[T]
	n           int
}

// A node is an item's place in one list at a time.
type node[T any] struct {
	prev, next *node[T]
	item       *T
}

// push adds an item at the end; n is in it, and in no list.
func (l *list[T]) push(n *node[T], item *T) {
	n.item, n.prev = item, l.last
	if l.last == nil {
		l.first = n
	} else {
		l.last.next = n
	}
	l.last = n
	l.n++
}

// remove takes out n, which is in l.
func (l *list[T]) remove(n *node[T]) {
	if n.prev == nil {
		l.first = n.next
	} else {
		n.prev.next = n.next
	}
	if n.next == nil {
		l.last = n.prev
	} else {
		n.next.prev = n.prev
	}
	n.prev, n.next = nil, nil
	l.n--
}
