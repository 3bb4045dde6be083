//go:build !race

package programs

// EarlyDataRaces leaves 0-RTT out of tests under the race detector.
const EarlyDataRaces = false
