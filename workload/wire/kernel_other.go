//go:build !linux

package wire

import "net"

// askSocket would ask the system about a socket whose connection is to end like that. There is nothing like TCP_INFO
// that all other systems have, so only what we know ourselves is told.
func askSocket(raw transport, _ bool, how ending) socketFacts {
	if _, ok := raw.(*net.TCPConn); !ok {
		return socketFacts{}
	}
	if how == endedByPeer {
		return socketFacts{state: socketEnded}
	}
	return socketFacts{state: socketOpen}
}

// resetAtClose makes closing a socket send RST instead of FIN, and reports whether it will.
func resetAtClose(raw transport, _ bool) bool {
	tcp, ok := raw.(*net.TCPConn)
	return ok && tcp.SetLinger(0) == nil
}
