package arrivals

import (
	"math/rand/v2"
	"slices"
)

// A Choice draws items by their weights. It is not changed once it was made; any goroutine may use it.
type Choice struct {
	ends []int64 // sums of the weights up to and with each item
}

// NewChoice returns a choice from as many items as there are weights, each of which is at least 1. It is nil where there is
// nothing to choose.
func NewChoice(weights []int) *Choice {
	if len(weights) < 2 {
		return nil
	}
	c := &Choice{ends: make([]int64, len(weights))}
	var sum int64
	for i, w := range weights {
		sum += int64(w)
		c.ends[i] = sum
	}
	return c
}

// Draw returns an item, 0 where there is nothing to choose.
func (c *Choice) Draw(r *rand.Rand) int {
	if c == nil {
		return 0
	}
	// A search is as quick as the alias method until there are thousands of items, and exact.
	at := r.Int64N(c.ends[len(c.ends)-1])
	i, _ := slices.BinarySearch(c.ends, at+1)
	return i
}
