//go:build !linux

package wire

import "time"

// A fineTimer would be more precise than the runtime's timers.
type fineTimer struct{}

// timerFiles is how many files a fineTimer has open.
const timerFiles = 0

func newFineTimer() *fineTimer { return nil }

func (*fineTimer) wait(time.Duration, <-chan struct{}) {}
func (*fineTimer) interrupt()                          {}
func (*fineTimer) close()                              {}
