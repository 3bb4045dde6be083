package stats

import "math"

// normalCDF returns the probability that a standard normal variable is at most z.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// studentQuantile returns the p-quantile of Student's t distribution with df degrees
// of freedom, for 0.5 <= p < 1 and df >= 1, by bisection.
func studentQuantile(p float64, df int) float64 {
	low, high := 0.0, 1.0
	for studentCDF(high, df) < p && high < 1e12 {
		low, high = high, 2*high
	}
	for range 100 {
		middle := (low + high) / 2
		if studentCDF(middle, df) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// studentCDF returns the probability that Student's t with df degrees of freedom is
// at most t, for t >= 0.
//
// Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and
// 26.7.4: with a whole number of degrees of freedom it is a finite sum.
func studentCDF(t float64, df int) float64 {
	theta := math.Atan2(t, math.Sqrt(float64(df)))
	sin, cos := math.Sincos(theta)
	odd := df%2 == 1
	term, first := 1.0, 2
	if odd {
		term, first = cos, 3
	}
	sum := 0.0
	for k := first; k <= df; k += 2 {
		sum += term
		term *= cos * cos * float64(k-1) / float64(k)
	}
	inside := sin * sum // the probability of -t..t
	if odd {
		inside = (theta + sin*sum) * 2 / math.Pi
	}
	return (1 + inside) / 2
}
