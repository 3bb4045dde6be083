package workload

import (
	"math"
	"math/rand/v2"
	"time"
)

// schedule gives the instants at which an open model's calls fall due, as offsets
// from the trial's start. It is a step function over its own random source: equal
// seeds give equal schedules, so that every arm of a block gets the same arrivals.
// It reads no clock. One goroutine at a time may use it.
//
// Constant arrivals run on from block to block, so that all blocks together have as
// many as the rate says, however few fall into each; a block may have none.
type schedule struct {
	rate    float64       // calls per second
	from    time.Duration // of the arm's measured time, where this trial begins; constant arrivals only
	window  time.Duration // arrivals fall before it; ignored when count > 0
	count   int64         // arrivals in all; 0: as many as fall into window
	poisson *rand.Rand    // nil: constant arrivals

	given int64
	index int64   // of the next arrival, constant only
	last  float64 // seconds, Poisson only
}

func newSchedule(load Load, window time.Duration, count int64, block int) *schedule {
	s := &schedule{rate: load.Rate, window: window, count: count}
	switch {
	case load.Arrivals == Poisson:
		s.poisson = rand.New(rand.NewPCG(load.Seed, arrivalsStream+uint64(block)))
	case count == 0 && block != warmupBlock:
		s.from = time.Duration(block) * window
		s.index = int64(s.from.Seconds() * s.rate)
		for seconds(float64(s.index)/s.rate) < s.from {
			s.index++
		}
	}
	return s
}

// next returns the next arrival, or false after the last.
func (s *schedule) next() (time.Duration, bool) {
	if s.count > 0 && s.given == s.count {
		return 0, false
	}
	var at time.Duration
	if s.poisson != nil {
		// Gaps of a Poisson process are exponential with mean 1/rate.
		s.last += s.poisson.ExpFloat64() / s.rate
		at = seconds(s.last)
	} else {
		// Multiplied rather than summed: a million gaps must not add up their rounding.
		at = seconds(float64(s.index)/s.rate) - s.from
		s.index++
	}
	if s.count == 0 && at >= s.window {
		return 0, false
	}
	s.given++
	return at, true
}

// seconds is s as a time, or the longest time where s is longer.
func seconds(s float64) time.Duration {
	if ns := s * float64(time.Second); ns < math.MaxInt64 {
		return time.Duration(ns)
	}
	return math.MaxInt64
}

// Random streams of one seed, kept apart so that a longer draw in one does not
// shift another.
const (
	orderStream    = 1 << 32
	arrivalsStream = 2 << 32
	retryStream    = 3 << 32
	workerStream   = 4 << 32
)
