package workload

import (
	"slices"
	"testing"
	"time"

	"sessbench/result"
)

// A saturated generator makes a result invalid, but a run of a few milliseconds
// does not show that it was.
func TestSaturationIsJudgedFromHalfASecondOn(t *testing.T) {
	for _, c := range []struct {
		wall    time.Duration
		share   float64
		invalid bool
	}{
		{auditable, 0.91, true},
		{auditable, 0.89, false},
		{auditable - time.Millisecond, 0.99, false},
	} {
		a := &armRun{arm: Arm{"pooled", "pooled"}, usage: usage{wall: c.wall}}
		warnings := a.doubts(&result.Arm{Generator: result.Generator{CPUShare: c.share}})
		got := slices.ContainsFunc(warnings, func(w result.Warning) bool { return w.Code == "generator_saturated" && w.Invalid })
		if got != c.invalid {
			t.Errorf("%v at a share of %v: invalid %v, want %v", c.wall, c.share, got, c.invalid)
		}
	}
}
