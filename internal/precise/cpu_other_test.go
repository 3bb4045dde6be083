//go:build !linux

package precise

import (
	"testing"
	"time"
)

// processCPU is known on Linux only.
func processCPU(*testing.B) time.Duration { return 0 }
