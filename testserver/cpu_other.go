//go:build !unix

package testserver

import "time"

// processCPU is not known here.
func processCPU() time.Duration { return 0 }
