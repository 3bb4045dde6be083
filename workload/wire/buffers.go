package wire

import "sync"

// Buffers are buffers that nobody uses at the moment: those for reading of streams that have ended and of Clients that
// rest, and those for writing of HTTP/2 connections that had much to write. They are safe for concurrent use; the zero
// value has none. A run with several arms has several
// times as many Clients as ever read at the same time.
type Buffers struct {
	mu    sync.Mutex
	list  []*receiver
	large [][]byte
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

// largeBuffer has room for what an upload hands over at once, a further frame, and what TLS adds to that.
const largeBuffer = enoughData + longestData + 4<<10

// takeLarge returns an empty buffer of that size.
func (b *Buffers) takeLarge() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := len(b.large) - 1
	if last < 0 {
		return make([]byte, 0, largeBuffer)
	}
	buf := b.large[last]
	b.large[last] = nil
	b.large = b.large[:last]
	return buf[:0]
}

func (b *Buffers) putLarge(buf []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.large = append(b.large, buf)
}
