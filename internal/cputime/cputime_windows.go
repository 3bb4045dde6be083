package cputime

import (
	"time"

	"golang.org/x/sys/windows"
)

func used() time.Duration {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return 0
	}
	return interval(kernel) + interval(user)
}

// interval reads a Filetime that counts 100 ns steps rather than a date.
func interval(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}
