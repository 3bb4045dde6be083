package testserver

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// ShopTimes are how long the shop takes before it answers, as a log-normal distribution: the logarithm of the time
// is normal, half of the requests take longer than the median, and a few take much longer. No request takes longer
// than ten minutes.
type ShopTimes struct {
	Login, Browse, Search, Cart, Pay time.Duration // medians; 0: no time
	Sigma                            float64       // standard deviation of the logarithm, up to 5; 0: all take the median
}

func (t *ShopTimes) validate() error {
	for _, median := range []time.Duration{t.Login, t.Browse, t.Search, t.Cart, t.Pay} {
		if median < 0 || median > maxPause {
			return fmt.Errorf("a median of the shop's Times is %v; it must be from 0 to %v", median, maxPause)
		}
	}
	if !(t.Sigma >= 0 && t.Sigma <= 5) {
		return fmt.Errorf("the shop's Times.Sigma is %v; it must be from 0 to 5", t.Sigma)
	}
	return nil
}

// A shopClock draws the times of requests. The n-th that is drawn is the same whenever the seed is.
type shopClock struct {
	seed  uint64
	sigma float64
	drawn atomic.Uint64
}

// spend waits for a time with that median, from now on.
func (c *shopClock) spend(r *http.Request, median time.Duration) {
	if median > 0 {
		pause(r, time.Now().Add(c.draw(median)))
	}
}

func (c *shopClock) draw(median time.Duration) time.Duration {
	// A generator of its own for each request takes no lock.
	z := rand.New(rand.NewPCG(c.seed, c.drawn.Add(1))).NormFloat64()
	return time.Duration(min(float64(median)*math.Exp(c.sigma*z), float64(maxPause)))
}
