//go:build unix && !freebsd && !dragonfly

package host

import "golang.org/x/sys/unix"

// withSoft returns limit with the soft limit as near to need as the hard one lets.
func withSoft(limit unix.Rlimit, need uint64) unix.Rlimit {
	limit.Cur = min(need, limit.Max)
	return limit
}
