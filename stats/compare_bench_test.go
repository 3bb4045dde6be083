package stats

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkCompare compares three arms over 10 blocks of 5,000 calls: what a run of
// the default length does at its end.
func BenchmarkCompare(b *testing.B) {
	s := simulation{blocks: 10, calls: 5000, drift: 0.05, jitter: 0.02, noise: 0.5, correlation: 0.5, slowdown: 1.3}
	random := rand.New(rand.NewPCG(1, 1))
	baseline, arm := s.run(random)
	_, other := s.run(random)
	for b.Loop() {
		Compare(baseline, arm, CompareOptions{Paired: true})
		Compare(baseline, other, CompareOptions{Paired: true})
	}
}
