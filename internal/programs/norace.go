//go:build !race

package programs

// EarlyDataRaces leaves 0-RTT out of tests under the race detector.
const EarlyDataRaces = false

// PoolsForget says that a sync.Pool does not keep all that it is given.
const PoolsForget = false
