package wire

import (
	"net"
	"os"
	"sync"
	"time"
)

// distantPackets is a packet socket at the end of a longer path: what comes is delayed by the round trip and by
// the bandwidth towards us, what goes by the bandwidth from us. There are queues for both, each with a goroutine
// that ends when the socket is closed.
//
// Congestion control is QUIC's own on both sides, which sees the path as it is emulated;
// Distance.InitialWindow has no say.
type distantPackets struct {
	net.PacketConn
	clock Clock
	out   *packetQueue
	in    *packetQueue

	sent, received chan struct{} // closed when the goroutine for it has ended

	mu       sync.Mutex
	deadline time.Time
	moved    chan struct{} // closed, and made anew, when the deadline is moved
}

// newDistantPackets puts a distance before under, which it owns from then on.
func newDistantPackets(under net.PacketConn, d *Distance) *distantPackets {
	p := &distantPackets{
		PacketConn: under,
		clock:      NewClock(),
		in:         newPacketQueue(lane{delay: d.RTT, rate: d.Down}),
		out:        newPacketQueue(lane{rate: d.Up}),
		moved:      make(chan struct{}),
		sent:       make(chan struct{}),
		received:   make(chan struct{}),
	}
	go p.receive()
	go p.send()
	return p
}

// A lane is one direction of a path. Packets leave it in the order in which they came.
type lane struct {
	delay time.Duration
	rate  int64         // bits per second; 0: no limit
	free  time.Duration // when the last packet will have been put onto it
}

// due returns when a packet of n bytes that comes at now is at the other end: it waits until those before it
// are on the line, takes n*8/rate itself, and then the delay.
func (l *lane) due(now time.Duration, n int) time.Duration {
	l.free = max(l.free, now)
	if l.rate > 0 {
		l.free += time.Duration(float64(n) * 8 / float64(l.rate) * float64(time.Second))
	}
	return l.free + l.delay
}

// A delayed packet, or the error that ends a queue.
type delayed struct {
	due  time.Duration
	data []byte
	addr net.Addr
	err  error
}

// A packetQueue holds packets that are on their way. One goroutine puts, another one takes.
type packetQueue struct {
	lane   lane
	mu     sync.Mutex
	list   []delayed
	filled chan struct{} // has one element where the list may have become longer
	closed chan struct{}
	end    sync.Once
}

func newPacketQueue(l lane) *packetQueue {
	return &packetQueue{lane: l, filled: make(chan struct{}, 1), closed: make(chan struct{})}
}

// put lets a packet enter at now. data is copied.
func (q *packetQueue) put(now time.Duration, data []byte, addr net.Addr, err error) {
	q.mu.Lock()
	q.list = append(q.list, delayed{q.lane.due(now, len(data)), append([]byte(nil), data...), addr, err})
	q.mu.Unlock()
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// first returns the packet that leaves first, if there is one.
func (q *packetQueue) first() (delayed, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return delayed{}, false
	}
	return q.list[0], true
}

// drop takes the first packet out.
func (q *packetQueue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list[0] = delayed{}
	if q.list = q.list[1:]; len(q.list) == 0 {
		q.list = nil
	}
}

func (q *packetQueue) close() { q.end.Do(func() { close(q.closed) }) }

// take waits until a packet leaves, and returns it; false where that was not so before the queue was
// closed, stop fired or deadline passed, whichever of these there are.
func (q *packetQueue) take(clock Clock, deadline time.Time, stop <-chan struct{}) (delayed, bool) {
	for {
		wait := time.Duration(-1)
		if p, ok := q.first(); ok {
			if wait = p.due - clock.Now(); wait <= 0 {
				q.drop()
				return p, true
			}
		}
		if !q.pause(wait, deadline, stop) {
			return delayed{}, false
		}
	}
}

// pause waits for so long, or without end where that is negative, and reports whether to look again.
func (q *packetQueue) pause(wait time.Duration, deadline time.Time, stop <-chan struct{}) bool {
	last := false
	if !deadline.IsZero() {
		left := max(time.Until(deadline), 0)
		if wait < 0 || left < wait {
			wait, last = left, true
		}
	}
	var over <-chan time.Time
	if wait >= 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return !last
	case <-q.filled:
		return true
	case <-stop:
	case <-q.closed:
	}
	return false
}

// receive takes packets from the socket as they come.
func (p *distantPackets) receive() {
	defer close(p.received)
	buf := make([]byte, 1<<16)
	for {
		n, addr, err := p.PacketConn.ReadFrom(buf)
		p.in.put(p.clock.Now(), buf[:n], addr, err)
		if err != nil {
			return
		}
	}
}

// send hands packets to the socket when they have left.
func (p *distantPackets) send() {
	defer close(p.sent)
	for {
		packet, ok := p.out.take(p.clock, time.Time{}, nil)
		if !ok {
			return
		}
		// What cannot be sent is lost, as on any path; that the socket is closed shows in reading.
		_, _ = p.PacketConn.WriteTo(packet.data, packet.addr)
	}
}

// ReadFrom returns the next packet that has arrived.
func (p *distantPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		p.mu.Lock()
		deadline, moved := p.deadline, p.moved
		p.mu.Unlock()
		packet, ok := p.in.take(p.clock, deadline, moved)
		if ok {
			return copy(b, packet.data), packet.addr, packet.err
		}
		select {
		case <-p.in.closed:
			return 0, nil, net.ErrClosed
		case <-moved:
		default:
			return 0, nil, os.ErrDeadlineExceeded
		}
	}
}

// WriteTo sends a packet, at once where the bandwidth from us has no limit.
func (p *distantPackets) WriteTo(b []byte, addr net.Addr) (int, error) {
	if p.out.lane.rate == 0 {
		return p.PacketConn.WriteTo(b, addr)
	}
	p.out.put(p.clock.Now(), b, addr, nil)
	return len(b), nil
}

// SetReadDeadline bounds ReadFrom, also one that waits.
func (p *distantPackets) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	close(p.moved)
	p.moved = make(chan struct{})
	return nil
}

// SetDeadline is SetReadDeadline: writing does not wait.
func (p *distantPackets) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetReadBuffer and SetWriteBuffer leave the sizes as they are: the queues have no bound.
func (p *distantPackets) SetReadBuffer(int) error  { return nil }
func (p *distantPackets) SetWriteBuffer(int) error { return nil }

// Close closes the socket, drops what is under way to us, and waits for the goroutines. What waits to be sent goes
// at once: the last of it tells the server that the connection is closed.
func (p *distantPackets) Close() error {
	p.out.close()
	p.in.close()
	<-p.sent
	for packet, ok := p.out.first(); ok; packet, ok = p.out.first() {
		p.out.drop()
		_, _ = p.PacketConn.WriteTo(packet.data, packet.addr)
	}
	err := p.PacketConn.Close()
	<-p.received
	return err
}
