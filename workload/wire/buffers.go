package wire

import "sync"

// Buffers are read buffers that nobody uses at the moment: of streams that have ended, and of Clients that
// rest. They are safe for concurrent use; the zero value has none. A run with several arms has several
// times as many Clients as ever read at the same time.
type Buffers struct {
	mu   sync.Mutex
	list []*receiver
}

// take returns a receiver that is not in use.
func (b *Buffers) take(opts *Options) *receiver {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.list) - 1
	if last < 0 {
		return newReceiver(opts)
	}
	r := b.list[last]
	b.list[last] = nil
	b.list = b.list[:last]
	return r
}

func (b *Buffers) put(r *receiver) {
	r.src.from = nil // a connection that may be long closed
	b.mu.Lock()
	b.list = append(b.list, r)
	b.mu.Unlock()
}
