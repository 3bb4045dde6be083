package workload

import (
	"math/rand/v2"
	"time"
)

// schedule gives the instants at which an open model's calls fall due, as offsets
// from the trial's start. It is a step function over its own random source: equal
// seeds give equal schedules, so that every arm of a block gets the same arrivals.
// It reads no clock. One goroutine at a time may use it.
type schedule struct {
	rate    float64       // calls per second
	window  time.Duration // arrivals fall before it; ignored when count > 0
	count   int64         // arrivals in all; 0: as many as fall into window
	poisson *rand.Rand    // nil: constant arrivals

	given int64
	last  float64 // seconds, Poisson only
}

func newSchedule(load Load, window time.Duration, count int64, block int) *schedule {
	s := &schedule{rate: load.Rate, window: window, count: count}
	if load.Arrivals == Poisson {
		s.poisson = rand.New(rand.NewPCG(load.Seed, arrivalsStream+uint64(block)))
	}
	return s
}

// next returns the next arrival, or false after the last.
func (s *schedule) next() (time.Duration, bool) {
	if s.count > 0 && s.given == s.count {
		return 0, false
	}
	var seconds float64
	if s.poisson != nil {
		// Gaps of a Poisson process are exponential with mean 1/rate.
		s.last += s.poisson.ExpFloat64() / s.rate
		seconds = s.last
	} else {
		// Multiplied rather than summed: a million gaps must not add up their rounding.
		seconds = float64(s.given) / s.rate
	}
	at := time.Duration(seconds * float64(time.Second))
	if s.count == 0 && at >= s.window {
		return 0, false
	}
	s.given++
	return at, true
}

// Random streams of one seed, kept apart so that a longer draw in one does not
// shift another.
const (
	orderStream    = 1 << 32
	arrivalsStream = 2 << 32
)
