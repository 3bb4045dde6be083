//go:build race

package wire

// raceDetector: quic-go v0.65 has a data race of its own where it resumes a session for 0-RTT (the peer's
// transport parameters, in cryptoSetup.handleEvent).
const raceDetector = true
