package programs

import "testing"

// Allocs returns how many allocations a call of f makes on average: the least of some goes of [testing.AllocsPerRun] of that many
// runs each, since it counts those of every goroutine, and what an earlier test left behind may still be at work.
func Allocs(runs int, f func()) float64 {
	const goes = 5
	least := testing.AllocsPerRun(runs, f)
	for range goes - 1 {
		if least == 0 {
			break
		}
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
