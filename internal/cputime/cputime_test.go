package cputime

import "testing"

func TestUsedGrowsWithWork(t *testing.T) {
	before := Used()
	if before == 0 {
		t.Skip("this system does not tell")
	}
	for n := 0; Used() == before; n++ {
		if n == 1<<31 {
			t.Fatal("two thousand million rounds took no processor time")
		}
	}
	if after := Used(); after <= before {
		t.Errorf("%v after %v", after, before)
	}
}
