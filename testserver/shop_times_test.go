package testserver

import (
	"math"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestShopsTimesAreLogNormal(t *testing.T) {
	const n = 20_000
	c := shopClock{seed: 3, sigma: 0.5}
	var logs []float64
	mean := 0.0
	for range n {
		l := math.Log(c.draw(10 * time.Millisecond).Seconds())
		logs = append(logs, l)
		mean += l / n
	}
	variance := 0.0
	for _, l := range logs {
		variance += (l - mean) * (l - mean) / (n - 1)
	}
	// Five standard errors of either.
	if want, margin := math.Log(0.010), 5*0.5/math.Sqrt(n); math.Abs(mean-want) > margin {
		t.Errorf("the mean logarithm is %v, want %v ± %v", mean, want, margin)
	}
	if margin := 5 * 0.25 * math.Sqrt(2.0/n); math.Abs(variance-0.25) > margin {
		t.Errorf("its variance is %v, want 0.25 ± %v", variance, margin)
	}
}

func TestShopsTimesAreTheSeeds(t *testing.T) {
	draws := func(seed uint64) (drawn []time.Duration) {
		c := shopClock{seed: seed, sigma: 1}
		for range 10 {
			drawn = append(drawn, c.draw(time.Millisecond))
		}
		return drawn
	}
	if !slices.Equal(draws(1), draws(1)) || slices.Equal(draws(1), draws(2)) {
		t.Errorf("seed 1 draws %v, and %v; seed 2 %v", draws(1), draws(1), draws(2))
	}
	if got := (&shopClock{sigma: 5}).draw(maxPause); got > maxPause {
		t.Errorf("%v is longer than %v", got, maxPause)
	}
}

func TestShopTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sh := newShop(ShopConfig{Times: ShopTimes{Login: time.Second, Pay: 3 * time.Second}}, false)
		mux := sh.routes()
		for _, test := range []struct {
			method, path string
			want         time.Duration
		}{
			{"POST", "/shop/login", time.Second},
			{"GET", "/shop/login", 0},
			{"POST", "/shop/pay", 0}, // who has not logged in is refused at once
		} {
			begun := time.Now()
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
			if took := time.Since(begun); took != test.want {
				t.Errorf("%s %s took %v, want %v", test.method, test.path, took, test.want)
			}
		}
	})
}
