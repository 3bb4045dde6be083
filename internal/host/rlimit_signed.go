//go:build freebsd || dragonfly

package host

import (
	"math"

	"golang.org/x/sys/unix"
)

// withSoft returns limit with the soft limit as near to need as the hard one lets.
// These systems count files with a sign.
func withSoft(limit unix.Rlimit, need uint64) unix.Rlimit {
	limit.Cur = min(int64(min(need, math.MaxInt64)), limit.Max)
	return limit
}
