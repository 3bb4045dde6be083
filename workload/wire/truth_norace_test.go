//go:build !race

package wire

const earlyDataRaces = false
