package cputime

import (
	"testing"
	"time"
)

func TestUsedGrowsWithWork(t *testing.T) {
	before := Used()
	if before == 0 {
		t.Skip("this system does not tell")
	}
	deadline := time.Now().Add(10 * time.Second)
	for Used() <= before {
		if time.Now().After(deadline) {
			t.Fatalf("still %v of processor time after working for 10 s", before)
		}
	}
}
