//go:build linux

package main

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"sessbench/internal/precise"
)

// The time for which an answer is held: log-normal, as service times are, with a median of a
// millisecond, and three in a hundred ten times as long. So p99 lies among those; were it one in a hundred, it would
// lie between the two kinds, where a handful of requests moves it by milliseconds. How late a sleep ends does not matter:
// what is recorded is what it came to. But time.Sleep of an idle process ends at whole milliseconds, nearly all of them at one, two or three, and then a
// percentile between two of these is moved by milliseconds by a handful of requests again.
const (
	holdMedian = time.Millisecond
	holdSigma  = 0.5
	longOnes   = 0.03
	longer     = 10
)

// holds draws those times. It is safe for concurrent use.
type holds struct {
	mu   sync.Mutex
	draw *rand.Rand
}

func newHolds(seed uint64) *holds { return &holds{draw: rand.New(rand.NewPCG(seed, 0))} }

// wait holds one answer by the connection's sleeper; a nil *holds does not.
func (h *holds) wait(sleeper *precise.Sleeper) error {
	if h == nil {
		return nil
	}
	return sleeper.Until(context.Background(), time.Now().Add(h.next()))
}

func (h *holds) next() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := float64(holdMedian) * math.Exp(holdSigma*h.draw.NormFloat64())
	if h.draw.Float64() < longOnes {
		d *= longer
	}
	return time.Duration(d)
}
