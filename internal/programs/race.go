//go:build race

package programs

// EarlyDataRaces leaves 0-RTT out of tests under the race detector: quic-go v0.65 reads the server's transport
// parameters for a stream opened in 0-RTT (newFlowController) while the handshake replaces them (handleTransportParameters).
const EarlyDataRaces = true

// PoolsForget says that a sync.Pool does not keep all that it is given: some things are allocated again.
const PoolsForget = true
