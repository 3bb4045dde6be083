package workload

import (
	"math/rand/v2"
	"time"
)

// draw returns how long a pause is. It takes the same number of random values whatever comes of them.
func (t *Think) draw(r *rand.Rand) time.Duration { panic("not yet") }
