//go:build !linux

package wire

// An idleCheck would ask the system about a socket that nobody reads. Only Linux has a
// question that tells the end of a TLS connection from a session ticket; elsewhere a dead
// connection is found by using it, save where the distance to it is emulated.
type idleCheck struct{}

func (*idleCheck) state(s *sock, unasked bool) peerState {
	if far, ok := s.raw.(peeker); ok {
		return far.peek().mattering(unasked)
	}
	return peerQuiet
}
