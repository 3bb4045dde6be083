package wire

import "bytes"

// lastHeadBytes bounds what is kept of a head: nearly every one is shorter, and thousands of
// workers keep one each.
const lastHeadBytes = 1 << 10

// A lastHead is the head that was read last, with what it says. A load test gets the same head again
// and again, until the second in its Date ends; comparing is a small part of the work of reading it
// line by line. What a head says follows from its bytes alone, so it does not matter from which connection
// it came. The zero value knows none.
type lastHead struct {
	raw  []byte
	head head
}

// begins reports whether buf, which starts with a head's first byte, starts with this head.
func (l *lastHead) begins(buf []byte) bool {
	return len(l.raw) > 0 && bytes.HasPrefix(buf, l.raw)
}

// keep makes raw, of which h tells, the last head. It keeps a copy.
func (l *lastHead) keep(raw []byte, h *head) {
	if len(raw) > lastHeadBytes {
		return
	}
	l.raw, l.head = append(l.raw[:0], raw...), *h
}
