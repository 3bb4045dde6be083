package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"

	"golang.org/x/net/ipv4"
)

// packets is a UDP socket that talks to one peer and counts the bytes of its payloads. It is connected, so that
// the system tells when nobody listens there, and looks up the way once and not for every packet.
//
// QUIC reads it in one goroutine and writes it in another; take can be called by any.
type packets struct {
	*net.UDPConn
	batch   *ipv4.PacketConn // reads several packets at a time, of IPv6 too
	options *SocketOptions
	sized   int // buffers whose size was set
	in, out atomic.Int64
}

// dialUDP opens a socket from an address, or from whichever the system chooses where it is none.
func dialUDP(from netip.Addr, to netip.AddrPort, o *SocketOptions) (*packets, error) {
	var local *net.UDPAddr
	if from.IsValid() {
		local = net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	udp, err := net.DialUDP("udp", local, net.UDPAddrFromAddrPort(to))
	switch {
	case err != nil && from.IsValid() && errors.Is(err, errnoNoAddress): // elsewhere it says that ports ran out
		return nil, fmt.Errorf("the source address %s is not one of this machine's; name one that is, or give it to an interface first", from)
	case err != nil:
		return nil, err
	}
	return &packets{UDPConn: udp, batch: ipv4.NewPacketConn(udp), options: o}, nil
}

// SetReadBuffer sets the size that was asked for, and otherwise as much as there can be of what QUIC wants.
func (p *packets) SetReadBuffer(n int) error {
	p.sized++
	if p.options.ReceiveBuffer > 0 {
		return p.UDPConn.SetReadBuffer(p.options.ReceiveBuffer)
	}
	_ = p.UDPConn.SetReadBuffer(n)
	return nil
}

// SetWriteBuffer is the same for what is sent.
func (p *packets) SetWriteBuffer(n int) error {
	p.sized++
	if p.options.SendBuffer > 0 {
		return p.UDPConn.SetWriteBuffer(p.options.SendBuffer)
	}
	_ = p.UDPConn.SetWriteBuffer(n)
	return nil
}

// SyscallConn is there when both sizes are set. QUIC would otherwise look at them before and after, overrule
// those that were asked for, and write what it thinks of them to standard error: half a dozen system calls more
// for every connection.
func (p *packets) SyscallConn() (syscall.RawConn, error) {
	if p.sized < 2 {
		return nil, errors.ErrUnsupported
	}
	return p.UDPConn.SyscallConn()
}

// ReadBatch is for systems where QUIC reads several packets at a time.
func (p *packets) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	n, err := p.batch.ReadBatch(ms, flags)
	for i := range max(n, 0) {
		p.in.Add(int64(ms[i].N))
	}
	return n, err
}

// ReadFrom is for other systems.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	n, addr, err := p.UDPConn.ReadFrom(b)
	p.in.Add(int64(n))
	return n, addr, err
}

// WriteMsgUDP writes to the peer, whatever the address.
func (p *packets) WriteMsgUDP(b, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	p.out.Add(int64(len(b))) // before, so that who has the answer finds it counted
	n, oobn, err = p.UDPConn.WriteMsgUDP(b, oob, nil)
	p.out.Add(int64(n - len(b)))
	return n, oobn, err
}

// WriteTo writes to the peer, whatever the address.
func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.out.Add(int64(len(b)))
	n, err := p.Write(b)
	p.out.Add(int64(n - len(b)))
	return n, err
}

// take returns the bytes since it was last called.
func (p *packets) take() (in, out int64) { return p.in.Swap(0), p.out.Swap(0) }
