//go:build race

package wire

// earlyDataRaces: quic-go v0.65 reads the server's transport parameters for a stream opened in 0-RTT (newFlowController)
// while the handshake replaces them (handleTransportParameters).
const earlyDataRaces = true
