package stats

import (
	"math"
	"testing"
)

func TestStudentQuantileIsThatOfTheTables(t *testing.T) {
	// R: qt(0.975, df) and qt(0.995, df).
	for _, c := range []struct {
		p    float64
		df   int
		want float64
	}{
		{0.975, 1, 12.7062}, {0.975, 2, 4.302653}, {0.975, 3, 3.182446}, {0.975, 5, 2.570582}, {0.975, 9, 2.262157},
		{0.975, 10, 2.228139}, {0.975, 30, 2.042272}, {0.995, 4, 4.604095}, {0.995, 9, 3.249836}, {0.5, 7, 0},
	} {
		if got := studentQuantile(c.p, c.df); math.Abs(got-c.want) > 1e-6*math.Max(1, c.want)*5 {
			t.Errorf("t(%v, %d) = %v, want %v", c.p, c.df, got, c.want)
		}
	}
	if got := studentQuantile(0.975, 2000); math.Abs(got-1.961151) > 1e-5 {
		t.Errorf("t(0.975, 2000) = %v, want 1.961151", got)
	}
}

func TestExpandedTailIsFurtherOutForFewerBlocks(t *testing.T) {
	last := 0.0
	for n := 2; n < 200; n++ {
		tail := expandedTail(n, 0.95)
		if tail <= last || tail >= 0.025 {
			t.Fatalf("tail for %d blocks is %v after %v", n, tail, last)
		}
		last = tail
	}
	// Φ(−√(10/9)·2.262157)
	if got := expandedTail(10, 0.95); math.Abs(got-0.008552) > 1e-5 {
		t.Errorf("tail for 10 blocks is %v", got)
	}
}
