//go:build race

package programs

// EarlyDataRaces leaves 0-RTT out of tests under the race detector: quic-go v0.65 reads the server's transport
// parameters for a stream opened in 0-RTT (newFlowController) while the handshake replaces them (handleTransportParameters).
const EarlyDataRaces = true
