//go:build unix

package host

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

func fileLimit() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int64(min(uint64(limit.Cur), math.MaxInt64))
}

func raiseFileLimit(need uint64) (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading the limit of open files: %w", err)
	}
	have := uint64(limit.Cur)
	if have >= need {
		return have, nil
	}
	raised := withSoft(limit, need)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err != nil {
		return have, nil // not allowed: what holds is still known
	}
	return uint64(raised.Cur), nil
}
